/*
 * Snapshots of every volume of a resource, of one moment.
 *
 * All backing devices but the first are suspended, then the snapshots are made; each lets its
 * origin go on. Whatever is in a snapshot was complete when the last of the others was suspended or
 * before it was made, and no write completes on a suspended device, so none is there without those
 * it rests on.
 */
#include "shim.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

/* How long writes may be held up, whatever happens here. */
static const uint64_t guard_ms = 20000;

static enum end
end_of(int exit)
{
    return exit == 0 ? END_DONE : exit == EXIT_ENDED ? END_UNKNOWN : END_FAILED;
}

static char *
image_of(const struct volume *v, const char *name)
{
    return text_format("%s/%s_%s", v->vg, v->lv, name);
}

static char *
device_of(const struct resource *r, const struct volume *v, const char *name)
{
    return text_format("drstor.%s.%u.%s", r->name, v->vol, name);
}

/* ---- the guard ------------------------------------------------------------------------------- */

static void
resume_all(const struct resource *r)
{
    for (size_t i = 1; i < r->n; i++) {
        struct result x;
        run((const char *const[]){"dmsetup", "resume", r->volumes[i].dm, NULL}, NULL,
            now_ms() + guard_ms, &x);
        result_clear(&x);
    }
}

/* A process that lets everything go on when this one ends, however that is. RET_FD: our end. */
static bool
guard_start(const struct resource *r, int *ret_fd)
{
    int p[2];
    if (pipe2(p, O_CLOEXEC) < 0)
        return false;
    pid_t pid = fork();
    if (pid == 0) {
        struct pollfd wait = {p[0], POLLIN, 0};
        char done;
        (void)setsid();
        (void)prctl(PR_SET_NAME, "drstor-guard");
        (void)close(p[1]);
        (void)close(STDOUT_FILENO);
        (void)close(STDERR_FILENO);
        (void)poll(&wait, 1, (int)guard_ms);
        if (!(wait.revents & POLLIN) || read(p[0], &done, 1) != 1)
            resume_all(r);
        _exit(0);
    }
    (void)close(p[0]);
    *ret_fd = p[1];
    return pid > 0;
}

static void
guard_end(int fd)
{
    if (write(fd, "x", 1) != 1)
        return; /* it resumes, which is done already */
    (void)close(fd);
}

/* ---- making and removing --------------------------------------------------------------------- */

static bool
image_there(const struct volume *v, const char *name, uint64_t end_ms)
{
    struct result x;
    char *image = image_of(v, name);
    run((const char *const[]){"lvs", "--noheadings", "-o", "lv_name", image, NULL}, NULL, end_ms,
        &x);
    bool there = x.exit == 0;
    free(image);
    result_clear(&x);
    return there;
}

static enum end
image_make(const struct resource *r, const struct volume *v, const char *name, bool clone,
           uint64_t end_ms)
{
    char *image = text_format("%s_%s", v->lv, name), *origin = text_format("%s/%s", v->vg, v->lv),
         *res = text_format("drstor:res=%s", r->name), *vol = text_format("drstor:vol=%u", v->vol),
         *of = text_format("drstor:%s=%s", clone ? "clone" : "snapshot", name);
    int code = v->thin ? RUN_FRAME(end_ms, "lvcreate", "-y", "-s", "-kn", "-ay", "-n", image,
                                   "--addtag", res, "--addtag", vol, "--addtag", of, origin)
                       : RUN_FRAME(end_ms, "lvcreate", "-y", "-s", "-l", "100%ORIGIN", "-n", image,
                                   "--addtag", res, "--addtag", vol, "--addtag", of, origin);
    free(image);
    free(origin);
    free(res);
    free(vol);
    free(of);
    return end_of(code);
}

/* Only what carries our own marks is ever removed. */
static enum end
image_remove(const struct resource *r, const struct volume *v, const char *name, bool clone,
             uint64_t end_ms)
{
    if (!image_there(v, name, end_ms))
        return END_DONE;
    char *image = image_of(v, name);
    char *select = text_format("lv_tags={\"drstor:res=%s\" && \"drstor:%s=%s\"}", r->name,
                               clone ? "clone" : "snapshot", name);
    int code = RUN_FRAME(end_ms, "lvremove", "-f", "-y", "-S", select, image);
    free(image);
    free(select);
    if (code == 0 && image_there(v, name, end_ms))
        return END_FAILED; /* it is another's */
    return end_of(code);
}

enum end
snapshot_remove(const struct resource *r, const char *name, bool clone, uint64_t end_ms)
{
    enum end end = END_DONE;
    for (size_t i = 0; i < r->n && end == END_DONE; i++)
        end = image_remove(r, &r->volumes[i], name, clone, end_ms);
    return end;
}

static enum end
images_make(const struct resource *r, const char *name, bool clone, uint64_t end_ms)
{
    enum end end = END_DONE;
    for (size_t i = 1; i < r->n && end == END_DONE; i++)
        end = end_of(RUN_FRAME(end_ms, "dmsetup", "suspend", r->volumes[i].dm));
    for (size_t i = 0; i < r->n && end == END_DONE; i++)
        end = image_make(r, &r->volumes[i], name, clone, end_ms);
    return end;
}

/* All images of NAME are of one moment: the first one says so. Without that they may be what a shim
 * left that was killed between them. */
static const char whole[] = "drstor:whole";

static bool
is_whole(const struct volume *first, const char *name, uint64_t end_ms)
{
    struct result x;
    char *image = image_of(first, name);
    run((const char *const[]){"lvs", "--noheadings", "-o", "lv_tags", image, NULL}, NULL, end_ms,
        &x);
    bool is = x.exit == 0 && strstr(x.out.s, whole);
    free(image);
    result_clear(&x);
    return is;
}

static enum end
mark_whole(const struct volume *first, const char *name, uint64_t end_ms)
{
    char *image = image_of(first, name);
    int code = RUN_FRAME(end_ms, "lvchange", "--addtag", whole, image);
    free(image);
    return end_of(code);
}

enum end
snapshot_make(struct resource *r, const char *name, bool clone, uint64_t end_ms)
{
    size_t there = 0;
    int guard = -1;
    for (size_t i = 0; i < r->n; i++)
        there += image_there(&r->volumes[i], name, end_ms);
    if (there == r->n && (r->n == 1 || is_whole(&r->volumes[0], name, end_ms)))
        return END_DONE;
    /* What is left of an attempt that was cut short is of another moment. */
    enum end end = snapshot_remove(r, name, clone, end_ms);
    if (end != END_DONE)
        return end;
    uint64_t began = now_ms();
    if (r->n > 1 && !guard_start(r, &guard))
        return END_FAILED;
    end = images_make(r, name, clone, end_ms);
    if (r->n > 1) {
        bool in_time = now_ms() - began < guard_ms;
        resume_all(r);
        guard_end(guard);
        if (end == END_DONE && !in_time) {
            reply_text("guard", 1, "",
                       "the volumes could not be held for as long as their snapshots took");
            end = END_FAILED;
        }
        if (end == END_DONE)
            end = mark_whole(&r->volumes[0], name, end_ms);
    }
    if (end == END_FAILED)
        (void)snapshot_remove(r, name, clone, end_ms);
    return end;
}

/* ---- clones: a snapshot that hosts can use --------------------------------------------------- */

/* 512-byte sectors of the DRBD device, which is smaller than what it lies on; 0: it is not up. */
static unsigned long long
sectors_of(const struct volume *v)
{
    char *path = text_format("/sys/block/drbd%u/size", v->minor);
    FILE *f = fopen(path, "re");
    unsigned long long n = 0;
    if (f && fscanf(f, "%llu", &n) != 1)
        n = 0;
    if (f)
        (void)fclose(f);
    free(path);
    return n;
}

static enum end
clone_device(const struct resource *r, const struct volume *v, const char *name, uint64_t end_ms)
{
    char *device = device_of(r, v, name), *path = text_format("/dev/mapper/%s", device);
    enum end end = END_DONE;
    if (access(path, F_OK) != 0) {
        unsigned long long n = sectors_of(v);
        char *table = text_format("0 %llu linear /dev/%s/%s_%s 0", n, v->vg, v->lv, name);
        if (n)
            end = end_of(RUN_FRAME(end_ms, "dmsetup", "create", device, "--table", table));
        else
            reply_text("size", 1, "", "the DRBD device is not up, so its size is not known");
        if (!n)
            end = END_FAILED;
        // A host without udev has no node yet.
        if (end == END_DONE && access(path, F_OK) != 0)
            end = end_of(RUN_FRAME(end_ms, "dmsetup", "mknodes", device));
        free(table);
    }
    free(device);
    free(path);
    return end;
}

enum end
clone_make(struct resource *r, const char *name, char **targets, size_t n, uint64_t end_ms)
{
    enum end end = snapshot_make(r, name, true, end_ms);
    for (size_t i = 0; i < r->n && end == END_DONE; i++) {
        const struct volume *v = &r->volumes[i];
        char serial[26];
        char *device = device_of(r, v, name), *path = text_format("/dev/mapper/%s", device);
        end = clone_device(r, v, name, end_ms);
        if (end == END_DONE && n && !volume_serial(r, v, name, end_ms, serial))
            end = END_FAILED;
        if (end == END_DONE && n)
            end = lio_expose(path, device, serial, targets, n);
        free(device);
        free(path);
    }
    return end;
}

enum end
clone_remove(const struct resource *r, const char *name, uint64_t end_ms)
{
    enum end end = END_DONE;
    for (size_t i = 0; i < r->n && end == END_DONE; i++) {
        char *device = device_of(r, &r->volumes[i], name),
             *path = text_format("/dev/mapper/%s", device);
        end = lio_withdraw(path, NULL, 0);
        if (end == END_DONE && access(path, F_OK) == 0)
            end = end_of(RUN_FRAME(end_ms, "dmsetup", "remove", "--retry", device));
        free(device);
        free(path);
    }
    return end == END_DONE ? snapshot_remove(r, name, true, end_ms) : end;
}
