/* The document on the LUNs of a domain: found by volume group, written only where it may be. */
#include "engine.h"

#include <errno.h>
#include <stdlib.h>

static bool
lun_exposed(const struct emu_host *h, struct json_object *lun)
{
    const char *group = h ? js_str(h->conf, "host_group") : NULL;
    if (!group)
        return true;
    struct json_object *exposed = js_get(lun, "exposed_to");
    for (size_t i = 0; i < js_len(exposed); i++)
        if (emu_same(json_object_get_string(js_at(exposed, i)), group))
            return true;
    return false;
}

/* An iSCSI LUN is seen by hosts that have logged in to a target that shows it. */
static bool
lun_reached(struct emu_engine *e, const struct emu_host *h, const char *wwid)
{
    struct json_object *targets = js_get(e->conf, "iscsi_targets");
    bool iscsi = false;
    for (size_t i = 0; i < js_len(targets); i++) {
        struct json_object *t = js_at(targets, i);
        for (size_t l = 0; l < js_len(js_get(t, "luns")); l++) {
            if (!emu_same(json_object_get_string(js_at(js_get(t, "luns"), l)), wwid))
                continue;
            iscsi = true;
            if (!h || js_bool(t, "logged_in", false))
                return true;
            struct json_object *login = NULL;
            const char *name = js_str(t, "target");
            if (name && json_object_object_get_ex(h->logins, name, &login))
                return true;
        }
    }
    return !iscsi;
}

struct json_object *
host_visible_luns(struct emu_engine *e, const struct emu_host *host, struct json_object *luns)
{
    struct json_object *seen = json_object_new_array();
    for (size_t i = 0; i < js_len(luns); i++) {
        struct json_object *lun = js_at(luns, i);
        const char *access = js_str(lun, "access");
        if (!access || emu_same(access, "none") || !lun_exposed(host, lun) ||
            !lun_reached(e, host, js_str(lun, "wwid")))
            continue;
        json_object_array_add(seen, json_object_get(lun));
    }
    return seen;
}

struct json_object *
content_luns(struct emu_engine *e, const struct emu_host *host)
{
    struct json_object *all = NULL;
    if (!e->luns || e->luns->list(e->luns->ctx, e->site, &all) < 0)
        return json_object_new_array();
    struct json_object *seen = host_visible_luns(e, host, all);
    json_object_put(all);
    return seen;
}

static void
group_add(struct json_object *groups, struct json_object *lun)
{
    struct json_object *content = js_get(lun, "content");
    const char *vg = js_str(content, "vg.id");
    if (!vg)
        return;
    struct json_object *group = js_find(groups, "vg", vg);
    if (!group) {
        group = json_object_new_object();
        js_add_str(group, "vg", vg);
        js_add_int(group, "count", js_int(content, "vg.count", 1));
        js_add_bool(group, "writable", true);
        js_add(group, "luns", json_object_new_array());
        json_object_array_add(groups, group);
    }
    int64_t index = js_int(content, "vg.index", 0);
    struct json_object *luns = js_get(group, "luns");
    for (size_t i = 0; i < js_len(luns); i++)
        if (js_int(js_at(luns, i), "content.vg.index", 0) == index)
            js_add_bool(group, "duplicate",
                        true); /* LVM refuses two volumes that claim to be one */
    json_object_array_add(luns, json_object_get(lun));
    if (!emu_same(js_str(lun, "access"), "read-write"))
        js_add_bool(group, "writable", false);
    if (index == 0) {
        js_add_ref(group, "doc", content);
        js_add_str(group, "wwid", js_str(lun, "wwid"));
    }
}

struct json_object *
content_groups(struct emu_engine *e, const struct emu_host *host)
{
    struct json_object *groups = json_object_new_array();
    struct json_object *luns = content_luns(e, host);
    for (size_t i = 0; i < js_len(luns); i++)
        group_add(groups, js_at(luns, i));
    json_object_put(luns);
    for (size_t i = js_len(groups); i > 0; i--) {
        struct json_object *g = js_at(groups, i - 1);
        if (!js_get(g, "doc") || js_bool(g, "duplicate", false) ||
            (int64_t)js_len(js_get(g, "luns")) != js_int(g, "count", 1))
            js_add_bool(g, "broken", true);
    }
    return groups;
}

struct json_object *
content_group(struct emu_engine *e, const char *sd_id)
{
    struct json_object *groups = content_groups(e, NULL);
    struct json_object *found = NULL;
    for (size_t i = 0; i < js_len(groups) && !found; i++) {
        struct json_object *g = js_at(groups, i);
        if (!js_bool(g, "broken", false) && emu_same(js_str(g, "doc.domain.id"), sd_id))
            found = json_object_get(g);
    }
    json_object_put(groups);
    return found;
}

struct json_object *
content_read(struct emu_engine *e, const char *sd_id)
{
    struct json_object *g = content_group(e, sd_id);
    struct json_object *doc = js_copy(js_get(g, "doc"));
    json_object_put(g);
    return doc;
}

int
content_write(struct emu_engine *e, const char *sd_id, struct json_object *doc)
{
    struct json_object *g = content_group(e, sd_id);
    int r = -ENOENT;
    if (g && !js_bool(g, "writable", false))
        r = -EROFS;
    else if (g) {
        js_add_int(doc, "writes", js_int(doc, "writes", 0) + 1);
        r = e->luns->write(e->luns->ctx, e->site, js_str(g, "wwid"), doc);
    }
    json_object_put(g);
    return r;
}

int
content_wipe(struct emu_engine *e, const char *sd_id)
{
    struct json_object *g = content_group(e, sd_id);
    struct json_object *empty = json_object_new_object();
    int r = g ? 0 : -ENOENT;
    for (size_t i = 0; i < js_len(js_get(g, "luns")); i++)
        if (e->luns->write(e->luns->ctx, e->site, js_str(js_at(js_get(g, "luns"), i), "wwid"),
                           empty) < 0)
            r = -EROFS;
    json_object_put(empty);
    json_object_put(g);
    return r;
}

/* What creating a domain writes; used for the domains a site starts with. */
int
content_create(struct emu_engine *e, struct emu_sd *sd, struct json_object *wwids)
{
    for (size_t i = js_len(wwids); i > 0; i--) {
        struct json_object *doc = json_object_new_object();
        js_add_int(doc, "format", 1);
        struct json_object *domain = js_sub(doc, "domain");
        js_add_str(domain, "id", sd->id);
        js_add_str(domain, "name", sd->name);
        js_add_str(domain, "type", sd->type);
        js_add_str(domain, "storage_type", sd->storage_type);
        js_add_str(domain, "storage_format", sd->format);
        struct json_object *vg = js_sub(doc, "vg");
        js_add_str(vg, "id", sd->vg);
        js_add_int(vg, "count", (int64_t)js_len(wwids));
        js_add_int(vg, "index", (int64_t)i - 1);
        if (i == 1) {
            js_add_bool(doc, "master", false);
            js_add_str(doc, "pool", "");
            js_list(doc, "volumes");
            js_list(js_sub(doc, "ovf_store"), "vms");
            js_list(js_sub(doc, "ovf_store"), "templates");
            js_sub(js_sub(doc, "leases"), "hosts");
            js_add_int(doc, "writes", 1);
        }
        int r =
            e->luns->write(e->luns->ctx, e->site, json_object_get_string(js_at(wwids, i - 1)), doc);
        json_object_put(doc);
        if (r < 0)
            return r;
    }
    return 0;
}

void
content_pool(struct json_object *doc, const struct emu_dc *dc, bool master)
{
    js_add_str(doc, "pool", dc ? dc->id : "");
    js_add_str(doc, "pool_name", dc ? dc->name : "");
    js_add_bool(doc, "master", dc && master);
}
