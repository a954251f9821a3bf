/* The report of a run from what the store has of it: its clocks, and that they stay as they are. */
#include "report/document.h"
#include "support/store_fixture.h"

#include "base/str.h"

#include <stdlib.h>
#include <string.h>

enum { STARTED = 1700000000 };

static const char *const groups[] = {"erp", "web"};

static const char plan[] =
    "{\"id\":\"p1\",\"goal\":{\"verb\":\"promote\",\"groups\":[\"erp\",\"web\"],\"to\":\"rome\","
    "\"unplanned\":true},\"groups\":[\"erp\",\"web\"],\"flips\":["
    "{\"name\":\"erp\",\"from\":\"milan\",\"to\":\"rome\",\"last_answer\":\"2023-11-14T22:08:20Z\","
    "\"rto_s\":60,\"rpo_s\":30},{\"name\":\"web\",\"from\":\"milan\",\"to\":\"rome\","
    "\"last_answer\":\"2023-11-14T22:10:00Z\"}],\"steps\":["
    "{\"id\":\"commit:erp\",\"kind\":\"commit\",\"group\":\"erp\"},"
    "{\"id\":\"promote:erp\",\"kind\":\"promote\",\"group\":\"erp\"},"
    "{\"id\":\"stage:erp\",\"kind\":\"stage\",\"group\":\"erp\"},"
    "{\"id\":\"promote:web\",\"kind\":\"promote\",\"group\":\"web\"},"
    "{\"id\":\"reverse:web\",\"kind\":\"reverse\",\"group\":\"web\"}]}";

static void
put_step(struct fixture *f, const char *id, const char *state, int64_t from, int64_t to,
         const char *answer)
{
    struct dr_step_row row = {.run = "r-1", .id = id, .state = state, .answer = answer};
    dr_map_clear(&dr_stamp_type, &row.started);
    row.sent = row.answered = row.deadline = row.started;
    row.started.utc = STARTED + from;
    row.answered.utc = STARTED + to;
    must(dr_store_step_put(f->s, &row, err));
}

static void
told(struct fixture *f, const char *step, const char *text, int64_t at)
{
    const struct dr_event_row e = {
        .run = "r-1", .time = STARTED + at, .step = step, .state = "up", .text = text};
    must(dr_store_event(f->s, &e, NULL, err));
}

static void
put_run(struct fixture *f)
{
    const char *names[] = {groups[0], groups[1]};
    struct dr_run_row run = test_run("r-1", names);
    run.n_groups = 2;
    run.plan = plan;
    must(dr_store_run_new(f->s, &run, err));
    put_step(f, "commit:erp", "done", 1, 2, "{\"group\":\"erp\",\"seconds\":40}");
    put_step(f, "promote:erp", "done", 2, 10, NULL);
    put_step(f, "promote:web", "done", 2, 15, NULL);
    put_step(f, "reverse:web", "done", 15, 900, NULL);
    put_step(
        f, "stage:erp", "done", 10, 70,
        "{\"vms\":[{\"name\":\"db1\",\"id\":\"1\",\"state\":\"up\",\"started_utc\":1700000050},"
        "{\"name\":\"app1\",\"id\":\"2\",\"state\":\"up\",\"started_utc\":1700000069}]}");
}

static struct json_object *
report(struct fixture *f)
{
    struct json_object *o = NULL;
    must(dr_report_run(f->s, f->a, "r-1", &o, err));
    return o;
}

static struct json_object *
group(struct json_object *doc, size_t i)
{
    return json_object_array_get_idx(dr_json_get(doc, "by_group"), i);
}

static int64_t
number(struct json_object *o, const char *key)
{
    int64_t v = -1;
    (void)dr_json_i64(o, key, &v);
    return v;
}

static void
every_group_and_vm_has_its_own_clocks(void **state)
{
    struct fixture *f = *state;
    put_run(f);
    must(dr_store_run_update(f->s, "r-1", DR_RUN_DONE, "{\"exit\":0}", STARTED + 901, err));
    dr_auto(dr_json_putp) struct json_object *doc = report(f);
    struct json_object *erp = group(doc, 0), *web = group(doc, 1),
                       *times = dr_json_get(doc, "times");
    assert_string_equal(dr_json_str(times, "outage"),
                        "2023-11-14T22:10:00Z"); /* the last of both */
    assert_int_equal(number(erp, "rto_s"), 69);  /* until its last VM is up */
    assert_int_equal(number(erp, "rto_outage_s"), 369);
    assert_int_equal(number(erp, "rto_goal_s"), 60);
    assert_int_equal(number(erp, "rpo_s"), 40);
    assert_int_equal(number(erp, "rpo_goal_s"), 30);
    assert_int_equal(number(erp, "vms_up"), 2);
    /* Without VMs it is the storage; for replication back nobody waits. */
    assert_int_equal(number(web, "rto_s"), 15);
    assert_int_equal(number(web, "rto_goal_s"), -1);
    assert_int_equal(number(doc, "rto_s"), 69); /* of a run: its last group */
    struct json_object *vm = json_object_array_get_idx(dr_json_get(doc, "vms"), 0);
    assert_int_equal(number(vm, "rto_s"), 50);
    assert_int_equal(number(vm, "rto_outage_s"), 350);
}

static void
no_recovery_time_is_told_while_something_is_missing(void **state)
{
    struct fixture *f = *state;
    put_run(f);
    put_step(f, "stage:erp", "failed", 10, 70,
             "{\"error\":\"no host\",\"vms\":[{\"name\":\"db1\",\"id\":\"1\",\"state\":\"up\","
             "\"started_utc\":1700000050},{\"name\":\"app1\",\"id\":\"2\",\"state\":\"down\","
             "\"trouble\":\"no host\"}]}");
    must(dr_store_run_update(f->s, "r-1", DR_RUN_FAILED, "{\"exit\":4}", -1, err));
    dr_auto(dr_json_putp) struct json_object *doc = report(f);
    assert_int_equal(number(doc, "rto_s"), -1);
    assert_null(dr_json_get(dr_json_get(doc, "times"), "service"));
    assert_int_equal(number(group(doc, 0), "rto_s"), -1);
    assert_int_equal(number(group(doc, 0), "vms_up"), 1);
    assert_int_equal(number(group(doc, 1), "rto_s"), 15); /* the other group is served */
}

static void
a_resumed_run_does_not_move_the_time_a_vm_came_up(void **state)
{
    struct fixture *f = *state;
    put_run(f);
    told(f, "stage:erp", "VM db1 runs", 30);  /* by the controller that died */
    told(f, "stage:web", "VM app1 runs", 31); /* another one of that name */
    told(f, "stage:erp", "VM app1 runs", 69);
    dr_auto(dr_json_putp) struct json_object *doc = report(f);
    struct json_object *vms = dr_json_get(doc, "vms");
    assert_int_equal(number(json_object_array_get_idx(vms, 0), "rto_s"), 30);
    assert_int_equal(number(json_object_array_get_idx(vms, 1), "rto_s"), 69);
    assert_string_equal(dr_json_str(dr_json_get(doc, "times"), "first_vm"), "2023-11-14T22:13:50Z");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(every_group_and_vm_has_its_own_clocks, fixture_memory,
                                        fixture_end),
        cmocka_unit_test_setup_teardown(no_recovery_time_is_told_while_something_is_missing,
                                        fixture_memory, fixture_end),
        cmocka_unit_test_setup_teardown(a_resumed_run_does_not_move_the_time_a_vm_came_up,
                                        fixture_memory, fixture_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
