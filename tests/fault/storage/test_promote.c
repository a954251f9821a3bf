/* Moves that nothing disturbs: what they end in, and that asking twice is harmless. */
#include "support/site.h"

#include <setjmp.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static bool
again(struct site *s, const char *goal)
{
    uint64_t before = site_mutating(s);
    struct ran r = site_run(s, NULL, goal);
    return SITE_CHECK(r.code == 0 && strcmp(site_text(&r, "result"), "nothing-to-do") == 0,
                      "asked again: %d\n%s%s", r.code, r.out, r.err) &&
           SITE_CHECK(site_mutating(s) == before, "asked again, something was sent");
}

static bool
promote(struct site *s, const char *goal, const char *to, int64_t epoch)
{
    struct ran r = site_run(s, NULL, goal);
    return SITE_CHECK(r.code == 0 && strcmp(site_text(&r, "result"), "done") == 0 &&
                          strcmp(site_text(&r, "exit"), "0") == 0,
                      "%s: %d\n%s%s", goal, r.code, r.out, r.err) &&
           site_served(s, to, epoch) && again(s, goal);
}

static bool
planned(struct site *s)
{
    return promote(s, SITE_PLANNED, "rome", 2) &&
           promote(s, "promote erp db web --to milan --storage-only --yes", "milan", 3) &&
           promote(s, SITE_PLANNED, "rome", 4);
}

static bool
unplanned(struct site *s)
{
    struct dr_record rec;
    site_fate(s, "milan", SIM_SITE_DEAD);
    return promote(s, SITE_UNPLANNED, "rome", 2) && site_record(s, "erp", &rec) &&
           SITE_CHECK(rec.n_evidence == 1 && rec.evidence[0].kind == DRSTOR_EVIDENCE_E6_DECLARED &&
                          rec.n_site_hold == 1 && rec.old_copy == DR_OLD_COPY_STALE,
                      "the record of erp keeps %zu evidence, %zu holds", rec.n_evidence,
                      rec.n_site_hold);
}

/* The old array answers: nothing less than its own word is taken. */
static bool
unplanned_answering(struct site *s)
{
    struct dr_record rec;
    return promote(s,
                   "promote --all --to rome --storage-only --yes --unplanned --accept-loss unknown",
                   "rome", 2) &&
           site_record(s, "web", &rec) &&
           SITE_CHECK(rec.evidence[0].kind == DRSTOR_EVIDENCE_E1_READ_BACK, "evidence is not E1");
}

/* Each group alone, so that no other group's steps hide what it does. */
static bool
alone(struct site *s)
{
    static const char *const groups[] = {"erp", "db", "web"};
    for (size_t i = 0; i < 3; i++) {
        const char *goal =
            dr_arena_printf(s->arena, "promote %s --to rome --storage-only --yes", groups[i]);
        struct ran r = site_run(s, NULL, goal);
        if (!SITE_CHECK(r.code == 0, "%s: %d\n%s%s", goal, r.code, r.out, r.err))
            return false;
    }
    return site_served(s, "rome", 2) && again(s, SITE_PLANNED);
}

static const struct {
    const char *name;
    struct site_how how;
    bool (*run)(struct site *s);
} cases[] = {
    {"planned there, back and there again", {0}, planned},
    {"planned, changes of access are jobs", {.access_ms = 300}, planned},
    {"planned, volumes change one by one", {.stepwise = true}, planned},
    {"planned, slow arrays", {.latency_ms = 80}, planned},
    {"planned, one group after the other", {0}, alone},
    {"unplanned, the old site is dead", {0}, unplanned},
    {"unplanned, volumes change one by one", {.stepwise = true}, unplanned},
    {"unplanned, the old array answers", {0}, unplanned_answering},
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
test_promote(void **state)
{
    (void)state;
    size_t n = sizeof(cases) / sizeof(cases[0]);
    assert_int_equal(site_each(n, one), n);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_promote)};
    return cmocka_run_group_tests_name("storage promote", tests, site_begin, site_end);
}
