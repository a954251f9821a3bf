/* The directory of the store: trusted, local, ours; and the lock files in it. */
#include "store/sqlite.h"

#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

bool
store_fs_is_network(long fs)
{
    /* Locks there are somebody else's promise; FUSE hides what is behind it. */
    static const uint32_t magic[] = {
        0x6969 /* NFS */,        0x517B /* SMB */,        0xFF534D42 /* CIFS */,
        0xFE534D42 /* SMB2 */,   0x73757245 /* Coda */,   0x5346414F /* AFS */,
        0x6B414653 /* kAFS */,   0x01021997 /* 9P */,     0x65735546 /* FUSE */,
        0x00C36400 /* Ceph */,   0x01161970 /* GFS2 */,   0x7461636F /* OCFS2 */,
        0x0BD00BD0 /* Lustre */, 0x19830326 /* BeeGFS */, 0x47504653 /* GPFS */};
    for (size_t i = 0; i < DR_COUNT(magic); i++)
        if ((uint32_t)fs == magic[i])
            return true;
    return false;
}

static int
split(const char *path, enum dr_store_mode mode, struct store_dir *d, struct drstor_error **err)
{
    const char *slash = strrchr(path, '/');
    const char *file = slash ? slash + 1 : path;
    dr_auto(dr_freep) char *folder = dr_strdup(slash ? path : ".");
    if (slash)
        folder[slash == path ? 1 : slash - path] = '\0';
    if (!*file || strcmp(file, ".") == 0 || strcmp(file, "..") == 0)
        return dr_fail(err, DRSTOR_E_INVALID, "the store's path %s does not name a file", path);
    if (mode == DR_STORE_WRITE) {
        int r = dr_dir_make(folder, 0700, err);
        if (r < 0)
            return r;
    }
    char real[PATH_MAX];
    if (!realpath(folder, real))
        return errno == ENOENT
                   ? dr_fail(err, DRSTOR_E_NOTFOUND, "there is no store at %s yet", path)
                   : dr_fail(err, DRSTOR_E_INVALID, "cannot look at the store's directory %s: %m",
                             folder);
    struct dr_str full = {0};
    dr_str_printf(&full, "%s/%s", strcmp(real, "/") == 0 ? "" : real, file);
    d->path = dr_strdup(real);
    d->file = dr_strdup(file);
    d->full = dr_str_take(&full);
    return DRSTOR_OK;
}

static int
check_directory(struct store_dir *d, enum dr_store_mode mode, struct drstor_error **err)
{
    struct stat st;
    struct statfs fs;
    d->fd = open(d->path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (d->fd < 0 || fstat(d->fd, &st) < 0 || fstatfs(d->fd, &fs) < 0)
        return dr_fail(err, DRSTOR_E_INVALID, "cannot open the store's directory %s: %m", d->path);
    d->uid = st.st_uid;
    d->gid = st.st_gid;
    if (store_fs_is_network((long)fs.f_type)) {
        int r = dr_refuse(err, "R094",
                          "the store's directory %s is on a network file system (type 0x%lx); its "
                          "locks do not keep a second machine out",
                          d->path, (unsigned long)fs.f_type);
        dr_hint(err, "put state.sqlite on a local disk; where controllers share, use etcd");
        return r;
    }
    if (mode != DR_STORE_WRITE)
        return DRSTOR_OK;
    if (geteuid() != 0 && st.st_uid != geteuid())
        return dr_fail(err, DRSTOR_E_INVALID,
                       "the store's directory %s belongs to user %u, not to us", d->path,
                       (unsigned)st.st_uid);
    if (st.st_mode & 022) {
        int r = dr_fail(err, DRSTOR_E_INVALID,
                        "the store's directory %s can be written by others (mode %03o)", d->path,
                        (unsigned)(st.st_mode & 0777));
        dr_hint(err, "chmod 700 %s", d->path);
        return r;
    }
    return DRSTOR_OK;
}

/* What root creates in the service user's directory is the service user's. */
static void
give(const struct store_dir *d, int fd)
{
    if (geteuid() == 0 && d->uid != 0 && fchown(fd, d->uid, d->gid) < 0)
        errno = 0; /* then the service user is told that it may not open it */
}

int
store_dir_open(const char *path, enum dr_store_mode mode, struct store_dir *ret,
               struct drstor_error **err)
{
    struct store_dir d = {.fd = -1, .locks_fd = -1};
    int r = split(path, mode, &d, err);
    if (r == DRSTOR_OK)
        r = check_directory(&d, mode, err);
    if (r == DRSTOR_OK) {
        bool made = mode == DR_STORE_WRITE && mkdirat(d.fd, "locks", 0700) == 0;
        d.locks_fd = openat(d.fd, "locks", O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        if (d.locks_fd < 0 && mode == DR_STORE_WRITE)
            r = dr_fail(err, DRSTOR_E_INVALID, "cannot open %s/locks: %m", d.path);
        else if (made)
            give(&d, d.locks_fd);
    }
    if (r < 0)
        store_dir_close(&d);
    else
        *ret = d;
    return r;
}

void
store_dir_close(struct store_dir *d)
{
    dr_closep(&d->fd);
    dr_closep(&d->locks_fd);
    free(d->path);
    free(d->file);
    free(d->full);
    *d = (struct store_dir){.fd = -1, .locks_fd = -1};
}

/*
 * Only looked at, never opened here: closing any descriptor of the file would drop the locks that
 * another connection of this process has on it.
 */
int
store_dir_check_file(const struct store_dir *d, enum dr_store_mode mode, int64_t *ret_size,
                     struct drstor_error **err)
{
    struct stat st;
    if (fstatat(d->fd, d->file, &st, AT_SYMLINK_NOFOLLOW) < 0)
        return errno == ENOENT
                   ? dr_fail(err, DRSTOR_E_NOTFOUND, "there is no store at %s yet", d->full)
                   : dr_fail(err, DRSTOR_E_INVALID, "cannot look at the store %s: %m", d->full);
    if (!S_ISREG(st.st_mode))
        return dr_fail(err, DRSTOR_E_INVALID, "the store %s is not a regular file", d->full);
    if (mode == DR_STORE_WRITE && geteuid() != 0 && st.st_uid != geteuid())
        return dr_fail(err, DRSTOR_E_INVALID, "the store %s belongs to user %u, not to us", d->full,
                       (unsigned)st.st_uid);
    if (st.st_mode & 022) {
        int r = dr_fail(err, DRSTOR_E_INVALID, "the store %s can be written by others (mode %03o)",
                        d->full, (unsigned)(st.st_mode & 0777));
        dr_hint(err, "chmod 600 %s", d->full);
        return r;
    }
    *ret_size = st.st_size;
    return DRSTOR_OK;
}

int
store_dir_check_leftovers(const struct store_dir *d, struct drstor_error **err)
{
    static const char *const ends[] = {"-journal", "-wal"};
    for (size_t i = 0; i < DR_COUNT(ends); i++) {
        struct stat st;
        dr_auto(dr_str_freep) struct dr_str name = {0};
        dr_str_printf(&name, "%s%s", d->file, ends[i]);
        if (fstatat(d->fd, name.s, &st, AT_SYMLINK_NOFOLLOW) < 0)
            continue;
        if (st.st_size > 0)
            return store_sqlite_damaged(d->full, "the file is gone, its journal is there", err);
        (void)unlinkat(d->fd, name.s, 0);
    }
    return DRSTOR_OK;
}

int
store_dir_lock(const struct store_dir *d, const char *name, int *ret_fd, struct drstor_error **err)
{
    for (int tries = 0; tries < 100; tries++) {
        dr_auto(dr_closep) int fd =
            openat(d->locks_fd, name, O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0600);
        struct stat st, now;
        if (fd < 0 || fstat(fd, &st) < 0)
            return dr_fail(err, DRSTOR_E_INTERNAL, "cannot open the lock %s/locks/%s: %m", d->path,
                           name);
        if (!S_ISREG(st.st_mode))
            return dr_fail(err, DRSTOR_E_INVALID, "the lock %s/locks/%s is not a regular file",
                           d->path, name);
        give(d, fd);
        if (flock(fd, LOCK_EX | LOCK_NB) < 0)
            return errno == EWOULDBLOCK ? DRSTOR_E_BUSY
                                        : dr_fail(err, DRSTOR_E_INTERNAL,
                                                  "cannot lock %s/locks/%s: %m", d->path, name);
        /* Somebody may have removed the file while we waited: then this is a lock of nothing. */
        if (fstatat(d->locks_fd, name, &now, AT_SYMLINK_NOFOLLOW) == 0 && now.st_ino == st.st_ino &&
            now.st_dev == st.st_dev) {
            *ret_fd = fd;
            fd = -1;
            return DRSTOR_OK;
        }
    }
    return dr_fail(err, DRSTOR_E_INTERNAL, "the lock %s/locks/%s is removed again and again",
                   d->path, name);
}

bool
store_dir_lock_held(const struct store_dir *d, const char *name)
{
    dr_auto(dr_closep) int fd = -1;
    if (d->locks_fd >= 0)
        fd = openat(d->locks_fd, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0)
        return errno != ENOENT; /* what we may not look at, we do not call free */
    return flock(fd, LOCK_SH | LOCK_NB) < 0;
}
