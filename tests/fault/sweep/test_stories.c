/*
 * Stories of what went wrong once: an operation that stopped in the middle, something else that was
 * asked before it was resumed, an answer that came late. Each is told on arrays that refuse an
 * older controller, and on arrays that obey everybody.
 *
 *     test_stories [STORY]      one of them, with its history
 *
 * DRSTOR_SWEEP_EVERY=N: of the story told for every point at which a controller can die, each Nth.
 */
#include "support/house_internal.h"
#include "support/house_site.h"

#include "base/str.h"
#include "model/words.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* ---- telling --------------------------------------------------------------------------------- */

#define GOAL(words) "{\"storage_only\":true,\"verb\":" words "}"
#define BARE(words) "{\"verb\":" words "}"
#define PROMOTE(what, to) GOAL("\"promote\"," what ",\"to\":\"" to "\"")
#define UNPLANNED(what, to) GOAL("\"promote\"," what ",\"to\":\"" to "\",\"unplanned\":true")
#define ALL "\"all\":true"
#define ERP "\"groups\":[\"erp\"]"
#define WEB "\"groups\":[\"web\"]"
#define ERP_DB "\"groups\":[\"erp\",\"db\"]"
#define WITHIN(s) GOAL("\"promote\"," ERP ",\"to\":\"rome\",\"within_s\":" s)

enum { ANY = -1, OK = 0, REFUSED = 3, FAILED = 4, INTERRUPTED = 130 };

struct story {
    const char *name;
    struct house *h;
    uint64_t doom; /* of the story that is told for each point; 0: nobody dies */
    unsigned n_controllers;
    bool good, past, carried;
};

static void ought(struct story *s, bool is, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

static void
ought(struct story *s, bool is, const char *format, ...)
{
    va_list ap;
    if (is)
        return;
    (void)fprintf(stderr, "%s (point %llu): not so: ", s->name, (unsigned long long)s->doom);
    va_start(ap, format);
    (void)vfprintf(stderr, format, ap);
    va_end(ap);
    (void)fputc('\n', stderr);
    s->good = false;
}

static struct sim_world *
enter(struct story *s)
{
    if (sim_enter(house_world(s->h)) < 0)
        abort();
    return house_world(s->h);
}

static void
leave(struct story *s)
{
    if (sim_leave(house_world(s->h)) < 0)
        abort();
}

static void
milan(struct story *s, enum sim_site_state state)
{
    if (sim_site_set(enter(s), "milan", state) < 0)
        abort();
    leave(s);
}

/* The FIRST call that matches, and all after it, or just ONE. */
static void
strikes(struct story *s, enum sim_fault_kind kind, enum sim_op op, const char *array,
        const char *copy, unsigned first, unsigned times)
{
    struct sim_fault f = {.kind = kind, .op = op, .nth = first, .times = times, .delay_ms = 20000};
    (void)snprintf(f.array, sizeof(f.array), "%s", array ? array : "");
    (void)snprintf(f.group, sizeof(f.group), "%s", copy ? copy : "");
    (void)snprintf(f.code, sizeof(f.code), "broken");
    if (sim_fault_add(enter(s), &f) < 0)
        abort();
    leave(s);
}

static void
mended(struct story *s)
{
    sim_fault_clear(enter(s));
    leave(s);
}

/* Each is a process of its own. */
static struct controller *
somebody(struct story *s)
{
    char name[16];
    (void)snprintf(name, sizeof(name), "c%u", ++s->n_controllers);
    return house_controller(s->h, name);
}

static const struct errand *
ended(struct story *s, const struct errand *e, int exit)
{
    ought(s, exit == ANY || e->exit == exit, "exit %d of %s, but %d: %s%s", exit,
          e->what.goal ? e->what.goal : "what has no goal", e->exit, e->json ? e->json : "",
          e->error ? drstor_error_message(e->error) : "");
    return e;
}

static const struct errand *
does(struct story *s, const char *goal, const char *accept_loss, int exit)
{
    const struct errand_what what = {.kind = ERRAND_ACT, .goal = goal, .accept_loss = accept_loss};
    return ended(s, errand_do(somebody(s), &what), exit);
}

static struct errand *
begins(struct controller *c, const char *goal)
{
    const struct errand_what what = {.kind = ERRAND_ACT, .goal = goal, .accept_loss = "unknown"};
    return errand_begin(c, &what);
}

/* Begun, and told to stop after so long. */
static void
is_cut(struct story *s, const char *goal, uint64_t ms)
{
    struct controller *c = somebody(s);
    struct errand *e = begins(c, goal);
    house_sleep_ms(s->h, ms);
    controller_cancel(c);
    (void)ended(s, errand_end(e), INTERRUPTED);
}

static const struct errand *
other(struct story *s, enum errand_kind kind, const char *run, int exit)
{
    const struct errand_what what = {.kind = kind, .goal = run};
    return ended(s, errand_do(somebody(s), &what), exit);
}

static void
begin(struct story *s)
{
    house_sleep_ms(s->h, 70000);
    (void)other(s, ERRAND_ADOPT, NULL, OK);
}

/* Promoted at rome without milan, which is back, writable. */
static void
begin_left(struct story *s)
{
    static const struct errand_what promote = {.kind = ERRAND_ACT,
                                               .goal = UNPLANNED(ALL, "rome"),
                                               .accept_loss = "unknown",
                                               .declare = "site-lost:milan",
                                               .reason = "test"};
    begin(s);
    milan(s, SIM_SITE_DEAD);
    (void)other(s, ERRAND_OBSERVE, NULL, OK);
    house_sleep_ms(s->h, 25000);
    (void)ended(s, errand_do(somebody(s), &promote), OK);
    house_sleep_ms(s->h, 5000);
    milan(s, SIM_SITE_UP);
    house_sleep_ms(s->h, 1000);
}

/* ---- how it ends ----------------------------------------------------------------------------- */

static const char *
open_run(struct story *s)
{
    struct dr_run_row *rows = NULL;
    size_t n = 0;
    (void)dr_store_run_open(house_store(s->h), house_arena(s->h), NULL, &rows, &n, NULL);
    return n ? rows[0].id : NULL;
}

static struct dr_record
record(struct story *s, const char *group)
{
    struct dr_record r;
    if (dr_store_load(house_store(s->h), house_arena(s->h), group, &r, NULL, NULL) != DRSTOR_OK)
        abort();
    return r;
}

static void
recorded(struct story *s, const char *group, const char *primary, int64_t epoch)
{
    const struct dr_record r = record(s, group);
    ought(s, dr_streq(r.primary, primary) && r.epoch == epoch && dr_record_at_rest(&r),
          "%s at rest with primary %s, epoch %lld, but %s, %lld, %s", group, primary,
          (long long)epoch, r.primary, (long long)r.epoch, dr_name(&dr_phase_names, (int)r.phase));
}

static void
milan_held(struct story *s, const char *group)
{
    const struct dr_record r = record(s, group);
    ought(s, r.n_site_hold == 1 && dr_streq(r.site_hold[0], "milan"), "milan is held for %s",
          group);
}

static enum drstor_access
access_at(struct story *s, const char *group, const char *site)
{
    struct sim_view v = {0};
    char array[16], id[16];
    (void)snprintf(array, sizeof(array), "sim-%s", site);
    (void)snprintf(id, sizeof(id), "%s_%c", group, site[0]);
    if (sim_view(enter(s), array, id, &v) != 0)
        abort();
    leave(s);
    enum drstor_access access = v.access;
    sim_view_clear(&v);
    return access;
}

/* There, and nowhere else. */
static void
writable(struct story *s, const char *group, const char *site)
{
    const char *elsewhere = dr_streq(site, "milan") ? "rome" : "milan";
    ought(s, access_at(s, group, site) == DRSTOR_ACCESS_READ_WRITE, "%s is writable at %s", group,
          site);
    ought(s, access_at(s, group, elsewhere) == DRSTOR_ACCESS_READ_ONLY, "%s is not writable at %s",
          group, elsewhere);
}

static size_t
shown_at_rome(struct story *s)
{
    char(*ids)[SIM_NAME] = NULL;
    size_t n = 0;
    if (sim_discover(enter(s), "sim-rome", &ids, &n) != 0)
        abort();
    leave(s);
    free(ids);
    return n;
}

static void
no_clone(struct story *s)
{
    house_sleep_ms(s->h, 10000); /* nor does one come late */
    ought(s, shown_at_rome(s) == 3, "no clone at rome");
    ought(s, !record(s, "erp").drill.name, "no drill in the record");
}

struct count {
    const char *copies; /* begin so; NULL: every call */
    unsigned n;
};

static int
count_one(const struct sim_log_entry *e, void *user)
{
    struct count *c = user;
    c->n += !e->effect && sim_op_mutates((enum sim_op)e->op) &&
            (!c->copies || strncmp(e->group, c->copies, strlen(c->copies)) == 0);
    return 0;
}

/* Calls so far that could change something. */
static unsigned
sent(struct story *s, const char *copies)
{
    struct count c = {.copies = copies};
    (void)sim_log_each(enter(s), count_one, &c);
    leave(s);
    return c.n;
}

/* ---- a group that moved on ------------------------------------------------------------------- */

/* Of a planned promote of all, erp got through and db did not; erp was taken back since. The resume
 * is about db alone. */
static void
resumed_after_a_way_back(struct story *s)
{
    begin(s);
    strikes(s, SIM_FAULT_REFUSE, SIM_OP_SET_ACCESS, "sim-milan", "db_m", 1, 0);
    (void)does(s, PROMOTE(ALL, "rome"), NULL, FAILED);
    const char *run = open_run(s);
    house_sleep_ms(s->h, 5000);
    (void)does(s, PROMOTE(ERP, "milan"), NULL, OK);
    house_sleep_ms(s->h, 70000);
    mended(s);
    unsigned before = sent(s, "erp");
    (void)other(s, ERRAND_RESUME, run, OK);
    ought(s, sent(s, "erp") == before, "nothing is sent for erp");
    recorded(s, "erp", "milan", 3);
    writable(s, "erp", "milan");
    recorded(s, "db", "rome", 2);
    writable(s, "db", "rome");
    ought(s, !open_run(s), "the run is over");
}

/* The same with a reprotect, after which erp was synced. */
static void
reprotect_resumed_after_a_sync(struct story *s)
{
    begin_left(s);
    strikes(s, SIM_FAULT_REFUSE, SIM_OP_SET_ACCESS, "sim-milan", "db_m", 1, 0);
    (void)does(s, GOAL("\"reprotect\"," ALL), "unknown", FAILED);
    const char *run = open_run(s);
    (void)does(s, BARE("\"sync\"," ERP), NULL, OK);
    mended(s);
    unsigned before = sent(s, "erp");
    (void)other(s, ERRAND_RESUME, run, OK);
    ought(s, sent(s, "erp") == before, "nothing is sent for erp");
    ought(s, record(s, "db").old_copy == DR_OLD_COPY_NONE, "db at milan follows");
    writable(s, "erp", "rome");
    writable(s, "db", "rome");
    ought(s, !open_run(s), "the run is over");
}

/* A living run is busy with db; erp, which was in its goal, had nothing to do. Somebody promotes
 * erp elsewhere: the run lives on. */
static void
beside_a_living_run(struct story *s)
{
    begin(s);
    (void)does(s, PROMOTE(ERP, "rome"), NULL, OK);
    house_sleep_ms(s->h, 70000);
    strikes(s, SIM_FAULT_SLOW, SIM_OP_SET_ACCESS, "sim-milan", "db_m", 1, 1);
    struct errand *e = begins(somebody(s), PROMOTE(ALL, "rome"));
    house_sleep_ms(s->h, 3000);
    (void)does(s, UNPLANNED(ERP, "milan"), "unknown", OK);
    ought(s, !e->over && open_run(s), "the run lives");
    (void)ended(s, errand_end(e), OK);
    writable(s, "erp", "milan");
    writable(s, "db", "rome");
    writable(s, "web", "rome");
}

/* ---- something unclear was left behind ------------------------------------------------------- */

/* Stopped while rome was to become writable, which it does later. Whoever wants to go back does not
 * make milan writable beside it. */
static void
back_before_a_late_promotion(struct story *s)
{
    begin(s);
    strikes(s, SIM_FAULT_LATE, SIM_OP_SET_ACCESS, "sim-rome", "erp_r", 1, 1);
    is_cut(s, UNPLANNED(ERP, "rome"), 3000);
    (void)does(s, UNPLANNED(ERP, "milan"), "unknown", ANY);
    house_sleep_ms(s->h, 10000);
    if (open_run(s))
        (void)other(s, ERRAND_RESUME, NULL, OK);
    const struct dr_record r = record(s, "erp");
    ought(s, dr_record_at_rest(&r), "erp is at rest");
    writable(s, "erp", r.primary);
}

/* Stopped while milan was to be overwritten: the promote of milan waits until that is out of the
 * way, or it would be overwritten while it serves. */
static void
back_before_a_late_resync(struct story *s)
{
    begin_left(s);
    strikes(s, SIM_FAULT_LATE, SIM_OP_RESYNC, "sim-milan", "erp_m", 1, 1);
    is_cut(s, GOAL("\"reprotect\"," ERP), 3000);
    (void)does(s, UNPLANNED(ERP, "milan"), "unknown", OK);
    house_sleep_ms(s->h, 10000);
    recorded(s, "erp", "milan", 3);
    writable(s, "erp", "milan");
}

/* A drill was stopped while its clone was to come; it is cleaned after the clone came. */
static void
cleaned_before_a_late_clone(struct story *s)
{
    begin(s);
    strikes(s, SIM_FAULT_LATE, SIM_OP_TEST_START, NULL, NULL, 1, 1);
    is_cut(s, BARE("\"drill-start\"," ERP), 3000);
    (void)does(s, BARE("\"drill-clean\"," ERP), NULL, OK);
    no_clone(s);
}

/* The one who began the drill is dead, and the one who cleans is stopped before it has waited for
 * what the dead one sent: the next knows, and waits. */
static void
cleaning_is_cut_too(struct story *s)
{
    begin(s);
    struct controller *dies = somebody(s);
    strikes(s, SIM_FAULT_LATE, SIM_OP_TEST_START, NULL, NULL, 1, 1);
    struct errand *e = begins(dies, BARE("\"drill-start\"," ERP));
    house_sleep_ms(s->h, 100);
    controller_kill(dies, "killed");
    (void)errand_end(e);
    is_cut(s, BARE("\"drill-clean\"," ERP), 100);
    (void)other(s, ERRAND_RESUME, NULL, OK);
    (void)does(s, BARE("\"drill-clean\"," ERP), NULL, OK);
    no_clone(s);
    ought(s, !open_run(s), "nothing is open");
}

/* ---- a proof brought along ------------------------------------------------------------------- */

static void
by_hand(struct story *s, const char *array, const char *copy)
{
    struct sim_view v = {0};
    struct sim_ticket ticket;
    struct sim_request r = {.op = SIM_OP_SET_ACCESS,
                            .member = -1,
                            .array = array,
                            .actor = "hand",
                            .op_id = "hand/1",
                            .group = copy,
                            .token = 1000,
                            .access = DRSTOR_ACCESS_READ_WRITE,
                            .n_evidence = 1};
    if (sim_view(enter(s), array, copy, &v) != 0)
        abort();
    r.epoch = v.epoch > 0 ? (uint64_t)v.epoch : 1;
    sim_view_clear(&v);
    ought(s, sim_begin(house_world(s->h), &r, &ticket) == 0, "a person opens %s", copy);
    leave(s);
    house_sleep_ms(s->h, 100);
}

/* Read back as read-only, then opened by a person and seen so, then milan fell silent: what was
 * read back is no proof any more. */
static void
proof_undone_by_hand(struct story *s)
{
    begin(s);
    strikes(s, SIM_FAULT_LOST_BEFORE, SIM_OP_SYNC_ONCE, NULL, NULL, 2, 0);
    struct errand *e = begins(somebody(s), WITHIN("60"));
    house_sleep_ms(s->h, 4000);
    by_hand(s, "sim-milan", "erp_m");
    (void)other(s, ERRAND_OBSERVE, NULL, OK);
    milan(s, SIM_SITE_SILENT);
    mended(s);
    (void)ended(s, errand_end(e), REFUSED);
    recorded(s, "erp", "milan", 1);
    writable(s, "erp", "milan");
}

/* Committed, then milan dies before rome is writable: what was proven before the commit is proof
 * enough to go on. */
static void
committed_goes_forward(struct story *s)
{
    begin(s);
    strikes(s, SIM_FAULT_LOST_BEFORE, SIM_OP_SET_ACCESS, "sim-rome", NULL, 1, 0);
    struct errand *e = begins(somebody(s), WITHIN("10"));
    house_sleep_ms(s->h, 8000);
    ought(s, dr_streq(record(s, "erp").primary, "rome"), "erp is committed");
    milan(s, SIM_SITE_DEAD);
    mended(s);
    (void)ended(s, errand_end(e), OK);
    ought(s, dr_streq(record(s, "erp").primary, "rome"), "rome is the primary");
    writable(s, "erp", "rome");
    ought(s, !open_run(s), "nothing is open");
}

/* The unplanned run that brought the proof along dies, wherever: resumed, it ends well. */
static void
carried_over_a_death(struct story *s)
{
    begin(s);
    struct controller *dies = somebody(s);
    strikes(s, SIM_FAULT_LOST_BEFORE, SIM_OP_SYNC_ONCE, NULL, NULL, 2, 0);
    controller_doom(dies, s->doom);
    struct errand *e = begins(dies, WITHIN("60"));
    house_sleep_ms(s->h, 8000);
    milan(s, SIM_SITE_SILENT);
    mended(s);
    (void)errand_end(e);
    s->past = !e->died;
    const char *run = open_run(s);
    struct dr_run_row row;
    if (s->past || !run ||
        dr_store_run_load(house_store(s->h), house_arena(s->h), run, &row, NULL) != DRSTOR_OK ||
        !strstr(row.goal, "\"carries\""))
        return;
    s->carried = true;
    (void)other(s, ERRAND_RESUME, NULL, OK);
    recorded(s, "erp", "rome", 2);
    writable(s, "erp", "rome");
}

/* ---- refused, given up, serving again -------------------------------------------------------- */

static void
one_refused_one_failed(struct story *s)
{
    begin(s);
    strikes(s, SIM_FAULT_REFUSE, SIM_OP_SET_ACCESS, "sim-milan", "erp_m", 1, 0);
    strikes(s, SIM_FAULT_REFUSE, SIM_OP_WITHDRAW, "sim-milan", "erp_m", 1, 0);
    strikes(s, SIM_FAULT_REFUSE, SIM_OP_SET_ACCESS, "sim-rome", "db_r", 1, 0);
    (void)does(s, UNPLANNED(ERP_DB, "rome"), "unknown", FAILED);
    recorded(s, "erp", "milan", 1);
    mended(s);
}

/* Milan did not let go of erp, and rome did not open db. The resume tries both again. */
static void
refused_and_resumed(struct story *s)
{
    one_refused_one_failed(s);
    (void)other(s, ERRAND_RESUME, NULL, OK);
    recorded(s, "erp", "rome", 2);
    recorded(s, "db", "rome", 2);
    writable(s, "erp", "rome");
    writable(s, "db", "rome");
    ought(s, !open_run(s), "nothing is open");
}

/* The same, and erp is asked for again first: the resume finishes db, and leaves erp alone. */
static void
refused_and_asked_again(struct story *s)
{
    one_refused_one_failed(s);
    (void)does(s, UNPLANNED(ERP, "rome"), "unknown", OK);
    unsigned before = sent(s, "erp");
    (void)other(s, ERRAND_RESUME, NULL, REFUSED);
    ought(s, sent(s, "erp") == before, "nothing is sent for erp");
    recorded(s, "erp", "rome", 2);
    recorded(s, "db", "rome", 2);
    writable(s, "erp", "rome");
    writable(s, "db", "rome");
    ought(s, !open_run(s), "nothing is open");
    (void)does(s, GOAL("\"reprotect\"," ERP_DB), "unknown", OK);
}

/* The same, and erp is asked for as often as it takes, and used since: the open run is about db
 * alone, and holds nothing else. */
static void
refused_and_asked_as_often_as_it_takes(struct story *s)
{
    one_refused_one_failed(s);
    strikes(s, SIM_FAULT_REFUSE, SIM_OP_SET_ACCESS, "sim-milan", "erp_m", 1, 0);
    strikes(s, SIM_FAULT_REFUSE, SIM_OP_WITHDRAW, "sim-milan", "erp_m", 1, 0);
    for (int i = 0; i < 3; i++)
        (void)does(s, UNPLANNED(ERP, "rome"), "unknown", REFUSED);
    mended(s);
    (void)does(s, UNPLANNED(ERP, "rome"), "unknown", OK);
    (void)does(s, GOAL("\"reprotect\"," ERP), "unknown", OK);
    for (int i = 0; i < 3; i++)
        (void)does(s, BARE("\"sync\"," ERP), NULL, OK);
    const struct errand *e = does(s, PROMOTE("\"groups\":[\"db\"]", "milan"), NULL, REFUSED);
    ought(s, e->json && strstr(e->json, "R013"), "db is in the middle of it: %s", e->json);
    unsigned before = sent(s, "erp");
    (void)other(s, ERRAND_RESUME, NULL, REFUSED);
    ought(s, sent(s, "erp") == before, "nothing is sent for erp");
    recorded(s, "erp", "rome", 2);
    recorded(s, "db", "rome", 2);
    writable(s, "erp", "rome");
    writable(s, "db", "rome");
    ought(s, !open_run(s), "nothing is open");
}

/* Made read-only on purpose while in sync: nobody can have written since, so nothing is lost and
 * nobody has to agree to anything. */
static void
demoted_then_promoted(struct story *s)
{
    begin(s);
    (void)does(s, GOAL("\"demote\"," WEB ",\"at\":\"milan\""), NULL, OK);
    house_sleep_ms(s->h, 2000);
    (void)does(s, UNPLANNED(WEB, "rome"), NULL, OK);
    recorded(s, "web", "rome", 2);
    writable(s, "web", "rome");
}

/* Rome was left demoted after it had been promoted without milan: it serves again, and milan is
 * held as before. */
static void
demoted_after_a_loss(struct story *s)
{
    begin_left(s);
    (void)does(s, GOAL("\"demote\"," ERP ",\"at\":\"rome\""), NULL, OK);
    (void)does(s, PROMOTE(ERP, "rome"), NULL, OK);
    recorded(s, "erp", "rome", 3);
    writable(s, "erp", "rome");
    milan_held(s, "erp");
}

/* Committed, and rome did not open; given up. What the abort prints serves again, once rome does as
 * it is told. */
static void
aborted_after_the_commit(struct story *s)
{
    char resume[64];
    begin(s);
    strikes(s, SIM_FAULT_REFUSE, SIM_OP_SET_ACCESS, "sim-rome", NULL, 1, 0);
    (void)does(s, UNPLANNED(ERP, "rome"), "unknown", FAILED);
    const struct errand *e = other(s, ERRAND_ABORT, open_run(s), FAILED);
    milan_held(s, "erp");
    mended(s);
    (void)snprintf(resume, sizeof(resume), "drstor run resume %s", open_run(s));
    ought(s, e->json && strstr(e->json, resume), "the abort says %s: %s", resume, e->json);
    (void)other(s, ERRAND_RESUME, open_run(s), OK);
    recorded(s, "erp", "rome", 3);
    writable(s, "erp", "rome");
    milan_held(s, "erp");
}

/* The same, and rome is well again when the run is given up: it serves at once. */
static void
aborted_after_the_commit_at_once(struct story *s)
{
    begin(s);
    strikes(s, SIM_FAULT_REFUSE, SIM_OP_SET_ACCESS, "sim-rome", NULL, 1, 1);
    (void)does(s, UNPLANNED(ERP, "rome"), "unknown", FAILED);
    (void)other(s, ERRAND_ABORT, open_run(s), OK);
    recorded(s, "erp", "rome", 3);
    writable(s, "erp", "rome");
    milan_held(s, "erp");
    ought(s, !open_run(s), "nothing is open");
}

/* Committed, and rome never opens. Planned or not, the way back to milan loses nothing, needs no
 * consent, and rome follows again after it. */
static void
went_back(struct story *s, const char *first, bool given_up)
{
    begin(s);
    strikes(s, SIM_FAULT_REFUSE, SIM_OP_SET_ACCESS, "sim-rome", NULL, 1, 0);
    (void)does(s, first, "unknown", FAILED);
    ought(s, record(s, "erp").left.untaken, "rome never took over");
    house_sleep_ms(s->h, 5000);
    if (given_up) {
        const struct errand *e = other(s, ERRAND_ABORT, open_run(s), FAILED);
        ought(s,
              e->json &&
                  strstr(e->json, "drstor promote erp --to milan --storage-only --unplanned"),
              "the way back: %s", e->json);
    }
    int64_t epoch = record(s, "erp").epoch;
    (void)does(s, UNPLANNED(ERP, "milan"), NULL, OK);
    recorded(s, "erp", "milan", epoch + 1);
    writable(s, "erp", "milan");
    ought(s, !open_run(s), "nothing is open");
    mended(s);
    (void)does(s, GOAL("\"reprotect\"," ERP), "unknown", OK);
    house_sleep_ms(s->h, 5000);
    (void)does(s, PROMOTE(ERP, "rome"), NULL, OK);
    recorded(s, "erp", "rome", epoch + 2);
    writable(s, "erp", "rome");
    ought(s, !record(s, "erp").left.untaken, "rome took over");
}

static void
never_opened(struct story *s)
{
    went_back(s, UNPLANNED(ERP, "rome"), true);
}

static void
never_opened_after_a_move(struct story *s)
{
    went_back(s, PROMOTE(ERP, "rome"), false);
}

/* Rome opened after all, and was closed by hand: what was written there meanwhile is lost by going
 * back, and nobody can say how much. */
static void
opened_after_all(struct story *s)
{
    begin(s);
    strikes(s, SIM_FAULT_LATE, SIM_OP_SET_ACCESS, "sim-rome", "erp_r", 1, 1);
    is_cut(s, UNPLANNED(ERP, "rome"), 3000);
    house_sleep_ms(s->h, 20000);
    ought(s, access_at(s, "erp", "rome") == DRSTOR_ACCESS_READ_WRITE, "rome opened late");
    (void)does(s, UNPLANNED(ERP, "milan"), NULL, REFUSED);
    (void)does(s, UNPLANNED(ERP, "milan"), "unknown", OK);
    recorded(s, "erp", "milan", 3);
    writable(s, "erp", "milan");
}

/* Milan was demoted on purpose; then a drill fails, and is given up. That does not open milan. */
static void
aborted_beside_a_demotion(struct story *s)
{
    begin(s);
    (void)does(s, GOAL("\"demote\"," ERP ",\"at\":\"milan\""), NULL, OK);
    strikes(s, SIM_FAULT_REFUSE, SIM_OP_TEST_START, NULL, NULL, 1, 0);
    (void)does(s, BARE("\"drill-start\"," ERP), NULL, FAILED);
    (void)other(s, ERRAND_ABORT, open_run(s), OK);
    ought(s, access_at(s, "erp", "milan") == DRSTOR_ACCESS_READ_ONLY, "milan stays read-only");
    (void)does(s, BARE("\"drill-clean\"," ERP), NULL, OK);
    no_clone(s);
    (void)does(s, PROMOTE(ERP, "milan"), NULL, OK);
    writable(s, "erp", "milan");
}

/* Given up, a drill whose clone never came leaves nothing to clean; one whose clone came late names
 * it. */
static void
aborted_without_a_clone(struct story *s)
{
    begin(s);
    strikes(s, SIM_FAULT_REFUSE, SIM_OP_TEST_START, NULL, NULL, 1, 0);
    (void)does(s, BARE("\"drill-start\"," ERP), NULL, FAILED);
    const struct errand *e = other(s, ERRAND_ABORT, open_run(s), OK);
    ought(s, e->json && !strstr(e->json, "drill clean") && strstr(e->json, "no clone was made"),
          "nothing to clean: %s", e->json);
    no_clone(s);
    mended(s);
    strikes(s, SIM_FAULT_LATE, SIM_OP_TEST_START, NULL, NULL, 1, 1);
    is_cut(s, BARE("\"drill-start\"," ERP), 3000);
    e = other(s, ERRAND_ABORT, open_run(s), OK);
    ought(s, e->json && strstr(e->json, "drill clean erp"), "the clone is named: %s", e->json);
    ought(s, shown_at_rome(s) == 4, "there is a clone");
    (void)does(s, BARE("\"drill-clean\"," ERP), NULL, OK);
    no_clone(s);
}

/* A move whose last step, milan following, failed, stays open; a reprotect does that step, and then
 * nothing is in the way of moving back. */
static void
reversed_by_a_reprotect(struct story *s)
{
    begin(s);
    strikes(s, SIM_FAULT_REFUSE, SIM_OP_RESYNC, NULL, NULL, 1, 0);
    (void)does(s, PROMOTE(ERP, "rome"), NULL, FAILED);
    mended(s);
    (void)does(s, GOAL("\"reprotect\"," ERP), NULL, OK);
    house_sleep_ms(s->h, 5000);
    (void)does(s, GOAL("\"failback\"," ERP), NULL, OK);
    recorded(s, "erp", "milan", 3);
    writable(s, "erp", "milan");
    ought(s, !open_run(s), "nothing is open");
}

/* ---- copies that are not what they seem ------------------------------------------------------ */

/* A clone carries the identities of its original: no host may see both. */
static void
clone_is_not_shown(struct story *s)
{
    struct json_object *luns = NULL;
    begin(s);
    (void)does(s, BARE("\"drill-start\"," ERP), NULL, OK);
    ought(s, shown_at_rome(s) == 4, "there is a clone");
    if (sim_lun_list(enter(s), "rome", &luns) != 0)
        abort();
    leave(s);
    ought(s, json_object_array_length(luns) == 0, "no host at rome sees anything");
    (void)json_object_put(luns);
    (void)does(s, PROMOTE(ERP, "rome"), NULL, OK);
    if (sim_lun_list(enter(s), "rome", &luns) != 0)
        abort();
    leave(s);
    ought(s, json_object_array_length(luns) == 2, "hosts at rome see the two volumes of erp");
    (void)json_object_put(luns);
    writable(s, "erp", "rome");
}

/* Resuming the replication of a copy that was left behind would overwrite one of the two. */
static void
stale_copy_does_not_go_on(struct story *s)
{
    begin_left(s);
    unsigned before = sent(s, NULL);
    (void)does(s, BARE("\"resume\"," ERP), NULL, REFUSED);
    (void)does(s, BARE("\"suspend\"," ERP), NULL, REFUSED);
    ought(s, sent(s, NULL) == before, "nothing is sent");
    milan_held(s, "erp");
}

/* ---- all of them ----------------------------------------------------------------------------- */

static const struct {
    const char *name;
    void (*tell)(struct story *s);
    bool each_point;
} stories[] = {
    {"resumed-after-a-way-back", resumed_after_a_way_back, false},
    {"reprotect-resumed-after-a-sync", reprotect_resumed_after_a_sync, false},
    {"beside-a-living-run", beside_a_living_run, false},
    {"back-before-a-late-promotion", back_before_a_late_promotion, false},
    {"back-before-a-late-resync", back_before_a_late_resync, false},
    {"cleaned-before-a-late-clone", cleaned_before_a_late_clone, false},
    {"cleaning-is-cut-too", cleaning_is_cut_too, false},
    {"proof-undone-by-hand", proof_undone_by_hand, false},
    {"committed-goes-forward", committed_goes_forward, false},
    {"carried-over-a-death", carried_over_a_death, true},
    {"refused-and-resumed", refused_and_resumed, false},
    {"refused-and-asked-again", refused_and_asked_again, false},
    {"refused-and-asked-as-often-as-it-takes", refused_and_asked_as_often_as_it_takes, false},
    {"demoted-then-promoted", demoted_then_promoted, false},
    {"demoted-after-a-loss", demoted_after_a_loss, false},
    {"aborted-after-the-commit", aborted_after_the_commit, false},
    {"aborted-after-the-commit-at-once", aborted_after_the_commit_at_once, false},
    {"never-opened", never_opened, false},
    {"never-opened-after-a-move", never_opened_after_a_move, false},
    {"opened-after-all", opened_after_all, false},
    {"aborted-beside-a-demotion", aborted_beside_a_demotion, false},
    {"aborted-without-a-clone", aborted_without_a_clone, false},
    {"reversed-by-a-reprotect", reversed_by_a_reprotect, false},
    {"clone-is-not-shown", clone_is_not_shown, false},
    {"stale-copy-does-not-go-on", stale_copy_does_not_go_on, false},
};

static struct house_plan plans[2]; /* arrays that refuse an older controller, and that do not */
static bool showing;

struct telling {
    struct story *story;
    size_t which;
};

static void
tell(struct house *h, void *arg)
{
    struct telling *t = arg;
    t->story->h = h;
    stories[t->which].tell(t->story);
    if (sim_violations_total(enter(t->story))) {
        struct json_object *list = sim_violations_list(house_world(h));
        ought(t->story, false, "nothing that should never happen: %s",
              json_object_to_json_string(list));
        (void)json_object_put(list);
    }
    leave(t->story);
}

static void
play(size_t which, const struct house_plan *plan, struct story *s)
{
    struct telling t = {.story = s, .which = which};
    struct house *h = house_new(plan, 11);
    s->name = stories[which].name;
    s->good = true;
    house_talk(h, showing);
    house_run(h, tell, &t);
    if (showing)
        (void)printf("%s\n", house_history(h));
    house_free(h);
}

static bool
play_each_point(size_t which, const struct house_plan *plan)
{
    bool good = true, carried = false;
    for (uint64_t doom = 1;; doom += house_every()) {
        struct story s = {.doom = doom};
        play(which, plan, &s);
        good = good && s.good;
        carried = carried || s.carried;
        if (s.past)
            return good && carried;
    }
}

static bool
told(size_t which)
{
    bool good = true;
    for (size_t i = 0; i < DR_COUNT(plans); i++) {
        struct story s = {0};
        if (stories[which].each_point)
            s.good = play_each_point(which, &plans[i]);
        else
            play(which, &plans[i], &s);
        if (!s.good)
            (void)fprintf(stderr, "%s, on arrays %s a fence\n", stories[which].name,
                          i ? "without" : "with");
        good = good && s.good;
    }
    return good;
}

static void
every_story_ends_well(void **state)
{
    (void)state;
    size_t well = 0;
    for (size_t i = 0; i < DR_COUNT(stories); i++)
        well += told(i);
    printf("figure stories_that_end_well %zu of %zu\n", well, DR_COUNT(stories));
    assert_int_equal(well, DR_COUNT(stories));
}

int
main(int argc, char **argv)
{
    const struct house_site_how fence = {0}, none = {.unfenced = true};
    if (!house_site_make(&plans[0], &fence) || !house_site_make(&plans[1], &none))
        return 1;
    for (size_t i = 0; argc > 1 && i < DR_COUNT(stories); i++)
        if (strcmp(stories[i].name, argv[1]) == 0) {
            showing = true;
            return told(i) ? 0 : 1;
        }
    if (argc > 1) {
        (void)fprintf(stderr, "there is no story \"%s\"\n", argv[1]);
        return 2;
    }
    const struct CMUnitTest tests[] = {cmocka_unit_test(every_story_ends_well)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
