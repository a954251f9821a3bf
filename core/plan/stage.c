#include "plan/stage.h"

#include "plan/guard.h"

#include "base/str.h"
#include "model/words.h"

/*
 * Bounds. A domain call that failed six times in a row is not going to succeed by itself. A start is
 * refused while the hosts do not hold the lease space of a new domain yet, for 160 s and more
 * (oVirt: host id of a crashed host), so it is asked for up to about five minutes.
 */
enum {
    TRIES_DOMAIN = 6,
    TRIES_REGISTER = 4,
    TRIES_START = 64,
    IN_FLIGHT_ATTACH = 2,  /* per data centre: the SPM is serial, connecting hosts is not */
    IN_FLIGHT_REGISTER = 8,
    IN_FLIGHT_START = 8,
    RANK_NONE = 1000000
};
static const int64_t back_off_first_ns = 500000000;
static const int64_t back_off_most_ns = 5000000000;

static const char *const kinds[] = {"unknown", "discover",          "login",       "import", "attach",
                                    "activate", "register-template", "register-vm", "start"};
const struct dr_names dr_stage_kind_names = {"stage action", kinds, DR_COUNT(kinds)};

/* ---- JSON ---------------------------------------------------------------------------------------- */

static const struct dr_field lun_fields[] = {
    DR_STR(struct dr_stage_lun, wwid),     DR_STR(struct dr_stage_lun, serial),
    DR_STR(struct dr_stage_lun, protocol), DR_STR(struct dr_stage_lun, portal),
    DR_STR(struct dr_stage_lun, target),   DR_I64(struct dr_stage_lun, size),
    DR_I64(struct dr_stage_lun, lun),      DR_ENUM(struct dr_stage_lun, access, dr_access_names),
    DR_STRS(struct dr_stage_lun, exposed_to)};
static DR_TYPE(lun_type, struct dr_stage_lun, "lun", lun_fields);
static const struct dr_field handover_fields[] = {
    DR_STR(struct dr_handover, group), DR_STR(struct dr_handover, site),
    DR_TIME(struct dr_handover, observed_at), DR_LIST(struct dr_handover, luns, lun_type)};
DR_TYPE(dr_handover_type, struct dr_handover, "hand-over", handover_fields);
static const struct dr_field domain_fields[] = {
    DR_STR(struct dr_stage_domain, id), DR_STR(struct dr_stage_domain, name),
    DR_STR(struct dr_stage_domain, dc), DR_CNT(struct dr_stage_domain, rank)};
static DR_TYPE(domain_type, struct dr_stage_domain, "domain", domain_fields);
static const struct dr_field vm_fields[] = {
    DR_STR(struct dr_stage_vm, id),   DR_STR(struct dr_stage_vm, name),
    DR_STR(struct dr_stage_vm, cluster), DR_BOOL(struct dr_stage_vm, ha),
    DR_BOOL(struct dr_stage_vm, start), DR_I64(struct dr_stage_vm, priority),
    DR_CNT(struct dr_stage_vm, tier), DR_STRS(struct dr_stage_vm, domains)};
static DR_TYPE(vm_type, struct dr_stage_vm, "vm", vm_fields);
static const struct dr_field group_fields[] = {
    DR_STR(struct dr_stage_group, group),  DR_STR(struct dr_stage_group, from),
    DR_STR(struct dr_stage_group, to),     DR_BOOL(struct dr_stage_group, known),
    DR_LIST(struct dr_stage_group, domains, domain_type), DR_LIST(struct dr_stage_group, vms, vm_type),
    DR_LIST(struct dr_stage_group, luns, lun_type)};
DR_TYPE(dr_stage_group_type, struct dr_stage_group, "stage group", group_fields);
static const struct dr_field try_fields[] = {
    DR_STR(struct dr_stage_try, key),       DR_CNT(struct dr_stage_try, attempts),
    DR_BOOL(struct dr_stage_try, in_flight), DR_CNT(struct dr_stage_try, last_ns),
    DR_STR(struct dr_stage_try, trouble),   DR_BOOL(struct dr_stage_try, given_up)};
static DR_TYPE(try_type, struct dr_stage_try, "try", try_fields);
static const struct dr_field progress_fields[] = {DR_LIST(struct dr_stage_progress, tries, try_type),
                                                  DR_CNT(struct dr_stage_progress, now_ns)};
DR_TYPE(dr_stage_progress_type, struct dr_stage_progress, "progress", progress_fields);
static const struct dr_field vnic_fields[] = {
    DR_STR(struct dr_vnic_map, from_site),  DR_STR(struct dr_vnic_map, from_network),
    DR_STR(struct dr_vnic_map, from_profile), DR_STR(struct dr_vnic_map, to_site),
    DR_STR(struct dr_vnic_map, to_network), DR_STR(struct dr_vnic_map, to_profile),
    DR_STR(struct dr_vnic_map, to_profile_id), DR_STR(struct dr_vnic_map, from_profile_id),
    DR_STR(struct dr_vnic_map, from_data_center), DR_STR(struct dr_vnic_map, to_data_center)};
static DR_TYPE(vnic_type, struct dr_vnic_map, "vnic", vnic_fields);
static const struct dr_field action_fields[] = {
    DR_ENUM(struct dr_stage_action, kind, dr_stage_kind_names),
    DR_STR(struct dr_stage_action, key),     DR_STR(struct dr_stage_action, group),
    DR_STR(struct dr_stage_action, id),      DR_STR(struct dr_stage_action, name),
    DR_STR(struct dr_stage_action, domain),  DR_STR(struct dr_stage_action, dc),
    DR_STR(struct dr_stage_action, host),    DR_STR(struct dr_stage_action, cluster),
    DR_STR(struct dr_stage_action, protocol), DR_STR(struct dr_stage_action, portal),
    DR_STR(struct dr_stage_action, target),  DR_STR(struct dr_stage_action, text),
    DR_LIST(struct dr_stage_action, vnics, vnic_type),
    DR_BOOL(struct dr_stage_action, partial), DR_BOOL(struct dr_stage_action, reassign_bad_macs)};
DR_TYPE(dr_stage_action_type, struct dr_stage_action, "action", action_fields);
static const struct dr_field vm_state_fields[] = {
    DR_STR(struct dr_stage_vm_state, group), DR_STR(struct dr_stage_vm_state, id),
    DR_STR(struct dr_stage_vm_state, name), DR_STR(struct dr_stage_vm_state, state),
    DR_STR(struct dr_stage_vm_state, trouble)};
static DR_TYPE(vm_state_type, struct dr_stage_vm_state, "vm state", vm_state_fields);
static const struct dr_field result_fields[] = {
    DR_LIST(struct dr_stage_result, actions, dr_stage_action_type), DR_STRS(struct dr_stage_result, done),
    {"stuck", DR_FIELD_STRS, offsetof(struct dr_stage_result, stuck),
     offsetof(struct dr_stage_result, n_stuck), NULL, NULL},
    {"stuck_why", DR_FIELD_STRS, offsetof(struct dr_stage_result, stuck_why),
     offsetof(struct dr_stage_result, n_stuck), NULL, NULL},
    DR_LIST(struct dr_stage_result, vms, vm_state_type)};
DR_TYPE(dr_stage_result_type, struct dr_stage_result, "stage", result_fields);

/* ---- what is expected ------------------------------------------------------------------------- */

static int64_t
tier_of(const struct dr_model *m, const char *vm)
{
    for (size_t i = 0; i < m->n_start; i++)
        for (size_t j = 0; j < m->start[i].n_vms; j++)
            if (dr_glob(m->start[i].vms[j], vm))
                return (int64_t)i;
    return (int64_t)m->n_start;
}

static bool
vm_before(const struct dr_stage_vm *x, const struct dr_stage_vm *y)
{
    if (x->tier != y->tier)
        return x->tier < y->tier;
    if (x->ha != y->ha)
        return x->ha;
    if (x->priority != y->priority)
        return x->priority > y->priority;
    return x->name && y->name && __builtin_strcmp(x->name, y->name) < 0;
}

/* Insertion sort: the lists are short, and equal ones keep their order. */
static void
sort_vms(struct dr_stage_vm *vms, size_t n)
{
    for (size_t i = 1; i < n; i++)
        for (size_t j = i; j > 0 && vm_before(&vms[j], &vms[j - 1]); j--) {
            struct dr_stage_vm t = vms[j];
            vms[j] = vms[j - 1];
            vms[j - 1] = t;
        }
}

/* A domain ranks with its most important VM; VMs must be sorted. */
static void
rank_domains(struct dr_stage_group *g)
{
    for (size_t d = 0; d < g->n_domains; d++) {
        g->domains[d].rank = RANK_NONE;
        for (size_t v = 0; v < g->n_vms && g->domains[d].rank == RANK_NONE; v++)
            for (size_t i = 0; i < g->vms[v].n_domains; i++)
                if (g->vms[v].start && dr_streq(g->vms[v].domains[i], g->domains[d].id))
                    g->domains[d].rank = (int64_t)v;
    }
    for (size_t i = 1; i < g->n_domains; i++)
        for (size_t j = i; j > 0 && g->domains[j].rank < g->domains[j - 1].rank; j--) {
            struct dr_stage_domain t = g->domains[j];
            g->domains[j] = g->domains[j - 1];
            g->domains[j - 1] = t;
        }
}

static const char *
mapped(const struct dr_pair_map *maps, size_t n, const char *from_site, const char *from, const char *to_site)
{
    for (size_t i = 0; i < n; i++) {
        if (dr_streq(maps[i].from_site, from_site) && dr_streq(maps[i].from, from) &&
            dr_streq(maps[i].to_site, to_site))
            return maps[i].to;
        if (dr_streq(maps[i].to_site, from_site) && dr_streq(maps[i].to, from) &&
            dr_streq(maps[i].from_site, to_site))
            return maps[i].from;
    }
    return from; /* same names map to same names */
}

void
dr_stage_expect(struct dr_arena *a, const struct dr_model *m, const struct dr_facts *facts,
                const struct dr_group *group, const struct dr_copy *from, struct dr_stage_group *ret)
{
    dr_map_clear(&dr_stage_group_type, ret);
    ret->group = group->name;
    ret->from = from->site->name;
    const struct dr_engine_facts *e = dr_facts_engine(facts, from->site->name);
    const struct dr_copy_facts *copy = dr_facts_copy(facts, group->name, from->site->name);
    if (!e || !copy)
        return;
    const struct dr_inv_domain **domains;
    size_t n = dr_group_domains(a, group, copy, &e->inventory, &domains);
    ret->known = n > 0;
    for (size_t i = 0; i < n; i++) {
        const char *dc = NULL;
        for (size_t k = 0; k < e->inventory.n_dcs; k++)
            if (dr_streq(e->inventory.dcs[k].id, domains[i]->dc))
                dc = e->inventory.dcs[k].name;
        dr_arena_push(a, ret->domains, ret->n_domains) =
            (struct dr_stage_domain){.id = domains[i]->id, .name = domains[i]->name, .dc = dc};
    }
    for (size_t i = 0; i < e->inventory.n_vms; i++) {
        const struct dr_inv_vm *vm = &e->inventory.vms[i];
        if (!dr_vm_of_group(&e->inventory, vm, domains, n))
            continue;
        dr_arena_push(a, ret->vms, ret->n_vms) = (struct dr_stage_vm){
            .id = vm->id, .name = vm->name, .cluster = vm->cluster, .ha = vm->ha,
            .priority = vm->priority, .tier = tier_of(m, vm->name ? vm->name : ""),
            .start = dr_vm_may_run(vm->status), .domains = vm->domains, .n_domains = vm->n_domains};
    }
    sort_vms(ret->vms, ret->n_vms);
    rank_domains(ret);
}

void
dr_handover_make(struct dr_arena *a, const char *group, const char *site, const struct dr_copy_view *view,
                 int64_t utc, struct dr_handover *ret)
{
    *ret = (struct dr_handover){.group = group, .site = site, .observed_at = utc};
    for (size_t i = 0; i < view->n_members; i++) {
        const struct dr_member *mb = &view->members[i];
        struct dr_stage_lun lun = {.wwid = mb->wwid, .serial = mb->serial, .size = mb->size, .lun = -1,
                                   .access = mb->access};
        for (size_t j = 0; j < mb->n_paths; j++) {
            dr_arena_push(a, lun.exposed_to, lun.n_exposed_to) = mb->paths[j].host_group;
            lun.protocol = mb->paths[j].protocol;
            lun.portal = mb->paths[j].portal;
            lun.target = mb->paths[j].target;
            lun.lun = mb->paths[j].lun;
        }
        dr_arena_push(a, ret->luns, ret->n_luns) = lun;
    }
}

/* ---- what can be done now ---------------------------------------------------------------------- */

struct stage {
    struct dr_arena *a;
    const struct dr_model *m;
    const struct dr_inventory *now;
    const struct dr_stage_progress *progress;
    struct dr_stage_result *out;
    size_t registers, starts; /* in flight, with those decided now */
};

static const struct dr_stage_try *
tried(const struct stage *s, const char *key)
{
    for (size_t i = 0; i < s->progress->n_tries; i++)
        if (dr_streq(s->progress->tries[i].key, key))
            return &s->progress->tries[i];
    return NULL;
}

static const char *
key_of(struct stage *s, enum dr_stage_kind kind, const char *id)
{
    return dr_arena_printf(s->a, "%s %s", dr_name(&dr_stage_kind_names, (int)kind), id);
}

enum turn { TURN_NOW, TURN_LATER, TURN_NEVER };

/* May the wish KEY be made now? *ret_why: the last trouble, when there was one. */
static enum turn
turn_of(const struct stage *s, const char *key, int64_t most, const char **ret_why)
{
    for (size_t i = 0; i < s->out->n_actions; i++) /* a VM with disks in two groups is one VM */
        if (dr_streq(s->out->actions[i].key, key))
            return TURN_LATER;
    const struct dr_stage_try *t = tried(s, key);
    if (!t)
        return TURN_NOW;
    if (ret_why && t->trouble)
        *ret_why = t->trouble;
    if (t->in_flight)
        return TURN_LATER;
    if (t->given_up || t->attempts >= most)
        return TURN_NEVER;
    int64_t wait = back_off_first_ns;
    for (int64_t i = 1; i < t->attempts && wait < back_off_most_ns; i++)
        wait *= 2;
    if (wait > back_off_most_ns)
        wait = back_off_most_ns;
    return s->progress->now_ns - t->last_ns >= wait ? TURN_NOW : TURN_LATER;
}

static size_t
in_flight(const struct stage *s, enum dr_stage_kind kind)
{
    size_t n = 0;
    const char *word = dr_name(&dr_stage_kind_names, (int)kind);
    size_t len = __builtin_strlen(word);
    for (size_t i = 0; i < s->progress->n_tries; i++)
        n += s->progress->tries[i].in_flight &&
             __builtin_strncmp(s->progress->tries[i].key, word, len) == 0 &&
             s->progress->tries[i].key[len] == ' ';
    return n;
}

static struct dr_stage_action *
act(struct stage *s, enum dr_stage_kind kind, const char *group, const char *key)
{
    struct dr_stage_action *x = &dr_arena_push(s->a, s->out->actions, s->out->n_actions);
    *x = (struct dr_stage_action){.kind = kind, .group = group, .key = key};
    return x;
}

static void
stuck(struct stage *s, const char *group, const char *why)
{
    for (size_t i = 0; i < s->out->n_stuck; i++)
        if (dr_streq(s->out->stuck[i], group))
            return;
    size_t n = s->out->n_stuck;
    dr_arena_push(s->a, s->out->stuck, n) = group;
    dr_arena_push(s->a, s->out->stuck_why, s->out->n_stuck) = why;
}

static bool
is_stuck(const struct stage *s, const char *group)
{
    for (size_t i = 0; i < s->out->n_stuck; i++)
        if (dr_streq(s->out->stuck[i], group))
            return true;
    return false;
}

/* ---- data centre, host, cluster ----------------------------------------------------------------- */

static const struct dr_inv_dc *
dc_for(const struct stage *s, const struct dr_stage_group *g, const struct dr_stage_domain *d)
{
    const char *want = d->dc ? mapped(s->m->mapping.data_centers, s->m->mapping.n_data_centers, g->from,
                                      d->dc, g->to)
                             : NULL;
    for (size_t i = 0; want && i < s->now->n_dcs; i++)
        if (dr_streq(s->now->dcs[i].name, want))
            return &s->now->dcs[i];
    return s->now->n_dcs == 1 ? &s->now->dcs[0] : NULL;
}

static const struct dr_inv_host *
host_in(const struct stage *s, const struct dr_inv_dc *dc)
{
    for (size_t i = 0; i < s->now->n_hosts; i++) {
        if (!dr_streq(s->now->hosts[i].status, "up"))
            continue;
        for (size_t k = 0; k < s->now->n_clusters; k++)
            if (dr_streq(s->now->clusters[k].id, s->now->hosts[i].cluster) &&
                dr_streq(s->now->clusters[k].dc, dc->id))
                return &s->now->hosts[i];
    }
    return NULL;
}

static const struct dr_inv_cluster *
cluster_for(const struct stage *s, const struct dr_stage_group *g, const char *from_name)
{
    const char *want =
        from_name ? mapped(s->m->mapping.clusters, s->m->mapping.n_clusters, g->from, from_name, g->to)
                  : NULL;
    for (size_t i = 0; want && i < s->now->n_clusters; i++)
        if (dr_streq(s->now->clusters[i].name, want))
            return &s->now->clusters[i];
    return NULL;
}

/* ---- domains ------------------------------------------------------------------------------------ */

/* Logs in where the LUNs are iSCSI. True when nothing is left to log in to. */
static bool
logged_in(struct stage *s, const struct dr_stage_group *g, const struct dr_inv_host *host)
{
    bool ready = true;
    for (size_t i = 0; i < g->n_luns; i++) {
        const struct dr_stage_lun *l = &g->luns[i];
        if (!dr_streq(l->protocol, "iscsi") || !l->target)
            continue;
        const char *key = key_of(s, DR_STAGE_LOGIN,
                                 dr_arena_printf(s->a, "%s %s on %s", l->portal ? l->portal : "", l->target,
                                                 host->name));
        const struct dr_stage_try *t = tried(s, key);
        if (t && t->attempts && !t->trouble && !t->in_flight)
            continue;
        ready = false;
        bool decided = false;
        for (size_t k = 0; k < s->out->n_actions; k++)
            decided |= dr_streq(s->out->actions[k].key, key);
        const char *why = NULL;
        enum turn turn = decided ? TURN_LATER : turn_of(s, key, TRIES_DOMAIN, &why);
        if (turn == TURN_NEVER)
            stuck(s, g->group,
                  dr_arena_printf(s->a, "host %s cannot log in to %s at %s: %s", host->name,
                                  l->target, l->portal ? l->portal : "its portal",
                                  why ? why : "no reason given"));
        if (turn != TURN_NOW)
            continue;
        struct dr_stage_action *x = act(s, DR_STAGE_LOGIN, g->group, key);
        x->host = host->name;
        x->id = host->id;
        x->portal = l->portal;
        x->target = l->target;
        x->text = dr_arena_printf(s->a, "log host %s in to %s at %s", host->name, l->target,
                                  l->portal ? l->portal : "its portal");
    }
    return ready;
}

static bool
one_domain_call(struct stage *s, enum dr_stage_kind kind, const struct dr_stage_group *g,
                const struct dr_stage_domain *d, const struct dr_inv_dc *dc,
                const struct dr_inv_host *host, const char *verb)
{
    const char *key = key_of(s, kind, d->id), *why = NULL;
    switch (turn_of(s, key, TRIES_DOMAIN, &why)) {
    case TURN_NEVER:
        stuck(s, g->group, dr_arena_printf(s->a, "cannot %s storage domain %s: %s", verb,
                                           d->name ? d->name : d->id, why ? why : "it has no effect"));
        return false;
    case TURN_LATER:
        return false;
    case TURN_NOW:
        break;
    }
    struct dr_stage_action *x = act(s, kind, g->group, key);
    x->id = d->id;
    x->name = d->name;
    x->dc = dc->id;
    x->host = host ? host->name : NULL;
    x->protocol = g->n_luns && g->luns[0].protocol ? g->luns[0].protocol : "fcp";
    if (g->n_luns) {
        x->portal = g->luns[0].portal;
        x->target = g->luns[0].target;
    }
    x->text = dr_arena_printf(s->a, "%s storage domain %s%s%s", verb, d->name ? d->name : d->id,
                              kind == DR_STAGE_ATTACH ? " to " : "",
                              kind == DR_STAGE_ATTACH ? dc->name : "");
    return true;
}

/* How many attaches to DC are under way, as the engine shows it and as we know it. */
static size_t
attaching(const struct stage *s, const struct dr_inv_dc *dc)
{
    size_t n = 0;
    for (size_t i = 0; i < s->now->n_domains; i++) {
        const char *key = dr_arena_printf(s->a, "attach %s", s->now->domains[i].id);
        const struct dr_stage_try *t = tried(s, key);
        bool locked = dr_streq(s->now->domains[i].dc, dc->id) && s->now->domains[i].status == DR_SD_LOCKED;
        n += (t && t->in_flight) || locked;
    }
    for (size_t i = 0; i < s->out->n_actions; i++)
        n += s->out->actions[i].kind == DR_STAGE_ATTACH && dr_streq(s->out->actions[i].dc, dc->id);
    return n;
}

static bool
master_active(const struct stage *s, const struct dr_inv_dc *dc)
{
    for (size_t i = 0; i < s->now->n_domains; i++)
        if (dr_streq(s->now->domains[i].dc, dc->id) && s->now->domains[i].master &&
            s->now->domains[i].status == DR_SD_ACTIVE)
            return true;
    return false;
}

/* One step further for one domain. True when it is active. */
static bool
domain_forward(struct stage *s, const struct dr_stage_group *g, const struct dr_stage_domain *d)
{
    const struct dr_inv_domain *have = dr_inventory_domain(s->now, d->id);
    if (have && have->status == DR_SD_ACTIVE)
        return true;
    const struct dr_inv_dc *dc = dc_for(s, g, d);
    const struct dr_inv_host *host = dc ? host_in(s, dc) : NULL;
    if (!dc || !host) {
        stuck(s, g->group,
              dc ? dr_arena_printf(s->a, "no host is up in data centre %s", dc->name)
                 : dr_arena_printf(s->a, "no data centre is known for storage domain %s; map data centre %s",
                                   d->name ? d->name : d->id, d->dc ? d->dc : "?"));
        return false;
    }
    if (!have) {
        /* An import scans every LUN of its host: one at a time on it. */
        if (logged_in(s, g, host) && in_flight(s, DR_STAGE_IMPORT) == 0) {
            for (size_t i = 0; i < s->out->n_actions; i++)
                if (s->out->actions[i].kind == DR_STAGE_IMPORT)
                    return false;
            (void)one_domain_call(s, DR_STAGE_IMPORT, g, d, dc, host, "import");
        }
        return false;
    }
    switch (have->status) {
    case DR_SD_UNATTACHED: {
        size_t busy = attaching(s, dc);
        /* The first attach makes the pool and its master: nothing beside it. */
        bool first = dr_streq(dc->status, "uninitialized") || !master_active(s, dc);
        if (first ? busy == 0 : busy < IN_FLIGHT_ATTACH)
            (void)one_domain_call(s, DR_STAGE_ATTACH, g, d, dc, host, "attach");
        return false;
    }
    case DR_SD_MAINTENANCE:
    case DR_SD_INACTIVE: {
        /* Attaching tries to activate by itself: ask only when nobody is at it. */
        const struct dr_stage_try *t = tried(s, key_of(s, DR_STAGE_ATTACH, d->id));
        if (!t || !t->in_flight)
            (void)one_domain_call(s, DR_STAGE_ACTIVATE, g, d, dc, host, "activate");
        return false;
    }
    case DR_SD_UNKNOWN:
    case DR_SD_LOCKED:
    case DR_SD_ACTIVATING:
    case DR_SD_PREPARING_FOR_MAINTENANCE:
    case DR_SD_DETACHING:
    case DR_SD_MIXED:
    case DR_SD_ACTIVE:
        break; /* under way: look again */
    }
    return false;
}

/* ---- templates and VMs ------------------------------------------------------------------------- */

static bool
offers_known(const struct stage *s, const char *domain)
{
    for (size_t i = 0; i < s->now->n_offers_read; i++)
        if (dr_streq(s->now->offers_read[i], domain))
            return true;
    return false;
}

static bool
domain_of_group(const struct dr_stage_group *g, const char *id)
{
    for (size_t i = 0; i < g->n_domains; i++)
        if (dr_streq(g->domains[i].id, id))
            return true;
    return false;
}

static void
fill_register(struct stage *s, struct dr_stage_action *x, const struct dr_stage_group *g,
              const struct dr_inv_offer *o, const struct dr_inv_cluster *cluster, const char *what)
{
    x->id = o->id;
    x->name = o->name;
    x->domain = o->domain;
    x->cluster = cluster->name;
    x->partial = s->m->mapping.partial_import;
    x->reassign_bad_macs = s->m->mapping.reassign_bad_macs;
    for (size_t i = 0; i < s->m->mapping.n_vnics; i++) {
        const struct dr_vnic_map *v = &s->m->mapping.vnics[i];
        if (dr_streq(v->from_site, g->from) && dr_streq(v->to_site, g->to))
            dr_arena_push(s->a, x->vnics, x->n_vnics) = *v;
        else if (dr_streq(v->to_site, g->from) && dr_streq(v->from_site, g->to))
            dr_arena_push(s->a, x->vnics, x->n_vnics) = (struct dr_vnic_map){
                .from_site = v->to_site, .from_network = v->to_network, .from_profile = v->to_profile,
                .from_profile_id = v->to_profile_id, .from_data_center = v->to_data_center,
                .to_site = v->from_site, .to_network = v->from_network, .to_profile = v->from_profile,
                .to_profile_id = v->from_profile_id, .to_data_center = v->from_data_center};
    }
    x->text = dr_arena_printf(s->a, "register %s %s in cluster %s", what, o->name ? o->name : o->id,
                              cluster->name);
}

/* Templates on an active domain. True while one that VMs may need is still to come. */
static void
templates_forward(struct stage *s, const struct dr_stage_group *g)
{
    for (size_t i = 0; i < s->now->n_offered_templates; i++) {
        const struct dr_inv_offer *o = &s->now->offered_templates[i];
        if (!domain_of_group(g, o->domain) || s->registers >= IN_FLIGHT_REGISTER)
            continue;
        const char *key = key_of(s, DR_STAGE_REGISTER_TEMPLATE, o->id), *why = NULL;
        const struct dr_inv_cluster *cl = cluster_for(s, g, o->cluster);
        enum turn t = turn_of(s, key, TRIES_REGISTER, &why);
        if (!cl || t == TURN_NEVER)
            stuck(s, g->group,
                  cl ? dr_arena_printf(s->a, "template %s cannot be registered: %s",
                                       o->name ? o->name : o->id, why ? why : "it has no effect")
                     : dr_arena_printf(s->a, "template %s: cluster %s has no counterpart at %s",
                                       o->name ? o->name : o->id, o->cluster ? o->cluster : "?", g->to));
        if (!cl || t != TURN_NOW)
            continue;
        fill_register(s, act(s, DR_STAGE_REGISTER_TEMPLATE, g->group, key), g, o, cl, "template");
        s->registers++;
    }
}

static const struct dr_inv_offer *
offer_of(const struct stage *s, const char *vm)
{
    for (size_t i = 0; i < s->now->n_offered_vms; i++)
        if (dr_streq(s->now->offered_vms[i].id, vm))
            return &s->now->offered_vms[i];
    return NULL;
}

static bool
template_to_come(const struct stage *s, const struct dr_inv_offer *o)
{
    for (size_t i = 0; o->template_id && i < s->now->n_offered_templates; i++)
        if (dr_streq(s->now->offered_templates[i].id, o->template_id))
            return true;
    return false;
}

static struct dr_stage_vm_state *
vm_state(struct stage *s, const struct dr_stage_group *g, const struct dr_stage_vm *vm, const char *state,
         const char *trouble)
{
    struct dr_stage_vm_state *x = &dr_arena_push(s->a, s->out->vms, s->out->n_vms);
    *x = (struct dr_stage_vm_state){
        .group = g->group, .id = vm->id, .name = vm->name, .state = state, .trouble = trouble};
    return x;
}

/* Are all domains that hold this VM's disks active? *ret_read: and their offers read. */
static bool
disks_there(const struct stage *s, const struct dr_stage_vm *vm, bool *ret_read)
{
    *ret_read = true;
    for (size_t i = 0; i < vm->n_domains; i++) {
        const struct dr_inv_domain *d = dr_inventory_domain(s->now, vm->domains[i]);
        if (!d || d->status != DR_SD_ACTIVE)
            return false;
        *ret_read &= offers_known(s, vm->domains[i]);
    }
    return vm->n_domains > 0;
}

/*
 * Where the content is not known beforehand, a VM may have disks on any domain of the group: none
 * is registered, perhaps without a disk, before all of them have been read.
 */
static bool
whole(const struct stage *s, const struct dr_stage_group *g)
{
    for (size_t i = 0; !g->known && i < g->n_domains; i++) {
        const struct dr_inv_domain *d = dr_inventory_domain(s->now, g->domains[i].id);
        if (!d || d->status != DR_SD_ACTIVE || !offers_known(s, g->domains[i].id))
            return false;
    }
    return true;
}

static void
vm_register(struct stage *s, const struct dr_stage_group *g, const struct dr_stage_vm *vm)
{
    bool read;
    if (!disks_there(s, vm, &read) || !read || !whole(s, g)) {
        (void)vm_state(s, g, vm, "waiting", NULL);
        return;
    }
    const char *key = key_of(s, DR_STAGE_REGISTER_VM, vm->id), *why = NULL;
    const struct dr_inv_offer *o = offer_of(s, vm->id);
    enum turn t = turn_of(s, key, TRIES_REGISTER, &why);
    if (!o) {
        const struct dr_stage_try *before = tried(s, key);
        if (before && (before->in_flight || (before->attempts && !before->given_up && t == TURN_LATER))) {
            (void)vm_state(s, g, vm, "waiting", NULL); /* registered a moment ago: listed in the next look */
            return;
        }
        why = "its domains do not offer it: it was created or changed after their configuration "
              "was last written";
        (void)vm_state(s, g, vm, "failed", why);
        stuck(s, g->group, dr_arena_printf(s->a, "VM %s: %s", vm->name ? vm->name : vm->id, why));
        return;
    }
    const struct dr_inv_cluster *cl = cluster_for(s, g, o->cluster ? o->cluster : vm->cluster);
    if (!cl || t == TURN_NEVER) {
        why = cl ? (why ? why : "registering it has no effect")
                 : dr_arena_printf(s->a, "cluster %s has no counterpart at %s; map it",
                                   o->cluster ? o->cluster : "?", g->to);
        (void)vm_state(s, g, vm, "failed", why);
        stuck(s, g->group, dr_arena_printf(s->a, "VM %s: %s", vm->name ? vm->name : vm->id, why));
        return;
    }
    (void)vm_state(s, g, vm, "waiting", why);
    if (t != TURN_NOW || template_to_come(s, o) || s->registers >= IN_FLIGHT_REGISTER)
        return;
    fill_register(s, act(s, DR_STAGE_REGISTER_VM, g->group, key), g, o, cl, "VM");
    s->registers++;
}

/*
 * The tiers that TIER waits for, directly or through others: the one before it, or those it names.
 * VMs of no tier come after all of them.
 */
static const bool *
tiers_before(const struct stage *s, int64_t tier)
{
    size_t n = s->m->n_start, top = (size_t)tier < n ? (size_t)tier : n;
    bool *wait = dr_arena_alloc(s->a, n + 1, sizeof(*wait));
    wait[top] = true;
    for (size_t t = top + 1; t-- > 0;) {
        if (!wait[t])
            continue;
        if (t == n)
            for (size_t i = 0; i < n; i++)
                wait[i] = true;
        else if (!s->m->start[t].after_given && t > 0)
            wait[t - 1] = true;
        for (size_t i = 0; t < n && i < s->m->start[t].n_after; i++)
            wait[s->m->start[t].after[i]] = true;
    }
    wait[top] = false;
    return wait;
}

/* A VM that will not come up for a reason already told holds nobody back. */
static bool
given_up(const struct stage *s, const char *group, const struct dr_stage_vm *vm)
{
    bool read;
    for (size_t i = 0; i < s->out->n_vms; i++)
        if (dr_streq(s->out->vms[i].id, vm->id) && dr_streq(s->out->vms[i].state, "failed"))
            return true;
    return is_stuck(s, group) && !disks_there(s, vm, &read);
}

/* Does an earlier tier with a gate still hold this VM back? */
static bool
gated(const struct stage *s, const struct dr_stage_group *groups, size_t n_groups,
      const struct dr_stage_vm *vm)
{
    const bool *before = tiers_before(s, vm->tier);
    for (size_t g = 0; g < n_groups; g++)
        for (size_t i = 0; i < groups[g].n_vms; i++) {
            const struct dr_stage_vm *other = &groups[g].vms[i];
            if (!other->start || (size_t)other->tier >= s->m->n_start || !before[other->tier] ||
                s->m->start[other->tier].gate_up_s < 0 || given_up(s, groups[g].group, other))
                continue;
            const struct dr_inv_vm *have = dr_inventory_vm(s->now, other->id);
            if (have && have->status == DR_VM_UP)
                continue;
            const struct dr_stage_try *t =
                tried(s, dr_arena_printf(s->a, "start %s", other->id));
            int64_t limit = s->m->start[other->tier].gate_up_s * 1000000000;
            if (!t || t->in_flight || !t->attempts)
                return true;
            if (!t->given_up && s->progress->now_ns - t->last_ns < limit)
                return true; /* the limit counts from the answer to the start */
        }
    return false;
}

static void
vm_start(struct stage *s, const struct dr_stage_group *groups, size_t n_groups,
         const struct dr_stage_group *g, const struct dr_stage_vm *vm, const struct dr_inv_vm *have)
{
    if (!vm->start) {
        (void)vm_state(s, g, vm, "registered", NULL);
        return;
    }
    if (dr_vm_runs(have->status)) {
        (void)vm_state(s, g, vm, "up", NULL);
        return;
    }
    if (dr_vm_may_run(have->status) || have->status == DR_VM_IMAGE_LOCKED) {
        (void)vm_state(s, g, vm, "starting", NULL);
        return;
    }
    bool read;
    const char *key = key_of(s, DR_STAGE_START, vm->id), *why = NULL;
    enum turn t = turn_of(s, key, TRIES_START, &why);
    if (t == TURN_NEVER) {
        why = why ? why : "it does not stay up";
        (void)vm_state(s, g, vm, "failed", why);
        stuck(s, g->group, dr_arena_printf(s->a, "VM %s does not start: %s", vm->name ? vm->name : vm->id, why));
        return;
    }
    (void)vm_state(s, g, vm, "registered", why);
    if (t != TURN_NOW || s->starts >= IN_FLIGHT_START || !disks_there(s, vm, &read) ||
        gated(s, groups, n_groups, vm))
        return;
    struct dr_stage_action *x = act(s, DR_STAGE_START, g->group, key);
    x->id = vm->id;
    x->name = vm->name;
    x->text = dr_arena_printf(s->a, "start VM %s", vm->name ? vm->name : vm->id);
    s->starts++;
}

/* ---- groups whose content only the LUNs know ---------------------------------------------------- */

static bool
lun_of_group(const struct dr_stage_group *g, const struct dr_inv_domain *d)
{
    for (size_t i = 0; i < g->n_luns; i++)
        for (size_t j = 0; j < d->n_wwids; j++)
            if (dr_streq(g->luns[i].wwid, d->wwids[j]))
                return true;
    return false;
}

static void
add_domain(struct stage *s, struct dr_stage_group *g, const struct dr_inv_domain *d)
{
    if (lun_of_group(g, d) && !domain_of_group(g, d->id))
        dr_arena_push(s->a, g->domains, g->n_domains) =
            (struct dr_stage_domain){.id = d->id, .name = d->name, .rank = RANK_NONE};
}

/* Grows the lists of G from what the engine shows: domains by WWID, VMs by what domains offer. */
static void
learn(struct stage *s, struct dr_stage_group *g)
{
    for (size_t i = 0; i < s->now->n_domains; i++)
        add_domain(s, g, &s->now->domains[i]);
    for (size_t i = 0; i < s->now->n_discovered; i++)
        add_domain(s, g, &s->now->discovered[i]);
    if (!g->known && !g->n_domains) { /* hosts may see the LUNs a moment later: asked again */
        const char *key = key_of(s, DR_STAGE_DISCOVER, g->group), *why = NULL;
        for (size_t i = 0; i < s->now->n_dcs; i++) {
            const struct dr_inv_host *host = host_in(s, &s->now->dcs[i]);
            enum turn t = host && logged_in(s, g, host) ? turn_of(s, key, TRIES_DOMAIN, &why) : TURN_LATER;
            if (t == TURN_NEVER)
                stuck(s, g->group,
                      why ? why
                          : dr_arena_printf(s->a,
                                            "the hosts see no storage domain on the LUNs of %s",
                                            g->group));
            if (t != TURN_NOW)
                continue;
            struct dr_stage_action *x = act(s, DR_STAGE_DISCOVER, g->group, key);
            x->host = host->name;
            x->id = host->id;
            x->protocol = g->n_luns ? g->luns[0].protocol : NULL;
            x->text = dr_arena_printf(s->a, "look for storage domains from host %s", host->name);
            break;
        }
    }
    for (size_t i = 0; i < s->now->n_offered_vms; i++) {
        const struct dr_inv_offer *o = &s->now->offered_vms[i];
        struct dr_stage_vm *vm = NULL;
        if (!domain_of_group(g, o->domain))
            continue;
        for (size_t k = 0; k < g->n_vms; k++)
            if (dr_streq(g->vms[k].id, o->id))
                vm = &g->vms[k];
        if (vm) {
            bool listed = g->known;
            for (size_t k = 0; k < vm->n_domains; k++)
                listed |= dr_streq(vm->domains[k], o->domain);
            if (!listed)
                dr_arena_push(s->a, vm->domains, vm->n_domains) = o->domain;
            continue;
        }
        struct dr_stage_vm fresh = {.id = o->id, .name = o->name, .cluster = o->cluster, .ha = o->ha,
                                    .priority = o->priority, .tier = tier_of(s->m, o->name ? o->name : ""),
                                    .start = o->status != DR_VM_UNKNOWN && dr_vm_may_run(o->status)};
        dr_arena_push(s->a, fresh.domains, fresh.n_domains) = o->domain;
        dr_arena_push(s->a, g->vms, g->n_vms) = fresh;
    }
    sort_vms(g->vms, g->n_vms);
}

static void
group_forward(struct stage *s, struct dr_stage_group *groups, size_t n_groups, size_t at)
{
    struct dr_stage_group *g = &groups[at];
    size_t active = 0;
    for (size_t i = 0; i < g->n_domains; i++)
        active += domain_forward(s, g, &g->domains[i]);
    templates_forward(s, g);
    size_t settled = 0;
    for (size_t i = 0; i < g->n_vms; i++) {
        const struct dr_stage_vm *vm = &g->vms[i];
        const struct dr_inv_vm *have = dr_inventory_vm(s->now, vm->id);
        if (have)
            vm_start(s, groups, n_groups, g, vm, have);
        else
            vm_register(s, g, vm);
        const char *state = s->out->vms[s->out->n_vms - 1].state;
        settled += dr_streq(state, "up") || (dr_streq(state, "registered") && !vm->start);
    }
    bool templates_left = false, read = true;
    for (size_t i = 0; i < s->now->n_offered_templates; i++)
        templates_left |= domain_of_group(g, s->now->offered_templates[i].domain);
    for (size_t i = 0; i < g->n_domains; i++)
        read &= offers_known(s, g->domains[i].id);
    if (!is_stuck(s, g->group) && g->n_domains && active == g->n_domains && settled == g->n_vms && read &&
        !templates_left)
        dr_arena_push(s->a, s->out->done, s->out->n_done) = g->group;
}

void
dr_stage_expand(struct dr_arena *a, const struct dr_model *m, const struct dr_inventory *now,
                const struct dr_stage_group *groups, size_t n_groups,
                const struct dr_stage_progress *progress, struct dr_stage_result *ret)
{
    struct stage s = {.a = a, .m = m, .now = now, .progress = progress, .out = ret};
    *ret = (struct dr_stage_result){0};
    s.registers = in_flight(&s, DR_STAGE_REGISTER_VM) + in_flight(&s, DR_STAGE_REGISTER_TEMPLATE);
    s.starts = in_flight(&s, DR_STAGE_START);

    struct dr_stage_group *mine = dr_arena_alloc(a, n_groups ? n_groups : 1, sizeof(*mine));
    for (size_t i = 0; i < n_groups; i++) {
        dr_map_copy(a, &dr_stage_group_type, &groups[i], &mine[i]);
        learn(&s, &mine[i]);
    }
    /* The group with the most important VM first; groups keep their order otherwise. */
    for (size_t i = 1; i < n_groups; i++)
        for (size_t j = i; j > 0 && mine[j].n_vms &&
                           (!mine[j - 1].n_vms || vm_before(&mine[j].vms[0], &mine[j - 1].vms[0]));
             j--) {
            struct dr_stage_group t = mine[j];
            mine[j] = mine[j - 1];
            mine[j - 1] = t;
        }
    for (size_t i = 0; i < n_groups; i++)
        group_forward(&s, mine, n_groups, i);
}
