#include "follow.h"
#include "board.h"
#include "out.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { REDRAW_MS = 100, TICK_MS = 1000 };

enum follow_how { FOLLOW_NONE = 1, FOLLOW_PLAIN, FOLLOW_BOARD, FOLLOW_JSONL };

struct follow {
    enum follow_how how;
    struct progress p;
    bool changed, over, hidden;
    int64_t drawn_ms;
    pthread_t ticker;
};

/* One run is followed at a time; the thread that takes signals has to reach it. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t wake;
static struct follow *current;

static void
draw(struct follow *f)
{
    board_draw(&f->p);
    f->drawn_ms = progress_now_ms();
    f->changed = false;
}

/* Redraws when something changed, at most ten times a second, and once a second for the clocks. */
static void *
ticker_main(void *arg)
{
    struct follow *f = arg;
    pthread_mutex_lock(&lock);
    while (!f->over) {
        int64_t now = progress_now_ms();
        int64_t due = f->drawn_ms + (f->changed ? REDRAW_MS : TICK_MS);
        if (f->p.at_ms && !f->hidden && now >= due) {
            draw(f);
            continue;
        }
        int64_t until = f->p.at_ms && !f->hidden ? due : now + TICK_MS;
        struct timespec t = {.tv_sec = until / 1000, .tv_nsec = until % 1000 * 1000000};
        (void)pthread_cond_timedwait(&wake, &lock, &t);
    }
    pthread_mutex_unlock(&lock);
    return NULL;
}

struct follow *
follow_new(struct cli *c)
{
    struct follow *f = out_grow(NULL, sizeof(*f));
    memset(f, 0, sizeof(*f));
    /* With -v the library speaks on stderr too, and a board cannot share it. */
    bool quiet = cli_given(&c->args, FLAG_QUIET), verbose = cli_given(&c->args, FLAG_VERBOSE);
    const char *term = getenv("TERM");
    bool dumb = !term || !*term || strcmp(term, "dumb") == 0;
    f->how = c->form == CLI_JSONL             ? FOLLOW_JSONL
             : quiet                          ? FOLLOW_NONE
             : isatty(2) && !verbose && !dumb ? FOLLOW_BOARD
                                              : FOLLOW_PLAIN;
    pthread_condattr_t clock;
    pthread_mutex_lock(&lock);
    (void)pthread_condattr_init(&clock);
    (void)pthread_condattr_setclock(&clock, CLOCK_MONOTONIC);
    (void)pthread_cond_init(&wake, &clock);
    (void)pthread_condattr_destroy(&clock);
    current = f;
    if (f->how == FOLLOW_BOARD && pthread_create(&f->ticker, NULL, ticker_main, f) != 0)
        f->how = FOLLOW_PLAIN;
    pthread_mutex_unlock(&lock);
    return f;
}

void
follow_learn(struct follow *f, const char *json)
{
    cli_auto(cli_jsonp) struct json_object *doc = json_tokener_parse(json);
    pthread_mutex_lock(&lock);
    progress_learn(&f->p, doc);
    pthread_mutex_unlock(&lock);
}

void
follow_event(const char *json, void *follow)
{
    struct follow *f = follow;
    cli_auto(cli_jsonp) struct json_object *event = json_tokener_parse(json);
    if (f->how == FOLLOW_JSONL)
        out_line(json);
    pthread_mutex_lock(&lock);
    bool first = f->p.at_ms == 0;
    const struct progress_step *s = progress_event(&f->p, event);
    if (f->how == FOLLOW_PLAIN) {
        if (first)
            out_note("run %s%s%s (times are UTC)", f->p.run ? f->p.run : "", f->p.goal ? ": " : "",
                     f->p.goal ? f->p.goal : "");
        progress_plain(&f->p, s, event);
    }
    f->changed = true;
    (void)pthread_cond_signal(&wake);
    pthread_mutex_unlock(&lock);
}

int64_t
follow_seq(struct follow *f)
{
    pthread_mutex_lock(&lock);
    int64_t seq = f->p.seq;
    pthread_mutex_unlock(&lock);
    return seq;
}

void
follow_end(struct follow *f)
{
    pthread_mutex_lock(&lock);
    f->over = true;
    (void)pthread_cond_broadcast(&wake);
    pthread_mutex_unlock(&lock);
    if (f->how == FOLLOW_BOARD) {
        (void)pthread_join(f->ticker, NULL);
        pthread_mutex_lock(&lock);
        if (f->p.at_ms)
            draw(f);
        board_restore();
        pthread_mutex_unlock(&lock);
    }
    pthread_mutex_lock(&lock);
    current = NULL;
    pthread_mutex_unlock(&lock);
    (void)pthread_cond_destroy(&wake);
    progress_free(&f->p);
    free(f);
}

void
follow_hide(void)
{
    pthread_mutex_lock(&lock);
    if (current && current->how == FOLLOW_BOARD) {
        current->hidden = true;
        board_restore();
    }
    pthread_mutex_unlock(&lock);
}

void
follow_show(void)
{
    pthread_mutex_lock(&lock);
    if (current && current->how == FOLLOW_BOARD) {
        current->hidden = false;
        current->changed = true;
        (void)pthread_cond_signal(&wake);
    }
    pthread_mutex_unlock(&lock);
}

void
follow_run(char *text, size_t size)
{
    pthread_mutex_lock(&lock);
    (void)snprintf(text, size, "%s", current && current->p.run ? current->p.run : "");
    pthread_mutex_unlock(&lock);
}
