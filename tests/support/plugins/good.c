/*
 * A plugin that behaves, or misbehaves in the one way that its setting "mode" names. What it does
 * is checked from outside, by what the host makes of it (tests/unit/plugin/misuse_call.c).
 */
#include <drstor/plugin.h>

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

struct array {
    char mode[64];
};

static int
good_describe(struct drstor_call *call)
{
    static const char *const operations[] = {"open", "discover", "observe", "set_access", "suspend",
                                             "jobs", "poll",     "cancel",  "points"};
    const struct drstor_limits limits = {.size = sizeof(limits), .parallel_calls = 1};
    const struct drstor_key keys[] = {
        {.size = sizeof(keys[0]), .name = "mode", .fallback = "good", .help = "how to behave"},
        {.size = sizeof(keys[0]), .name = "host", .required = 1, .help = "where it is"},
        {.size = sizeof(keys[0]), .name = "password", .secret = 1},
        {.size = sizeof(keys[0]), .name = "port", .type = DRSTOR_KEY_INTEGER, .fallback = "443"},
        {.size = sizeof(keys[0]), .name = "wait", .type = DRSTOR_KEY_DURATION, .fallback = "2m"},
        {.size = sizeof(keys[0]), .name = "strict", .type = DRSTOR_KEY_BOOLEAN},
        {.size = sizeof(keys[0]), .name = "prefix", .scope = DRSTOR_KEY_COPY}};
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
is_sesame(const char *secret, size_t n, void *user)
{
    *(int *)user = n == 6 && memcmp(secret, "sesame", 6) == 0;
    return DRSTOR_OK;
}

static int
good_open(struct drstor_call *call, const struct drstor_open *how, void **ret_handle)
{
    struct array *a = calloc(1, sizeof(*a));
    if (!a)
        return DRSTOR_E_NOMEM;
    int wait_seen = 0;
    for (size_t i = 0; i < how->n_settings; i++) {
        if (strcmp(how->settings[i].key, "mode") == 0)
            strncpy(a->mode, how->settings[i].value, sizeof(a->mode) - 1);
        if (strcmp(how->settings[i].key, "wait") == 0)
            wait_seen = strcmp(how->settings[i].value, "120") == 0;
    }
    int sesame = 0, r = DRSTOR_OK;
    if (strcmp(a->mode, "open-refused") == 0) {
        host->array_said(call, "401", "who are you?\033[31m");
        host->hint(call, "look at the user's rights");
        r = host->fail(call, DRSTOR_E_AUTH, "the array does not know us");
    } else if (strcmp(a->mode, "open-secret") == 0) {
        r = host->secret_use(call, "password", is_sesame, &sesame);
        if (r == DRSTOR_OK && (!sesame || !wait_seen))
            r = host->fail(call, DRSTOR_E_AUTH, "the secret is not the one");
    } else if (strcmp(a->mode, "open-no-secret") == 0) {
        r = host->secret_use(call, "passwort", is_sesame, &sesame);
    }
    if (r < 0) {
        free(a);
        return r;
    }
    *ret_handle = a;
    return DRSTOR_OK;
}

static void
good_close(void *handle)
{
    free(handle);
}

static int
report(struct drstor_call *call, const char *group, int32_t access)
{
    struct drstor_group_info g = DRSTOR_GROUP_INFO_INIT;
    struct drstor_member_info m = DRSTOR_MEMBER_INFO_INIT;
    struct drstor_path_info p = DRSTOR_PATH_INFO_INIT;
    struct drstor_job_info j = DRSTOR_JOB_INFO_INIT;
    char id[300];
    size_t n = strlen(group) < 200 ? strlen(group) : 200;
    memcpy(id, group, n);
    memcpy(id + n, "-lun0", 6);
    g.id = m.group = j.group = group;
    g.access = m.access = access;
    g.sync = m.sync = DRSTOR_SYNC_IN_SYNC;
    g.lag_s = 3;
    m.id = p.member = id;
    m.bytes = 1 << 30;
    p.lun = 4;
    p.protocol = "iscsi";
    p.portal = "10.0.0.5:3260";
    j.id = "job-7";
    j.state = DRSTOR_JOB_RUNNING;
    int r = host->report_group(call, &g);
    r = r < 0 ? r : host->report_member(call, &m);
    r = r < 0 ? r : host->report_path(call, &p);
    return r < 0 ? r : host->report_job(call, &j);
}

static int
good_discover(void *handle, struct drstor_call *call)
{
    (void)handle;
    return report(call, "erp", DRSTOR_ACCESS_READ_ONLY);
}

/* Ignores every request to stop, for SECONDS; 0: for ever. */
static void
hang(struct drstor_call *call, uint64_t seconds)
{
    uint64_t end = host->now_ns(call) + seconds * UINT64_C(1000000000);
    while (!seconds || host->now_ns(call) < end)
        (void)host->sleep_until(call, host->now_ns(call) + UINT64_C(1000000000));
}

static void *
stray(void *call)
{
    struct drstor_group_info g = DRSTOR_GROUP_INFO_INIT;
    g.id = "erp";
    (void)host->report_group(call, &g);
    return NULL;
}

static void
observe_badly(const char *mode, struct drstor_call *call)
{
    static char long_text[5000];
    struct drstor_group_info g = DRSTOR_GROUP_INFO_INIT;
    struct drstor_member_info m = DRSTOR_MEMBER_INFO_INIT;
    struct drstor_path_info p = DRSTOR_PATH_INFO_INIT;
    struct drstor_job_info j = DRSTOR_JOB_INFO_INIT;
    char id[32];
    g.id = m.group = "erp";
    m.id = "lun0";
    j.id = "7";
    if (strcmp(mode, "unasked") == 0)
        g.id = "payroll";
    else if (strcmp(mode, "bad-access") == 0)
        g.access = 9;
    else if (strcmp(mode, "bad-sync") == 0)
        g.sync = -1;
    else if (strcmp(mode, "bad-lag") == 0)
        g.lag_s = -5;
    else if (strcmp(mode, "bad-progress") == 0)
        g.progress_permille = 2000;
    else if (strcmp(mode, "small") == 0)
        g.size = 8;
    else if (strcmp(mode, "empty-id") == 0)
        g.id = "";
    else if (strcmp(mode, "no-id") == 0)
        g.id = NULL;
    else if (strcmp(mode, "not-utf8") == 0)
        g.generation = "gen\xff";
    else if (strcmp(mode, "long") == 0)
        g.generation = memset(long_text, 'x', sizeof(long_text) - 1);
    if (strcmp(mode, "null") == 0)
        (void)host->report_group(call, NULL);
    if (strcmp(mode, "stray-member") != 0)
        (void)host->report_group(call, &g);
    if (strcmp(mode, "twice") == 0)
        (void)host->report_group(call, &g);
    if (strcmp(mode, "bad-member-access") == 0)
        m.access = 4;
    if (strcmp(mode, "bad-size") == 0)
        m.bytes = -2;
    (void)host->report_member(call, &m);
    if (strcmp(mode, "member-twice") == 0)
        (void)host->report_member(call, &m);
    if (strcmp(mode, "stray-path") == 0 || strcmp(mode, "bad-protocol") == 0) {
        p.member = strcmp(mode, "stray-path") == 0 ? "lun9" : "lun0";
        p.protocol = "nfs";
        if (strcmp(mode, "stray-path") == 0)
            p.protocol = "fcp";
        (void)host->report_path(call, &p);
    }
    if (strcmp(mode, "stray-job") == 0)
        (void)host->report_job(call, &j);
    if (strcmp(mode, "bad-job") == 0) {
        j.group = "erp";
        j.state = 4;
        (void)host->report_job(call, &j);
    }
    for (unsigned i = 0; strcmp(mode, "many") == 0 && i < 4097; i++) {
        id[0] = 'm';
        for (unsigned k = 0; k < 4; k++)
            id[k + 1] = (char)('a' + (i >> (4 * k) & 15));
        id[5] = '\0';
        m.id = id;
        (void)host->report_member(call, &m);
    }
    for (unsigned i = 0; strcmp(mode, "flood") == 0 && i < 6000; i++) {
        memset(long_text, 'x', 4000);
        long_text[4000] = '\0';
        p.member = "lun0";
        p.portal = long_text;
        if (host->report_path(call, &p) < 0)
            break;
    }
    if (strcmp(mode, "stray-point") == 0) {
        struct drstor_point_info point = DRSTOR_POINT_INFO_INIT;
        point.group = "erp";
        point.id = "p1";
        (void)host->report_point(call, &point);
    }
    if (strcmp(mode, "late-limits") == 0) {
        const struct drstor_limits limits = {.size = sizeof(limits), .parallel_calls = 1};
        (void)host->report_limits(call, &limits);
    }
    if (strcmp(mode, "read-outcome") == 0)
        host->outcome(call, DRSTOR_OUTCOME_DONE, NULL);
    if (strcmp(mode, "read-progress") == 0)
        host->progress(call, 1001, "more than all");
    if (strcmp(mode, "no-secret-key") == 0)
        (void)host->secret_use(call, NULL, is_sesame, NULL);
    if (strcmp(mode, "thread") == 0) {
        pthread_t t;
        if (pthread_create(&t, NULL, stray, call) == 0)
            (void)pthread_join(t, NULL);
    }
}

static int
observe_web(struct drstor_call *call, const char *mode)
{
    struct drstor_http_request q = {.size = sizeof(q), .method = "GET", .path = "/api"};
    struct drstor_http_reply reply = {.size = sizeof(reply)};
    q.mutating = strcmp(mode, "http-write") == 0;
    if (strcmp(mode, "http-empty") == 0)
        q.path = NULL;
    int r = host->http(call, &q, &reply);
    if (r == DRSTOR_OK && (reply.code != 200 || strcmp(reply.body, "[]") != 0))
        return host->fail(call, DRSTOR_E_PROTOCOL, "the reply is %d", reply.code);
    return r;
}

static int
good_observe(void *handle, struct drstor_call *call, const char *const *groups, size_t n_groups)
{
    const char *mode = ((struct array *)handle)->mode;
    int r = DRSTOR_OK;
    host->log(call, DRSTOR_LOG_DEBUG, "observing %zu groups", n_groups);
    if (strcmp(mode, "good") == 0 || strcmp(mode, "half") == 0) {
        for (size_t i = n_groups; i-- > 0 && r == DRSTOR_OK;)
            if (strcmp(groups[i], "gone") != 0)
                r = report(call, groups[i], DRSTOR_ACCESS_READ_ONLY);
        host->progress(call, 1000, "all read");
        return strcmp(mode, "half") == 0 ? DRSTOR_E_UNREACHABLE : r;
    }
    if (strcmp(mode, "slow") == 0)
        return host->sleep_until(call, host->now_ns(call) + UINT64_C(1000000000));
    if (strcmp(mode, "hang") == 0)
        hang(call, 20);
    if (strcmp(mode, "forever") == 0)
        hang(call, 0);
    if (strncmp(mode, "http", 4) == 0)
        return observe_web(call, mode);
    if (strcmp(mode, "ssh") == 0) {
        const char *const argv[] = {"drbdadm", "status"};
        const struct drstor_ssh_request request = {
            .size = sizeof(request), .argv = argv, .n_argv = 2};
        struct drstor_ssh_reply reply = {.size = sizeof(reply)};
        return host->ssh(call, &request, &reply);
    }
    if (strcmp(mode, "positive") == 0)
        return 7;
    if (strcmp(mode, "no-status") == 0)
        return -99;
    if (strcmp(mode, "chatter") == 0) {
        for (int i = 0; i < 100000; i++)
            (void)host->fail(call, DRSTOR_E_BUSY, "sentence %d", i);
        return DRSTOR_E_BUSY;
    }
    observe_badly(mode, call);
    return DRSTOR_OK;
}

static int
change_badly(const char *mode, struct drstor_call *call, const struct drstor_change *change)
{
    struct drstor_member_info m = DRSTOR_MEMBER_INFO_INIT;
    m.group = change->group;
    m.id = "lun0";
    if (strcmp(mode, "no-outcome") == 0)
        return DRSTOR_OK;
    if (strcmp(mode, "no-outcome-busy") == 0)
        return DRSTOR_E_BUSY;
    if (strcmp(mode, "refused-silent") == 0 || strcmp(mode, "refused-unknown") == 0) {
        host->outcome(call, DRSTOR_OUTCOME_REFUSED, NULL);
        return strcmp(mode, "refused-silent") == 0 ? DRSTOR_OK : DRSTOR_E_UNKNOWN;
    }
    if (strncmp(mode, "job-", 4) == 0) {
        host->outcome(call, DRSTOR_OUTCOME_JOB, strcmp(mode, "job-empty") == 0 ? "" : NULL);
        return DRSTOR_OK;
    }
    if (strcmp(mode, "two") == 0)
        host->outcome(call, DRSTOR_OUTCOME_REFUSED, NULL);
    if (strcmp(mode, "outcome-77") == 0) {
        host->outcome(call, (enum drstor_outcome)77, NULL);
        return DRSTOR_OK;
    }
    if (strcmp(mode, "partial-nobody") == 0) {
        host->outcome(call, DRSTOR_OUTCOME_PARTIAL, NULL);
        return DRSTOR_E_CONFLICT;
    }
    if (strcmp(mode, "partial-elsewhere") == 0) {
        m.group = "payroll";
        (void)host->report_member(call, &m);
    }
    if (strcmp(mode, "partial-busy") == 0) {
        (void)host->report_member(call, &m);
        host->outcome(call, DRSTOR_OUTCOME_PARTIAL, NULL);
        return DRSTOR_E_BUSY;
    }
    host->outcome(call, DRSTOR_OUTCOME_DONE, NULL);
    return strcmp(mode, "done-failed") == 0     ? host->fail(call, DRSTOR_E_BUSY, "try again")
           : strcmp(mode, "done-positive") == 0 ? 1
                                                : DRSTOR_OK;
}

static int
good_change(void *handle, struct drstor_call *call, const struct drstor_change *change)
{
    const char *mode = ((struct array *)handle)->mode;
    if (strcmp(mode, "good") == 0) {
        int right =
            change->size == sizeof(*change) && change->n_evidence == 1 && change->epoch == 7 &&
            change->token == UINT64_MAX && strcmp(change->evidence->by, "milan") == 0 &&
            change->access_wanted == DRSTOR_ACCESS_READ_WRITE && strcmp(change->op, "op-1") == 0 &&
            change->deadline_ns == host->deadline_ns(call) && change->n_host_groups == 2 &&
            strcmp(change->host_groups[1], "esx") == 0 && !change->source && !change->point;
        host->outcome(call, right ? DRSTOR_OUTCOME_DONE : DRSTOR_OUTCOME_REFUSED, NULL);
        return right ? DRSTOR_OK
                     : host->fail(call, DRSTOR_E_INTERNAL, "the change arrived differently");
    }
    if (strcmp(mode, "back") == 0) {
        int right = change->point && strcmp(change->point, "p2") == 0 && !change->planned;
        host->outcome(call, right ? DRSTOR_OUTCOME_DONE : DRSTOR_OUTCOME_REFUSED, NULL);
        return right ? DRSTOR_OK : host->fail(call, DRSTOR_E_NOTFOUND, "there is no such point");
    }
    if (strcmp(mode, "job") == 0) {
        host->outcome(call, DRSTOR_OUTCOME_JOB, "job-7");
        return DRSTOR_OK;
    }
    if (strcmp(mode, "refused") == 0) {
        host->outcome(call, DRSTOR_OUTCOME_REFUSED, NULL);
        host->array_said(call, "13001", "not while hosts are logged in");
        return host->fail(call, DRSTOR_E_REFUSED, "hosts are logged in");
    }
    if (strcmp(mode, "late") == 0) {
        (void)host->sleep_until(call, change->deadline_ns + UINT64_C(1000000000));
        host->outcome(call, DRSTOR_OUTCOME_DONE, NULL);
        return DRSTOR_OK;
    }
    if (strcmp(mode, "late-job") == 0) {
        (void)host->sleep_until(call, change->deadline_ns + 1);
        host->outcome(call, DRSTOR_OUTCOME_JOB, "job-8");
        return DRSTOR_OK;
    }
    if (strcmp(mode, "hang") == 0)
        hang(call, 20);
    if (strcmp(mode, "forever") == 0)
        hang(call, 0);
    return change_badly(mode, call, change);
}

static int
good_jobs(void *handle, struct drstor_call *call, const char *group)
{
    struct drstor_job_info j = DRSTOR_JOB_INFO_INIT;
    j.id = "job-7";
    j.group = strcmp(((struct array *)handle)->mode, "jobs-elsewhere") == 0 ? "payroll" : group;
    j.state = DRSTOR_JOB_RUNNING;
    return host->report_job(call, &j);
}

static int
good_poll(void *handle, struct drstor_call *call, const char *job)
{
    struct drstor_job_info j = DRSTOR_JOB_INFO_INIT;
    j.id = strcmp(((struct array *)handle)->mode, "poll-other") == 0 ? "job-0" : job;
    j.state = DRSTOR_JOB_SUCCEEDED;
    j.progress_permille = 1000;
    return host->report_job(call, &j);
}

static int
good_cancel(void *handle, struct drstor_call *call, const char *job)
{
    (void)handle;
    host->outcome(call, strcmp(job, "job-7") == 0 ? DRSTOR_OUTCOME_DONE : DRSTOR_OUTCOME_REFUSED,
                  NULL);
    return strcmp(job, "job-7") == 0 ? DRSTOR_OK : DRSTOR_E_NOTFOUND;
}

static int
good_points(void *handle, struct drstor_call *call, const char *group)
{
    const char *mode = ((struct array *)handle)->mode;
    struct drstor_point_info p = DRSTOR_POINT_INFO_INIT;
    static char text[257];
    char id[32];
    p.group = strcmp(mode, "points-elsewhere") == 0 ? "payroll" : group;
    p.id = "p1";
    p.utc = strcmp(mode, "points-bad-time") == 0 ? -7 : 1700000000;
    p.kind = strcmp(mode, "points-bad-kind") == 0 ? 3 : DRSTOR_POINT_PERIODIC;
    if (strcmp(mode, "points-nameless") == 0)
        p.id = NULL;
    if (strcmp(mode, "points-long") == 0)
        p.label = memset(text, 'x', sizeof(text) - 1);
    if (strcmp(mode, "points-small") == 0)
        p.size = 16;
    (void)host->report_point(call, &p);
    if (strcmp(mode, "points-half") == 0)
        return host->fail(call, DRSTOR_E_UNREACHABLE, "the list ends in the middle");
    if (strcmp(mode, "points-twice") != 0)
        p.id = "p2";
    p.utc = 1700000600;
    p.kind = DRSTOR_POINT_ON_REQUEST;
    p.label = "before the upgrade";
    (void)host->report_point(call, &p);
    for (unsigned i = 0; strcmp(mode, "points-many") == 0 && i < 4096; i++) {
        id[0] = 'm';
        for (unsigned k = 0; k < 4; k++)
            id[k + 1] = (char)('a' + (i >> (4 * k) & 15));
        id[5] = '\0';
        p.id = id;
        (void)host->report_point(call, &p);
    }
    return DRSTOR_OK;
}

DRSTOR_PLUGIN(
    .name = "good",
    .version = "1.0",
    .describe = good_describe,
    .open = good_open,
    .close = good_close,
    .discover = good_discover,
    .observe = good_observe,
    .set_access = good_change,
    .suspend = good_change,
    .jobs = good_jobs,
    .poll = good_poll,
    .cancel = good_cancel,
    .points = good_points,
);
