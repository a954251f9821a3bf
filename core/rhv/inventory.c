#include "rhv/inventory.h"

#include "base/index.h"
#include "base/mem.h"
#include "base/str.h"
#include "rhv/api.h"
#include "rhv/calls.h"
#include "rhv/document.h"

enum { PARALLEL = 8, PARALLEL_MAX = 32 };

/* ---- many reads side by side ----------------------------------------------------------------- */

/* One document: asked for by a task, then looked at by the one who wants it. */
struct part {
    struct dr_rhv *r;
    struct dr_rhv_how how;
    struct dr_mailbox *box;
    char *path;
    char *what; /* "the VMs" */
    const char *id;
    bool may_miss; /* NOTFOUND is no failure; the document is NULL then */
    bool may_fail; /* nor is anything else that the engine itself says */
    struct json_object *doc;
    struct drstor_error *err;
    int status;
};

struct parts {
    struct part *list;
    size_t n, cap;
};

static struct part *
part_add(struct parts *all, char *path, const char *what, const char *id)
{
    struct part *p = &dr_push(all->list, all->n, all->cap);
    struct dr_str s = {0};
    dr_str_printf(&s, "%s%s%s", what, id ? " of " : "", id ? id : "");
    p->path = path;
    p->what = dr_str_take(&s);
    p->id = id;
    return p;
}

static void
parts_freep(struct parts *all)
{
    for (size_t i = 0; i < all->n; i++) {
        free(all->list[i].path);
        free(all->list[i].what);
        dr_json_putp(&all->list[i].doc);
        dr_error_free(all->list[i].err);
    }
    free(all->list);
}

static void
part_run(void *arg)
{
    struct part *p = arg;
    const struct rhv_request q = {.method = "GET", .path = p->path, .list = true};
    p->status = rhv_call(p->r, &p->how, &q, &p->doc, NULL, &p->err);
    bool said = p->status == DRSTOR_E_AUTH || p->status == DRSTOR_E_REFUSED ||
                p->status == DRSTOR_E_CONFLICT || p->status == DRSTOR_E_UNSUPPORTED;
    if ((p->status == DRSTOR_E_NOTFOUND && (p->may_miss || p->may_fail)) || (said && p->may_fail))
        p->status = DRSTOR_OK;
    dr_mailbox_post(p->box, p); /* the last touch: P may be gone after it */
}

struct reading {
    struct dr_rhv *r;
    const struct dr_rhv_how *how;
    const struct dr_rhv_inventory_options *options;
    struct dr_arena *a;
    struct dr_inventory *v;
};

/* Reads them all, or gives up at the first that fails; then none is in flight any more. */
static int
parts_read(const struct reading *d, struct parts *all, struct drstor_error **err)
{
    struct dr_env *env = d->r->env;
    size_t most = d->options->parallel ? d->options->parallel : PARALLEL;
    most = most > PARALLEL_MAX ? PARALLEL_MAX : most;
    struct dr_mailbox *box = dr_mailbox_new(env);
    struct dr_cancel stop = {false};
    size_t started = 0, in_flight = 0;
    int status = DRSTOR_OK;
    while (in_flight || (status == DRSTOR_OK && started < all->n)) {
        while (status == DRSTOR_OK && started < all->n && in_flight < most) {
            struct part *p = &all->list[started++];
            p->r = d->r;
            p->box = box;
            p->how = *d->how;
            p->how.cancel = &stop;
            in_flight++;
            dr_spawn(env, part_run, p);
        }
        struct part *p =
            dr_mailbox_wait(box, UINT64_MAX, status == DRSTOR_OK ? d->how->cancel : NULL);
        if (!p) { /* cancelled: only reads are under way, so they all are given up at once */
            status = dr_fail(err, DRSTOR_E_CANCELLED, "cancelled; reading changes nothing");
            dr_cancel_now(env, &stop);
            continue;
        }
        in_flight--;
        if (p->status < 0 && status == DRSTOR_OK) {
            status = p->status;
            dr_error_move(err, &p->err);
            (void)dr_context(err, status, "cannot read %s", p->what);
            dr_cancel_now(env, &stop);
        }
    }
    dr_mailbox_free(box);
    return status;
}

static int
part_bad(const struct reading *d, const struct part *p, int status, struct drstor_error **err)
{
    return status < 0 ? dr_context(err, status, "cannot read %s of %s", p->what, dr_rhv_name(d->r))
                      : status;
}

/* ---- first: what needs nothing --------------------------------------------------------------- */

enum first { DCS, DOMAINS, HOSTS, STILL, CLUSTERS = STILL, NETWORKS, PROFILES, TEMPLATES, ROOT };

static const struct {
    const char *path, *what;
} first[] = {
    [DCS] = {"/datacenters", "the data centers"},
    [DOMAINS] = {"/storagedomains", "the storage domains"},
    [HOSTS] = {"/hosts", "the hosts"},
    [CLUSTERS] = {"/clusters", "the clusters"},
    [NETWORKS] = {"/networks", "the networks"},
    [PROFILES] = {"/vnicprofiles", "the vNIC profiles"},
    [TEMPLATES] = {"/templates", "the templates"},
    [ROOT] = {"", "the version"},
};

/* As dr_map_copy, but only what a light reading does not read again. */
static void
take_still(const struct reading *d)
{
    struct dr_inventory still = *d->options->light, copy;
    still.n_dcs = still.n_hosts = still.n_domains = still.n_vms = 0;
    still.n_offered_vms = still.n_offered_templates = still.n_offers_read = 0;
    dr_map_copy(d->a, &dr_inventory_type, &still, &copy);
    struct dr_inventory *v = d->v;
    v->version = copy.version;
    v->clusters = copy.clusters;
    v->n_clusters = copy.n_clusters;
    v->profiles = copy.profiles;
    v->n_profiles = copy.n_profiles;
    v->templates = copy.templates;
    v->n_templates = copy.n_templates;
    v->discovered = copy.discovered;
    v->n_discovered = copy.n_discovered;
    v->discovered_read = copy.discovered_read;
}

static int
first_still(const struct reading *d, const struct part *p, struct drstor_error **err)
{
    int e = part_bad(d, &p[CLUSTERS], rhv_read_clusters(d->a, p[CLUSTERS].doc, d->v, err), err);
    if (e == DRSTOR_OK)
        e = part_bad(d, &p[PROFILES],
                     rhv_read_profiles(d->a, p[PROFILES].doc, p[NETWORKS].doc, d->v, err), err);
    if (e == DRSTOR_OK)
        e = part_bad(d, &p[TEMPLATES], rhv_read_templates(d->a, p[TEMPLATES].doc, d->v, err), err);
    if (e == DRSTOR_OK && d->options->detailed)
        e = part_bad(d, &p[NETWORKS], rhv_read_networks(d->a, p[NETWORKS].doc, d->v, err), err);
    if (e == DRSTOR_OK) {
        d->v->version = rhv_read_version(d->a, p[ROOT].doc);
        d->v->clock = rhv_read_clock(p[ROOT].doc);
    }
    return e;
}

static int
add_attached(struct parts *all, const char *dc, bool may_miss, struct drstor_error **err)
{
    char *path = NULL;
    int e = rhv_path(&path, err, "/datacenters/%/storagedomains", dc);
    if (e == DRSTOR_OK)
        part_add(all, path, "the storage domains of data center", dc)->may_miss = may_miss;
    return e;
}

/* Of a data center that was there a while ago: it may be gone, but then from the list, too. */
static int
take_attached(const struct reading *d, const struct part *p, struct drstor_error **err)
{
    if (!dr_inventory_dc(d->v, p->id))
        return DRSTOR_OK;
    if (!p->doc)
        return dr_fail(err, DRSTOR_E_NOTFOUND, "cannot read %s: it is gone", p->what);
    return part_bad(d, p, rhv_read_domains(d->a, p->doc, p->id, d->v, err), err);
}

static bool
with_parts(const struct reading *d)
{
    return d->options->detailed || d->options->parts;
}

static void
add_vms(const struct reading *d, struct parts *all)
{
    const char *path = with_parts(d) ? "/vms?follow=nics,disk_attachments.disk" : "/vms";
    (void)part_add(all, dr_strdup(path), "the VMs", NULL);
}

static int
take_vms(const struct reading *d, const struct part *p, struct drstor_error **err)
{
    return part_bad(d, p, rhv_read_vms(d->a, p->doc, with_parts(d), d->v, err), err);
}

/* Offers that are known need not be read before the VMs. */
static bool
vms_early(const struct reading *d)
{
    return d->options->light && (!d->options->offers || d->options->offers_from);
}

/* A light reading knows the data centers, and need not wait for their list to ask for the rest. */
static int
read_first(const struct reading *d, struct drstor_error **err)
{
    dr_auto(parts_freep) struct parts all = {0};
    const struct dr_inventory *light = d->options->light;
    size_t n = light ? STILL : DR_COUNT(first);
    for (size_t i = 0; i < n; i++)
        (void)part_add(&all, dr_strdup(first[i].path), first[i].what, NULL);
    int e = DRSTOR_OK;
    for (size_t i = 0; light && i < light->n_dcs && e == DRSTOR_OK; i++)
        e = add_attached(&all, light->dcs[i].id, true, err);
    size_t attached = all.n;
    if (vms_early(d))
        add_vms(d, &all);
    if (e == DRSTOR_OK)
        e = parts_read(d, &all, err);
    if (e < 0)
        return e;
    const struct part *p = all.list;
    if (d->options->light)
        take_still(d);
    else
        e = first_still(d, p, err);
    if (e == DRSTOR_OK)
        e = part_bad(d, &p[DCS], rhv_read_dcs(d->a, p[DCS].doc, d->v, err), err);
    if (e == DRSTOR_OK)
        e = part_bad(d, &p[HOSTS], rhv_read_hosts(d->a, p[HOSTS].doc, d->v, err), err);
    if (e == DRSTOR_OK)
        e = part_bad(d, &p[DOMAINS], rhv_read_domains(d->a, p[DOMAINS].doc, NULL, d->v, err), err);
    for (size_t i = n; i < attached && e == DRSTOR_OK; i++)
        e = take_attached(d, &p[i], err);
    if (e == DRSTOR_OK && attached < all.n)
        e = take_vms(d, &p[attached], err);
    return e;
}

/* ---- then: per data center, per domain ------------------------------------------------------- */

static int
read_attached(const struct reading *d, struct drstor_error **err)
{
    dr_auto(parts_freep) struct parts all = {0};
    int e = DRSTOR_OK;
    for (size_t i = 0; i < d->v->n_dcs && e == DRSTOR_OK; i++)
        if (!d->options->light || !dr_inventory_dc(d->options->light, d->v->dcs[i].id))
            e = add_attached(&all, d->v->dcs[i].id, false, err);
    if (e == DRSTOR_OK)
        e = parts_read(d, &all, err);
    for (size_t i = 0; i < all.n && e == DRSTOR_OK; i++)
        e = take_attached(d, &all.list[i], err);
    return e;
}

static bool
holds_vms(const struct dr_inv_domain *domain)
{
    return domain->dc &&
           (dr_streq(domain->type, "data") || dr_streq(domain->type, RHV_TYPE_HOSTED_ENGINE));
}

/*
 * Engines before 4.2 answer "which VMs are on this domain" with an empty list, always. When no
 * domain has any, while there are VMs, every VM is asked for its disks: that nothing of a group
 * runs must not be read out of an answer that says nothing.
 */
static int
read_disks(const struct reading *d, struct drstor_error **err)
{
    dr_auto(parts_freep) struct parts all = {0};
    for (size_t i = 0; i < d->v->n_vms; i++)
        if (d->v->vms[i].n_domains)
            return DRSTOR_OK;
    for (size_t i = 0; i < d->v->n_vms; i++) {
        char *path = NULL;
        const char *id = d->v->vms[i].id;
        int e = rhv_path(&path, err, "/vms/%/diskattachments?follow=disk", id);
        if (e < 0)
            return e;
        part_add(&all, path, "the disks of VM", id)->may_miss = true; /* a VM that has gone */
    }
    int e = parts_read(d, &all, err);
    for (size_t i = 0; e == DRSTOR_OK && i < all.n; i++)
        if (all.list[i].doc)
            e = part_bad(d, &all.list[i],
                         rhv_read_vm_disks(d->a, all.list[i].doc, &d->v->vms[i], err), err);
    return e;
}

/* All VMs, and unless LIGHT which of them every domain holds. */
static int
read_vms(const struct reading *d, struct drstor_error **err)
{
    dr_auto(parts_freep) struct parts all = {0};
    add_vms(d, &all);
    for (size_t i = 0; !d->options->light && i < d->v->n_domains; i++) {
        char *path = NULL;
        const char *id = d->v->domains[i].id;
        if (!holds_vms(&d->v->domains[i]))
            continue;
        int e = rhv_path(&path, err, "/storagedomains/%/vms", id);
        if (e < 0)
            return e;
        (void)part_add(&all, path, "the VMs of storage domain", id);
    }
    int e = parts_read(d, &all, err);
    if (e == DRSTOR_OK)
        e = take_vms(d, &all.list[0], err);
    for (size_t i = 1; e == DRSTOR_OK && i < all.n; i++)
        e = part_bad(d, &all.list[i],
                     rhv_read_domain_vms(d->a, all.list[i].doc, all.list[i].id, d->v, err), err);
    return e == DRSTOR_OK && all.n > 1 ? read_disks(d, err) : e;
}

/* A light reading keeps what it knew. */
static void
keep_places(const struct reading *d)
{
    const struct dr_inventory *old = d->options->light;
    struct dr_index vms = {0};
    for (size_t i = 0; i < old->n_vms; i++)
        (void)dr_index_put(d->a, &vms, old->vms[i].id, i);
    for (size_t i = 0; i < d->v->n_vms; i++) {
        struct dr_inv_vm *vm = &d->v->vms[i];
        size_t at = dr_index_at(&vms, vm->id);
        for (size_t j = 0; at != DR_INDEX_NONE && j < old->vms[at].n_domains; j++)
            dr_arena_push(d->a, vm->domains, vm->n_domains) =
                dr_arena_str(d->a, old->vms[at].domains[j]);
    }
    for (size_t i = 0; i < d->v->n_domains; i++)
        for (size_t k = 0; k < old->n_domains; k++)
            if (dr_streq(old->domains[k].id, d->v->domains[i].id) &&
                dr_streq(old->domains[k].type, RHV_TYPE_HOSTED_ENGINE))
                d->v->domains[i].type = RHV_TYPE_HOSTED_ENGINE;
}

static bool
offers_wanted(const struct dr_rhv_inventory_options *o, const struct dr_inv_domain *domain)
{
    if (!dr_streq(domain->type, "data") || domain->status != DR_SD_ACTIVE)
        return false;
    for (size_t i = 0; i < o->n_offers_of; i++)
        if (dr_streq(o->offers_of[i], domain->id))
            return true;
    return !o->offers_of;
}

static struct dr_inv_offer *
take_offers(struct dr_arena *a, const struct dr_inv_offer *from, size_t n_from, const char *domain,
            struct dr_inv_offer *list, size_t *n)
{
    for (size_t i = 0; i < n_from; i++) {
        if (!dr_streq(from[i].domain, domain))
            continue;
        struct dr_inv_offer *o = &dr_arena_push(a, list, *n);
        *o = from[i];
        o->domain = domain;
        o->id = dr_arena_str(a, from[i].id);
        o->name = dr_arena_str(a, from[i].name);
        o->cluster = dr_arena_str(a, from[i].cluster);
        o->template_id = dr_arena_str(a, from[i].template_id);
    }
    return list;
}

/* What DOMAIN offers, as it was read before. False: it was not. */
static bool
offers_kept(const struct reading *d, const char *domain)
{
    const struct dr_inventory *old = d->options->offers_from;
    struct dr_inventory *v = d->v;
    for (size_t i = 0; old && i < old->n_offers_read; i++) {
        if (!dr_streq(old->offers_read[i], domain))
            continue;
        v->offered_vms = take_offers(d->a, old->offered_vms, old->n_offered_vms, domain,
                                     v->offered_vms, &v->n_offered_vms);
        v->offered_templates = take_offers(d->a, old->offered_templates, old->n_offered_templates,
                                           domain, v->offered_templates, &v->n_offered_templates);
        dr_arena_push(d->a, v->offers_read, v->n_offers_read) = domain;
        return true;
    }
    return false;
}

static int
read_offers(const struct reading *d, bool *ret_any, struct drstor_error **err)
{
    dr_auto(parts_freep) struct parts all = {0};
    struct dr_inventory *v = d->v;
    for (size_t i = 0; i < v->n_domains; i++) {
        const char *id = v->domains[i].id;
        if (!offers_wanted(d->options, &v->domains[i]) || offers_kept(d, id))
            continue;
        char *vms = NULL, *templates = NULL;
        int e = rhv_path(&vms, err, "/storagedomains/%/vms?unregistered=true", id);
        if (e < 0)
            return e;
        (void)part_add(&all, vms, "the VMs offered by storage domain", id);
        e = rhv_path(&templates, err, "/storagedomains/%/templates?unregistered=true", id);
        if (e < 0)
            return e;
        (void)part_add(&all, templates, "the templates offered by storage domain", id);
    }
    int e = parts_read(d, &all, err);
    *ret_any = all.n > 0;
    for (size_t i = 0; e == DRSTOR_OK && i < all.n; i += 2) {
        const struct part *p = &all.list[i];
        e = part_bad(d, p,
                     rhv_read_offers(d->a, p[0].doc, "vm", p->id, v, &v->offered_vms,
                                     &v->n_offered_vms, err),
                     err);
        if (e == DRSTOR_OK)
            e = part_bad(d, p,
                         rhv_read_offers(d->a, p[1].doc, "template", p->id, v,
                                         &v->offered_templates, &v->n_offered_templates, err),
                         err);
        if (e == DRSTOR_OK)
            dr_arena_push(d->a, v->offers_read, v->n_offers_read) = p->id;
    }
    return e;
}

/* ---- for checks ------------------------------------------------------------------------------ */

enum detail { ROLES, DIRECTORIES, LABELS, LUN_DISKS, INTERVAL, EVENTS, DETAILS };

static const struct {
    const char *path, *what, *list;
} details[DETAILS] = {
    [ROLES] = {"/roles", "the roles", "roles"},
    [DIRECTORIES] = {"/domains", "the directories of users", "domains"},
    [LABELS] = {"/affinitylabels", "the affinity labels", "affinity labels"},
    [LUN_DISKS] = {"/disks?search=disk_type%3Dlun", "the direct LUN disks", "LUN disks"},
    [INTERVAL] = {"/options/OvfUpdateIntervalInMinutes", "the option OvfUpdateIntervalInMinutes",
                  "OVF interval"},
    [EVENTS] = {"/events?search=type%3D199&max=2000", "the events of OVF updates", "OVF events"},
};

static int
take_detail(const struct reading *d, enum detail i, struct json_object *doc,
            struct drstor_error **err)
{
    struct dr_inventory *v = d->v;
    switch (i) {
    case ROLES:
        return rhv_read_named(d->a, doc, "role", &v->roles, &v->n_roles, err);
    case DIRECTORIES:
        return rhv_read_named(d->a, doc, "domain", &v->directories, &v->n_directories, err);
    case LABELS:
        return rhv_read_named(d->a, doc, "affinity_label", &v->labels, &v->n_labels, err);
    case LUN_DISKS:
        return rhv_read_lun_disks(d->a, doc, v, err);
    case INTERVAL:
        v->ovf_interval_s = rhv_read_minutes(doc);
        return DRSTOR_OK;
    case EVENTS:
        return rhv_read_ovf_events(doc, DR_RHV_EVENT_OVF_UPDATED, v, err);
    case DETAILS:
        break;
    }
    return DRSTOR_OK;
}

static void
unread(const struct reading *d, const char *list)
{
    dr_arena_push(d->a, d->v->unread, d->v->n_unread) = list;
}

static int
add_detail(struct parts *all, const char *form, const char *what, const char *id,
           struct drstor_error **err)
{
    char *path = NULL;
    int e = rhv_path(&path, err, form, id);
    if (e == DRSTOR_OK)
        part_add(all, path, what, id)->may_fail = true;
    return e;
}

static int
read_details(const struct reading *d, struct drstor_error **err)
{
    dr_auto(parts_freep) struct parts all = {0};
    struct dr_inventory *v = d->v;
    int e = DRSTOR_OK;
    for (size_t i = 0; i < DETAILS; i++)
        part_add(&all, dr_strdup(details[i].path), details[i].what, NULL)->may_fail = true;
    for (size_t i = 0; e == DRSTOR_OK && i < v->n_clusters; i++)
        e = add_detail(&all, "/clusters/%/affinitygroups", "the affinity groups of cluster",
                       v->clusters[i].id, err);
    size_t first_host = all.n;
    for (size_t i = 0; e == DRSTOR_OK && i < v->n_hosts; i++)
        if (dr_streq(v->hosts[i].status, "up"))
            e = add_detail(&all, "/hosts/%/storage?report_status=false", "the LUNs of host",
                           v->hosts[i].id, err);
    if (e == DRSTOR_OK)
        e = parts_read(d, &all, err);
    bool affinity = true;
    for (size_t i = 0; e == DRSTOR_OK && i < all.n; i++) {
        const struct part *p = &all.list[i];
        if (i < DETAILS && !p->doc)
            unread(d, details[i].list);
        else if (i < DETAILS)
            e = part_bad(d, p, take_detail(d, (enum detail)i, p->doc, err), err);
        else if (i < first_host && p->doc)
            e = part_bad(d, p, rhv_read_affinity(d->a, p->doc, p->id, v, err), err);
        else if (i < first_host)
            affinity = false;
        for (size_t k = 0; e == DRSTOR_OK && i >= first_host && p->doc && k < v->n_hosts; k++)
            if (v->hosts[k].id == p->id)
                e = part_bad(d, p, rhv_read_host_luns(d->a, p->doc, &v->hosts[k], err), err);
    }
    if (!affinity)
        unread(d, "affinity groups");
    return e;
}

static int
only_vms(const struct reading *d, struct dr_inventory *ret, struct drstor_error **err)
{
    struct dr_inventory still = *d->options->light;
    still.n_vms = 0;
    dr_map_copy(d->a, &dr_inventory_type, &still, d->v);
    int e = read_vms(d, err);
    if (e < 0)
        return e;
    keep_places(d);
    *ret = *d->v;
    return DRSTOR_OK;
}

static int
read_once(struct dr_rhv *r, const struct dr_rhv_how *how,
          const struct dr_rhv_inventory_options *options, struct dr_arena *a,
          struct dr_inventory *ret, struct drstor_error **err)
{
    static const struct dr_rhv_how plain;
    static const struct dr_rhv_inventory_options whole;
    struct dr_inventory v;
    dr_map_clear(&dr_inventory_type, &v);
    v.site = dr_arena_str(a, r->site);
    v.detailed = options && options->detailed;
    const struct reading d = {
        .r = r, .how = how ? how : &plain, .options = options ? options : &whole, .a = a, .v = &v};
    if (d.options->vms_only)
        return only_vms(&d, ret, err);
    int e = read_first(&d, err);
    if (e == DRSTOR_OK)
        e = read_attached(&d, err);
    /* Offers before VMs: one that is registered meanwhile is in both lists, never in none. */
    bool offered = false;
    if (e == DRSTOR_OK && d.options->offers)
        e = read_offers(&d, &offered, err);
    if (e == DRSTOR_OK && (offered || !vms_early(&d)))
        e = read_vms(&d, err);
    if (e == DRSTOR_OK && d.options->detailed)
        e = read_details(&d, err);
    if (e == DRSTOR_OK && d.options->light)
        keep_places(&d);
    if (e == DRSTOR_OK)
        *ret = v;
    return e;
}

/* What was in a list and is gone when it is asked for was taken away meanwhile, by this run
 * perhaps: the list is read anew. */
int
dr_rhv_inventory(struct dr_rhv *r, const struct dr_rhv_how *how,
                 const struct dr_rhv_inventory_options *options, struct dr_arena *a,
                 struct dr_inventory *ret, struct drstor_error **err)
{
    enum { READS_MOST = 4 };
    for (int i = 1;; i++) {
        dr_auto(dr_error_freep) struct drstor_error *gone = NULL;
        int e = read_once(r, how, options, a, ret, &gone);
        if (e == DRSTOR_E_NOTFOUND && i < READS_MOST)
            continue;
        if (e < 0 && err) {
            *err = gone;
            gone = NULL;
        }
        return e;
    }
}
