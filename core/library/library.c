#include "library/internal.h"

#include "base/log.h"
#include "base/str.h"
#include "net/uuid.h"

#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>

const char *
drstor_version(void)
{
    return DRSTOR_VERSION;
}

/* ---- errors: the public names of base/error.h ------------------------------------------------ */

int
drstor_error_status(const struct drstor_error *err)
{
    return dr_error_status(err);
}

const char *
drstor_error_message(const struct drstor_error *err)
{
    return dr_error_message(err);
}

const char *
drstor_error_hint(const struct drstor_error *err)
{
    return dr_error_hint(err);
}

const char *
drstor_error_rule(const struct drstor_error *err)
{
    return dr_error_rule(err);
}

int
drstor_error_exit(const struct drstor_error *err)
{
    return err ? dr_exit_of_status(dr_error_status(err)) : 0;
}

void
drstor_error_free(struct drstor_error *err)
{
    dr_error_free(err);
}

void
drstor_text_free(char *text)
{
    free(text);
}

/* ---- an installation ------------------------------------------------------------------------- */

static int
store_file(void *user, const struct dr_parts *parts, enum dr_store_mode mode, struct dr_store **ret,
           struct drstor_error **err)
{
    (void)user;
    return dr_store_open(parts->env, parts->model->state_sqlite, mode, ret, err);
}

static void
tell_system(void *user, const char *line)
{
    (void)user;
    dr_log_system(line);
}

struct drstor *
dr_library_open(const struct dr_parts *parts)
{
    struct drstor *d = dr_new0(struct drstor);
    d->parts = *parts;
    d->env = parts->env;
    d->model = parts->model;
    d->origin = dr_strdup(parts->origin);
    d->timeout_s = parts->timeout_s;
    return d;
}

int
drstor_open(const struct drstor_options *options, struct drstor **ret, struct drstor_error **err)
{
    struct drstor_options o = DRSTOR_OPTIONS_INIT;
    if (options)
        memcpy(&o, options, options->size < sizeof(o) ? options->size : sizeof(o));
    if (o.log_level < DRSTOR_LOG_ERROR || o.log_level > DRSTOR_LOG_DEBUG || o.timeout_s < 0)
        return dr_fail(err, DRSTOR_E_INVALID, "the options make no sense");
    dr_log_level((enum drstor_log_level)o.log_level);
    /* Secrets are about to be in memory: no core dump may hold them (safety X1). */
    const struct rlimit none = {0, 0};
    (void)setrlimit(RLIMIT_CORE, &none);
    (void)prctl(PR_SET_DUMPABLE, 0);

    struct dr_model *m = NULL;
    int r = dr_config_load(o.config ? o.config : DR_CONFIG_PATH, &m, err);
    if (r < 0)
        return r;
    if (!m->state_sqlite) {
        dr_config_free(m);
        return dr_fail(err, DRSTOR_E_UNSUPPORTED,
                       "state.etcd: a shared store is not in this version; use "
                       "state.sqlite");
    }
    const struct dr_parts parts = {.env = dr_env_real(),
                                   .model = m,
                                   .store = store_file,
                                   .tell = tell_system,
                                   .origin = o.origin ? o.origin : "library",
                                   .timeout_s = o.timeout_s};
    *ret = dr_library_open(&parts);
    (*ret)->owns_model = true;
    return DRSTOR_OK;
}

void
drstor_close(struct drstor *d)
{
    if (!d)
        return;
    if (d->owns_model)
        dr_config_free(d->model);
    free(d->origin);
    free(d);
}

void
drstor_cancel(struct drstor *d)
{
    dr_cancel_now(d->env, &d->cancel);
}

/* ---- one call -------------------------------------------------------------------------------- */

int
dr_session_open(struct drstor *d, enum dr_store_mode mode, struct session *ret,
                struct drstor_error **err)
{
    *ret = (struct session){.d = d, .deadline_ns = UINT64_MAX};
    ret->arena = dr_arena_new();
    dr_auto(dr_error_freep) struct drstor_error *trouble = NULL;
    int r = d->parts.store(d->parts.user, &d->parts, mode, &ret->store, &trouble);
    if (r < 0 && mode == DR_STORE_READ) {
        /* Looking goes on without it; what it would have told is unknown (S13). */
        if (r != DRSTOR_E_NOTFOUND)
            ret->store_trouble = dr_arena_str(ret->arena, dr_error_message(trouble));
        r = DRSTOR_OK;
    }
    if (r < 0) {
        dr_arena_free(ret->arena);
        dr_error_move(err, &trouble);
        return r;
    }
    if (ret->store)
        dr_store_patience(ret->store, 60000);
    dr_map_clear(&dr_controller_type, &ret->here);
    r = ret->store ? dr_store_controller(ret->store, ret->arena, &ret->here, &trouble) : DRSTOR_OK;
    if (r < 0 && mode == DR_STORE_WRITE) {
        dr_store_close(ret->store);
        dr_arena_free(ret->arena);
        dr_error_move(err, &trouble);
        return r;
    }
    (void)pthread_mutex_init(&ret->mirror.lock, NULL);
    dr_cond_init(&ret->mirror.idle, d->env);
    struct dr_audit_head head = {0};
    ret->writes = mode == DR_STORE_WRITE;
    if (ret->writes && dr_store_audit_head(ret->store, &head, NULL) == DRSTOR_OK)
        ret->journal_seq = head.seq;
    if (d->timeout_s > 0)
        ret->deadline_ns = dr_now_ns(d->env) + (uint64_t)d->timeout_s * DR_S;
    dr_uuid(d->env, ret->correlation);
    ret->contact = dr_contact_new(d->env);
    dr_contact_carry(ret->contact, d->parts.wire);
    ret->ends =
        dr_endpoints_new(d->env, d->model, ret->contact, mode == DR_STORE_READ, ret->correlation);
    return DRSTOR_OK;
}

void
dr_session_close(struct session *s)
{
    struct dr_audit_head head = {0};
    if (s->writes && dr_store_audit_head(s->store, &head, NULL) == DRSTOR_OK &&
        head.seq > s->journal_seq)
        (void)json_object_put(dr_session_journal(s));
    dr_endpoints_free(s->ends);
    dr_contact_free(s->contact);
    dr_store_close(s->store);
    (void)pthread_mutex_destroy(&s->mirror.lock);
    dr_error_free(s->mirror.replaced);
    dr_arena_free(s->arena);
}

const char *
dr_session_person(struct session *s)
{
    const struct dr_actor who = dr_actor_self(s->d->env, s->arena, s->d->origin);
    return dr_arena_printf(s->arena, "%s@%s", who.user ? who.user : "?", who.host ? who.host : "?");
}

int
dr_session_observe(struct session *s, const char *const *groups, size_t n, bool engines, bool save,
                   struct dr_facts *ret, struct drstor_error **err)
{
    struct dr_facts before;
    const struct dr_observe_what what = {.groups = groups,
                                         .n_groups = n,
                                         .engines = engines,
                                         .points = s->points,
                                         .details = s->details};
    dr_map_clear(&dr_facts_type, &before);
    int r = s->store ? dr_store_facts_load(s->store, s->arena, &before, err) : DRSTOR_OK;
    if (r < 0)
        return r;
    dr_observe(s->ends, s->d->env, s->d->model, &what, &before, &s->d->cancel, s->arena, ret);
    if (dr_cancelled(&s->d->cancel))
        return dr_fail(err, DRSTOR_E_CANCELLED, "interrupted; nothing was begun");
    return save ? dr_store_facts_save(s->store, ret, err) : DRSTOR_OK;
}

static int
record_of(struct session *s, const char *group, struct dr_plan_record *ret,
          struct drstor_error **err)
{
    dr_auto(dr_error_freep) struct drstor_error *trouble = NULL;
    struct dr_run_row *open = NULL;
    size_t n_open = 0;
    ret->group = group;
    dr_map_clear(&dr_record_type, &ret->record);
    dr_map_clear(&dr_stage_group_type, &ret->ran);
    if (s->store_trouble) {
        ret->damaged = s->store_trouble;
        return DRSTOR_OK;
    }
    if (!s->store)
        return DRSTOR_OK;
    int r = dr_store_load(s->store, s->arena, group, &ret->record, NULL, &trouble);
    if (r == DRSTOR_E_NOTFOUND)
        return DRSTOR_OK;
    if (r == DRSTOR_E_REFUSED) {
        ret->damaged = dr_arena_str(s->arena, dr_error_message(trouble));
        return DRSTOR_OK;
    }
    if (r < 0) {
        dr_error_move(err, &trouble);
        return r;
    }
    ret->present = true;
    r = dr_store_run_open(s->store, s->arena, group, &open, &n_open, err);
    for (size_t i = 0; r == DRSTOR_OK && i < n_open && !ret->open_run; i++) {
        bool holds = false;
        if (!dr_run_gives_way(&open[i]))
            r = dr_run_holds(s->store, s->arena, &open[i], group, &ret->record, &holds, err);
        if (holds)
            ret->open_run = open[i].id;
    }
    return r;
}

int
dr_session_records(struct session *s, struct dr_plan_record **ret, size_t *ret_n,
                   struct drstor_error **err)
{
    const struct dr_model *m = s->d->model;
    struct dr_plan_record *list = dr_arena_alloc(s->arena, m->n_groups + 1, sizeof(*list));
    for (size_t i = 0; i < m->n_groups; i++) {
        int r = record_of(s, m->groups[i].name, &list[i], err);
        if (r < 0)
            return r;
    }
    *ret = list;
    *ret_n = m->n_groups;
    return DRSTOR_OK;
}

int
dr_session_arrays(struct session *s, struct dr_plan_array **ret, size_t *ret_n,
                  struct drstor_error **err)
{
    const struct dr_model *m = s->d->model;
    struct dr_plan_array *list = dr_arena_alloc(s->arena, m->n_arrays + 1, sizeof(*list));
    for (size_t i = 0; i < m->n_arrays; i++) {
        const struct dr_plugin *p = NULL;
        int r = dr_endpoints_plugin(s->ends, &m->arrays[i], &p, err);
        if (r < 0)
            return r;
        const struct dr_plugin_info *info = dr_plugin_info(p);
        list[i].name = m->arrays[i].name;
        list[i].capabilities = info->capabilities;
        list[i].n_capabilities = info->n_capabilities;
        list[i].refuses_older =
            info->limits.fence == DRSTOR_FENCE_NATIVE || info->limits.fence == DRSTOR_FENCE_SHIM;
        for (size_t k = 0; k < info->n_durations; k++)
            dr_arena_push(s->arena, list[i].durations, list[i].n_durations) =
                (struct dr_plan_duration){
                    .operation = dr_name(&dr_array_op_names, (int)info->durations[k].operation),
                    .typical_ms = info->durations[k].typical_ms};
    }
    *ret = list;
    *ret_n = m->n_arrays;
    return DRSTOR_OK;
}

int
dr_groups_check(const struct dr_model *m, const char *const *groups, size_t n,
                struct drstor_error **err)
{
    const char *names[512];
    size_t n_names = 0;
    for (; n_names < m->n_groups && n_names < DR_COUNT(names); n_names++)
        names[n_names] = m->groups[n_names].name;
    for (size_t i = 0; i < n; i++) {
        if (dr_model_group(m, groups[i]))
            continue;
        const char *near = dr_nearest(groups[i], names, n_names);
        int r = dr_fail(err, DRSTOR_E_INVALID, "there is no group \"%s\"", groups[i]);
        if (near)
            dr_hint(err, "did you mean \"%s\"?", near);
        return r;
    }
    return DRSTOR_OK;
}

char *
dr_document_text(struct json_object *o)
{
    char *text = dr_strdup(dr_json_text(o));
    (void)json_object_put(o);
    return text;
}
