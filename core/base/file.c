#include "base/file.h"

#include "base/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

void
dr_closep(int *fd)
{
    if (*fd >= 0)
        (void)close(*fd);
    *fd = -1;
}

int
dr_file_read_fd(int fd, const char *path, size_t most, char **ret_text, size_t *ret_n,
                struct drstor_error **err)
{
    dr_auto(dr_freep) char *text = NULL;
    size_t n = 0, cap = 0;
    for (;;) {
        if (n + 1 >= cap) {
            cap = cap ? cap * 2 : 8192;
            text = dr_realloc(text, cap, 1);
        }
        ssize_t got = read(fd, text + n, cap - n - 1);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return dr_fail(err, DRSTOR_E_INVALID, "cannot read %s: %m", path);
        n += (size_t)got;
        if (n > most)
            return dr_fail(err, DRSTOR_E_INVALID, "%s is larger than %zu bytes", path, most);
        if (got == 0)
            break;
    }
    text[n] = '\0';
    *ret_text = dr_steal(text);
    if (ret_n)
        *ret_n = n;
    return DRSTOR_OK;
}

int
dr_file_read(const char *path, size_t most, char **ret_text, size_t *ret_n,
             struct drstor_error **err)
{
    dr_auto(dr_closep) int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    if (fd < 0)
        return dr_fail(err, errno == ENOENT ? DRSTOR_E_NOTFOUND : DRSTOR_E_INVALID,
                       "cannot open %s: %m", path);
    return dr_file_read_fd(fd, path, most, ret_text, ret_n, err);
}

static int
write_all(int fd, const char *text, size_t n)
{
    while (n) {
        ssize_t put = write(fd, text, n);
        if (put < 0 && errno == EINTR)
            continue;
        if (put < 0)
            return -1;
        text += put;
        n -= (size_t)put;
    }
    return 0;
}

static int
sync_folder(const char *path)
{
    char folder[PATH_MAX];
    const char *slash = strrchr(path, '/');
    if (!slash)
        (void)snprintf(folder, sizeof(folder), ".");
    else
        (void)snprintf(folder, sizeof(folder), "%.*s", slash == path ? 1 : (int)(slash - path),
                       path);
    dr_auto(dr_closep) int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    return fd < 0 ? -1 : fsync(fd);
}

int
dr_file_write(const char *path, const char *text, size_t n, unsigned mode,
              struct drstor_error **err)
{
    char temp[PATH_MAX];
    if ((size_t)snprintf(temp, sizeof(temp), "%s.XXXXXX", path) >= sizeof(temp))
        return dr_fail(err, DRSTOR_E_INVALID, "the path %s is too long", path);
    dr_auto(dr_closep) int fd = mkostemp(temp, O_CLOEXEC);
    if (fd < 0)
        return dr_fail(err, DRSTOR_E_INVALID, "cannot create %s: %m", temp);
    if (fchmod(fd, mode) < 0 || write_all(fd, text, n) < 0 || fsync(fd) < 0 ||
        rename(temp, path) < 0 || sync_folder(path) < 0) {
        int r = dr_fail(err, DRSTOR_E_INVALID, "cannot write %s: %m", path);
        (void)unlink(temp);
        return r;
    }
    return DRSTOR_OK;
}

int
dr_dir_make(const char *path, unsigned mode, struct drstor_error **err)
{
    if (mkdir(path, mode) == 0)
        return DRSTOR_OK;
    struct stat st;
    if (errno == EEXIST && stat(path, &st) == 0 && S_ISDIR(st.st_mode))
        return DRSTOR_OK;
    return dr_fail(err, DRSTOR_E_INVALID, "cannot create the folder %s: %m", path);
}

static bool
owner_trusted(const struct stat *st)
{
    return st->st_uid == 0 || st->st_uid == geteuid();
}

static int
check_step(const char *path, const char *step, struct drstor_error **err)
{
    struct stat st;
    if (stat(step, &st) < 0)
        return dr_fail(err, DRSTOR_E_INVALID, "cannot look at %s: %m", step);
    if (!owner_trusted(&st))
        return dr_fail(err, DRSTOR_E_INVALID,
                       "%s cannot be trusted: %s belongs to user %u, not to root or to us", path,
                       step, (unsigned)st.st_uid);
    if ((st.st_mode & 022) && !(st.st_uid == 0 && (st.st_mode & S_ISVTX)))
        return dr_fail(err, DRSTOR_E_INVALID,
                       "%s cannot be trusted: %s can be written by others (mode %03o)", path, step,
                       (unsigned)(st.st_mode & 0777));
    return DRSTOR_OK;
}

int
dr_file_open_trusted(const char *path, bool secret, int *ret_fd, struct drstor_error **err)
{
    dr_auto(dr_closep) int fd =
        open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NOFOLLOW | O_NONBLOCK);
    if (fd < 0 && errno == ELOOP)
        return dr_fail(err, DRSTOR_E_INVALID, "%s is a link; name the file itself", path);
    if (fd < 0)
        return dr_fail(err, errno == ENOENT ? DRSTOR_E_NOTFOUND : DRSTOR_E_INVALID,
                       "cannot open %s: %m", path);
    struct stat st;
    if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))
        return dr_fail(err, DRSTOR_E_INVALID, "%s is not a regular file", path);
    if (!owner_trusted(&st))
        return dr_fail(err, DRSTOR_E_INVALID, "%s belongs to user %u, not to root or to us", path,
                       (unsigned)st.st_uid);
    if (secret && (st.st_mode & 077)) {
        int r = dr_fail(err, DRSTOR_E_INVALID, "%s can be read by others (mode %03o)", path,
                        (unsigned)(st.st_mode & 0777));
        dr_hint(err, "chmod 600 %s", path);
        return r;
    }
    if (st.st_mode & 022) {
        int r = dr_fail(err, DRSTOR_E_INVALID, "%s can be written by others (mode %03o)", path,
                        (unsigned)(st.st_mode & 0777));
        dr_hint(err, "chmod go-w %s", path);
        return r;
    }
    char real[PATH_MAX];
    if (!realpath(path, real))
        return dr_fail(err, DRSTOR_E_INVALID, "cannot resolve %s: %m", path);
    for (char *slash = strrchr(real, '/'); slash; slash = strrchr(real, '/')) {
        slash[slash == real] = '\0';
        int r = check_step(path, real, err);
        if (r < 0)
            return r;
        if (slash == real)
            break;
    }
    *ret_fd = fd;
    fd = -1;
    return DRSTOR_OK;
}
