/* Storage domains: how they are told, and what can be asked of them. */
#include "base/mem.h"
#include "base/str.h"
#include "model/words.h"
#include "rhv/api.h"
#include "rhv/calls.h"
#include "rhv/document.h"

#include <string.h>

/* The engine's own name for the domain it lives on; it cannot be changed. */
#define HOSTED_ENGINE_NAME "hosted_storage"

/* ---- reading --------------------------------------------------------------------------------- */

struct dr_inv_domain *
rhv_domain_find(struct dr_inventory *v, const char *id)
{
    for (size_t i = 0; i < v->n_domains; i++)
        if (dr_streq(v->domains[i].id, id))
            return &v->domains[i];
    return NULL;
}

/* How hosts get to LUN, for iSCSI; a domain's LUNs share their portal. */
static void
read_way(struct dr_arena *a, struct json_object *lun, struct dr_inv_domain *d)
{
    const char *target = dr_json_str(lun, "target");
    bool known = !target || d->n_targets >= RHV_LUNS_MAX;
    for (size_t i = 0; !known && i < d->n_targets; i++)
        known = dr_streq(d->targets[i], target);
    if (!known)
        dr_arena_push(a, d->targets, d->n_targets) = dr_arena_str(a, target);
    if (!d->address)
        d->address = dr_arena_str(a, dr_json_str(lun, "address"));
    if (d->port < 0)
        (void)dr_json_i64(lun, "port", &d->port);
}

static void
read_luns(struct dr_arena *a, struct json_object *o, struct dr_inv_domain *d)
{
    struct json_object *storage = dr_json_get(o, "storage");
    struct json_object *group = dr_json_get(storage, "volume_group");
    struct json_object *luns =
        dr_json_get(dr_json_get(group ? group : storage, "logical_units"), "logical_unit");
    for (size_t i = 0; d->n_wwids < RHV_LUNS_MAX && i < dr_json_length(luns); i++) {
        const char *wwid = dr_json_str(rhv_item(luns, i), "id");
        bool known = !wwid || !*wwid;
        for (size_t j = 0; !known && j < d->n_wwids; j++)
            known = dr_streq(d->wwids[j], wwid);
        read_way(a, rhv_item(luns, i), d);
        if (!known)
            dr_arena_push(a, d->wwids, d->n_wwids) = dr_arena_str(a, wwid);
    }
}

void
rhv_read_domain(struct dr_arena *a, struct json_object *o, struct dr_inv_domain *d)
{
    const char *name = dr_json_str(o, "name"), *type = dr_json_str(o, "type");
    if (name)
        d->name = dr_arena_str(a, name);
    if (dr_streq(d->name, HOSTED_ENGINE_NAME))
        type = RHV_TYPE_HOSTED_ENGINE;
    if (type && !dr_streq(d->type, RHV_TYPE_HOSTED_ENGINE))
        d->type = dr_arena_str(a, type);
    const char *storage = rhv_inner(o, "storage", "type");
    if (storage)
        d->storage = dr_arena_str(a, storage);
    (void)dr_json_bool(o, "master", &d->master);
    read_luns(a, o, d);
}

int
rhv_read_domains(struct dr_arena *a, struct json_object *doc, const char *dc,
                 struct dr_inventory *v, struct drstor_error **err)
{
    struct json_object *items;
    int e = rhv_items(doc, "storage_domain", RHV_PLACES_MAX, &items, err);
    if (e < 0)
        return e;
    for (size_t i = 0; i < dr_json_length(items); i++) {
        struct json_object *o = rhv_item(items, i);
        const char *id = dr_json_str(o, "id");
        struct dr_inv_domain *d = rhv_domain_find(v, id);
        if (!d) {
            d = &dr_arena_push(a, v->domains, v->n_domains);
            *d = (struct dr_inv_domain){.id = dr_arena_str(a, id), .port = -1, .ovf_written = -1};
        }
        rhv_read_domain(a, o, d);
        enum dr_sd_status status =
            (enum dr_sd_status)rhv_word(&dr_sd_status_names, dr_json_str(o, "status"));
        if (dc && !d->dc) { /* an ISO domain may be in several; the first one counts */
            d->dc = dr_arena_str(a, dc);
            d->status = status;
        } else if (!dc && status == DR_SD_UNATTACHED) {
            d->status = status;
        }
    }
    return DRSTOR_OK;
}

/* ---- calls ----------------------------------------------------------------------------------- */

/* "10.0.0.5:3260", "[fd00::5]:3260", or either without its port. */
void
rhv_set_portal(struct json_object *o, const char *portal)
{
    const char *end = portal[0] == '[' ? strchr(portal, ']') : NULL;
    const char *colon = strchr(end ? end : portal, ':');
    if (!end && colon && strchr(colon + 1, ':'))
        colon = NULL; /* IPv6 without brackets: all of it is the address */
    const char *from = end ? portal + 1 : portal;
    const char *to = end ? end : colon ? colon : portal + strlen(portal);
    json_object_object_add(o, "address", json_object_new_string_len(from, (int)(to - from)));
    if (colon && colon[1])
        dr_json_set_str(o, "port", colon + 1);
}

static struct json_object *
import_body(const struct dr_rhv_import *import)
{
    struct json_object *o = json_object_new_object(), *host = json_object_new_object();
    struct json_object *storage = json_object_new_object();
    dr_json_set_str(o, "id", import->id);
    dr_json_set_str(o, "name", import->name);
    dr_json_set_str(o, "import", "true");
    dr_json_set_str(o, "type", "data");
    dr_json_set_str(host, "name", import->host);
    dr_json_set(o, "host", host);
    dr_json_set_str(storage, "type", import->protocol);
    dr_json_set(o, "storage", storage);
    if (!dr_streq(import->protocol, "iscsi"))
        return o;
    struct json_object *units = json_object_new_object(), *list = json_object_new_array();
    for (size_t i = 0; i < import->n_targets; i++) {
        struct json_object *unit = json_object_new_object();
        rhv_set_portal(unit, import->targets[i].portal);
        dr_json_set_str(unit, "target", import->targets[i].target);
        json_object_array_add(list, unit);
    }
    dr_json_set(units, "logical_unit", list);
    dr_json_set(storage, "logical_units", units);
    return o;
}

int
dr_rhv_import(struct dr_rhv *r, const struct dr_rhv_how *how, const struct dr_rhv_import *import,
              struct dr_rhv_answer *ret, struct drstor_error **err)
{
    bool block = dr_streq(import->protocol, "fcp") ||
                 (dr_streq(import->protocol, "iscsi") && import->n_targets > 0);
    for (size_t i = 0; i < import->n_targets; i++)
        block = block && import->targets[i].portal && import->targets[i].target;
    if (!block || !rhv_id_is_sound(import->id) || !import->host)
        return dr_fail(
            err, DRSTOR_E_INVALID,
            "a storage domain is imported by its id, from a host, over fcp or over iscsi "
            "with its portals and targets");
    dr_auto(dr_json_putp) struct json_object *body = import_body(import);
    dr_auto(dr_json_putp) struct json_object *o = NULL;
    const struct rhv_request q = {
        .method = "POST", .path = "/storagedomains", .body = body, .mutating = true};
    struct dr_rhv_answer answer = {0};
    int e = rhv_answer(r, how, &q, &answer, &o, err);
    const char *id = dr_json_str(o, "id");
    if (e == DRSTOR_OK && id && strcmp(id, import->id) != 0)
        e = dr_fail(err, DRSTOR_E_PROTOCOL, "%s made storage domain %.64s of it", dr_rhv_name(r),
                    id);
    if (e < 0)
        return dr_context(err, e, "cannot import storage domain %s",
                          import->name ? import->name : import->id);
    if (ret)
        *ret = answer;
    return DRSTOR_OK;
}

int
dr_rhv_attach(struct dr_rhv *r, const struct dr_rhv_how *how, const char *dc, const char *sd,
              struct dr_rhv_answer *ret, struct drstor_error **err)
{
    if (!rhv_id_is_sound(sd))
        return dr_fail(err, DRSTOR_E_INVALID, "\"%.64s\" is no id of a storage domain",
                       sd ? sd : "");
    dr_auto(dr_freep) char *path = NULL;
    dr_auto(dr_json_putp) struct json_object *body = json_object_new_object();
    dr_auto(dr_json_putp) struct json_object *o = NULL;
    dr_json_set_str(body, "id", sd);
    int e = rhv_path(&path, err, "/datacenters/%/storagedomains", dc);
    const struct rhv_request q = {.method = "POST", .path = path, .body = body, .mutating = true};
    struct dr_rhv_answer answer = {0};
    if (e == DRSTOR_OK)
        e = rhv_answer(r, how, &q, &answer, &o, err);
    if (e < 0)
        return dr_context(err, e, "cannot attach storage domain %s", sd);
    answer.domain = (enum dr_sd_status)rhv_word(&dr_sd_status_names, dr_json_str(o, "status"));
    if (ret)
        *ret = answer;
    return DRSTOR_OK;
}

int
dr_rhv_activate(struct dr_rhv *r, const struct dr_rhv_how *how, const char *dc, const char *sd,
                struct dr_rhv_answer *ret, struct drstor_error **err)
{
    dr_auto(dr_freep) char *path = NULL;
    int e = rhv_path(&path, err, "/datacenters/%/storagedomains/%/activate", dc, sd);
    if (e == DRSTOR_OK)
        e = rhv_act(r, how, "POST", path, NULL, ret, err);
    return e < 0 ? dr_context(err, e, "cannot activate storage domain %s", sd) : e;
}

int
dr_rhv_deactivate(struct dr_rhv *r, const struct dr_rhv_how *how, const char *dc, const char *sd,
                  bool force, struct dr_rhv_answer *ret, struct drstor_error **err)
{
    dr_auto(dr_freep) char *path = NULL;
    dr_auto(dr_json_putp) struct json_object *body = json_object_new_object();
    if (force)
        dr_json_set_str(body, "force", "true");
    int e = rhv_path(&path, err, "/datacenters/%/storagedomains/%/deactivate", dc, sd);
    if (e == DRSTOR_OK)
        e = rhv_act(r, how, "POST", path, body, ret, err);
    return e < 0 ? dr_context(err, e, "cannot deactivate storage domain %s", sd) : e;
}

int
dr_rhv_detach(struct dr_rhv *r, const struct dr_rhv_how *how, const char *dc, const char *sd,
              struct dr_rhv_answer *ret, struct drstor_error **err)
{
    dr_auto(dr_freep) char *path = NULL;
    int e = rhv_path(&path, err, "/datacenters/%/storagedomains/%", dc, sd);
    if (e == DRSTOR_OK)
        e = rhv_act(r, how, "DELETE", path, NULL, ret, err);
    return e < 0 ? dr_context(err, e, "cannot detach storage domain %s", sd) : e;
}

/* Not with a host and without "destroy": that reads the domain, which may not be there. */
int
dr_rhv_remove(struct dr_rhv *r, const struct dr_rhv_how *how, const char *sd,
              struct dr_rhv_answer *ret, struct drstor_error **err)
{
    dr_auto(dr_freep) char *path = NULL;
    int e = rhv_path(&path, err, "/storagedomains/%?destroy=true", sd);
    if (e == DRSTOR_OK)
        e = rhv_act(r, how, "DELETE", path, NULL, ret, err);
    return e < 0 ? dr_context(err, e, "cannot remove storage domain %s from the engine", sd) : e;
}

int
dr_rhv_update_ovf(struct dr_rhv *r, const struct dr_rhv_how *how, const char *sd,
                  struct dr_rhv_answer *ret, struct drstor_error **err)
{
    dr_auto(dr_freep) char *path = NULL;
    int e = rhv_path(&path, err, "/storagedomains/%/updateovfstore", sd);
    if (e == DRSTOR_OK)
        e = rhv_act(r, how, "POST", path, NULL, ret, err);
    return e < 0 ? dr_context(err, e, "cannot have the OVF store of storage domain %s written", sd)
                 : e;
}
