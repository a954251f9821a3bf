/*
 * A plugin that takes its process along, or says on its descriptors what it likes: the one way that
 * its setting "mode" names, in observe and set_access. What it can reach over the network it does
 * by "command". discover always behaves, and tells which process it is.
 */
#include <drstor/plugin.h>

#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { SOCKET = 1, WORDS = 2 }; /* the worker's descriptors */

struct array {
    char mode[32];
    char command[512];
};

static int
wild_describe(struct drstor_call *call)
{
    static const char *const operations[] = {"open", "discover", "observe", "set_access"};
    const struct drstor_limits limits = {.size = sizeof(limits), .parallel_calls = 1};
    const struct drstor_key keys[] = {
        {.size = sizeof(keys[0]), .name = "mode", .required = 1, .help = "how to behave"},
        {.size = sizeof(keys[0]), .name = "command", .help = "what to run, for sh"},
        {.size = sizeof(keys[0]), .name = "token", .secret = 1}};
    int r = host->report_limits(call, &limits);
    for (size_t i = 0; i < sizeof(operations) / sizeof(operations[0]); i++) {
        const struct drstor_duration d = {sizeof(d), 100, 10000, operations[i]};
        r = r < 0 ? r : host->report_duration(call, &d);
    }
    for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
        r = r < 0 ? r : host->report_key(call, &keys[i]);
    return r;
}

static int
wild_open(struct drstor_call *call, const struct drstor_open *how, void **ret_handle)
{
    struct array *a = calloc(1, sizeof(*a));
    (void)call;
    if (!a)
        return DRSTOR_E_NOMEM;
    for (size_t i = 0; i < how->n_settings; i++) {
        const struct drstor_setting *s = &how->settings[i];
        if (strcmp(s->key, "mode") == 0)
            strncpy(a->mode, s->value, sizeof(a->mode) - 1);
        if (strcmp(s->key, "command") == 0)
            strncpy(a->command, s->value, sizeof(a->command) - 1);
    }
    if (strcmp(a->mode, "open-crash") == 0)
        abort();
    *ret_handle = a;
    return DRSTOR_OK;
}

static void
wild_close(void *handle)
{
    free(handle);
}

static int
report(struct drstor_call *call, const char *text)
{
    struct drstor_group_info g = DRSTOR_GROUP_INFO_INIT;
    g.id = "erp";
    g.generation = text;
    return host->report_group(call, &g);
}

static int
wild_discover(void *handle, struct drstor_call *call)
{
    char text[32];
    (void)handle;
    (void)snprintf(text, sizeof(text), "%d", getpid());
    return report(call, text);
}

static void
put(int fd, const void *bytes, size_t n)
{
    for (const char *at = bytes; n;) {
        ssize_t done = write(fd, at, n);
        if (done <= 0)
            return;
        at += done;
        n -= (size_t)done;
    }
}

/* A head as the core's own (core/net/channel.h), with N bytes that are to follow. */
static void
put_head(uint32_t kind, uint64_t id, uint32_t n)
{
    const struct {
        uint32_t magic, kind;
        uint64_t id;
        uint32_t n, more;
    } head = {0x6d667264, kind, id, n, 0};
    put(SOCKET, &head, sizeof(head));
}

static void
wait_for_ever(struct drstor_call *call)
{
    for (;;)
        (void)host->sleep_until(call, host->now_ns(call) + UINT64_C(1000000000));
}

static void
run_wild(const char *mode, struct drstor_call *call)
{
    static const char words[4096] = "words without an end ";
    enum { REQUEST = 2, REPLY = 6, LOG = 7 };
    if (strcmp(mode, "abort") == 0)
        abort();
    if (strcmp(mode, "fault") == 0)
        (void)raise(SIGSEGV);
    if (strcmp(mode, "term") == 0)
        (void)raise(SIGTERM);
    if (strcmp(mode, "end-thread") == 0)
        pthread_exit(NULL);
    if (strcmp(mode, "rubbish") == 0)
        put(SOCKET, "220 mail.example ready, and many words more\r\n", 44);
    if (strcmp(mode, "half-head") == 0) {
        put(SOCKET, "drfm", 4);
        abort();
    }
    if (strcmp(mode, "half-body") == 0) {
        put_head(REPLY, 3, 1000);
        abort();
    }
    if (strcmp(mode, "too-long") == 0)
        put_head(REPLY, 3, UINT32_MAX);
    if (strcmp(mode, "long-log") == 0)
        put_head(LOG, 0, 1 << 20);
    if (strcmp(mode, "asks") == 0)
        put_head(REQUEST, 3, 0);
    if (strcmp(mode, "unasked") == 0)
        put_head(REPLY, 77, 0);
    if (strcmp(mode, "empty") == 0)
        put_head(REPLY, 3, 0);
    if (strcmp(mode, "nonsense") == 0) {
        put_head(REPLY, 3, 9);
        put(SOCKET, "nonsense!", 9);
    }
    if (strcmp(mode, "no-socket") == 0)
        (void)close(SOCKET);
    if (strcmp(mode, "words") == 0)
        for (int i = 0; i < 1024; i++)
            put(WORDS, words, sizeof(words));
    if (strcmp(mode, "long-log") == 0)
        for (int i = 0; i < 256; i++)
            put(SOCKET, words, sizeof(words));
    if (strcmp(mode, "memory") == 0)
        while (memset(malloc(1 << 20), 1, 1 << 20))
            ;
    wait_for_ever(call);
}

static int
over_ssh(const struct array *a, struct drstor_call *call, bool mutating)
{
    const char *const argv[] = {"/bin/sh", "-c", a->command};
    const struct drstor_ssh_request q = {
        .size = sizeof(q), .mutating = mutating, .argv = argv, .n_argv = 3};
    struct drstor_ssh_reply reply = {.size = sizeof(reply)};
    int r = host->ssh(call, &q, &reply);
    if (r < 0 || mutating)
        return r;
    char text[512];
    (void)snprintf(text, sizeof(text), "%d:%s", reply.exit, reply.out);
    return report(call, text);
}

static int
over_http(const struct array *a, struct drstor_call *call, bool mutating)
{
    const struct drstor_http_request q = {.size = sizeof(q),
                                          .method = mutating ? "POST" : "GET",
                                          .path = a->command,
                                          .mutating = mutating};
    struct drstor_http_reply reply = {.size = sizeof(reply)};
    int r = host->http(call, &q, &reply);
    if (r < 0 || mutating)
        return r;
    char text[512];
    (void)snprintf(text, sizeof(text), "%d:%s", reply.code, reply.body);
    return report(call, text);
}

static int
wild_observe(void *handle, struct drstor_call *call, const char *const *groups, size_t n_groups)
{
    const struct array *a = handle;
    (void)groups, (void)n_groups;
    if (strcmp(a->mode, "ssh") == 0)
        return over_ssh(a, call, false);
    if (strcmp(a->mode, "http") == 0)
        return over_http(a, call, false);
    run_wild(a->mode, call);
    return DRSTOR_OK;
}

static int
wild_set_access(void *handle, struct drstor_call *call, const struct drstor_change *change)
{
    const struct array *a = handle;
    int r = DRSTOR_OK;
    (void)change;
    if (strcmp(a->mode, "ssh") == 0)
        r = over_ssh(a, call, true);
    else if (strcmp(a->mode, "http") == 0)
        r = over_http(a, call, true);
    else
        run_wild(a->mode, call);
    host->outcome(call,
                  r == DRSTOR_OK          ? DRSTOR_OUTCOME_DONE
                  : r == DRSTOR_E_UNKNOWN ? DRSTOR_OUTCOME_UNKNOWN
                                          : DRSTOR_OUTCOME_REFUSED,
                  NULL);
    return r;
}

DRSTOR_PLUGIN(
    .name = "wild",
    .version = "1.0",
    .describe = wild_describe,
    .open = wild_open,
    .close = wild_close,
    .discover = wild_discover,
    .observe = wild_observe,
    .set_access = wild_set_access,
);
