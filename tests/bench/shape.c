#include "bench/shape.h"

#include "base/json.h"
#include "base/mem.h"

#include <stdio.h>

#include <stdlib.h>

/* Apostrophes stand for quotes. */
static struct json_object *
parse(struct dr_str *text)
{
    for (char *p = text->s; *p; p++)
        if (*p == '\'')
            *p = '"';
    struct json_object *o = json_tokener_parse(text->s);
    if (!o)
        abort();
    return o;
}

static const char *
id_of(char to[48], unsigned kind, size_t n)
{
    (void)snprintf(to, 48, "%08x-0000-4000-8000-%012zx", kind, n);
    return to;
}

enum { ID_DC = 0xdc, ID_CLUSTER = 0xc1, ID_NET, ID_PROFILE, ID_HOST, ID_DOMAIN, ID_VM, ID_DISK };

/* ---- the world ------------------------------------------------------------------------------- */

static void
add_copy(struct dr_str *s, const char *group, bool milan, size_t n)
{
    const char *site = milan ? "milan" : "rome";
    dr_str_printf(s,
                  "{ 'array': 'sim-%s', 'id': '%s_%c', 'host_groups': { 'rhv-%s': { 'protocol': "
                  "'fcp', 'lun': 10, 'target': '50:06:01:60:00:00:00:0%d' } }, 'members': [",
                  site, group, site[0], site, milan ? 1 : 2);
    for (size_t i = 0; i < n; i++)
        dr_str_printf(s, "%s{ 'id': '%s_%c_%zu', 'bytes': 1073741824, 'wwid': '3600%c%s%zu' }",
                      i ? ", " : "", group, site[0], i, milan ? 'a' : 'b', group, i);
    dr_str_add(s, "] }");
}

static void
add_group(struct dr_str *s, const char *name, const char *preferred, size_t n)
{
    dr_str_printf(s, "'%s': { 'mode': 'sync', 'preferred': '%s', 'copies': [", name, preferred);
    bool milan = dr_streq(preferred, "milan"); /* the first copy is the one that is served */
    add_copy(s, name, milan, n);
    dr_str_add(s, ", ");
    add_copy(s, name, !milan, n);
    dr_str_add(s, "] }");
}

struct json_object *
bench_world(const struct bench_shape *b, bool is_virtual)
{
    dr_auto(dr_str_freep) struct dr_str s = {0};
    dr_str_printf(&s,
                  "{ 'seed': 7, 'clock': '%s', 'sites': { 'milan': {}, 'rome': {} }, 'arrays': {"
                  "  'sim-milan': { 'site': 'milan', 'latency_ms': 1 },"
                  "  'sim-rome': { 'site': 'rome', 'latency_ms': 1 } }, 'groups': {",
                  is_virtual ? "virtual" : "boottime");
    add_group(&s, "all", "milan", b->n_domains);
    if (b->rome_serves) {
        dr_str_add(&s, ", ");
        add_group(&s, "own", "rome", 1);
    }
    dr_str_add(&s, " } }");
    return parse(&s);
}

/* ---- engines --------------------------------------------------------------------------------- */

static void
add_hosts(struct dr_str *s, const char *site, const int *numbers, size_t n)
{
    char id[48];
    dr_str_add(s, "'hosts': [");
    for (size_t i = 0; i < n && numbers[i]; i++)
        dr_str_printf(s,
                      "%s{ 'id': '%s', 'name': '%s%zu', 'cluster': 'cl-%s', 'host_group': "
                      "'rhv-%s', 'memory': 1099511627776000, 'host_number': %d }",
                      i ? ", " : "", id_of(id, ID_HOST, (size_t)(site[0] == 'r') * 16 + i + 1),
                      site, i + 1, site, site, numbers[i]);
    dr_str_add(s, "]");
}

static void
add_vm(struct dr_str *s, const struct bench_shape *b, size_t i)
{
    char id[48], disk[48], domain[48], name[24] = BENCH_CRITICAL;
    bool critical = i == b->n_domains - 1;
    if (!critical)
        (void)snprintf(name, sizeof(name), "vm%04zu", i);
    dr_str_printf(s,
                  "%s{ 'id': '%s', 'name': '%s', 'status': 'up', 'cluster': 'cl-milan',"
                  "'memory': 1073741824, 'high_availability': { 'enabled': %s, 'priority': %d },"
                  "'disks': [ { 'id': '%s', 'name': '%s', 'storage_domain': '%s' } ] }",
                  i ? ", " : "", id_of(id, ID_VM, i + 1), name, critical ? "true" : "false",
                  critical ? 100 : 1, id_of(disk, ID_DISK, i + 1), name,
                  id_of(domain, ID_DOMAIN, i % b->n_domains + 1));
}

static void
add_domain(struct dr_str *s, const char *name, const char *dc, size_t number, const char *wwid,
           bool master)
{
    char id[48];
    dr_str_printf(s,
                  "{ 'id': '%s', 'name': '%s', 'data_center': '%s', 'master': %s,"
                  "  'storage_type': 'fcp', 'luns': ['%s'] }",
                  id_of(id, ID_DOMAIN, number), name, dc, master ? "true" : "false", wwid);
}

/* What they hold of the group. */
static void
add_content(struct dr_str *s, const struct bench_shape *b)
{
    dr_str_add(s, ", 'storage_domains': [");
    for (size_t i = 0; i < b->n_domains; i++) {
        char name[24], wwid[32];
        (void)snprintf(name, sizeof(name), "sd%02zu", i);
        (void)snprintf(wwid, sizeof(wwid), "3600aall%zu", i);
        dr_str_add(s, i ? ", " : "");
        add_domain(s, name, "dc-milan", i + 1, wwid, i == 0);
    }
    dr_str_add(s, "], 'vms': [");
    for (size_t i = 0; i < b->n_vms; i++)
        add_vm(s, b, i);
    dr_str_add(s, "]");
}

static void
add_times(struct dr_str *s, const struct bench_shape *b)
{
    static const char *const names[] = {
        "import_vg", "connect", "lease_free", "lease_held", "lease_dead",   "volumes",  "activate",
        "contend",   "ovf",     "deactivate", "detach",     "remove",       "register", "schedule",
        "launch",    "boot",    "stop",       "refresh",    "image_locked", "iscsi"};
    dr_str_printf(s, "'latency_ms': { 'request': %u, 'ovf_period': 0",
                  b->instant ? b->request_ms : 0);
    for (size_t i = 0; b->instant && i < DR_COUNT(names); i++)
        dr_str_printf(s, ", '%s': 0", names[i]);
    dr_str_add(s, " },");
}

struct json_object *
bench_engine(const struct bench_shape *b, bool milan, const char *password)
{
    dr_auto(dr_str_freep) struct dr_str s = {0};
    const char *site = milan ? "milan" : "rome";
    char dc[48], cluster[48], net[48], profile[48];
    dr_str_printf(&s,
                  "{ 'site': '%s', 'user': 'drstor@internal', 'password': '%s', 'links': false,",
                  site, password);
    add_times(&s, b);
    dr_str_printf(&s,
                  "'data_centers': [ { 'id': '%s', 'name': 'dc-%s' } ],"
                  "'clusters': [ { 'id': '%s', 'name': 'cl-%s', 'data_center': 'dc-%s' } ],"
                  "'networks': [ { 'id': '%s', 'name': 'prod', 'data_center': 'dc-%s' } ],"
                  "'vnicprofiles': [ { 'id': '%s', 'name': 'prod', 'network': 'prod' } ],",
                  id_of(dc, ID_DC, milan), site, id_of(cluster, ID_CLUSTER, milan), site, site,
                  id_of(net, ID_NET, milan), site, id_of(profile, ID_PROFILE, milan));
    if (milan)
        add_hosts(&s, site, b->milan, DR_COUNT(b->milan));
    else
        add_hosts(&s, site, b->rome, DR_COUNT(b->rome));
    if (milan) {
        add_content(&s, b);
    } else if (b->rome_serves) {
        dr_str_add(&s, ", 'storage_domains': [");
        add_domain(&s, "own", "dc-rome", 1000, "3600bown0", true);
        dr_str_add(&s, "]");
    }
    dr_str_add(&s, " }");
    return parse(&s);
}

/* ---- the configuration ----------------------------------------------------------------------- */

static void
add_site(struct dr_str *to, const struct bench_place *at, const char *site, int port)
{
    if (at->real)
        dr_str_printf(to,
                      "  %s: { engine: { url: https://127.0.0.1:%d/ovirt-engine, user: "
                      "drstor@internal, password: { file: secrets/engine }, ca: pki/ca.pem } }\n",
                      site, port);
    else
        dr_str_printf(to,
                      "  %s: { engine: { url: https://%s.test/ovirt-engine, user: "
                      "drstor@internal, password: { file: /etc/drstor/secrets/%s },\n"
                      "      pin: sha256//AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA= } }\n",
                      site, site, site);
}

void
bench_config(const struct bench_place *at, struct dr_str *to)
{
    dr_str_printf(to,
                  "version: 1\n"
                  "state: { sqlite: state/state.db }\n"
                  "controller: { name: rome-1, site: rome, role: active }\n"
                  "plugin_dir: %s\n"
                  "safety: { assert_min: 1s }\n"
                  "timeouts: { observe: 5s }\n"
                  "arrays:\n"
                  "  sim-milan: { plugin: simulated, site: milan, world: '%s' }\n"
                  "  sim-rome: { plugin: simulated, site: rome, world: '%s' }\n"
                  "sites:\n",
                  at->plugins, at->world, at->world);
    add_site(to, at, "milan", at->port_milan);
    add_site(to, at, "rome", at->port_rome);
    dr_str_add(to, "rhv:\n  mapping:\n    dr_cluster_mappings:\n"
                   "      - { primary_name: cl-milan, secondary_name: cl-rome }\n"
                   "groups:\n"
                   "  all: { mode: sync, preferred: milan, copies: {\n"
                   "      milan: { array: sim-milan, id: all_m, expose: [rhv-milan] },\n"
                   "      rome: { array: sim-rome, id: all_r, expose: [rhv-rome] } } }\n");
}
