/*
 * A world in a file, shared by processes.
 *
 * The lock is a flock on FILE.lock, which also holds the number of the last save, so that a process
 * whose copy is still the newest need not read again. The world is replaced as a whole by rename.
 * The log is FILE.log, one JSON object per line; the world knows how long it is, so lines of a
 * save that never happened are cut off. Nothing is synced: a world outlives processes, not power.
 */
#include "state.h"

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

static int
file_lock_open(const char *path)
{
    char name[4096];
    int n = snprintf(name, sizeof(name), "%s.lock", path);
    if (n < 0 || (size_t)n >= sizeof(name)) {
        errno = ENAMETOOLONG;
        return -1;
    }
    return open(name, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
}

static int
file_lock(int fd)
{
    while (flock(fd, LOCK_EX) < 0)
        if (errno != EINTR)
            return -1;
    return 0;
}

static uint64_t
file_seq_read(int fd)
{
    uint64_t seq = 0;
    return pread(fd, &seq, sizeof(seq), 0) == (ssize_t)sizeof(seq) ? seq : 0;
}

static bool
file_write_all(int fd, const char *text, size_t n)
{
    while (n > 0) {
        ssize_t written = write(fd, text, n);
        if (written < 0 && errno == EINTR)
            continue;
        if (written < 0)
            return false;
        text += written;
        n -= (size_t)written;
    }
    return true;
}

/* ---- the log ------------------------------------------------------------------------------- */

static struct json_object *
file_log_line(const struct sim_log_entry *e)
{
    struct json_object *o = json_object_new_object();
    json_object_object_add(o, "seq", json_object_new_uint64(e->seq));
    json_object_object_add(o, "time_ns", json_object_new_uint64(e->time_ns));
    json_object_object_add(o, "call", json_object_new_uint64(e->call));
    json_object_object_add(o, "effect", json_object_new_boolean(e->effect != 0));
    json_object_object_add(o, "op", json_object_new_string(sim_op_name((enum sim_op)e->op)));
    json_object_object_add(o, "outcome", json_object_new_int((int)e->outcome));
    json_object_object_add(o, "status", json_object_new_int(e->status));
    json_object_object_add(o, "epoch", json_object_new_uint64(e->epoch));
    json_object_object_add(o, "token", json_object_new_uint64(e->token));
    json_object_object_add(o, "actor", json_object_new_string(e->actor));
    json_object_object_add(o, "op_id", json_object_new_string(e->op_id));
    json_object_object_add(o, "array", json_object_new_string(e->array));
    json_object_object_add(o, "group", json_object_new_string(e->group));
    json_object_object_add(o, "note", json_object_new_string(e->note));
    return o;
}

static const char *
file_log_text(struct json_object *o, const char *key)
{
    struct json_object *v = NULL;
    return json_object_object_get_ex(o, key, &v) ? json_object_get_string(v) : "";
}

static uint64_t
file_log_number(struct json_object *o, const char *key)
{
    struct json_object *v = NULL;
    return json_object_object_get_ex(o, key, &v) ? json_object_get_uint64(v) : 0;
}

static void
file_log_parse(struct json_object *o, struct sim_log_entry *e)
{
    struct json_object *status = NULL, *effect = NULL;
    *e = (struct sim_log_entry){.seq = file_log_number(o, "seq"),
                                .time_ns = file_log_number(o, "time_ns"),
                                .call = file_log_number(o, "call"),
                                .op = sim_op_find(file_log_text(o, "op")),
                                .outcome = (uint32_t)file_log_number(o, "outcome"),
                                .epoch = file_log_number(o, "epoch"),
                                .token = file_log_number(o, "token")};
    if (json_object_object_get_ex(o, "status", &status))
        e->status = json_object_get_int(status);
    if (json_object_object_get_ex(o, "effect", &effect))
        e->effect = json_object_get_boolean(effect) ? 1 : 0;
    SIM_SET(e->actor, file_log_text(o, "actor"));
    SIM_SET(e->op_id, file_log_text(o, "op_id"));
    SIM_SET(e->array, file_log_text(o, "array"));
    SIM_SET(e->group, file_log_text(o, "group"));
    SIM_SET(e->note, file_log_text(o, "note"));
}

static bool
file_log_flush(struct sim_world *w)
{
    char name[4096];
    if (w->n_log == 0)
        return true;
    snprintf(name, sizeof(name), "%s.log", w->path);
    int fd = open(name, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    if (fd < 0)
        return false;
    bool good = ftruncate(fd, (off_t)w->log_bytes) == 0 &&
                lseek(fd, (off_t)w->log_bytes, SEEK_SET) == (off_t)w->log_bytes;
    for (size_t i = 0; good && i < w->n_log; i++) {
        struct json_object *o = file_log_line(&w->log[i]);
        size_t n;
        const char *text = json_object_to_json_string_length(o, JSON_C_TO_STRING_PLAIN, &n);
        good = text && file_write_all(fd, text, n) && file_write_all(fd, "\n", 1);
        w->log_bytes += n + 1;
        json_object_put(o);
    }
    close(fd);
    w->n_log = 0;
    return good;
}

int
sim_log_each(struct sim_world *w, sim_log_fn fn, void *user)
{
    int r = 0;
    if (w->path) {
        char name[4096], *line = NULL;
        size_t size = 0;
        snprintf(name, sizeof(name), "%s.log", w->path);
        FILE *f = fopen(name, "re");
        while (r == 0 && f && getline(&line, &size, f) > 0) {
            struct json_object *o = json_tokener_parse(line);
            struct sim_log_entry e;
            if (!o)
                break;
            file_log_parse(o, &e);
            json_object_put(o);
            if (e.seq + w->n_log > w->log_seq)
                break; /* of a save that never happened */
            r = fn(&e, user);
        }
        free(line);
        if (f)
            fclose(f);
    }
    for (size_t i = 0; r == 0 && i < w->n_log; i++)
        r = fn(&w->log[i], user);
    return r;
}

/* ---- the world ----------------------------------------------------------------------------- */

static int
file_read(struct sim_world *w)
{
    struct json_object *o = json_object_from_file(w->path);
    if (!o)
        return sim_fail(w, DRSTOR_E_NOTFOUND, "cannot read the world %s, or it is not JSON",
                        w->path);
    struct sim_world *fresh = sim_world_blank();
    if (!fresh) {
        json_object_put(o);
        return DRSTOR_E_NOMEM;
    }
    int r = sim_decode(fresh, o);
    json_object_put(o);
    if (r < 0) {
        SIM_SET(w->why, fresh->why);
        sim_world_free(fresh);
        return r;
    }
    /* The new world moves in; clock, lock and file stay. */
    struct sim_world old = *w;
    sim_world_clear(w);
    pthread_mutex_destroy(&fresh->mutex);
    memcpy(w, fresh, offsetof(struct sim_world, mutex));
    free(fresh);
    w->clock = old.clock;
    w->clock_user = old.clock_user;
    w->path = old.path;
    w->lock_fd = old.lock_fd;
    return DRSTOR_OK;
}

static bool
file_write(struct sim_world *w)
{
    char name[4096];
    size_t n;
    snprintf(name, sizeof(name), "%s.new", w->path);
    if (!file_log_flush(w))
        return false;
    uint64_t seq = ++w->save_seq;
    struct json_object *o = sim_world_save(w);
    const char *text = o ? json_object_to_json_string_length(o, JSON_C_TO_STRING_SPACED, &n) : NULL;
    int fd = text ? open(name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600) : -1;
    bool good = fd >= 0 && file_write_all(fd, text, n) && file_write_all(fd, "\n", 1);
    if (fd >= 0)
        good = close(fd) == 0 && good;
    json_object_put(o);
    /* The number first: if we die between, the others read once too often, never too seldom. */
    return good && pwrite(w->lock_fd, &seq, sizeof(seq), 0) == (ssize_t)sizeof(seq) &&
           rename(name, w->path) == 0;
}

int
sim_file_load(struct sim_world *w)
{
    if (file_lock(w->lock_fd) < 0)
        return sim_fail(w, DRSTOR_E_INTERNAL, "cannot lock the world %s", w->path);
    if (w->save_seq && w->save_seq == file_seq_read(w->lock_fd) && !w->broken)
        return DRSTOR_OK;
    int r = file_read(w);
    if (r < 0)
        flock(w->lock_fd, LOCK_UN);
    return r;
}

int
sim_file_unload(struct sim_world *w, bool save)
{
    int r = w->broken ? DRSTOR_E_NOMEM : DRSTOR_OK;
    if (save && !file_write(w)) {
        r = sim_fail(w, DRSTOR_E_INTERNAL, "cannot write the world %s", w->path);
        w->broken = true;
    }
    if (w->broken)
        w->save_seq = 0; /* what is in memory is not what is in the file: read again */
    flock(w->lock_fd, LOCK_UN);
    return r;
}

int
sim_file_open(const char *path, struct sim_world **ret, char why[SIM_WORDS])
{
    struct sim_world *w = sim_world_blank();
    if (!w)
        return DRSTOR_E_NOMEM;
    int r = DRSTOR_OK;
    struct stat st;
    w->path = strdup(path);
    if (!w->path || strlen(path) > 4000)
        r = DRSTOR_E_NOMEM;
    else if (stat(path, &st) < 0)
        r = sim_fail(w, DRSTOR_E_NOTFOUND, "cannot open the world %s: %m", path);
    else if ((w->lock_fd = file_lock_open(path)) < 0)
        r = sim_fail(w, DRSTOR_E_INVALID, "cannot lock the world %s: %m", path);
    /* Read once, to say now what is wrong; no time passes by that. */
    if (r == DRSTOR_OK)
        r = sim_file_load(w);
    if (r == DRSTOR_OK)
        r = sim_file_unload(w, false);
    if (r < 0) {
        if (why)
            sim_copy_text(why, SIM_WORDS, w->why);
        sim_world_free(w);
        return r;
    }
    *ret = w;
    return DRSTOR_OK;
}

int
sim_file_create(const char *path, struct json_object *spec, char why[SIM_WORDS])
{
    struct sim_world *w;
    char name[4096];
    int r = sim_world_new(spec, &w, why);
    if (r < 0)
        return r;
    if (strlen(path) > 4000 || !(w->path = strdup(path)) ||
        (w->lock_fd = file_lock_open(path)) < 0 || file_lock(w->lock_fd) < 0) {
        r = DRSTOR_E_INVALID;
    } else {
        snprintf(name, sizeof(name), "%s.log", path);
        if (unlink(name) < 0 && errno != ENOENT)
            r = DRSTOR_E_INVALID;
        w->save_seq = file_seq_read(w->lock_fd);
        if (r == DRSTOR_OK && !file_write(w))
            r = DRSTOR_E_INVALID;
    }
    if (r < 0 && why)
        snprintf(why, SIM_WORDS, "cannot write the world %.150s: %m", path);
    sim_world_free(w);
    return r;
}
