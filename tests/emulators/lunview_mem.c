#include "lunview_mem.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>

#include "engine/util.h"

struct lunview_mem {
    struct lunview view;
    pthread_mutex_t lock;
    struct json_object *volumes;
    size_t violations;
};

/* The copy and, through RET_VOLUME, the volume it belongs to. */
static struct json_object *
copy_find(struct lunview_mem *m, const char *site, const char *wwid,
          struct json_object **ret_volume)
{
    for (size_t v = 0; v < js_len(m->volumes); v++) {
        struct json_object *volume = js_at(m->volumes, v);
        struct json_object *copies = js_get(volume, "copies");
        for (size_t c = 0; c < js_len(copies); c++)
            if (emu_same(js_str(js_at(copies, c), "site"), site) &&
                emu_same(js_str(js_at(copies, c), "wwid"), wwid)) {
                if (ret_volume)
                    *ret_volume = volume;
                return js_at(copies, c);
            }
    }
    return NULL;
}

static void
volume_copy(struct json_object *volume, struct json_object *from)
{
    struct json_object *copies = js_get(volume, "copies");
    for (size_t c = 0; c < js_len(copies); c++)
        if (js_at(copies, c) != from)
            js_add(js_at(copies, c), "content", js_copy(js_get(from, "content")));
}

static int
mem_list(void *ctx, const char *site, struct json_object **ret_luns)
{
    struct lunview_mem *m = ctx;
    struct json_object *luns = json_object_new_array();
    pthread_mutex_lock(&m->lock);
    for (size_t v = 0; v < js_len(m->volumes); v++) {
        struct json_object *volume = js_at(m->volumes, v);
        struct json_object *copies = js_get(volume, "copies");
        for (size_t c = 0; c < js_len(copies); c++) {
            struct json_object *copy = js_at(copies, c);
            if (!emu_same(js_str(copy, "site"), site) || js_len(js_get(copy, "exposed_to")) == 0)
                continue;
            struct json_object *lun = js_copy(copy);
            js_add_int(lun, "size", js_int(volume, "size", 0));
            json_object_object_del(lun, "writers");
            json_object_object_del(lun, "site");
            json_object_array_add(luns, lun);
        }
    }
    pthread_mutex_unlock(&m->lock);
    *ret_luns = luns;
    return 0;
}

static int
mem_write(void *ctx, const char *site, const char *wwid, struct json_object *content)
{
    struct lunview_mem *m = ctx;
    struct json_object *volume = NULL;
    int r = 0;
    pthread_mutex_lock(&m->lock);
    struct json_object *copy = copy_find(m, site, wwid, &volume);
    if (!copy || js_len(js_get(copy, "exposed_to")) == 0) {
        r = -ENOENT;
    } else if (!emu_same(js_str(copy, "access"), "read-write")) {
        r = -EROFS;
    } else {
        js_add(copy, "content", js_copy(content));
        if (js_bool(volume, "synchronous", false))
            volume_copy(volume, copy);
    }
    pthread_mutex_unlock(&m->lock);
    return r;
}

static int
mem_writer_add(void *ctx, const char *site, const char *wwid, const char *who)
{
    struct lunview_mem *m = ctx;
    struct json_object *volume = NULL;
    int r = 0;
    pthread_mutex_lock(&m->lock);
    struct json_object *copy = copy_find(m, site, wwid, &volume);
    if (!copy || js_len(js_get(copy, "exposed_to")) == 0) {
        r = -ENOENT;
    } else if (!emu_same(js_str(copy, "access"), "read-write")) {
        r = -EROFS;
    } else {
        json_object_array_add(js_list(copy, "writers"), json_object_new_string(who));
        struct json_object *copies = js_get(volume, "copies");
        for (size_t c = 0; c < js_len(copies); c++)
            if (!emu_same(js_str(js_at(copies, c), "site"), site) &&
                js_len(js_get(js_at(copies, c), "writers")) > 0)
                m->violations++;
    }
    pthread_mutex_unlock(&m->lock);
    return r;
}

static int
mem_writer_remove(void *ctx, const char *site, const char *wwid, const char *who)
{
    struct lunview_mem *m = ctx;
    int r = -ENOENT;
    pthread_mutex_lock(&m->lock);
    struct json_object *writers = js_get(copy_find(m, site, wwid, NULL), "writers");
    for (size_t i = js_len(writers); i > 0 && r < 0; i--)
        if (emu_same(json_object_get_string(js_at(writers, i - 1)), who)) {
            json_object_array_del_idx(writers, i - 1, 1);
            r = 0;
        }
    pthread_mutex_unlock(&m->lock);
    return r;
}

struct lunview_mem *
lunview_mem_new(struct json_object *conf)
{
    struct lunview_mem *m = emu_alloc(sizeof(*m));
    m->volumes = js_copy(js_get(conf, "volumes"));
    if (!m->volumes)
        m->volumes = json_object_new_array();
    pthread_mutex_init(&m->lock, NULL);
    m->view = (struct lunview){.ctx = m,
                               .list = mem_list,
                               .write = mem_write,
                               .writer_add = mem_writer_add,
                               .writer_remove = mem_writer_remove};
    return m;
}

void
lunview_mem_free(struct lunview_mem *m)
{
    if (!m)
        return;
    json_object_put(m->volumes);
    pthread_mutex_destroy(&m->lock);
    free(m);
}

struct lunview *
lunview_mem_view(struct lunview_mem *m)
{
    return &m->view;
}

int
lunview_mem_access(struct lunview_mem *m, const char *site, const char *wwid, const char *access)
{
    pthread_mutex_lock(&m->lock);
    struct json_object *copy = copy_find(m, site, wwid, NULL);
    if (copy)
        js_add_str(copy, "access", access);
    pthread_mutex_unlock(&m->lock);
    return copy ? 0 : -ENOENT;
}

void
lunview_mem_replicate(struct lunview_mem *m, const char *site)
{
    pthread_mutex_lock(&m->lock);
    for (size_t v = 0; v < js_len(m->volumes); v++) {
        struct json_object *copies = js_get(js_at(m->volumes, v), "copies");
        struct json_object *from = js_find(copies, "site", site);
        if (from)
            volume_copy(js_at(m->volumes, v), from);
    }
    pthread_mutex_unlock(&m->lock);
}

struct json_object *
lunview_mem_content(struct lunview_mem *m, const char *site, const char *wwid)
{
    pthread_mutex_lock(&m->lock);
    struct json_object *content = js_copy(js_get(copy_find(m, site, wwid, NULL), "content"));
    pthread_mutex_unlock(&m->lock);
    return content;
}

size_t
lunview_mem_violations(struct lunview_mem *m)
{
    pthread_mutex_lock(&m->lock);
    size_t n = m->violations;
    pthread_mutex_unlock(&m->lock);
    return n;
}

size_t
lunview_mem_writers(struct lunview_mem *m, const char *site)
{
    size_t n = 0;
    pthread_mutex_lock(&m->lock);
    for (size_t v = 0; v < js_len(m->volumes); v++) {
        struct json_object *copies = js_get(js_at(m->volumes, v), "copies");
        n += js_len(js_get(js_find(copies, "site", site), "writers"));
    }
    pthread_mutex_unlock(&m->lock);
    return n;
}
