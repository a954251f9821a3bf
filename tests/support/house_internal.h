/* What the files of the house share. */
#ifndef TESTS_SUPPORT_HOUSE_INTERNAL_H
#define TESTS_SUPPORT_HOUSE_INTERNAL_H

#include "support/house.h"

#include "base/str.h"
#include "library/internal.h"
#include "net/wire.h"

#include "lunview.h"

enum { ENGINES_MOST = 4, CONTROLLERS_MOST = 64, PROBES_MOST = 4 };

struct house_engine {
    struct emu_engine *emu;
    struct lunview luns;
    const char *site;
    enum house_reach reach;
};

/* One request on its way to an engine and back. */
struct house_call {
    struct house_call *next;
    uint64_t id;
    struct dr_env *by;
    struct house_engine *engine; /* NULL: nobody is there */
    uint64_t xid;
    bool lost;           /* nobody will hear of it */
    bool answered;       /* and on its way back ... */
    uint64_t arrives_ns; /* ... until then */
    struct emu_response response;
};

struct house_wire {
    struct dr_wire wire; /* first */
    struct house *house;
    struct house_engine engines[ENGINES_MOST];
    size_t n_engines;
    struct house_call *calls;
    uint64_t n_calls;
    unsigned lost_before, lost_after, latency_ms;
    struct {
        const char *host;
        bool answers;
    } probes[PROBES_MOST];
    size_t n_probes;
    struct dr_cond moved; /* something was sent: engines have more to do */
};

struct controller {
    struct house *h;
    char name[32];
    struct dr_env *env;
    struct drstor *d;
    struct office *office; /* NULL: the house itself */
    struct dr_store_world *store;
    uint64_t passed, doom;
    bool dead;
};

enum { OFFICES_MOST = 4 };

struct office {
    struct house *h;
    struct dr_model model;
    struct dr_store_world *store;
    struct dr_store *look;
    struct dr_env *desk; /* the process in which messages are taken */
    struct office *to;   /* is told what is stored here; NULL: nobody is */
};

struct house {
    const struct house_plan *plan;
    uint64_t seed;
    struct dr_env *env;
    struct dr_arena *arena;
    struct sim_world *world;
    struct dr_store_world *store;
    struct dr_store *look;
    struct house_wire net;
    struct controller *controllers[CONTROLLERS_MOST];
    size_t n_controllers;
    struct office *offices[OFFICES_MOST];
    size_t n_offices;
    enum office_wire office_wire;
    unsigned office_latency_ms;
    struct errand **errands;
    struct dr_mailbox **ends; /* of each of them */
    size_t n_errands, cap_errands, cap_ends;
    uint64_t draws;
    void (*asked)(struct controller *c, const char *plan_json, void *user);
    void *asked_user;
    int (*program)(struct controller *c, const struct dr_program *p, struct dr_program_end *ret,
                   struct drstor_error **err);
    struct dr_cancel over;
    bool quiet;
    struct dr_str history;
};

/* O NULL: of the house itself. */
struct controller *house_controller_of(struct house *h, struct office *o, const char *name);
void house_offices_clear(struct house *h);
/* dr_parts.mirror, of a controller. */
int house_office_tell(void *controller, const struct dr_parts *parts, const struct dr_str *text,
                      uint64_t deadline_ns, struct dr_arena *a, const char **ret_answer,
                      struct drstor_error **err);

bool house_wire_init(struct house *h);
void house_wire_clear(struct house *h);
void house_wire_forget(struct house *h, const struct dr_env *process);
/* A task: lets engines go on until h->over. */
void house_wire_task(void *house);

#endif
