#include "reply.h"

#include <stdlib.h>

static bool
status_of(struct ld_span word, enum ld_status *ret)
{
    static const struct {
        const char *word;
        enum ld_status status;
    } words[] = {{"done", LD_STATUS_DONE},       {"failed", LD_STATUS_FAILED},
                 {"unknown", LD_STATUS_UNKNOWN}, {"busy", LD_STATUS_BUSY},
                 {"stale", LD_STATUS_STALE},     {"invalid", LD_STATUS_INVALID},
                 {"missing", LD_STATUS_MISSING}};
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
        if (ld_is(word, words[i].word)) {
            *ret = words[i].status;
            return true;
        }
    return false;
}

static const char *
head_read(struct ld_span *rest, struct ld_reply *ret)
{
    struct ld_span line, word;
    if (!ld_cut(*rest, '\n', &line, rest))
        return "it ends in its first line";
    if (!ld_begins(line, "drstor/1 "))
        return "it does not begin with drstor/1";
    line = (struct ld_span){line.s + 9, line.n - 9};
    if (!ld_cut(line, ' ', &word, &ret->words)) {
        word = line;
        ret->words = (struct ld_span){line.s + line.n, 0};
    }
    return status_of(word, &ret->status) ? NULL : "its status is none of drstor/1";
}

/* The last word of *LINE, which is shortened by it. */
static bool
last_word(struct ld_span *line, struct ld_span *ret)
{
    size_t at = line->n;
    while (at > 0 && line->s[at - 1] != ' ')
        at--;
    if (at == 0 || at == line->n)
        return false;
    *ret = (struct ld_span){line->s + at, line->n - at};
    line->n = at - 1;
    return true;
}

static bool
exit_read(struct ld_span word, int *ret)
{
    uint64_t v;
    bool minus = ld_begins(word, "-");
    if (minus)
        word = (struct ld_span){word.s + 1, word.n - 1};
    if (!ld_number(word, 10, &v) || v > (minus ? 2 : 255) || (minus && v == 0))
        return false;
    *ret = minus ? -(int)v : (int)v;
    return true;
}

static const char *
frame_read(struct ld_span line, struct ld_span *rest, struct ld_frame *ret)
{
    struct ld_span exit, out, err;
    uint64_t n_out, n_err;
    if (!ld_begins(line, "@") || !last_word(&line, &err) || !last_word(&line, &out) ||
        !last_word(&line, &exit) || line.n < 2)
        return "a frame has no head";
    if (!exit_read(exit, &ret->exit) || !ld_number(out, 10, &n_out) || !ld_number(err, 10, &n_err))
        return "the head of a frame holds what is no number";
    if (n_out > LD_STREAM_MOST || n_err > LD_STREAM_MOST)
        return "a frame is longer than any may be";
    ret->name = (struct ld_span){line.s + 1, line.n - 1};
    if (rest->n < n_out + n_err + 1)
        return "it was cut";
    ret->out = (struct ld_span){rest->s, (size_t)n_out};
    ret->err = (struct ld_span){rest->s + n_out, (size_t)n_err};
    if (rest->s[n_out + n_err] != '\n')
        return "a frame is not as long as its head says";
    rest->s += n_out + n_err + 1;
    rest->n -= (size_t)(n_out + n_err) + 1;
    return NULL;
}

static const char *
frames_read(struct ld_span *rest, struct ld_reply *ret)
{
    size_t room = 0;
    for (struct ld_span line; ld_cut(*rest, '\n', &line, rest);) {
        if (ld_is(line, "."))
            return rest->n ? "something follows its end" : NULL;
        if (ret->n_frames == LD_FRAMES_MOST)
            return "it has too many frames";
        if (ret->n_frames == room) {
            room = room ? 2 * room : 32;
            struct ld_frame *more = realloc(ret->frames, room * sizeof(*more));
            if (!more)
                return "there is no memory for it";
            ret->frames = more;
        }
        const char *wrong = frame_read(line, rest, &ret->frames[ret->n_frames]);
        if (wrong)
            return wrong;
        ret->n_frames++;
    }
    return "its end is missing";
}

bool
ld_reply_read(struct ld_span text, struct ld_reply *ret, const char **why)
{
    *ret = (struct ld_reply){.status = LD_STATUS_UNKNOWN};
    *why = text.n > LD_REPLY_MOST ? "it is too long" : head_read(&text, ret);
    if (!*why)
        *why = frames_read(&text, ret);
    if (!*why)
        return true;
    ld_reply_clear(ret);
    return false;
}

void
ld_reply_clear(struct ld_reply *r)
{
    free(r->frames);
    *r = (struct ld_reply){.status = LD_STATUS_UNKNOWN};
}

const struct ld_frame *
ld_frame(const struct ld_reply *r, const char *name, const char *arg)
{
    for (size_t i = 0; i < r->n_frames; i++) {
        struct ld_span left = r->frames[i].name, right = {0};
        if (!arg) {
            if (ld_is(left, name))
                return &r->frames[i];
        } else if (ld_cut(r->frames[i].name, ' ', &left, &right) && ld_is(left, name) &&
                   ld_is(right, arg)) {
            return &r->frames[i];
        }
    }
    return NULL;
}
