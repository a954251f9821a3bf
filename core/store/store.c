/* Transactions, and what every part of the store uses: the kinds below know rows only. */
#include "store/ops.h"

#include "base/redact.h"

#include <stdio.h>
#include <string.h>

const char *const store_table_names[STORE_TABLES] = {
    "record", "aside", "owner", "counter",  "run",  "run_doc", "run_order", "run_open",
    "step",   "event", "audit", "endpoint", "copy", "engine",  "consent"};

struct dr_store *
store_new(struct dr_env *env, enum dr_store_mode mode, const struct dr_store_ops *ops, void *impl)
{
    struct dr_store *s = dr_new0(struct dr_store);
    s->env = env;
    s->mode = mode;
    s->ops = ops;
    s->impl = impl;
    pthread_mutexattr_t attr;
    (void)pthread_mutexattr_init(&attr);
    (void)pthread_mutexattr_settype(&attr, PTHREAD_MUTEX_RECURSIVE);
    (void)pthread_mutex_init(&s->mutex, &attr);
    (void)pthread_mutexattr_destroy(&attr);
    return s;
}

void
dr_store_close(struct dr_store *s)
{
    if (!s)
        return;
    dr_store_rollback(s);
    for (size_t i = 0; i < s->n_held; i++)
        free(s->held[i].group);
    free(s->held);
    store_seen_free(s);
    s->ops->close(s->impl);
    (void)pthread_mutex_destroy(&s->mutex);
    free(s);
}

void
dr_store_closep(struct dr_store **s)
{
    dr_store_close(*s);
    *s = NULL;
}

void
dr_store_patience(struct dr_store *s, int ms)
{
    pthread_mutex_lock(&s->mutex);
    s->ops->patience(s->impl, ms);
    pthread_mutex_unlock(&s->mutex);
}

bool
dr_store_broken(struct dr_store *s)
{
    pthread_mutex_lock(&s->mutex);
    bool broken = s->broken;
    pthread_mutex_unlock(&s->mutex);
    return broken;
}

/* ---- transactions ---------------------------------------------------------------------------- */

static int
may_write(struct dr_store *s, struct drstor_error **err)
{
    if (s->mode != DR_STORE_WRITE)
        return dr_fail(err, DRSTOR_E_UNSUPPORTED, "the store was opened for reading only");
    if (s->broken)
        return dr_fail(err, DRSTOR_E_INTERNAL,
                       "the store takes no further write: an earlier one failed and may or may not "
                       "be on disk; stop, and resume the run");
    return DRSTOR_OK;
}

static int
begin(struct dr_store *s, bool write, struct drstor_error **err)
{
    int r = write ? may_write(s, err) : DRSTOR_OK;
    if (r == DRSTOR_OK)
        r = s->ops->begin(s->impl, write, err);
    if (write && r == DRSTOR_E_INTERNAL)
        s->broken = true;
    return r;
}

static int
commit(struct dr_store *s, bool write, struct drstor_error **err)
{
    int r = write ? store_touch_locks(s, err) : DRSTOR_OK;
    if (r == DRSTOR_OK)
        r = s->ops->commit(s->impl, err);
    else
        s->ops->rollback(s->impl);
    if (write && r == DRSTOR_E_INTERNAL)
        s->broken = true;
    return r;
}

int
store_enter(struct dr_store *s, bool write, struct drstor_error **err)
{
    pthread_mutex_lock(&s->mutex);
    int r = DRSTOR_OK;
    if (!s->open && !s->depth)
        r = begin(s, write, err);
    else if (write)
        r = may_write(s, err);
    if (r < 0)
        pthread_mutex_unlock(&s->mutex);
    else
        s->depth++;
    return r;
}

int
store_leave(struct dr_store *s, bool write, int r, struct drstor_error **err)
{
    s->depth--;
    if (!s->open && !s->depth) {
        if (r == DRSTOR_OK)
            r = commit(s, write, err);
        else
            s->ops->rollback(s->impl);
    } else if (s->open && write && r < 0 && !s->failed) {
        (void)dr_fail(&s->failed, r, "a part of it failed");
        if (err && *err) {
            dr_error_free(s->failed);
            s->failed = dr_error_copy(*err);
        }
    }
    if (write && r == DRSTOR_E_INTERNAL)
        s->broken = true;
    pthread_mutex_unlock(&s->mutex);
    return r;
}

int
dr_store_begin(struct dr_store *s, struct drstor_error **err)
{
    pthread_mutex_lock(&s->mutex);
    int r = s->open ? dr_fail(err, DRSTOR_E_INVALID, "a transaction is open already")
                    : begin(s, true, err);
    if (r < 0) {
        pthread_mutex_unlock(&s->mutex);
        return r;
    }
    s->open = true; /* and the mutex stays */
    return DRSTOR_OK;
}

int
dr_store_commit(struct dr_store *s, struct drstor_error **err)
{
    pthread_mutex_lock(&s->mutex);
    if (!s->open) {
        pthread_mutex_unlock(&s->mutex);
        return dr_fail(err, DRSTOR_E_INVALID, "no transaction is open");
    }
    int r = dr_error_status(s->failed);
    if (r < 0) {
        s->ops->rollback(s->impl);
        dr_error_move(err, &s->failed);
    } else {
        r = commit(s, true, err);
    }
    s->open = false;
    pthread_mutex_unlock(&s->mutex);
    pthread_mutex_unlock(&s->mutex); /* the one from begin */
    return r;
}

void
dr_store_rollback(struct dr_store *s)
{
    pthread_mutex_lock(&s->mutex);
    if (s->open) {
        s->ops->rollback(s->impl);
        dr_error_freep(&s->failed);
        s->open = false;
        pthread_mutex_unlock(&s->mutex);
    }
    pthread_mutex_unlock(&s->mutex);
}

/* ---- rows ------------------------------------------------------------------------------------ */

int
store_get(struct dr_store *s, struct dr_arena *a, enum store_table t, const char *id,
          const char *sub, const char **ret, struct drstor_error **err)
{
    return s->ops->get(s->impl, a, t, id, sub, ret, err);
}

int
store_put(struct dr_store *s, enum store_table t, const char *id, const char *sub,
          const char *value, struct drstor_error **err)
{
    if (t == STORE_RECORD || t == STORE_ASIDE || t == STORE_AUDIT)
        return s->ops->put(s->impl, t, id, sub, value, err);
    dr_auto(dr_freep) char *clean = dr_strdup(value);
    dr_redact(clean);
    return s->ops->put(s->impl, t, id, sub, clean, err);
}

int
store_scan(struct dr_store *s, struct dr_arena *a, enum store_table t,
           const struct store_range *range, struct store_row **ret, size_t *ret_n,
           struct drstor_error **err)
{
    return s->ops->scan(s->impl, a, t, range, ret, ret_n, err);
}

int
store_damaged(enum store_table t, const char *id, const char *sub, struct drstor_error **err)
{
    return dr_refuse(err, "R090",
                     "the store is damaged: %s %s%s%s cannot be read. Arrays and virtual machines "
                     "are as they were; nothing was changed",
                     store_table_names[t], id, *sub ? "/" : "", sub);
}

int
store_put_map(struct dr_store *s, enum store_table t, const char *id, const char *sub,
              const struct dr_type *type, const void *in, struct drstor_error **err)
{
    dr_auto(dr_json_putp) struct json_object *o = dr_map_write(type, in);
    return store_put(s, t, id, sub, dr_json_text(o), err);
}

int
store_read_map(struct dr_arena *a, enum store_table t, const struct store_row *row,
               const struct dr_type *type, void *out, struct drstor_error **err)
{
    dr_auto(dr_json_putp) struct json_object *o = NULL;
    if (dr_json_parse(row->value, strlen(row->value), &dr_json_inventory, &o, NULL) < 0 ||
        dr_map_read(a, type, o, false, out, NULL) < 0)
        return store_damaged(t, row->id, row->sub, err);
    return DRSTOR_OK;
}

int
store_get_map(struct dr_store *s, struct dr_arena *a, enum store_table t, const char *id,
              const char *sub, const struct dr_type *type, void *out, struct drstor_error **err)
{
    struct store_row row = {.id = id, .sub = sub};
    int r = store_get(s, a, t, id, sub, &row.value, err);
    return r < 0 ? r : store_read_map(a, t, &row, type, out, err);
}

int
store_count(struct dr_store *s, const char *name, int64_t *ret, struct drstor_error **err)
{
    dr_auto(dr_arena_freep) struct dr_arena *a = dr_arena_new();
    const char *text = "0";
    int r = store_get(s, a, STORE_COUNTER, name, "", &text, NULL);
    if (r < 0 && r != DRSTOR_E_NOTFOUND)
        return store_get(s, a, STORE_COUNTER, name, "", &text, err);
    char *end;
    long long n = strtoll(text, &end, 10);
    if (*end || end == text || n < 0 || n == INT64_MAX)
        return store_damaged(STORE_COUNTER, name, "", err);
    *ret = n + 1;
    return store_put(s, STORE_COUNTER, name, "", dr_arena_printf(a, "%lld", n + 1), err);
}

struct store_number
store_number(int64_t n)
{
    struct store_number k;
    (void)snprintf(k.text, sizeof(k.text), "%019lld", (long long)n);
    return k;
}

struct dr_stamp
store_now(struct dr_store *s)
{
    return (struct dr_stamp){.utc = dr_now_utc(s->env),
                             .boot_ns = (int64_t)dr_now_ns(s->env),
                             .boot = dr_boot_id(s->env)};
}

int
store_check_name(const char *what, const char *name, struct drstor_error **err)
{
    static const char allowed[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._:-";
    size_t n = name ? strlen(name) : 0;
    if (n == 0 || n > 128 || strspn(name, allowed) != n || name[0] == '.' || name[0] == '-' ||
        name[0] == ':' || name[0] == '_' || strstr(name, ".."))
        return dr_fail(err, DRSTOR_E_INVALID,
                       "a %s is named by 1 to 128 letters, digits and . _ : - and starts with a "
                       "letter or digit",
                       what);
    return DRSTOR_OK;
}
