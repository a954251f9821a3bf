#include "out.h"
#include "cells.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

static int trouble; /* errno of the first result that could not be written */

void
out_init(void)
{
    /* Opened the wrong way round, so that using one that was closed is an error and not a file. */
    for (int fd = 0; fd <= 2; fd++)
        if (fcntl(fd, F_GETFD) < 0 && open("/dev/null", fd == 0 ? O_WRONLY : O_RDONLY) != fd)
            _exit(CLI_INTERNAL);
    (void)signal(SIGPIPE, SIG_IGN);
}

void *
out_grow(void *p, size_t n)
{
    void *q = realloc(p, n ? n : 1);
    if (!q) {
        static const char words[] = "drstor: out of memory\n";
        (void)out_bytes(2, words, sizeof(words) - 1);
        _exit(CLI_INTERNAL);
    }
    return q;
}

bool
out_bytes(int fd, const char *s, size_t n)
{
    while (n) {
        ssize_t w = write(fd, s, n);
        if (w < 0 && errno == EINTR)
            continue;
        if (w < 0)
            return false;
        s += w;
        n -= (size_t)w;
    }
    return true;
}

void
out_text(const char *text)
{
    if (!trouble && !out_bytes(1, text, strlen(text)))
        trouble = errno ? errno : EIO;
}

void
out_line(const char *text)
{
    /* In one piece: lines of several threads or processes do not mix. */
    size_t n = strlen(text);
    cli_auto(cli_freep) char *line = out_grow(NULL, n + 2);
    memcpy(line, text, n);
    memcpy(line + n, "\n", 2);
    out_text(line);
}

bool
out_reader_gone(void)
{
    return trouble == EPIPE;
}

int
out_code(int code)
{
    if (!trouble || trouble == EPIPE)
        return code;
    out_say("the result could not be written: %s", strerror(trouble));
    return code == CLI_DONE || code == CLI_NOT_READY || code == CLI_CHANGES ? CLI_INTERNAL : code;
}

static __attribute__((format(printf, 2, 0))) void
say(const char *prefix, const char *format, va_list ap)
{
    char *text = NULL, *line = NULL;
    if (vasprintf(&text, format, ap) < 0)
        return;
    cells_clean(text);
    int n = asprintf(&line, "%s%s\n", prefix, text);
    if (n > 0)
        (void)out_bytes(2, line, (size_t)n);
    free(line);
    free(text);
}

void
out_say(const char *format, ...)
{
    va_list ap;
    va_start(ap, format);
    say("drstor: ", format, ap);
    va_end(ap);
}

void
out_note(const char *format, ...)
{
    va_list ap;
    va_start(ap, format);
    say("", format, ap);
    va_end(ap);
}

unsigned
out_width(int fd, unsigned *ret_rows)
{
    struct winsize w;
    if (!isatty(fd))
        return 0;
    /* A terminal that does not say is taken for the smallest there was. */
    bool known = ioctl(fd, TIOCGWINSZ, &w) == 0 && w.ws_col;
    if (ret_rows)
        *ret_rows = known && w.ws_row ? w.ws_row : 24;
    return known ? w.ws_col : 80;
}

int
out_failure(struct cli *c, int code, const char *text, const char *hint)
{
    out_say("%s", text);
    if (hint)
        out_note("  %s", hint);
    if (c->form == CLI_TABLE)
        return code;
    /* Scripts find the reason where a report has it. */
    cli_auto(cli_jsonp) struct json_object *o = json_object_new_object();
    (void)json_object_object_add(o, "api", json_object_new_string("drstor/v1"));
    (void)json_object_object_add(
        o, "result", json_object_new_string(code == CLI_REFUSED ? "refused" : "failed"));
    (void)json_object_object_add(o, "exit", json_object_new_int(code));
    (void)json_object_object_add(o, "text", json_object_new_string(text));
    if (hint)
        (void)json_object_object_add(o, "hint", json_object_new_string(hint));
    out_line(
        json_object_to_json_string_ext(o, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE));
    return code;
}

int
out_error(struct cli *c, const struct drstor_error *err)
{
    const char *rule = drstor_error_rule(err);
    int code = drstor_error_exit(err);
    char *text = NULL;
    if (rule && asprintf(&text, "refused %s: %s. More: drstor explain %s", rule,
                         drstor_error_message(err), rule) < 0)
        text = NULL;
    const char *said = text ? text : drstor_error_message(err);
    code = out_failure(c, code ? code : CLI_INTERNAL, *said ? said : "failed without a reason",
                       drstor_error_hint(err));
    free(text);
    return code;
}

int
out_document(struct cli *c, const char *kind, const char *json)
{
    if (c->form != CLI_TABLE || !kind) {
        out_line(json);
        return 0;
    }
    cli_auto(cli_textp) char *text = NULL;
    cli_auto(cli_errorp) struct drstor_error *err = NULL;
    const char *columns = cli_value(&c->args, FLAG_COLUMNS);
    cli_auto(cli_freep) char *more = NULL;
    if (strcmp(kind, "status") == 0 && cli_given(&c->args, FLAG_VERBOSE) &&
        (!columns || *columns == '+') &&
        asprintf(&more, "%s%s", columns ? columns : "+", columns ? ",copies" : "copies") > 0)
        columns = more;
    if (drstor_render(kind, json, columns, out_width(1, NULL), &text, &err) < 0)
        return out_error(c, err);
    out_text(text);
    return 0;
}
