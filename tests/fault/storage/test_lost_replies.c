/*
 * One answer of one array goes wrong, each way an answer can, under a real process: its threads
 * wait, or the process is gone with the call. Either the promote ends complete, or it stops, says
 * so, and is finished later. Every call of every operation is tests/fault/sweep, in one process.
 */
#include "support/site.h"

#include <setjmp.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

static const enum sim_fault_kind kinds[] = {
    SIM_FAULT_LOST_BEFORE, SIM_FAULT_LOST_AFTER, SIM_FAULT_LATE,
    SIM_FAULT_DUPLICATE,   SIM_FAULT_SLOW,       SIM_FAULT_REFUSE,
    SIM_FAULT_PARTIAL,     SIM_FAULT_CRASH,      SIM_FAULT_CRASH_BEFORE};
enum { N_KINDS = sizeof(kinds) / sizeof(kinds[0]) };

/* How the promote is asked for, and whether the old site is there. */
enum { PLANNED, LOST, ANSWERING, N_WAYS };
static const char *const goals[N_WAYS] = {
    SITE_PLANNED, SITE_UNPLANNED,
    "promote --all --to rome --storage-only --yes --unplanned --accept-loss unknown"};

static const struct {
    int way;
    enum sim_op op;
    const char *array, *group;
    uint32_t nth;
} places[] = {
    {PLANNED, SIM_OP_SYNC_ONCE, "sim-rome", "erp_r", 2},
    {PLANNED, SIM_OP_SET_ACCESS, "sim-milan", "erp_m", 1},
    {PLANNED, SIM_OP_RESYNC, "sim-milan", "db_m", 1},
    {LOST, SIM_OP_SET_ACCESS, "sim-rome", "web_r", 1},
    {LOST, SIM_OP_EXPOSE, "sim-rome", "db_r", 1},
    {ANSWERING, SIM_OP_SET_ACCESS, "sim-milan", "erp_m", 1},
};
enum { N_PLACES = sizeof(places) / sizeof(places[0]) };

static char undisturbed[N_WAYS][4096];

static struct site *
site_for(int way)
{
    struct site *s = site_new(NULL);
    if (way == LOST)
        site_fate(s, "milan", SIM_SITE_DEAD);
    return s;
}

/* A second effect of the same call is on its way: it is in the log when it has come. */
static bool
duplicate_came(struct site *s)
{
    for (int tries = 0; tries < 1000; tries++) {
        const struct sim_log_entry *e = NULL;
        size_t n = site_log(s, &e);
        for (size_t i = 0; i < n; i++)
            for (size_t k = 0; e[i].effect && k < i; k++)
                if (e[k].effect && e[k].call == e[i].call)
                    return true;
        const struct timespec moment = {.tv_nsec = 10000000};
        (void)nanosleep(&moment, NULL);
    }
    return SITE_CHECK(false, "the duplicate never came");
}

/* An array that would not make a copy read-only was made to hide it from every host (E2). */
static bool
same_but_hidden(const char *state, const char *should)
{
    while (*state && *should) {
        size_t n = strcspn(state, "\n"), m = strcspn(should, "\n");
        bool hidden = memmem(state, n, "at milan", 8) && memmem(state, n, " 0 paths", 8);
        if (!hidden && (n != m || memcmp(state, should, n) != 0))
            return false;
        state += n + (state[n] == '\n');
        should += m + (should[m] == '\n');
    }
    return *state == *should;
}

static bool
complete(struct site *s, int way)
{
    if (!site_served(s, "rome", 2))
        return false;
    const char *state = site_state(s), *twice = site_repeated(s);
    return SITE_CHECK(same_but_hidden(state, undisturbed[way]), "ends as\n%sinstead of\n%s", state,
                      undisturbed[way]) &&
           SITE_CHECK(!twice, "done, and sent again: %s", twice);
}

static bool
judge(struct site *s, int way, enum sim_fault_kind kind)
{
    struct ran r = site_run(s, NULL, goals[way]);
    bool crash = kind == SIM_FAULT_CRASH || kind == SIM_FAULT_CRASH_BEFORE;
    bool stopped = r.code == 3 || r.code == 4 || r.code == 5;
    if (!SITE_CHECK(r.code == 0 || stopped || (crash && r.code == SITE_KILLED), "%d\n%s%s", r.code,
                    r.out, r.err))
        return false;
    if (stopped && !SITE_CHECK(*site_text(&r, "text"), "stops with %d and says nothing", r.code))
        return false;
    if (kind == SIM_FAULT_DUPLICATE && !duplicate_came(s))
        return false;
    if (r.code == 0)
        return SITE_CHECK(complete(s, way), "exit 0, and something is missing\n%s", r.out);
    site_no_faults(s);
    return site_converge(s, goals[way], NULL) && complete(s, way);
}

static bool
one(size_t i)
{
    size_t p = i % N_PLACES;
    enum sim_fault_kind kind = kinds[i / N_PLACES];
    struct sim_fault fault = {
        .kind = kind, .op = places[p].op, .nth = places[p].nth, .times = 1, .delay_ms = 1500};
    if (kind == SIM_FAULT_REFUSE || kind == SIM_FAULT_PARTIAL)
        fault.times = 0; /* until somebody repairs it */
    (void)snprintf(fault.array, sizeof(fault.array), "%s", places[p].array);
    (void)snprintf(fault.group, sizeof(fault.group), "%s", places[p].group);
    struct site *s = site_for(places[p].way);
    site_fault(s, &fault);
    bool good = SITE_CHECK(judge(s, places[p].way, kind), "%s of %s number %u for %s at %s, way %d",
                           sim_fault_name(kind), sim_op_name(places[p].op), places[p].nth,
                           places[p].group, places[p].array, places[p].way);
    site_free(s);
    return good;
}

static void
test_each_answer(void **state)
{
    (void)state;
    for (int way = 0; way < N_WAYS; way++) {
        struct site *s = site_for(way);
        struct ran r = site_run(s, NULL, goals[way]);
        assert_int_equal(r.code, 0);
        assert_true(site_served(s, "rome", 2));
        (void)snprintf(undisturbed[way], sizeof(undisturbed[way]), "%s", site_state(s));
        site_free(s);
    }
    size_t n = (size_t)N_PLACES * N_KINDS, good = site_each(n, one);
    print_message("figure lost_replies_ok %zu of %zu\n", good, n);
    assert_int_equal(good, n);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_each_answer)};
    return cmocka_run_group_tests_name("storage lost replies", tests, site_begin, site_end);
}
