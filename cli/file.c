#include "file.h"
#include "out.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

char *
file_read(struct cli *c, const char *path, size_t most, const char *what)
{
    int fd = strcmp(path, "-") == 0 ? dup(0) : open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    char *text = NULL, why[512] = "";
    size_t n = 0;
    struct stat st;
    if (fd < 0 || fstat(fd, &st) != 0)
        (void)snprintf(why, sizeof(why), "cannot read %s: %s", path, strerror(errno));
    else if (S_ISDIR(st.st_mode))
        (void)snprintf(why, sizeof(why), "cannot read %s: it is a directory", path);
    while (!*why) {
        text = out_grow(text, n + 65536);
        ssize_t got = read(fd, text + n, 65535);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            (void)snprintf(why, sizeof(why), "cannot read %s: %s", path, strerror(errno));
        if (got <= 0)
            break;
        n += (size_t)got;
        if (n > most)
            (void)snprintf(why, sizeof(why), "%s is too large to be %s", path, what);
    }
    if (fd >= 0)
        (void)close(fd);
    if (*why) {
        free(text);
        (void)out_failure(c, CLI_USAGE, why, NULL);
        return NULL;
    }
    text[n] = '\0';
    return text;
}

void
file_begin(struct file *f, const char *path)
{
    struct stat st;
    memset(f, 0, sizeof(*f));
    f->path = path;
    f->fd = -1;
    /* Only a file may be put in a file's place: /dev/null would be one from then on, a link gone.
     */
    if (lstat(path, &st) == 0 && !S_ISREG(st.st_mode)) {
        f->trouble = S_ISDIR(st.st_mode) ? EISDIR : EEXIST;
        return;
    }
    if (asprintf(&f->temporary, "%s.XXXXXX", path) < 0)
        f->temporary = NULL;
    else
        f->fd = mkostemp(f->temporary, O_CLOEXEC); /* mode 0600 */
    f->trouble = f->fd < 0 ? errno : 0;
}

void
file_line(struct file *f, const char *text)
{
    if (!f->trouble && !(out_bytes(f->fd, text, strlen(text)) && out_bytes(f->fd, "\n", 1)))
        f->trouble = errno ? errno : EIO;
}

void
file_text(struct file *f, const char *text)
{
    if (!f->trouble && !out_bytes(f->fd, text, strlen(text)))
        f->trouble = errno ? errno : EIO;
}

int
file_end(struct file *f, struct cli *c, bool good)
{
    if (!f->trouble && good && fsync(f->fd) != 0)
        f->trouble = errno;
    if (f->fd >= 0 && close(f->fd) != 0 && !f->trouble)
        f->trouble = errno;
    if (!f->trouble && good &&
        (f->fresh ? link(f->temporary, f->path) : rename(f->temporary, f->path)) != 0)
        f->trouble = errno;
    if (f->fd >= 0 && (f->trouble || !good || f->fresh))
        (void)unlink(f->temporary);
    free(f->temporary);
    if (!f->trouble)
        return CLI_DONE;
    char text[512];
    (void)snprintf(text, sizeof(text), "cannot write %s: %s", f->path,
                   f->trouble != EEXIST ? strerror(f->trouble)
                   : f->fresh           ? "it is there already"
                                        : "there is something that is no file");
    return f->fresh && f->trouble == EEXIST
               ? out_failure(c, CLI_USAGE, text, "name another file, or move that one away")
               : out_failure(c, CLI_INTERNAL, text, NULL);
}
