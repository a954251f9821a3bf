/*
 * The model checker: every history of a small world, walked breadth first.
 *
 *   model                    all scenes, then every guard taken away in turn; prints figures
 *   model --scene NAME [--faults N]   one scene, with more or less that goes wrong
 *   model --without GUARD    one guard taken away, with the history that this makes possible
 *   model --list             the names of both
 *
 * What is real here: the table (dr_table_rows()), the predicates a step needs
 * (dr_require_missing()), the planner with its guards (dr_plan_make()), evidence
 * (dr_evidence_weigh(), dr_evidence_counts()), loss and consent (dr_loss_estimate(),
 * dr_loss_destroyed(), dr_loss_covered()), and what says of a record whose it is
 * (dr_record_committed_by(), dr_record_settled_by()). They are called on their own structs, filled
 * from the state at hand (real.c).
 *
 * What is abstracted by hand, after the files of core/run that the sources here name: the order of
 * looking, writing down, calling, writing down again (step.c), the writes of the record (record.c),
 * and locking, starting, resuming, believing, giving up (control.c). A step's needs are checked in
 * one move, a look and the call that follows from it are one move, and the writes of commit,
 * intent, settling and reversal are two: between any two moves everything else may happen. One step
 * of a run is under way at a time, beside the reversal. The store is one atomic register.
 *
 * What is assumed of the world is at the top of world.c. What is left out: more than one group, and
 * more than two sites, drstor machines with a store each, points other than the newest, --within,
 * waived fences and people who are wrong, hosts that answer at a silent site, arrays that stop
 * writing when alone, a clock that jumps, and everything the engine does after it has started VMs.
 */
#include "checker.h"

#include "base/names.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { JOBS = 2, TEXT = 24576, ALL_RULES = ~0 };

const struct scene *scene;

struct result {
    struct found found;
    bool done, good;
    char text[TEXT];
};

/* Shared by the workers: they take the next task, and leave what came of it. */
struct board {
    size_t next;
    struct result results[];
};

static const struct scene *
scene_find(const char *name)
{
    for (size_t i = 0; i < n_scenes; i++)
        if (strcmp(scenes[i].name, name) == 0)
            return &scenes[i];
    return NULL;
}

/* ---- one task -------------------------------------------------------------------------------- */

/* Everything in place: nothing may be broken, and every end is a good one. */
/* Where every plan is refused nothing is broken either. */
enum { STATES_LEAST = 1000 };

static void
walk_scene(const struct scene *s, struct result *r)
{
    FILE *to = fmemopen(r->text, sizeof(r->text), "w");
    memset(without, 0, sizeof(without));
    scene = s;
    explore((unsigned)ALL_RULES, true, to, &r->found);
    bool alive = r->found.states >= STATES_LEAST;
    r->good = r->found.broken == FINE && !r->found.full && alive;
    if (!alive)
        (void)fprintf(to, "  next to nothing happens in it\n");
    for (unsigned i = 0;; i++) {
        uint64_t n;
        const char *id = quiet_blocked_by(i, &n);
        if (!id)
            break;
        (void)fprintf(to, "  no good end but refusal %s: %llu\n", id, (unsigned long long)n);
    }
    (void)fclose(to);
}

static bool
alone(const struct removal *x)
{
    return x->with[0].guard == G_NONE;
}

static void
name_all(FILE *to, const struct removal *x)
{
    char name[100];
    guard_say(&x->one, name, sizeof(name));
    (void)fprintf(to, "without %s", name);
    for (size_t i = 0; i < DR_COUNT(x->with) && x->with[i].guard; i++) {
        guard_say(&x->with[i], name, sizeof(name));
        (void)fprintf(to, "%s %s", i ? "," : ", and without", name);
    }
    (void)fprintf(to, " (%s)\n", x->scene);
}

/* The others taken away, the rule holds; this one, too, and it does not. */
static void
take_away(const struct removal *x, struct result *r)
{
    static struct scene smaller;
    FILE *to = fmemopen(r->text, sizeof(r->text), "w");
    bool liveness = x->rule == L1;
    unsigned rules = 1u << x->rule;
    smaller = *scene_find(x->scene);
    smaller.faults = x->faults;
    scene = &smaller;
    memset(without, 0, sizeof(without));
    memcpy(&without[1], x->with, sizeof(x->with));
    name_all(to, x);
    r->good = true;
    if (!alone(x)) {
        explore(rules, liveness, to, &r->found);
        r->good = r->found.broken == FINE && !r->found.full;
        if (!r->good)
            (void)fprintf(to, "  the rule is broken without the others alone\n");
    }
    without[0] = x->one;
    if (r->good) {
        explore(rules, liveness, to, &r->found);
        r->good = r->found.broken == x->rule;
        if (!r->good)
            (void)fprintf(to, "  nothing is broken: dead code, or a promise that nobody keeps\n");
    }
    (void)fclose(to);
}

/* ---- all of them ----------------------------------------------------------------------------- */

static void
work(struct board *b)
{
    for (;;) {
        size_t i = __atomic_fetch_add(&b->next, 1, __ATOMIC_RELAXED);
        if (i >= n_scenes + n_removals)
            return;
        struct result *r = &b->results[i];
        if (i < n_scenes)
            walk_scene(&scenes[i], r);
        else
            take_away(&removals[i - n_scenes], r);
        r->done = true;
    }
}

static void
say_scene(const struct scene *s, const struct result *r)
{
    (void)printf("scene %s: %llu states, %llu transitions, %s\n%s", s->name,
                 (unsigned long long)r->found.states, (unsigned long long)r->found.transitions,
                 !r->done        ? "its process died"
                 : r->good       ? "nothing is broken"
                 : r->found.full ? "too large"
                                 : "BROKEN",
                 r->text);
}

static int
everything(void)
{
    size_t n = n_scenes + n_removals, size = sizeof(struct board) + n * sizeof(struct result);
    struct board *b = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (b == MAP_FAILED)
        return 2;
    (void)fflush(stdout);
    for (int i = 0; i < JOBS; i++)
        if (fork() == 0) {
            work(b);
            _exit(0);
        }
    while (wait(NULL) > 0)
        ;
    uint64_t states = 0, transitions = 0, bad = 0, needed = 0, served = 0, blocked = 0;
    for (size_t i = 0; i < n; i++) {
        const struct result *r = &b->results[i];
        bool good = r->done && r->good;
        if (i < n_scenes) {
            say_scene(&scenes[i], r);
            states += r->found.states;
            transitions += r->found.transitions;
            served += r->found.served;
            blocked += r->found.blocked;
            bad += !good;
            continue;
        }
        (void)fputs(r->text, stdout);
        needed += good;
    }
    size_t forgotten = guards_forgotten(stdout);
    (void)printf("figure model_states %llu\n", (unsigned long long)states);
    (void)printf("figure model_transitions %llu\n", (unsigned long long)transitions);
    (void)printf("figure model_ends_served %llu of %llu\n", (unsigned long long)served,
                 (unsigned long long)(served + blocked));
    (void)printf("figure model_violations %llu goal <= 0\n", (unsigned long long)bad);
    (void)printf("figure model_guards_needed %llu of %zu\n", (unsigned long long)needed,
                 n_removals + forgotten);
    (void)munmap(b, size);
    return bad || forgotten || needed != n_removals;
}

static int
one_scene(const char *name, const char *faults)
{
    static struct result r;
    static struct scene own;
    const struct scene *s = scene_find(name);
    if (s && faults) {
        own = *s;
        own.faults = (uint8_t)strtoul(faults, NULL, 10);
        s = &own;
    }
    if (!s) {
        (void)fprintf(stderr, "no scene is called %s\n", name);
        return 2;
    }
    walk_scene(s, &r);
    r.done = true;
    say_scene(s, &r);
    return !r.good;
}

static int
one_guard(const char *wanted)
{
    static struct result r;
    char name[100];
    for (size_t i = 0; i < n_removals; i++) {
        guard_say(&removals[i].one, name, sizeof(name));
        if (strcmp(name, wanted) != 0)
            continue;
        take_away(&removals[i], &r);
        (void)fputs(r.text, stdout);
        return !r.good;
    }
    (void)fprintf(stderr, "no guard is called %s\n", wanted);
    return 2;
}

static int
list(void)
{
    char name[100];
    for (size_t i = 0; i < n_scenes; i++)
        (void)printf("scene %s\n", scenes[i].name);
    for (size_t i = 0; i < n_removals; i++) {
        guard_say(&removals[i].one, name, sizeof(name));
        (void)printf("guard %s%s\n", name, alone(&removals[i]) ? "" : " (in depth)");
    }
    return 0;
}

/* A step without a bit would never be taken. */
static bool
steps_have_room(void)
{
    size_t n;
    const struct dr_table_row *rows = dr_table_rows(&n);
    for (size_t i = 0; i < n; i++)
        if (rows[i].n_steps > STEPS_MOST) {
            (void)fprintf(stderr, "%s has %zu steps, and STEPS_MOST is %d\n", rows[i].name,
                          rows[i].n_steps, STEPS_MOST);
            return false;
        }
    return true;
}

int
main(int argc, char **argv)
{
    if (!steps_have_room())
        return 2;
    if (argc == 1)
        return everything();
    if (argc == 2 && strcmp(argv[1], "--list") == 0)
        return list();
    if (argc == 3 && strcmp(argv[1], "--scene") == 0)
        return one_scene(argv[2], NULL);
    if (argc == 5 && strcmp(argv[1], "--scene") == 0 && strcmp(argv[3], "--faults") == 0)
        return one_scene(argv[2], argv[4]);
    if (argc == 3 && strcmp(argv[1], "--without") == 0)
        return one_guard(argv[2]);
    (void)fputs("usage: model [--list | --scene NAME [--faults N] | --without GUARD]\n", stderr);
    return 2;
}
