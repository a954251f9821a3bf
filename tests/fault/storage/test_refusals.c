/* Two at a time, plans from yesterday, a damaged or empty store, first records that must not be
 * made. */
#include "support/hand.h"

#include <setjmp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static bool
refused(struct site *s, const char *goal, int code, const char *what)
{
    uint64_t sent = site_mutating(s);
    struct ran r = site_run(s, NULL, goal);
    return SITE_CHECK(r.code == code && site_says(&r, what), "%s: %d instead of %d %s\n%s%s", goal,
                      r.code, code, what, r.out, r.err) &&
           SITE_CHECK(site_mutating(s) == sent, "%s: refused, and something was sent", goal);
}

static bool
two_at_once(struct site *s)
{
    const struct sim_fault slow = {
        .kind = SIM_FAULT_SLOW, .op = SIM_OP_SET_ACCESS, .array = "sim-milan", .delay_ms = 3000};
    site_fault(s, &slow);
    uint64_t from = site_log_size(s);
    struct site_child first = site_start(s, NULL, SITE_PLANNED);
    hand_wait_sent(s, from, SIM_OP_SET_ACCESS, "sim-milan");
    struct ran second = site_run(s, NULL, "promote db --to rome --storage-only --yes");
    struct ran resume = site_run(s, NULL, "run resume");
    struct ran r = site_wait(s, &first);
    const char *run = site_text(&r, "run");
    /* The first one's open run is seen before its lock, or the lock before it: both name it. */
    return SITE_CHECK(r.code == 0 && *run, "the first: %d\n%s%s", r.code, r.out, r.err) &&
           SITE_CHECK(second.code == 7 && site_says(&second, run),
                      "the second: %d, without %s\n%s%s", second.code, run, second.out,
                      second.err) &&
           SITE_CHECK(resume.code == 7 && site_says(&resume, run), "resume: %d, without %s\n%s%s",
                      resume.code, run, resume.out, resume.err) &&
           site_served(s, "rome", 2);
}

static bool
keep_plan(struct site *s, const char *to)
{
    struct ran r = site_run(
        s, NULL,
        dr_arena_printf(s->arena, "plan promote --all --to rome --storage-only -q -O %s", to));
    return SITE_CHECK(r.code == 0, "plan: %d\n%s%s", r.code, r.out, r.err);
}

static bool
stale_plan(struct site *s)
{
    const char *plan = site_path(s, "plan.json"),
               *apply = dr_arena_printf(s->arena, "apply %s --yes", plan);
    if (!keep_plan(s, plan))
        return false;
    struct ran r = site_run(s, NULL, SITE_PLANNED);
    struct ran back = site_run(s, NULL, "promote --all --to milan --storage-only --yes");
    return SITE_CHECK(r.code == 0 && back.code == 0, "%d %d", r.code, back.code) &&
           refused(s, apply, 11, "stale") && site_served(s, "milan", 3);
}

static bool
altered_plan(struct site *s)
{
    const char *plan = site_path(s, "plan.json"),
               *apply = dr_arena_printf(s->arena, "apply %s --yes", plan);
    if (!keep_plan(s, plan))
        return false;
    struct json_object *doc = json_object_from_file(plan), *goal = NULL;
    if (!json_object_object_get_ex(doc, "goal", &goal))
        return SITE_CHECK(false, "the plan has no goal");
    (void)json_object_object_add(goal, "unplanned", json_object_new_boolean(1));
    bool written = json_object_to_file(plan, doc) == 0;
    (void)json_object_put(doc);
    if (!written || !refused(s, apply, 2, "altered") || !keep_plan(s, plan))
        return false;
    struct ran r = site_run(s, NULL, apply);
    return SITE_CHECK(r.code == 0, "%d\n%s%s", r.code, r.out, r.err) && site_served(s, "rome", 2);
}

static bool
truncated_store(struct site *s)
{
    const char *db = site_path(s, "state/state.db");
    struct stat st;
    if (!SITE_CHECK(stat(db, &st) == 0 && truncate(db, st.st_size / 3) == 0, "cannot cut %s", db) ||
        !refused(s, SITE_PLANNED, 3, "R09") || !refused(s, "run resume", 3, "R09"))
        return false;
    struct ran r = site_run(s, NULL, "status");
    return SITE_CHECK(r.code == 0 && site_says(&r, "is damaged") && !site_says(&r, "\"primary\""),
                      "status: %d\n%s%s", r.code, r.out, r.err);
}

static bool
no_record(struct site *s)
{
    return refused(s, SITE_PLANNED, 3, "R010") && refused(s, SITE_PLANNED, 3, "drstor adopt");
}

static bool
adopt_both_writable(struct site *s)
{
    hand_set_access(s, "sim-rome", "web_r", DRSTOR_ACCESS_READ_WRITE, false);
    return refused(s, "adopt web", 3, "R034");
}

static bool
adopt_none_writable(struct site *s)
{
    hand_set_access(s, "sim-milan", "web_m", DRSTOR_ACCESS_READ_ONLY, true);
    return refused(s, "adopt web", 3, "R036");
}

static bool
adopt_one_silent(struct site *s)
{
    site_fate(s, "rome", SIM_SITE_SILENT);
    if (!refused(s, "adopt web", 3, "R037"))
        return false;
    site_fate(s, "rome", SIM_SITE_UP);
    struct ran r = site_run(s, NULL, "adopt web");
    return SITE_CHECK(r.code == 0, "adopt: %d\n%s%s", r.code, r.out, r.err);
}

static const struct {
    const char *name;
    struct site_how how;
    bool (*run)(struct site *s);
} cases[] = {
    {"two at once", {0}, two_at_once},
    {"stale plan", {0}, stale_plan},
    {"altered plan", {0}, altered_plan},
    {"truncated store", {0}, truncated_store},
    {"no record", {.unadopted = true}, no_record},
    {"adopt, both writable", {.unadopted = true}, adopt_both_writable},
    {"adopt, none writable", {.unadopted = true}, adopt_none_writable},
    {"adopt, one silent", {.unadopted = true}, adopt_one_silent},
};

static bool
one(size_t i)
{
    struct site *s = site_new(&cases[i].how);
    bool good = SITE_CHECK(cases[i].run(s), "%s", cases[i].name);
    site_free(s);
    return good;
}

static void
test_refusals(void **state)
{
    (void)state;
    size_t n = sizeof(cases) / sizeof(cases[0]);
    assert_int_equal(site_each(n, one), n);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_refusals)};
    return cmocka_run_group_tests_name("storage refusals", tests, site_begin, site_end);
}
