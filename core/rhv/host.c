/* What a host is asked to do: log in to targets, and look at its LUNs. */
#include "base/mem.h"
#include "base/str.h"
#include "rhv/api.h"
#include "rhv/calls.h"
#include "rhv/document.h"

#include <string.h>

static struct json_object *
iscsi_details(const struct dr_rhv_target *t, bool with_target)
{
    struct json_object *o = json_object_new_object();
    rhv_set_portal(o, t->portal);
    if (with_target)
        dr_json_set_str(o, "target", t->target);
    return o;
}

int
dr_rhv_iscsi_login(struct dr_rhv *r, const struct dr_rhv_how *how, const char *host,
                   const struct dr_rhv_target *t, struct drstor_error **err)
{
    if (!t->portal || !t->target)
        return dr_fail(err, DRSTOR_E_INVALID, "an iSCSI login needs portal and target");
    dr_auto(dr_freep) char *path = NULL;
    dr_auto(dr_json_putp) struct json_object *body = json_object_new_object();
    dr_json_set(body, "iscsi", iscsi_details(t, true));
    int e = rhv_path(&path, err, "/hosts/%/iscsilogin", host);
    if (e == DRSTOR_OK)
        e = rhv_act(r, how, "POST", path, body, NULL, err);
    return e < 0
               ? dr_context(err, e, "host %s cannot log in to %s at %s", host, t->target, t->portal)
               : e;
}

int
dr_rhv_select_spm(struct dr_rhv *r, const struct dr_rhv_how *how, const char *host,
                  struct dr_rhv_answer *ret, struct drstor_error **err)
{
    dr_auto(dr_freep) char *path = NULL;
    int e = rhv_path(&path, err, "/hosts/%/forceselectspm", host);
    if (e == DRSTOR_OK)
        e = rhv_act(r, how, "POST", path, NULL, ret, err);
    return e < 0 ? dr_context(err, e, "cannot make host %s the SPM", host) : e;
}

int
dr_rhv_host_power(struct dr_rhv *r, const struct dr_rhv_how *how, const char *host, bool on,
                  struct dr_rhv_answer *ret, struct drstor_error **err)
{
    dr_auto(dr_freep) char *path = NULL;
    dr_auto(dr_json_putp) struct json_object *body = json_object_new_object();
    dr_json_set_str(body, "fence_type", on ? "start" : "stop");
    int e = rhv_path(&path, err, "/hosts/%/fence", host);
    if (e == DRSTOR_OK)
        e = rhv_act(r, how, "POST", path, body, ret, err);
    return e < 0 ? dr_context(err, e, "cannot switch host %s %s", host, on ? "on" : "off") : e;
}

/* ---- discover -------------------------------------------------------------------------------- */

struct found {
    struct dr_arena *a;
    struct dr_inv_domain *domains;
    const char **groups; /* volume group of each, NULL when not told */
    size_t n, n_groups;
};

static int
found_add(struct found *f, struct json_object *answer, struct drstor_error **err)
{
    struct json_object *inner = dr_json_get(answer, "storage_domains"), *items = NULL;
    if (!inner)
        return DRSTOR_OK; /* none: what is unset is absent */
    int e = rhv_items(inner, "storage_domain", RHV_PLACES_MAX, &items, err);
    if (e < 0)
        return e;
    for (size_t i = 0; i < dr_json_length(items); i++) {
        struct json_object *o = rhv_item(items, i);
        const char *id = dr_json_str(o, "id");
        bool known = f->n >= RHV_PLACES_MAX;
        for (size_t j = 0; !known && j < f->n; j++)
            known = dr_streq(f->domains[j].id, id);
        if (known)
            continue;
        struct dr_inv_domain *d = &dr_arena_push(f->a, f->domains, f->n);
        *d = (struct dr_inv_domain){.id = dr_arena_str(f->a, id), .port = -1, .ovf_written = -1};
        rhv_read_domain(f->a, o, d);
        const char *group = rhv_inner(dr_json_get(o, "storage"), "volume_group", "id");
        dr_arena_push(f->a, f->groups, f->n_groups) = dr_arena_str(f->a, group);
    }
    return DRSTOR_OK;
}

/* One question: over fibre channel, or over iSCSI at one address. */
static int
discover_one(struct dr_rhv *r, const struct dr_rhv_how *how, const char *path,
             struct json_object *body, struct found *f, struct drstor_error **err)
{
    dr_auto(dr_json_putp) struct json_object *o = NULL;
    const struct rhv_request q = {
        .method = "POST", .path = path, .body = body, .scan = true, .action = true};
    int e = rhv_call(r, how, &q, &o, NULL, err);
    if (e < 0)
        return e;
    const char *status = dr_json_str(o, "status");
    if (status && strcmp(status, "complete") != 0) /* "none so far" is not "none" */
        return dr_fail(err, DRSTOR_E_BUSY, "%s has not finished looking: %.32s", dr_rhv_name(r),
                       status);
    return found_add(f, o, err);
}

static struct json_object *
iscsi_body(const struct dr_rhv_target *t)
{
    struct json_object *body = json_object_new_object(), *targets = json_object_new_object();
    struct json_object *list = json_object_new_array();
    json_object_array_add(list, json_object_new_string(t->target));
    dr_json_set(targets, "iscsi_target", list);
    dr_json_set(body, "iscsi", iscsi_details(t, false));
    dr_json_set(body, "iscsi_targets", targets);
    return body;
}

static bool
wwids_missing(const struct found *f)
{
    for (size_t i = 0; i < f->n; i++)
        if (f->domains[i].n_wwids == 0 && f->groups[i])
            return true;
    return false;
}

static void
lun_found(struct found *f, const char *group, const char *wwid)
{
    for (size_t i = 0; group && wwid && *wwid && i < f->n; i++) {
        struct dr_inv_domain *d = &f->domains[i];
        bool known = !dr_streq(f->groups[i], group) || d->n_wwids >= RHV_LUNS_MAX;
        for (size_t j = 0; !known && j < d->n_wwids; j++)
            known = dr_streq(d->wwids[j], wwid);
        if (!known)
            dr_arena_push(f->a, d->wwids, d->n_wwids) = dr_arena_str(f->a, wwid);
    }
}

/* Engines tell the volume group of such a domain, and elsewhere which LUN is of which group. */
static int
find_wwids(struct dr_rhv *r, const struct dr_rhv_how *how, const char *host, struct found *f,
           struct drstor_error **err)
{
    dr_auto(dr_freep) char *path = NULL;
    dr_auto(dr_json_putp) struct json_object *doc = NULL;
    /* Without the status, for which the host would try every LUN. */
    int e = rhv_path(&path, err, "/hosts/%/storage?report_status=false", host);
    const struct rhv_request q = {.method = "GET", .path = path, .scan = true};
    if (e == DRSTOR_OK)
        e = rhv_call(r, how, &q, &doc, NULL, err);
    if (e < 0)
        return e;
    struct json_object *all = dr_json_get(doc, "host_storage");
    for (size_t i = 0; i < dr_json_length(all); i++) {
        struct json_object *o = rhv_item(all, i);
        struct json_object *units = dr_json_get(dr_json_get(o, "logical_units"), "logical_unit");
        for (size_t j = 0; j < dr_json_length(units); j++) {
            struct json_object *lun = rhv_item(units, j);
            lun_found(f, dr_json_str(lun, "volume_group_id"), dr_json_str(lun, "id"));
        }
    }
    return DRSTOR_OK;
}

int
dr_rhv_discover(struct dr_rhv *r, const struct dr_rhv_how *how, const char *host,
                const struct dr_rhv_target *targets, size_t n_targets, struct dr_arena *a,
                struct dr_inv_domain **ret, size_t *ret_n, struct drstor_error **err)
{
    dr_auto(dr_freep) char *path = NULL;
    struct found f = {.a = a};
    int e = rhv_path(&path, err, "/hosts/%/unregisteredstoragedomainsdiscover", host);
    if (e == DRSTOR_OK && n_targets == 0) {
        dr_auto(dr_json_putp) struct json_object *body = json_object_new_object();
        e = discover_one(r, how, path, body, &f, err);
    }
    for (size_t i = 0; e == DRSTOR_OK && i < n_targets; i++) {
        if (!targets[i].portal || !targets[i].target) {
            e = dr_fail(err, DRSTOR_E_INVALID, "an iSCSI target without portal or name");
            break;
        }
        dr_auto(dr_json_putp) struct json_object *body = iscsi_body(&targets[i]);
        e = discover_one(r, how, path, body, &f, err);
    }
    if (e == DRSTOR_OK && wwids_missing(&f))
        e = find_wwids(r, how, host, &f, err);
    if (e < 0)
        return dr_context(err, e, "cannot see what storage domains host %s finds", host);
    *ret = f.domains;
    *ret_n = f.n;
    return DRSTOR_OK;
}
