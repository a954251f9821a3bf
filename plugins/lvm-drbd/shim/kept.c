/* The highest token and epoch of each resource, and the lock under which one change at a time acts.
 */
#include "shim.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

static char *
path_of(const char *res, const char *end)
{
    return text_format("%s/%s.%s", SHIM_STATE_DIR, res, end);
}

static bool
line_of(const char *text, const char *key, uint64_t *ret)
{
    size_t n = strlen(key);
    for (const char *at = text; at; at = strchr(at, '\n'), at = at ? at + 1 : NULL) {
        if (strncmp(at, key, n) != 0 || at[n] != '=')
            continue;
        char *end = NULL;
        errno = 0;
        *ret = strtoull(at + n + 1, &end, 10);
        return errno == 0 && end != at + n + 1 && *end == '\n';
    }
    return false;
}

bool
kept_read(const char *res, struct kept *ret, char **why)
{
    char text[1024];
    char *path = path_of(res, "state");
    *ret = (struct kept){0};
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    bool well = fd < 0 && errno == ENOENT;
    if (fd >= 0) {
        ssize_t n = read(fd, text, sizeof(text) - 1);
        (void)close(fd);
        text[n < 0 ? 0 : n] = '\0';
        const char *op = strstr(text, "\nop=");
        const char *end = op ? strchr(op + 4, '\n') : NULL;
        well = n > 0 && line_of(text, "token", &ret->token) &&
               line_of(text, "epoch", &ret->epoch) && end && text_same(end, "\nend\n") &&
               (size_t)(end - op - 4) < sizeof(ret->op);
        if (well)
            memcpy(ret->op, op + 4, (size_t)(end - op - 4));
    }
    if (!well && why)
        *why =
            text_format("%s cannot be read, or is damaged; root can remove it when no controller "
                        "that was overtaken is left",
                        path);
    free(path);
    return well;
}

static bool
write_all(int fd, const char *s)
{
    size_t n = strlen(s);
    return fd >= 0 && write(fd, s, n) == (ssize_t)n && fsync(fd) == 0;
}

bool
kept_write(const char *res, const struct kept *k, char **why)
{
    char *path = path_of(res, "state"), *new = path_of(res, "state.new");
    char *text = text_format("token=%llu\nepoch=%llu\nop=%s\nend\n", (unsigned long long)k->token,
                             (unsigned long long)k->epoch, k->op);
    int fd = open(new, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
    bool well = write_all(fd, text);
    if (fd >= 0)
        (void)close(fd);
    well = well && rename(new, path) == 0;
    int folder = open(SHIM_STATE_DIR, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    well = well && folder >= 0 && fsync(folder) == 0;
    if (folder >= 0)
        (void)close(folder);
    if (!well)
        *why = text_format("%s cannot be written: %m", path);
    free(text);
    free(path);
    free(new);
    return well;
}

int
kept_lock(const char *res, uint64_t end_ms, char **why)
{
    char *path = path_of(res, "lock");
    (void)mkdir(SHIM_STATE_DIR, 0700);
    /* Not closed at exec: the commands hold it too, should this process be killed before them. */
    int fd = open(path, O_RDWR | O_CREAT | O_NOFOLLOW, 0600);
    if (fd < 0)
        *why = text_format("%s cannot be opened: %m", path);
    while (fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) < 0) {
        if (errno != EWOULDBLOCK && errno != EINTR)
            *why = text_format("%s cannot be locked: %m", path);
        if (*why || now_ms() >= end_ms) {
            (void)close(fd);
            fd = -1;
        } else {
            (void)poll(NULL, 0, 10);
        }
    }
    free(path);
    return fd;
}

bool
kept_busy(const char *res)
{
    char *path = path_of(res, "lock");
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    bool busy =
        fd >= 0 ? flock(fd, LOCK_SH | LOCK_NB) < 0 && errno == EWOULDBLOCK : errno != ENOENT;
    if (fd >= 0)
        (void)close(fd);
    free(path);
    return busy;
}
