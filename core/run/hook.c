/*
 * Hooks: programs of the configuration around a step, as DNS and load balancers want them. Nothing
 * can be read back of what they do, so each is a row beside its step, written before it begins; one
 * whose end is not known counts as not done, and runs again when its step does.
 */
#include "run/internal.h"

#include "net/program.h"
#include "plan/hook.h"

#include "base/mem.h"
#include "base/redact.h"
#include "base/str.h"
#include "model/words.h"

#include <stdlib.h>
#include <string.h>

/* Of what it says, the end is kept; one that says more than it may is not to be trusted. */
enum { OUT_MOST = 1024 * 1024, SAID_MOST = 1024, LINES_MOST = 5 };

struct hooked {
    struct dr_run *run;
    const struct dr_step *step;
    const struct dr_hook *hook;
    const char *where; /* "before drain of erp" */
    struct dr_arena *a;
    struct dr_step_row row;
};

static int
keep(struct hooked *k, const char *state, struct json_object *answer, struct drstor_error **err)
{
    struct dr_store *st = k->run->s->store;
    k->row.state = state;
    k->row.answer = answer ? dr_arena_str(k->a, dr_json_text(answer)) : NULL;
    if (answer)
        k->row.answered = dr_stamp_now(k->run->s->env);
    int r = dr_store_begin(st, err);
    if (r < 0)
        return r;
    r = dr_store_guard(st, k->step->group->name, k->step->token, err);
    if (r == DRSTOR_OK)
        r = dr_store_step_put(st, &k->row, err);
    if (r < 0) {
        dr_store_rollback(st);
        return r;
    }
    return dr_store_commit(st, err);
}

static int
begin(struct hooked *k, size_t at, struct drstor_error **err)
{
    struct dr_step_row *rows = NULL;
    size_t n = 0;
    const struct dr_hook *h = k->hook;
    const char *id = dr_arena_printf(k->a, "hook:%zu:%s", at + 1, k->step->plan->id);
    int r = dr_store_step_list(k->run->s->store, k->a, k->run->id, &rows, &n, err);
    if (r < 0)
        return r;
    k->row = (struct dr_step_row){.run = k->run->id, .id = id};
    for (size_t i = 0; i < n; i++)
        if (dr_streq(rows[i].id, id))
            k->row.attempt = rows[i].attempt;
    k->row.attempt++;
    dr_map_clear(&dr_stamp_type, &k->row.answered);
    k->row.started = k->row.sent = dr_stamp_now(k->run->s->env);
    k->row.deadline = k->row.answered;
    dr_auto(dr_json_putp) struct json_object *intent = json_object_new_object();
    dr_json_set_str(intent, "program", h->run[0]);
    dr_json_set_str(intent, "where", k->where);
    dr_json_set_str(intent, "group", k->step->group->name);
    dr_json_set_str(intent, "on_failure", dr_name(&dr_hook_verdict_names, (int)h->on_failure));
    k->row.intent = dr_arena_str(k->a, dr_json_text(intent));
    return keep(k, "sent", NULL, err);
}

/* The last lines of what it said, without secrets, and without what a terminal would obey. */
static const char *
last_lines(struct dr_arena *a, const char *out, size_t n)
{
    while (n && (out[n - 1] == '\n' || out[n - 1] == '\r'))
        n--;
    size_t from = n, lines = 0;
    while (from && n - from < SAID_MOST && (out[from - 1] != '\n' || ++lines < LINES_MOST))
        from--;
    char *said = dr_arena_strn(a, out + from, n - from);
    for (char *c = said; *c; c++)
        if (((unsigned char)*c < 32 && *c != '\n') || *c == 127)
            *c = '?';
    dr_redact(said);
    return said;
}

static const char *
variable(struct dr_arena *a, const char *name, const char *value)
{
    return dr_arena_printf(a, "DRSTOR_%s=%s", name, value ? value : "");
}

static int
carry_out(struct hooked *k, const struct dr_cancel *cancel, struct dr_program_end *ret,
          struct drstor_error **err)
{
    const struct dr_run_setup *setup = k->run->s;
    const struct dr_step *s = k->step;
    const struct dr_hook *h = k->hook;
    uint64_t until = dr_now_ns(setup->env) + (uint64_t)h->timeout_s * DR_S;
    const char *env[] = {
        variable(k->a, "RUN", k->run->id),
        variable(k->a, "VERB", dr_name(&dr_verb_names, (int)k->run->plan.goal.verb)),
        variable(k->a, "WHEN", h->before ? "before" : "after"),
        variable(k->a, "STEP", h->step),
        variable(k->a, "STEP_ID", s->plan->id),
        variable(k->a, "GROUP", s->group->name),
        variable(k->a, "SITE", s->plan->site),
        variable(k->a, "FROM", s->old ? s->old->site->name : NULL),
        variable(k->a, "TO", s->target ? s->target->site->name : NULL),
        variable(k->a, "ATTEMPT", dr_arena_printf(k->a, "%lld", (long long)k->row.attempt)),
    };
    const struct dr_program p = {.run = h->run,
                                 .n_run = h->n_run,
                                 .env = env,
                                 .n_env = DR_COUNT(env),
                                 .out_most = OUT_MOST,
                                 .deadline_ns =
                                     until < setup->deadline_ns ? until : setup->deadline_ns,
                                 .cancel = cancel};
    return setup->program(setup->user, &p, ret, err);
}

/* What it said and how it ended, in its row; the sentence in ERR when that was not well. */
static int
note_end(struct hooked *k, int r, const struct dr_program_end *end, struct drstor_error **err)
{
    dr_auto(dr_error_freep) struct drstor_error *kept = NULL;
    dr_auto(dr_json_putp) struct json_object *o = json_object_new_object();
    if (r == DRSTOR_OK) {
        const char *out = last_lines(k->a, end->out ? end->out : "", end->n_out);
        const char *words = last_lines(k->a, end->words, strlen(end->words));
        dr_json_set_i64(o, "code", end->code);
        dr_json_set_str(o, "said",
                        dr_arena_printf(k->a, "%s%s%s", out, *out && *words ? "\n" : "", words));
        if (end->code != 0) {
            const char *line = strrchr(out, '\n');
            const char *last = *words ? words : line ? line + 1 : out;
            r = dr_fail(err, DRSTOR_E_REFUSED, "hook %s %s ended with %d%s%s", k->hook->run[0],
                        k->where, end->code, *last ? ": " : "", last);
        }
    } else {
        r = dr_context(err, r, "hook %s", k->where);
    }
    if (r < 0)
        dr_json_set_str(o, "error", dr_error_message(*err));
    bool open = r == DRSTOR_E_UNKNOWN || r == DRSTOR_E_CANCELLED;
    int e = keep(k, r == DRSTOR_OK ? "done" : open ? "unknown" : "failed", o, &kept);
    if (e < 0 && r == DRSTOR_OK) { /* done, and nobody would know */
        dr_error_move(err, &kept);
        return e;
    }
    return r;
}

int
dr_hook_run(const struct dr_step *step, size_t at, const struct dr_cancel *cancel,
            struct dr_arena *a, struct drstor_error **err)
{
    struct dr_run *run = step->run;
    const struct dr_hook *h = &run->s->model->hooks[at];
    struct hooked k = {.run = run, .step = step, .hook = h, .a = a};
    struct dr_program_end end = {.code = -1};
    k.where = dr_arena_printf(a, "%s %s of %s", h->before ? "before" : "after", h->step,
                              step->group->name);
    int r = begin(&k, at, err);
    if (r < 0)
        return r;
    DR_FP("hook.intent");
    dr_run_event(run, step, "hook", "%s %s", h->run[0], k.where);
    r = carry_out(&k, cancel, &end, err);
    DR_FP("hook.ended");
    r = note_end(&k, r, &end, err);
    dr_program_end_clear(&end);
    return r;
}

static enum dr_step_end
end_of(int status)
{
    /* It ran and said no, or could not be run: that is known. */
    return status == DRSTOR_E_INVALID || status == DRSTOR_E_UNREACHABLE
               ? DR_STEP_END_FAILED
               : dr_step_end_of_status(status);
}

enum dr_step_end
dr_hooks_at(struct dr_step *s, bool before)
{
    const struct dr_model *m = s->run->s->model;
    for (size_t i = 0; dr_hook_of_operation(s->flip->operation) && i < m->n_hooks; i++) {
        const struct dr_hook *h = &m->hooks[i];
        dr_auto(dr_error_freep) struct drstor_error *err = NULL;
        if (!dr_hook_at_step(h, s->plan->kind, before))
            continue;
        if (dr_step_must_stop(s))
            return dr_step_stopped(s);
        int r = dr_hook_run(s, i, s->run->s->cancel, s->arena, &err);
        if (r == DRSTOR_E_CANCELLED || (r < 0 && dr_step_must_stop(s)))
            return dr_step_stopped(s);
        if (r == DRSTOR_OK)
            continue;
        if (h->on_failure == DR_HOOK_WARN) {
            dr_run_event(s->run, s, "warning", "%s; going on", dr_error_message(err));
            continue;
        }
        dr_hint(&err, "put it right, then resume the run: hooks of a step that has not ended run "
                      "again");
        return dr_step_fail(s, end_of(r), &err);
    }
    return DR_STEP_END_DONE;
}
