#include "unit/plugin/misuse.h"

#include "base/file.h"
#include "base/str.h"
#include "plugin/loader.h"

#include <elf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { FILE_MAX = 64 << 20 };

/* A folder of its own for each case, with one file in it. */
struct box {
    char dir[64];
    char path[256];
    char *bytes; /* of the plugin it is made from */
    size_t n;
};

struct load_case {
    const char *what;
    const char *from;  /* plugin of the build tree; NULL: none */
    const char *name;  /* as which it is installed and asked for; NULL: FROM */
    const char *shape; /* environment SHAPE */
    void (*spoil)(struct box *b);
    int status;
    const char *says;  /* in the message */
    const char *hints; /* in the hint; NULL: not looked at */
    bool needs_root;
};

static void
put(struct box *b, const void *bytes, size_t n)
{
    struct drstor_error *err = NULL;
    if (dr_file_write(b->path, bytes, n, 0600, &err) < 0)
        printf("%s\n", dr_error_message(err));
    dr_error_free(err);
}

static void
as_text(struct box *b)
{
    put(b, "#!/bin/sh\necho hello\n", 21);
}

static void
as_empty(struct box *b)
{
    put(b, "", 0);
}

static void
as_picture(struct box *b)
{
    put(b, "\211PNG\r\n\032\n\0\0\0\rIHDR", 16);
}

static void
cut_header(struct box *b)
{
    put(b, b->bytes, 40);
}

static void
cut_half(struct box *b)
{
    put(b, b->bytes, b->n / 2);
}

static void
cut_last(struct box *b)
{
    put(b, b->bytes, b->n - 1);
}

static void
for_other_machine(struct box *b)
{
    Elf64_Ehdr e;
    memcpy(&e, b->bytes, sizeof(e));
    e.e_machine = e.e_machine == EM_RISCV ? EM_X86_64 : EM_RISCV;
    memcpy(b->bytes, &e, sizeof(e));
    put(b, b->bytes, b->n);
}

static void
for_other_word_size(struct box *b)
{
    b->bytes[EI_CLASS] = b->bytes[EI_CLASS] == ELFCLASS64 ? ELFCLASS32 : ELFCLASS64;
    put(b, b->bytes, b->n);
}

static void
as_object_file(struct box *b)
{
    Elf64_Ehdr e;
    memcpy(&e, b->bytes, sizeof(e));
    e.e_type = ET_REL;
    memcpy(b->bytes, &e, sizeof(e));
    put(b, b->bytes, b->n);
}

static void
as_program(struct box *b)
{
    char *bytes = NULL;
    size_t n = 0;
    if (dr_file_read("/proc/self/exe", FILE_MAX, &bytes, &n, NULL) == DRSTOR_OK)
        put(b, bytes, n);
    free(bytes);
}

static void
writable_by_others(struct box *b)
{
    (void)chmod(b->path, 0666);
}

static void
writable_folder(struct box *b)
{
    (void)chmod(b->dir, 0777);
}

static void
of_another_user(struct box *b)
{
    if (chown(b->path, 4711, 4711) < 0)
        printf("cannot give %s away\n", b->path);
}

static void
as_link(struct box *b)
{
    char real[300];
    (void)snprintf(real, sizeof(real), "%s.real", b->path);
    if (rename(b->path, real) < 0 || symlink(real, b->path) < 0)
        printf("cannot make a link of %s\n", b->path);
}

static void
behind_link(struct box *b)
{
    char real[80];
    (void)snprintf(real, sizeof(real), "%s.real", b->dir);
    if (rename(b->dir, real) < 0 || symlink(real, b->dir) < 0)
        printf("cannot make a link of %s\n", b->dir);
}

static void
as_folder(struct box *b)
{
    (void)unlink(b->path);
    (void)mkdir(b->path, 0700);
}

static void
not_there(struct box *b)
{
    char other[128];
    (void)snprintf(other, sizeof(other), "%s/drstor_simulated.so", b->dir);
    if (rename(b->path, other) < 0)
        printf("cannot move %s\n", b->path);
}

static void
nothing_there(struct box *b)
{
    (void)unlink(b->path);
}

static void
no_folder(struct box *b)
{
    (void)unlink(b->path);
    (void)rmdir(b->dir);
}

#define SHAPE(shape, status, says)                                                                 \
    {                                                                                              \
        "shape " shape, "shape", NULL, shape, NULL, status, says, NULL, false                      \
    }
#define WRONG(shape, says) SHAPE(shape, DRSTOR_E_INVALID, says)
#define FILE_CASE(what, spoil, says, hints)                                                        \
    {                                                                                              \
        what, "good", NULL, NULL, spoil, DRSTOR_E_INVALID, says, hints, false                      \
    }
#define IMPORTS(symbol, says)                                                                      \
    {                                                                                              \
        "imports " symbol, "imports-" symbol, NULL, NULL, NULL, DRSTOR_E_REFUSED,                  \
            "imports " symbol ", so it could " says, "host->http()", false                         \
    }

static const struct load_case cases[] = {
    {"good", "good", NULL, NULL, NULL, DRSTOR_OK, "", NULL, false},
    {"older and whole", "shape", NULL, "old-and-whole", NULL, DRSTOR_OK, "", NULL, false},
    {"not there, near", "good", "simulatde", NULL, not_there, DRSTOR_E_NOTFOUND,
     "there is no plugin simulatde in /tmp/", "did you mean simulated?", false},
    {"not there, far", "good", "netapp", NULL, not_there, DRSTOR_E_NOTFOUND,
     "there is no plugin netapp", "there are: simulated", false},
    {"nothing there", "good", NULL, NULL, nothing_there, DRSTOR_E_NOTFOUND,
     "there is no plugin good", "there are no plugins in", false},
    {"no folder", "good", NULL, NULL, no_folder, DRSTOR_E_NOTFOUND, "cannot use the plugin folder",
     "plugin_dir", false},
    {"name with a path", NULL, "../good", NULL, NULL, DRSTOR_E_INVALID,
     "\"../good\" cannot be the name of a plugin", "a-z", false},
    {"empty name", NULL, "", NULL, NULL, DRSTOR_E_INVALID, "cannot be the name", NULL, false},
    FILE_CASE("text", as_text, "is a text, not a shared object", "compiled"),
    FILE_CASE("empty file", as_empty, "is empty", NULL),
    FILE_CASE("picture", as_picture, "is some other file, not a shared object", NULL),
    FILE_CASE("only a header", cut_header, "is truncated: only 40 bytes", NULL),
    FILE_CASE("half", cut_half, "is truncated", "again"),
    FILE_CASE("one byte short", cut_last, "is truncated", "again"),
    FILE_CASE("other machine", for_other_machine, "was built for riscv, this program for",
              "package"),
    FILE_CASE("other word size", for_other_word_size, "was built for another word size", NULL),
    FILE_CASE("object file", as_object_file, "is an object file, not a shared object", NULL),
    FILE_CASE("program", as_program, "is a program, not a shared object", NULL),
    FILE_CASE("writable by others", writable_by_others, "can be written by others", "chmod"),
    FILE_CASE("folder writable by others", writable_folder, "can be written by others", "root"),
    {"another user's", "good", NULL, NULL, of_another_user, DRSTOR_E_INVALID,
     "belongs to user 4711", "root", true},
    FILE_CASE("link", as_link, "is a link", NULL),
    FILE_CASE("folder is a link", behind_link, "is a link", "without links"),
    FILE_CASE("folder instead of a file", as_folder, "is not a regular file", NULL),
    {"another name", "good", "better", NULL, NULL, DRSTOR_E_INVALID,
     "calls itself \"good\", not \"better\"", "drstor_good.so", false},
    {"no entry", "no-entry", NULL, NULL, NULL, DRSTOR_E_INVALID,
     "does not export the function drstor_plugin_entry", "DRSTOR_PLUGIN", false},
    {"entry is data", "data-entry", NULL, NULL, NULL, DRSTOR_E_INVALID,
     "does not export the function", NULL, false},
    {"extra symbol", "extra", NULL, NULL, NULL, DRSTOR_E_INVALID,
     "exports acme_helper; a plugin exports drstor_plugin_entry", "-fvisibility=hidden", false},
    {"unresolved", "unresolved", NULL, NULL, NULL, DRSTOR_E_INVALID,
     "cannot be loaded: undefined symbol: acme_not_anywhere", NULL, false},
    {"run path", "run-path", NULL, NULL, NULL, DRSTOR_E_REFUSED,
     "looks for libraries in /opt/acme/lib", NULL, false},
    IMPORTS("socket", "open a connection"),
    IMPORTS("connect", "open a connection"),
    IMPORTS("execve", "start a program"),
    IMPORTS("fork", "start a program"),
    IMPORTS("system", "start a program"),
    IMPORTS("popen", "start a program"),
    IMPORTS("wordexp", "start a program"),
    IMPORTS("dlopen", "reach code"),
    IMPORTS("syscall", "reach code"),
    IMPORTS("exit", "end the whole controller"),
    IMPORTS("fopen", "open files"),
    IMPORTS("open", "open files"),
    /* Files are allowed to the simulated array, so it comes as far as its table. */
    {"simulated with files", "imports-fopen", "simulated", NULL, NULL, DRSTOR_E_INVALID,
     "handed over no table", NULL, false},
    {"simulated with sockets", "imports-socket", "simulated", NULL, NULL, DRSTOR_E_REFUSED,
     "imports socket", NULL, false},
    WRONG("null", "handed over no table"),
    WRONG("magic", "its table begins with 12345678"),
    SHAPE("newer", DRSTOR_E_UNSUPPORTED, "newer than this drstor knows"),
    SHAPE("other-build", DRSTOR_E_UNSUPPORTED, "another build of drstor (0123456789ab, this is "),
    SHAPE("no-build", DRSTOR_E_UNSUPPORTED, "another build of drstor (unknown"),
    WRONG("small", "is incomplete: its table has"),
    WRONG("no-name", "does not say its name"),
    WRONG("other-name", "calls itself \"form\""),
    WRONG("no-version", "does not say its version"),
    WRONG("lacks-two", "lacks required callbacks: close, observe"),
    WRONG("describe-fails", "cannot describe itself: no licence was found"),
    WRONG("describe-positive", "cannot describe itself"),
    WRONG("describe-hangs", "did not answer within 5 s"),
    WRONG("describe-group", "reported groups, members, paths, jobs or points in describe()"),
    WRONG("no-limits", "did not report its limits"),
    WRONG("two-limits", "reported its limits twice"),
    WRONG("small-limits", "reported a limits of 8 bytes"),
    WRONG("no-parallel", "parallel_calls is 0; it must be 1 to"),
    WRONG("parallel-serial", "parallel_calls is 3, but its thread model is serial"),
    WRONG("settle-days", "settle_ms is 4000000000"),
    WRONG("bad-fence", "fence_class is 3"),
    WRONG("bad-threads", "thread_model is 2"),
    WRONG("no-duration", "did not report a duration for observe"),
    WRONG("two-durations", "reported two durations for observe"),
    WRONG("duration-odd", "reported a duration for defragment, which is no operation"),
    WRONG("duration-null", "reported no operation of a duration"),
    WRONG("worst-zero", "worst_ms is 0"),
    WRONG("worst-typical", "observe typically takes 70000 ms, but at worst 60000 ms"),
    WRONG("key-nameless", "reported no name of a key"),
    WRONG("key-odd-name", "the key \"Volume Name\" is not made of"),
    WRONG("key-type", "has the type 17"),
    WRONG("key-scope", "has the scope 17"),
    WRONG("key-secret-fallback", "the secret key volume must be"),
    WRONG("key-required-fallback", "is required and has a fallback"),
    WRONG("key-fallback-type", "the fallback \"many\" of key volume is no integer"),
    WRONG("key-twice", "reported the key volume twice"),
};

static void
box_clean(const struct box *b)
{
    char command[256];
    (void)snprintf(command, sizeof(command), "rm -rf %s %s.real", b->dir, b->dir);
    if (system(command) != 0) /* NOLINT: a test may */
        printf("cannot remove %s\n", b->dir);
}

static bool
mentions(const char *text, const char *part)
{
    return !part || (text && strstr(text, part));
}

static bool
load_case(const struct load_case *c)
{
    struct box b = {.dir = "/tmp/drstor-misuse-XXXXXX"};
    struct drstor_error *err = NULL;
    struct dr_plugin *p = NULL;
    const char *name = c->name ? c->name : c->from;
    if (!mkdtemp(b.dir))
        return false;
    (void)snprintf(b.path, sizeof(b.path), "%s/drstor_%s.so", b.dir, name);
    if (c->from) {
        char from[512];
        (void)snprintf(from, sizeof(from), TEST_PLUGINS "/drstor_%s.so", c->from);
        if (dr_file_read(from, FILE_MAX, &b.bytes, &b.n, NULL) < 0)
            return false;
        put(&b, b.bytes, b.n);
    }
    if (c->shape)
        (void)setenv("SHAPE", c->shape, 1);
    if (c->spoil)
        c->spoil(&b);
    int r = dr_plugin_load(b.dir, name, &p, &err);
    bool good = r == c->status && mentions(dr_error_message(err), c->says) &&
                mentions(dr_error_hint(err), c->hints) && (r == DRSTOR_OK) == (p != NULL) &&
                !strstr(dr_error_message(err), "/proc/self");
    if (!good)
        printf("%s: %s: %s (hint: %s)\n", c->what, dr_status_name(r), dr_error_message(err),
               dr_error_hint(err) ? dr_error_hint(err) : "none");
    /* What was refused once is refused again, by the same sentence. */
    struct drstor_error *again = NULL;
    if (dr_plugin_load(b.dir, name, &p, &again) != r ||
        !dr_streq(dr_error_message(err), dr_error_message(again))) {
        printf("%s: the second time it is %s\n", c->what, dr_error_message(again));
        good = false;
    }
    dr_error_free(err);
    dr_error_free(again);
    if (c->shape)
        (void)unsetenv("SHAPE");
    free(b.bytes);
    box_clean(&b);
    return good;
}

unsigned
misuse_load(unsigned *ret_total)
{
    unsigned good = 0;
    *ret_total = 0;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        if (cases[i].needs_root && geteuid() != 0)
            continue;
        ++*ret_total;
        good += load_case(&cases[i]);
    }
    return good;
}
