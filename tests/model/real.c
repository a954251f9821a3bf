/*
 * drstor's own decisions, asked with drstor's own structs: the predicates of the table
 * (dr_require_missing()), the planner with all its guards (dr_plan_make()), the weighing of
 * evidence (dr_evidence_weigh(), dr_evidence_counts()) and of loss (dr_loss_estimate(),
 * dr_loss_destroyed()). Here a state is only put into their words.
 *
 * Time: write number I was made WRITE_S seconds after the one before it, and a write that nobody
 * was asked about is later than any bound that was agreed to.
 */
#include "checker.h"

#include "plan/evidence.h"
#include "plan/held.h"
#include "plan/loss.h"
#include "plan/planner.h"
#include "plan/require.h"

#include "base/str.h"

#include <stdlib.h>
#include <string.h>

enum { BEGAN = 1000000, WRITE_S = 200, LOOK_S = 50, SILENT_S = 10, OLD_S = 1000, BOUND_S = 60 };
enum { BOUND_UNKNOWN = 15 };

static const char *const site_names[SITES] = {"milan", "rome"};
static const char *const run_names[RUNS] = {"r1", "r2"};
static const char *const generations[ALL_WRITES + 1] = {"g0", "g1", "g2", "g3",
                                                        "g4", "g5", "g6", "g7"};
static const char *hosts[] = {"cluster"};
static const char *capabilities[] = {
    "set_access", "force_access", "sync_once", "resync", "suspend", "resume",   "expose",
    "snapshot",   "test_start",   "test_stop", "jobs",   "poll",    "withdraw", "tag"};

static struct dr_engine engines[SITES];
static struct dr_site sites[SITES];
static struct dr_array arrays[SITES];
static struct dr_copy copies[SITES];
static struct dr_group group;
static struct dr_model model;
static struct dr_plan_array plan_arrays[SITES];

/* ---- what was planned before, so that it is planned once ------------------------------------- */

struct plan_key {
    struct rec rec;
    struct site site[SITES];
    uint8_t tag[SITES];
    uint8_t n, flags, open, op;
};

struct plan_row {
    struct plan_key key;
    bool used;
    struct real_plan plan;
};

static struct plan_row *rows;
static size_t n_rows, size_rows;
static uint16_t after[DR_OPERATION_GUARD + 1][STEPS_MOST];

void
real_setup(void)
{
    for (size_t i = 0; i < SITES; i++) {
        engines[i] = (struct dr_engine){.name = site_names[i]};
        sites[i] = (struct dr_site){.name = site_names[i], .engine = &engines[i]};
        arrays[i] = (struct dr_array){.name = site_names[i], .plugin = "model", .site = &sites[i]};
        copies[i] = (struct dr_copy){.site = &sites[i],
                                     .array = &arrays[i],
                                     .id = "erp",
                                     .expose = hosts,
                                     .n_expose = DR_COUNT(hosts)};
        plan_arrays[i] =
            (struct dr_plan_array){.name = site_names[i],
                                   .capabilities = capabilities,
                                   .n_capabilities = DR_COUNT(capabilities) - (scene->no_hiding ? 2
                                                                               : scene->tags    ? 0
                                                                                             : 1)};
    }
    group = (struct dr_group){.name = "erp",
                              .mode = scene->sync ? DR_MODE_SYNC : DR_MODE_ASYNC,
                              .topology = scene->mutual ? DR_TOPOLOGY_ACTIVE_ACTIVE
                                                        : DR_TOPOLOGY_ACTIVE_PASSIVE,
                              .on_error = DR_ON_ERROR_CONTINUE,
                              .rpo_s = -1,
                              .rto_s = -1,
                              .drill_every_s = -1,
                              .loss_max_s = -1,
                              .loss_max_bytes = -1,
                              .copies = copies,
                              .n_copies = SITES};
    model = (struct dr_model){.controller_name = "here",
                              .assert_min_s = SILENT_S,
                              .verify_max_age_s = 300,
                              .consent_valid_s = 600,
                              .waive_fence = DR_WAIVE_ONE,
                              .observe_timeout_s = 10,
                              .engines = engines,
                              .n_engines = SITES,
                              .sites = sites,
                              .n_sites = SITES,
                              .arrays = arrays,
                              .n_arrays = SITES,
                              .groups = &group,
                              .n_groups = 1};
    free(rows);
    rows = NULL;
    n_rows = size_rows = 0;
}

/* ---- copies ---------------------------------------------------------------------------------- */

struct seen {
    struct dr_copy_view view;
    struct dr_member members[2];
    struct dr_path path;
};

static unsigned
top(unsigned data)
{
    return data ? 32u - (unsigned)__builtin_clz(data) : 0;
}

static int64_t
point_of(unsigned data)
{
    return BEGAN + WRITE_S * (int64_t)top(data);
}

static bool
live(const struct state *s)
{
    return s->link && s->site[0].up && s->site[1].up;
}

static enum drstor_sync
sync_of_follower(const struct state *s, unsigned i)
{
    unsigned from = !i;
    if (!world_flows(s, i))
        return s->paused ? DRSTOR_SYNC_PAUSED : DRSTOR_SYNC_BROKEN;
    if (s->copying)
        return DRSTOR_SYNC_SYNCING;
    bool missing = (s->site[from].data & ~(unsigned)s->site[i].data) != 0;
    if (scene->sync)
        return missing ? DRSTOR_SYNC_SYNCING : DRSTOR_SYNC_IN_SYNC;
    missing &= !scene->idle_is_sync;
    return missing || s->site[from].acc != CLOSED ? DRSTOR_SYNC_LAGGING : DRSTOR_SYNC_IN_SYNC;
}

unsigned
real_sync(const struct state *s, unsigned i)
{
    const struct site *x = &s->site[i], *o = &s->site[!i];
    if (x->rel == DRSTOR_RELATION_DESTINATION)
        return sync_of_follower(s, i);
    if (x->rel == DRSTOR_RELATION_MUTUAL)
        return x->leg == DRSTOR_LEG_JOINED ? DRSTOR_SYNC_IN_SYNC : DRSTOR_SYNC_BROKEN;
    if (live(s) && (x->data & ~(unsigned)o->data) && (o->data & ~(unsigned)x->data))
        return DRSTOR_SYNC_DIVERGED;
    if (x->rel == DRSTOR_RELATION_SOURCE && o->rel == DRSTOR_RELATION_DESTINATION)
        return sync_of_follower(s, !i);
    return DRSTOR_SYNC_BROKEN;
}

static void
see(const struct state *s, unsigned i, struct seen *to)
{
    const struct site *x = &s->site[i];
    enum drstor_access closed = x->leg == DRSTOR_LEG_DETACHED || x->leg == DRSTOR_LEG_SUSPENDED
                                    ? DRSTOR_ACCESS_NONE
                                    : DRSTOR_ACCESS_READ_ONLY;
    bool torn = s->copying && x->rel == DRSTOR_RELATION_DESTINATION;
    to->path = (struct dr_path){.host_group = hosts[0], .protocol = "fcp", .lun = 1};
    for (size_t m = 0; m < DR_COUNT(to->members); m++) {
        bool open = x->acc == OPEN || (x->acc == PART && m == 0);
        to->members[m] = (struct dr_member){.id = m ? "b" : "a",
                                            .pair = m ? "b" : "a",
                                            .wwid = m ? "wb" : "wa",
                                            .access = open ? DRSTOR_ACCESS_READ_WRITE : closed,
                                            .size = 1,
                                            .paths = x->exp ? &to->path : NULL,
                                            .n_paths = x->exp};
    }
    to->view = (struct dr_copy_view){.id = "erp",
                                     .access = x->acc == OPEN   ? DRSTOR_ACCESS_READ_WRITE
                                               : x->acc == PART ? DRSTOR_ACCESS_UNKNOWN
                                                                : closed,
                                     .sync = (enum drstor_sync)real_sync(s, i),
                                     .relation = (enum drstor_relation)x->rel,
                                     .stops_when_alone = DRSTOR_TRI_NO,
                                     .peer_seen = live(s) ? DRSTOR_TRI_YES : DRSTOR_TRI_NO,
                                     .leg = (enum drstor_leg)x->leg,
                                     .generation = generations[x->data],
                                     .point = torn ? -1 : point_of(x->data),
                                     .lag_s = -1,
                                     .lag_bytes = -1,
                                     .progress_permille = -1,
                                     .peer_seen_at = -1,
                                     .epoch = scene->tags ? s->tag[i] : -1,
                                     .members = to->members,
                                     .n_members = DR_COUNT(to->members)};
    if (world_flows(s, i) && !scene->idle_is_sync)
        to->view.lag_bytes = __builtin_popcount(s->site[!i].data & ~(unsigned)x->data);
}

bool
real_keeps_up(const struct state *s, unsigned i)
{
    struct seen x;
    see(s, i, &x);
    return dr_view_keeps_up(&x.view);
}

/* ---- the record ------------------------------------------------------------------------------ */

struct kept {
    struct dr_record record;
    struct dr_evidence evidence;
    struct dr_member members[2];
    const char *hold[SITES];
};

static int64_t
now_of(const struct state *s)
{
    return BEGAN + WRITE_S * (int64_t)s->n + LOOK_S;
}

static struct dr_stamp
stamp(int64_t utc)
{
    return (struct dr_stamp){.utc = utc, .boot_ns = utc * 1000000000, .boot = "b"};
}

static const char *
run_name(unsigned plus_one)
{
    return plus_one ? run_names[plus_one - 1] : NULL;
}

static void
proof(const struct state *s, unsigned kind, unsigned run, unsigned site, unsigned epoch, bool old,
      struct dr_evidence *e)
{
    int64_t now = now_of(s);
    bool silent = kind == DRSTOR_EVIDENCE_E6_DECLARED;
    *e = (struct dr_evidence){.kind = (enum drstor_evidence_kind)kind,
                              .group = "erp",
                              .site = site_names[site],
                              .array = site_names[site],
                              .run = run_names[run],
                              .by = "anna",
                              .detail = "",
                              .epoch = (int64_t)epoch,
                              .at = stamp(old ? now - OLD_S : now),
                              .silent_since = silent ? stamp(now - LOOK_S + SILENT_S)
                                                     : (struct dr_stamp){-1, -1, NULL}};
}

static void
record(const struct state *s, struct kept *to)
{
    const struct rec *r = &s->rec;
    struct dr_record *x = &to->record;
    memset(to, 0, sizeof(*to));
    for (size_t m = 0; m < DR_COUNT(to->members); m++)
        to->members[m] = (struct dr_member){.id = m ? "b" : "a", .pair = m ? "b" : "a"};
    x->schema = "1.0";
    x->group = "erp";
    x->epoch = (int64_t)r->epoch;
    x->primary = site_names[r->primary];
    x->phase = (enum dr_phase)r->phase;
    x->op.id = run_name(r->op);
    x->members = to->members;
    x->n_members = DR_COUNT(to->members);
    x->old_copy = r->stale ? DR_OLD_COPY_STALE : DR_OLD_COPY_NONE;
    x->left = (struct dr_left){.epoch = r->left ? (int64_t)r->epoch : 0,
                               .since = r->left ? BEGAN + WRITE_S * (int64_t)r->left_since : -1,
                               .seconds = r->left_zero ? 0 : -1,
                               .bytes = -1,
                               .generation = r->left_gen_known ? generations[r->left_gen] : NULL,
                               .untaken = r->untaken};
    x->exposed_since = r->exposed ? BEGAN : -1;
    x->drill.started = -1;
    if (r->drill)
        x->drill = (struct dr_drill){.name = "clone",
                                     .site = site_names[r->drill_site],
                                     .run = run_name(r->drill),
                                     .started = BEGAN};
    for (unsigned i = 0; i < SITES; i++)
        if (r->hold & (1u << i))
            to->hold[x->n_site_hold++] = site_names[i];
    x->site_hold = to->hold;
    if (r->ev) {
        proof(s, r->ev, r->ev_run ? r->ev_run - 1u : 0, r->ev_site, r->ev_epoch, r->ev_old,
              &to->evidence);
        x->evidence = &to->evidence;
        x->n_evidence = 1;
    }
}

static void
flip_of(const struct run *r, struct dr_plan_group *to)
{
    *to = (struct dr_plan_group){.name = "erp",
                                 .from = site_names[r->old],
                                 .to = site_names[r->to],
                                 .primary = site_names[r->primary],
                                 .operation = (enum dr_operation)r->op,
                                 .epoch = (int64_t)r->epoch,
                                 .point_at = -1};
}

bool
real_committed(const struct state *s, unsigned run)
{
    struct kept k;
    const struct run *r = &s->runs[run];
    record(s, &k);
    return dr_record_committed_by(&k.record, run_names[run], site_names[r->to], (int64_t)r->epoch);
}

bool
real_settled(const struct state *s, unsigned run)
{
    struct kept k;
    record(s, &k);
    return dr_record_settled_by(&k.record, run_names[run]);
}

bool
real_holds(const struct state *s, unsigned run)
{
    const struct run *r = &s->runs[run];
    if (real_settled(s, run))
        return false;
    bool over = false;
    for (unsigned k = 0; k < STEPS_MOST && record_rests(&s->rec); k++)
        if (r->steps & r->done & (1u << k))
            over |=
                step_row(r, k)->kind == DR_STEP_COMMIT || step_row(r, k)->kind == DR_STEP_SETTLE;
    return !over;
}

bool
real_held(const struct state *s, unsigned site, bool *ret_stale)
{
    struct kept k;
    struct seen x;
    record(s, &k);
    *ret_stale = false;
    if (!world_sees(s, site))
        return false;
    see(s, site, &x);
    const struct dr_plan_record r = {.group = "erp", .present = true, .record = k.record};
    enum dr_held held = dr_held_judge(&group, site_names[site], &r, &x.view);
    *ret_stale = dr_held_old_copy(&k.record, &x.view) != DR_OLD_COPY_NONE;
    return held == DR_HELD_OPEN || held == DR_HELD_SHOWN;
}

/* ---- facts ----------------------------------------------------------------------------------- */

struct known {
    struct dr_facts facts;
    struct dr_copy_facts copies[SITES];
    struct dr_endpoint_facts endpoints[2 * SITES];
    struct dr_engine_facts engines[SITES];
    struct dr_inv_host host[SITES];
    struct dr_inv_domain domain[SITES];
    struct dr_inv_vm vm[SITES];
    struct seen seen[SITES];
};

static const char *wwids[] = {"wa", "wb"};
static const char *domain_ids[] = {"d"};

static void
endpoint(const struct state *s, unsigned i, enum dr_endpoint_kind kind, struct dr_endpoint_facts *e)
{
    bool answers = world_sees(s, i);
    const struct dr_stamp never = {-1, -1, NULL};
    *e = (struct dr_endpoint_facts){.kind = kind,
                                    .name = site_names[i],
                                    .site = site_names[i],
                                    .answers = answers,
                                    .asked = true,
                                    .error = answers ? NULL : "no answer",
                                    .last_answer = answers ? stamp(now_of(s)) : never,
                                    .silent_since =
                                        answers ? never : stamp(now_of(s) - LOOK_S + SILENT_S)};
}

static void
know(const struct state *s, struct known *k)
{
    memset(k, 0, sizeof(*k));
    k->facts.now = stamp(now_of(s));
    k->facts.endpoints = k->endpoints;
    k->facts.copies = k->copies;
    k->facts.engines = k->engines;
    for (unsigned i = 0; i < SITES; i++) {
        endpoint(s, i, DR_ENDPOINT_ARRAY, &k->endpoints[k->facts.n_endpoints++]);
        endpoint(s, i, DR_ENDPOINT_ENGINE, &k->endpoints[k->facts.n_endpoints++]);
        if (!world_sees(s, i))
            continue;
        see(s, i, &k->seen[i]);
        k->copies[k->facts.n_copies++] = (struct dr_copy_facts){.group = "erp",
                                                                .site = site_names[i],
                                                                .array = site_names[i],
                                                                .seen = k->facts.now,
                                                                .fresh = true,
                                                                .view = k->seen[i].view,
                                                                .points_seen = {-1, -1, NULL}};
        k->host[i] = (struct dr_inv_host){.id = "h", .name = "h", .status = "up"};
        k->domain[i] =
            (struct dr_inv_domain){.id = domain_ids[0],
                                   .name = "data",
                                   .status = s->site[i].vms ? DR_SD_ACTIVE : DR_SD_MAINTENANCE,
                                   .wwids = wwids,
                                   .n_wwids = DR_COUNT(wwids)};
        k->vm[i] = (struct dr_inv_vm){.id = "v",
                                      .name = "v",
                                      .status = s->site[i].vms ? DR_VM_UP : DR_VM_DOWN,
                                      .domains = domain_ids,
                                      .n_domains = 1};
        k->engines[k->facts.n_engines++] =
            (struct dr_engine_facts){.site = site_names[i],
                                     .seen = k->facts.now,
                                     .fresh = true,
                                     .inventory = {.site = site_names[i],
                                                   .hosts = &k->host[i],
                                                   .n_hosts = 1,
                                                   .domains = &k->domain[i],
                                                   .n_domains = 1,
                                                   .vms = &k->vm[i],
                                                   .n_vms = 1}};
    }
}

/* ---- what a step needs ----------------------------------------------------------------------- */

static const struct dr_accept_loss *
accepted(unsigned code)
{
    static struct dr_accept_loss a;
    a = (struct dr_accept_loss){.seconds =
                                    code && code != BOUND_UNKNOWN ? (int64_t)code * BOUND_S : -1,
                                .bytes = -1,
                                .unknown = code == BOUND_UNKNOWN};
    return &a;
}

static bool
step_done(const struct run *r, enum dr_step_kind kind)
{
    for (unsigned k = 0; k < STEPS_MOST; k++)
        if ((r->steps & (1u << k)) && step_row(r, k)->kind == kind)
            return (r->done & (1u << k)) != 0;
    return false;
}

static void
weigh(struct dr_arena *a, const struct state *s, unsigned run, struct kept *k, struct known *f,
      struct dr_loss *ret)
{
    const struct run *r = &s->runs[run];
    know(s, f);
    if (r->op == DR_OPERATION_REPROTECT) {
        dr_loss_destroyed(a, &group, &copies[r->old], &copies[r->to], &k->record, &f->facts, ret);
        return;
    }
    /* From the fence on the old copy is not asked again: what it is, the evidence says. */
    for (size_t i = 0; i < f->facts.n_copies; i++)
        f->copies[i].fresh = dr_streq(f->copies[i].site, site_names[r->to]);
    const struct dr_loss_case c = {.group = &group,
                                   .old = &copies[r->old],
                                   .target = &copies[r->to],
                                   .record = &k->record,
                                   .facts = &f->facts,
                                   .evidence = k->record.n_evidence ? k->record.evidence : NULL};
    dr_loss_estimate(a, &c, ret);
}

void
real_loss(const struct state *s, unsigned run, struct real_loss *ret)
{
    dr_auto(dr_arena_freep) struct dr_arena *a = dr_arena_new();
    struct kept k;
    struct known f;
    struct dr_loss loss;
    record(s, &k);
    weigh(a, s, run, &k, &f, &loss);
    ret->proven = loss.proven_zero;
    ret->covered = dr_loss_covered(&loss, accepted(s->runs[run].accepts));
}

/* As needs.c of core/run reads it: the old copy is looked at where something depends on it. */
unsigned
real_missing(const struct state *s, unsigned run, unsigned needs, bool weighs)
{
    enum {
        OF_OLD = DR_REQUIRE_OLD_REACHABLE | DR_REQUIRE_OLD_NOT_WRITABLE | DR_REQUIRE_SYNCED_AFTER |
                 DR_REQUIRE_OLD_WITHDRAWN | DR_REQUIRE_FOLLOWS,
        OF_TARGET = DR_REQUIRE_TARGET_REACHABLE | DR_REQUIRE_RELATION_HEALTHY |
                    DR_REQUIRE_SYNCED_AFTER | DR_REQUIRE_TARGET_WRITABLE | DR_REQUIRE_EXPOSED |
                    DR_REQUIRE_CONSISTENT
    };
    const struct run *r = &s->runs[run];
    struct dr_arena *a = NULL;
    struct kept k;
    struct known f;
    struct seen old, target;
    struct dr_plan_group flip;
    struct dr_evidence made;
    struct dr_loss loss;
    bool there = r->op == DR_OPERATION_SWITCHOVER || (r->op == DR_OPERATION_SERVE && !r->unplanned);
    bool sees_old = world_sees(s, r->old), sees_target = world_sees(s, r->to);
    if (((needs & OF_OLD) && !sees_old) || ((needs & OF_TARGET) && !sees_target))
        return needs & (OF_OLD | OF_TARGET);
    record(s, &k);
    flip_of(r, &flip);
    struct dr_require_case c = {.group = &group,
                                .record = &k.record,
                                .run = run_names[run],
                                .plan = &flip,
                                .transferred = scene->sync || step_done(r, DR_STEP_FINALSYNC),
                                .kept = step_done(r, DR_STEP_SNAPSHOT),
                                .vms_at_old = scene->storage_only   ? DRSTOR_TRI_NO
                                              : !sees_old           ? DRSTOR_TRI_UNKNOWN
                                              : s->site[r->old].vms ? DRSTOR_TRI_YES
                                                                    : DRSTOR_TRI_NO,
                                .attached_at_old = scene->storage_only   ? DRSTOR_TRI_NO
                                                   : !sees_old           ? DRSTOR_TRI_UNKNOWN
                                                   : s->site[r->old].att ? DRSTOR_TRI_YES
                                                                         : DRSTOR_TRI_NO};
    if ((needs & OF_OLD) || (there && (needs & DR_REQUIRE_EVIDENCE) && sees_old)) {
        see(s, r->old, &old);
        c.old = &old.view;
    }
    if (needs & OF_TARGET) {
        see(s, r->to, &target);
        c.target = &target.view;
    }
    if (weighs && r->op == DR_OPERATION_SWITCHOVER) {
        proof(s, DRSTOR_EVIDENCE_E1_READ_BACK, run, r->old, (unsigned)r->epoch, false, &made);
        c.evidence = &made;
    }
    if (weighs && (needs & (DR_REQUIRE_LOSS_COVERED | DR_REQUIRE_OLD_KEPT))) {
        a = dr_arena_new();
        weigh(a, s, run, &k, &f, &loss);
        c.loss = &loss;
        c.accepted = accepted((unsigned)r->accepts);
    }
    unsigned missing = dr_require_missing(needs, &c);
    dr_arena_free(a);
    return missing;
}

/* ---- evidence -------------------------------------------------------------------------------- */

static void
goal_of(unsigned op, unsigned to, bool unplanned, const struct dr_declaration *lost,
        struct dr_goal *g)
{
    static const char *names[] = {"erp"};
    static const enum dr_verb verbs[] = {[DR_OPERATION_SWITCHOVER] = DR_VERB_PROMOTE,
                                         [DR_OPERATION_PROMOTE] = DR_VERB_PROMOTE,
                                         [DR_OPERATION_SERVE] = DR_VERB_PROMOTE,
                                         [DR_OPERATION_SURVIVOR] = DR_VERB_PROMOTE,
                                         [DR_OPERATION_DEMOTE] = DR_VERB_DEMOTE,
                                         [DR_OPERATION_REPROTECT] = DR_VERB_REPROTECT,
                                         [DR_OPERATION_SUSPEND] = DR_VERB_SUSPEND,
                                         [DR_OPERATION_RESUME] = DR_VERB_RESUME,
                                         [DR_OPERATION_SYNC] = DR_VERB_SYNC,
                                         [DR_OPERATION_DRILL_START] = DR_VERB_DRILL_START,
                                         [DR_OPERATION_DRILL_PROMOTE] = DR_VERB_DRILL_PROMOTE,
                                         [DR_OPERATION_DRILL_CLEAN] = DR_VERB_DRILL_CLEAN,
                                         [DR_OPERATION_GUARD] = DR_VERB_GUARD};
    *g = (struct dr_goal){.verb = verbs[op],
                          .groups = names,
                          .n_groups = 1,
                          .within_s = -1,
                          .unplanned = unplanned,
                          .storage_only = scene->storage_only,
                          .accept_loss = {.seconds = -1, .bytes = -1},
                          .reason = "fire"};
    if (g->verb == DR_VERB_PROMOTE)
        g->to = site_names[to];
    if (g->verb == DR_VERB_DEMOTE || g->verb == DR_VERB_GUARD)
        g->at = site_names[to];
    if (lost->kind) {
        g->declare = (struct dr_declaration *)(uintptr_t)lost;
        g->n_declare = 1;
    }
}

unsigned
real_fence(const struct state *s, unsigned run, const struct thread *t, unsigned *ret_kind)
{
    dr_auto(dr_arena_freep) struct dr_arena *a = dr_arena_new();
    const struct run *r = &s->runs[run];
    const struct dr_declaration lost = {r->lost ? DR_DECLARED_SITE_LOST : DR_DECLARED_UNKNOWN,
                                        site_names[r->old]};
    struct dr_goal goal;
    struct kept k;
    struct known f;
    struct dr_fence fence;
    goal_of(r->op, r->to, r->unplanned, &lost, &goal);
    record(s, &k);
    know(s, &f);
    const struct dr_fence_tried tried = {.demoted = t->dem == 1,
                                         .withdrawn = t->wd == 1,
                                         .settled = t->settled,
                                         .not_demoted = t->dem == 2 ? "no" : NULL,
                                         .not_withdrawn = t->wd == 2 ? "no" : NULL};
    const struct dr_fence_case c = {.model = &model,
                                    .group = &group,
                                    .old = &copies[r->old],
                                    .target = &copies[r->to],
                                    .goal = &goal,
                                    .record = &k.record,
                                    .facts = &f.facts,
                                    .person = "anna",
                                    .can_withdraw = !scene->no_hiding,
                                    .tried = &tried};
    dr_evidence_weigh(a, &c, &fence);
    *ret_kind = (unsigned)fence.evidence.kind;
    return (unsigned)fence.verdict;
}

bool
real_evidence_counts(const struct state *s, unsigned run)
{
    static const struct dr_evidence none;
    dr_auto(dr_arena_freep) struct dr_arena *a = dr_arena_new();
    const struct run *r = &s->runs[run];
    struct kept k;
    struct dr_refusal refusal;
    record(s, &k);
    if (!guard_on(G_EVIDENCE_AGE) && k.record.n_evidence)
        k.evidence.at = stamp(now_of(s));
    const struct dr_stamp now = stamp(now_of(s));
    return dr_evidence_counts(a, k.record.n_evidence ? &k.evidence : &none, "erp",
                              site_names[r->old], run_names[run], (int64_t)r->epoch, &now,
                              &refusal);
}

/* ---- plans ----------------------------------------------------------------------------------- */

static unsigned
step_index(const struct dr_table_row *row, enum dr_step_kind kind)
{
    for (unsigned i = 0; i < row->n_steps; i++)
        if (row->steps[i].kind == kind)
            return i;
    return 0;
}

/* What somebody who was shown the loss agrees to: all of it, and no more. */
static unsigned
agreed_to(struct dr_arena *a, const struct dr_plan *p)
{
    const struct dr_loss *l = &p->loss;
    if (p->n_losses == 0 || l->proven_zero || !l->needs_consent)
        return 0;
    const char *bound = dr_loss_bound(a, p);
    if (scene->accepts_all || dr_streq(bound, "unknown"))
        return BOUND_UNKNOWN;
    long seconds = strtol(bound, NULL, 10);
    long code = (seconds + BOUND_S - 1) / BOUND_S;
    return code < BOUND_UNKNOWN ? (unsigned)code : BOUND_UNKNOWN - 1;
}

static void
plan_now(const struct state *s, enum dr_operation op, unsigned to, bool lost, const char *open,
         struct real_plan *ret)
{
    dr_auto(dr_arena_freep) struct dr_arena *a = dr_arena_new();
    const struct dr_declaration declared = {lost ? DR_DECLARED_SITE_LOST : DR_DECLARED_UNKNOWN,
                                            site_names[!to]};
    bool unplanned = op == DR_OPERATION_PROMOTE || op == DR_OPERATION_SURVIVOR ||
                     (op == DR_OPERATION_SERVE && lost);
    struct dr_goal goal;
    struct kept k;
    struct known f;
    struct dr_plan plan;
    goal_of(op, to, unplanned, &declared, &goal);
    record(s, &k);
    know(s, &f);
    const struct dr_plan_record rec = {
        .group = "erp", .present = true, .open_run = open, .record = k.record};
    const struct dr_plan_input in = {.model = &model,
                                     .facts = &f.facts,
                                     .arrays = plan_arrays,
                                     .n_arrays = SITES,
                                     .records = &rec,
                                     .n_records = 1,
                                     .goal = &goal,
                                     .person = "anna"};
    memset(ret, 0, sizeof(*ret));
    dr_plan_make(a, &in, &plan);
    if (plan.n_flips != 1 || plan.flips[0].operation != op)
        return;
    const struct dr_table_row *row = dr_table_find(op);
    ret->nothing = plan.flips[0].nothing_to_do;
    ret->good = plan.n_refusals == 0 && !ret->nothing;
    if (plan.n_refusals)
        (void)snprintf(ret->refusal, sizeof(ret->refusal), "%s", plan.refusals[0].id);
    if (!ret->good)
        return;
    ret->epoch = (uint8_t)plan.flips[0].epoch;
    ret->primary = (uint8_t)s->rec.primary;
    ret->old = dr_streq(plan.flips[0].from, site_names[1]);
    ret->to = dr_streq(plan.flips[0].to, site_names[1]);
    ret->accepts = (uint8_t)agreed_to(a, &plan);
    for (size_t i = 0; i < plan.n_steps; i++) {
        unsigned at = step_index(row, plan.steps[i].kind);
        ret->steps = (uint16_t)(ret->steps | 1u << at);
        for (size_t j = 0; j < plan.steps[i].n_needs; j++) {
            const struct dr_plan_step *on = dr_plan_step_find(&plan, plan.steps[i].needs[j]);
            after[op][at] = (uint16_t)(after[op][at] | 1u << step_index(row, on->kind));
        }
    }
}

unsigned
real_after(enum dr_operation op, unsigned k)
{
    return after[op][k];
}

static size_t
slot_of(const struct plan_key *key)
{
    uint64_t h = 1469598103934665603u;
    for (size_t i = 0; i < sizeof(*key); i++)
        h = (h ^ ((const unsigned char *)key)[i]) * 1099511628211u;
    size_t at = (size_t)(h ^ h >> 29) & (size_rows - 1);
    while (rows[at].used && memcmp(&rows[at].key, key, sizeof(*key)) != 0)
        at = (at + 1) & (size_rows - 1);
    return at;
}

static void
rows_grow(void)
{
    struct plan_row *old = rows;
    size_t n = size_rows;
    size_rows = n ? n * 2 : 1 << 12;
    rows = dr_alloc0(size_rows, sizeof(*rows));
    for (size_t i = 0; i < n; i++)
        if (old[i].used)
            rows[slot_of(&old[i].key)] = old[i];
    free(old);
}

void
real_plan(const struct state *s, enum dr_operation op, unsigned to, bool lost,
          struct real_plan *ret)
{
    struct plan_key key;
    unsigned open = 0;
    for (unsigned r = 0; r < RUNS; r++)
        if (s->runs[r].state == RUN_OPEN && real_holds(s, r) && s->runs[r].op != DR_OPERATION_GUARD)
            open = r + 1;
    memset(&key, 0, sizeof(key));
    key.rec = s->rec;
    memcpy(key.site, s->site, sizeof(key.site));
    memcpy(key.tag, s->tag, sizeof(key.tag));
    key.n = (uint8_t)s->n;
    key.flags =
        (uint8_t)(s->link | s->paused << 1 | s->copying << 2 | s->clone << 3 | (lost ? 1 << 5 : 0));
    key.open = (uint8_t)(open | to << 4);
    key.op = (uint8_t)op;
    if ((n_rows + 1) * 2 > size_rows)
        rows_grow();
    struct plan_row *row = &rows[slot_of(&key)];
    if (!row->used) {
        row->used = true;
        row->key = key;
        n_rows++;
        plan_now(s, op, to, lost, run_name(open), &row->plan);
    }
    *ret = row->plan;
}
