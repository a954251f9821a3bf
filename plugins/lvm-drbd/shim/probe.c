/* Blocks that prove that a write here is read there; only on volumes that are kept for it. */
#include "shim.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { BLOCK = 4096, SHOWN = 128 };

static const struct volume *
volume_of(const struct resource *r, uint64_t vol)
{
    for (size_t i = 0; i < r->n; i++)
        if (r->volumes[i].vol == vol)
            return &r->volumes[i];
    return NULL;
}

static void *
block(void)
{
    void *p = NULL;
    if (posix_memalign(&p, BLOCK, BLOCK) != 0)
        abort();
    memset(p, 0, BLOCK);
    return p;
}

static const struct volume *
probe_volume(const struct resource *r, uint64_t vol)
{
    const struct volume *v = volume_of(r, vol);
    if (!v)
        reply_text("probe", 1, "", "there is no such volume");
    else if (!v->probe)
        reply_text("probe", 1, "", "its logical volume does not carry the tag drstor:probe");
    return v && v->probe ? v : NULL;
}

enum end
probe_write(const struct line *l, struct resource *r, uint64_t end_ms)
{
    const struct volume *v = probe_volume(r, l->vol);
    (void)end_ms;
    if (!v)
        return END_INVALID;
    char *data = block();
    (void)snprintf(data, SHOWN, "%s", l->args[1]);
    int fd = open(v->device, O_WRONLY | O_DIRECT | O_DSYNC | O_CLOEXEC);
    ssize_t n = fd < 0 ? -1 : pwrite(fd, data, BLOCK, r->slot * BLOCK);
    int why = errno;
    if (fd >= 0)
        (void)close(fd);
    free(data);
    reply_text("probe", n == BLOCK ? 0 : 1, "", n == BLOCK ? "" : strerror(why));
    return n == BLOCK ? END_DONE : END_FAILED;
}

void
probe_read(const struct line *l)
{
    struct resource r;
    uint64_t end_ms = now_ms() + 30000;
    enum found found = resource_read(l->res[0], end_ms, &r);
    if (found != FOUND || !volumes_lvm(&r, end_ms)) {
        reply_send(found == FOUND_NOT || found == FOUND_NO_TOOL ? "missing" : "failed",
                   "%s has no resource %s, or cannot read it", host_name(), l->res[0]);
        return;
    }
    const struct volume *v = probe_volume(&r, l->vol);
    if (!v) {
        reply_send("invalid", "volume %llu of %s takes no probe", (unsigned long long)l->vol,
                   l->res[0]);
        return;
    }
    char *data = block();
    int fd = open(v->device, O_RDONLY | O_DIRECT | O_CLOEXEC);
    ssize_t n = fd < 0 ? -1 : pread(fd, data, BLOCK, (off_t)(l->slot * BLOCK));
    int why = errno;
    if (fd >= 0)
        (void)close(fd);
    bool well = n == BLOCK;
    reply_frame("probe", well ? 0 : 1, data, well ? SHOWN : 0, well ? "" : strerror(why),
                well ? 0 : strlen(strerror(why)));
    free(data);
    reply_send(well ? "done" : "failed", "%s", "");
}
