#include "support/house_site.h"

#include "base/json.h"
#include "base/str.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Apostrophes stand for quotes. */
static struct json_object *
parse(const char *text)
{
    dr_auto(dr_freep) char *copy = dr_strdup(text);
    for (char *p = copy; *p; p++)
        if (*p == '\'')
            *p = '"';
    struct json_object *o = json_tokener_parse(copy);
    if (!o)
        abort();
    return o;
}

static const char world_head[] =
    "{ 'seed': 7, 'writes_per_s': 20, 'transfer_ms': 20, 'clock': 'virtual',"
    "  'sites': { 'milan': {}, 'rome': {} },"
    "  'arrays': { 'sim-milan': { 'site': 'milan', 'latency_ms': 5, 'settle_ms': 1000 },"
    "              'sim-rome': { 'site': 'rome', 'latency_ms': 5, 'settle_ms': 1000 } },"
    "  'groups': {";

static const struct site_group {
    const char *name, *preferred;
    const char *world, *config; /* of what kind, in the words of each */
    int lun;
    int first, n; /* volumes: 3600a1 and 3600b1 are a pair */
    bool leg;
} site_groups[] = {
    {"erp", "milan", "'mode': 'async', 'period_s': 60", "mode: async, rpo: 5m", 10, 1, 2, false},
    {"db", "milan", "'mode': 'sync', 'stops_when_alone': true", "mode: sync", 20, 3, 1, false},
    {"web", "milan", "'mode': 'sync'", "mode: sync", 30, 4, 1, false},
    {"mes", "milan", "'mode': 'sync', 'topology': 'active-active', 'arbiter': 'absent'",
     "mode: sync, topology: active-active", 40, 5, 1, true},
    {"lab", "rome", "'mode': 'sync', 'topology': 'active-active', 'arbiter': 'ok'",
     "mode: sync, topology: active-active", 50, 6, 1, true},
};

static void
add_copy(struct dr_str *s, const struct site_group *g, const char *site)
{
    bool milan = dr_streq(site, "milan");
    dr_str_printf(s,
                  "{ 'array': 'sim-%s', 'id': '%s_%c', %s'host_groups': { 'rhv-%s': {"
                  "  'protocol': 'fcp', 'lun': %d, 'target': '50:06:01:60:00:00:00:0%d' } },"
                  "  'members': [",
                  site, g->name, site[0], g->leg ? "'exposed': true, " : "", site, g->lun,
                  milan ? 1 : 2);
    for (int i = 0; i < g->n; i++)
        dr_str_printf(s, "%s{ 'id': '%s_%c_%c', 'wwid': '3600%c%d'%s }", i ? ", " : "", g->name,
                      site[0], 'a' + i, milan ? 'a' : 'b', g->first + i,
                      milan ? ", 'bytes': 1073741824" : "");
    dr_str_add(s, "] }");
}

/* A volume of rome that no group is on: its engine's own. */
static const char own_volume[] =
    ", 'own': { 'mode': 'sync', 'preferred': 'rome', 'copies': ["
    "  { 'array': 'sim-rome', 'id': 'own_r', 'host_groups': { 'rhv-rome': { 'protocol': 'fcp',"
    "      'lun': 90, 'target': '50:06:01:60:00:00:00:02' } },"
    "    'members': [ { 'id': 'own_r_a', 'wwid': '3600c1', 'bytes': 1073741824 } ] } ] }";

static struct json_object *
world_spec(bool legs, bool own)
{
    dr_auto(dr_str_freep) struct dr_str s = {0};
    dr_str_add(&s, world_head);
    for (size_t i = 0; i < DR_COUNT(site_groups); i++) {
        const struct site_group *g = &site_groups[i];
        if (g->leg && !legs)
            continue;
        dr_str_printf(&s, "%s'%s': { %s, 'preferred': '%s', 'copies': [", i ? ", " : "", g->name,
                      g->world, g->preferred);
        add_copy(&s, g, "milan");
        dr_str_add(&s, ", ");
        add_copy(&s, g, "rome");
        dr_str_add(&s, "] }");
    }
    dr_str_printf(&s, "%s } }", own ? own_volume : "");
    return parse(s.s);
}

static const char config_head[] =
    "version: 1\n"
    "state: { sqlite: state/state.db }\n"
    "controller: { name: rome-1, site: rome, role: active }\n"
    "plugin_dir: /usr/lib/drstor/plugins\n"
    "timeouts: { observe: 5s }\n"
    "arrays:\n"
    "  sim-milan: { plugin: simulated, site: milan, world: 'memory:house' }\n"
    "  sim-rome: { plugin: simulated, site: rome, world: 'memory:house' }\n";

static void
add_site(struct dr_str *s, const char *site, const struct house_site_how *how)
{
    bool engine = (how->engines || how->hosts) && !(how->bare_target && dr_streq(site, "rome"));
    dr_str_printf(s, "  %s:%s\n", site, engine || how->probes ? "" : " {}");
    if (engine)
        dr_str_printf(s,
                      "    engine: { url: https://%s.test/ovirt-engine, user: drstor@internal,\n"
                      "              password: { file: /etc/drstor/secrets/%s },\n"
                      "              pin: sha256//AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA= }\n",
                      site, site);
    if (how->probes)
        dr_str_printf(s, "    probe: [%s:22]\n", site);
}

static void
add_config(struct dr_str *s, const struct house_site_how *how)
{
    dr_str_printf(s, "%ssafety: { %s }\nsites:\n", config_head,
                  how->safety ? how->safety : "assert_min: 20s");
    add_site(s, "milan", how);
    add_site(s, "rome", how);
    if (how->engines)
        dr_str_printf(s,
                      "rhv:\n  mapping:\n    dr_cluster_mappings:\n"
                      "      - { primary_name: production, secondary_name: standby }\n%s",
                      how->rhv ? how->rhv : "");
    dr_str_add(s, "groups:\n");
    for (size_t i = 0; i < DR_COUNT(site_groups); i++) {
        const struct site_group *g = &site_groups[i];
        bool shown = g->leg && how->legs_shown;
        if (!g->leg || how->legs)
            dr_str_printf(s,
                          "  %s: { %s, preferred: %s, copies: {\n"
                          "      milan: { array: sim-milan, id: %s_m%s },\n"
                          "      rome: { array: sim-rome, id: %s_r%s } } }\n",
                          g->name, g->config, g->preferred, g->name,
                          shown ? "" : ", expose: [rhv-milan]", g->name,
                          shown ? "" : ", expose: [rhv-rome]");
    }
}

#define SITE_ENGINE(site, letter, cluster, number)                                                 \
    "'site': '" site "', 'user': 'drstor@internal', 'password': 'secret',"                         \
    "'latency_ms': { 'boot': 3000 },"                                                              \
    "'data_centers': [ { 'id': 'dc" letter "00000-0000-4000-8000-000000000001', 'name': 'dc-" site \
    "' } ],"                                                                                       \
    "'clusters': [ { 'id': 'c1" letter "00000-0000-4000-8000-000000000001', 'name': '" cluster     \
    "',"                                                                                           \
    "  'data_center': 'dc-" site "' } ],"                                                          \
    "'networks': [ { 'id': 'ae" letter "00000-0000-4000-8000-000000000001', 'name': 'prod',"       \
    "  'data_center': 'dc-" site "' } ],"                                                          \
    "'vnicprofiles': [ { 'id': 'bf" letter "00000-0000-4000-8000-000000000001', 'name': 'prod',"   \
    "  'network': 'prod' } ],"                                                                     \
    "'hosts': [ { 'id': 'd0" letter "00000-0000-4000-8000-000000000001', 'name': '" site "1',"     \
    "  'cluster': '" cluster "', 'host_group': 'rhv-" site "', 'host_number': " number " } ]"

#define DOMAIN_ID(n) "5d" n "00000-0000-4000-8000-000000000001"
#define VM(n, name, domain, ha)                                                                    \
    "{ 'id': 'a1" n "00000-0000-4000-8000-000000000001', 'name': '" name "', 'status': 'up',"      \
    "  'cluster': 'production', 'memory': 4294967296,"                                             \
    "  'high_availability': { 'enabled': true, 'priority': " ha " },"                              \
    "  'disks': [ { 'id': 'd15" n "0000-0000-4000-8000-000000000001', 'name': '" name "',"         \
    "               'storage_domain': '" domain "' } ],"                                           \
    "  'nics': [ { 'id': 'nic" n "', 'name': 'nic1', 'network': 'prod', 'profile': 'prod',"        \
    "              'mac': '56:6f:00:00:00:0" n "' } ] }"

static const char engine_milan[] = "{ " SITE_ENGINE(
    "milan", "a", "production",
    "1") ","
         "'storage_domains': ["
         "  { 'id': '" DOMAIN_ID(
             "2") "', 'name': 'db', 'data_center': 'dc-milan', 'master': true,"
                  "    'storage_type': 'fcp', 'luns': ['3600a3'] },"
                  "  { 'id': '" DOMAIN_ID(
                      "1") "', 'name': 'erp', 'data_center': 'dc-milan',"
                           "    'storage_type': 'fcp', 'luns': ['3600a1', '3600a2'] },"
                           "  { 'id': '" DOMAIN_ID(
                               "3") "', 'name': 'web', 'data_center': 'dc-milan',"
                                    "    'storage_type': 'fcp', 'luns': ['3600a4'] } ],"
                                    "'vms': [ " VM("1", "db1", DOMAIN_ID("2"), "100") "," VM(
                                        "2", "erp1", DOMAIN_ID("1"),
                                        "50") "," VM("3", "erp2", DOMAIN_ID("1"),
                                                     "50") "," VM("4", "web1", DOMAIN_ID("3"),
                                                                  "1") " ] }";
#define MORE_DOMAIN(n, name, lun)                                                                  \
    "{ 'id': '" DOMAIN_ID(n) "', 'name': '" name "', 'data_center': 'dc-milan',"                   \
                             "  'storage_type': 'fcp', 'luns': ['" lun "'] }"
static const char leg_domains[] =
    "[ " MORE_DOMAIN("4", "mes", "3600a5") "," MORE_DOMAIN("5", "lab", "3600a6") " ]";
static const char leg_vms[] =
    "[ " VM("5", "mes1", DOMAIN_ID("4"), "50") "," VM("6", "lab1", DOMAIN_ID("5"), "1") " ]";
static const char engine_milan_idle[] = "{ " SITE_ENGINE("milan", "a", "production", "1") " }";
static const char engine_rome[] = "{ " SITE_ENGINE("rome", "b", "standby", "11") " }";

void
house_site_write(struct sim_world *w, const char *site, bool write)
{
    struct json_object *luns = NULL;
    if (sim_lun_list(w, site, &luns) != 0)
        return; /* nothing is seen at a site that is dead */
    for (size_t i = 0; i < json_object_array_length(luns); i++)
        (void)sim_lun_writer(w, site, dr_json_str(json_object_array_get_idx(luns, i), "wwid"), "vm",
                             write);
    (void)json_object_put(luns);
}

static void
append(struct json_object *list, const char *text)
{
    dr_auto(dr_json_putp) struct json_object *more = parse(text);
    for (size_t i = 0; i < json_object_array_length(more); i++)
        (void)json_object_array_add(list, json_object_get(json_object_array_get_idx(more, i)));
}

static struct json_object *
milan_of(const struct house_site_how *how)
{
    struct json_object *e = parse(how->engines ? engine_milan : engine_milan_idle);
    struct json_object *vms = dr_json_get(e, "vms");
    if (how->engines && how->legs) {
        append(dr_json_get(e, "storage_domains"), leg_domains);
        append(vms, leg_vms);
    }
    for (size_t i = 0; how->down && i < dr_json_length(vms); i++)
        dr_json_set_str(json_object_array_get_idx(vms, i), "status", "down");
    return e;
}

static void
unfence(struct json_object *arrays)
{
    json_object_object_foreach(arrays, name, array)
    {
        (void)name;
        dr_json_set_str(array, "fence", "none");
    }
}

/* A second host, and somebody who can switch both off. */
static void
add_power(struct json_object *engine)
{
    struct json_object *list = dr_json_get(engine, "hosts"), *second = NULL;
    struct json_object *first = json_object_array_get_idx(list, 0);
    (void)json_object_deep_copy(first, &second, NULL);
    dr_json_set_str(second, "id", "d0a00000-0000-4000-8000-000000000002");
    dr_json_set_str(second, "name", "milan2");
    dr_json_set_i64(second, "host_number", 2);
    (void)json_object_array_add(list, second);
    for (size_t i = 0; i < 2; i++)
        dr_json_set_bool(json_object_array_get_idx(list, i), "power_management", true);
}

/* Three VMs on the volume of its own: 26 GiB of 34, and ours need 16. */
static void
add_own(struct json_object *rome)
{
    static const int64_t gib = INT64_C(1073741824), sizes[] = {8, 10, 8};
    dr_auto(dr_arena_freep) struct dr_arena *a = dr_arena_new();
    struct json_object *vms = json_object_new_array();
    struct json_object *host = json_object_array_get_idx(dr_json_get(rome, "hosts"), 0);
    dr_json_set_i64(host, "memory", 34 * gib);
    dr_json_set(rome, "storage_domains",
                parse("[ { 'id': '" DOMAIN_ID(
                    "9") "', 'name': 'own', 'data_center': 'dc-rome',"
                         "    'master': true, 'storage_type': 'fcp', 'luns': ['3600c1'] } ]"));
    for (size_t i = 0; i < DR_COUNT(sizes); i++) {
        struct json_object *vm = parse(dr_arena_printf(
            a,
            "{ 'id': 'b110000%zu-0000-4000-8000-000000000001', 'name': 'dev%zu', 'status': 'up',"
            "  'cluster': 'standby',"
            "  'disks': [ { 'id': 'd1d%zu0000-0000-4000-8000-000000000001', 'name': 'dev%zu',"
            "               'storage_domain': '" DOMAIN_ID("9") "' } ] }",
            i + 1, i + 1, i + 1, i + 1));
        dr_json_set_i64(vm, "memory", sizes[i] * gib);
        (void)json_object_array_add(vms, vm);
    }
    dr_json_set(rome, "vms", vms);
}

bool
house_site_make(struct house_plan *p, const struct house_site_how *how)
{
    dr_auto(dr_str_freep) struct dr_str yaml = {0};
    add_config(&yaml, how);
    dr_auto(dr_json_putp) struct json_object *spec = world_spec(how->legs, how->own);
    struct json_object *arrays = dr_json_get(spec, "arrays");
    if (how->source_drives) {
        dr_json_set_str(dr_json_get(arrays, "sim-milan"), "drives", "source");
        dr_json_set_str(dr_json_get(arrays, "sim-rome"), "drives", "source");
    }
    if (how->unfenced)
        unfence(arrays);
    if (!house_plan_make(p, yaml.s, spec))
        return false;
    if (sim_enter(p->world) < 0)
        return false;
    /* "An hour ago" is a time. */
    int r = sim_advance(p->world, 7200 * SIM_SECOND);
    if (!how->engines && !how->quiet)
        house_site_write(p->world, "milan", true);
    if (r == 0)
        r = sim_advance(p->world, 90 * SIM_SECOND);
    if (sim_leave(p->world) < 0 || r < 0)
        return false;
    if (how->engines || how->hosts) {
        p->engines[p->n_engines++] = milan_of(how);
        if (!how->bare_target)
            p->engines[p->n_engines++] = parse(engine_rome);
    }
    if (how->power)
        add_power(p->engines[0]);
    if (how->own)
        add_own(p->engines[1]);
    return true;
}

static bool
say(const char *group, const char *what, const char *is)
{
    (void)fprintf(stderr, "group %s: %s is %s\n", group, what, is ? is : "unknown");
    return false;
}

static bool
group_served(struct house *h, const struct dr_group *g, const char *site, int64_t epoch)
{
    dr_auto(dr_arena_freep) struct dr_arena *a = dr_arena_new();
    const struct dr_copy *copy = NULL;
    struct dr_record rec;
    struct sim_view view;
    for (size_t i = 0; i < g->n_copies; i++)
        if (dr_streq(g->copies[i].site->name, site))
            copy = &g->copies[i];
    if (!copy || dr_store_load(house_store(h), a, g->name, &rec, NULL, NULL) != DRSTOR_OK)
        return say(g->name, "its record", "not there");
    if (!dr_streq(rec.primary, site) || rec.epoch != epoch || rec.phase != DR_PHASE_STEADY)
        return say(g->name, "its record",
                   dr_arena_printf(a, "%s, epoch %lld, phase %d", rec.primary, (long long)rec.epoch,
                                   (int)rec.phase));
    if (sim_enter(house_world(h)) < 0)
        return false;
    bool good = sim_view(house_world(h), copy->array->name, copy->id, &view) == 0;
    bool writable = good && view.access == DRSTOR_ACCESS_READ_WRITE && view.n_paths > 0;
    if (good)
        sim_view_clear(&view);
    (void)sim_leave(house_world(h));
    return writable || say(g->name, "its copy", "not writable or not exposed");
}

bool
house_site_served(struct house *h, const struct dr_model *m, const char *site, int64_t epoch)
{
    return house_site_served_since(h, m, site, epoch, 0);
}

bool
house_site_served_since(struct house *h, const struct dr_model *m, const char *site, int64_t epoch,
                        uint64_t before)
{
    bool good = true;
    for (size_t i = 0; i < m->n_groups; i++)
        good &= group_served(h, &m->groups[i], site, epoch);
    if (sim_violations_total(house_world(h)) == before)
        return good;
    struct json_object *list = sim_violations_list(house_world(h));
    (void)fprintf(stderr, "%s\n", json_object_to_json_string(list));
    (void)json_object_put(list);
    return false;
}

static struct json_object *
told_by(struct house *h, const char *site, const char *word)
{
    struct json_object *command = json_object_new_object();
    dr_json_set_str(command, "command", word);
    struct json_object *reply =
        emu_control(house_engine(h, site), command, (int64_t)dr_now_ns(house_env(h)));
    (void)json_object_put(command);
    return reply;
}

static bool
runs(struct json_object *vm)
{
    const char *status = dr_json_str(vm, "status");
    return dr_streq(status, "up") || dr_streq(status, "powering_up");
}

static struct json_object *
vm_of(struct json_object *list, const char *id)
{
    for (size_t i = 0; i < dr_json_length(list); i++)
        if (dr_streq(dr_json_str(json_object_array_get_idx(list, i), "id"), id))
            return json_object_array_get_idx(list, i);
    return NULL;
}

size_t
house_site_vms_once(struct house *h, size_t *ret_all)
{
    static const char *const sites[] = {"milan", "rome"};
    struct json_object *replies[2] = {NULL}, *lists[2] = {NULL};
    size_t once = 0;
    int64_t twice = 0;
    *ret_all = 0;
    for (int i = 0; i < 2; i++) {
        int64_t n = 0;
        struct json_object *counters = told_by(h, sites[i], "counters");
        if (dr_json_i64(dr_json_get(counters, "counters"), "running_twice", &n))
            twice += n;
        (void)json_object_put(counters);
        replies[i] = told_by(h, sites[i], "vms");
        lists[i] = dr_json_get(replies[i], "vms");
    }
    for (int i = 0; i < 2; i++)
        for (size_t k = 0; k < dr_json_length(lists[i]); k++) {
            struct json_object *vm = json_object_array_get_idx(lists[i], k);
            struct json_object *other = vm_of(lists[1 - i], dr_json_str(vm, "id"));
            if (i == 1 && other)
                continue;
            (*ret_all)++;
            once += runs(vm) != (other && runs(other));
        }
    for (int i = 0; i < 2; i++)
        (void)json_object_put(replies[i]);
    return twice ? 0 : once;
}

size_t
house_site_vms(struct house *h, const char *site)
{
    size_t n = 0;
    if (!house_engine(h, site))
        return 0;
    struct json_object *reply = told_by(h, site, "vms");
    struct json_object *vms = dr_json_get(reply, "vms");
    for (size_t i = 0; i < dr_json_length(vms); i++)
        n += runs(json_object_array_get_idx(vms, i));
    (void)json_object_put(reply);
    return n;
}
