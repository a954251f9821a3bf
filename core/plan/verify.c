#include "plan/verify.h"

#include "plan/loss.h"

#include "base/str.h"
#include "model/words.h"

static const char *const verdicts[] = {"unknown", "dual-verified", "dual-unverified",
                                       "not-active-active"};
const struct dr_names dr_verdict_dual_names = {"verdict", verdicts, DR_COUNT(verdicts)};

struct verify {
    struct dr_arena *a;
    const struct dr_group *g;
    struct dr_check *list;
    size_t n;
};

static void
check(struct verify *v, const char *id, enum drstor_tristate ok, const char *text,
      const char *evidence, const char *remedy)
{
    dr_arena_push(v->a, v->list, v->n) =
        (struct dr_check){id, text, ok, evidence, ok == DRSTOR_TRI_YES ? NULL : remedy, false};
}

static enum drstor_tristate
yes_if(bool known, bool holds)
{
    return !known ? DRSTOR_TRI_UNKNOWN : holds ? DRSTOR_TRI_YES : DRSTOR_TRI_NO;
}

/* ---- one leg --------------------------------------------------------------------------------- */

static enum drstor_tristate
exposure(struct verify *v, const struct dr_copy *c, const struct dr_copy_view *view,
         const char **ret_evidence)
{
    *ret_evidence = "every volume is seen by every host group";
    for (size_t g = 0; g < c->n_expose; g++)
        for (size_t m = 0; m < view->n_members; m++) {
            bool found = false;
            for (size_t p = 0; p < view->members[m].n_paths; p++)
                found |= dr_streq(view->members[m].paths[p].host_group, c->expose[g]);
            if (found)
                continue;
            *ret_evidence = dr_arena_printf(v->a, "volume %s is not shown to %s",
                                            view->members[m].id, c->expose[g]);
            return DRSTOR_TRI_NO;
        }
    if (c->n_expose)
        return DRSTOR_TRI_YES;
    *ret_evidence = "the configuration names no host groups for this copy";
    return DRSTOR_TRI_UNKNOWN;
}

static void
check_leg(struct verify *v, const struct dr_copy *c, const struct dr_copy_facts *f,
          const struct dr_leg_verdict *own)
{
    struct dr_arena *a = v->a;
    const char *site = c->site->name, *array = c->array->name, *evidence;
    if (!f || !f->fresh) {
        check(v, "V01", DRSTOR_TRI_UNKNOWN, dr_arena_printf(a, "the leg at %s can be read", site),
              dr_arena_printf(a, "array %s does not answer for \"%s\"", array, c->id),
              dr_arena_printf(a, "bring array %s back, or correct its configuration", array));
        return;
    }
    const struct dr_copy_view *view = &f->view;
    check(v, "V01", yes_if(true, view->n_members > 0),
          dr_arena_printf(a, "the leg at %s can be read", site),
          dr_arena_printf(a, "array %s shows %zu volumes", array, view->n_members),
          dr_arena_printf(a, "see at array %s what became of the group", array));
    check(v, "V02", yes_if(view->access != DRSTOR_ACCESS_UNKNOWN, dr_view_writable(view)),
          dr_arena_printf(a, "every volume at %s takes writes", site),
          dr_arena_printf(a, "array %s: %s", array, dr_name(&dr_access_names, (int)view->access)),
          dr_arena_printf(a,
                          "see at array %s why it is not writable; a detached leg has to be "
                          "brought back by its administrator",
                          array));
    check(v, "V03", yes_if(view->sync != DRSTOR_SYNC_UNKNOWN, view->sync == DRSTOR_SYNC_IN_SYNC),
          dr_arena_printf(a, "the leg at %s is in sync, and no rebuild runs", site),
          dr_arena_printf(a, "array %s: %s", array, dr_name(&dr_sync_names, (int)view->sync)),
          "wait until the rebuild is over, or repair the link between the arrays");
    check(
        v, "V04",
        yes_if(view->relation != DRSTOR_RELATION_UNKNOWN, view->relation == DRSTOR_RELATION_MUTUAL),
        dr_arena_printf(a, "the leg at %s takes part in dual write", site),
        dr_arena_printf(a, "array %s: relation %s", array,
                        dr_name(&dr_relation_names, (int)view->relation)),
        "make the pair active-active at the arrays, or the group active-passive here");
    enum drstor_tristate seen = exposure(v, c, view, &evidence);
    check(v, "V05", seen, dr_arena_printf(a, "hosts of %s see every volume", site), evidence,
          c->n_expose ? dr_arena_printf(a, "expose it at array %s", array)
                      : "name the host groups in the configuration (`expose:`)");
    check(v, "V07",
          yes_if(view->arbiter != DRSTOR_ARBITER_UNKNOWN, view->arbiter == DRSTOR_ARBITER_OK),
          dr_arena_printf(a, "the arbiter is there for the leg at %s", site),
          dr_arena_printf(a, "array %s: arbiter %s", array,
                          dr_name(&dr_arbiter_names, (int)view->arbiter)),
          "repair the witness, mediator or quorum device: without it a site failure may stop both "
          "legs");
    check(v, "V08", yes_if(view->preferred != NULL, true),
          dr_arena_printf(a, "the array at %s says which leg goes on when they part", site),
          view->preferred ? dr_arena_printf(a, "array %s: %s", array, view->preferred)
                          : dr_arena_printf(a, "array %s names none", array),
          "set the preferred side, or the rule that decides it, at the arrays");
    check(v, "V09", own->fine, dr_arena_printf(a, "array %s itself finds dual write sound", array),
          own->text ? own->text : "it raised no objection",
          dr_arena_printf(a, "put right what array %s names", array));
    if (own->probe)
        check(v, "V10", own->probed, dr_arena_printf(a, "a write at %s arrived", site),
              own->probe_text ? own->probe_text : "written and read back",
              "tag a volume as probe at the array, or leave --probe out");
}

/* ---- both ------------------------------------------------------------------------------------ */

/* Hosts must see one volume under one name at both sites, or they see two. */
static void
check_names(struct verify *v, const struct dr_facts *facts)
{
    const char *text = "a volume has the same WWID at both sites";
    const char *remedy = "give the pair one identity at the arrays; hosts must see one volume";
    const struct dr_copy_facts *first = NULL;
    for (size_t i = 0; i < v->g->n_copies; i++) {
        const struct dr_copy_facts *f =
            dr_facts_copy(facts, v->g->name, v->g->copies[i].site->name);
        if (!f || !f->fresh) {
            check(v, "V06", DRSTOR_TRI_UNKNOWN, text, "not every leg can be read", remedy);
            return;
        }
        if (!first) {
            first = f;
            continue;
        }
        for (size_t m = 0; m < first->view.n_members; m++) {
            const struct dr_member *a = &first->view.members[m], *b = NULL;
            for (size_t k = 0; k < f->view.n_members; k++)
                if (dr_streq(f->view.members[k].id, a->pair) ||
                    dr_streq(f->view.members[k].pair, a->id))
                    b = &f->view.members[k];
            if (b && a->wwid && b->wwid && dr_streq(a->wwid, b->wwid))
                continue;
            bool known = b && a->wwid && b->wwid;
            check(v, "V06", known || !b ? DRSTOR_TRI_NO : DRSTOR_TRI_UNKNOWN, text,
                  b ? dr_arena_printf(v->a, "volume %s is %s at %s and %s at %s", a->id,
                                      a->wwid ? a->wwid : "unknown", first->site,
                                      b->wwid ? b->wwid : "unknown", f->site)
                    : dr_arena_printf(v->a, "volume %s has no pair at %s", a->id, f->site),
                  remedy);
            return;
        }
    }
    check(v, "V06", DRSTOR_TRI_YES, text, "every pair is one volume to its hosts", remedy);
}

enum dr_verdict_dual
dr_verify_dual(struct dr_arena *a, const struct dr_group *g, const struct dr_facts *facts,
               const struct dr_leg_verdict *legs, struct dr_check **ret, size_t *ret_n)
{
    struct verify v = {.a = a, .g = g};
    enum dr_verdict_dual verdict = DR_DUAL_VERIFIED;
    *ret = NULL;
    *ret_n = 0;
    if (g->topology != DR_TOPOLOGY_ACTIVE_ACTIVE)
        return DR_DUAL_NOT_ACTIVE_ACTIVE;
    for (size_t i = 0; i < g->n_copies; i++)
        check_leg(&v, &g->copies[i], dr_facts_copy(facts, g->name, g->copies[i].site->name),
                  &legs[i]);
    check_names(&v, facts);
    for (size_t i = 0; i < v.n; i++) {
        if (v.list[i].ok == DRSTOR_TRI_NO)
            verdict = DR_DUAL_UNVERIFIED;
        else if (v.list[i].ok == DRSTOR_TRI_UNKNOWN && verdict == DR_DUAL_VERIFIED)
            verdict = DR_DUAL_UNKNOWN;
    }
    *ret = v.list;
    *ret_n = v.n;
    return verdict;
}
