/*
 * Every cell of array x hosts x engine x link, for every kind of group: an unplanned promote to the
 * other site without anything else is given, and what is printed is followed. It ends where the
 * group is served, with at most five refusals on the way, and never with two writers.
 */
#include "matrix.h"

#include "support/house_site.h"

#include "base/mem.h"
#include "base/str.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

static const char *const array_words[] = {"up", "silent", "stubborn", "refusing", "locked", "dead"};
static const char *const hosts_words[] = {"up", "down", "unseen"};
static const char *const engine_words[] = {"up", "silent"};
static const char *const link_words[] = {"up", "cut"};
static const char *const groups[] = {"erp", "db", "web", "mes", "lab"};

enum { WITHOUT_PROBES, WITH_PROBES, WITH_VMS, PLANS };
static struct house_plan plans[PLANS];

struct cell {
    const char *about; /* NULL: of the grid */
    const char *group, *command;
    const char *site; /* of which something is left */
    enum array_state array;
    enum hosts_state hosts;
    enum engine_state engine;
    enum link_state link;
    bool no_record, demoted, vms;
    int which;
    bool good;
};

static bool
prepare(struct controller *c, const struct cell *x)
{
    static const struct errand_what adopt = {.kind = ERRAND_ADOPT},
                                    observe = {.kind = ERRAND_OBSERVE},
                                    demote = {.kind = ERRAND_ACT,
                                              .goal = "{\"verb\":\"demote\",\"groups\":[\"erp\"],"
                                                      "\"at\":\"milan\",\"storage_only\":true}"};
    return (x->no_record || errand_do(c, &adopt)->exit == 0) && errand_do(c, &observe)->exit == 0 &&
           (!x->demoted || errand_do(c, &demote)->exit == 0);
}

static void
tell(struct house *h, void *arg)
{
    struct cell *x = arg;
    struct controller *c = house_controller(h, "ops");
    struct ground g = {.h = h,
                       .site = x->site,
                       .array = x->array,
                       .hosts = x->hosts,
                       .engine = x->engine,
                       .link = x->link};
    struct follow f = {.ground = &g, .group = x->group, .which = x->which};
    bool ready = prepare(c, x);
    house_sleep_ms(h, x->vms ? 70000 : 30000); /* what VMs need has to be at the other site */
    ground_set(&g);
    house_sleep_ms(h, 3000);
    x->good = ready && follow_command(c, x->command, &f);
    const char *served = x->good ? ground_serves(h, x->group) : NULL;
    if (served && !x->vms) {
        ground_write(h, served);
        house_sleep_ms(h, 3000);
    }
    const char *trouble = ground_trouble(h, &g, x->group);
    if (trouble)
        (void)fprintf(stderr, "%s: %s\n", x->group, trouble);
    x->good = x->good && !trouble;
    if (getenv("MATRIX_TELL"))
        (void)printf(
            "%s: %s%s%s array %s, hosts %s, engine %s, link %s, the %s way:%s, %s serves\n",
            x->group, x->about ? x->about : "", x->about ? ", " : "", x->site,
            array_words[x->array], hosts_words[x->hosts], engine_words[x->engine],
            link_words[x->link], x->which ? "last" : "first", f.rules, served ? served : "nobody");
}

static bool
play(struct cell *x)
{
    bool show = getenv("MATRIX_SHOW") != NULL;
    struct house *h = house_new(&plans[x->vms                     ? WITH_VMS
                                       : x->hosts == HOSTS_UNSEEN ? WITHOUT_PROBES
                                                                  : WITH_PROBES],
                                1);
    house_talk(h, show);
    house_run(h, tell, x);
    if (!x->good)
        (void)fprintf(
            stderr, "---- %s: %s: array %s, hosts %s, engine %s, link %s, the %s way: no end\n%s\n",
            x->group, x->about ? x->about : "the grid", array_words[x->array],
            hosts_words[x->hosts], engine_words[x->engine], link_words[x->link],
            x->which ? "last" : "first", show ? house_history(h) : "");
    house_free(h);
    return x->good;
}

static bool
both_ways(struct cell x)
{
    bool good = true;
    for (x.which = 0; x.which < 2; x.which++)
        good &= play(&x);
    return good;
}

/* Of some cells what is asked, or from where, is another. */
static const struct cell others[] = {
#define UNPLANNED "drstor promote erp --to rome --storage-only --unplanned"
    {.about = "planned",
     .command = "drstor promote erp --to rome --storage-only",
     .array = ARRAY_SILENT,
     .link = LINK_UP},
    {.about = "planned",
     .command = "drstor promote erp --to rome --storage-only",
     .array = ARRAY_DEAD,
     .hosts = HOSTS_DOWN,
     .engine = ENGINE_SILENT},
    {.about = "planned",
     .command = "drstor promote erp --to rome --storage-only",
     .array = ARRAY_LOCKED},
    {.about = "no record", .command = UNPLANNED, .no_record = true, .array = ARRAY_UP},
    {.about = "no record",
     .command = UNPLANNED,
     .no_record = true,
     .array = ARRAY_SILENT,
     .hosts = HOSTS_DOWN,
     .engine = ENGINE_SILENT,
     .link = LINK_CUT},
    {.about = "no record",
     .command = UNPLANNED,
     .no_record = true,
     .array = ARRAY_SILENT,
     .hosts = HOSTS_UP,
     .engine = ENGINE_SILENT,
     .link = LINK_UP},
    {.about = "no record",
     .command = UNPLANNED,
     .no_record = true,
     .array = ARRAY_DEAD,
     .hosts = HOSTS_DOWN,
     .engine = ENGINE_SILENT,
     .link = LINK_CUT},
    {.about = "no record",
     .command = UNPLANNED,
     .no_record = true,
     .array = ARRAY_DEAD,
     .hosts = HOSTS_UP,
     .engine = ENGINE_UP,
     .link = LINK_CUT},
    {.about = "no record",
     .group = "mes",
     .no_record = true,
     .array = ARRAY_DEAD,
     .command = "drstor promote mes --to rome --storage-only --unplanned",
     .hosts = HOSTS_DOWN,
     .engine = ENGINE_SILENT,
     .link = LINK_UP},
    {.about = "demoted",
     .command = "drstor promote erp --to milan --storage-only",
     .demoted = true,
     .site = "rome",
     .array = ARRAY_UP},
    {.about = "demoted",
     .command = "drstor promote erp --to milan --storage-only",
     .demoted = true,
     .site = "rome",
     .array = ARRAY_SILENT,
     .hosts = HOSTS_DOWN,
     .link = LINK_CUT},
    {.about = "demoted",
     .command = "drstor promote erp --to milan --storage-only",
     .demoted = true,
     .site = "rome",
     .array = ARRAY_DEAD,
     .hosts = HOSTS_DOWN,
     .engine = ENGINE_SILENT,
     .link = LINK_CUT},
    {.about = "demoted",
     .command = "drstor promote erp --to milan --storage-only",
     .demoted = true,
     .site = "rome",
     .array = ARRAY_REFUSING,
     .hosts = HOSTS_UP},
    {.about = "target", .command = UNPLANNED, .site = "rome", .array = ARRAY_SILENT},
    {.about = "target", .command = UNPLANNED, .site = "rome", .array = ARRAY_DEAD},
    {.about = "target", .command = UNPLANNED, .site = "rome", .array = ARRAY_LOCKED},
    {.about = "VMs",
     .command = "drstor promote erp --to rome --unplanned",
     .vms = true,
     .array = ARRAY_UP},
    {.about = "VMs",
     .command = "drstor promote erp --to rome --unplanned",
     .vms = true,
     .array = ARRAY_DEAD,
     .link = LINK_CUT},
    {.about = "VMs",
     .command = "drstor promote erp --to rome --unplanned",
     .vms = true,
     .array = ARRAY_SILENT,
     .link = LINK_CUT},
    {.about = "VMs",
     .command = "drstor promote erp --to rome --unplanned",
     .vms = true,
     .array = ARRAY_DEAD,
     .hosts = HOSTS_DOWN,
     .engine = ENGINE_SILENT,
     .link = LINK_CUT},
};

enum { GRID = DR_COUNT(groups) * ARRAYS * HOSTS * ENGINES * LINKS, ALL = GRID + DR_COUNT(others) };

static bool
one_cell(size_t i)
{
    dr_auto(dr_arena_freep) struct dr_arena *a = dr_arena_new();
    struct cell x = {.site = "milan"};
    if (i >= GRID) {
        x = others[i - GRID];
        x.site = x.site ? x.site : "milan";
        x.group = x.group ? x.group : "erp";
        return both_ways(x);
    }
    x.group = groups[i % DR_COUNT(groups)];
    i /= DR_COUNT(groups);
    x.array = (enum array_state)(i % ARRAYS);
    i /= ARRAYS;
    x.hosts = (enum hosts_state)(i % HOSTS);
    i /= HOSTS;
    x.engine = (enum engine_state)(i % ENGINES);
    i /= ENGINES;
    x.link = (enum link_state)(i % LINKS);
    x.command =
        dr_arena_printf(a, "drstor promote %s --to rome --storage-only --unplanned", x.group);
    return both_ways(x);
}

/* Two at a time, each share in a process of its own. */
static size_t
shared_out(size_t n, bool (*run)(size_t i))
{
    enum { SHARES = 2 };
    int counts[2];
    size_t good = 0;
    if (pipe(counts) != 0)
        return 0;
    (void)fflush(NULL);
    for (size_t s = 0; s < SHARES; s++) {
        pid_t pid = fork();
        if (pid != 0)
            continue;
        size_t mine = 0;
        for (size_t i = s; i < n; i += SHARES)
            mine += run(i);
        (void)fflush(NULL);
        _exit(write(counts[1], &mine, sizeof(mine)) == (ssize_t)sizeof(mine) ? 0 : 1);
    }
    (void)close(counts[1]);
    for (size_t one; read(counts[0], &one, sizeof(one)) == (ssize_t)sizeof(one);)
        good += one;
    (void)close(counts[0]);
    while (wait(NULL) > 0)
        ;
    return good;
}

static void
no_cell_is_a_dead_end(void **state)
{
    (void)state;
    size_t good = shared_out(ALL, one_cell);
    printf("figure loss_matrix_cells %zu of %zu\n", good, (size_t)ALL);
    assert_int_equal(good, ALL);
}

static int
setup(void **state)
{
    static const struct house_site_how engines = {.engines = true};
    (void)state;
    return ground_plan(&plans[WITHOUT_PROBES], false, NULL) &&
                   ground_plan(&plans[WITH_PROBES], true, NULL) &&
                   house_site_make(&plans[WITH_VMS], &engines)
               ? 0
               : -1;
}

static int
teardown(void **state)
{
    (void)state;
    for (size_t i = 0; i < PLANS; i++)
        house_plan_clear(&plans[i]);
    return 0;
}

int
main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(no_cell_is_a_dead_end)};
    if (argc > 1) /* one cell, by its number; -1: the first of the others */
        return setup(NULL) == 0 && one_cell(strtoul(argv[1], NULL, 10)) ? 0 : 1;
    return cmocka_run_group_tests(tests, setup, teardown);
}
