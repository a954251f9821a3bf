#include "lunview_world.h"

#include "world.h"

#include <errno.h>
#include <stdlib.h>

static int
world_list(void *ctx, const char *site, struct json_object **ret_luns)
{
    struct sim_world *w = ctx;
    if (sim_enter(w) < 0)
        return -EIO;
    int r = sim_lun_list(w, site, ret_luns);
    return sim_leave(w) < 0 && r == 0 ? (json_object_put(*ret_luns), -EIO) : r;
}

static int
world_write(void *ctx, const char *site, const char *wwid, struct json_object *content)
{
    struct sim_world *w = ctx;
    if (sim_enter(w) < 0)
        return -EIO;
    int r = sim_lun_write(w, site, wwid, content);
    return sim_leave(w) < 0 && r == 0 ? -EIO : r;
}

static int
world_writer(struct sim_world *w, const char *site, const char *wwid, const char *who, bool add)
{
    if (sim_enter(w) < 0)
        return -EIO;
    int r = sim_lun_writer(w, site, wwid, who, add);
    return sim_leave(w) < 0 && r == 0 ? -EIO : r;
}

static int
world_writer_add(void *ctx, const char *site, const char *wwid, const char *who)
{
    return world_writer(ctx, site, wwid, who, true);
}

static int
world_writer_remove(void *ctx, const char *site, const char *wwid, const char *who)
{
    return world_writer(ctx, site, wwid, who, false);
}

struct lunview
lunview_world_of(struct sim_world *w)
{
    return (struct lunview){.ctx = w,
                            .list = world_list,
                            .write = world_write,
                            .writer_add = world_writer_add,
                            .writer_remove = world_writer_remove};
}

struct lunview *
lunview_world_open(const char *path)
{
    struct sim_world *w;
    int r = sim_file_open(path, &w, NULL);
    if (r < 0) {
        errno = r == DRSTOR_E_NOTFOUND ? ENOENT : r == DRSTOR_E_NOMEM ? ENOMEM : EINVAL;
        return NULL;
    }
    struct lunview *view = malloc(sizeof(*view));
    if (!view) {
        sim_world_free(w);
        return NULL;
    }
    *view = lunview_world_of(w);
    return view;
}

void
lunview_world_close(struct lunview *view)
{
    if (!view)
        return;
    sim_world_free(view->ctx);
    free(view);
}
