/* The journal: proof that it is as it was written, and everything in it as lines. */
#include "cli.h"
#include "file.h"
#include "out.h"
#include "signals.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

int
cli_journal_verify(struct cli *c)
{
    cli_auto(cli_textp) char *json = NULL;
    cli_auto(cli_errorp) struct drstor_error *err = NULL;
    const char *file = c->args.n_names ? c->args.names[0] : NULL;
    int r = file ? 0 : cli_open(c); /* a file is its own witness: it may be all that is left */
    if (r)
        return r;
    if (c->d)
        signals_attach(c->d, true);
    if (drstor_journal_verify(c->d, file, cli_value(&c->args, FLAG_HEAD), &json, &err) < 0) {
        r = out_error(c, err);
    } else {
        r = out_document(c, "journal", json);
        r = r ? r : cli_exit_of(json, CLI_NOT_READY);
    }
    if (c->d)
        cli_close(c);
    return r;
}

struct export
{
    struct file file;
    bool to_stdout;
    size_t lines;
};

static int
take_line(const char *line, void *user)
{
    struct export *e = user;
    if (e->to_stdout)
        out_line(line);
    else
        file_line(&e->file, line);
    e->lines++;
    return e->to_stdout ? out_reader_gone() : e->file.trouble;
}

int
cli_journal_export(struct cli *c)
{
    cli_auto(cli_errorp) struct drstor_error *err = NULL;
    const char *path = cli_value(&c->args, FLAG_OUT);
    struct export e = {.to_stdout = !path || strcmp(path, "-") == 0};
    int r = cli_open(c);
    if (r)
        return r;
    signals_attach(c->d, true);
    if (!e.to_stdout)
        file_begin(&e.file, path);
    /* Of a damaged store what could be read is kept, and the last line tells of the damage. */
    r = e.to_stdout || !e.file.trouble ? drstor_journal_export(c->d, take_line, &e, &err) : 0;
    int written = e.to_stdout ? 0 : file_end(&e.file, c, e.lines && r != DRSTOR_E_CANCELLED);
    if (written)
        r = written;
    else if (e.to_stdout && out_reader_gone())
        r = CLI_DONE;
    else if (r < 0)
        r = out_error(c, err);
    else if (!e.to_stdout && !cli_given(&c->args, FLAG_QUIET))
        out_say("%zu lines in %s; prove them with: drstor journal verify %s", e.lines, path, path);
    cli_close(c);
    return r;
}

/* ---- the other end of a mirror --------------------------------------------------------------- */

enum { PIECE = 65536 };
static const size_t import_most = (size_t)1 << 30;

/* NULL: it cannot be read, or has no end; said already. */
static char *
read_input(size_t *ret_n)
{
    size_t n = 0, cap = 4 * PIECE;
    char *text = malloc(cap);
    while (text && n < import_most) {
        if (cap - n < PIECE) {
            char *more = realloc(text, cap *= 2);
            if (!more)
                break;
            text = more;
        }
        ssize_t got = read(STDIN_FILENO, text + n, PIECE);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            break;
        if (got == 0) {
            *ret_n = n;
            return text;
        }
        n += (size_t)got;
    }
    out_say("what was sent cannot be read whole");
    free(text);
    return NULL;
}

/* A program reads the answer: one line of JSON, whatever the form. */
int
cli_journal_import(struct cli *c)
{
    cli_auto(cli_textp) char *json = NULL;
    cli_auto(cli_errorp) struct drstor_error *err = NULL;
    size_t n = 0;
    cli_auto(cli_freep) char *text = read_input(&n);
    int r = text ? cli_open(c) : CLI_USAGE;
    if (r)
        return r;
    if (drstor_journal_import(c->d, text, n, &json, &err) < 0) {
        r = out_error(c, err);
    } else {
        out_line(json);
        r = cli_exit_of(json, CLI_INTERNAL);
    }
    cli_close(c);
    return r;
}
