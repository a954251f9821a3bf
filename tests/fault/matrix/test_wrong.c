/*
 * A person who is wrong: says that milan is lost, while hosts there write. Every cell of array x
 * hosts x engine x link, for every kind of group, by declaration alone and with the fence waived.
 * Wherever something that drstor can reach speaks against it, nothing may be promoted beside them:
 * it is refused, or milan is fenced after all. What is left has no sign at all, and is listed.
 */
#include "matrix.h"

#include "support/house_site.h"

#include "base/json.h"
#include "base/mem.h"
#include "base/str.h"
#include "model/words.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

static const char *const groups[] = {"erp", "db", "web", "mes", "lab"};
static const enum array_state arrays[] = {ARRAY_UP, ARRAY_SILENT, ARRAY_STUBBORN, ARRAY_REFUSING,
                                          ARRAY_LOCKED};
enum { SEEN, HIDDEN, SIGHTS };    /* of the hosts that write: does anything show them? */
enum { DECLARED, WAIVED, WORDS }; /* what is said */
enum {
    REFUSED,
    FENCED,
    THROUGH,
    ENDS
}; /* how it ends; THROUGH: promoted, and hosts at milan write */

static const char *const word_names[] = {"declared", "waived"};
static struct house_plan plan;

struct cell {
    size_t group;
    struct ground ground;
    int sight, words;
    /* what came of it */
    int end;
    char rule[8];
};

enum { ALL = DR_COUNT(groups) * DR_COUNT(arrays) * SIGHTS * ENGINES * LINKS * WORDS };

static void
cell_of(size_t i, struct cell *x)
{
    memset(x, 0, sizeof(*x));
    x->ground = (struct ground){.site = "milan", .hosts = HOSTS_UP};
    x->group = i % DR_COUNT(groups);
    i /= DR_COUNT(groups);
    x->ground.array = arrays[i % DR_COUNT(arrays)];
    i /= DR_COUNT(arrays);
    x->sight = (int)(i % SIGHTS);
    x->ground.hidden = x->sight == HIDDEN;
    i /= SIGHTS;
    x->ground.engine = (enum engine_state)(i % ENGINES);
    i /= ENGINES;
    x->ground.link = (enum link_state)(i % LINKS);
    i /= LINKS;
    x->words = (int)(i % WORDS);
}

/*
 * Does anything that can be reached speak against it? An array that answers, whatever it refuses;
 * one that is seen by its peer; and a host, unless the very fact that it answers is waived.
 */
static bool
has_a_sign(const struct cell *x)
{
    return x->ground.array != ARRAY_SILENT || x->ground.link == LINK_UP ||
           (x->sight == SEEN && x->words == DECLARED);
}

static void
rule_of(const struct errand *e, char *ret, size_t n)
{
    dr_auto(dr_json_putp) struct json_object *doc = NULL;
    const char *rule = e->error ? drstor_error_rule(e->error) : NULL;
    if (e->json && dr_json_parse(e->json, strlen(e->json), &dr_json_inventory, &doc, NULL) == 0) {
        struct json_object *refusals = dr_json_get(doc, "refusals");
        rule = dr_json_length(refusals) ? dr_json_str(json_object_array_get_idx(refusals, 0), "id")
                                        : dr_json_str(doc, "rule");
    }
    (void)snprintf(ret, n, "%s", rule ? rule : "-");
}

static void
tell(struct house *h, void *arg)
{
    static const struct errand_what adopt = {.kind = ERRAND_ADOPT},
                                    observe = {.kind = ERRAND_OBSERVE};
    dr_auto(dr_arena_freep) struct dr_arena *a = dr_arena_new();
    struct cell *x = arg;
    struct controller *c = house_controller(h, "ops");
    const char *group = groups[x->group];
    x->ground.h = h;
    (void)errand_do(c, &adopt);
    (void)errand_do(c, &observe);
    house_sleep_ms(h, 30000);
    ground_set(&x->ground);
    house_sleep_ms(h, 3000);
    (void)errand_do(c, &observe);
    house_sleep_ms(h, 30000);
    const struct errand_what wrong = {
        .kind = ERRAND_ACT,
        .goal = dr_arena_printf(a,
                                "{\"verb\":\"promote\",\"groups\":[\"%s\"],\"to\":\"rome\","
                                "\"storage_only\":true,\"unplanned\":true}",
                                group),
        .accept_loss = "unknown",
        .declare = "site-lost:milan",
        .waive_fence = x->words == WAIVED ? "smoke in the hall" : NULL,
        .reason = x->words == WAIVED ? NULL : "smoke in the hall"};
    const struct errand *e = errand_do(c, &wrong);
    struct dr_record rec;
    if (dr_store_load(house_store(h), a, group, &rec, NULL, NULL) != DRSTOR_OK)
        abort();
    bool promoted = rec.epoch > 1 && dr_streq(rec.primary, "rome");
    x->end = !promoted ? REFUSED : ground_writable(h, group, "milan") ? THROUGH : FENCED;
    if (x->end == REFUSED)
        rule_of(e, x->rule, sizeof(x->rule));
    else
        (void)snprintf(x->rule, sizeof(x->rule), "%.2s",
                       rec.n_evidence ? dr_name(&dr_evidence_names, (int)rec.evidence[0].kind)
                                      : "-");
}

static void
play(struct cell *x)
{
    struct house *h = house_new(&plan, 1);
    house_talk(h, false);
    house_run(h, tell, x);
    house_free(h);
}

static const char *
where(struct dr_arena *a, const struct cell *x)
{
    static const char *const array_words[] = {"up", "silent", "stubborn", "refusing", "locked"};
    return dr_arena_printf(
        a, "%s, %s: array %s, hosts %s, engine %s, link %s", groups[x->group], word_names[x->words],
        array_words[x->ground.array], x->sight == SEEN ? "seen" : "hidden",
        x->ground.engine == ENGINE_UP ? "up" : "silent", x->ground.link == LINK_UP ? "up" : "cut");
}

/* Two at a time, each share in a process of its own. */
static bool
play_all(struct cell *cells)
{
    enum { SHARES = 2 };
    struct said {
        size_t i;
        int end;
        char rule[8];
    } said;
    int fds[2];
    size_t heard = 0;
    if (pipe(fds) != 0)
        return false;
    (void)fflush(NULL);
    for (size_t share = 0; share < SHARES; share++) {
        if (fork() != 0)
            continue;
        bool good = true;
        for (size_t i = share; i < ALL; i += SHARES) {
            play(&cells[i]);
            memset(&said, 0, sizeof(said));
            said.i = i;
            said.end = cells[i].end;
            memcpy(said.rule, cells[i].rule, sizeof(said.rule));
            good = good && write(fds[1], &said, sizeof(said)) == (ssize_t)sizeof(said);
        }
        _exit(good ? 0 : 1);
    }
    (void)close(fds[1]);
    for (; read(fds[0], &said, sizeof(said)) == (ssize_t)sizeof(said); heard++) {
        cells[said.i].end = said.end;
        memcpy(cells[said.i].rule, said.rule, sizeof(said.rule));
    }
    (void)close(fds[0]);
    while (wait(NULL) > 0)
        ;
    return heard == ALL;
}

/* How many cells ended so, by what stopped them. */
static void
list(const struct cell *cells, int end, const char *what)
{
    bool told[ALL] = {false};
    for (size_t i = 0; i < ALL; i++) {
        size_t n = 0;
        for (size_t k = i; k < ALL; k++)
            if (!told[k] && has_a_sign(&cells[k]) && cells[k].end == end &&
                strcmp(cells[i].rule, cells[k].rule) == 0) {
                told[k] = true;
                n++;
            }
        if (n)
            printf("wrong person, %s %s: %zu\n", what, cells[i].rule, n);
    }
}

/* What nothing spoke against. */
static void
list_rest(const struct cell *cells, int words, int sight, const char *what)
{
    size_t n[ENDS] = {0};
    for (size_t i = 0; i < ALL; i++)
        if (!has_a_sign(&cells[i]) && cells[i].words == words && cells[i].sight == sight)
            n[cells[i].end]++;
    printf("wrong person, the rest, %s: %zu cells: %zu refused, %zu where milan cannot write any "
           "more, %zu with two writable copies\n",
           what, n[REFUSED] + n[FENCED] + n[THROUGH], n[REFUSED], n[FENCED], n[THROUGH]);
}

static void
a_wrong_person_gets_nowhere_where_anything_speaks_against_it(void **state)
{
    (void)state;
    dr_auto(dr_arena_freep) struct dr_arena *a = dr_arena_new();
    static struct cell cells[ALL];
    size_t good = 0, all = 0;
    for (size_t i = 0; i < ALL; i++)
        cell_of(i, &cells[i]);
    assert_true(play_all(cells));
    for (size_t i = 0; i < ALL; i++) {
        if (!has_a_sign(&cells[i]))
            continue;
        all++;
        good += cells[i].end != THROUGH;
        if (cells[i].end == THROUGH)
            (void)fprintf(stderr, "two writable copies (%s): cell %zu, %s\n", cells[i].rule, i,
                          where(a, &cells[i]));
    }
    list(cells, REFUSED, "refused by");
    list(cells, FENCED, "milan could not write any more by");
    list_rest(cells, DECLARED, HIDDEN,
              "declared (E6), array silent, line cut, hosts that nobody sees");
    list_rest(cells, WAIVED, SEEN, "waived (E7), array silent, line cut, hosts that answer");
    list_rest(cells, WAIVED, HIDDEN,
              "declared and waived, array silent, line cut, hosts that nobody sees");
    printf("figure wrong_person_refused %zu of %zu\n", good, all);
    assert_int_equal(good, all);
}

static int
setup(void **state)
{
    (void)state;
    return ground_plan(&plan, true, NULL) ? 0 : -1;
}

static int
teardown(void **state)
{
    (void)state;
    house_plan_clear(&plan);
    return 0;
}

int
main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_wrong_person_gets_nowhere_where_anything_speaks_against_it)};
    if (argc > 1 && setup(NULL) == 0) { /* one cell, by its number */
        dr_auto(dr_arena_freep) struct dr_arena *a = dr_arena_new();
        struct cell x;
        cell_of(strtoul(argv[1], NULL, 10) % ALL, &x);
        play(&x);
        printf("%s: end %d, %s\n", where(a, &x), x.end, x.rule);
        return x.end == THROUGH && has_a_sign(&x);
    }
    return cmocka_run_group_tests(tests, setup, teardown);
}
