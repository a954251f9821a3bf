#include "matrix.h"

#include "base/json.h"
#include "base/str.h"

#include <stdlib.h>
#include <string.h>

/* Apostrophes stand for quotes. */
static const char world_text[] =
    "{ 'seed': 7, 'writes_per_s': 20, 'transfer_ms': 20, 'clock': 'virtual',"
    "  'sites': { 'milan': {}, 'rome': {} },"
    "  'arrays': { 'sim-milan': { 'site': 'milan', 'latency_ms': 5, 'settle_ms': 1000 },"
    "              'sim-rome': { 'site': 'rome', 'latency_ms': 5, 'settle_ms': 1000 } },"
    "  'groups': {"
    "    'erp': { 'mode': 'async', 'period_s': 60, 'preferred': 'milan', 'copies': ["
    "      { 'array': 'sim-milan', 'id': 'erp_m', 'host_groups': { 'rhv-milan': {"
    "          'protocol': 'fcp', 'lun': 10, 'target': '50:06:01:60:00:00:00:01' } },"
    "        'members': [ { 'id': 'erp_m_a', 'wwid': '3600a1', 'bytes': 1073741824 },"
    "                     { 'id': 'erp_m_b', 'wwid': '3600a2', 'bytes': 1073741824 } ] },"
    "      { 'array': 'sim-rome', 'id': 'erp_r', 'host_groups': { 'rhv-rome': {"
    "          'protocol': 'fcp', 'lun': 10, 'target': '50:06:01:60:00:00:00:02' } },"
    "        'members': [ { 'id': 'erp_r_a', 'wwid': '3600b1' },"
    "                     { 'id': 'erp_r_b', 'wwid': '3600b2' } ] } ] },"
    "    'db': { 'mode': 'sync', 'stops_when_alone': true, 'preferred': 'milan', 'copies': ["
    "      { 'array': 'sim-milan', 'id': 'db_m', 'host_groups': { 'rhv-milan': {"
    "          'protocol': 'fcp', 'lun': 20, 'target': '50:06:01:60:00:00:00:01' } },"
    "        'members': [ { 'id': 'db_m_a', 'wwid': '3600a3', 'bytes': 1073741824 } ] },"
    "      { 'array': 'sim-rome', 'id': 'db_r', 'host_groups': { 'rhv-rome': {"
    "          'protocol': 'fcp', 'lun': 20, 'target': '50:06:01:60:00:00:00:02' } },"
    "        'members': [ { 'id': 'db_r_a', 'wwid': '3600b3' } ] } ] },"
    "    'web': { 'mode': 'sync', 'preferred': 'milan', 'copies': ["
    "      { 'array': 'sim-milan', 'id': 'web_m', 'host_groups': { 'rhv-milan': {"
    "          'protocol': 'fcp', 'lun': 30, 'target': '50:06:01:60:00:00:00:01' } },"
    "        'members': [ { 'id': 'web_m_a', 'wwid': '3600a4', 'bytes': 1073741824 } ] },"
    "      { 'array': 'sim-rome', 'id': 'web_r', 'host_groups': { 'rhv-rome': {"
    "          'protocol': 'fcp', 'lun': 30, 'target': '50:06:01:60:00:00:00:02' } },"
    "        'members': [ { 'id': 'web_r_a', 'wwid': '3600b4' } ] } ] },"
    "    'mes': { 'mode': 'sync', 'topology': 'active-active', 'preferred': 'milan',"
    "             'arbiter': 'absent', 'copies': ["
    "      { 'array': 'sim-milan', 'id': 'mes_m', 'exposed': true, 'host_groups': { 'rhv-milan': {"
    "          'protocol': 'fcp', 'lun': 40, 'target': '50:06:01:60:00:00:00:01' } },"
    "        'members': [ { 'id': 'mes_m_a', 'wwid': '3600a5', 'bytes': 1073741824 } ] },"
    "      { 'array': 'sim-rome', 'id': 'mes_r', 'exposed': true, 'host_groups': { 'rhv-rome': {"
    "          'protocol': 'fcp', 'lun': 40, 'target': '50:06:01:60:00:00:00:02' } },"
    "        'members': [ { 'id': 'mes_r_a', 'wwid': '3600b5' } ] } ] },"
    "    'lab': { 'mode': 'sync', 'topology': 'active-active', 'preferred': 'rome',"
    "             'arbiter': 'ok', 'copies': ["
    "      { 'array': 'sim-milan', 'id': 'lab_m', 'exposed': true, 'host_groups': { 'rhv-milan': {"
    "          'protocol': 'fcp', 'lun': 50, 'target': '50:06:01:60:00:00:00:01' } },"
    "        'members': [ { 'id': 'lab_m_a', 'wwid': '3600a6', 'bytes': 1073741824 } ] },"
    "      { 'array': 'sim-rome', 'id': 'lab_r', 'exposed': true, 'host_groups': { 'rhv-rome': {"
    "          'protocol': 'fcp', 'lun': 50, 'target': '50:06:01:60:00:00:00:02' } },"
    "        'members': [ { 'id': 'lab_r_a', 'wwid': '3600b6' } ] } ] } } }";

#define SITE(site)                                                                                 \
    "  " site ":\n"                                                                                \
    "    engine: { url: https://" site ".test/ovirt-engine, user: drstor@internal,\n"              \
    "              password: { file: /etc/drstor/secrets/" site "},\n"                             \
    "              pin: sha256//AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA= }\n"                  \
    "%s"
#define GROUP(name, mode, better)                                                                  \
    "  " name ": { " mode ", preferred: " better ", copies: {\n"                                   \
    "      milan: { array: sim-milan, id: " name "_m, expose: [rhv-milan] },\n"                    \
    "      rome: { array: sim-rome, id: " name "_r, expose: [rhv-rome] } } }\n"

static const char config_text[] =
    "version: 1\n"
    "state: { sqlite: state/state.db }\n"
    "controller: { name: rome-1, site: rome, role: active }\n"
    "plugin_dir: /usr/lib/drstor/plugins\n"
    "safety: { %s }\n"
    "timeouts: { observe: 5s }\n"
    "arrays:\n"
    "  sim-milan: { plugin: simulated, site: milan, world: 'memory:house' }\n"
    "  sim-rome: { plugin: simulated, site: rome, world: 'memory:house' }\n"
    "sites:\n" SITE("milan") SITE("rome") "groups:\n" GROUP("erp", "mode: async, rpo: 5m", "milan")
        GROUP("db", "mode: sync", "milan") GROUP("web", "mode: sync", "milan")
            GROUP("mes", "mode: sync, topology: active-active", "milan")
                GROUP("lab", "mode: sync, topology: active-active", "rome");

#define ENGINE(site, letter, number)                                                               \
    "{ 'site': '" site "', 'user': 'drstor@internal', 'password': 'secret',"                       \
    "'data_centers': [ { 'id': 'dc" letter "00000-0000-4000-8000-000000000001',"                   \
    "  'name': 'dc-" site "' } ],"                                                                 \
    "'clusters': [ { 'id': 'c1" letter "00000-0000-4000-8000-000000000001', 'name': 'c-" site      \
    "', 'data_center': 'dc-" site "' } ],"                                                         \
    "'hosts': [ { 'id': 'd0" letter "00000-0000-4000-8000-000000000001', 'name': '" site "1',"     \
    "  'cluster': 'c-" site "', 'host_group': 'rhv-" site "', 'host_number': " number " } ] }"

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

static void
enter(struct house *h)
{
    if (sim_enter(house_world(h)) < 0)
        abort();
}

static void
leave(struct house *h)
{
    if (sim_leave(house_world(h)) < 0)
        abort();
}

/* Whoever runs at SITE writes every volume that is seen there, or none. */
static void
writers(struct sim_world *w, const char *site, bool write)
{
    struct json_object *luns = NULL;
    if (sim_lun_list(w, site, &luns) != 0)
        return; /* nothing is seen at a site that is dead */
    for (size_t i = 0; i < json_object_array_length(luns); i++)
        (void)sim_lun_writer(w, site, dr_json_str(json_object_array_get_idx(luns, i), "wwid"), "vm",
                             write);
    (void)json_object_put(luns);
}

bool
ground_plan(struct house_plan *p, bool probes, const char *safety)
{
    dr_auto(dr_str_freep) struct dr_str yaml = {0};
    dr_str_printf(&yaml, config_text, safety ? safety : "assert_min: 20s",
                  probes ? "    probe: [milan:22]\n" : "", probes ? "    probe: [rome:22]\n" : "");
    dr_auto(dr_json_putp) struct json_object *spec = parse(world_text);
    if (!house_plan_make(p, yaml.s, spec) || sim_enter(p->world) < 0)
        return false;
    int r = sim_advance(p->world, 7200 * SIM_SECOND); /* "an hour ago" is a time */
    writers(p->world, "milan", true);
    if (r == 0)
        r = sim_advance(p->world, 90 * SIM_SECOND);
    if (sim_leave(p->world) < 0 || r < 0)
        return false;
    p->engines[p->n_engines++] = parse(ENGINE("milan", "a", "1"));
    p->engines[p->n_engines++] = parse(ENGINE("rome", "b", "11"));
    return true;
}

static void
host_status(struct house *h, const char *site, const char *status)
{
    dr_auto(dr_arena_freep) struct dr_arena *a = dr_arena_new();
    struct json_object *command = json_object_new_object();
    dr_json_set_str(command, "command", "host");
    dr_json_set_str(command, "host", dr_arena_printf(a, "%s1", site));
    dr_json_set_str(command, "status", status);
    (void)json_object_put(
        emu_control(house_engine(h, site), command, (int64_t)dr_now_ns(house_env(h))));
    (void)json_object_put(command);
}

void
ground_set(const struct ground *g)
{
    static const struct sim_fault refuse_calls[] = {
        {.kind = SIM_FAULT_REFUSE, .op = SIM_OP_SET_ACCESS, .code = "not-permitted"},
        {.kind = SIM_FAULT_REFUSE, .op = SIM_OP_WITHDRAW, .code = "not-permitted"}};
    static const struct sim_fault refuse_login = {
        .kind = SIM_FAULT_REFUSE, .op = SIM_OP_OBSERVE, .code = "not-permitted"};
    struct sim_world *w = house_world(g->h);
    char array[SIM_NAME];
    (void)snprintf(array, sizeof(array), "sim-%s", g->site);
    enter(g->h);
    sim_fault_clear(w);
    size_t refused = g->array == ARRAY_REFUSING ? 2 : g->array == ARRAY_STUBBORN ? 1 : 0;
    for (size_t i = 0; i < refused; i++) {
        struct sim_fault f = refuse_calls[i];
        (void)snprintf(f.array, sizeof(f.array), "%s", array);
        (void)sim_fault_add(w, &f);
    }
    if (g->array == ARRAY_LOCKED) {
        struct sim_fault f = refuse_login;
        (void)snprintf(f.array, sizeof(f.array), "%s", array);
        (void)sim_fault_add(w, &f);
    }
    (void)sim_link_set(w, NULL, NULL, g->link == LINK_UP);
    if (g->hosts != HOSTS_UP)
        writers(w, g->site, false);
    (void)sim_site_set(w, g->site,
                       g->array == ARRAY_DEAD     ? SIM_SITE_DEAD
                       : g->array == ARRAY_SILENT ? SIM_SITE_SILENT
                                                  : SIM_SITE_UP);
    leave(g->h);
    house_probe(g->h, g->site, g->hosts == HOSTS_UP);
    host_status(g->h, g->site,
                g->hosts == HOSTS_UP     ? "up"
                : g->hosts == HOSTS_DOWN ? "down"
                                         : "non_responsive");
    house_reach(g->h, g->site, g->engine == ENGINE_UP ? HOUSE_REACH_UP : HOUSE_REACH_SILENT);
}

bool
ground_may_write(const struct ground *g)
{
    return g->hosts == HOSTS_UP && g->array != ARRAY_DEAD;
}

static bool
view_of(struct house *h, const char *group, const char *site, struct sim_view *ret)
{
    char array[SIM_NAME], id[SIM_NAME];
    (void)snprintf(array, sizeof(array), "sim-%s", site);
    (void)snprintf(id, sizeof(id), "%s_%c", group, site[0]);
    enter(h);
    int r = sim_view(house_world(h), array, id, ret);
    leave(h);
    return r == 0;
}

static bool
writable_at(struct house *h, const char *group, const char *site)
{
    struct sim_view v;
    if (!view_of(h, group, site, &v))
        return false;
    bool good = v.access == DRSTOR_ACCESS_READ_WRITE && v.n_paths > 0;
    sim_view_clear(&v);
    return good;
}

const char *
ground_serves(struct house *h, const char *group)
{
    dr_auto(dr_arena_freep) struct dr_arena *a = dr_arena_new();
    struct dr_record rec;
    if (dr_store_load(house_store(h), a, group, &rec, NULL, NULL) != DRSTOR_OK ||
        rec.phase != DR_PHASE_STEADY || !rec.primary || !writable_at(h, group, rec.primary))
        return NULL;
    return dr_streq(rec.primary, "rome") ? "rome" : "milan";
}

void
ground_write(struct house *h, const char *site)
{
    enter(h);
    writers(house_world(h), site, true);
    leave(h);
}

const char *
ground_trouble(struct house *h, const struct ground *g, const char *group)
{
    /*
     * A copy that is writable and seen, at a site whose hosts are off, is no writer: that is what a
     * declaration says. The world, which knows of no hosts, counts it.
     */
    static const enum sim_violation never[] = {
        SIM_V_DUAL_WRITERS,  SIM_V_UNEQUAL_POINTS, SIM_V_RESYNC_WRITABLE, SIM_V_RESYNC_EXPOSED,
        SIM_V_STALE,         SIM_V_PLANNED_LOSS,   SIM_V_DESTROYED,       SIM_V_INCONSISTENT,
        SIM_V_START_PARTIAL, SIM_V_SENT_LATE};
    const char *served = ground_serves(h, group);
    const char *other = dr_streq(served, "rome") ? "milan" : "rome";
    for (size_t i = 0; i < DR_COUNT(never); i++)
        if (sim_violations(house_world(h), never[i]))
            return sim_violation_text(never[i]);
    if (served && dr_streq(other, g->site) && ground_may_write(g) && writable_at(h, group, other))
        return "hosts of the old site can still write it";
    return NULL;
}
