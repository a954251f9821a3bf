/*
 * The standby is told what is stored here. Its answer is also the question whether this is still
 * the active controller: silence stops nothing, since the standby may be gone with its site; a
 * definite no stops everything.
 */
#include "library/internal.h"

#include "base/failpoint.h"
#include "base/str.h"
#include "base/timetext.h"
#include "net/program.h"

#include <string.h>

enum { ANSWER_MOST = 64 * 1024, RESTS = 3 /* times the time-out */ };

/* ---- one message, and its answer ------------------------------------------------------------- */

static int
send_by_program(struct session *s, const struct dr_str *text, uint64_t deadline_ns,
                struct dr_arena *a, const char **ret_answer, struct drstor_error **err)
{
    const struct dr_mirror *m = &s->d->model->mirror;
    const struct dr_program p = {.run = m->run,
                                 .n_run = m->n_run,
                                 .in = text->s,
                                 .n_in = text->n,
                                 .out_most = ANSWER_MOST,
                                 .deadline_ns = deadline_ns,
                                 .cancel = &s->d->cancel};
    struct dr_program_end end;
    int r = dr_program_run(s->d->env, &p, &end, err);
    if (r < 0)
        return r;
    *ret_answer = dr_arena_str(a, end.out);
    if (!*end.out)
        r = dr_fail(err, DRSTOR_E_UNKNOWN, "program %s ended with %d and no answer%s%s", m->run[0],
                    end.code, *end.words ? ": " : "", end.words);
    dr_program_end_clear(&end);
    return r;
}

struct heard {
    enum dr_mirror_result result;
    struct dr_audit_head head;
    struct dr_controller controller;
    const char *text;
};

static int
read_answer(struct dr_arena *a, const char *answer, struct heard *ret, struct drstor_error **err)
{
    dr_auto(dr_json_putp) struct json_object *o = NULL;
    size_t n = strlen(answer);
    while (n && (answer[n - 1] == '\n' || answer[n - 1] == '\r'))
        n--;
    dr_map_clear(&dr_controller_type, &ret->controller);
    if (dr_json_parse(answer, n, &dr_json_small, &o, NULL) < 0)
        return dr_fail(err, DRSTOR_E_PROTOCOL, "its answer is none of drstor journal import");
    const char *word = dr_json_str(o, "result"), *hash = dr_json_str(o, "hash");
    int result = word ? dr_name_value(&dr_mirror_result_names, word) : -1;
    if (result <= 0 || !dr_json_i64(o, "seq", &ret->head.seq))
        return dr_fail(err, DRSTOR_E_PROTOCOL, "its answer is none of drstor journal import");
    if (hash && strlen(hash) == 64)
        memcpy(ret->head.hash, hash, sizeof(ret->head.hash));
    ret->result = (enum dr_mirror_result)result;
    ret->text = dr_arena_str(a, dr_json_str(o, "text"));
    struct json_object *c = dr_json_get(o, "controller");
    return c ? dr_map_read(a, &dr_controller_type, c, false, &ret->controller, err) : DRSTOR_OK;
}

static struct dr_controller
sender(const struct session *s)
{
    const struct dr_model *m = s->d->model;
    struct dr_controller c = s->here;
    if (!c.active) {
        c.active = m->controller_name;
        c.site = m->controller_site ? m->controller_site->name : NULL;
    }
    return c;
}

static int
exchange(struct session *s, struct dr_arena *a, int64_t after, struct dr_audit_head *ret_head,
         struct heard *ret, struct drstor_error **err)
{
    dr_auto(dr_str_freep) struct dr_str text = {0};
    const struct dr_controller me = sender(s);
    const char *answer = NULL;
    uint64_t deadline = dr_now_ns(s->d->env) + (uint64_t)s->d->model->mirror.timeout_s * DR_S;
    int r = dr_store_mirror(s->store, &me, after, &text, ret_head, err);
    if (r < 0)
        return r;
    DR_FP("mirror.send");
    r = s->d->parts.mirror
            ? s->d->parts.mirror(s->d->parts.user, &s->d->parts, &text, deadline, a, &answer, err)
            : send_by_program(s, &text, deadline, a, &answer, err);
    DR_FP("mirror.sent");
    return r < 0 ? r : read_answer(a, answer, ret, err);
}

/* ---- what follows from it -------------------------------------------------------------------- */

/* It is on record here before anybody is told: no later command of this controller acts. */
static int
replaced(struct session *s, const struct heard *h, struct drstor_error **err)
{
    dr_auto(dr_arena_freep) struct dr_arena *a = dr_arena_new();
    struct dr_controller c = h->controller;
    struct dr_refusal refusal;
    c.begun = false; /* whether it has come to its end is no matter here */
    const struct dr_audit entry = {.who = dr_actor_self(s->d->env, a, s->d->origin),
                                   .what = "taken over",
                                   .outcome = c.active,
                                   .detail = h->text};
    if (!c.active || dr_streq(c.active, s->d->model->controller_name))
        return dr_fail(err, DRSTOR_E_PROTOCOL, "the standby does not say who has taken over");
    int r = dr_store_begin(s->store, err);
    if (r < 0)
        return r;
    r = dr_store_controller_set(s->store, &c, err);
    if (r == DRSTOR_OK)
        r = dr_store_audit(s->store, &entry, NULL, err);
    if (r < 0) {
        dr_store_rollback(s->store);
        return r;
    }
    r = dr_store_commit(s->store, err);
    if (r < 0)
        return r;
    if (!dr_role_refuses(a, s->d->model, &c, &refusal))
        return DRSTOR_OK;
    r = dr_refuse(err, "R052", "%s (%s)", refusal.text, refusal.evidence);
    dr_hint(err, "%s", refusal.remedy);
    return r;
}

static const char *
behind_text(struct dr_arena *a, const struct dr_mirror_state *m)
{
    return dr_arena_printf(a, "the standby is behind since %s, after audit line %lld: %s",
                           dr_utc_text(a, m->behind_since), (long long)m->seq,
                           m->why ? m->why : "it does not answer");
}

/* A store that cannot note it is told by the next write of the run itself. */
static const char *
note_behind(struct session *s, struct dr_arena *a, struct dr_mirror_state *m, const char *why)
{
    bool known = m->behind_since >= 0 && dr_streq(m->why, why);
    if (m->behind_since < 0)
        m->behind_since = dr_now_utc(s->d->env);
    m->why = why;
    if (!known)
        (void)dr_store_mirror_note(s->store, m, NULL);
    pthread_mutex_lock(&s->mirror.lock);
    s->mirror.rests_until_ns =
        dr_now_ns(s->d->env) + RESTS * (uint64_t)s->d->model->mirror.timeout_s * DR_S;
    pthread_mutex_unlock(&s->mirror.lock);
    return behind_text(a, m);
}

static int
note_followed(struct session *s, struct dr_mirror_state *m, int64_t seq, struct drstor_error **err)
{
    bool news = m->seq != seq || m->behind_since >= 0 || m->at < 0;
    *m = (struct dr_mirror_state){
        .seq = seq, .at = dr_now_utc(s->d->env), .behind_since = -1, .why = NULL};
    return news ? dr_store_mirror_note(s->store, m, err) : DRSTOR_OK;
}

static int
tell(struct session *s, struct dr_arena *a, const char **ret_said, struct drstor_error **err)
{
    enum { TRIES = 3 };
    struct dr_mirror_state m;
    const char *why = "it has less of the journal each time it is asked";
    int r = dr_store_mirror_state(s->store, a, &m, err);
    if (r < 0)
        return r;
    int64_t after = m.seq;
    for (int i = 0; i < TRIES; i++) {
        dr_auto(dr_error_freep) struct drstor_error *trouble = NULL;
        struct dr_audit_head head;
        struct heard h = {0};
        r = exchange(s, a, after, &head, &h, &trouble);
        if (r < 0) {
            why = dr_arena_str(a, dr_error_message(trouble));
            break;
        }
        if (h.result == DR_MIRRORED_TAKEN_OVER)
            return replaced(s, &h, err);
        if (h.result == DR_MIRRORED_DONE && h.head.seq == head.seq &&
            strcmp(h.head.hash, head.hash) != 0) {
            why = "its store is not a copy of this one; move it aside there";
            break;
        }
        if (h.result == DR_MIRRORED_DONE)
            return note_followed(s, &m, head.seq, err);
        if (h.result == DR_MIRRORED_GAP) {
            after = h.head.seq; /* what it has: it may have lost its store */
            continue;
        }
        why =
            dr_arena_printf(a, "it does not take it: %s", h.text ? h.text : "it does not say why");
        break;
    }
    *ret_said = note_behind(s, a, &m, why);
    return DRSTOR_OK;
}

/* True: it is ours to tell it now; otherwise it was silent a moment ago, or may not be asked. */
static bool
may_tell(struct session *s)
{
    const struct dr_mirror *m = &s->d->model->mirror;
    if (m->site && dr_contact_forbidden(s->contact, m->site->name))
        return false;
    pthread_mutex_lock(&s->mirror.lock);
    while (s->mirror.busy)
        dr_cond_wait(&s->mirror.idle, &s->mirror.lock, UINT64_MAX, NULL);
    bool rests = dr_now_ns(s->d->env) < s->mirror.rests_until_ns;
    s->mirror.busy = !rests;
    pthread_mutex_unlock(&s->mirror.lock);
    return !rests;
}

int
dr_session_mirror(struct session *s, struct dr_arena *a, const char **ret_said,
                  struct drstor_error **err)
{
    const struct dr_model *m = s->d->model;
    *ret_said = NULL;
    if ((!m->mirror.n_run && !s->d->parts.mirror) || !s->writes ||
        !dr_controller_acts(&s->here, m->controller_name, m->controller_standby) || !may_tell(s))
        return DRSTOR_OK;
    dr_auto(dr_error_freep) struct drstor_error *why = NULL;
    int r = s->mirror.replaced ? DRSTOR_E_REFUSED : tell(s, a, ret_said, &why);
    if (r == DRSTOR_E_REFUSED && !s->mirror.replaced && dr_streq(dr_error_rule(why), "R052"))
        s->mirror.replaced = dr_error_copy(why);
    if (r < 0 && err)
        *err = dr_error_copy(why ? why : s->mirror.replaced);
    pthread_mutex_lock(&s->mirror.lock);
    s->mirror.busy = false;
    dr_cond_wake(&s->mirror.idle);
    pthread_mutex_unlock(&s->mirror.lock);
    return r;
}

/* ---- for people ------------------------------------------------------------------------------ */

struct json_object *
dr_session_mirror_json(struct session *s)
{
    const struct dr_model *model = s->d->model;
    struct dr_mirror_state m;
    if ((!model->mirror.n_run && !s->d->parts.mirror) || !s->store ||
        dr_store_mirror_state(s->store, s->arena, &m, NULL) < 0)
        return NULL;
    struct json_object *o = json_object_new_object();
    dr_json_set_i64(o, "seq", m.seq);
    dr_json_set_str(o, "at", m.at < 0 ? NULL : dr_utc_text(s->arena, m.at));
    if (m.behind_since >= 0) {
        dr_json_set_str(o, "behind_since", dr_utc_text(s->arena, m.behind_since));
        dr_json_set_str(o, "text", behind_text(s->arena, &m));
    } else if (m.at < 0) {
        dr_json_set_str(o, "text", "the standby was never told anything yet");
    }
    return o;
}

struct json_object *
dr_session_controller_json(struct session *s)
{
    const struct dr_model *m = s->d->model;
    const struct dr_controller *c = &s->here;
    struct dr_refusal refusal;
    bool acts = !dr_role_refuses(s->arena, m, c, &refusal);
    struct json_object *o = json_object_new_object();
    dr_json_set_str(o, "name", m->controller_name);
    dr_json_set_str(o, "site", m->controller_site ? m->controller_site->name : NULL);
    dr_json_set_str(o, "role", m->controller_standby ? "standby" : "active");
    dr_json_set_bool(o, "active", acts);
    if (c->active) {
        dr_json_set_str(o, "controller", c->active);
        dr_json_set_i64(o, "term", c->term);
        dr_json_set_str(o, "since", c->since < 0 ? NULL : dr_utc_text(s->arena, c->since));
        dr_json_set_str(o, "before", c->before);
    }
    if (!acts)
        dr_json_set_str(o, "text",
                        dr_arena_printf(s->arena, "%s (%s); %s", refusal.text, refusal.evidence,
                                        refusal.remedy));
    else if (m->controller_standby)
        dr_json_set_str(
            o, "text",
            dr_arena_printf(
                s->arena,
                "%s has taken over and is the active controller, although %s still says "
                "role: standby: change it there",
                m->controller_name, m->file ? m->file : "the configuration"));
    dr_json_set(o, "mirror", dr_session_mirror_json(s));
    return o;
}

/* ---- the other end --------------------------------------------------------------------------- */

int
drstor_journal_import(struct drstor *d, const char *lines, size_t n, char **ret_json,
                      struct drstor_error **err)
{
    dr_auto(dr_arena_freep) struct dr_arena *a = dr_arena_new();
    dr_auto(dr_store_closep) struct dr_store *store = NULL;
    struct dr_mirrored m;
    int r = d->parts.store(d->parts.user, &d->parts, DR_STORE_WRITE, &store, err);
    if (r < 0)
        return r;
    r = dr_store_import(store, a, d->model->controller_name, d->model->controller_standby, lines, n,
                        &m, err);
    if (r < 0)
        return r;
    struct json_object *o = dr_report_new();
    dr_json_set_str(o, "result", dr_name(&dr_mirror_result_names, (int)m.result));
    dr_json_set_i64(o, "seq", m.head.seq);
    dr_json_set_str(o, "hash", m.head.seq ? m.head.hash : NULL);
    dr_json_set_str(o, "text", m.text);
    dr_json_set_str(o, "hint", m.hint);
    if (m.controller.active)
        dr_json_set(o, "controller", dr_map_write(&dr_controller_type, &m.controller));
    dr_json_set_i64(o, "exit", m.result == DR_MIRRORED_DONE ? 0 : 3);
    *ret_json = dr_document_text(o);
    return DRSTOR_OK;
}
