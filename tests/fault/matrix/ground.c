#include "matrix.h"

#include "support/house_site.h"

#include "base/json.h"
#include "base/str.h"

#include <stdlib.h>
#include <string.h>

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

bool
ground_plan(struct house_plan *p, bool probes, const char *safety)
{
    const struct house_site_how how = {
        .hosts = true, .legs = true, .probes = probes, .safety = safety};
    return house_site_make(p, &how);
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
        house_site_write(w, g->site, false);
    (void)sim_site_set(w, g->site,
                       g->array == ARRAY_DEAD     ? SIM_SITE_DEAD
                       : g->array == ARRAY_SILENT ? SIM_SITE_SILENT
                                                  : SIM_SITE_UP);
    leave(g->h);
    bool seen = g->hosts == HOSTS_UP && !g->hidden;
    house_probe(g->h, g->site, seen);
    host_status(g->h, g->site, seen ? "up" : g->hosts == HOSTS_DOWN ? "down" : "non_responsive");
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

bool
ground_writable(struct house *h, const char *group, const char *site)
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
        rec.phase != DR_PHASE_STEADY || !rec.primary || !ground_writable(h, group, rec.primary))
        return NULL;
    return dr_streq(rec.primary, "rome") ? "rome" : "milan";
}

void
ground_write(struct house *h, const char *site)
{
    enter(h);
    house_site_write(house_world(h), site, true);
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
    if (served && dr_streq(other, g->site) && ground_may_write(g) &&
        ground_writable(h, group, other))
        return "hosts of the old site can still write it";
    return NULL;
}
