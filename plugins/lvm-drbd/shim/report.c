/* What the host's tools say, unread. */
#include "shim.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static const uint64_t report_ms = 60000;

static int
framed(const char *name, const char *const *argv, uint64_t end_ms, struct text *ret_out)
{
    struct result r;
    run(argv, NULL, end_ms, &r);
    reply_frame(name, r.exit, text_of(&r.out), r.out.n, text_of(&r.err), r.err.n);
    int code = r.exit;
    if (ret_out)
        text_addn(ret_out, text_of(&r.out), r.out.n);
    result_clear(&r);
    return code;
}
#define FRAMED(name, end_ms, ret, ...)                                                             \
    framed(name, (const char *const[]){__VA_ARGS__, NULL}, end_ms, ret)

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

static void
frame_shim(void)
{
    char *boot = file_text("/proc/sys/kernel/random/boot_id");
    size_t n = boot ? strcspn(boot, "\n") : 0;
    char *text = text_format("version=%d\nhost=%s\nboot=%.*s\nutc=%lld\n", SHIM_VERSION,
                             host_name(), (int)n, boot ? boot : "", (long long)time(NULL));
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

static void
frame_state(const char *res)
{
    struct kept k;
    char *why = NULL, *name = text_format("state %s", res);
    bool well = kept_read(res, &k, &why);
    char *text = well ? text_format("token=%llu\nepoch=%llu\nop=%s\nbusy=%d\nseen=%llu\n",
                                    (unsigned long long)k.token, (unsigned long long)k.epoch, k.op,
                                    kept_busy(res), (unsigned long long)kept_seen(res))
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

static void
frames_resource(const char *res, bool nine, uint64_t end_ms)
{
    static const struct {
        const char *name;
        const char *argv[5];
        bool nine;
    } calls[] = {
        {"dump-xml", {"drbdadm", "dump-xml", NULL}, false},
        {"events2", {"drbdsetup", "events2", "--now", "--statistics", NULL}, false},
        {"role", {"drbdadm", "role", NULL}, false},
        {"gi", {"drbdadm", "get-gi", NULL}, false},
        {"status", {"drbdsetup", "status", "--json", NULL}, true},
        {"show", {"drbdsetup", "show", NULL}, false},
    };
    for (size_t i = 0; i < sizeof(calls) / sizeof(*calls); i++) {
        const char *argv[7] = {NULL};
        size_t n = 0;
        if (calls[i].nine && !nine)
            continue;
        for (; calls[i].argv[n]; n++)
            argv[n] = calls[i].argv[n];
        argv[n] = res;
        char *name = text_format("%s %s", calls[i].name, res);
        struct text out = {0};
        time_t before = time(NULL);
        if (framed(name, argv, end_ms, &out) == 0 && text_same(calls[i].name, "events2") &&
            is_all_there(text_of(&out)))
            kept_saw(res, (uint64_t)before);
        text_clear(&out);
        free(name);
    }
    frame_state(res);
}

/* Every resource of the configuration; false: the tool is not there, or said no. */
static bool
resources(uint64_t end_ms, char **ret, size_t most, size_t *ret_n)
{
    struct result r;
    run((const char *const[]){"drbdadm", "sh-resources", NULL}, NULL, end_ms, &r);
    bool well = r.exit == 0;
    if (!well)
        reply_frame("drbdadm sh-resources", r.exit, text_of(&r.out), r.out.n, text_of(&r.err),
                    r.err.n);
    char *save = NULL;
    for (char *at = well && r.out.s ? strtok_r(r.out.s, " \n", &save) : NULL; at && *ret_n < most;
         at = strtok_r(NULL, " \n", &save))
        ret[(*ret_n)++] = text_format("%s", at);
    result_clear(&r);
    return well;
}

void
report(const struct line *l)
{
    static const char fields[] =
        "vg_name,lv_name,lv_uuid,lv_attr,lv_size,origin,data_percent,lv_tags,"
        "lv_permissions,lv_active,lv_snapshot_invalid,lv_kernel_major,"
        "lv_kernel_minor,lv_path,vg_size,vg_free";
    uint64_t end_ms = now_ms() + report_ms;
    char *all[WORDS_MOST];
    size_t n = l->n_res;
    struct text version = {0};
    frame_shim();
    int code = FRAMED("version", end_ms, &version, "drbdadm", "--version");
    frame_proc();
    if (l->kind != LINE_REPORT)
        (void)FRAMED("lvs", end_ms, NULL, "lvs", "--reportformat", "json", "--units", "b",
                     "--nosuffix", "-o", fields);
    frame_lio();
    if (code == EXIT_ABSENT) {
        reply_send("missing", "drbdadm is not installed at %s", host_name());
        return;
    }
    if (l->kind == LINE_LIST) {
        n = 0;
        if (!resources(end_ms, all, WORDS_MOST, &n)) {
            reply_send("failed", "drbdadm cannot read the configuration of %s", host_name());
            return;
        }
    } else {
        memcpy(all, l->res, n * sizeof(*all));
    }
    for (size_t i = 0; i < n; i++)
        frames_resource(all[i], is_generation_9(text_of(&version)), end_ms);
    text_clear(&version);
    reply_send(now_ms() < end_ms ? "done" : "unknown", "%s",
               now_ms() < end_ms ? "" : "the host was too slow to answer everything");
}
