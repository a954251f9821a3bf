/*
 * The whole house in one process and one thread: simulated arrays, emulated engines, a store, and
 * one or more controllers over them, each a process of its own that can be killed, all under one
 * virtual clock. Controllers are the true library, entered by its own calls; what is not real here
 * is time, the network, the disk, and chance. The same seed gives the same history, bit for bit.
 *
 * Whoever plays fate runs as a task too: house_run() starts it. Memory of killed controllers is
 * lost until the program ends, so many seeds belong into several child processes.
 */
#ifndef TESTS_SUPPORT_HOUSE_H
#define TESTS_SUPPORT_HOUSE_H

#include <drstor/drstor.h>

#include "base/env.h"
#include "model/model.h"
#include "model/record.h"
#include "store/store.h"

#include "engine/emu.h"
#include "world.h"

struct house;
struct controller;

/* ---- what a house is made of; the same for many of them -------------------------------------- */

struct house_plan {
    struct dr_model *model;
    struct sim_world *world;        /* copied; as it is when a house opens */
    struct json_object *engines[4]; /* configurations of emulated engines */
    size_t n_engines;
    struct dr_store_world *store; /* copied; NULL: nothing is stored yet */
    bool borrowed;                /* model and engines are another plan's */
};
/* Arrays in YAML have "world: memory:house"; engines the password "secret". SPEC as of world.h. */
bool house_plan_make(struct house_plan *p, const char *yaml, struct json_object *spec);
/* TO begins where a house of FROM, which outlives it, is after FN. Engines begin anew. */
void house_plan_after(struct house_plan *to, const struct house_plan *from,
                      void (*fn)(struct house *h, void *arg), void *arg);
void house_plan_clear(struct house_plan *p);

struct house *house_new(const struct house_plan *plan, uint64_t seed);
void house_free(struct house *h);
/* FN is fate. Returns when it, and everything it began, has ended. */
void house_run(struct house *h, void (*fn)(struct house *h, void *arg), void *arg);

struct dr_env *house_env(struct house *h); /* fate's */
struct sim_world *house_world(struct house *h);
struct dr_store *house_store(struct house *h); /* a handle to look with */
struct dr_store_world *house_store_world(struct house *h);
struct emu_engine *house_engine(struct house *h, const char *site);
void house_sleep_ms(struct house *h, uint64_t ms);
uint64_t house_draw(struct house *h, uint64_t below); /* of the seed */
uint64_t house_seed(const struct house *h);
uint64_t house_hash(uint64_t a, uint64_t b, uint64_t c);
/* Of what is played at every point only each so manieth: DRSTOR_SWEEP_EVERY, else 1. */
uint64_t house_every(void);
struct dr_arena *house_arena(struct house *h); /* as long as H */

/* ---- the history ----------------------------------------------------------------------------- */

void house_talk(struct house *h, bool on); /* off: nothing is noted, nor events of runs */
void house_note(struct house *h, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Everything noted, then what arrays were told and did, then the store. */
const char *house_history(struct house *h);

/* ---- controllers ----------------------------------------------------------------------------- */

struct controller *house_controller(struct house *h, const char *name);
/* Who works there; before anything is asked of it. Otherwise everybody is one person. */
void controller_person(struct controller *c, int64_t uid, const char *user);
struct controller *house_running(struct house *h); /* whose task runs now; NULL: fate's */
/* As SIGKILL, at once. From a task of its own it does not return. */
void controller_kill(struct controller *c, const char *why);
/* Dies at the NTH point from now at which a test build can die (base/failpoint.h); 0: no more. */
void controller_doom(struct controller *c, uint64_t nth);
bool controller_alive(const struct controller *c);
uint64_t controller_passed(const struct controller *c); /* points so far */
const char *controller_name(const struct controller *c);
struct house *controller_house(const struct controller *c);
struct office *controller_office(const struct controller *c); /* NULL: it has none */
/* As Ctrl-C: stops in order, also what it is asked later. */
void controller_cancel(struct controller *c);

struct dr_program;
struct dr_program_end;
/* What becomes of programs that controllers run: FN does, in one of their tasks. NULL: none is
 * there. */
void house_programs(struct house *h,
                    int (*fn)(struct controller *c, const struct dr_program *p,
                              struct dr_program_end *ret, struct drstor_error **err));

/* ---- offices: a place for controllers, with a store of its own (house_office.c) ---------------
 */

struct office;
/* NAME and SITE as in its configuration, which is otherwise that of the house. */
struct office *house_office(struct house *h, const char *name, const char *site, bool standby);
struct controller *office_controller(struct office *o, const char *name);
struct dr_store *office_store(struct office *o); /* a handle to look with */
struct dr_store_world *office_store_world(struct office *o);
/* Controllers made from now on at FROM tell TO what is stored. */
void office_mirror(struct office *from, struct office *to);
/* What becomes of messages from one to another from now on. */
enum office_wire {
    OFFICE_WIRE_UP = 0,
    OFFICE_WIRE_CUT,       /* none comes through */
    OFFICE_WIRE_NO_ANSWERS /* they do, and their answers do not */
};
void office_wire(struct house *h, enum office_wire how, unsigned latency_ms);

/* ---- calls of the library -------------------------------------------------------------------- */

enum errand_kind {
    ERRAND_UNKNOWN = 0,
    ERRAND_OBSERVE,
    ERRAND_ADOPT,
    ERRAND_STATUS,
    ERRAND_PLAN,
    ERRAND_ACT,
    ERRAND_APPLY,
    ERRAND_RESUME,
    ERRAND_ABORT,
    ERRAND_GUARD, /* one poll, or with INTERVAL_MS until controller_cancel() */
    ERRAND_TAKEOVER,
    ERRAND_VERIFY,
};

/* Texts are copied. */
struct errand_what {
    enum errand_kind kind;
    const char *goal; /* ACT, PLAN: the goal; APPLY: the plan; RESUME: the run, NULL: the oldest;
                       * ABORT: the run; GUARD: the site; VERIFY: the group, NULL: each */
    const char *accept_loss, *declare, *waive_fence, *reason, *waive_snapshot; /* NULL: none */
    /* A person who is shown the plan and takes so long. */
    bool asks;
    uint64_t thinks_ms;
    int64_t interval_ms;
};

struct errand {
    struct errand_what what;
    struct controller *by;
    bool over, died;
    int status, exit;           /* of the library's call; exit as in its document or error */
    char *json;                 /* NULL: it failed */
    struct drstor_error *error; /* NULL: it did not */
};

/* Lives as long as the house. */
struct errand *errand_begin(struct controller *c, const struct errand_what *what);
struct errand *errand_end(struct errand *e); /* waits */
struct errand *errand_do(struct controller *c, const struct errand_what *what);
/* FN hears of each plan that a person is asked about, before the answer. */
void house_asked(struct house *h,
                 void (*fn)(struct controller *c, const char *plan_json, void *user), void *user);
/* A member of the document, or NULL. In the house's memory. */
const char *errand_says(const struct errand *e, const char *member);

/* ---- engines and what is between (house_wire.c) ---------------------------------------------- */

enum house_reach { HOUSE_REACH_UP = 0, HOUSE_REACH_SILENT, HOUSE_REACH_DOWN };
/* How an engine answers from now on: SILENT: nothing comes back; DOWN: it says that nobody
 * listens. */
void house_reach(struct house *h, const char *site, enum house_reach reach);
/* Of 1000 requests to engines so many are lost on the way there, or their answers on the way back.
 */
void house_loses(struct house *h, unsigned before, unsigned after);
void house_latency(struct house *h, unsigned ms); /* of every answer of an engine */
/* Whether what "HOST:PORT" names answers a probe; unsaid: as long as HOST is a site that is up. */
void house_probe(struct house *h, const char *host, bool answers);
/* Its hosts and VMs are gone, as with the site. */
void house_hosts_lost(struct house *h, const char *site);
/* Its hosts are up again, as after a boot. */
void house_hosts_back(struct house *h, const char *site);

#endif
