#include "seeds/shape.h"

#include "base/json.h"
#include "base/str.h"

#include <stdio.h>
#include <string.h>

static const char *const sites[] = {"milan", "rome"};
static const char *const arrays[] = {"sim-milan", "sim-rome"};
static const char *const groups[] = {"erp", "db", "web"};
static const char *const copies[][2] = {{"erp_m", "erp_r"}, {"db_m", "db_r"}, {"web_m", "web_r"}};

const char *
shape_site(unsigned site)
{
    return sites[site];
}

const char *
shape_array(unsigned site)
{
    return arrays[site];
}

const char *
shape_group(unsigned group)
{
    return groups[group];
}

const char *
shape_copy(unsigned group, unsigned site)
{
    return copies[group][site];
}

/* Draws of a shape: the same number gives the same shape for ever. */
struct dice {
    uint64_t state;
};

static unsigned
roll(struct dice *d, unsigned below)
{
    uint64_t x = d->state += UINT64_C(0x9e3779b97f4a7c15);
    x = (x ^ (x >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    x = (x ^ (x >> 27)) * UINT64_C(0x94d049bb133111eb);
    return (unsigned)((x ^ (x >> 31)) % below);
}

/* ---- the world ------------------------------------------------------------------------------- */

struct array_draw {
    bool fence, guards, source_drives;
    unsigned latency, jitter, access_ms, settle;
};

static void
add_array(struct dr_str *j, unsigned site, const struct array_draw *a)
{
    dr_str_printf(j,
                  "%s\"%s\":{\"site\":\"%s\",\"latency_ms\":%u,\"jitter_ms\":%u,\"settle_ms\":%u,"
                  "\"access_ms\":%u,\"fence\":\"%s\",\"guards\":%s,\"drives\":\"%s\"}",
                  site ? "," : "", arrays[site], sites[site], a->latency, a->jitter, a->settle,
                  a->access_ms, a->fence ? "native" : "none", a->guards ? "true" : "false",
                  a->source_drives ? "source" : "target");
}

/* The legs of a pair are one volume to their hosts. */
static int
letter(unsigned site, bool leg)
{
    return site && !leg ? 'b' : 'a';
}

static void
add_copy(struct dr_str *j, unsigned g, unsigned site, unsigned members, bool leg)
{
    dr_str_printf(j,
                  "%s{\"array\":\"%s\",\"id\":\"%s\",%s\"host_groups\":{\"rhv-%s\":{\"protocol\":"
                  "\"fcp\",\"lun\":%u,\"target\":\"50:06:01:60:00:00:00:0%u\"}},\"members\":[",
                  site ? "," : "", arrays[site], copies[g][site], leg ? "\"exposed\":true," : "",
                  sites[site], 10 + 10 * g, site + 1);
    for (unsigned m = 0; m < members; m++)
        dr_str_printf(j, "%s{\"id\":\"%s_%c\",\"wwid\":\"3600%c%u%u\",\"bytes\":1073741824}",
                      m ? "," : "", copies[g][site], 'a' + (int)m, letter(site, leg), g, m);
    dr_str_add(j, "]}");
}

static void
add_group(struct dr_str *j, struct dice *d, unsigned g, bool sync)
{
    unsigned members = 1 + roll(d, 2);
    dr_str_printf(j,
                  "%s\"%s\":{\"mode\":\"%s\",\"preferred\":\"milan\",\"stepwise\":%s,"
                  "\"stops_when_alone\":%s,\"period_s\":%u,\"copies\":[",
                  g ? "," : "", groups[g], sync ? "sync" : "async",
                  roll(d, 10) < 4 ? "true" : "false", sync && roll(d, 2) ? "true" : "false",
                  20 + roll(d, 100));
    add_copy(j, g, 0, members, false);
    add_copy(j, g, 1, members, false);
    dr_str_add(j, "]}");
}

static void
add_legs(struct dr_str *j, struct dice *d, unsigned g)
{
    static const char *const arbiters[] = {"ok", "ok", "ok", "absent"};
    unsigned members = 1 + roll(d, 2);
    dr_str_printf(j,
                  "%s\"%s\":{\"mode\":\"sync\",\"topology\":\"active-active\",\"preferred\":\"%s\","
                  "\"arbiter\":\"%s\",\"copies\":[",
                  g ? "," : "", groups[g], sites[roll(d, 4) == 0],
                  arbiters[roll(d, DR_COUNT(arbiters))]);
    add_copy(j, g, 0, members, true);
    add_copy(j, g, 1, members, true);
    dr_str_add(j, "]}");
}

/* ---- the configuration ----------------------------------------------------------------------- */

#define ENGINE(site)                                                                               \
    "  " site ": { engine: { url: https://" site ".test/ovirt-engine, user: drstor@internal,\n"    \
    "      password: { file: /etc/drstor/secrets/" site " },\n"                                    \
    "      pin: sha256//AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA= } }\n"

static void
yaml_begin(struct dr_str *y, bool engines)
{
    dr_str_add(y, "version: 1\n"
                  "state: { sqlite: state/state.db }\n"
                  "controller: { name: rome-1, site: rome, role: active }\n"
                  "plugin_dir: /usr/lib/drstor/plugins\n"
                  "safety: { assert_min: 20s }\n"
                  "timeouts: { observe: 5s }\n");
    if (engines)
        dr_str_add(
            y, "sites:\n" ENGINE("milan") ENGINE(
                   "rome") "rhv: { mapping: { dr_cluster_mappings:\n"
                           "    [ { primary_name: production, secondary_name: standby } ] } }\n");
    else
        dr_str_add(y, "sites: { milan: { probe: [ 'milan:22' ] }, rome: {} }\n");
    dr_str_add(y, "arrays:\n"
                  "  sim-milan: { plugin: simulated, site: milan, world: 'memory:house' }\n"
                  "  sim-rome: { plugin: simulated, site: rome, world: 'memory:house' }\n"
                  "groups:\n");
}

static void
yaml_group(struct dr_str *y, unsigned g, bool sync, bool legs, unsigned loss_max_s, bool stop)
{
    dr_str_printf(y, "  %s:\n    mode: %s\n    preferred: milan\n", groups[g],
                  sync ? "sync" : "async");
    if (legs)
        dr_str_add(y, "    topology: active-active\n");
    if (loss_max_s)
        dr_str_printf(y, "    loss_max: %us\n", loss_max_s);
    if (stop)
        dr_str_add(y, "    on_error: stop\n");
    dr_str_add(y, "    copies:\n");
    for (unsigned s = 0; s < 2; s++)
        dr_str_printf(y, "      %s: { array: %s, id: %s, expose: [ rhv-%s ] }\n", sites[s],
                      arrays[s], copies[g][s], sites[s]);
}

/* ---- engines --------------------------------------------------------------------------------- */

static struct json_object *
engine_of(unsigned site, unsigned n_groups)
{
    struct dr_str j = {0};
    const char *cluster = site ? "standby" : "production", *name = sites[site];
    dr_str_printf(&j,
                  "{\"site\":\"%s\",\"user\":\"drstor@internal\",\"password\":\"secret\","
                  "\"latency_ms\":{\"boot\":2000,\"lease_free\":2000,\"lease_held\":5000,"
                  "\"lease_dead\":5000},"
                  "\"data_centers\":[{\"id\":\"dc%u\",\"name\":\"dc-%s\"}],"
                  "\"clusters\":[{\"id\":\"cl%u\",\"name\":\"%s\",\"data_center\":\"dc-%s\"}],"
                  "\"networks\":[{\"id\":\"net%u\",\"name\":\"prod\",\"data_center\":\"dc-%s\"}],"
                  "\"vnicprofiles\":[{\"id\":\"prof%u\",\"name\":\"prod\",\"network\":\"prod\"}],"
                  "\"hosts\":[{\"id\":\"host%u\",\"name\":\"%s1\",\"cluster\":\"%s\","
                  "\"host_group\":\"rhv-%s\",\"host_number\":%u}]",
                  name, site, name, site, cluster, name, site, name, site, site, name, cluster,
                  name, 1 + 10 * site);
    if (site == 0) {
        dr_str_add(&j, ",\"storage_domains\":[");
        for (unsigned g = 0; g < n_groups; g++)
            dr_str_printf(&j,
                          "%s{\"id\":\"5d%u00000-0000-4000-8000-000000000001\",\"name\":\"%s\","
                          "\"data_center\":\"dc-milan\",\"master\":%s,\"storage_type\":\"fcp\","
                          "\"luns\":[\"3600a%u0\"]}",
                          g ? "," : "", g, groups[g], g ? "false" : "true", g);
        dr_str_add(&j, "],\"vms\":[");
        for (unsigned g = 0; g < n_groups; g++)
            dr_str_printf(&j,
                          "%s{\"id\":\"a1%u00000-0000-4000-8000-000000000001\",\"name\":\"%s1\","
                          "\"status\":\"up\",\"cluster\":\"production\",\"memory\":4294967296,"
                          "\"disks\":[{\"id\":\"d1%u00000-0000-4000-8000-000000000001\","
                          "\"name\":\"%s1\",\"storage_domain\":"
                          "\"5d%u00000-0000-4000-8000-000000000001\"}]}",
                          g ? "," : "", g, groups[g], g, groups[g], g);
        dr_str_add(&j, "]");
    }
    dr_str_add(&j, "}");
    struct json_object *o = json_tokener_parse(j.s);
    dr_str_freep(&j);
    if (!o)
        abort();
    return o;
}

/* ---- adopted --------------------------------------------------------------------------------- */

static void
adopt(struct house *h, void *arg)
{
    const struct errand_what what = {.kind = ERRAND_ADOPT};
    house_sleep_ms(h, 150000); /* what engines write at their start has arrived at rome */
    const struct errand *e = errand_do(house_controller(h, "ops"), &what);
    *(bool *)arg = e->exit == 0;
    if (e->exit != 0)
        (void)fprintf(stderr, "not adopted: %s %s\n", e->json ? e->json : "",
                      e->error ? drstor_error_message(e->error) : "");
}

static int
writers_of(struct sim_world *w, unsigned group, unsigned site, bool leg, bool on)
{
    char wwid[32];
    int r = 0;
    for (unsigned m = 0; m < 2; m++) {
        (void)snprintf(wwid, sizeof(wwid), "3600%c%u%u", letter(site, leg), group, m);
        int x = sim_lun_writer(w, sites[site], wwid, "app", on);
        r = x < 0 && x != -2 ? x : r; /* a group of one volume has no second */
    }
    return r;
}

void
shape_writers(struct house *h, const struct shape *s, unsigned group, unsigned site, bool on)
{
    if (sim_enter(house_world(h)) < 0)
        abort();
    (void)writers_of(house_world(h), group, site, s->legs && group == 0, on);
    if (sim_leave(house_world(h)) < 0)
        abort();
}

bool
shape_make(struct shape *s, unsigned number, enum shape_kind kind)
{
    bool engines = kind == SHAPE_STAGED, legs = kind == SHAPE_LEGS;
    struct dice d = {UINT64_C(0xd05) * (number + 1) + UINT64_C(977) * kind};
    dr_auto(dr_str_freep) struct dr_str j = {0}, y = {0};
    unsigned weight = roll(&d, 10);
    *s = (struct shape){.engines = engines, .legs = legs};
    s->n_groups = engines || (legs && weight < 6) ? 1
                  : legs                          ? 2
                  : weight < 6                    ? 1
                  : weight < 9                    ? 2
                                                  : 3;

    s->fenced = true;
    dr_str_add(&j, "{\"clock\":\"virtual\",\"writes_per_s\":20,\"transfer_ms\":50,"
                   "\"sites\":{\"milan\":{},\"rome\":{}},\"arrays\":{");
    bool guards = roll(&d, 10) < 5, source_drives = roll(&d, 10) < 2;
    for (unsigned site = 0; site < 2; site++) {
        static const unsigned latencies[] = {1, 5, 20, 200};
        static const unsigned settles[] = {200, 1000, 2000};
        const struct array_draw a = {.fence = roll(&d, 10) < 6,
                                     .guards = guards,
                                     .source_drives = source_drives,
                                     .latency = latencies[roll(&d, 4)],
                                     .jitter = roll(&d, 3) * 10,
                                     .access_ms = roll(&d, 3) ? 0 : 500,
                                     .settle = settles[roll(&d, 3)]};
        s->fenced &= a.fence;
        add_array(&j, site, &a);
    }
    dr_str_add(&j, "},\"groups\":{");
    yaml_begin(&y, engines);
    for (unsigned g = 0; g < s->n_groups; g++) {
        bool pair = legs && g == 0, sync = roll(&d, 2) || pair;
        unsigned loss_max_s = roll(&d, 5) == 0 ? 30 : 0;
        s->standing_ns[g] = loss_max_s * DR_S;
        if (pair)
            add_legs(&j, &d, g);
        else
            add_group(&j, &d, g, sync);
        yaml_group(&y, g, sync, pair, loss_max_s, roll(&d, 4) == 0);
    }
    dr_str_add(&j, "}}");

    dr_auto(dr_json_putp) struct json_object *spec = json_tokener_parse(j.s);
    if (!spec || !house_plan_make(&s->virgin, y.s, spec))
        return false;
    struct sim_world *w = s->virgin.world;
    int r = sim_enter(w);
    if (r == 0)
        r = sim_advance(w, 7200 * SIM_SECOND); /* "an hour ago" is a time */
    for (unsigned g = 0; r == 0 && !engines && g < s->n_groups; g++)
        r = writers_of(w, g, 0, legs && g == 0, true);
    if (r == 0 && legs && number % 2)
        r = writers_of(w, 0, 1, true, true); /* at both sites */
    if (r == 0)
        r = sim_advance(w, 200 * SIM_SECOND);
    if (sim_leave(w) < 0 || r < 0)
        return false;
    for (unsigned site = 0; engines && site < 2; site++)
        s->virgin.engines[s->virgin.n_engines++] = engine_of(site, s->n_groups);
    bool good = false;
    house_plan_after(&s->plan, &s->virgin, adopt, &good);
    return good;
}

void
shape_clear(struct shape *s)
{
    house_plan_clear(&s->plan);
    house_plan_clear(&s->virgin);
}
