#include "golden.h"

#include "config/config.h"
#include "plan/leave.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

static void
print_action(struct dr_str *out, const struct dr_stage_action *x)
{
    dr_str_printf(out, "  %-10s %s\n             key: %s\n", x->group, x->text, x->key);
    if (x->host)
        dr_str_printf(out, "             host: %s\n", x->host);
    if (x->domain)
        dr_str_printf(out, "             from domain: %s%s\n", x->domain,
                      x->partial ? ", partial" : "");
    if (x->force)
        dr_str_printf(out, "             by force\n");
    for (size_t i = 0; i < x->n_vnics; i++)
        dr_str_printf(out, "             vNIC: %s/%s at %s -> %s/%s at %s\n",
                      x->vnics[i].from_network ? x->vnics[i].from_network : "-",
                      x->vnics[i].from_profile ? x->vnics[i].from_profile : "-",
                      x->vnics[i].from_site, x->vnics[i].to_network ? x->vnics[i].to_network : "-",
                      x->vnics[i].to_profile ? x->vnics[i].to_profile : "-", x->vnics[i].to_site);
}

static void
print_result(struct dr_str *out, struct json_object *test, const struct dr_stage_result *r)
{
    const char *about = dr_json_str(test, "about");
    dr_str_printf(out, "# %s\n\nactions:%s\n", about ? about : "?", r->n_actions ? "" : " none");
    for (size_t i = 0; i < r->n_actions; i++)
        print_action(out, &r->actions[i]);
    dr_str_printf(out, "done:%s", r->n_done ? "" : " none");
    for (size_t i = 0; i < r->n_done; i++)
        dr_str_printf(out, " %s", r->done[i]);
    dr_str_printf(out, "\nstuck:%s\n", r->n_stuck ? "" : " none");
    for (size_t i = 0; i < r->n_stuck; i++)
        dr_str_printf(out, "  %s: %s\n", r->stuck[i], r->stuck_why[i]);
    if (r->n_found)
        dr_str_printf(out, "found:\n");
    for (size_t i = 0; i < r->n_found; i++)
        dr_str_printf(out, "  %-10s %s%s\n", r->found[i].group, r->found[i].vm.name,
                      r->found[i].vm.start ? ", ran" : "");
    dr_str_printf(out, "VMs:%s\n", r->n_vms ? "" : " none");
    for (size_t i = 0; i < r->n_vms; i++)
        dr_str_printf(out, "  %-10s %-8s %s%s%s\n", r->vms[i].group, r->vms[i].name,
                      r->vms[i].state, r->vms[i].trouble ? ": " : "",
                      r->vms[i].trouble ? r->vms[i].trouble : "");
    if (r->patient)
        dr_str_printf(out, "however long it takes\n");
}

char *
golden_stage_text(struct json_object *test)
{
    dr_auto(dr_arena_freep) struct dr_arena *a = dr_arena_new();
    dr_auto(dr_config_freep) struct dr_model *m = golden_config("stage", test);
    dr_auto(dr_str_freep) struct dr_str out = {0};
    struct dr_inventory now;
    struct dr_stage_progress progress;
    struct dr_stage_result r;
    void *groups;

    golden_read(test, "inventory", a, &dr_inventory_type, &now);
    golden_read(test, "progress", a, &dr_stage_progress_type, &progress);
    size_t n = golden_read_list(test, "groups", a, &dr_stage_group_type, &groups);
    dr_stage_expand(a, m, &now, groups, n, &progress, &r);
    print_result(&out, test, &r);
    return dr_str_take(&out);
}

char *
golden_leave_text(struct json_object *test)
{
    dr_auto(dr_arena_freep) struct dr_arena *a = dr_arena_new();
    dr_auto(dr_config_freep) struct dr_model *m = golden_config("leave", test);
    dr_auto(dr_str_freep) struct dr_str out = {0};
    struct dr_inventory now;
    struct dr_stage_progress progress;
    struct dr_stage_result r;
    void *groups;

    golden_read(test, "inventory", a, &dr_inventory_type, &now);
    golden_read(test, "progress", a, &dr_stage_progress_type, &progress);
    size_t n = golden_read_list(test, "groups", a, &dr_leave_group_type, &groups);
    dr_leave_expand(a, m, &now, groups, n, &progress, &r);
    print_result(&out, test, &r);
    return dr_str_take(&out);
}
