/*
 * What core relies on in a plugin, asked of a real pair of copies through the same door as core:
 *
 *   contract CONFIG GROUP PRIMARY
 *
 * GROUP is as it should be: writable at site PRIMARY, followed by its other copy, shown to nobody.
 * It is flipped there and back, and left as it was. A line for every promise; what an array cannot
 * do at all is not asked of it.
 */
#include "base/env.h"
#include "config/config.h"
#include "observe/endpoints.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static struct {
    struct dr_env *env;
    struct dr_endpoints *ends;
    struct dr_arena *arena;
    const struct dr_copy *one, *two; /* writable at first, following at first */
    unsigned total, good;
    uint64_t token;
    bool shown;  /* to hosts, at first */
    bool failed; /* the promise that is looked at now */
} t;

static void __attribute__((format(printf, 1, 2))) wrong(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    (void)fputs("    ", stdout);
    (void)vprintf(format, args);
    (void)putchar('\n');
    va_end(args);
    t.failed = true;
}

static const struct dr_plugin *
plugin_of(const struct dr_copy *c)
{
    const struct dr_plugin *p = NULL;
    dr_auto(dr_error_freep) struct drstor_error *err = NULL;
    if (dr_endpoints_plugin(t.ends, c->array, &p, &err) < 0)
        wrong("%s", dr_error_message(err));
    return p;
}

static bool
can(const struct dr_copy *c, enum dr_array_op op)
{
    const struct dr_plugin *p = plugin_of(c);
    return p && dr_plugin_can(p, op);
}

static struct dr_reply
ask(const struct dr_copy *c, struct dr_call call)
{
    struct dr_reply reply = {0};
    dr_auto(dr_error_freep) struct drstor_error *err = NULL;
    const struct dr_plugin *p = plugin_of(c);
    if (!call.group)
        call.group = c->id;
    if (!call.deadline_ns && p)
        call.deadline_ns = dr_plugin_deadline(p, t.env, call.operation);
    if (!call.token)
        call.token = t.token;
    if (!call.epoch)
        call.epoch = 1;
    if (!call.op)
        call.op = "contract/1";
    (void)dr_endpoints_call(t.ends, c->array, &call, NULL, t.arena, &reply, &err);
    if (reply.fault)
        wrong("%s broke the contract: %s", c->array->name, reply.error ? reply.error : "");
    return reply;
}
#define ASK(copy, ...) ask(copy, (struct dr_call){__VA_ARGS__})

/* A job is polled to its end. */
static enum drstor_outcome
end_of(const struct dr_copy *c, struct dr_reply r)
{
    while (r.outcome == DRSTOR_OUTCOME_JOB) {
        struct dr_reply p = ASK(c, .operation = DR_ARRAY_OP_POLL, .job = r.job);
        if (p.status < 0 || p.n_jobs != 1) {
            wrong("job %s cannot be polled: %s", r.job, p.error ? p.error : "no job was told");
            return DRSTOR_OUTCOME_UNKNOWN;
        }
        if (p.jobs[0].state == DRSTOR_JOB_SUCCEEDED)
            return DRSTOR_OUTCOME_DONE;
        if (p.jobs[0].state == DRSTOR_JOB_FAILED)
            return DRSTOR_OUTCOME_REFUSED;
        (void)dr_sleep_until(t.env, dr_now_ns(t.env) + UINT64_C(200000000), NULL);
    }
    return r.outcome;
}

static void
ends(const struct dr_copy *c, struct dr_reply r, enum drstor_outcome wanted, const char *what)
{
    enum drstor_outcome got = end_of(c, r);
    if (got != wanted)
        wrong("%s: outcome %d instead of %d: %s", what, (int)got, (int)wanted,
              r.error ? r.error : "");
}

static const struct dr_copy_view *
see(const struct dr_copy *c, const char *group)
{
    const char **groups = dr_arena_alloc(t.arena, 1, sizeof(*groups));
    groups[0] = group;
    struct dr_reply r = ASK(c, .operation = DR_ARRAY_OP_OBSERVE, .groups = groups, .n_groups = 1);
    if (r.status < 0)
        wrong("%s cannot be observed: %s", group, r.error ? r.error : "");
    return r.status >= 0 && r.n_views == 1 ? &r.views[0] : NULL;
}

static bool
all_writable(const struct dr_copy_view *v)
{
    bool is = v && v->n_members && v->access == DRSTOR_ACCESS_READ_WRITE;
    for (size_t i = 0; is && i < v->n_members; i++)
        is = v->members[i].access == DRSTOR_ACCESS_READ_WRITE;
    return is;
}

static void
is_open(const struct dr_copy *c)
{
    if (!all_writable(see(c, c->id)))
        wrong("%s at %s is not writable in every member", c->id, c->array->name);
}

static void
is_closed(const struct dr_copy *c)
{
    const struct dr_copy_view *v = see(c, c->id);
    if (!v || !dr_view_closed(v))
        wrong("%s at %s is not closed in every member", c->id, c->array->name);
}

static struct dr_reply
access_set(const struct dr_copy *c, enum drstor_access wanted, bool planned)
{
    return ASK(c, .operation = DR_ARRAY_OP_SET_ACCESS, .access_wanted = wanted, .planned = planned);
}

/* ---- what is read ---------------------------------------------------------------------------- */

static void
discovered(void)
{
    const struct dr_copy *copies[] = {t.one, t.two};
    for (size_t i = 0; i < 2; i++) {
        struct dr_reply r = ASK(copies[i], .operation = DR_ARRAY_OP_DISCOVER);
        const struct dr_copy_view *seen = see(copies[i], copies[i]->id), *found = NULL;
        for (size_t k = 0; k < r.n_views; k++)
            if (strcmp(r.views[k].id, copies[i]->id) == 0)
                found = &r.views[k];
        if (!seen || !found || seen->n_members != found->n_members || seen->n_members == 0)
            wrong("%s is not discovered as it is observed", copies[i]->id);
    }
}

static void
left_out(void)
{
    struct dr_reply r = {0};
    const char **groups = dr_arena_alloc(t.arena, 2, sizeof(*groups));
    groups[0] = "no-such-group";
    groups[1] = t.one->id;
    r = ASK(t.one, .operation = DR_ARRAY_OP_OBSERVE, .groups = groups, .n_groups = 2);
    if (r.status < 0 || r.n_views != 1 || strcmp(r.views[0].id, t.one->id) != 0)
        wrong("%zu groups are told: %s", r.n_views, r.error ? r.error : "");
}

static void
members(void)
{
    const struct dr_copy_view *a = see(t.one, t.one->id), *b = see(t.two, t.two->id);
    for (size_t i = 0; a && i < a->n_members; i++) {
        const struct dr_member *m = &a->members[i], *other = NULL;
        for (size_t k = 0; b && k < b->n_members; k++)
            if (m->pair && strcmp(m->pair, b->members[k].id) == 0)
                other = &b->members[k];
        if (m->size <= 0 || !m->wwid)
            wrong("member %s has no size or no WWID", m->id);
        if (!other)
            wrong("member %s has no partner at %s", m->id, t.two->array->name);
        else if (other->size != m->size)
            wrong("member %s has another size than its partner", m->id);
    }
    if (!a || !b || a->n_members != b->n_members)
        wrong("the copies have different numbers of members");
}

static void
no_such_job(void)
{
    struct dr_reply r = ASK(t.one, .operation = DR_ARRAY_OP_POLL, .job = "no-such-job");
    if (r.status >= 0)
        wrong("a job that nobody began is told");
}

/* ---- what is refused ------------------------------------------------------------------------- */

static void
already_so(void)
{
    ends(t.one, access_set(t.one, DRSTOR_ACCESS_READ_WRITE, true), DRSTOR_OUTCOME_DONE,
         "writable again");
    ends(t.two, access_set(t.two, DRSTOR_ACCESS_READ_ONLY, true), DRSTOR_OUTCOME_DONE,
         "read-only again");
    is_open(t.one);
    is_closed(t.two);
}

static void
too_late(void)
{
    struct dr_reply r =
        ASK(t.one, .operation = DR_ARRAY_OP_SET_ACCESS, .access_wanted = DRSTOR_ACCESS_READ_ONLY,
            .planned = true, .deadline_ns = dr_now_ns(t.env) - 1);
    if (r.outcome != DRSTOR_OUTCOME_REFUSED)
        wrong("outcome %d", (int)r.outcome);
    is_open(t.one);
}

static void
second_writer(void)
{
    ends(t.two, access_set(t.two, DRSTOR_ACCESS_READ_WRITE, true), DRSTOR_OUTCOME_REFUSED,
         "planned, beside a writer");
    is_closed(t.two);
}

static void
without_proof(void)
{
    ends(t.two, access_set(t.two, DRSTOR_ACCESS_READ_WRITE, false), DRSTOR_OUTCOME_REFUSED,
         "not planned, without evidence");
    is_closed(t.two);
}

static void
stale(void)
{
    ends(t.one, ASK(t.one, .operation = DR_ARRAY_OP_TAG, .token = t.token + 2, .epoch = 3),
         DRSTOR_OUTCOME_DONE, "a higher token");
    ends(t.one,
         ASK(t.one, .operation = DR_ARRAY_OP_SET_ACCESS, .access_wanted = DRSTOR_ACCESS_READ_ONLY,
             .planned = true, .token = t.token + 1, .epoch = 3),
         DRSTOR_OUTCOME_REFUSED, "a lower token");
    is_open(t.one);
    t.token += 2;
}

static void
epoch_kept(void)
{
    const struct dr_copy *copies[] = {t.one, t.two};
    for (size_t i = 0; i < 2; i++) {
        ends(copies[i], ASK(copies[i], .operation = DR_ARRAY_OP_TAG, .epoch = 4),
             DRSTOR_OUTCOME_DONE, "the epoch");
        const struct dr_copy_view *v = see(copies[i], copies[i]->id);
        if (!v || v->epoch != 4)
            wrong("the epoch at %s is %lld", copies[i]->array->name, v ? (long long)v->epoch : -1);
        ends(copies[i], ASK(copies[i], .operation = DR_ARRAY_OP_TAG, .epoch = 2),
             DRSTOR_OUTCOME_REFUSED, "a lower epoch");
    }
}

/* Where both copies have one name, an array may see that it is not the target and do its other
 * part; what counts is that nothing is overwritten. */
static void
overwrites_no_writer(void)
{
    const struct dr_copy_view *before = see(t.one, t.one->id), *after;
    (void)end_of(t.one, ASK(t.one, .operation = DR_ARRAY_OP_RESYNC, .epoch = 4, .source = t.two->id,
                            .target = t.one->id, .expect = "another"));
    is_open(t.one);
    is_closed(t.two);
    after = see(t.one, t.one->id);
    if (!before || !after || after->relation != before->relation)
        wrong("it is another copy now");
}

/* ---- what is done ---------------------------------------------------------------------------- */

static size_t
paths_of(const struct dr_copy *c)
{
    const struct dr_copy_view *v = see(c, c->id);
    size_t n = 0;
    for (size_t i = 0; v && i < v->n_members; i++)
        n += v->members[i].n_paths;
    return n;
}

static void
shown(const struct dr_copy *c, bool wanted)
{
    struct dr_call call = {.operation = wanted ? DR_ARRAY_OP_EXPOSE : DR_ARRAY_OP_WITHDRAW,
                           .epoch = 4,
                           .host_groups = c->expose,
                           .n_host_groups = c->n_expose};
    size_t first = 0;
    for (int i = 0; i < 2; i++) {
        ends(c, ask(c, call), DRSTOR_OUTCOME_DONE, wanted ? "expose" : "withdraw");
        size_t n = paths_of(c);
        if ((n > 0) != wanted || (i && n != first))
            wrong("%zu ways to it after %s", n, wanted ? "expose" : "withdraw");
        first = n;
    }
}

static void
shown_and_not(void)
{
    bool before = paths_of(t.one) > 0;
    shown(t.one, false);
    shown(t.one, true);
    if (!before)
        shown(t.one, false);
}

static void
kept(void)
{
    for (int i = 0; i < 2; i++)
        ends(t.two, ASK(t.two, .operation = DR_ARRAY_OP_SNAPSHOT, .epoch = 4, .name = "contract-1"),
             DRSTOR_OUTCOME_DONE, "the snapshot");
}

static void
cloned(void)
{
    static const char name[] = "drstor-drill-contract-1";
    for (int i = 0; i < 2; i++)
        ends(t.two, ASK(t.two, .operation = DR_ARRAY_OP_TEST_START, .epoch = 4, .name = name),
             DRSTOR_OUTCOME_DONE, "the clone");
    if (!all_writable(see(t.two, name)))
        wrong("the clone is not there and writable");
    is_closed(t.two);
    for (int i = 0; i < 2; i++)
        ends(t.two, ASK(t.two, .operation = DR_ARRAY_OP_TEST_STOP, .epoch = 4, .name = name),
             DRSTOR_OUTCOME_DONE, "its end");
    if (see(t.two, name))
        wrong("something of the clone is left");
}

static void
flip(const struct dr_copy *from, const struct dr_copy *to)
{
    for (int i = 0; i < 2; i++)
        ends(from,
             ASK(from, .operation = DR_ARRAY_OP_SET_ACCESS, .epoch = 4,
                 .access_wanted = DRSTOR_ACCESS_READ_ONLY, .planned = true),
             DRSTOR_OUTCOME_DONE, "the demotion");
    is_closed(from);
    if (can(to, DR_ARRAY_OP_SYNC_ONCE))
        ends(to, ASK(to, .operation = DR_ARRAY_OP_SYNC_ONCE, .epoch = 4, .planned = true),
             DRSTOR_OUTCOME_DONE, "the final sync");
    const struct dr_copy_view *v = see(to, to->id);
    if (!v || v->sync != DRSTOR_SYNC_IN_SYNC)
        wrong("%s is not in sync after the demotion", to->array->name);
    for (int i = 0; i < 2; i++)
        ends(to,
             ASK(to, .operation = DR_ARRAY_OP_SET_ACCESS, .epoch = 4,
                 .access_wanted = DRSTOR_ACCESS_READ_WRITE, .planned = true),
             DRSTOR_OUTCOME_DONE, "the promotion");
    is_open(to);
    is_closed(from);
}

static void
follows(const struct dr_copy *source, const struct dr_copy *target)
{
    const struct dr_copy_view *v = see(target, target->id);
    ends(target,
         ASK(target, .operation = DR_ARRAY_OP_RESYNC, .epoch = 4, .planned = true,
             .source = source->id, .target = target->id, .expect = v ? v->generation : NULL),
         DRSTOR_OUTCOME_DONE, "the reversal");
    is_closed(target);
    is_open(source);
}

static void
there(void)
{
    t.shown = paths_of(t.one) > 0;
    if (t.shown)
        shown(t.one, false);
    flip(t.one, t.two);
    follows(t.two, t.one);
}

static void
back(void)
{
    flip(t.two, t.one);
    follows(t.one, t.two);
    if (t.shown)
        shown(t.one, true);
}

static const struct {
    enum dr_array_op needs;
    void (*run)(void);
    const char *promise;
} promises[] = {
    {DR_ARRAY_OP_DISCOVER, discovered, "what is observed is what is discovered"},
    {DR_ARRAY_OP_OBSERVE, left_out, "a group that does not exist is left out, and the others told"},
    {DR_ARRAY_OP_OBSERVE, members, "members have sizes, WWIDs and partners of the same size"},
    {DR_ARRAY_OP_POLL, no_such_job, "a job that nobody began is none"},
    {DR_ARRAY_OP_SET_ACCESS, already_so, "what is so already is done, and stays so"},
    {DR_ARRAY_OP_SET_ACCESS, too_late, "after its deadline nothing is sent"},
    {DR_ARRAY_OP_SET_ACCESS, second_writer, "nobody becomes writable beside a writer"},
    {DR_ARRAY_OP_SET_ACCESS, without_proof, "nobody is taken over without evidence"},
    {DR_ARRAY_OP_TAG, stale, "a token below one that was seen changes nothing"},
    {DR_ARRAY_OP_TAG, epoch_kept, "an epoch is kept and told, and a lower one refused"},
    {DR_ARRAY_OP_RESYNC, overwrites_no_writer, "a writable copy is not overwritten"},
    {DR_ARRAY_OP_EXPOSE, shown_and_not,
     "hosts see it after expose and not after withdraw, twice as once"},
    {DR_ARRAY_OP_SNAPSHOT, kept, "a snapshot that is there is done"},
    {DR_ARRAY_OP_TEST_START, cloned,
     "a clone is writable beside the copy, and goes without a trace"},
    {DR_ARRAY_OP_SET_ACCESS, there,
     "a flip is read back at every member, and the other copy follows"},
    {DR_ARRAY_OP_SET_ACCESS, back, "and back"},
};

static bool
begin(const struct dr_model *m, const char *group, const char *site)
{
    for (size_t i = 0; i < m->n_groups; i++) {
        const struct dr_group *g = &m->groups[i];
        if (strcmp(g->name, group) != 0 || g->n_copies != 2)
            continue;
        bool first = strcmp(g->copies[0].site->name, site) == 0;
        t.one = &g->copies[first ? 0 : 1];
        t.two = &g->copies[first ? 1 : 0];
        return first || strcmp(g->copies[1].site->name, site) == 0;
    }
    return false;
}

int
main(int argc, char **argv)
{
    struct dr_model *m = NULL;
    dr_auto(dr_error_freep) struct drstor_error *err = NULL;
    if (argc != 4 || dr_config_load(argv[1], &m, &err) < 0) {
        (void)fprintf(stderr, "contract: %s\n",
                      err ? dr_error_message(err) : "contract CONFIG GROUP PRIMARY");
        return 2;
    }
    if (!begin(m, argv[2], argv[3])) {
        (void)fprintf(stderr, "contract: there is no group %s with a copy at %s and one more\n",
                      argv[2], argv[3]);
        return 2;
    }
    t.env = dr_env_real();
    t.arena = dr_arena_new();
    struct dr_contact *contact = dr_contact_new(t.env);
    t.ends = dr_endpoints_new(t.env, m, contact, false, "contract");
    t.token = 1;
    for (size_t i = 0; i < sizeof(promises) / sizeof(promises[0]); i++) {
        if (!can(t.one, promises[i].needs)) {
            printf("-- %s: not of this array\n", promises[i].promise);
            continue;
        }
        t.failed = false;
        promises[i].run();
        t.total++;
        t.good += !t.failed;
        printf("%s %s\n", t.failed ? "not ok" : "ok", promises[i].promise);
        (void)fflush(stdout);
    }
    printf("figure contract_%s %u of %u\n",
           plugin_of(t.one) ? dr_plugin_info(plugin_of(t.one))->name : "none", t.good, t.total);
    dr_endpoints_free(t.ends);
    dr_contact_free(contact);
    dr_arena_free(t.arena);
    dr_config_free(m);
    return t.good == t.total && t.total ? 0 : 1;
}
