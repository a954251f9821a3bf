#include "unit/plugin/misuse.h"

#include "base/env.h"
#include "base/str.h"
#include "model/words.h"
#include "plugin/loader.h"
#include "plugin/shim.h"

#include <stdio.h>
#include <string.h>

struct call_case {
    const char *mode;
    enum dr_array_op op;
    int status;
    enum drstor_outcome outcome;
    bool fault;
    const char *says; /* in the error; NULL: there must be none */
    size_t n_views;
};

#define READ DR_ARRAY_OP_OBSERVE
#define CHANGE DR_ARRAY_OP_SET_ACCESS
#define NO DRSTOR_OUTCOME_UNKNOWN
#define BROKEN_READ(mode, says)                                                                    \
    {                                                                                              \
        mode, READ, DRSTOR_E_PROTOCOL, NO, true, says, 0                                           \
    }
#define POINTS DR_ARRAY_OP_POINTS
#define BROKEN_POINTS(mode, says)                                                                  \
    {                                                                                              \
        mode, POINTS, DRSTOR_E_PROTOCOL, NO, true, says, 0                                         \
    }
#define BROKEN_CHANGE(mode, says)                                                                  \
    {                                                                                              \
        mode, CHANGE, DRSTOR_E_UNKNOWN, DRSTOR_OUTCOME_UNKNOWN, true, says, 0                      \
    }

static const struct call_case cases[] = {
    {"good", READ, DRSTOR_OK, NO, false, NULL, 2},
    {"good", DR_ARRAY_OP_DISCOVER, DRSTOR_OK, NO, false, NULL, 1},
    {"good", DR_ARRAY_OP_JOBS, DRSTOR_OK, NO, false, NULL, 0},
    {"good", DR_ARRAY_OP_POLL, DRSTOR_OK, NO, false, NULL, 0},
    {"half", READ, DRSTOR_E_UNREACHABLE, NO, false, "observe failed: unreachable", 0},
    {"chatter", READ, DRSTOR_E_BUSY, NO, false, "sentence 255", 0},
    BROKEN_READ("unasked",
                "plugin good broke its contract in observe: it reported group payroll, which"),
    BROKEN_READ("twice", "reported group erp twice"),
    BROKEN_READ("null", "reported a group of 0 bytes"),
    BROKEN_READ("small", "reported a group of 8 bytes"),
    BROKEN_READ("bad-access", "reported the access 9"),
    BROKEN_READ("bad-sync", "reported the sync state -1"),
    BROKEN_READ("bad-lag", "reported the lag in seconds -5"),
    BROKEN_READ("bad-progress", "reported the progress 2000"),
    BROKEN_READ("empty-id", "reported an empty group id"),
    BROKEN_READ("no-id", "reported no group id"),
    BROKEN_READ("not-utf8", "reported a generation that is not UTF-8"),
    BROKEN_READ("long", "reported a generation longer than 4096 bytes"),
    BROKEN_READ("stray-member", "reported member lun0 of group erp, which it did not report"),
    BROKEN_READ("bad-member-access", "reported the access 4"),
    BROKEN_READ("bad-size", "reported the size -2"),
    BROKEN_READ("member-twice", "reported member lun0 of group erp twice"),
    BROKEN_READ("many", "reported more than 4096 members of group erp"),
    BROKEN_READ("flood", "reported more than 16 MiB"),
    BROKEN_READ("stray-path", "reported a path of member lun9"),
    BROKEN_READ("bad-protocol", "reported the protocol nfs"),
    BROKEN_READ("stray-job", "reported job 7 of a group that it did not report"),
    BROKEN_READ("bad-job", "reported the job state 4"),
    BROKEN_READ("late-limits", "reported limits outside describe()"),
    BROKEN_READ("read-outcome", "gave an outcome to observe"),
    BROKEN_READ("read-progress", "reported a progress of 1001"),
    BROKEN_READ("no-secret-key", "asked for a secret without a key"),
    BROKEN_READ("thread", "called the host from a thread"),
    BROKEN_READ("positive", "returned 7, which is no status"),
    BROKEN_READ("no-status", "returned -99, which is no status"),
    BROKEN_READ("http-empty", "asked for http without"),
    {"http", READ, DRSTOR_E_UNSUPPORTED, NO, false, "plugin good asked for http, which", 0},
    {"ssh", READ, DRSTOR_E_UNSUPPORTED, NO, false, "plugin good asked for ssh, which", 0},
    {"jobs-elsewhere", DR_ARRAY_OP_JOBS, DRSTOR_E_PROTOCOL, NO, true, "of group payroll", 0},
    {"poll-other", DR_ARRAY_OP_POLL, DRSTOR_E_PROTOCOL, NO, true, "reported job job-0", 0},
    {"hang", READ, DRSTOR_E_UNREACHABLE, NO, false, "did not come back from observe in time", 0},
    {"good", POINTS, DRSTOR_OK, NO, false, NULL, 0},
    {"points-half", POINTS, DRSTOR_E_UNREACHABLE, NO, false, "ends in the middle", 0},
    BROKEN_POINTS("points-elsewhere",
                  "reported recovery point p1 of group payroll, which was not asked for"),
    BROKEN_POINTS("points-twice", "reported recovery point p1 twice"),
    BROKEN_POINTS("points-bad-time", "reported the moment of a recovery point -7"),
    BROKEN_POINTS("points-bad-kind", "reported the kind of recovery point 3"),
    BROKEN_POINTS("points-nameless", "reported no id of a recovery point"),
    BROKEN_POINTS("points-small", "reported a recovery point of 16 bytes"),
    BROKEN_POINTS("points-long", "reported a recovery point with a text longer than 255 bytes"),
    BROKEN_POINTS("points-many", "reported more than 4096 recovery points"),
    BROKEN_READ("stray-point", "reported a recovery point outside points()"),

    {"good", CHANGE, DRSTOR_OK, DRSTOR_OUTCOME_DONE, false, NULL, 0},
    {"job", CHANGE, DRSTOR_OK, DRSTOR_OUTCOME_JOB, false, NULL, 0},
    {"good", DR_ARRAY_OP_CANCEL, DRSTOR_OK, DRSTOR_OUTCOME_DONE, false, NULL, 0},
    {"refused", CHANGE, DRSTOR_E_REFUSED, DRSTOR_OUTCOME_REFUSED, false, "hosts are logged in", 0},
    {"partial-busy", CHANGE, DRSTOR_E_UNKNOWN, DRSTOR_OUTCOME_PARTIAL, false, "set_access failed",
     1},
    {"good", DR_ARRAY_OP_TAG, DRSTOR_E_UNSUPPORTED, DRSTOR_OUTCOME_REFUSED, false,
     "array a1 cannot tag: plugin good does not have it", 0},
    BROKEN_CHANGE("no-outcome", "plugin good broke its contract in set_access: it gave no outcome"),
    BROKEN_CHANGE("no-outcome-busy", "gave no outcome"),
    BROKEN_CHANGE("done-failed", "said done, and failed; it said: try again"),
    BROKEN_CHANGE("done-positive", "returned 1, which is no status"),
    BROKEN_CHANGE("refused-silent", "said refused, and gave no status"),
    BROKEN_CHANGE("refused-unknown", "said refused, and that it does not know"),
    BROKEN_CHANGE("job-nameless", "said that a job runs, and did not name it"),
    BROKEN_CHANGE("job-empty", "said that a job runs, and did not name it"),
    BROKEN_CHANGE("two", "gave more than one outcome"),
    BROKEN_CHANGE("outcome-77", "gave the outcome 77"),
    BROKEN_CHANGE("partial-nobody", "said partial, and named no member"),
    BROKEN_CHANGE("partial-elsewhere", "reported member lun0 of group payroll"),
    {"late", CHANGE, DRSTOR_E_UNKNOWN, DRSTOR_OUTCOME_UNKNOWN, false,
     "after its deadline (late), with: done", 0},
    {"late-job", CHANGE, DRSTOR_E_UNKNOWN, DRSTOR_OUTCOME_UNKNOWN, false, "with: job", 0},
    {"hang", CHANGE, DRSTOR_E_UNKNOWN, DRSTOR_OUTCOME_UNKNOWN, false,
     "did not come back from set_access", 0},
};

static const char *groups[] = {"erp", "crm", "gone"};
static const char *host_groups[] = {"kvm", "esx"};
static const struct dr_call_evidence evidence = {DRSTOR_EVIDENCE_E6_DECLARED, "rome", "milan",
                                                 1700000000};

struct running {
    struct dr_env *env;
    enum dr_plugin_place place;
    const struct call_case *c;
    bool good;
};

static bool
reply_fits(const struct call_case *c, int r, const struct dr_reply *reply)
{
    bool text = c->says ? reply->error && strstr(reply->error, c->says) : reply->error == NULL;
    if (r != c->status || reply->status != r || reply->outcome != c->outcome ||
        reply->fault != c->fault || reply->n_views != c->n_views || !text)
        return false;
    if (c->n_views == 2) /* as asked for, although they were reported the other way round */
        return dr_streq(reply->views[0].id, "erp") && dr_streq(reply->views[1].id, "crm") &&
               dr_streq(reply->views[1].members[0].id, "crm-lun0") &&
               reply->views[1].members[0].paths[0].lun == 4 &&
               dr_streq(reply->views[0].jobs[0].id, "job-7") && reply->views[0].lag_s == 3 &&
               reply->views[0].lag_bytes == -1 && reply->progress_permille == 1000;
    if (dr_streq(c->mode, "job") || dr_streq(c->mode, "late-job"))
        return dr_streq(reply->job, c->mode[0] == 'j' ? "job-7" : "job-8") &&
               reply->late == (c->mode[0] == 'l');
    if (dr_streq(c->mode, "refused"))
        return dr_streq(reply->array_code, "13001");
    if (c->op == POINTS && c->status == DRSTOR_OK)
        return reply->n_points == 2 && dr_streq(reply->points[0].id, "p1") &&
               reply->points[0].kind == DRSTOR_POINT_PERIODIC && !reply->points[0].label &&
               reply->points[0].at == 1700000000 &&
               dr_streq(reply->points[1].label, "before the upgrade");
    if (reply->n_points) /* half a list looks like a whole one */
        return false;
    return true;
}

/* After a callback that never came back, nobody asks the array again, unless it could be killed. */
static bool
stuck_fits(struct dr_array_handle *h, const struct running *run, struct dr_arena *a)
{
    const struct dr_call again = {.operation = DR_ARRAY_OP_DISCOVER};
    struct dr_reply reply;
    if (!dr_streq(run->c->mode, "hang"))
        return !dr_array_stuck(h);
    if (run->place == DR_PLUGIN_IN_WORKER)
        return !dr_array_stuck(h) && dr_array_call(h, &again, NULL, a, &reply) == DRSTOR_OK;
    return dr_array_stuck(h) && dr_array_call(h, &again, NULL, a, &reply) == DRSTOR_E_UNREACHABLE &&
           strstr(reply.error, "array a1 is not asked any more") && !reply.sent;
}

static void
call_case(void *arg)
{
    struct running *run = arg;
    const struct call_case *c = run->c;
    dr_auto(dr_arena_freep) struct dr_arena *a = dr_arena_new();
    dr_auto(dr_error_freep) struct drstor_error *err = NULL;
    const struct dr_setting settings[] = {{.key = "mode", .value = c->mode},
                                          {.key = "host", .value = "h"}};
    const struct dr_array_open how = {
        .array = "a1", .site = "rome", .settings = settings, .n_settings = 2, .place = run->place};
    /* Real time is spent on those alone whose deadline passes. */
    bool passes = run->place == DR_PLUGIN_IN_WORKER &&
                  (dr_streq(c->mode, "hang") || strncmp(c->mode, "late", 4) == 0);
    const uint64_t span_ns = passes ? 2 * DR_S : 10 * DR_S;
    struct dr_plugin *p = NULL;
    struct dr_array_handle *h = NULL;
    if (dr_plugin_load(TEST_PLUGINS, "good", &p, &err) < 0 ||
        dr_array_open(run->env, p, &how, &h, &err) < 0) {
        printf("%s: %s\n", c->mode, dr_error_message(err));
        return;
    }
    const struct dr_call call = {.operation = c->op,
                                 .deadline_ns = dr_now_ns(run->env) + span_ns,
                                 .groups = groups,
                                 .n_groups = 3,
                                 .group = "erp",
                                 .job = "job-7",
                                 .op = "op-1",
                                 .epoch = 7,
                                 .token = UINT64_MAX,
                                 .access_wanted = DRSTOR_ACCESS_READ_WRITE,
                                 .evidence = &evidence,
                                 .n_evidence = 1,
                                 .host_groups = host_groups,
                                 .n_host_groups = 2};
    struct dr_reply reply;
    int r = dr_array_call(h, &call, NULL, a, &reply);
    run->good = reply_fits(c, r, &reply) && stuck_fits(h, run, a);
    if (!run->good)
        printf("%s of %s: %s, outcome %s%s, %zu views: %s\n", c->mode,
               dr_name(&dr_array_op_names, (int)c->op), dr_status_name(r),
               dr_name(&dr_outcome_names, (int)reply.outcome), reply.fault ? ", fault" : "",
               reply.n_views, reply.error ? reply.error : "no error");
    dr_array_close(h);
}

unsigned
misuse_call(enum dr_plugin_place place, unsigned *ret_total)
{
    unsigned good = 0;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        bool apart = place == DR_PLUGIN_IN_WORKER;
        struct dr_env *env = apart ? dr_env_real() : dr_env_virtual_new(1000 * DR_S, 1700000000);
        struct running run = {env, place, &cases[i], false};
        if (apart) {
            call_case(&run);
        } else {
            dr_env_virtual_run(env, call_case, &run);
            dr_env_virtual_free(env);
        }
        good += run.good;
    }
    *ret_total = sizeof(cases) / sizeof(cases[0]);
    return good;
}
