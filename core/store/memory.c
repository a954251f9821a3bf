/*
 * In memory: a world that several simulated controllers share, each through a handle that can die.
 * Rows are kept sorted; a transaction remembers what it replaced.
 */
#include "store/ops.h"

#include "base/failpoint.h"

#include <stdint.h>
#include <string.h>

struct row {
    char *id, *sub, *value;
};

struct table {
    struct row *rows;
    size_t n, cap;
};

struct undo {
    enum store_table t;
    struct row row; /* value NULL: there was none */
};

struct taken {
    char *group;
    void *by;
};

struct dr_store_world {
    pthread_mutex_t mutex; /* held by the handle whose transaction is open */
    struct table tables[STORE_TABLES];
    struct taken *taken;
    size_t n_taken, cap_taken;
    struct memory *handles;
    dr_store_watch_fn watch;
    void *watch_user;
};

struct memory {
    struct memory *next; /* of the world */
    struct dr_store_world *world;
    struct dr_env *env;
    struct undo *undo;
    size_t n_undo, cap_undo;
    bool open;
    bool killed;
};

struct dr_store_world *
dr_store_world_new(void)
{
    struct dr_store_world *w = dr_new0(struct dr_store_world);
    pthread_mutexattr_t attr;
    (void)pthread_mutexattr_init(&attr);
    (void)pthread_mutexattr_settype(&attr, PTHREAD_MUTEX_ERRORCHECK);
    (void)pthread_mutex_init(&w->mutex, &attr);
    (void)pthread_mutexattr_destroy(&attr);
    return w;
}

static void
row_free(struct row *row)
{
    free(row->id);
    free(row->sub);
    free(row->value);
}

void
dr_store_world_free(struct dr_store_world *w)
{
    if (!w)
        return;
    for (size_t t = 0; t < STORE_TABLES; t++) {
        for (size_t i = 0; i < w->tables[t].n; i++)
            row_free(&w->tables[t].rows[i]);
        free(w->tables[t].rows);
    }
    for (size_t i = 0; i < w->n_taken; i++)
        free(w->taken[i].group);
    free(w->taken);
    (void)pthread_mutex_destroy(&w->mutex);
    free(w);
}

static int
compare(const struct row *row, const char *id, const char *sub)
{
    int c = strcmp(row->id, id);
    return c ? c : strcmp(row->sub, sub);
}

/* The first row that is not before (ID, SUB). */
static size_t
seek(const struct table *t, const char *id, const char *sub)
{
    size_t low = 0, high = t->n;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (compare(&t->rows[middle], id, sub) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static struct row *
find(const struct table *t, const char *id, const char *sub)
{
    size_t i = seek(t, id, sub);
    return i < t->n && compare(&t->rows[i], id, sub) == 0 ? &t->rows[i] : NULL;
}

static void
row_put(struct table *t, const char *id, const char *sub, char *value)
{
    size_t i = seek(t, id, sub);
    (void)dr_push(t->rows, t->n, t->cap);
    memmove(&t->rows[i + 1], &t->rows[i], (t->n - 1 - i) * sizeof(t->rows[0]));
    t->rows[i] = (struct row){dr_strdup(id), dr_strdup(sub), value};
}

static void
row_del(struct table *t, struct row *row)
{
    size_t i = (size_t)(row - t->rows);
    row_free(row);
    t->n--;
    memmove(&t->rows[i], &t->rows[i + 1], (t->n - i) * sizeof(t->rows[0]));
}

struct dr_store_world *
dr_store_world_copy(const struct dr_store_world *w)
{
    struct dr_store_world *to = dr_store_world_new();
    for (size_t t = 0; t < STORE_TABLES; t++) {
        const struct table *from = &w->tables[t];
        to->tables[t].rows = from->n ? dr_alloc0(from->n, sizeof(*from->rows)) : NULL;
        to->tables[t].n = to->tables[t].cap = from->n;
        for (size_t i = 0; i < from->n; i++)
            to->tables[t].rows[i] =
                (struct row){dr_strdup(from->rows[i].id), dr_strdup(from->rows[i].sub),
                             dr_strdup(from->rows[i].value)};
    }
    return to;
}

void
dr_store_world_damage(struct dr_store_world *w, const char *group, bool damaged)
{
    struct row *row = find(&w->tables[STORE_RECORD], group, "");
    size_t n = row ? strlen(row->value) : 0;
    if (n < 3)
        return;
    /* The last digit of its checksum. */
    char *digit = &row->value[n - 3];
    bool is = *digit >= 'A' && *digit <= 'Z';
    if (damaged && !is)
        *digit = (char)(*digit >= 'a' ? *digit - 'a' + 'K' : *digit - '0' + 'A');
    else if (!damaged && is)
        *digit = (char)(*digit >= 'K' ? *digit - 'K' + 'a' : *digit - 'A' + '0');
}

void
dr_store_world_watch(struct dr_store_world *w, dr_store_watch_fn fn, void *user)
{
    w->watch = fn;
    w->watch_user = user;
}

/* ---- transactions ---------------------------------------------------------------------------- */

static int
memory_begin(void *impl, bool write, struct drstor_error **err)
{
    struct memory *m = impl;
    (void)write;
    if (m->killed)
        return dr_fail(err, DRSTOR_E_INTERNAL, "this controller was killed");
    /* Two coroutines of one thread: the first must not wait for the world inside a transaction. */
    if (pthread_mutex_lock(&m->world->mutex) != 0)
        return dr_fail(err, DRSTOR_E_INTERNAL, "another controller waits inside a transaction");
    m->open = true;
    return DRSTOR_OK;
}

static void
memory_tell(const struct memory *m)
{
    const struct dr_store_world *w = m->world;
    for (size_t i = 0; i < m->n_undo; i++) {
        const struct undo *u = &m->undo[i];
        const struct row *row = find(&w->tables[u->t], u->row.id, u->row.sub);
        w->watch(w->watch_user, store_table_names[u->t], u->row.id, u->row.sub,
                 row ? row->value : NULL);
    }
    if (m->n_undo)
        w->watch(w->watch_user, NULL, NULL, NULL, NULL);
}

static void
memory_end(struct memory *m, bool keep)
{
    if (!m->open)
        return;
    if (keep && m->world->watch)
        memory_tell(m);
    while (m->n_undo) {
        struct undo *u = &m->undo[--m->n_undo];
        struct table *t = &m->world->tables[u->t];
        struct row *row = keep ? NULL : find(t, u->row.id, u->row.sub);
        if (row && u->row.value) {
            free(row->value);
            row->value = dr_steal(u->row.value);
        } else if (row) {
            row_del(t, row);
        } else if (!keep && u->row.value) {
            row_put(t, u->row.id, u->row.sub, dr_steal(u->row.value));
        }
        row_free(&u->row);
    }
    m->open = false;
    pthread_mutex_unlock(&m->world->mutex);
}

static int
memory_commit(void *impl, struct drstor_error **err)
{
    (void)err;
    DR_FP("store.commit");
    memory_end(impl, true);
    DR_FP("store.committed");
    return DRSTOR_OK;
}

static void
memory_rollback(void *impl)
{
    memory_end(impl, false);
}

/* ---- rows ------------------------------------------------------------------------------------ */

static int
memory_get(void *impl, struct dr_arena *a, enum store_table t, const char *id, const char *sub,
           const char **ret, struct drstor_error **err)
{
    struct memory *m = impl;
    struct row *row = find(&m->world->tables[t], id, sub);
    if (!row)
        return dr_fail(err, DRSTOR_E_NOTFOUND, "there is no %s %s", store_table_names[t], id);
    *ret = dr_arena_str(a, row->value);
    return DRSTOR_OK;
}

static struct undo *
remember(struct memory *m, enum store_table t, const char *id, const char *sub)
{
    struct undo *u = &dr_push(m->undo, m->n_undo, m->cap_undo);
    u->t = t;
    u->row.id = dr_strdup(id);
    u->row.sub = dr_strdup(sub);
    return u;
}

static int
memory_put(void *impl, enum store_table t, const char *id, const char *sub, const char *value,
           struct drstor_error **err)
{
    struct memory *m = impl;
    struct row *row = find(&m->world->tables[t], id, sub);
    struct undo *u = remember(m, t, id, sub);
    (void)err;
    if (row) {
        u->row.value = row->value;
        row->value = dr_strdup(value);
    } else {
        row_put(&m->world->tables[t], id, sub, dr_strdup(value));
    }
    return DRSTOR_OK;
}

static int
memory_del(void *impl, enum store_table t, const char *id, const char *sub,
           struct drstor_error **err)
{
    struct memory *m = impl;
    struct row *row = find(&m->world->tables[t], id, sub);
    (void)err;
    if (!row)
        return DRSTOR_OK;
    remember(m, t, id, sub)->row.value = dr_steal(row->value);
    row_del(&m->world->tables[t], row);
    return DRSTOR_OK;
}

static void
hand_out(struct dr_arena *a, const struct row *row, struct store_row **rows, size_t *n)
{
    struct store_row out = {.id = dr_arena_str(a, row->id),
                            .sub = dr_arena_str(a, row->sub),
                            .value = dr_arena_str(a, row->value)};
    dr_arena_push(a, *rows, *n) = out;
}

static int
memory_scan(void *impl, struct dr_arena *a, enum store_table t, const struct store_range *range,
            struct store_row **ret, size_t *ret_n, struct drstor_error **err)
{
    struct memory *m = impl;
    const struct table *table = &m->world->tables[t];
    struct store_row *rows = NULL;
    size_t n = 0;
    (void)err;
    if (range->newest_first) {
        /* "\xff" sorts after every name there can be */
        const char *before = range->after_sub ? range->after_sub : "\xff";
        for (size_t i = seek(table, range->id, before); i > 0 && n < range->limit; i--) {
            if (strcmp(table->rows[i - 1].id, range->id) != 0)
                break;
            hand_out(a, &table->rows[i - 1], &rows, &n);
        }
    } else {
        const char *id = range->id ? range->id : range->after_id;
        size_t i = id ? seek(table, id, range->after_sub ? range->after_sub : "") : 0;
        for (; i < table->n && n < range->limit; i++) {
            if (range->id && strcmp(table->rows[i].id, range->id) != 0)
                break;
            if (id && range->after_sub && compare(&table->rows[i], id, range->after_sub) == 0)
                continue;
            hand_out(a, &table->rows[i], &rows, &n);
        }
    }
    *ret = rows;
    *ret_n = n;
    return DRSTOR_OK;
}

/* ---- locks ----------------------------------------------------------------------------------- */

static struct taken *
taken_find(struct dr_store_world *w, const char *group)
{
    for (size_t i = 0; i < w->n_taken; i++)
        if (strcmp(w->taken[i].group, group) == 0)
            return &w->taken[i];
    return NULL;
}

static int
memory_lock(void *impl, const char *group, struct drstor_error **err)
{
    struct memory *m = impl;
    struct dr_store_world *w = m->world;
    int r = DRSTOR_OK;
    if (m->killed)
        return dr_fail(err, DRSTOR_E_INTERNAL, "this controller was killed");
    pthread_mutex_lock(&w->mutex);
    if (taken_find(w, group)) {
        r = DRSTOR_E_BUSY;
    } else {
        dr_push(w->taken, w->n_taken, w->cap_taken) =
            (struct taken){.group = dr_strdup(group), .by = m};
    }
    pthread_mutex_unlock(&w->mutex);
    return r;
}

static void
memory_unlock(void *impl, const char *group)
{
    struct memory *m = impl;
    struct dr_store_world *w = m->world;
    pthread_mutex_lock(&w->mutex);
    struct taken *t = taken_find(w, group);
    if (t && t->by == m) {
        free(t->group);
        *t = w->taken[--w->n_taken];
    }
    pthread_mutex_unlock(&w->mutex);
}

static int
memory_lock_fd(void *impl, const char *group)
{
    (void)impl;
    (void)group;
    return -1;
}

/* Inside a transaction: the world's mutex is ours. */
static bool
memory_lock_held(void *impl, const char *group)
{
    struct memory *m = impl;
    return taken_find(m->world, group) != NULL;
}

static void
memory_patience(void *impl, int ms)
{
    (void)impl;
    (void)ms;
}

static void
memory_close(void *impl)
{
    struct memory *m = impl;
    pthread_mutex_lock(&m->world->mutex);
    for (struct memory **p = &m->world->handles; *p; p = &(*p)->next)
        if (*p == m) {
            *p = m->next;
            break;
        }
    for (size_t i = m->world->n_taken; i-- > 0;)
        if (m->world->taken[i].by == m) {
            free(m->world->taken[i].group);
            m->world->taken[i] = m->world->taken[--m->world->n_taken];
        }
    pthread_mutex_unlock(&m->world->mutex);
    free(m->undo);
    free(m);
}

static const struct dr_store_ops memory_ops = {.begin = memory_begin,
                                               .commit = memory_commit,
                                               .rollback = memory_rollback,
                                               .get = memory_get,
                                               .put = memory_put,
                                               .del = memory_del,
                                               .scan = memory_scan,
                                               .lock = memory_lock,
                                               .unlock = memory_unlock,
                                               .lock_fd = memory_lock_fd,
                                               .lock_held = memory_lock_held,
                                               .patience = memory_patience,
                                               .close = memory_close};

struct dr_store *
dr_store_memory(struct dr_env *env, struct dr_store_world *w, enum dr_store_mode mode)
{
    struct memory *m = dr_new0(struct memory);
    m->world = w;
    m->env = env;
    pthread_mutex_lock(&w->mutex);
    m->next = w->handles;
    w->handles = m;
    pthread_mutex_unlock(&w->mutex);
    return store_new(env, mode, &memory_ops, m);
}

/* With the world's mutex held. */
static void
memory_die(struct memory *m)
{
    struct dr_store_world *w = m->world;
    m->killed = true;
    for (size_t i = w->n_taken; i-- > 0;)
        if (w->taken[i].by == m) {
            free(w->taken[i].group);
            w->taken[i] = w->taken[--w->n_taken];
        }
}

void
dr_store_memory_kill(struct dr_store *s)
{
    struct memory *m = s->impl;
    dr_store_rollback(s);
    pthread_mutex_lock(&s->mutex);
    pthread_mutex_lock(&m->world->mutex);
    memory_die(m);
    pthread_mutex_unlock(&m->world->mutex);
    pthread_mutex_unlock(&s->mutex);
}

void
dr_store_world_unlock(struct dr_store_world *w, const char *group)
{
    pthread_mutex_lock(&w->mutex);
    struct taken *t = taken_find(w, group);
    if (t) {
        free(t->group);
        *t = w->taken[--w->n_taken];
    }
    pthread_mutex_unlock(&w->mutex);
}

void
dr_store_world_kill(struct dr_store_world *w, struct dr_env *env)
{
    /* Tasks of a virtual process are one thread: a transaction that is open is ours to undo. */
    for (struct memory *m = w->handles; m; m = m->next)
        if (m->env == env)
            memory_end(m, false);
    pthread_mutex_lock(&w->mutex);
    for (struct memory **p = &w->handles; *p;) {
        struct memory *m = *p;
        if (m->env != env) {
            p = &m->next;
            continue;
        }
        memory_die(m);
        *p = m->next; /* its owner never closes it */
    }
    pthread_mutex_unlock(&w->mutex);
}
