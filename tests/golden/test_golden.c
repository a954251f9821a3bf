/*
 * Every golden case, and what the planner promises beyond one case.
 *
 *     test_golden --shapes      what the plans do that are not refused
 */
#include "golden.h"

#include "config/config.h"
#include "plan/explain.h"
#include "plan/loss.h"
#include "plan/planner.h"
#include "support/plan_shape.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void
every_case(const char *folder, char *(*text_of)(struct json_object *))
{
    char **names;
    size_t n = golden_names(folder, &names), good = 0;
    for (size_t i = 0; i < n; i++) {
        dr_auto(dr_json_putp) struct json_object *test = golden_case(folder, names[i]);
        dr_auto(dr_freep) char *text = text_of(test);
        dr_auto(dr_freep) char *again = text_of(test);
        if (strcmp(text, again) != 0)
            print_error("---- %s: the same input gave two answers\n", names[i]);
        else
            good += golden_same(folder, names[i], text);
    }
    printf("figure golden_%ss %zu of %zu\n", folder, good, n);
    golden_names_free(names, n);
    assert_int_equal(good, n);
}

static void
plans_are_as_expected(void **state)
{
    (void)state;
    every_case("plan", golden_plan_text);
}

static void
stages_are_as_expected(void **state)
{
    (void)state;
    every_case("stage", golden_stage_text);
}

static void
ways_out_are_as_expected(void **state)
{
    (void)state;
    every_case("leave", golden_leave_text);
}

static void
mappings_are_as_expected(void **state)
{
    (void)state;
    every_case("map", golden_map_text);
}

static void
checks_are_as_expected(void **state)
{
    (void)state;
    every_case("check", golden_check_text);
}

/* ---- beyond one case ----------------------------------------------------------------------------
 */

struct made {
    struct dr_arena *arena;
    struct dr_model *model;
    struct dr_plan plan;
};

static struct made
make(const char *name)
{
    struct made x = {.arena = dr_arena_new()};
    dr_auto(dr_json_putp) struct json_object *test = golden_case("plan", name);
    struct dr_plan_input in = {.person = "anna@ops1"};
    struct dr_facts *facts = dr_arena_new0(x.arena, struct dr_facts);
    struct dr_goal *goal = dr_arena_new0(x.arena, struct dr_goal);
    void *arrays, *records;
    x.model = golden_config("plan", test);
    golden_read(test, "facts", x.arena, &dr_facts_type, facts);
    golden_read(test, "goal", x.arena, &dr_goal_type, goal);
    in.n_arrays = golden_read_list(test, "arrays", x.arena, &dr_plan_array_type, &arrays);
    in.n_records = golden_read_list(test, "records", x.arena, &dr_plan_record_type, &records);
    in.model = x.model;
    in.facts = facts;
    in.goal = goal;
    in.arrays = arrays;
    in.records = records;
    dr_plan_make(x.arena, &in, &x.plan);
    return x;
}

static void
unmake(struct made *x)
{
    dr_config_free(x->model);
    dr_arena_free(x->arena);
}

/* NULL: FRESH still is what THEN was. Otherwise what the message must name. */
static void
holds(const char *then_case, const char *fresh_case, const char *named)
{
    struct made then = make(then_case), fresh = make(fresh_case);
    dr_auto(dr_error_freep) struct drstor_error *err = NULL;
    int r = dr_plan_still_holds(&then.plan, &fresh.plan, &err);
    if (!named) {
        if (r < 0)
            fail_msg("%s", dr_error_message(err));
    } else {
        assert_int_equal(r, DRSTOR_E_CONFLICT);
        if (!strstr(dr_error_message(err), named))
            fail_msg("%s does not name: %s", dr_error_message(err), named);
        assert_non_null(dr_error_hint(err));
    }
    unmake(&then);
    unmake(&fresh);
}

static void
a_stale_plan_is_named(void **state)
{
    (void)state;
    holds("planned-async", "planned-async", NULL);
    holds("planned-async", "planned-resyncing-with-point", NULL);
    holds("planned-async", "R018-broken", "R018");
    holds("planned-async", "already-there", "primary milan, epoch 4");
    holds("planned-async", "stale-target-hidden", "erp read-only at rome");
    holds("planned-storage-only", "planned-async", "see that no VM of erp runs");
    holds("lost-declared-old-silence", "lost-hosts-alive", "R019");
    /* Evidence comes during the run: that it is still open is no reason to refuse. */
    holds("lost-declared-old-silence", "lost-declared-young-silence", NULL);
}

static void
a_bound_covers_what_it_says(void **state)
{
    (void)state;
    const struct dr_loss zero = {.proven_zero = true}, s51 = {.seconds = 51, .bytes = -1},
                         unknown = {.seconds = -1, .bytes = -1},
                         b4k = {.seconds = -1, .bytes = 4096};
    const struct dr_accept_loss none = {.seconds = -1, .bytes = -1},
                                exact = {.seconds = 51, .bytes = -1},
                                less = {.seconds = 50, .bytes = -1},
                                any = {.seconds = -1, .bytes = -1, .unknown = true},
                                bytes = {.seconds = -1, .bytes = 4096},
                                nothing = {.seconds = 0, .bytes = 0};
    assert_true(dr_loss_covered(&zero, &none));
    assert_false(dr_loss_covered(&s51, &none));
    assert_true(dr_loss_covered(&s51, &exact));
    assert_false(dr_loss_covered(&s51, &less));
    assert_true(dr_loss_covered(&s51, &any));
    assert_false(dr_loss_covered(&s51, &bytes));
    assert_true(dr_loss_covered(&b4k, &bytes));
    assert_false(dr_loss_covered(&b4k, &exact));
    assert_true(dr_loss_covered(&unknown, &any));
    assert_false(dr_loss_covered(&unknown, &exact));
    assert_false(dr_loss_covered(&unknown, &bytes));
    assert_false(dr_loss_covered(&unknown, &nothing));
}

static void
unknown_is_the_worst_loss(void **state)
{
    (void)state;
    const struct dr_loss order[] = {{.proven_zero = true},
                                    {.seconds = 1, .bytes = -1},
                                    {.seconds = 51, .bytes = -1},
                                    {.seconds = -1, .bytes = -1}};
    for (size_t i = 0; i < DR_COUNT(order); i++)
        for (size_t j = 0; j < DR_COUNT(order); j++)
            assert_int_equal(dr_loss_worse(&order[i], &order[j]), i > j);
}

/* The same object with its members the other way round, all the way down; lists keep their order.
 */
static struct json_object *
turned(struct json_object *o)
{
    if (json_object_is_type(o, json_type_array)) {
        struct json_object *out = json_object_new_array();
        for (size_t i = 0; i < json_object_array_length(o); i++)
            (void)json_object_array_add(out, turned(json_object_array_get_idx(o, i)));
        return out;
    }
    if (!json_object_is_type(o, json_type_object))
        return json_object_get(o);
    const char *keys[256];
    size_t n = 0;
    json_object_object_foreach(o, key, value)
    {
        (void)value;
        assert_true(n < DR_COUNT(keys));
        keys[n++] = key;
    }
    struct json_object *out = json_object_new_object();
    while (n-- > 0)
        (void)json_object_object_add(out, keys[n], turned(json_object_object_get(o, keys[n])));
    return out;
}

static void
the_order_of_members_means_nothing(void **state)
{
    (void)state;
    const struct {
        const char *folder;
        char *(*text_of)(struct json_object *);
    } all[] = {
        {"plan", golden_plan_text}, {"stage", golden_stage_text}, {"leave", golden_leave_text}};
    for (size_t k = 0; k < DR_COUNT(all); k++) {
        char **names;
        size_t n = golden_names(all[k].folder, &names);
        for (size_t i = 0; i < n; i++) {
            dr_auto(dr_json_putp) struct json_object *test = golden_case(all[k].folder, names[i]);
            dr_auto(dr_json_putp) struct json_object *other = turned(test);
            dr_auto(dr_freep) char *a = all[k].text_of(test), *b = all[k].text_of(other);
            if (strcmp(a, b) != 0)
                fail_msg("%s/%s depends on the order of members", all[k].folder, names[i]);
        }
        golden_names_free(names, n);
    }
}

/* Every refusal that is printed can be explained, and every guard of the planner has a case. */
static void
every_guard_has_a_case(void **state)
{
    (void)state;
    static const char *const planner[] = {"R010", "R011", "R012", "R013", "R014", "R015", "R016",
                                          "R017", "R018", "R019", "R020", "R021", "R022", "R023",
                                          "R025", "R026", "R027", "R028", "R030", "R031", "R033",
                                          "R035", "R039", "R050", "R091"};
    bool seen[DR_COUNT(planner)] = {0};
    char **names;
    size_t n = golden_names("plan", &names);
    for (size_t i = 0; i < n; i++) {
        dr_auto(dr_json_putp) struct json_object *test = golden_case("plan", names[i]);
        dr_auto(dr_freep) char *text = golden_plan_text(test);
        for (const char *at = strstr(text, "refused R"); at; at = strstr(at + 1, "refused R")) {
            char id[5] = {0};
            memcpy(id, at + 8, 4);
            if (!dr_explain(id))
                fail_msg("%s: %s cannot be explained", names[i], id);
            for (size_t k = 0; k < DR_COUNT(planner); k++)
                seen[k] |= strcmp(planner[k], id) == 0;
        }
    }
    golden_names_free(names, n);
    for (size_t k = 0; k < DR_COUNT(planner); k++)
        if (!seen[k])
            fail_msg("no case is refused by %s", planner[k]);
    const char *const *ids = dr_guard_ids(&n);
    for (size_t i = 0; i < n; i++)
        assert_non_null(dr_explain(ids[i]));
}

/* Is there a case that shows this check or finding open? */
static bool
shown(const char *folder, char *(*text_of)(struct json_object *), const char *id)
{
    char **names, mark[8];
    size_t n = golden_names(folder, &names);
    bool found = false;
    (void)snprintf(mark, sizeof(mark), " %s: ", id);
    for (size_t i = 0; i < n && !found; i++) {
        dr_auto(dr_json_putp) struct json_object *test = golden_case(folder, names[i]);
        dr_auto(dr_freep) char *text = text_of(test);
        found = strstr(text, mark) != NULL;
    }
    golden_names_free(names, n);
    return found;
}

/* M01, an engine that cannot be read, is the library's: tests/e2e/mapping.sh provokes it. */
static void
every_check_and_finding_has_a_case(void **state)
{
    (void)state;
    size_t n = 0, total = 0, good = 0;
    const struct dr_explanation *all = dr_explain_all(&n);
    for (size_t i = 0; i < n; i++) {
        bool check = all[i].id[0] == 'C', finding = all[i].id[0] == 'M';
        if ((!check && !finding) || strcmp(all[i].id, "M01") == 0)
            continue;
        bool has = check ? shown("check", golden_check_text, all[i].id)
                         : shown("map", golden_map_text, all[i].id);
        if (!has)
            print_error("no case shows %s\n", all[i].id);
        total++;
        good += has;
    }
    printf("figure checks_provoked %zu of %zu\n", good, total);
    assert_int_equal(good, total);
}

/* ---- shapes ---------------------------------------------------------------------------------- */

static int
shapes(void)
{
    char **names;
    size_t n = golden_names("plan", &names);
    for (size_t i = 0; i < n; i++) {
        struct made x = make(names[i]);
        if (x.plan.n_refusals == 0)
            plan_shape_print(&x.plan, stdout);
        unmake(&x);
    }
    golden_names_free(names, n);
    return 0;
}

int
main(int argc, char **argv)
{
    if (argc == 2 && strcmp(argv[1], "--shapes") == 0)
        return shapes();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(plans_are_as_expected),
        cmocka_unit_test(stages_are_as_expected),
        cmocka_unit_test(ways_out_are_as_expected),
        cmocka_unit_test(mappings_are_as_expected),
        cmocka_unit_test(checks_are_as_expected),
        cmocka_unit_test(every_check_and_finding_has_a_case),
        cmocka_unit_test(a_stale_plan_is_named),
        cmocka_unit_test(a_bound_covers_what_it_says),
        cmocka_unit_test(unknown_is_the_worst_loss),
        cmocka_unit_test(the_order_of_members_means_nothing),
        cmocka_unit_test(every_guard_has_a_case),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
