/*
 * The storage host's side of plugin lvm-drbd: a forced command that turns a line of PROTOCOL.md
 * into fixed calls of the host's tools, and keeps controllers out that were overtaken (safety P8).
 *
 * It stands alone, with the C library and nothing of ours, because it is installed on hosts that
 * have nothing else of drstor. One process, one line, one reply.
 */
#ifndef DRSTOR_SHIM_H
#define DRSTOR_SHIM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SHIM_VERSION 1

#ifndef SHIM_STATE_DIR
#define SHIM_STATE_DIR "/var/lib/drstor-lvm-drbd"
#endif
/* Where commands are looked for, whatever the environment says. */
#ifndef SHIM_PATH
#define SHIM_PATH "/usr/sbin:/usr/bin:/sbin:/bin"
#endif
#ifndef SHIM_CONFIGFS
#define SHIM_CONFIGFS "/sys/kernel/config/target"
#endif

/* ---- text ------------------------------------------------------------------------------------ */

/* Grows as needed; without memory the process ends, before or after an effect: the reply is cut,
 * which is UNKNOWN. */
struct text {
    char *s; /* NUL-terminated once something was added; NULL before */
    size_t n, cap;
};

void text_add(struct text *t, const char *s);
void text_addn(struct text *t, const char *s, size_t n);
void text_printf(struct text *t, const char *format, ...) __attribute__((format(printf, 2, 3)));
char *text_format(const char *format, ...) __attribute__((format(printf, 1, 2)));
const char *text_of(const struct text *t); /* "" when empty */
void text_clear(struct text *t);
bool text_same(const char *a, const char *b);
void *memory_of(size_t n); /* zeroed */

/* ---- the line -------------------------------------------------------------------------------- */

enum { WORDS_MOST = 200, VOLUMES_MOST = 64 };

enum line_kind { LINE_REPORT = 1, LINE_VOLUMES, LINE_LIST, LINE_PROBE, LINE_CHANGE };

struct line {
    enum line_kind kind;
    char **res; /* report; the others: one */
    size_t n_res;
    /* probe */
    uint64_t vol, slot;
    /* change */
    uint64_t token, epoch, budget_ms;
    const char *op, *verb;
    char **args;
    size_t n_args;
};

/* NULL, or what is wrong with it. RET points into memory that stays. */
const char *line_read(const char *text, struct line *ret);

/* ---- the reply ------------------------------------------------------------------------------- */

enum { STREAM_MOST = 256 * 1024 };
enum { EXIT_ENDED = -1, EXIT_ABSENT = -2 };

void reply_frame(const char *name, int exit, const char *out, size_t n_out, const char *err,
                 size_t n_err);
void reply_text(const char *name, int exit, const char *out, const char *err);
/* Status and frames leave; what is said after it is dropped. Standard output is closed. */
void reply_send(const char *status, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* ---- commands -------------------------------------------------------------------------------- */

struct result {
    int exit; /* EXIT_ENDED, EXIT_ABSENT, or its own */
    struct text out, err;
};

uint64_t now_ms(void);
struct command {
    const char *const *argv;
    const char *in;
    struct result result;
};

enum { RUN_AT_ONCE = 8 };

/* Runs ARGV (looked up in the system's folders) with IN, until END_MS at most; then it is killed.
 * While one cannot be reaped this process does not end either, and so keeps its lock. */
void run(const char *const *argv, const char *in, uint64_t end_ms, struct result *ret);
/* Likewise, some of them beside each other. */
void run_all(struct command *c, size_t n, uint64_t end_ms);
void result_clear(struct result *r);
bool installed(const char *name);
/* Likewise, and its words are the name of a frame. */
int run_frame(const char *const *argv, uint64_t end_ms);
#define RUN_FRAME(end_ms, ...) run_frame((const char *const[]){__VA_ARGS__, NULL}, end_ms)
/* Waits for what was killed and did not end; after the reply is out. */
void run_finish(void);

/* ---- what is kept ---------------------------------------------------------------------------- */

struct kept {
    uint64_t token, epoch;
    char op[256];
};

/* False: it is damaged or cannot be read, and WHY says so. Nothing on file is all zero. */
bool kept_read(const char *res, struct kept *ret, char **why);
bool kept_write(const char *res, const struct kept *k, char **why);
char *boot_id(void);
/* The host's clock, in seconds, when RES was last seen with everything at both sites; 0: never. */
uint64_t kept_seen(const char *res);
void kept_saw(const char *res, uint64_t utc);
/* A descriptor that holds the lock and goes on to commands; -1: not within END_MS, or WHY. */
int kept_lock(const char *res, uint64_t end_ms, char **why);
bool kept_busy(const char *res);

/* ---- what is configured ---------------------------------------------------------------------- */

struct volume {
    unsigned vol, minor;
    char device[32];                /* /dev/drbdN */
    char disk[256];                 /* its backing device, as configured */
    char vg[128], lv[128], dm[256]; /* of volumes_lvm() */
    bool thin, probe;
};

struct resource {
    const char *name;
    struct volume volumes[VOLUMES_MOST];
    size_t n;
    char hosts[2][256]; /* alphabetical; more than two: the first and the last */
    int slot;           /* which of them we are */
};

enum found { FOUND = 0, FOUND_NOT, FOUND_NO_TOOL, FOUND_BAD };

/* From drbdadm dump-xml; its frame is made unless it is well. */
enum found resource_read(const char *name, uint64_t end_ms, struct resource *ret);
/* Out of its text alone; false: it makes no sense for host ME. */
bool resource_parse(const char *xml, const char *me, struct resource *ret);
const char *host_name(void);
/* Names of the logical volumes behind R. False: one of them is none; a frame says which. */
bool volumes_lvm(struct resource *r, uint64_t end_ms);
/* 25 hex digits for the unit serial (PROTOCOL.md); NAME: of a clone. False: no digest to be had. */
bool volume_serial(const struct resource *r, const struct volume *v, const char *name,
                   uint64_t end_ms, char ret[26]);

/* ---- verbs ----------------------------------------------------------------------------------- */

/* How one step of a change ended. */
enum end { END_DONE = 0, END_FAILED, END_UNKNOWN, END_MISSING, END_INVALID };

void report(const struct line *l);
/* What a change left, in frames behind one that is called `report`. */
void report_after(char *res, bool lvs, uint64_t end_ms);
void probe_read(const struct line *l);
void change(const struct line *l);

enum end snapshot_make(struct resource *r, const char *name, bool clone, uint64_t end_ms);
enum end snapshot_remove(const struct resource *r, const char *name, bool clone, uint64_t end_ms);
enum end clone_make(struct resource *r, const char *name, char **targets, size_t n,
                    uint64_t end_ms);
enum end clone_remove(const struct resource *r, const char *name, uint64_t end_ms);
enum end probe_write(const struct line *l, struct resource *r, uint64_t end_ms);

/* NAME: the backstore to make when none is over DEVICE; SERIAL: its. */
enum end lio_expose(const char *device, const char *name, const char *serial, char **targets,
                    size_t n);
/* From TARGETS, none: from all. */
enum end lio_withdraw(const char *device, char **targets, size_t n);
void lio_list(struct text *to);
/* Names of backstores over DEVICE, a line "lio NAME" each. */
void lio_holders(const char *device, struct text *to);
void holders(const struct resource *r, struct text *to);

#endif
