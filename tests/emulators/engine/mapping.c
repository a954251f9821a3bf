/* The mappings of a registration: from the names at the other site to what exists here. */
#include "engine.h"

#include <stdio.h>
#include <string.h>

static const char *const strict[] = {"cluster",        "lun", "role", "domain", "affinity_group",
                                     "affinity_label", NULL};

static struct json_object *
mapping_list(struct json_object *registration, const char *kind)
{
    char path[96];
    snprintf(path, sizeof(path), "%s_mappings.registration_%s_mapping", kind, kind);
    return js_get(registration, path);
}

bool
mapping_check(struct json_object *registration, const char **ret_reason)
{
    for (const char *const *kind = strict; *kind; kind++) {
        struct json_object *list = mapping_list(registration, *kind);
        for (size_t i = 0; i < js_len(list); i++)
            if (!js_get(js_at(list, i), "from") || !js_get(js_at(list, i), "to")) {
                *ret_reason = *kind;
                return false;
            }
    }
    return true;
}

/* The mapped name, or FROM itself. */
const char *
mapping_name(struct json_object *registration, const char *kind, const char *from)
{
    struct json_object *list = mapping_list(registration, kind);
    for (size_t i = 0; i < js_len(list); i++)
        if (emu_same(js_str(js_at(list, i), "from.name"), from)) {
            const char *to = js_str(js_at(list, i), "to.name");
            if (to)
                return to;
            to = js_str(js_at(list, i), "to.id");
            if (to)
                return to;
        }
    return from;
}

static struct json_object *
profile_of(struct emu_engine *e, struct json_object *to)
{
    const char *id = js_str(to, "id");
    struct json_object *found = js_find(js_get(e->collections, "vnicprofiles"), "id", id);
    return found ? found : profile_find(e, js_str(to, "network.name"), js_str(to, "name"));
}

/* The old outer list, only looked at when there is no inner one. */
static struct json_object *
vnic_deprecated(struct emu_engine *e, struct json_object *body, struct json_object *nic, bool *hit)
{
    struct json_object *list = js_get(body, "vnic_profile_mappings.vnic_profile_mapping");
    for (size_t i = 0; i < js_len(list); i++) {
        struct json_object *m = js_at(list, i);
        if (!emu_same(js_str(m, "source_network_name"), js_str(nic, "network")) ||
            !emu_same(js_str(m, "source_network_profile_name"), js_str(nic, "profile")))
            continue;
        *hit = true;
        return profile_of(e, js_get(m, "target_vnic_profile"));
    }
    return NULL;
}

/* The profile a NIC gets, NULL when none: it is then kept without a network. */
struct json_object *
mapping_vnic(struct emu_engine *e, struct json_object *body, struct json_object *nic)
{
    struct json_object *list =
        mapping_list(js_get(body, "registration_configuration"), "vnic_profile");
    const char *network = js_str(nic, "network");
    const char *profile = js_str(nic, "profile");
    bool hit = false;
    struct json_object *old = js_len(list) == 0 ? vnic_deprecated(e, body, nic, &hit) : NULL;
    if (hit)
        return old;
    for (size_t i = 0; i < js_len(list); i++) {
        struct json_object *m = js_at(list, i);
        if (emu_same(js_str(m, "from.name"), profile) &&
            emu_same(js_str(m, "from.network.name"), network))
            return profile_of(e, js_get(m, "to"));
    }
    return profile_find(e, network, profile);
}

/* Keyed by the WWID of the first logical unit; the target replaces the whole LUN. */
struct json_object *
mapping_lun(struct json_object *registration, const char *wwid)
{
    struct json_object *list = mapping_list(registration, "lun");
    for (size_t i = 0; i < js_len(list); i++) {
        struct json_object *m = js_at(list, i);
        struct json_object *from = js_get(m, "from.lun_storage.logical_units.logical_unit");
        struct json_object *to = js_get(m, "to.lun_storage.logical_units.logical_unit");
        if (js_len(from) == 0 || js_len(to) == 0 || !emu_same(js_str(js_at(from, 0), "id"), wwid))
            continue;
        struct json_object *lun = js_copy(js_at(to, 0));
        js_add_str(lun, "wwid", js_str(lun, "id"));
        js_add_str(lun, "storage_type", js_str(m, "to.lun_storage.type"));
        json_object_object_del(lun, "id");
        return lun;
    }
    return NULL;
}
