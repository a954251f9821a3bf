#include "golden.h"

#include "config/config.h"
#include "plan/planner.h"
#include "report/document.h"
#include "report/text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

enum { WIDTH = 100 };

char *
golden_plan_text(struct json_object *test)
{
    dr_auto(dr_arena_freep) struct dr_arena *a = dr_arena_new();
    dr_auto(dr_config_freep) struct dr_model *m = golden_config("plan", test);
    dr_auto(dr_error_freep) struct drstor_error *err = NULL;
    dr_auto(dr_str_freep) struct dr_str out = {0};
    struct dr_plan_input in = {.model = m, .person = "anna@ops1"};
    struct dr_facts facts;
    struct dr_goal goal;
    struct dr_plan plan;
    void *arrays, *records;

    golden_read(test, "facts", a, &dr_facts_type, &facts);
    golden_read(test, "goal", a, &dr_goal_type, &goal);
    in.n_arrays = golden_read_list(test, "arrays", a, &dr_plan_array_type, &arrays);
    in.n_records = golden_read_list(test, "records", a, &dr_plan_record_type, &records);
    in.facts = &facts;
    in.goal = &goal;
    in.arrays = arrays;
    in.records = records;
    in.own_run = dr_json_str(test, "own_run");
    const char *about = dr_json_str(test, "about");
    dr_str_printf(&out, "# %s\n\n", about ? about : "?");
    if (dr_goal_check(&goal, m, &err) < 0) {
        dr_str_printf(&out, "%s\n%s\n", dr_error_message(err),
                      dr_error_hint(err) ? dr_error_hint(err) : "");
        return dr_str_take(&out);
    }
    dr_plan_make(a, &in, &plan);

    /* Without its id, which changes with every word. */
    dr_auto(dr_json_putp) struct json_object *doc = dr_report_plan(&plan, &goal.accept_loss);
    dr_auto(dr_freep) char *text = NULL;
    json_object_object_del(doc, "id");
    if (dr_text_render("plan", doc, NULL, WIDTH, &text, &err) < 0)
        fail_msg("%s", dr_error_message(err));
    dr_str_printf(&out, "%s\nexit %d\n", text, dr_plan_exit(&plan));
    return dr_str_take(&out);
}
