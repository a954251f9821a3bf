/* The grammar of the line: words and numbers, and nothing that any program could read as more. */
#include "shim.h"

#include <string.h>

enum { LINE_MOST = 16 * 1024, WORD_MOST = 200, NAME_MOST = 64 };
static const uint64_t budget_most_ms = 600000;

static bool
letter(char c)
{
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

static bool
word_sound(const char *w)
{
    size_t n = strlen(w);
    if (n == 0 || n > WORD_MOST || w[0] == '-' || strstr(w, ".."))
        return false;
    for (size_t i = 0; i < n; i++)
        if (!letter(w[i]) && !strchr("._:/@+=-", w[i]))
            return false;
    return true;
}

/* A resource's or a snapshot's name: a part of file names and of names of devices. */
static bool
name_sound(const char *w)
{
    size_t n = strlen(w);
    if (n == 0 || n > NAME_MOST || !letter(w[0]) || strstr(w, ".."))
        return false;
    for (size_t i = 0; i < n; i++)
        if (!letter(w[i]) && !strchr("._-", w[i]))
            return false;
    return true;
}

static bool
number(const char *w, uint64_t most, uint64_t *ret)
{
    uint64_t v = 0;
    size_t n = strlen(w);
    if (n == 0 || n > 20 || (n > 1 && w[0] == '0'))
        return false;
    for (size_t i = 0; i < n; i++) {
        unsigned digit = (unsigned)(w[i] - '0');
        if (digit > 9 || v > (UINT64_MAX - digit) / 10)
            return false;
        v = v * 10 + digit;
    }
    *ret = v;
    return v <= most;
}

/* How many arguments a verb takes, and whether the first is a name of a snapshot. */
static const struct verb {
    const char *name;
    size_t least, most;
    bool named;
} verbs[] = {
    {"primary", 0, 0, false},         {"force-primary", 0, 0, false},
    {"secondary", 0, 0, false},       {"connect", 0, 0, false},
    {"connect-discard", 0, 0, false}, {"disconnect", 0, 0, false},
    {"outdate", 0, 0, false},         {"adjust", 0, 0, false},
    {"pause-sync", 0, 0, false},      {"resume-sync", 0, 0, false},
    {"resume-io", 0, 0, false},       {"invalidate", 0, 0, false},
    {"two-primaries", 1, 1, false},   {"tag", 0, 0, false},
    {"snapshot", 1, 1, true},         {"unsnapshot", 1, 1, true},
    {"clone", 1, WORDS_MOST, true},   {"unclone", 1, 1, true},
    {"expose", 1, WORDS_MOST, false}, {"withdraw", 0, WORDS_MOST, false},
    {"probe-write", 2, 2, false},
};

static const char *
change_read(struct line *l, char **w, size_t n)
{
    if (n < 6)
        return "a change needs a token, an epoch, a budget, an operation id, a resource and a verb";
    if (!number(w[0], UINT64_MAX, &l->token) || !number(w[1], UINT64_MAX, &l->epoch) ||
        !number(w[2], budget_most_ms, &l->budget_ms))
        return "a token, an epoch or a budget is no number within its range";
    l->op = w[3];
    l->res = w + 4;
    l->n_res = 1;
    l->verb = w[5];
    l->args = w + 6;
    l->n_args = n - 6;
    for (size_t i = 0; i < sizeof(verbs) / sizeof(*verbs); i++) {
        const struct verb *v = &verbs[i];
        if (!text_same(v->name, l->verb))
            continue;
        if (l->n_args < v->least || l->n_args > v->most)
            return "the verb has too many words, or too few";
        if (v->named && !name_sound(l->args[0]))
            return "the name is not one that a snapshot can have";
        if (text_same(v->name, "two-primaries") && !text_same(l->args[0], "yes") &&
            !text_same(l->args[0], "no"))
            return "two-primaries is yes or no";
        if (text_same(v->name, "probe-write") &&
            (!number(l->args[0], VOLUMES_MOST, &l->vol) || !name_sound(l->args[1])))
            return "a probe is written to a volume's number, with a name";
        return NULL;
    }
    return "there is no such verb";
}

static const char *
kind_read(struct line *l, char **w, size_t n)
{
    if ((text_same(w[1], "report") || text_same(w[1], "volumes")) && n > 2) {
        l->kind = text_same(w[1], "report") ? LINE_REPORT : LINE_VOLUMES;
        l->res = w + 2;
        l->n_res = n - 2;
        return NULL;
    }
    if (text_same(w[1], "list") && n == 2) {
        l->kind = LINE_LIST;
        return NULL;
    }
    if (text_same(w[1], "probe") && n == 5) {
        l->kind = LINE_PROBE;
        l->res = w + 2;
        l->n_res = 1;
        return number(w[3], VOLUMES_MOST, &l->vol) && number(w[4], 1, &l->slot)
                   ? NULL
                   : "a probe is read from a volume's number and slot 0 or 1";
    }
    if (text_same(w[1], "change")) {
        l->kind = LINE_CHANGE;
        return change_read(l, w + 2, n - 2);
    }
    return "the line is none of report, volumes, list, probe and change";
}

const char *
line_read(const char *text, struct line *ret)
{
    size_t size = strlen(text), n = 0;
    *ret = (struct line){0};
    if (size > LINE_MOST)
        return "the line is too long";
    char *copy = memory_of(size + 1), **w = memory_of((WORDS_MOST + 1) * sizeof(*w));
    memcpy(copy, text, size);
    for (char *at = copy;; at++) {
        char *blank = strchr(at, ' ');
        if (n == WORDS_MOST)
            return "the line has too many words";
        w[n++] = at;
        if (!blank)
            break;
        *blank = '\0';
        at = blank;
    }
    for (size_t i = 0; i < n; i++)
        if (!word_sound(w[i]))
            return "a word has characters that none may have, or no character at all";
    if (n < 2 || !text_same(w[0], "drstor/1"))
        return "the line is not of version drstor/1";
    const char *wrong = kind_read(ret, w, n);
    for (size_t i = 0; !wrong && i < ret->n_res; i++)
        if (!name_sound(ret->res[i]))
            wrong = "the name is not one that a resource can have";
    return wrong;
}
