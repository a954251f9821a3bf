/*
 * Locks. What excludes is the lock of the kind below, which dies with its holder; the owner's row
 * beside it says who, and carries the token that every write of a record is checked against.
 */
#include "store/ops.h"

#include "base/timetext.h"

#include <stdio.h>
#include <string.h>

static const struct dr_field actor_fields[] = {
    DR_I64(struct dr_actor, uid), DR_I64(struct dr_actor, pid), DR_STR(struct dr_actor, user),
    DR_STR(struct dr_actor, host), DR_STR(struct dr_actor, origin)};
DR_TYPE(dr_actor_type, struct dr_actor, "actor", actor_fields);

static const struct dr_field owner_fields[] = {DR_STR(struct dr_owner, group),
                                               DR_STRUCT(struct dr_owner, who, dr_actor_type),
                                               DR_STR(struct dr_owner, run),
                                               DR_STR(struct dr_owner, verb),
                                               DR_CNT(struct dr_owner, token),
                                               DR_STRUCT(struct dr_owner, since, dr_stamp_type),
                                               DR_STRUCT(struct dr_owner, seen, dr_stamp_type),
                                               DR_BOOL(struct dr_owner, released)};
static DR_TYPE(owner_type, struct dr_owner, "owner", owner_fields);

struct dr_actor
dr_actor_self(struct dr_env *env, struct dr_arena *a, const char *origin)
{
    struct dr_self me;
    dr_env_self(env, &me);
    return (struct dr_actor){.uid = me.uid,
                             .pid = me.pid,
                             .user = dr_arena_str(a, me.user),
                             .host = dr_arena_str(a, me.host),
                             .origin = dr_arena_str(a, origin)};
}

static struct store_held *
held_find(struct dr_store *s, const char *group)
{
    for (size_t i = 0; i < s->n_held; i++)
        if (strcmp(s->held[i].group, group) == 0)
            return &s->held[i];
    return NULL;
}

static void
held_drop(struct dr_store *s, const char *group)
{
    s->ops->unlock(s->impl, group);
    struct store_held *h = held_find(s, group);
    if (!h)
        return;
    free(h->group);
    *h = s->held[--s->n_held];
}

/*
 * Once per second of work is precise enough to tell a person when an owner last lived, and keeps
 * transactions from growing by a row for each lock.
 */
int
store_touch_locks(struct dr_store *s, struct drstor_error **err)
{
    int r = DRSTOR_OK;
    struct dr_stamp now = store_now(s);
    for (size_t i = 0; r == DRSTOR_OK && i < s->n_held; i++) {
        struct store_held *h = &s->held[i];
        if (now.boot_ns - h->seen_ns < (int64_t)DR_S)
            continue;
        dr_auto(dr_arena_freep) struct dr_arena *a = dr_arena_new();
        struct dr_owner o;
        r = store_get_map(s, a, STORE_OWNER, h->group, "", &owner_type, &o, err);
        if (r < 0 || o.token != h->token)
            continue;
        o.seen = now;
        r = store_put_map(s, STORE_OWNER, o.group, "", &owner_type, &o, err);
        h->seen_ns = now.boot_ns;
    }
    return r;
}

int
dr_store_owner(struct dr_store *s, struct dr_arena *a, const char *group, struct dr_owner *ret,
               struct drstor_error **err)
{
    int r = store_check_name("group", group, err);
    if (r == DRSTOR_OK)
        r = store_enter(s, false, err);
    if (r < 0)
        return r;
    struct dr_owner o;
    r = store_get_map(s, a, STORE_OWNER, group, "", &owner_type, &o, err);
    if (r == DRSTOR_OK) {
        o.held = s->ops->lock_held(s->impl, group);
        *ret = o;
    }
    return store_leave(s, false, r, err);
}

static int
busy(struct dr_store *s, const char *group, struct drstor_error **err)
{
    dr_auto(dr_arena_freep) struct dr_arena *a = dr_arena_new();
    struct dr_owner o;
    struct dr_stamp now = store_now(s);
    int r = dr_store_owner(s, a, group, &o, NULL);
    if (r < 0)
        return dr_fail(err, DRSTOR_E_BUSY, "group %s is locked by another run", group);
    if (o.released)
        return dr_fail(err, DRSTOR_E_BUSY,
                       "group %s is still locked by a worker of run %s, which has ended", group,
                       o.run ? o.run : "?");
    return dr_fail(err, DRSTOR_E_BUSY,
                   "group %s is locked by run %s (%s) of %s at %s, process %lld, for %s", group,
                   o.run ? o.run : "?", o.verb ? o.verb : "?", o.who.user ? o.who.user : "?",
                   o.who.host ? o.who.host : "?", (long long)o.who.pid,
                   dr_duration_text(a, dr_stamp_age_display_s(&o.since, &now)));
}

/* Waits for the lock itself. The mutex is not held while sleeping. */
static int
take(struct dr_store *s, const char *group, uint64_t deadline_ns, const struct dr_cancel *cancel,
     struct drstor_error **err)
{
    /* Somebody who only looks whether it is held holds it for an instant: not a reason for BUSY. */
    uint64_t grace = dr_now_ns(s->env) + 100 * DR_MS, pause = 10 * DR_MS;
    if (deadline_ns < grace)
        deadline_ns = grace;
    for (;;) {
        pthread_mutex_lock(&s->mutex);
        int r = held_find(s, group) ? DRSTOR_E_BUSY : s->ops->lock(s->impl, group, err);
        pthread_mutex_unlock(&s->mutex);
        if (r != DRSTOR_E_BUSY)
            return r;
        uint64_t now = dr_now_ns(s->env);
        if (now >= deadline_ns)
            return busy(s, group, err);
        uint64_t next = now + pause < deadline_ns ? now + pause : deadline_ns;
        if (dr_sleep_until(s->env, next, cancel) < 0)
            return dr_fail(err, DRSTOR_E_CANCELLED, "waiting for group %s was cancelled", group);
        pause = pause * 2 < 500 * DR_MS ? pause * 2 : 500 * DR_MS;
    }
}

static int
sign(struct dr_store *s, struct dr_arena *a, struct dr_owner *mine, struct dr_lock *lock,
     struct drstor_error **err)
{
    int r = store_enter(s, true, err);
    if (r < 0)
        return r;
    r = store_get_map(s, a, STORE_OWNER, mine->group, "", &owner_type, &lock->before, NULL);
    if (r == DRSTOR_OK) {
        lock->owner_died = !lock->before.released;
    } else if (r == DRSTOR_E_NOTFOUND) {
        dr_map_clear(&owner_type, &lock->before);
        r = DRSTOR_OK;
    } else {
        r = store_get_map(s, a, STORE_OWNER, mine->group, "", &owner_type, &lock->before, err);
    }
    if (r == DRSTOR_OK)
        r = store_count(s, "token", &mine->token, err);
    if (r == DRSTOR_OK && mine->token <= lock->before.token)
        r = store_damaged(STORE_COUNTER, "token", "", err); /* it only ever grows */
    if (r == DRSTOR_OK)
        r = store_put_map(s, STORE_OWNER, mine->group, "", &owner_type, mine, err);
    lock->token = mine->token;
    return store_leave(s, true, r, err);
}

int
dr_store_lock(struct dr_store *s, struct dr_arena *a, const char *group, const struct dr_actor *who,
              const char *run, const char *verb, uint64_t wait_deadline_ns,
              const struct dr_cancel *cancel, struct dr_lock *ret, struct drstor_error **err)
{
    int r = store_check_name("group", group, err);
    if (r == DRSTOR_OK && s->mode != DR_STORE_WRITE)
        r = dr_fail(err, DRSTOR_E_UNSUPPORTED, "the store was opened for reading only");
    if (r == DRSTOR_OK)
        r = take(s, group, wait_deadline_ns, cancel, err);
    if (r < 0)
        return r;
    struct dr_stamp now = store_now(s);
    struct dr_owner mine = {
        .group = group, .who = *who, .run = run, .verb = verb, .since = now, .seen = now};
    struct dr_lock lock = {0};
    pthread_mutex_lock(&s->mutex);
    if (s->open)
        r = dr_fail(err, DRSTOR_E_INVALID, "a lock is not taken inside a transaction");
    else
        r = sign(s, a, &mine, &lock, err);
    if (r == DRSTOR_OK) {
        dr_push(s->held, s->n_held, s->cap_held) = (struct store_held){
            .group = dr_strdup(group), .token = lock.token, .seen_ns = now.boot_ns};
        *ret = lock;
    } else {
        s->ops->unlock(s->impl, group);
    }
    pthread_mutex_unlock(&s->mutex);
    return r < 0 ? dr_context(err, r, "cannot lock group %s", group) : r;
}

int
dr_store_unlock(struct dr_store *s, const char *group, int64_t token, struct drstor_error **err)
{
    dr_auto(dr_arena_freep) struct dr_arena *a = dr_arena_new();
    pthread_mutex_lock(&s->mutex);
    struct store_held *h = held_find(s, group);
    int r = DRSTOR_OK;
    if (s->open)
        r = dr_fail(err, DRSTOR_E_INVALID, "a lock is not given back inside a transaction");
    else if (!h || h->token != token)
        r = dr_fail(err, DRSTOR_E_NOTFOUND, "group %s is not locked here", group);
    if (r < 0) {
        pthread_mutex_unlock(&s->mutex);
        return r;
    }
    /* The row first: dying in between, the next one must not be told that work was left undone. */
    struct dr_owner o;
    r = store_enter(s, true, err);
    if (r == DRSTOR_OK) {
        r = store_get_map(s, a, STORE_OWNER, group, "", &owner_type, &o, err);
        if (r == DRSTOR_OK && o.token == token) {
            o.released = true;
            o.seen = store_now(s);
            r = store_put_map(s, STORE_OWNER, group, "", &owner_type, &o, err);
        }
        r = store_leave(s, true, r, err);
    }
    if (r != DRSTOR_E_BUSY) /* may be repeated */
        held_drop(s, group);
    pthread_mutex_unlock(&s->mutex);
    return r;
}

void
dr_store_forsake(struct dr_store *s, const char *group, int64_t token)
{
    pthread_mutex_lock(&s->mutex);
    struct store_held *h = held_find(s, group);
    if (h && h->token == token)
        held_drop(s, group);
    pthread_mutex_unlock(&s->mutex);
}

int
dr_store_lock_fd(struct dr_store *s, const char *group)
{
    pthread_mutex_lock(&s->mutex);
    int fd = held_find(s, group) ? s->ops->lock_fd(s->impl, group) : -1;
    pthread_mutex_unlock(&s->mutex);
    return fd;
}

int
dr_store_guard(struct dr_store *s, const char *group, int64_t token, struct drstor_error **err)
{
    dr_auto(dr_arena_freep) struct dr_arena *a = dr_arena_new();
    struct dr_owner o = {0};
    pthread_mutex_lock(&s->mutex);
    bool write = s->open || s->depth; /* then its refusal is that of the whole transaction */
    int r = store_enter(s, write, err);
    pthread_mutex_unlock(&s->mutex);
    if (r < 0)
        return r;
    r = store_get_map(s, a, STORE_OWNER, group, "", &owner_type, &o, err);
    if (r == DRSTOR_OK || r == DRSTOR_E_NOTFOUND) {
        r = DRSTOR_OK;
        if (token <= 0 || o.token != token || o.released) {
            if (err)
                dr_error_freep(err);
            r = dr_refuse(
                err, "R092",
                "the lock of group %s is lost: our token is %lld, the current one %lld%s; "
                "nothing was changed",
                group, (long long)token, (long long)o.token, o.released ? " (released)" : "");
        }
    }
    return store_leave(s, write, r, err);
}
