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
#include <time.h>
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

/* Either the file's old content is there afterwards, or the new one. */
static bool
file_put(const char *res, const char *end, const char *text, bool durable)
{
    char *path = path_of(res, end), *new = text_format("%s.new", path);
    int fd = open(new, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
    size_t n = strlen(text);
    bool well = fd >= 0 && write(fd, text, n) == (ssize_t)n && (!durable || fsync(fd) == 0);
    if (fd >= 0)
        (void)close(fd);
    well = well && rename(new, path) == 0;
    int folder = durable ? open(SHIM_STATE_DIR, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
    well = well && (!durable || (folder >= 0 && fsync(folder) == 0));
    if (folder >= 0)
        (void)close(folder);
    free(path);
    free(new);
    return well;
}

bool
kept_write(const char *res, const struct kept *k, char **why)
{
    char *text = text_format("token=%llu\nepoch=%llu\nop=%s\nend\n", (unsigned long long)k->token,
                             (unsigned long long)k->epoch, k->op);
    bool well = file_put(res, "state", text, true);
    if (!well)
        *why = text_format("%s/%s.state cannot be written: %m", SHIM_STATE_DIR, res);
    free(text);
    return well;
}

/* Not waited for: what a power loss takes leaves an earlier moment, or none. */
void
kept_saw(const char *res, uint64_t utc)
{
    char *boot = boot_id();
    char *text = text_format("seen=%llu\nup=%llu\nboot=%s\n", (unsigned long long)utc,
                             (unsigned long long)now_ms() / 1000, boot);
    free(boot);
    (void)mkdir(SHIM_STATE_DIR, 0700);
    (void)file_put(res, "seen", text, false);
    free(text);
}

uint64_t
kept_seen(const char *res)
{
    char text[128];
    uint64_t utc = 0, up = 0;
    char *path = path_of(res, "seen");
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    ssize_t n = fd >= 0 ? read(fd, text, sizeof(text) - 1) : -1;
    text[n < 0 ? 0 : n] = '\0';
    if (fd >= 0)
        (void)close(fd);
    free(path);
    if (!line_of(text, "seen", &utc))
        return 0;
    /* A clock that was set back would make it younger than it is. */
    char *boot = boot_id(), *same = text_format("\nboot=%s\n", boot);
    uint64_t now_up = now_ms() / 1000, now = (uint64_t)time(NULL);
    if (line_of(text, "up", &up) && strstr(text, same) && up <= now_up && now - (now_up - up) < utc)
        utc = now - (now_up - up);
    free(same);
    free(boot);
    return utc;
}

int
kept_lock(const char *res, uint64_t end_ms, char **why)
{
    char *path = path_of(res, "lock");
    (void)mkdir(SHIM_STATE_DIR, 0700);
    /* Not closed at exec: the commands hold it too, should this process be killed before them. */
    int fd = open(path, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (fd >= 0)
        (void)fcntl(fd, F_SETFD, 0);
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
