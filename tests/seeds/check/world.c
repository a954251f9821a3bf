/* Arrays and hosts: what was sent, what came of it, and what is so then. */
#include "state.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- one event of the world ------------------------------------------------------------------ */

/* S11: what a call of a drill changed beside its clone. */
static void
drill_touches(struct check *c, uint32_t group, bool changed)
{
    const struct run *run = c->called && c->call.group == group ? check_run(c, c->call_run) : NULL;
    if (changed && run && run->drill)
        check_break(c, CHECK_S11, "group %u: a drill changed more than its clone: %s", group,
                    c->call_run);
}

static void
told_member(struct check *c, const struct sim_trace_entry *e)
{
    struct group *g = &c->groups[e->group];
    struct copy *copy = &g->copies[e->copy];
    struct member *m = &copy->members[e->member];
    struct content new = {e->segment, e->count}, old = m->content;
    struct member before = *m;
    if (e->member >= g->n_members)
        g->n_members = e->member + 1;
    *m = before;
    m->known = true;
    m->access = e->access;
    m->exposed = e->exposed;
    m->writers = e->writers;
    m->content = new;
    m->at_ns = e->at_ns;
    if (e->segment < SEGMENTS &&
        (!before.known || e->segment != old.segment || e->count != old.count))
        g->segments[e->member][e->segment].written_ns = e->at_ns;
    if (!before.known)
        return;
    if (!check_holds(g, e->member, new, old))
        check_overwritten(c, g, e->copy, e->member, old, new);
    bool by_call =
        c->called && c->call.group == e->group && c->call.copy == e->copy &&
        (c->call.op == SIM_TRACE_OP_SET_ACCESS || c->call.op == SIM_TRACE_OP_FORCE_ACCESS);
    if (e->access == READ_WRITE && before.access != READ_WRITE && by_call) {
        m->basis_open = check_complete(g, e->copy, e->member);
        m->basis_ns = m->basis_open ? g->segments[e->member][e->segment].written_ns : e->at_ns;
        if (copy->is_source)
            m->basis_ns = 0;
        m->own = before.was_written &&
                 new.segment == before.left.segment &&new.count == before.left.count;
        check_loss(c, g, e->copy, e->member);
    }
    drill_touches(c, e->group,
                  e->access != before.access || e->exposed != before.exposed ||
                      e->segment != old.segment || e->count != old.count);
    if (e->access != READ_WRITE)
        m->basis_ns = 0;
    if (e->access != READ_WRITE && before.access == READ_WRITE) {
        m->was_written = true;
        m->left = new;
    }
    if (e->writers > before.writers)
        for (uint32_t i = 0; i < g->n_members; i++)
            if (copy->members[i].access != READ_WRITE) {
                check_break(c, CHECK_S4,
                            "group %u: an application started while a volume of it is not "
                            "writable",
                            e->group);
                break;
            }
}

/* Both legs can be written, and there is all that keeps it so (S12). */
static bool
both_sites(const struct check *c, const struct group *g)
{
    enum { ALL = SIM_TRACE_PAIR_JOINED | SIM_TRACE_PAIR_LINKED | SIM_TRACE_PAIR_ARBITER };
    bool good = (g->pair & ALL) == ALL;
    for (uint32_t j = 0; good && j < g->n_copies; j++)
        good = c->sites[g->copies[j].site] != SITE_DEAD && check_served(g, g->copies[j].site);
    return good;
}

/* S1, at the end of an event, when everything that belongs to it was told. */
static void
check_dual(struct check *c, uint32_t cause)
{
    for (uint32_t gi = 0; gi < c->n_groups; gi++) {
        struct group *g = &c->groups[gi];
        bool dual = false;
        for (uint32_t i = 0; i < g->n_members; i++) {
            uint32_t can = 0;
            for (uint32_t j = 0; j < g->n_copies; j++) {
                const struct member *m = &g->copies[j].members[i];
                can += m->access == READ_WRITE && m->exposed &&
                       c->sites[g->copies[j].site] != SITE_DEAD;
            }
            /* What is written at one leg is written at the other: they are one. */
            can = g->pair & SIM_TRACE_PAIR_JOINED ? 1 : can;
            dual |= can > 1;
        }
        if (dual && !g->dual && (cause == SIM_CAUSE_GROUND || c->ground))
            c->windows++;
        else if (dual && !g->dual && g->returned)
            c->late_windows++;
        else if (dual && !g->dual && !c->wrong)
            check_break(c, CHECK_S1, "group %u can be written at two sites", gi);
        g->dual = dual;
        if (g->pair)
            check_set(c, &g->both, both_sites(c, g));
        if (c->called && c->call.group == gi)
            check_points(c, g, c->call.copy);
    }
}

/* A takeover writes down once what it sends to many: under which token. */
static const char *
intent_name(const char *op, char own[TEXT])
{
    static const char takeover[] = "takeover/";
    if (strncmp(op, takeover, sizeof(takeover) - 1) != 0)
        return op;
    size_t n = strcspn(op + sizeof(takeover) - 1, "/") + sizeof(takeover) - 1;
    (void)snprintf(own, TEXT, "%.*s", (int)n, op);
    return own;
}

static void
told_sent(struct check *c, const struct sim_trace_entry *e, uint32_t store)
{
    char own[TEXT];
    const struct group *g = &c->groups[e->group];
    const struct entry *in = &g->in[store];
    const char *name = intent_name(e->op_id, own);
    uint32_t intent = check_intent(c, name);
    /* One act may be several calls, one for each volume. */
    bool goes_on = intent < INTENTS && c->sent[intent];
    if (intent < INTENTS)
        c->sent[intent] = true;
    else
        check_break(c, CHECK_S6, "%s was sent and nothing of it was written down", e->op_id);
    if (g->damaged && !goes_on)
        check_break(c, CHECK_S13, "%s was sent over a damaged record", e->op_id);
    if (name == e->op_id && (!in->held || e->token != in->token))
        check_break(c, CHECK_S8, "%s was sent with token %llu, the lock is at %llu%s", e->op_id,
                    (unsigned long long)e->token, (unsigned long long)in->token,
                    in->held ? "" : " and free");
    c->calls[e->call % CALLS].call = e->call;
    c->calls[e->call % CALLS].store = store;
    check_run_id(e->op_id, own);
    const struct run *run = check_run(c, own);
    if (run && run->drill && e->op != SIM_TRACE_OP_TEST_START && e->op != SIM_TRACE_OP_TEST_STOP)
        check_break(c, CHECK_S11, "%s is of a drill, and is neither for its clone nor its end",
                    e->op_id);
}

static uint32_t
store_of(const struct check *c, uint64_t call)
{
    return c->calls[call % CALLS].call == call ? c->calls[call % CALLS].store : c->active;
}

/* S8: of a controller before, or one that was told to be fenced off. */
static void
told_stale(struct check *c, const struct sim_trace_entry *e, struct copy *copy)
{
    if (e->token < copy->token || e->epoch < copy->epoch)
        check_break(c, CHECK_S8,
                    "group %u: an older controller changed a copy: %s, epoch %llu token %llu",
                    e->group, e->op_id, (unsigned long long)e->epoch, (unsigned long long)e->token);
    else if (copy->claimed && store_of(c, e->call) != c->active)
        check_break(c, CHECK_S8,
                    "group %u: a controller that was replaced changed the copy at site %u, which "
                    "was said to refuse it: %s",
                    e->group, copy->site, e->op_id);
    if (e->epoch > copy->epoch)
        copy->epoch_ns = c->now_ns;
    copy->token = e->token > copy->token ? e->token : copy->token;
    copy->epoch = e->epoch > copy->epoch ? e->epoch : copy->epoch;
}

static void
told_effect(struct check *c, const struct sim_trace_entry *e)
{
    struct group *g = &c->groups[e->group];
    struct copy *copy = &g->copies[e->copy];
    c->called = true;
    c->call = *e;
    check_run_id(e->op_id, c->call_run);
    if (e->outcome == REFUSED)
        return;
    told_stale(c, e, copy);
    const struct entry *in = &g->in[store_of(c, e->call)];
    bool opens = (e->op == SIM_TRACE_OP_SET_ACCESS && e->access == READ_WRITE) ||
                 e->op == SIM_TRACE_OP_FORCE_ACCESS;
    if (opens && (!in->recorded || copy->site != in->primary))
        check_break(c, CHECK_S7, "group %u: made writable at site %u, the record says %u: %s",
                    e->group, copy->site, in->primary, e->op_id);
    if (e->op == SIM_TRACE_OP_RESYNC &&
        (e->source >= g->n_copies || !in->recorded || g->copies[e->source].site != in->primary))
        check_break(c, CHECK_S5, "group %u: a resync from a copy that is not the primary: %s",
                    e->group, e->op_id);
}

static void
told_site(struct check *c, const struct sim_trace_entry *e)
{
    for (uint32_t i = 0; c->sites[e->site] == SITE_DEAD && e->state != SITE_DEAD && i < c->n_groups;
         i++) {
        const struct entry *in = &c->groups[i].in[c->active];
        c->groups[i].returned |= in->recorded && in->primary != e->site && in->epoch > 1;
    }
    if (e->state == SITE_UP && c->sites[e->site] != SITE_UP)
        c->up_since_ns[e->site] = c->now_ns;
    c->sites[e->site] = e->state;
    check_set(c, &c->up[e->site], e->state == SITE_UP);
    c->ground = true;
}

void
check_world(struct check *c, const struct sim_trace_entry *e, uint32_t store)
{
    struct group *g = e->group < c->n_groups ? &c->groups[e->group] : NULL;
    switch ((enum sim_trace_kind)e->kind) {
    case SIM_TRACE_SITE:
        told_site(c, e);
        break;
    case SIM_TRACE_COPY:
        if (e->copy >= g->n_copies)
            g->n_copies = e->copy + 1;
        g->copies[e->copy].is_source = e->state != 0;
        g->copies[e->copy].site = e->site;
        drill_touches(c, e->group, true);
        break;
    case SIM_TRACE_PAIR:
        g->pair = e->state;
        break;
    case SIM_TRACE_CLONE:
        if (e->exposed)
            check_break(c, CHECK_S11, "group %u: hosts of production see a clone of it", e->group);
        break;
    case SIM_TRACE_SEGMENT:
        if (e->segment >= SEGMENTS)
            abort();
        g->segments[e->member][e->segment] =
            (struct segment){.parent = e->parent, .fork = e->count};
        break;
    case SIM_TRACE_MEMBER:
        told_member(c, e);
        break;
    case SIM_TRACE_NO_IMAGES:
        g->n_images = 0;
        break;
    case SIM_TRACE_IMAGE:
        if (g->n_images == IMAGES)
            abort();
        g->images[g->n_images++] =
            (struct image){e->member, (struct content){e->segment, e->count}};
        break;
    case SIM_TRACE_SENT:
        told_sent(c, e, store);
        break;
    case SIM_TRACE_EFFECT:
        told_effect(c, e);
        break;
    case SIM_TRACE_END:
        check_dual(c, e->cause);
        c->called = c->ground = false;
        break;
    case SIM_TRACE_UNKNOWN:
        break;
    }
}
