/* The person: reads refusals, and does what their remedies say. */
#include "matrix.h"

#include "base/json.h"
#include "base/str.h"
#include "base/timetext.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

enum { WORDS_MOST = 40, WAYS_MOST = 8, REFUSALS_MOST = 8 };

/* ---- a command, as it is typed ----------------------------------------------------------------
 */

/* Up to the end of the sentence; words as a shell reads them. */
static size_t
split(struct dr_arena *a, const char *text, const char **words, const char **ret_end)
{
    size_t n = 0;
    bool over = false;
    while (!over && n < WORDS_MOST) {
        dr_auto(dr_str_freep) struct dr_str word = {0};
        while (*text == ' ')
            text++;
        if (!*text)
            break;
        dr_str_add(&word, "");
        for (bool quoted = false; *text && (quoted || *text != ' '); text++) {
            if (*text == '\'') {
                quoted = !quoted;
                continue;
            }
            over = !quoted && (*text == '.' || *text == ';' || *text == ',') &&
                   (text[1] == ' ' || !text[1]);
            if (over) {
                text++;
                break;
            }
            dr_str_addn(&word, text, 1);
        }
        if (word.n)
            words[n++] = dr_arena_str(a, dr_streq(word.s, "TEXT") ? "because" : word.s);
    }
    *ret_end = text;
    return n;
}

/* drstor promote ... as a goal and a consent; false: no such command. */
static bool
parse_command(struct dr_arena *a, const char *command, struct errand_what *ret)
{
    static const char *const flags[] = {"--unplanned", "--storage-only"};
    const char *words[WORDS_MOST], *end;
    size_t n = split(a, command, words, &end);
    if (n < 2 || !dr_streq(words[0], "drstor"))
        return false;
    if (dr_streq(words[1], "adopt") || dr_streq(words[1], "observe")) {
        *ret = (struct errand_what){.kind = dr_streq(words[1], "adopt") ? ERRAND_ADOPT
                                                                        : ERRAND_OBSERVE};
        return true;
    }
    dr_auto(dr_json_putp) struct json_object *goal = json_object_new_object();
    struct json_object *groups = json_object_new_array();
    *ret = (struct errand_what){.kind = ERRAND_ACT};
    dr_json_set_str(goal, "verb", words[1]);
    dr_json_set(goal, "groups", groups);
    for (size_t i = 2; i < n; i++) {
        const char **value = dr_streq(words[i], "--declare")       ? &ret->declare
                             : dr_streq(words[i], "--reason")      ? &ret->reason
                             : dr_streq(words[i], "--accept-loss") ? &ret->accept_loss
                             : dr_streq(words[i], "--waive-fence") ? &ret->waive_fence
                                                                   : NULL;
        bool flag = false;
        for (size_t k = 0; k < DR_COUNT(flags); k++)
            flag |= dr_streq(flags[k], words[i]);
        if (flag)
            dr_json_set_bool(goal, dr_streq(words[i], "--unplanned") ? "unplanned" : "storage_only",
                             true);
        else if (dr_streq(words[i], "--to") && i + 1 < n)
            dr_json_set_str(goal, "to", words[++i]);
        else if (value && i + 1 < n)
            *value = words[++i];
        else if (words[i][0] != '-')
            (void)json_object_array_add(groups, json_object_new_string(words[i]));
        else
            return false;
    }
    ret->goal = dr_arena_str(a, dr_json_text(goal));
    return true;
}

/* ---- what a remedy says -----------------------------------------------------------------------
 */

enum way_kind {
    WAY_NONE = 0,
    WAY_HOSTS_OFF,
    WAY_ARRAY_BACK,
    WAY_ARRAY_OFF,
    WAY_ARRAY_RIGHT,
    WAY_LATER,
    WAY_COMMAND
};

struct way {
    enum way_kind kind;
    const char *arg;     /* array, time or command */
    const char *command; /* to give afterwards; NULL: the same again */
    bool waives;
};

static const char *
word_after(struct dr_arena *a, const char *text)
{
    size_t n = strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-:_");
    return dr_arena_strn(a, text, n);
}

/* The array named last before AT: "that array". */
static const char *
array_before(struct dr_arena *a, const char *text, const char *at)
{
    const char *found = NULL;
    for (const char *p = text; (p = strstr(p, "array sim-")) && p < at; p++)
        found = word_after(a, p + 6);
    return found;
}

static size_t
ways_of(struct dr_arena *a, const char *remedy, struct way *ways)
{
    static const struct {
        const char *words;
        enum way_kind kind;
    } known[] = {{"switch the hosts of ", WAY_HOSTS_OFF},
                 {"power the VMs of ", WAY_HOSTS_OFF},
                 {"bring array ", WAY_ARRAY_BACK},
                 {"switch that array off", WAY_ARRAY_OFF},
                 {"put right what array ", WAY_ARRAY_RIGHT},
                 {"run the same command after ", WAY_LATER},
                 {"drstor ", WAY_COMMAND}};
    size_t n = 0;
    for (const char *p = remedy; *p && n < WAYS_MOST; p++) {
        size_t k = 0;
        /* "Bring array" at the beginning of a sentence is the same. */
        while (k < DR_COUNT(known) && strncasecmp(p, known[k].words, strlen(known[k].words)) != 0)
            k++;
        if (k == DR_COUNT(known) || (p > remedy && isalnum((unsigned char)p[-1])))
            continue;
        const char *rest = p + strlen(known[k].words);
        struct way w = {.kind = known[k].kind, .arg = word_after(a, rest)};
        if (w.kind == WAY_ARRAY_OFF)
            w.arg = array_before(a, remedy, p);
        if (w.kind == WAY_COMMAND) {
            const char *words[WORDS_MOST], *end;
            (void)split(a, p, words, &end);
            w.arg = dr_arena_strn(a, p, (size_t)(end - p));
            w.waives = strstr(w.arg, "--waive-fence") != NULL;
            bool after = p - remedy >= 6 && strncmp(p - 6, "then: ", 6) == 0;
            for (size_t i = 0; after && i < n; i++)
                ways[i].command = w.arg;
            p = end - 1;
            if (after)
                continue;
        }
        ways[n++] = w;
    }
    return n;
}

/* ---- doing it ---------------------------------------------------------------------------------
 */

struct refusal {
    const char *id, *text, *evidence, *remedy;
};

static size_t
refusals_of(struct dr_arena *a, const struct errand *e, struct refusal *list)
{
    dr_auto(dr_json_putp) struct json_object *doc = NULL;
    size_t n = 0;
    if (e->error) {
        list[n++] = (struct refusal){drstor_error_rule(e->error), drstor_error_message(e->error),
                                     drstor_error_message(e->error), drstor_error_hint(e->error)};
        return n;
    }
    if (!e->json || dr_json_parse(e->json, strlen(e->json), &dr_json_inventory, &doc, NULL) < 0)
        return 0;
    struct json_object *refusals = dr_json_get(doc, "refusals");
    for (size_t i = 0; i < dr_json_length(refusals) && n < REFUSALS_MOST; i++) {
        struct json_object *r = json_object_array_get_idx(refusals, i);
        list[n++] = (struct refusal){
            dr_arena_str(a, dr_json_str(r, "id")), dr_arena_str(a, dr_json_str(r, "text")),
            dr_arena_str(a, dr_json_str(r, "evidence")), dr_arena_str(a, dr_json_str(r, "remedy"))};
    }
    if (n == 0 && dr_json_str(doc, "rule"))
        list[n++] = (struct refusal){
            dr_arena_str(a, dr_json_str(doc, "rule")), dr_arena_str(a, dr_json_str(doc, "text")),
            dr_arena_str(a, dr_json_str(doc, "text")), dr_arena_str(a, dr_json_str(doc, "hint"))};
    return n;
}

static void
change(struct follow *f, const struct way *w)
{
    struct ground *g = f->ground;
    bool here = !w->arg || strstr(w->arg, g->site);
    struct ground other = {.h = g->h, .site = dr_streq(g->site, "milan") ? "rome" : "milan"};
    struct ground *at = w->kind == WAY_HOSTS_OFF || here ? g : &other;
    int64_t until = 0, now = dr_now_utc(house_env(g->h));
    switch (w->kind) {
    case WAY_HOSTS_OFF:
        at->hosts = HOSTS_DOWN;
        break;
    case WAY_ARRAY_BACK:
    case WAY_ARRAY_RIGHT:
        at->array = ARRAY_UP;
        break;
    case WAY_ARRAY_OFF:
        at->array = ARRAY_DEAD;
        break;
    case WAY_LATER:
        if (dr_utc_parse(w->arg, &until) && until > now)
            house_sleep_ms(g->h, (uint64_t)(until - now + 1) * 1000);
        return;
    case WAY_COMMAND:
    case WAY_NONE:
        return;
    }
    house_note(g->h, "a person: way %d %s", (int)w->kind, w->arg ? w->arg : "");
    ground_set(at);
    house_sleep_ms(g->h, 2000);
}

/* Nobody says what is not true: the fence is waived only where nothing there can write. */
static const struct way *
choose(const struct follow *f, const struct way *ways, size_t n)
{
    const struct way *chosen = NULL;
    for (size_t i = 0; i < n; i++) {
        if (ways[i].waives && ground_may_write(f->ground))
            continue;
        if (!chosen || f->which)
            chosen = &ways[i];
    }
    return chosen;
}

static bool
say(const struct follow *f, const char *what, const struct refusal *r)
{
    (void)fprintf(stderr, "%s, round %u: %s: %s %s (%s) remedy: %s\n", f->group, f->rounds, what,
                  r && r->id ? r->id : "-", r && r->text ? r->text : "-",
                  r && r->evidence ? r->evidence : "-", r && r->remedy ? r->remedy : "-");
    return false;
}

/* Every refusal is one by a rule, with evidence and a way out. */
static bool
obey(struct controller *c, struct dr_arena *a, const struct refusal *list, size_t n,
     struct follow *f, const char **command)
{
    const char *next = NULL;
    for (size_t i = 0; i < n; i++) {
        struct way ways[WAYS_MOST] = {{0}};
        const struct refusal *r = &list[i];
        if (!r->id || !r->text || !r->evidence || !r->remedy)
            return say(f, "a refusal without rule, evidence or remedy", r);
        size_t used = strlen(f->rules);
        (void)snprintf(f->rules + used, sizeof(f->rules) - used, " %s", r->id);
        const struct way *w = choose(f, ways, ways_of(a, r->remedy, ways));
        if (!w)
            return say(f, "nothing to do is printed", r);
        change(f, w);
        const char *said = w->kind == WAY_COMMAND ? w->arg : w->command;
        struct errand_what what;
        if (said && parse_command(a, said, &what) && what.kind != ERRAND_ACT)
            (void)errand_do(c, &what); /* a help on the way; then the same again */
        else
            next = next ? next : said;
    }
    *command = next ? next : *command;
    return true;
}

bool
follow_command(struct controller *c, const char *command, struct follow *f)
{
    enum { ROUNDS = 6 };
    dr_auto(dr_arena_freep) struct dr_arena *a = dr_arena_new();
    for (f->rounds = 0; f->rounds < ROUNDS; f->rounds++) {
        struct errand_what what;
        struct refusal list[REFUSALS_MOST];
        const char *asked = command;
        if (!parse_command(a, command, &what))
            return say(f, "not a command", &(struct refusal){.text = command});
        const struct errand *e = errand_do(c, &what);
        if (e->exit == 0 && what.kind == ERRAND_ACT && ground_serves(f->ground->h, f->group))
            return true;
        size_t n = refusals_of(a, e, list);
        if (e->exit != 0 && n == 0) {
            (void)fprintf(stderr, "%s: %s: exit %d: %s\n", f->group, asked, e->exit,
                          e->json ? e->json : drstor_error_message(e->error));
            return false;
        }
        if (!obey(c, a, list, n, f, &command))
            return false;
    }
    (void)fprintf(stderr, "%s: a dead end:%s; last: %s\n", f->group, f->rules, command);
    return false;
}
