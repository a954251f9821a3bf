/*
 * The state at hand, put into drstor's own words: its model, what its arrays and engines show, the
 * record, facts. Nothing is decided here.
 */
#include "real.h"

#include "plan/held.h"
#include "plan/loss.h"

#include "base/str.h"

#include <string.h>

const char *const real_sites[SITES] = {"milan", "rome"};
const char *const real_runs[RUNS] = {"r1", "r2"};
static const char *const generations[ALL_WRITES + 1] = {"g0", "g1", "g2", "g3",
                                                        "g4", "g5", "g6", "g7"};
static const char *hosts[] = {"cluster"};
static const char *capabilities[] = {
    "set_access", "force_access", "sync_once", "resync", "suspend", "resume",   "expose",
    "snapshot",   "test_start",   "test_stop", "jobs",   "poll",    "withdraw", "tag"};

static struct dr_engine engines[SITES];
static struct dr_site sites[SITES];
static struct dr_array arrays[SITES];
struct dr_copy real_copies[SITES];
struct dr_group real_group;
struct dr_model real_model;
struct dr_plan_array real_arrays[SITES];

void
real_setup(void)
{
    for (size_t i = 0; i < SITES; i++) {
        engines[i] = (struct dr_engine){.name = real_sites[i]};
        sites[i] = (struct dr_site){.name = real_sites[i], .engine = &engines[i]};
        arrays[i] = (struct dr_array){.name = real_sites[i], .plugin = "model", .site = &sites[i]};
        real_copies[i] = (struct dr_copy){.site = &sites[i],
                                          .array = &arrays[i],
                                          .id = "erp",
                                          .expose = hosts,
                                          .n_expose = DR_COUNT(hosts)};
        real_arrays[i] =
            (struct dr_plan_array){.name = real_sites[i],
                                   .capabilities = capabilities,
                                   .n_capabilities = DR_COUNT(capabilities) - (scene->no_hiding ? 2
                                                                               : scene->tags    ? 0
                                                                                             : 1)};
    }
    real_group = (struct dr_group){.name = "erp",
                                   .mode = scene->sync ? DR_MODE_SYNC : DR_MODE_ASYNC,
                                   .topology = scene->mutual ? DR_TOPOLOGY_ACTIVE_ACTIVE
                                                             : DR_TOPOLOGY_ACTIVE_PASSIVE,
                                   .on_error = DR_ON_ERROR_CONTINUE,
                                   .rpo_s = -1,
                                   .rto_s = -1,
                                   .drill_every_s = -1,
                                   .loss_max_s = -1,
                                   .loss_max_bytes = -1,
                                   .copies = real_copies,
                                   .n_copies = SITES};
    real_model = (struct dr_model){.controller_name = "here",
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
                                   .groups = &real_group,
                                   .n_groups = 1};
    real_plans_clear();
}

/* ---- copies ---------------------------------------------------------------------------------- */

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

void
real_see(const struct state *s, unsigned i, struct seen *to)
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
    real_see(s, i, &x);
    return dr_view_keeps_up(&x.view);
}

/* ---- the record ------------------------------------------------------------------------------ */

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
    return plus_one ? real_runs[plus_one - 1] : NULL;
}

void
real_proof(const struct state *s, unsigned kind, unsigned run, unsigned site, unsigned epoch,
           bool old, struct dr_evidence *e)
{
    int64_t now = now_of(s);
    bool silent = kind == DRSTOR_EVIDENCE_E6_DECLARED;
    *e = (struct dr_evidence){.kind = (enum drstor_evidence_kind)kind,
                              .group = "erp",
                              .site = real_sites[site],
                              .array = real_sites[site],
                              .run = real_runs[run],
                              .by = "anna",
                              .detail = "",
                              .epoch = (int64_t)epoch,
                              .at = stamp(old ? now - OLD_S : now),
                              .silent_since = silent ? stamp(now - LOOK_S + SILENT_S)
                                                     : (struct dr_stamp){-1, -1, NULL}};
}

void
real_record(const struct state *s, struct kept *to)
{
    const struct rec *r = &s->rec;
    struct dr_record *x = &to->record;
    memset(to, 0, sizeof(*to));
    for (size_t m = 0; m < DR_COUNT(to->members); m++)
        to->members[m] = (struct dr_member){.id = m ? "b" : "a", .pair = m ? "b" : "a"};
    x->schema = "1.0";
    x->group = "erp";
    x->epoch = (int64_t)r->epoch;
    x->primary = real_sites[r->primary];
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
                                     .site = real_sites[r->drill_site],
                                     .run = run_name(r->drill),
                                     .started = BEGAN};
    for (unsigned i = 0; i < SITES; i++)
        if (r->hold & (1u << i))
            to->hold[x->n_site_hold++] = real_sites[i];
    x->site_hold = to->hold;
    if (r->ev) {
        real_proof(s, r->ev, r->ev_run ? r->ev_run - 1u : 0, r->ev_site, r->ev_epoch, r->ev_old,
                   &to->evidence);
        x->evidence = &to->evidence;
        x->n_evidence = 1;
    }
}

void
real_flip(const struct run *r, struct dr_plan_group *to)
{
    *to = (struct dr_plan_group){.name = "erp",
                                 .from = real_sites[r->old],
                                 .to = real_sites[r->to],
                                 .primary = real_sites[r->primary],
                                 .operation = (enum dr_operation)r->op,
                                 .epoch = (int64_t)r->epoch,
                                 .point_at = -1};
}

bool
real_committed(const struct state *s, unsigned run)
{
    struct kept k;
    const struct run *r = &s->runs[run];
    real_record(s, &k);
    return dr_record_committed_by(&k.record, real_runs[run], real_sites[r->to], (int64_t)r->epoch);
}

bool
real_settled(const struct state *s, unsigned run)
{
    struct kept k;
    real_record(s, &k);
    return dr_record_settled_by(&k.record, real_runs[run]);
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
    real_record(s, &k);
    *ret_stale = false;
    if (!world_sees(s, site))
        return false;
    real_see(s, site, &x);
    const struct dr_plan_record r = {.group = "erp", .present = true, .record = k.record};
    enum dr_held held = dr_held_judge(&real_group, real_sites[site], &r, &x.view);
    *ret_stale = dr_held_old_copy(&k.record, &x.view) != DR_OLD_COPY_NONE;
    return held == DR_HELD_OPEN || held == DR_HELD_SHOWN;
}

struct dr_stamp
real_now(const struct state *s)
{
    return stamp(now_of(s));
}

/* ---- facts ----------------------------------------------------------------------------------- */

static const char *wwids[] = {"wa", "wb"};
static const char *domain_ids[] = {"d"};

static void
endpoint(const struct state *s, unsigned i, enum dr_endpoint_kind kind, struct dr_endpoint_facts *e)
{
    bool answers = world_sees(s, i);
    const struct dr_stamp never = {-1, -1, NULL};
    *e = (struct dr_endpoint_facts){.kind = kind,
                                    .name = real_sites[i],
                                    .site = real_sites[i],
                                    .answers = answers,
                                    .asked = true,
                                    .error = answers ? NULL : "no answer",
                                    .last_answer = answers ? stamp(now_of(s)) : never,
                                    .silent_since =
                                        answers ? never : stamp(now_of(s) - LOOK_S + SILENT_S)};
}

void
real_know(const struct state *s, struct known *k)
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
        real_see(s, i, &k->seen[i]);
        k->copies[k->facts.n_copies++] = (struct dr_copy_facts){.group = "erp",
                                                                .site = real_sites[i],
                                                                .array = real_sites[i],
                                                                .seen = k->facts.now,
                                                                .fresh = true,
                                                                .view = k->seen[i].view,
                                                                .points_seen = {-1, -1, NULL}};
        k->host[i] = (struct dr_inv_host){.id = "h", .name = "h", .status = "up"};
        k->domain[i] = (struct dr_inv_domain){.id = domain_ids[0],
                                              .name = "data",
                                              .status = s->site[i].vms   ? DR_SD_ACTIVE
                                                        : s->site[i].att ? DR_SD_MAINTENANCE
                                                                         : DR_SD_UNATTACHED,
                                              .wwids = wwids,
                                              .n_wwids = DR_COUNT(wwids)};
        k->vm[i] = (struct dr_inv_vm){.id = "v",
                                      .name = "v",
                                      .status = s->site[i].vms ? DR_VM_UP : DR_VM_DOWN,
                                      .domains = domain_ids,
                                      .n_domains = 1};
        k->engines[k->facts.n_engines++] =
            (struct dr_engine_facts){.site = real_sites[i],
                                     .seen = k->facts.now,
                                     .fresh = true,
                                     .inventory = {.site = real_sites[i],
                                                   .hosts = &k->host[i],
                                                   .n_hosts = 1,
                                                   .domains = &k->domain[i],
                                                   .n_domains = 1,
                                                   .vms = &k->vm[i],
                                                   .n_vms = s->site[i].att ? 1 : 0}};
    }
}
