/*
 * Looking at the engine, beside the calls to it. A look costs as little as what is expected to have
 * moved: all there is once, domains and what they offer after a call about them, else the VMs.
 */
#include "run/stage_internal.h"

#include "base/str.h"

/* A look that is not waited for takes no more than a fifth of the time. */
enum { LOOK_REST = 4 };
/* What nobody of us touched moves by other hands, and by the engine's own. */
static const uint64_t domains_again_ns = 30 * DR_S;

struct look {
    struct posted head;
    struct stage *st;
    struct dr_rhv *rhv;
    struct dr_rhv_inventory_options options;
    struct dr_arena *arena;
    struct dr_inventory now;
    uint64_t began_ns;
    int status;
    struct drstor_error *err;
};

static void
look_main(void *arg)
{
    struct look *l = arg;
    const struct dr_rhv_how how = {.cancel = &l->st->cancel};
    l->status = dr_rhv_inventory(l->rhv, &how, &l->options, l->arena, &l->now, &l->err);
    dr_mailbox_post(l->st->box, l);
}

static void
look_free(struct look *l)
{
    dr_arena_free(l->arena);
    dr_error_free(l->err);
    free(l);
}

void
dr_look_begin(struct stage *st, bool offers, bool drill, bool closing)
{
    struct look *l = dr_new0(struct look);
    uint64_t now = dr_now_ns(st->run->s->env);
    bool domains = closing || !st->have_seen || st->domains_moved || !offers ||
                   now - st->domains_seen_ns >= domains_again_ns;
    l->head.kind = POSTED_LOOK;
    l->st = st;
    l->rhv = st->rhv;
    l->arena = dr_arena_new();
    l->began_ns = now;
    l->options.offers = offers;
    l->options.parts = drill;
    dr_map_clear(&dr_inventory_type, &l->now);
    if (st->have_base && !domains)
        l->options.light = &st->seen;
    else if (st->have_base)
        l->options.light = &st->base;
    l->options.vms_only = st->have_base && !domains;
    if (!closing && st->have_seen && !st->offers_moved)
        l->options.offers_from = &st->seen;
    if (domains) {
        st->domains_moved = st->offers_moved = false; /* by what is answered from here on */
        st->domains_seen_ns = now;
    }
    st->answered = false;
    st->looking = true;
    dr_spawn(st->run->s->env, look_main, l);
}

static void
keep_base(struct stage *st)
{
    dr_map_copy(st->arena, &dr_inventory_type, &st->seen, &st->base);
    st->have_base = true;
    st->base_vms = (struct dr_index){0};
    for (size_t i = 0; i < st->base.n_vms; i++)
        (void)dr_index_put(st->arena, &st->base_vms, st->base.vms[i].id, i);
}

int
dr_look_end(struct stage *st, void *look, struct drstor_error **err)
{
    struct look *l = look;
    int r = l->status;
    uint64_t now = dr_now_ns(st->run->s->env);
    st->looking = false;
    st->look_ended_ns = now;
    st->look_took_ns = now - l->began_ns;
    if (r < 0) {
        st->domains_moved = st->offers_moved = true; /* it may have been about them */
        dr_error_move(err, &l->err);
    } else {
        dr_arena_free(st->seen_arena);
        st->seen_arena = dr_steal(l->arena);
        st->seen = l->now;
        st->seen_ns = l->began_ns;
        st->have_seen = true;
        if (!l->options.light)
            keep_base(st);
    }
    look_free(l);
    return r;
}

/* HUNGRY: there is room for more calls than are known. */
uint64_t
dr_look_due(const struct stage *st, bool hungry, uint64_t pause)
{
    if (!st->have_seen && !st->look_ended_ns)
        return 0;
    if (st->answered)
        pause = hungry ? 0 : LOOK_REST * st->look_took_ns;
    return st->look_ended_ns + pause;
}

void
dr_look_forget(struct stage *st)
{
    dr_arena_free(st->seen_arena);
    st->seen_arena = NULL;
    st->have_seen = st->have_base = false;
    st->look_ended_ns = 0;
}
