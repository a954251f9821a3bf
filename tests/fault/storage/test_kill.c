/*
 * A process dies, with its threads, its locks and its open database: once at every named place a
 * promote passes, and after the k-th line it printed or the k-th thing an array saw. What follows
 * has to end where an undisturbed run ends. Every single point is tests/fault/sweep, in one
 * process.
 */
#include "support/site.h"

#include <setjmp.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { NAMES_MOST = 32 };

static struct {
    char name[64];
    unsigned times;
} points[2][NAMES_MOST];
static size_t n_points[2];
static char undisturbed[2][4096];

/* One crash each. */
static struct {
    int unplanned;
    const char *name;
    unsigned nth;
} crashes[2 * NAMES_MOST];
static size_t n_crashes;

static const char *const goals[2] = {SITE_PLANNED, SITE_UNPLANNED};

static struct site *
site_for(int unplanned)
{
    struct site *s = site_new(NULL);
    if (unplanned)
        site_fate(s, "milan", SIM_SITE_DEAD);
    return s;
}

static bool
learned(const char *name)
{
    for (size_t i = 0; i < n_crashes; i++)
        if (strcmp(crashes[i].name, name) == 0)
            return true;
    return false;
}

/* Runs once undisturbed: the places, how often each is passed, and how it ends. */
static void
learn(int unplanned)
{
    struct site *s = site_for(unplanned);
    const char *list = site_path(s, "places");
    struct ran r =
        site_run(s, dr_arena_printf(s->arena, "DRSTOR_FAILPOINT_LIST=%s", list), goals[unplanned]);
    assert_int_equal(r.code, 0);
    assert_true(site_served(s, "rome", 2));
    assert_null(site_repeated(s));
    (void)snprintf(undisturbed[unplanned], sizeof(undisturbed[unplanned]), "%s", site_state(s));
    char line[64];
    FILE *f = fopen(list, "re");
    assert_non_null(f);
    while (fgets(line, sizeof(line), f)) {
        size_t i = 0;
        line[strcspn(line, "\n")] = '\0';
        while (i < n_points[unplanned] && strcmp(points[unplanned][i].name, line) != 0)
            i++;
        assert_true(i < NAMES_MOST);
        if (i == n_points[unplanned]) {
            memcpy(points[unplanned][i].name, line, sizeof(line));
            n_points[unplanned]++;
        }
        points[unplanned][i].times++;
    }
    (void)fclose(f);
    site_free(s);
    for (size_t i = 0; i < n_points[unplanned]; i++)
        if (!learned(points[unplanned][i].name)) {
            assert_true(n_crashes < sizeof(crashes) / sizeof(crashes[0]));
            crashes[n_crashes].unplanned = unplanned;
            crashes[n_crashes].name = points[unplanned][i].name;
            crashes[n_crashes++].nth = (points[unplanned][i].times + 1) / 2;
        }
}

static bool
ends_well(struct site *s, int unplanned)
{
    if (!site_converge(s, goals[unplanned], NULL) || !site_served(s, "rome", 2))
        return false;
    const char *state = site_state(s), *twice = site_repeated(s);
    return SITE_CHECK(strcmp(state, undisturbed[unplanned]) == 0, "ends as\n%sinstead of\n%s",
                      state, undisturbed[unplanned]) &&
           SITE_CHECK(!twice, "done, and sent again: %s", twice);
}

static bool
crash_at(size_t i)
{
    struct site *s = site_for(crashes[i].unplanned);
    const char *env =
        dr_arena_printf(s->arena, "DRSTOR_FAILPOINT=%s:%u", crashes[i].name, crashes[i].nth);
    struct ran r = site_run(s, env, goals[crashes[i].unplanned]);
    /* Beside each other, steps may pass a place once less often than the first time. */
    bool good = SITE_CHECK(r.code == SITE_KILLED || r.code == 0, "%s: %d\n%s%s", env, r.code, r.out,
                           r.err) &&
                SITE_CHECK(ends_well(s, crashes[i].unplanned), "%s, %s", env,
                           crashes[i].unplanned ? "unplanned" : "planned");
    site_free(s);
    return good;
}

static void
test_every_place(void **state)
{
    (void)state;
    learn(0);
    learn(1);
    size_t good = site_each(n_crashes, crash_at);
    print_message("figure process_deaths_converged %zu of %zu\n", good, n_crashes);
    assert_int_equal(good, n_crashes);
}

/* ---- moments
 * -------------------------------------------------------------------------------------- */

/* After so many lines of output, or entries of the world's log: drawn once, kept. */
static const struct {
    char of; /* 'e': event lines, 'w': entries in the world's log */
    unsigned after;
} moments[] = {{'e', 1},  {'w', 3},  {'e', 17}, {'w', 41}, {'e', 29}, {'w', 8},
               {'w', 95}, {'e', 44}, {'w', 60}, {'e', 5},  {'w', 21}, {'e', 36}};

static bool
crash_then(size_t i)
{
    int unplanned = i % 5 == 4; /* one in five */
    struct site *s = site_for(unplanned);
    uint64_t from = site_log_size(s);
    struct site_child c = site_start(s, NULL, goals[unplanned]);
    if (moments[i].of == 'e')
        (void)site_kill_after_lines(s, &c, moments[i].after);
    else
        (void)site_kill_after_entries(s, &c, from, moments[i].after);
    struct ran r = site_wait(s, &c);
    bool good =
        SITE_CHECK(r.code == SITE_KILLED || r.code == 0, "%d\n%s%s", r.code, r.out, r.err) &&
        SITE_CHECK(ends_well(s, unplanned), "killed after %u of '%c', %s", moments[i].after,
                   moments[i].of, unplanned ? "unplanned" : "planned");
    site_free(s);
    return good;
}

static void
test_any_moment(void **state)
{
    (void)state;
    size_t n = sizeof(moments) / sizeof(moments[0]), good = site_each(n, crash_then);
    print_message("figure storage_kill_resume_ok %zu of %zu\n", good, n);
    assert_int_equal(good, n);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_every_place),
                                       cmocka_unit_test(test_any_moment)};
    return cmocka_run_group_tests_name("storage kill", tests, site_begin, site_end);
}
