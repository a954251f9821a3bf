/*
 * What a client gets beyond the object itself: links to its collections, its actions, and whatever
 * ?follow names, which is asked for as a client would ask.
 */
#include "engine.h"

#include <stdlib.h>
#include <string.h>

#define FOLLOW_DEPTH 4

static const struct {
    const char *type;
    const char *below; /* what the href begins with */
    const char *links;
    const char *actions;
} decorations[] = {
    {"vm", "vms",
     "affinitylabels applications cdroms diskattachments graphicsconsoles hostdevices nics "
     "numanodes "
     "permissions reporteddevices sessions snapshots statistics tags watchdogs",
     "detach migrate reboot reset shutdown start stop suspend"},
    {"vm", "storagedomains", "diskattachments disks", "register"},
    {"template", "templates", "cdroms diskattachments graphicsconsoles nics permissions tags", ""},
    {"template", "storagedomains", "disks", "register"},
    {"storage_domain", "datacenters", "disks", "activate deactivate"},
    {"storage_domain", "storagedomains",
     "diskprofiles disks disksnapshots permissions storageconnections templates vms",
     "isattached reduceluns refreshluns updateovfstore"},
    {"host", "hosts",
     "affinitylabels devices fenceagents hooks networkattachments nics numanodes permissions "
     "statistics storage tags unmanagednetworks",
     "activate commitnetconfig deactivate discoveriscsi fence forceselectspm iscsidiscover "
     "iscsilogin refresh unregisteredstoragedomainsdiscover"},
    {"data_center", "datacenters",
     "clusters iscsibonds networks permissions qoss quotas storagedomains",
     "cleanfinishedtasks setmaster"},
    {"cluster", "clusters",
     "affinitygroups cpuprofiles enabledfeatures glustervolumes networkfilters networks "
     "permissions",
     ""},
    {"network", "networks", "networklabels permissions vnicprofiles", ""},
    {"vnic_profile", "vnicprofiles", "permissions", ""},
    {"affinity_group", "clusters", "hostlabels hosts vmlabels vms", ""},
    {"affinity_label", "affinitylabels", "hosts vms", ""},
    {"disk", "disks", "permissions statistics", ""},
    {"job", "jobs", "steps", "clear end"},
    {"step", "jobs", "statistics", "end"},
    {"role", "roles", "permits", ""},
    {"user", "users", "permissions roles tags", ""},
    {"domain", "domains", "groups users", ""},
    {"nic", "vms", "reporteddevices statistics", "activate deactivate"},
    {"mac_pool", "macpools", "permissions", ""},
};

static void
links_add(struct json_object *array, const char *href, const char *rels)
{
    for (const char *s = rels; *s;) {
        size_t n = strcspn(s, " ");
        struct json_object *link = json_object_new_object();
        char *to = emu_printf("%s/%.*s", href, (int)n, s);
        char *rel = emu_printf("%.*s", (int)n, s);
        js_add_str(link, "href", to);
        js_add_str(link, "rel", rel);
        json_object_array_add(array, link);
        free(to);
        free(rel);
        s += n;
        s += *s == ' ';
    }
}

void
tree_decorate(const struct emu_engine *e, const char *type, struct json_object *o)
{
    const char *href = js_str(o, "href");
    size_t prefix = strlen(EMU_API "/");
    if (!e->links || !type || !href || strncmp(href, EMU_API "/", prefix) != 0 ||
        js_get(o, "actions") || js_get(o, "link"))
        return;
    for (size_t i = 0; i < sizeof(decorations) / sizeof(decorations[0]); i++) {
        size_t n = strlen(decorations[i].below);
        if (!emu_same(decorations[i].type, type) ||
            strncmp(href + prefix, decorations[i].below, n) != 0 || href[prefix + n] != '/')
            continue;
        if (decorations[i].actions[0])
            links_add(js_list(js_sub(o, "actions"), "link"), href, decorations[i].actions);
        if (decorations[i].links[0])
            links_add(js_list(o, "link"), href, decorations[i].links);
        return;
    }
}

/* ---- follow ---------------------------------------------------------------------------------- */

static void tree_follow(struct emu_op *op, struct json_object *o, const char *path, int depth);

/* disk_attachments of vms/ID is vms/ID/diskattachments. */
static char *
link_href(struct json_object *o, const char *name)
{
    const char *href = js_str(o, "href");
    if (!href)
        return NULL;
    char *to = emu_printf("%s/%s", href, name);
    char *out = to + strlen(href);
    for (const char *s = out; *s; s++)
        if (*s != '_')
            *out++ = *s;
    *out = '\0';
    return to;
}

/* One name: a reference becomes the whole object, a collection is put below its name. */
static struct json_object *
follow_name(struct emu_op *op, struct json_object *o, const char *name)
{
    struct json_object *value = NULL;
    bool there = json_object_object_get_ex(o, name, &value);
    const char *reference = there ? js_str(value, "href") : NULL;
    if (there && !reference)
        return value; /* inlined already */
    char *href = there ? emu_strdup(reference) : link_href(o, name);
    struct emu_answer a = {.kind = ANSWER_NONE};
    if (href)
        op_inner_get(op, href, &a);
    struct json_object *found = NULL;
    if (a.kind == ANSWER_OBJECT && a.status == 200) {
        found = js_copy(a.tree);
        js_add(o, name, found);
    } else if (a.kind == ANSWER_LIST) {
        found = json_object_new_object();
        js_add(found, a.type, js_copy(a.tree));
        js_add(o, name, found);
    }
    answer_clear(&a);
    free(href);
    return found;
}

static void
tree_follow(struct emu_op *op, struct json_object *o, const char *path, int depth)
{
    char name[64];
    size_t n = strcspn(path, ".");
    if (depth == FOLLOW_DEPTH || n == 0 || n >= sizeof(name) ||
        !json_object_is_type(o, json_type_object))
        return;
    memcpy(name, path, n);
    name[n] = '\0';
    struct json_object *found = follow_name(op, o, name);
    if (!found || path[n] != '.')
        return;
    if (js_str(found, "href")) {
        tree_follow(op, found, path + n + 1, depth + 1);
        return;
    }
    json_object_object_foreach(found, type, list)
    {
        (void)type;
        for (size_t i = 0; i < js_len(list); i++)
            tree_follow(op, js_at(list, i), path + n + 1, depth + 1);
    }
}

/* Trees of these types are the engine's own state, the others were made for the answer. */
static bool
is_state(const char *type)
{
    return emu_same(type, "event") || emu_same(type, "job") || emu_same(type, "step");
}

/* The tree with everything ?follow names inlined; taken over and given back. */
struct json_object *
op_follow(struct emu_op *op, const char *type, struct json_object *tree)
{
    const char *follow = js_str(op->query, "follow");
    if (!follow || !*follow || op->inner)
        return tree; /* real clients send an empty one */
    struct json_object *mine = tree;
    if (is_state(type)) {
        mine = js_copy(tree);
        json_object_put(tree);
    }
    char *copy = emu_strdup(follow);
    char *save = NULL;
    for (char *path = strtok_r(copy, ", ", &save); path; path = strtok_r(NULL, ", ", &save)) {
        if (!json_object_is_type(mine, json_type_array))
            tree_follow(op, mine, path, 0);
        for (size_t i = 0; i < js_len(mine); i++)
            tree_follow(op, js_at(mine, i), path, 0);
    }
    free(copy);
    return mine;
}
