#include "golden.h"

#include "config/config.h"
#include "plan/explain.h"
#include "ready/check.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

static const struct dr_field drill_fields[] = {DR_STR(struct dr_last_drill, group),
                                               DR_TIME(struct dr_last_drill, utc)};
static DR_TYPE(drill_type, struct dr_last_drill, "drill", drill_fields);

/* What holds is counted; what is open is shown. */
static void
print_checks(struct dr_str *out, const char *what, const struct dr_check *list, size_t n)
{
    size_t open = 0;
    for (size_t i = 0; i < n; i++)
        open += list[i].ok != DRSTOR_TRI_YES;
    dr_str_printf(out, "%s: %zu checks, %zu open\n", what, n, open);
    for (size_t i = 0; i < n; i++) {
        assert_non_null(dr_explain(list[i].id));
        if (list[i].ok == DRSTOR_TRI_YES)
            continue;
        dr_str_printf(out, "  %s%s %s: %s\n    %s\n    to do: %s\n",
                      list[i].advice ? "advice, " : "",
                      list[i].ok == DRSTOR_TRI_NO ? "NO" : "unknown", list[i].id, list[i].text,
                      list[i].evidence, list[i].remedy);
    }
}

char *
golden_check_text(struct json_object *test)
{
    dr_auto(dr_arena_freep) struct dr_arena *a = dr_arena_new();
    dr_auto(dr_config_freep) struct dr_model *m = golden_config("check", test);
    dr_auto(dr_str_freep) struct dr_str out = {0};
    struct dr_facts facts;
    struct dr_check_input in = {.model = m, .facts = &facts};
    struct dr_check_result x;
    void *records, *drills;
    const char *group = dr_json_str(test, "group");
    golden_read(test, "facts", a, &dr_facts_type, &facts);
    in.n_records = golden_read_list(test, "records", a, &dr_plan_record_type, &records);
    in.n_drills = golden_read_list(test, "drills", a, &drill_type, &drills);
    in.records = records;
    in.drills = drills;
    in.groups = group ? &group : NULL;
    in.n_groups = group ? 1 : 0;
    (void)dr_json_bool(test, "root", &in.root);
    dr_check_all(a, &in, &x);
    dr_str_printf(&out, "# %s\n\n%s\n", dr_json_str(test, "about"),
                  x.ready ? "ready" : "NOT READY");
    for (size_t i = 0; i < x.n_groups; i++)
        print_checks(&out, x.groups[i].group, x.groups[i].checks, x.groups[i].n_checks);
    print_checks(&out, "sites", x.checks, x.n_checks);
    return dr_str_take(&out);
}
