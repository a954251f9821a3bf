#include "shim.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static struct text frames;
static bool sent;

void
reply_frame(const char *name, int exit, const char *out, size_t n_out, const char *err,
            size_t n_err)
{
    if (n_out > STREAM_MOST || n_err > STREAM_MOST) {
        exit = EXIT_ENDED;
        n_out = n_out > STREAM_MOST ? STREAM_MOST : n_out;
        n_err = n_err > STREAM_MOST ? STREAM_MOST : n_err;
    }
    text_printf(&frames, "@%s %d %zu %zu\n", name, exit, n_out, n_err);
    text_addn(&frames, out, n_out);
    text_addn(&frames, err, n_err);
    text_add(&frames, "\n");
}

void
reply_text(const char *name, int exit, const char *out, const char *err)
{
    reply_frame(name, exit, out, strlen(out), err, strlen(err));
}

/* Whoever asked may be gone; what was asked was done all the same. */
static void
put(const char *s, size_t n)
{
    while (n) {
        ssize_t x = write(STDOUT_FILENO, s, n);
        if (x < 0 && errno == EINTR)
            continue;
        if (x <= 0)
            return;
        s += x;
        n -= (size_t)x;
    }
}

void
reply_send(const char *status, const char *format, ...)
{
    if (sent)
        return;
    sent = true;
    struct text all = {0};
    va_list ap;
    char *words = NULL;
    va_start(ap, format);
    if (vasprintf(&words, format, ap) < 0)
        abort();
    va_end(ap);
    for (char *c = words; *c; c++)
        if ((unsigned char)*c < 32 || *c == 127)
            *c = ' ';
    text_printf(&all, "drstor/1 %s%s%s\n", status, *words ? " " : "", words);
    text_addn(&all, text_of(&frames), frames.n);
    text_add(&all, ".\n");
    put(all.s, all.n);
    text_clear(&all);
    free(words);
    (void)close(STDOUT_FILENO);
    (void)close(STDERR_FILENO);
}
