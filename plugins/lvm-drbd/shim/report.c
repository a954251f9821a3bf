/* What the host's tools say, unread. */
#include "shim.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static const uint64_t report_ms = 60000;

/* ---- what is asked, all at once, before the first frame ----------------------------------------
 */

enum { CALLS_MOST = 4 + 6 * WORDS_MOST };

struct calls {
    const char *name[CALLS_MOST], *res[CALLS_MOST], *argv[CALLS_MOST][12];
    struct command command[CALLS_MOST];
    size_t n, n_run;
    unsigned kernel; /* its generation by /proc/drbd: 8, 9; 0: it does not say */
};

/* RES, when there is one, is the last word. */
static void
call(struct calls *c, const char *name, const char *res, const char *const *argv)
{
    size_t k = 0, i = c->n;
    if (i == CALLS_MOST)
        return;
    for (; argv[k]; k++)
        c->argv[i][k] = argv[k];
    c->argv[i][k] = res;
    c->name[i] = name;
    c->res[i] = res;
    c->command[i].argv = c->argv[i];
    c->n++;
}
#define CALL(c, name, res, ...) call(c, name, res, (const char *const[]){__VA_ARGS__, NULL})

static void
calls_run(struct calls *c, uint64_t end_ms)
{
    run_all(c->command + c->n_run, c->n - c->n_run, end_ms);
    c->n_run = c->n;
}

static const struct result *
answer(const struct calls *c, const char *name, const char *res)
{
    for (size_t i = 0; i < c->n_run; i++)
        if (text_same(c->name[i], name) && (!res || text_same(c->res[i], res)))
            return &c->command[i].result;
    return NULL;
}

static void
frame(const struct calls *c, const char *name, const char *res)
{
    const struct result *r = answer(c, name, res);
    if (!r)
        return;
    char *words = res ? text_format("%s %s", name, res) : text_format("%s", name);
    reply_frame(words, r->exit, text_of(&r->out), r->out.n, text_of(&r->err), r->err.n);
    free(words);
}

static void
calls_free(struct calls *c)
{
    for (size_t i = 0; i < c->n_run; i++)
        result_clear(&c->command[i].result);
    free(c);
}

/* ---- frames that no command makes ------------------------------------------------------------ */

static char *
file_text(const char *path)
{
    struct text t = {0};
    char buffer[4096];
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return NULL;
    for (ssize_t n; t.n < STREAM_MOST && (n = read(fd, buffer, sizeof(buffer))) > 0;)
        text_addn(&t, buffer, (size_t)n);
    (void)close(fd);
    text_add(&t, "");
    return t.s;
}

char *
boot_id(void)
{
    char *text = file_text("/proc/sys/kernel/random/boot_id");
    if (!text)
        return text_format("%s", "");
    text[strcspn(text, "\n")] = '\0';
    return text;
}

static void
frame_shim(void)
{
    char *boot = boot_id();
    char *text = text_format("version=%d\nhost=%s\nboot=%s\nutc=%lld\n", SHIM_VERSION, host_name(),
                             boot, (long long)time(NULL));
    reply_text("shim", 0, text, "");
    free(text);
    free(boot);
}

static void
frame_proc(void)
{
    char *text = file_text("/proc/drbd");
    reply_text("proc", text ? 0 : EXIT_ABSENT, text ? text : "", text ? "" : "no /proc/drbd");
    free(text);
}

static void
frame_lio(void)
{
    struct text t = {0};
    bool there = access(SHIM_CONFIGFS, X_OK) == 0;
    if (there)
        lio_list(&t);
    reply_frame("lio", there ? 0 : EXIT_ABSENT, text_of(&t), t.n, "", 0);
    text_clear(&t);
}

/* MINE: the change under way is this one, which is over when anybody reads it. */
static void
frame_state(const char *res, bool mine)
{
    struct kept k;
    char *why = NULL, *name = text_format("state %s", res);
    bool well = kept_read(res, &k, &why);
    char *text = well ? text_format("token=%llu\nepoch=%llu\nop=%s\nbusy=%d\nseen=%llu\n",
                                    (unsigned long long)k.token, (unsigned long long)k.epoch, k.op,
                                    !mine && kept_busy(res), (unsigned long long)kept_seen(res))
                      : text_format("%s", "");
    reply_text(name, well ? 0 : 1, text, why ? why : "");
    free(text);
    free(name);
    free(why);
}

static size_t
count(const char *text, const char *what)
{
    size_t n = 0;
    for (const char *at = strstr(text, what); at; at = strstr(at + 1, what))
        n++;
    return n;
}

/* Connected, and every volume established and up to date at both sides. */
static bool
is_all_there(const char *events)
{
    size_t n = count(events, "exists device ");
    return n && count(events, "exists connection ") == 1 &&
           count(events, " connection:Connected ") == 1 && count(events, " disk:UpToDate ") == n &&
           count(events, "exists peer-device ") == n &&
           count(events, " replication:Established ") == n &&
           count(events, " peer-disk:UpToDate ") == n;
}

static bool
is_generation_9(const char *version)
{
    const char *at = strstr(version, "DRBD_KERNEL_VERSION_CODE=");
    return at && strtoul(at + strlen("DRBD_KERNEL_VERSION_CODE="), NULL, 16) >= 0x090000;
}

static const char *const of_resource[] = {"dump-xml", "events2", "role", "gi", "status", "show"};

/* "version: 8.4.11 (api:1/proto:86-101)" */
static unsigned
kernel_of_proc(void)
{
    static const char begins[] = "version: ";
    char *text = file_text("/proc/drbd"), *end = NULL;
    unsigned long major = 0;
    if (text && strncmp(text, begins, sizeof(begins) - 1) == 0)
        major = strtoul(text + sizeof(begins) - 1, &end, 10);
    bool said = end && *end == '.' && major < 100;
    free(text);
    return said ? (unsigned)major : 0;
}

static void
call_host(struct calls *c, bool lvs)
{
    static const char fields[] =
        "vg_name,lv_name,lv_uuid,lv_attr,lv_size,origin,data_percent,lv_tags,"
        "lv_permissions,lv_active,lv_snapshot_invalid,lv_kernel_major,"
        "lv_kernel_minor,lv_path,vg_size,vg_free";
    c->kernel = kernel_of_proc();
    if (!c->kernel) /* it says by itself that there is no module */
        CALL(c, "version", NULL, "drbdadm", "--version");
    if (lvs)
        CALL(c, "lvs", NULL, "lvs", "--reportformat", "json", "--units", "b", "--nosuffix", "-o",
             fields);
}

static void
call_resource(struct calls *c, const char *res)
{
    CALL(c, "dump-xml", res, "drbdadm", "dump-xml");
    CALL(c, "events2", res, "drbdsetup", "events2", "--now", "--statistics");
    if (c->kernel != 8) /* there /proc/drbd has every volume's own */
        CALL(c, "role", res, "drbdadm", "role");
    CALL(c, "gi", res, "drbdadm", "get-gi");
    CALL(c, "show", res, "drbdsetup", "show");
}

/* Asks all about the N of RES, and what was asked for before. */
static void
calls_resources(struct calls *c, char *const *res, size_t n, uint64_t end_ms)
{
    for (size_t i = 0; i < n; i++)
        call_resource(c, res[i]);
    calls_run(c, end_ms);
    const struct result *version = answer(c, "version", NULL);
    bool nine = version ? is_generation_9(text_of(&version->out)) : c->kernel >= 9;
    for (size_t i = 0; i < n && nine; i++)
        CALL(c, "status", res[i], "drbdsetup", "status", "--json");
    calls_run(c, end_ms);
}

static void
frames_host(const struct calls *c)
{
    frame_shim();
    frame_proc();
    frame(c, "version", NULL);
    frame(c, "lvs", NULL);
    frame_lio();
}

static void
frames_resource(const struct calls *c, const char *res, uint64_t before, bool mine)
{
    const struct result *events = answer(c, "events2", res);
    if (events && events->exit == 0 && is_all_there(text_of(&events->out)))
        kept_saw(res, before);
    for (size_t i = 0; i < sizeof(of_resource) / sizeof(*of_resource); i++)
        frame(c, of_resource[i], res);
    frame_state(res, mine);
}

void
report_after(char *res, bool lvs, uint64_t end_ms)
{
    uint64_t before = (uint64_t)time(NULL);
    struct calls *c = memory_of(sizeof(*c));
    call_host(c, lvs);
    calls_resources(c, &res, 1, end_ms);
    reply_text("report", 0, "", "");
    frames_host(c);
    frames_resource(c, res, before, true);
    calls_free(c);
}

static size_t
split(char *text, char **ret, size_t most)
{
    size_t n = 0;
    char *save = NULL;
    for (char *at = strtok_r(text, " \n", &save); at && n < most; at = strtok_r(NULL, " \n", &save))
        ret[n++] = at;
    return n;
}

void
report(const struct line *l)
{
    uint64_t end_ms = now_ms() + report_ms, before = (uint64_t)time(NULL);
    struct calls *c = memory_of(sizeof(*c));
    char *listed[WORDS_MOST], **all = l->res, *names = NULL;
    size_t n = l->n_res;
    call_host(c, l->kind != LINE_REPORT);
    if (l->kind == LINE_LIST) {
        CALL(c, "drbdadm sh-resources", NULL, "drbdadm", "sh-resources");
        calls_run(c, end_ms);
        names = text_format("%s", text_of(&answer(c, "drbdadm sh-resources", NULL)->out));
        all = listed;
        n = split(names, listed, WORDS_MOST);
    }
    calls_resources(c, all, n, end_ms);
    frames_host(c);
    const struct result *list = answer(c, "drbdadm sh-resources", NULL);
    if (!installed("drbdadm")) {
        reply_send("missing", "drbdadm is not installed at %s", host_name());
    } else if (list && list->exit != 0) {
        frame(c, "drbdadm sh-resources", NULL);
        reply_send("failed", "drbdadm cannot read the configuration of %s", host_name());
    } else {
        for (size_t i = 0; i < n; i++)
            frames_resource(c, all[i], before, false);
        reply_send(now_ms() < end_ms ? "done" : "unknown", "%s",
                   now_ms() < end_ms ? "" : "the host was too slow to answer everything");
    }
    calls_free(c);
    free(names);
}
