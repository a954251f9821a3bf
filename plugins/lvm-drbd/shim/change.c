/* One change: the lock, the comparison, what is to be remembered, and only then its commands. */
#include "shim.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* drbdadm says with exit code 1 what it does not know; with 20 that the module is not there. */
static enum end
drbdadm(const struct line *l, const char *verb, const char *option, uint64_t end_ms)
{
    struct result r;
    struct text name = {0};
    const char *argv[5] = {"drbdadm", verb};
    size_t n = 2;
    if (option)
        argv[n++] = option;
    argv[n++] = l->res[0];
    run(argv, NULL, end_ms, &r);
    text_printf(&name, "drbdadm %s%s%s %s", verb, option ? " " : "", option ? option : "",
                l->res[0]);
    reply_frame(text_of(&name), r.exit, text_of(&r.out), r.out.n, text_of(&r.err), r.err.n);
    enum end end = r.exit == 0             ? END_DONE
                   : r.exit == EXIT_ENDED  ? END_UNKNOWN
                   : r.exit == EXIT_ABSENT ? END_MISSING
                   : r.exit == 1 && strstr(text_of(&r.err), "not defined in your config")
                       ? END_MISSING
                       : END_FAILED;
    text_clear(&name);
    result_clear(&r);
    return end;
}

static enum end
with_resource(const char *res, uint64_t end_ms, struct resource *ret)
{
    switch (resource_read(res, end_ms, ret)) {
    case FOUND:
        return END_DONE;
    case FOUND_NOT:
    case FOUND_NO_TOOL:
        return END_MISSING;
    case FOUND_BAD:
        break;
    }
    return END_FAILED;
}

static bool
is_generation_9(uint64_t end_ms)
{
    struct result r;
    run((const char *const[]){"drbdadm", "--version", NULL}, NULL, end_ms, &r);
    const char *at = strstr(text_of(&r.out), "DRBD_KERNEL_VERSION_CODE=");
    bool nine = at && strtoul(at + strlen("DRBD_KERNEL_VERSION_CODE="), NULL, 16) >= 0x090000;
    result_clear(&r);
    return nine;
}

static enum end
outdate(const struct line *l, uint64_t end_ms)
{
    struct resource r;
    if (!is_generation_9(end_ms))
        return drbdadm(l, "outdate", NULL, end_ms);
    enum end end = with_resource(l->res[0], end_ms, &r);
    for (size_t i = 0; end == END_DONE && i < r.n; i++) {
        char minor[16];
        (void)snprintf(minor, sizeof(minor), "%u", r.volumes[i].minor);
        int code = RUN_FRAME(end_ms, "drbdsetup", "outdate", minor);
        end = code == 0 ? END_DONE : code == EXIT_ENDED ? END_UNKNOWN : END_FAILED;
    }
    return end;
}

static enum end
secondary(const struct line *l, uint64_t end_ms)
{
    struct resource r;
    enum end end = drbdadm(l, "secondary", NULL, end_ms);
    if (end == END_FAILED && with_resource(l->res[0], end_ms, &r) == END_DONE) {
        struct text who = {0};
        holders(&r, &who);
        reply_text("holders", 0, text_of(&who), "");
        text_clear(&who);
    }
    return end;
}

static enum end
exports(const struct line *l, uint64_t end_ms)
{
    struct resource r;
    enum end end = with_resource(l->res[0], end_ms, &r);
    for (size_t i = 0; end == END_DONE && i < r.n; i++) {
        const struct volume *v = &r.volumes[i];
        char serial[26];
        char *name = text_format("drstor.%s.%u", r.name, v->vol);
        if (text_same(l->verb, "withdraw"))
            end = lio_withdraw(v->device, l->args, l->n_args);
        else if (!volume_serial(&r, v, NULL, end_ms, serial))
            end = END_FAILED;
        else
            end = lio_expose(v->device, name, serial, l->args, l->n_args);
        free(name);
    }
    return end;
}

static enum end
images(const struct line *l, uint64_t end_ms)
{
    struct resource r;
    const char *verb = l->verb, *name = l->args[0];
    enum end end = with_resource(l->res[0], end_ms, &r);
    if (end == END_DONE && !volumes_lvm(&r, end_ms))
        end = END_FAILED;
    if (end != END_DONE)
        return end;
    if (text_same(verb, "snapshot"))
        return snapshot_make(&r, name, false, end_ms);
    if (text_same(verb, "unsnapshot"))
        return snapshot_remove(&r, name, false, end_ms);
    if (text_same(verb, "clone"))
        return clone_make(&r, name, l->args + 1, l->n_args - 1, end_ms);
    return clone_remove(&r, name, end_ms);
}

static enum end
probe(const struct line *l, uint64_t end_ms)
{
    struct resource r;
    enum end end = with_resource(l->res[0], end_ms, &r);
    if (end == END_DONE && !volumes_lvm(&r, end_ms))
        end = END_FAILED;
    return end == END_DONE ? probe_write(l, &r, end_ms) : end;
}

static enum end
act(const struct line *l, uint64_t end_ms)
{
    static const struct {
        const char *verb, *drbdadm, *option;
    } plain[] = {
        {"primary", "primary", NULL},       {"force-primary", "primary", "--force"},
        {"connect", "connect", NULL},       {"connect-discard", "connect", "--discard-my-data"},
        {"disconnect", "disconnect", NULL}, {"adjust", "adjust", NULL},
        {"pause-sync", "pause-sync", NULL}, {"resume-sync", "resume-sync", NULL},
        {"resume-io", "resume-io", NULL},   {"invalidate", "invalidate", NULL},
    };
    static const struct {
        const char *verb;
        enum end (*act)(const struct line *l, uint64_t end_ms);
    } made[] = {
        {"secondary", secondary}, {"outdate", outdate}, {"expose", exports},
        {"withdraw", exports},    {"snapshot", images}, {"unsnapshot", images},
        {"clone", images},        {"unclone", images},  {"probe-write", probe},
    };
    for (size_t i = 0; i < sizeof(plain) / sizeof(*plain); i++)
        if (text_same(plain[i].verb, l->verb))
            return drbdadm(l, plain[i].drbdadm, plain[i].option, end_ms);
    for (size_t i = 0; i < sizeof(made) / sizeof(*made); i++)
        if (text_same(made[i].verb, l->verb))
            return made[i].act(l, end_ms);
    if (text_same(l->verb, "two-primaries")) {
        bool yes = text_same(l->args[0], "yes");
        return drbdadm(l, "net-options",
                       yes ? "--allow-two-primaries=yes" : "--allow-two-primaries=no", end_ms);
    }
    return END_DONE; /* tag: it is on file already */
}

static bool
ends_with(const char *s, const char *end)
{
    size_t n = strlen(s), m = strlen(end);
    return n >= m && text_same(s + n - m, end);
}

static const uint64_t look_ms = 10000;

/* One exchange less for whoever has to know what became of it; who gets no frames asks. */
static enum end
act_and_look(const struct line *l, uint64_t end_ms)
{
    enum end end = act(l, end_ms);
    uint64_t now = now_ms(), until = now + look_ms < end_ms ? now + look_ms : end_ms;
    bool images = ends_with(l->verb, "snapshot") || ends_with(l->verb, "clone");
    /* Whoever probed reads slots, and nothing of this. */
    bool wanted = end != END_MISSING && end != END_INVALID && !text_same(l->verb, "probe-write");
    if (wanted && now < until)
        report_after(l->res[0], images, until);
    return end;
}

/* True: go on. A probe proves that both sides write now; it is nobody's turn, and no word of who
 * may flip. */
static bool
comes_in_time(const struct line *l)
{
    struct kept k;
    char *why = NULL;
    if (text_same(l->verb, "probe-write"))
        return true;
    if (!kept_read(l->res[0], &k, &why)) {
        reply_send("failed", "nothing was done: %s", why);
        return false;
    }
    if (l->token < k.token || l->epoch < k.epoch) {
        reply_send("stale", "%llu %llu", (unsigned long long)k.token, (unsigned long long)k.epoch);
        return false;
    }
    if (l->token > k.token || l->epoch > k.epoch || !text_same(l->op, k.op)) {
        k.token = l->token;
        k.epoch = l->epoch;
        (void)snprintf(k.op, sizeof(k.op), "%s", l->op);
        if (!kept_write(l->res[0], &k, &why)) {
            reply_send("failed", "nothing was done: %s", why);
            return false;
        }
    }
    return true;
}

static void
tell(const struct line *l, enum end end)
{
    switch (end) {
    case END_DONE:
        reply_send("done", "%s", "");
        return;
    case END_FAILED:
        reply_send("failed", "%s of %s was refused at %s", l->verb, l->res[0], host_name());
        return;
    case END_UNKNOWN:
        reply_send("unknown", "%s of %s did not end in time at %s", l->verb, l->res[0],
                   host_name());
        return;
    case END_MISSING:
        reply_send("missing", "%s has no resource %s, or lacks a program", host_name(), l->res[0]);
        return;
    case END_INVALID:
        reply_send("invalid", "%s cannot be done with %s", l->verb, l->res[0]);
        return;
    }
}

void
change(const struct line *l)
{
    uint64_t end_ms = now_ms() + l->budget_ms;
    char *why = NULL;
    int lock = kept_lock(l->res[0], end_ms, &why);
    if (lock < 0) {
        reply_send(why ? "failed" : "busy", "%s",
                   why ? why : "another change of this resource is under way");
        return;
    }
    if (comes_in_time(l)) {
        if (now_ms() >= end_ms)
            reply_send("busy", "the time that was given was over before anything was begun");
        else
            tell(l, act_and_look(l, end_ms));
    }
    /* The lock is given up by the end of this process, and of what it could not end. */
    run_finish();
}
