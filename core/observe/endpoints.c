#include "observe/endpoints.h"

#include "base/str.h"
#include "plugin/loader.h"
#include "plugin/settings.h"

#include <string.h>

#include <pthread.h>

struct slot {
    struct dr_endpoints *e;
    const void *of; /* the model's array or site */
    struct dr_array_handle *array;
    struct dr_array_handle *begun; /* while it is opened */
    struct dr_rhv *rhv;
    bool opening;
    bool cut; /* its site was declared lost */
};

struct dr_endpoints {
    struct dr_env *env;
    const struct dr_model *m;
    struct dr_contact *contact;
    bool read_only;
    char *correlation;
    pthread_mutex_t lock;
    struct dr_cond opened; /* or failed to */
    struct slot *slots;
    size_t n_slots;
    int *locks;
    size_t n_locks, cap_locks;
};

struct dr_contact *
dr_endpoints_contact(const struct dr_endpoints *e)
{
    return e->contact;
}

struct dr_endpoints *
dr_endpoints_new(struct dr_env *env, const struct dr_model *m, struct dr_contact *contact,
                 bool read_only, const char *correlation_id)
{
    struct dr_endpoints *e = dr_new0(struct dr_endpoints);
    e->env = env;
    e->m = m;
    e->contact = contact;
    e->read_only = read_only;
    e->correlation = dr_strdup(correlation_id);
    (void)pthread_mutex_init(&e->lock, NULL);
    dr_cond_init(&e->opened, env);
    e->n_slots = m->n_arrays + m->n_sites;
    e->slots = dr_alloc0(e->n_slots, sizeof(*e->slots));
    for (size_t i = 0; i < e->n_slots; i++)
        e->slots[i].e = e;
    for (size_t i = 0; i < m->n_arrays; i++)
        e->slots[i].of = &m->arrays[i];
    for (size_t i = 0; i < m->n_sites; i++)
        e->slots[m->n_arrays + i].of = &m->sites[i];
    return e;
}

void
dr_endpoints_free(struct dr_endpoints *e)
{
    if (!e)
        return;
    for (size_t i = 0; i < e->n_slots; i++) {
        dr_array_close(e->slots[i].array);
        dr_rhv_close(e->slots[i].rhv);
    }
    (void)pthread_mutex_destroy(&e->lock);
    free(e->slots);
    free(e->locks);
    free(e->correlation);
    free(e);
}

void
dr_endpoints_freep(struct dr_endpoints **e)
{
    dr_endpoints_free(*e);
    *e = NULL;
}

const char *
dr_endpoints_correlation(const struct dr_endpoints *e)
{
    return e->correlation;
}

static struct slot *
slot_of(struct dr_endpoints *e, const void *of)
{
    for (size_t i = 0; i < e->n_slots; i++)
        if (e->slots[i].of == of)
            return &e->slots[i];
    return NULL;
}

int
dr_endpoints_plugin(struct dr_endpoints *e, const struct dr_array *array,
                    const struct dr_plugin **ret, struct drstor_error **err)
{
    struct dr_plugin *p = NULL;
    int r = dr_plugin_load(e->m->plugin_dir, array->plugin, &p, err);
    if (r == DRSTOR_OK) {
        const char *what = "array";
        r = dr_plugin_check_settings(p, DRSTOR_KEY_ARRAY, array->settings, array->n_settings, what,
                                     err);
    }
    if (r < 0)
        return dr_context(err, r, "array %s", array->name);
    *ret = p;
    return DRSTOR_OK;
}

/* Relative paths start at the configuration's folder, wherever the command was typed. */
static const struct dr_setting *
resolve_paths(struct dr_endpoints *e, const struct dr_plugin *p, const struct dr_array *array,
              struct dr_arena *a)
{
    const struct dr_plugin_info *info = dr_plugin_info(p);
    struct dr_setting *copy = dr_arena_alloc(a, array->n_settings + 1, sizeof(*copy));
    for (size_t i = 0; i < array->n_settings; i++) {
        copy[i] = array->settings[i];
        for (size_t k = 0; k < info->n_keys; k++)
            if (info->keys[k].type == DRSTOR_KEY_PATH &&
                dr_streq(info->keys[k].name, copy[i].key) && copy[i].value &&
                copy[i].value[0] != '/' && e->m->folder && *e->m->folder)
                copy[i].value = dr_arena_printf(a, "%s/%s", e->m->folder, copy[i].value);
    }
    return copy;
}

/* One opener a slot; others wait for it: opening is short or fails by its deadline. */
static bool
claim(struct dr_endpoints *e, struct slot *s)
{
    pthread_mutex_lock(&e->lock);
    while (s->opening)
        dr_cond_wait(&e->opened, &e->lock, UINT64_MAX, NULL);
    bool mine = !s->array && !s->rhv;
    s->opening = mine;
    pthread_mutex_unlock(&e->lock);
    return mine;
}

static void
release(struct dr_endpoints *e, struct slot *s)
{
    pthread_mutex_lock(&e->lock);
    s->opening = false;
    dr_cond_wake(&e->opened);
    pthread_mutex_unlock(&e->lock);
}

/* From here on a handle is told of locks and of the loss of its site, before anything is asked. */
static void
publish(struct slot *s, struct dr_array_handle *h)
{
    pthread_mutex_lock(&s->e->lock);
    s->begun = h;
    for (size_t i = 0; i < s->e->n_locks; i++)
        dr_array_hold(h, s->e->locks[i]);
    if (s->cut)
        dr_array_cut(h);
    pthread_mutex_unlock(&s->e->lock);
}

static int
open_array(struct slot *s, const struct dr_array *array, struct drstor_error **err)
{
    struct dr_endpoints *e = s->e;
    dr_auto(dr_arena_freep) struct dr_arena *a = dr_arena_new();
    const struct dr_plugin *p = NULL;
    struct dr_array_handle *h = NULL;
    int r = dr_endpoints_plugin(e, array, &p, err);
    if (r < 0)
        return r;
    const struct dr_array_open how = {.array = array->name,
                                      .site = array->site->name,
                                      .settings = resolve_paths(e, p, array, a),
                                      .n_settings = array->n_settings,
                                      .at = &array->at,
                                      .read_only = e->read_only};
    r = dr_array_new(e->env, p, &how, &h, err);
    if (r == DRSTOR_OK) {
        publish(s, h);
        r = dr_array_begin(h, &how, err);
    }
    pthread_mutex_lock(&e->lock);
    s->array = r < 0 ? NULL : h;
    s->begun = NULL;
    pthread_mutex_unlock(&e->lock);
    if (r == DRSTOR_OK)
        return DRSTOR_OK;
    dr_array_close(h);
    return dr_context(err, r, "array %s", array->name);
}

int
dr_endpoints_array(struct dr_endpoints *e, const struct dr_array *array,
                   struct dr_array_handle **ret, struct drstor_error **err)
{
    struct slot *s = slot_of(e, array);
    if (claim(e, s)) {
        int r = open_array(s, array, err);
        release(e, s);
        if (r < 0)
            return r;
    }
    *ret = s->array;
    return DRSTOR_OK;
}

int
dr_endpoints_engine(struct dr_endpoints *e, const struct dr_site *site, struct dr_rhv **ret,
                    struct drstor_error **err)
{
    if (!site->engine)
        return dr_fail(err, DRSTOR_E_UNSUPPORTED, "site %s has no engine", site->name);
    struct slot *s = slot_of(e, site);
    if (claim(e, s)) {
        struct dr_rhv *rhv = NULL;
        const struct dr_rhv_options options = {.correlation_id = e->correlation};
        int r = dr_rhv_open(e->env, site->engine, site->name, e->contact, &options, &rhv, err);
        pthread_mutex_lock(&e->lock);
        s->rhv = rhv;
        pthread_mutex_unlock(&e->lock);
        release(e, s);
        if (r < 0)
            return r;
    }
    *ret = s->rhv;
    return DRSTOR_OK;
}

/* ---- what all handles are told --------------------------------------------------------------- */

/* With the lock held. */
static void
tell(struct dr_endpoints *e, void (*what)(struct dr_array_handle *h, int fd), int fd)
{
    for (size_t i = 0; i < e->n_slots; i++) {
        if (e->slots[i].array)
            what(e->slots[i].array, fd);
        if (e->slots[i].begun)
            what(e->slots[i].begun, fd);
    }
}

void
dr_endpoints_hold(struct dr_endpoints *e, int fd)
{
    if (fd < 0)
        return;
    pthread_mutex_lock(&e->lock);
    dr_push(e->locks, e->n_locks, e->cap_locks) = fd;
    tell(e, dr_array_hold, fd);
    pthread_mutex_unlock(&e->lock);
}

void
dr_endpoints_let_go(struct dr_endpoints *e, int fd)
{
    if (fd < 0)
        return;
    pthread_mutex_lock(&e->lock);
    for (size_t i = 0; i < e->n_locks; i++)
        if (e->locks[i] == fd) {
            e->locks[i] = e->locks[--e->n_locks];
            break;
        }
    tell(e, dr_array_drop, fd);
    pthread_mutex_unlock(&e->lock);
}

/* The site of a call under way was declared lost: nothing more goes to this array. */
static void
cut(void *arg)
{
    struct slot *s = arg;
    pthread_mutex_lock(&s->e->lock);
    s->cut = true;
    if (s->array)
        dr_array_cut(s->array);
    if (s->begun)
        dr_array_cut(s->begun);
    pthread_mutex_unlock(&s->e->lock);
}

int
dr_endpoints_call(struct dr_endpoints *e, const struct dr_array *array, const struct dr_call *call,
                  const struct dr_cancel *cancel, struct dr_arena *a, struct dr_reply *ret,
                  struct drstor_error **err)
{
    *ret = (struct dr_reply){0};
    struct dr_array_handle *h = NULL;
    struct dr_contact_call entry = {
        .site = array->site->name, .wake = cut, .arg = slot_of(e, array)};
    int r = dr_contact_enter(e->contact, &entry, err);
    if (r == DRSTOR_OK) {
        r = dr_endpoints_array(e, array, &h, err);
        if (r == DRSTOR_OK)
            r = dr_array_call(h, call, cancel, a, ret);
        dr_contact_leave(e->contact, &entry);
    }
    const struct dr_op_info *op = dr_op_info(call->operation);
    if (atomic_load(&entry.forbidden) && r < 0 && !(h && op && op->mutating)) {
        /* What was read there, and what was not sent, is of no more use. */
        if (err)
            dr_error_freep(err);
        r = ret->status = dr_contact_refuse(e->contact, array->site->name, err);
        if (h)
            return r;
    }
    if (!h) { /* it never left us */
        ret->status = r;
        ret->outcome = DRSTOR_OUTCOME_REFUSED;
        return r;
    }
    if (r < 0) {
        const char *why = ret->error ? ret->error : dr_status_name(r);
        bool named =
            strncmp(why, "array ", strlen("array ")) == 0; /* by what speaks ssh or https */
        (void)dr_fail(err, r, "%s%s%s%s", named ? "" : "array ", named ? "" : array->name,
                      named ? "" : ": ", why);
        if (ret->hint)
            dr_hint(err, "%s", ret->hint);
    }
    return r;
}
