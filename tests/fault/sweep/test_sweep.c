/*
 * Every operation, with its controller killed at every point at which it can die: each store write,
 * each call to an array or an engine, each step. Another controller takes over, and what follows
 * has to end where an undisturbed run ends. The same with the reply of every changing call lost
 * before and after its effect, coming late, and coming twice; and with the call slow, refused, or
 * done by half.
 *
 *     test_sweep [SHAPE [POINT [SECOND] | FAULT CALL]]      one of them, with its history
 *     test_sweep --shapes     what the plans of all that do
 *     test_sweep --pairs      a second crash in the recovery, for PAIRS of all pairs of points
 *
 * DRSTOR_SWEEP_EVERY=N: each Nth of all that.
 */
#include "fault/sweep/shapes.h"
#include "support/house_engine.h"
#include "support/house_internal.h"
#include "support/house_site.h"
#include "support/plan_shape.h"

#include "base/mem.h"
#include "base/str.h"
#include "model/words.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

/* ---- one story ------------------------------------------------------------------------------- */

enum { TEXT = 8192 };

struct story {
    const struct shape *shape;
    uint64_t doom, doom_again; /* the point at which a controller dies; 0: it does not */
    enum sim_fault_kind fault; /* strikes the NTH changing call */
    unsigned nth;
    bool show, shapes;

    bool good, died;
    uint64_t points;
    unsigned calls; /* changing ones */
    uint64_t dual, repeated;
    uint64_t dual_before, wrong_before; /* what a site that came back did by itself */
    size_t vms, vms_once;               /* that run at one site, and not at the other */
    char end[TEXT], why[TEXT];
};

static void complain(struct story *s, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static void
complain(struct story *s, const char *format, ...)
{
    size_t n = strlen(s->why);
    va_list ap;
    va_start(ap, format);
    (void)vsnprintf(s->why + n, sizeof(s->why) - n, format, ap);
    va_end(ap);
    s->good = false;
}

static void
fate(struct house *h, enum sim_site_state state)
{
    if (sim_enter(house_world(h)) < 0 || sim_site_set(house_world(h), "milan", state) < 0 ||
        sim_leave(house_world(h)) < 0)
        abort();
    house_reach(h, "milan", state == SIM_SITE_DEAD ? HOUSE_REACH_SILENT : HOUSE_REACH_UP);
    if (state == SIM_SITE_DEAD)
        house_hosts_lost(h, "milan");
    house_note(h, "milan: %d", (int)state);
}

/* Something that is not what this is about; it has to work. */
static void
must(struct story *s, struct controller *c, const char *goal, const char *accept,
     const char *declare)
{
    const struct errand_what what = {.kind = ERRAND_ACT,
                                     .goal = goal,
                                     .accept_loss = accept,
                                     .declare = declare,
                                     .reason = declare ? "test" : NULL};
    const struct errand *e = errand_do(c, &what);
    if (e->exit != 0)
        complain(s, "before: %s: %d %s%s\n", goal, e->exit, e->json ? e->json : "",
                 e->error ? drstor_error_message(e->error) : "");
}

/* Somebody at rome's array does OP with all copies there. */
static void
by_hand(struct house *h, struct sim_request r)
{
    static const char *const ids[] = {"erp_r", "db_r", "web_r"};
    r.member = -1;
    r.array = "sim-rome";
    r.actor = "fate";
    for (size_t i = 0; i < DR_COUNT(ids); i++) {
        struct sim_ticket ticket;
        r.group = ids[i];
        if (sim_enter(house_world(h)) < 0 || sim_begin(house_world(h), &r, &ticket) < 0 ||
            sim_leave(house_world(h)) < 0)
            abort();
    }
    house_sleep_ms(h, 70000);
}

static void
begin(struct story *s, struct house *h, struct controller *c)
{
    static const struct errand_what adopt = {.kind = ERRAND_ADOPT},
                                    observe = {.kind = ERRAND_OBSERVE};
    /* Which VMs run is in their domains after an hour. */
    house_sleep_ms(h, s->shape->before == BLIND ? 3700000 : 70000);
    if (s->shape->before == BLIND)
        house_reach(h, "milan", HOUSE_REACH_SILENT);
    if (s->shape->point) /* what rome's copies hold now is kept as p1, and then they go on */
        by_hand(h, (struct sim_request){.op = SIM_OP_SNAPSHOT, .name = "p1"});
    if (!s->shape->unrecorded && errand_do(c, &adopt)->exit != 0)
        complain(s, "adopt failed\n");
    switch (s->shape->before) {
    case AS_IT_IS:
        break;
    case LOST:
    case BLIND:
    case LOST_OPENED:
        fate(h, SIM_SITE_DEAD);
        (void)errand_do(c, &observe);
        house_sleep_ms(h, 25000);
        if (s->shape->before == LOST_OPENED)
            by_hand(h, (struct sim_request){.op = SIM_OP_SET_ACCESS,
                                            .access = DRSTOR_ACCESS_READ_WRITE});
        break;
    case AT_ROME:
    case MOVED_TO_ROME:
        must(s, c, s->shape->before == AT_ROME ? PLANNED : MOVED, NULL, NULL);
        house_sleep_ms(h, 70000);
        break;
    case DEMOTED:
        must(s, c, GOAL("\"demote\",\"all\":true,\"at\":\"milan\""), NULL, NULL);
        break;
    case LEFT:
        fate(h, SIM_SITE_DEAD);
        (void)errand_do(c, &observe);
        house_sleep_ms(h, 25000);
        must(s, c, UNPLANNED, "unknown", "site-lost:milan");
        house_sleep_ms(h, 5000);
        fate(h, SIM_SITE_UP);
        house_sleep_ms(h, 1000);
        break;
    case RETURNED:
    case CLEANED:
        fate(h, SIM_SITE_DEAD);
        (void)errand_do(c, &observe);
        house_sleep_ms(h, 25000);
        must(s, c, FORCED("\"all\":true"), "unknown", "site-lost:milan");
        fate(h, SIM_SITE_UP);
        house_hosts_back(h, "milan");
        house_sleep_ms(h, 400000);
        if (s->shape->before == RETURNED)
            break;
        must(s, c, BARE("\"reprotect\",\"all\":true"), "unknown", NULL);
        house_sleep_ms(h, 130000);
        break;
    case PAUSED:
        must(s, c, BARE("\"suspend\",\"all\":true"), NULL, NULL);
        break;
    case STOPPED:
        by_hand(h, (struct sim_request){.op = SIM_OP_SUSPEND});
        break;
    case DRILL:
    case DRILLED:
        must(s, c, BARE("\"drill-start\",\"groups\":[\"erp\",\"db\"]"), NULL, NULL);
        if (s->shape->before == DRILLED)
            must(s, c, BARE("\"drill-promote\",\"groups\":[\"erp\",\"db\"]"), NULL, NULL);
        break;
    case HALF_WAY:
    case HALF_UNPLANNED:
    case HALF_BACK:
    case HALF_MOVED: {
        struct controller *dies = house_controller(h, "dies");
        const struct errand_what what = {.kind = ERRAND_ACT,
                                         .goal = s->shape->before == HALF_WAY         ? PLANNED
                                                 : s->shape->before == HALF_UNPLANNED ? UNPLANNED
                                                 : s->shape->before == HALF_MOVED     ? MOVED
                                                                                      : BACK,
                                         .accept_loss = "unknown"};
        controller_doom(dies, s->shape->before == HALF_WAY         ? 62
                              : s->shape->before == HALF_UNPLANNED ? 120
                              : s->shape->before == HALF_MOVED     ? 345
                                                                   : 320);
        if (!errand_do(dies, &what)->died)
            complain(s, "the run to be given up ended\n");
        break;
    }
    }
}

/* ---- what it ends in ------------------------------------------------------------------------- */

static const struct {
    const char *group, *site, *array, *id;
} places[] = {{"erp", "milan", "sim-milan", "erp_m"}, {"erp", "rome", "sim-rome", "erp_r"},
              {"db", "milan", "sim-milan", "db_m"},   {"db", "rome", "sim-rome", "db_r"},
              {"web", "milan", "sim-milan", "web_m"}, {"web", "rome", "sim-rome", "web_r"},
              {"mes", "milan", "sim-milan", "mes_m"}, {"mes", "rome", "sim-rome", "mes_r"},
              {"lab", "milan", "sim-milan", "lab_m"}, {"lab", "rome", "sim-rome", "lab_r"}};
enum { PLACES_PAIRED = 6 }; /* without the active-active ones */

/* How much rome's volumes hold, and as of when a clone there is: what p1 was, at the end too. */
static void
points_of(struct story *s, struct house *h, struct dr_arena *a, struct dr_str *text)
{
    static const char *const volumes[] = {"erp_r_a", "erp_r_b", "db_r_a", "web_r_a"};
    for (size_t i = 0; i < DR_COUNT(volumes); i++) {
        uint64_t n = 0, milan = 0;
        char *other = dr_arena_str(a, volumes[i]);
        *strchr(other, '_') = '\0';
        other = dr_arena_printf(a, "%s_m%s", other, volumes[i] + strlen(other) + 2);
        if (sim_writes(house_world(h), "sim-rome", volumes[i], &n) != 0 ||
            sim_writes(house_world(h), "sim-milan", other, &milan) != 0)
            abort();
        bool drill = strstr(s->shape->name, "drill") != NULL;
        if (!drill)
            dr_str_printf(text, "%s: %llu writes\n", volumes[i], (unsigned long long)n);
        if (!drill && n + 60 * 20 > milan) /* p1 is older than a minute */
            complain(s, "%s holds %llu writes of %llu: it did not go back\n", volumes[i],
                     (unsigned long long)n, (unsigned long long)milan);
    }
    for (size_t i = 0; i < PLACES_PAIRED; i += 2) {
        struct dr_record r;
        struct sim_view v;
        if (dr_store_load(house_store(h), a, places[i].group, &r, NULL, NULL) != DRSTOR_OK)
            continue;
        if (r.drill.name && sim_view(house_world(h), "sim-rome", r.drill.name, &v) == 0) {
            dr_str_printf(text, "clone of %s: %s, %lld\n", r.group, r.drill.point,
                          (long long)v.point_utc);
            sim_view_clear(&v);
        } else {
            dr_str_printf(text, "%s: point %s%s\n", r.group, r.left.point ? r.left.point : "newest",
                          r.left.owed ? ", owed" : "");
        }
    }
}

static uint64_t
dual_of(struct house *h)
{
    return sim_violations(house_world(h), SIM_V_DUAL_WRITABLE) +
           sim_violations(house_world(h), SIM_V_DUAL_WRITERS);
}

static void
state_of(struct story *s, struct house *h)
{
    struct dr_str text = {0};
    dr_auto(dr_arena_freep) struct dr_arena *a = dr_arena_new();
    if (sim_enter(house_world(h)) < 0)
        abort();
    const size_t n_places = s->shape->legs ? DR_COUNT(places) : PLACES_PAIRED;
    for (size_t i = 0; i < n_places; i++) {
        struct sim_view v = {0};
        if (sim_view(house_world(h), places[i].array, places[i].id, &v) != 0)
            abort();
        dr_str_printf(&text, "%s at %s: %s, relation %s, %s, %zu paths\n", places[i].group,
                      places[i].site, dr_name(&dr_access_names, (int)v.access),
                      dr_name(&dr_relation_names, (int)v.relation),
                      v.sync == DRSTOR_SYNC_PAUSED     ? "paused"
                      : v.sync == DRSTOR_SYNC_BROKEN   ? "broken"
                      : v.sync == DRSTOR_SYNC_DIVERGED ? "diverged"
                                                       : "following or fed",
                      v.n_paths);
        sim_view_clear(&v);
    }
    char(*ids)[SIM_NAME] = NULL;
    size_t n = 0;
    for (int i = 0; i < 2; i++)
        if (sim_discover(house_world(h), i ? "sim-rome" : "sim-milan", &ids, &n) == 0) {
            dr_str_printf(&text, "%s shows %zu groups\n", i ? "rome" : "milan", n);
            free(ids);
        }
    if (s->shape->point)
        points_of(s, h, a, &text);
    s->dual = dual_of(h) - s->dual_before;
    uint64_t wrong = sim_violations_total(house_world(h)) - s->wrong_before;
    /* An answered call that comes a second time: without a fence, who could keep it away? */
    if (s->shape->unfenced && s->fault == SIM_FAULT_DUPLICATE)
        wrong -= sim_violations(house_world(h), SIM_V_STALE);
    if (wrong) {
        struct json_object *list = sim_violations_list(house_world(h));
        complain(s, "violations: %s\n", json_object_to_json_string(list));
        (void)json_object_put(list);
    }
    (void)sim_leave(house_world(h));
    for (size_t i = 0; i < n_places; i += 2) {
        struct dr_record r;
        if (dr_store_load(house_store(h), a, places[i].group, &r, NULL, NULL) != DRSTOR_OK) {
            dr_str_printf(&text, "%s: no record\n", places[i].group);
            continue;
        }
        dr_str_printf(&text, "%s: primary %s, %s, old copy %s, held %zu, drill %s, %s\n", r.group,
                      r.primary, dr_name(&dr_phase_names, (int)r.phase),
                      dr_name(&dr_old_copy_names, (int)r.old_copy), r.n_site_hold,
                      r.drill.name ? "yes" : "no", r.exposed_since >= 0 ? "exposed" : "covered");
    }
    if (s->shape->engines)
        dr_str_printf(&text, "%zu VMs at milan, %zu at rome, %zu domains at rome\n",
                      house_site_vms(h, "milan"), house_site_vms(h, "rome"),
                      engine_domains(h, "rome"));
    if (s->shape->engines)
        s->vms_once = house_site_vms_once(h, &s->vms);
    (void)snprintf(s->end, sizeof(s->end), "%s", text.s);
    dr_str_freep(&text);
}

/* Of what asking twice does twice: a copy begun again, a snapshot, a clone. */
struct seen {
    struct sim_log_entry done[512];
    size_t n;
    unsigned calls;
    uint64_t repeated;
};

static int
look_at(const struct sim_log_entry *e, void *user)
{
    struct seen *seen = user;
    seen->calls += !e->effect && sim_op_mutates((enum sim_op)e->op);
    bool counts = e->op == SIM_OP_RESYNC || e->op == SIM_OP_SNAPSHOT || e->op == SIM_OP_TEST_START;
    if (!e->effect || !counts ||
        (e->outcome != DRSTOR_OUTCOME_DONE && e->outcome != DRSTOR_OUTCOME_JOB))
        return 0;
    for (size_t i = 0; i < seen->n; i++) {
        const struct sim_log_entry *d = &seen->done[i];
        if (d->op == e->op && strcmp(d->array, e->array) == 0 && strcmp(d->group, e->group) == 0 &&
            d->call != e->call && strcmp(d->op_id, e->op_id) != 0 &&
            strcspn(d->op_id, "/") == strcspn(e->op_id, "/") &&
            strncmp(d->op_id, e->op_id, strcspn(d->op_id, "/")) == 0)
            seen->repeated++;
    }
    if (seen->n < DR_COUNT(seen->done))
        seen->done[seen->n++] = *e;
    return 0;
}

static void
look_at_log(struct house *h, struct seen *ret)
{
    memset(ret, 0, sizeof(*ret));
    if (sim_enter(house_world(h)) < 0)
        abort();
    (void)sim_log_each(house_world(h), look_at, ret);
    (void)sim_leave(house_world(h));
}

/* ---- telling it ------------------------------------------------------------------------------ */

static struct errand_what
act_of(const struct story *s, const char *run)
{
    return (struct errand_what){.kind = s->shape->abort   ? ERRAND_ABORT
                                        : s->shape->guard ? ERRAND_GUARD
                                                          : ERRAND_ACT,
                                .goal = s->shape->abort ? run : s->shape->goal,
                                .accept_loss = s->shape->accept_loss,
                                .declare = s->shape->declare,
                                .reason = s->shape->declare ? "test" : NULL};
}

static const char *
open_run(struct house *h, struct dr_arena *a)
{
    struct dr_run_row *rows = NULL;
    size_t n = 0;
    (void)dr_store_run_open(house_store(h), a, NULL, &rows, &n, NULL);
    return n ? rows[0].id : NULL;
}

/* Whoever comes next resumes what is open, and then asks for the same again. */
static void
converge(struct story *s, struct house *h, const char *run)
{
    static const struct errand_what resume = {.kind = ERRAND_RESUME};
    const struct errand_what act = act_of(s, run);
    dr_auto(dr_arena_freep) struct dr_arena *a = dr_arena_new();
    int last = -1;
    for (int i = 0; i < 6; i++) {
        char name[16];
        (void)snprintf(name, sizeof(name), "next-%d", i);
        struct controller *c = house_controller(h, name);
        if (i == 0 && s->doom_again)
            controller_doom(c, s->doom_again);
        const struct errand *e = NULL;
        /* What is being given up is given up again first: only then it is not resumed. */
        e = s->shape->abort ? errand_do(c, &act) : NULL;
        if (!e || (!e->died && e->exit == 0))
            e = errand_do(c, &resume);
        if (e->died || e->exit != 0) {
            last = e->exit;
            house_sleep_ms(h, 2000);
            continue;
        }
        e = errand_do(c, &act);
        last = e->exit;
        if (!e->died && e->exit == 0 && !open_run(h, a)) /* each group served again is a run */
            return;
        /* A drill that is there cannot be begun again. */
        if (!e->died && e->exit == 3 && e->json && strstr(e->json, "R041"))
            return;
        house_sleep_ms(h, 2000);
    }
    complain(s, "it does not converge: last exit %d\n", last);
}

/* Of all runs: what leads to where a shape begins counts as well, and what it is given up by. */
static void
print_shapes(struct house *h, struct dr_arena *a)
{
    struct dr_run_row *rows = NULL, row;
    size_t n = 0;
    if (dr_store_run_list(house_store(h), a, 100, &rows, &n, NULL) < 0)
        abort();
    for (size_t i = 0; i < n; i++) {
        struct dr_plan plan = {0};
        if (dr_store_run_load(house_store(h), a, rows[i].id, &row, NULL) < 0)
            abort();
        dr_auto(dr_json_putp) struct json_object *doc = json_tokener_parse(row.plan);
        if (dr_map_read(a, &dr_plan_type, doc, false, &plan, NULL) < 0)
            abort();
        plan_shape_print(&plan, stdout);
    }
}

static void
tell(struct house *h, void *arg)
{
    struct story *s = arg;
    dr_auto(dr_arena_freep) struct dr_arena *a = dr_arena_new();
    struct controller *first = house_controller(h, "first");
    struct seen before, after;
    s->good = true;
    begin(s, h, first);
    const char *run = s->shape->abort ? open_run(h, a) : NULL;
    look_at_log(h, &before);
    s->dual_before = dual_of(h);
    s->wrong_before = sim_violations_total(house_world(h));
    struct controller *c = house_controller(h, "one");
    if (s->fault) {
        const struct sim_fault f = {.kind = s->fault, .nth = s->nth, .times = 1, .delay_ms = 20000};
        if (sim_enter(house_world(h)) < 0 || sim_fault_add(house_world(h), &f) < 0 ||
            sim_leave(house_world(h)) < 0)
            abort();
    }
    if (s->doom)
        controller_doom(c, s->doom);
    const struct errand_what act = act_of(s, run);
    const struct errand *e = errand_do(c, &act);
    s->points = controller_passed(c);
    s->died = e->died;
    if (s->doom || s->fault || e->exit != 0)
        converge(s, h, run);
    house_sleep_ms(h, 130000);
    look_at_log(h, &after);
    if (s->shapes)
        print_shapes(h, a);
    s->calls = after.calls - before.calls;
    s->repeated = s->fault ? 0 : after.repeated;
    state_of(s, h);
}

static void
play(struct story *s)
{
    struct house *h = house_new(shape_plan(s->shape), 11);
    house_talk(h, s->show);
    house_run(h, tell, s);
    if (s->show)
        (void)printf("%s\n", house_history(h));
    house_free(h);
}

/* ---- all of them ----------------------------------------------------------------------------- */

static struct {
    char end[TEXT];
    uint64_t points;
    unsigned calls;
    size_t vms_once;
} undisturbed[SHAPES_MOST];

/* All pairs are some millions: so many of them, spread evenly, are a few minutes. */
enum { PAIRS = 12000 };

struct sums {
    uint64_t crashes, converged, faults, recovered, dual, repeated, vms, vms_once;
};

/*
 * An array that refuses what is asked leads elsewhere: a copy is hidden instead of closed, and a
 * move with a bound ends without the other side. Served where it should be, at rest, it has to be.
 */
static bool
served_alike(const char *end, const char *should)
{
    static const char *const enough[] = {", relation ", ", old copy "};
    while (*end && *should) {
        size_t n = strcspn(end, "\n"), m = strcspn(should, "\n"), k = n < m ? n : m;
        for (size_t i = 0; i < DR_COUNT(enough); i++) {
            const char *at = memmem(should, m, enough[i], strlen(enough[i]));
            if (at && (size_t)(at - should) < k)
                k = (size_t)(at - should);
        }
        if (!memmem(should, m, " at milan: ", 11) && strncmp(end, should, k) != 0)
            return false;
        end += n + (end[n] == '\n');
        should += m + (should[m] == '\n');
    }
    return *end == *should;
}

static bool
judge(struct story *s)
{
    play(s);
    const char *should = undisturbed[s->shape - shapes].end;
    bool led_elsewhere = s->fault == SIM_FAULT_REFUSE || s->fault == SIM_FAULT_PARTIAL;
    if (strcmp(s->end, should) != 0 && !(led_elsewhere && served_alike(s->end, should)))
        complain(s, "it ends in\n%s\ninstead of\n%s", s->end, should);
    if (s->repeated)
        complain(s, "%llu calls were repeated\n", (unsigned long long)s->repeated);
    s->vms = undisturbed[s->shape - shapes].vms_once;
    if (s->vms_once != s->vms)
        complain(s, "%zu VMs run once, not %zu\n", s->vms_once, s->vms);
    if (!s->good)
        (void)fprintf(stderr, "---- %s, point %llu, fault %s %u, second point %llu\n%s\n",
                      s->shape->name, (unsigned long long)s->doom, sim_fault_name(s->fault), s->nth,
                      (unsigned long long)s->doom_again, s->why);
    return s->good;
}

/* Of the stories of all shapes, every PARTS-th from PART. Memory of the killed goes with the
 * process. */
static void
part_of(unsigned part, unsigned parts, unsigned every, struct sums *sums)
{
    static const enum sim_fault_kind faults[] = {
        SIM_FAULT_LOST_BEFORE, SIM_FAULT_LOST_AFTER, SIM_FAULT_LATE,    SIM_FAULT_DUPLICATE,
        SIM_FAULT_SLOW,        SIM_FAULT_REFUSE,     SIM_FAULT_PARTIAL, SIM_FAULT_HALFWAY};
    unsigned n = 0;
    for (size_t i = 0; i < n_shapes; i++) {
        for (uint64_t k = 1; k <= undisturbed[i].points;
             k += every * (shapes[i].every ? shapes[i].every : 1)) {
            if (n++ % parts != part)
                continue;
            struct story *s = dr_new0(struct story);
            s->shape = &shapes[i];
            s->doom = k;
            sums->crashes++;
            sums->converged += judge(s);
            sums->dual += s->dual;
            sums->repeated += s->repeated;
            sums->vms += s->vms;
            sums->vms_once += s->vms_once;
            free(s);
        }
        /* What arrays are told where engines are cleaned, they are told in other shapes, too. */
        for (unsigned call = 1; call <= undisturbed[i].calls;
             call += every * (shapes[i].power ? 4 : 1))
            for (size_t f = 0; f < DR_COUNT(faults); f++) {
                if (faults[f] == SIM_FAULT_HALFWAY && !shapes[i].point)
                    continue;
                if (n++ % parts != part)
                    continue;
                struct story *s = dr_new0(struct story);
                s->shape = &shapes[i];
                s->fault = faults[f];
                s->nth = call;
                sums->faults++;
                sums->recovered += judge(s);
                sums->dual += s->dual;
                sums->vms += s->vms;
                sums->vms_once += s->vms_once;
                free(s);
            }
    }
}

/* N, or the next after it that divides none of the ways through a shape: a stride. */
static uint64_t
prime_from(uint64_t n)
{
    for (n = n < 2 ? 2 : n;; n++) {
        uint64_t d = 2;
        while (d * d <= n && n % d)
            d++;
        if (d * d > n)
            return n;
    }
}

/* The same for pairs: the one who recovers dies, too. */
static void
pairs_of(unsigned part, unsigned parts, unsigned every, struct sums *sums)
{
    uint64_t all = 0, at = 0;
    for (size_t i = 0; i < n_shapes; i++)
        all += undisturbed[i].points * undisturbed[i].points;
    uint64_t stride = prime_from(all * every / PAIRS);
    for (size_t i = 0; i < n_shapes; i++) {
        uint64_t points = undisturbed[i].points;
        for (; at < points * points; at += stride) {
            if (sums->faults++ % parts != part)
                continue;
            struct story *s = dr_new0(struct story);
            s->shape = &shapes[i];
            s->doom = 1 + at / points;
            s->doom_again = 1 + at % points;
            sums->crashes++;
            sums->converged += judge(s);
            sums->dual += s->dual;
            sums->repeated += s->repeated;
            sums->vms += s->vms;
            sums->vms_once += s->vms_once;
            free(s);
        }
        at -= points * points;
    }
    sums->faults = 0;
}

static bool
beside(unsigned parts, void (*share)(unsigned, unsigned, unsigned, struct sums *), struct sums *ret)
{
    int pipes[2];
    bool good = pipe(pipes) == 0;
    (void)fflush(NULL);
    for (unsigned i = 0; good && i < parts; i++)
        if (fork() == 0) {
            struct sums mine = {0};
            share(i, parts, (unsigned)house_every(), &mine);
            _exit(write(pipes[1], &mine, sizeof(mine)) == (ssize_t)sizeof(mine) ? 0 : 1);
        }
    (void)close(pipes[1]);
    struct sums one;
    while (read(pipes[0], &one, sizeof(one)) == (ssize_t)sizeof(one)) {
        ret->crashes += one.crashes;
        ret->converged += one.converged;
        ret->faults += one.faults;
        ret->recovered += one.recovered;
        ret->dual += one.dual;
        ret->repeated += one.repeated;
        ret->vms += one.vms;
        ret->vms_once += one.vms_once;
    }
    (void)close(pipes[0]);
    for (int status; wait(&status) > 0;)
        good = good && WIFEXITED(status) && WEXITSTATUS(status) == 0;
    return good;
}

static bool
learn(size_t i)
{
    struct story *s = dr_new0(struct story);
    s->shape = &shapes[i];
    play(s);
    memcpy(undisturbed[i].end, s->end, sizeof(s->end));
    undisturbed[i].points = s->points;
    undisturbed[i].calls = s->calls;
    undisturbed[i].vms_once = s->vms_once;
    bool good = s->good && !s->died;
    if (!good)
        (void)fprintf(stderr, "%s, undisturbed: %s\n%s\n", s->shape->name, s->why, s->end);
    free(s);
    return good;
}

static int
learn_all(void **state)
{
    (void)state;
    bool good = true;
    for (size_t i = 0; i < n_shapes; i++)
        good = learn(i) && good;
    return good ? 0 : -1;
}

static void
every_pair_of_crashes_converges(void **state)
{
    (void)state;
    struct sums sums = {0};
    assert_true(beside(2, pairs_of, &sums));
    printf("figure crash_pairs_converged %llu of %llu\n", (unsigned long long)sums.converged,
           (unsigned long long)sums.crashes);
    printf("figure pairs_two_writer_states %llu\n", (unsigned long long)sums.dual);
    printf("figure pairs_repeated_calls %llu\n", (unsigned long long)sums.repeated);
    printf("figure pairs_vms_running_once %llu of %llu\n", (unsigned long long)sums.vms_once,
           (unsigned long long)sums.vms);
    assert_int_equal(sums.vms_once, sums.vms);
    assert_int_equal(sums.converged, sums.crashes);
    assert_int_equal(sums.dual + sums.repeated, 0);
}

static void
every_shape_converges(void **state)
{
    (void)state;
    struct sums sums = {0};
    assert_true(beside(2, part_of, &sums));
    printf("figure crash_points_converged %llu of %llu\n", (unsigned long long)sums.converged,
           (unsigned long long)sums.crashes);
    printf("figure reply_faults_recovered %llu of %llu\n", (unsigned long long)sums.recovered,
           (unsigned long long)sums.faults);
    printf("figure two_writer_states %llu\n", (unsigned long long)sums.dual);
    printf("figure repeated_calls %llu\n", (unsigned long long)sums.repeated);
    printf("figure vms_running_once %llu of %llu\n", (unsigned long long)sums.vms_once,
           (unsigned long long)sums.vms);
    assert_int_equal(sums.converged, sums.crashes);
    assert_int_equal(sums.vms_once, sums.vms);
    assert_int_equal(sums.recovered, sums.faults);
    assert_int_equal(sums.dual + sums.repeated, 0);
}

/* ---- a record that moved on under an open run ---------------------------------------------------
 */

static bool
says(const struct errand *e, const char *rule)
{
    return e->json && strstr(e->json, rule) != NULL;
}

static void
moved_on(struct house *h, void *arg)
{
    static const struct errand_what adopt = {.kind = ERRAND_ADOPT},
                                    promote = {.kind = ERRAND_ACT, .goal = PLANNED},
                                    resume = {.kind = ERRAND_RESUME};
    bool *good = arg;
    dr_auto(dr_arena_freep) struct dr_arena *a = dr_arena_new();
    struct controller *first = house_controller(h, "first"), *next = house_controller(h, "next");
    struct dr_record rec;
    struct dr_lock lock;
    int64_t version = 0;
    house_sleep_ms(h, 70000);
    (void)errand_do(first, &adopt);
    controller_doom(first, 200);
    *good = errand_do(first, &promote)->died;

    /* As if another drstor had flipped it: not by this run, and not in this order. */
    struct dr_store *other = dr_store_memory(h->env, h->store, DR_STORE_WRITE);
    const struct dr_actor who = {.user = "other"};
    *good = *good &&
            dr_store_lock(other, a, "erp", &who, NULL, "promote", 0, NULL, &lock, NULL) == 0 &&
            dr_store_load(other, a, "erp", &rec, &version, NULL) == 0;
    rec.epoch += 3;
    *good = *good && dr_store_cas(other, &rec, version, lock.token, NULL, NULL) == 0 &&
            dr_store_unlock(other, "erp", lock.token, NULL) == 0;
    dr_store_close(other);

    const struct errand *e = errand_do(next, &resume);
    *good = *good && e->exit != 0 && says(e, "R061") && sim_violations_total(house_world(h)) == 0;
    if (!*good)
        (void)fprintf(stderr, "resume: %d %s\n", e->exit, e->json ? e->json : "");
}

static void
a_record_that_moved_on_is_left_alone(void **state)
{
    (void)state;
    bool good = false;
    struct house *h = house_new(shape_plan(&shapes[0]), 5);
    house_run(h, moved_on, &good);
    house_free(h);
    assert_true(good);
}

static int
shapes_of_all(void)
{
    bool good = true;
    for (size_t i = 0; i < n_shapes; i++) {
        struct story *s = dr_new0(struct story);
        s->shape = &shapes[i];
        s->shapes = true;
        play(s);
        good = good && s->good;
        free(s);
    }
    return good ? 0 : 1;
}

/* ---- one of them, to look at ----------------------------------------------------------------- */

static int
show(int argc, char **argv)
{
    for (size_t i = 0; i < n_shapes; i++) {
        if (strcmp(shapes[i].name, argv[1]) != 0)
            continue;
        (void)learn(i);
        struct story *s = dr_new0(struct story);
        s->shape = &shapes[i];
        s->show = true;
        bool fault = argc > 3 && sim_fault_find(argv[2]) != SIM_FAULT_UNKNOWN;
        s->doom = argc > 2 && !fault ? strtoull(argv[2], NULL, 10) : 0;
        s->doom_again = argc > 3 && !fault ? strtoull(argv[3], NULL, 10) : 0;
        if (fault) {
            s->fault = sim_fault_find(argv[2]);
            s->nth = (unsigned)strtoul(argv[3], NULL, 10);
        }
        bool good = judge(s);
        printf("%s\n%llu points, %u calls, %s\n", s->end, (unsigned long long)s->points, s->calls,
               good ? "good" : "bad");
        free(s);
        return good ? 0 : 1;
    }
    (void)fprintf(stderr, "there is no shape \"%s\"\n", argv[1]);
    return 2;
}

int
main(int argc, char **argv)
{
    if (!shapes_prepare())
        return 1;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_record_that_moved_on_is_left_alone),
        cmocka_unit_test(every_shape_converges),
    };
    const struct CMUnitTest pairs[] = {cmocka_unit_test(every_pair_of_crashes_converges)};
    if (argc > 1 && strcmp(argv[1], "--pairs") == 0)
        return cmocka_run_group_tests(pairs, learn_all, NULL);
    if (argc > 1 && strcmp(argv[1], "--shapes") == 0)
        return shapes_of_all();
    if (argc > 1)
        return show(argc, argv);
    return cmocka_run_group_tests(tests, learn_all, NULL);
}
