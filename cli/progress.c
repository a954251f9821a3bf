#include "progress.h"
#include "out.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

int64_t
progress_now_ms(void)
{
    struct timespec t;
    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

const char *
progress_duration(int64_t s, char *text, size_t size)
{
    long long v = s;
    if (s < 120)
        (void)snprintf(text, size, "%lld s", v);
    else if (s < 7200)
        (void)snprintf(text, size, "%lld min %lld s", v / 60, v % 60);
    else
        (void)snprintf(text, size, "%lld h %lld min", v / 3600, v % 3600 / 60);
    return text;
}

static void
set(char **to, const char *text)
{
    if (!text || (*to && strcmp(*to, text) == 0))
        return;
    size_t n = strlen(text) + 1;
    *to = out_grow(*to, n);
    memcpy(*to, text, n);
}

void
progress_free(struct progress *p)
{
    for (size_t i = 0; i < p->n_steps; i++) {
        struct progress_step *s = &p->steps[i];
        free(s->id);
        free(s->kind);
        free(s->group);
        free(s->text);
        free(s->last);
    }
    for (size_t i = 0; i < p->n_groups; i++)
        free(p->groups[i].name);
    free(p->steps);
    free(p->groups);
    free(p->run);
    free(p->goal);
    free(p->last);
}

struct progress_group *
progress_group(struct progress *p, const char *name)
{
    for (size_t i = 0; name && i < p->n_groups; i++)
        if (strcmp(p->groups[i].name, name) == 0)
            return &p->groups[i];
    return NULL;
}

static struct progress_group *
group_of(struct progress *p, const char *name)
{
    struct progress_group *g = progress_group(p, name);
    if (g || !name || !*name)
        return g;
    p->groups = out_grow(p->groups, (p->n_groups + 1) * sizeof(*p->groups));
    g = &p->groups[p->n_groups++];
    memset(g, 0, sizeof(*g));
    set(&g->name, name);
    return g;
}

/* "promote:erp" names kind and group where nothing else does. */
static struct progress_step *
step_of(struct progress *p, const char *id)
{
    for (size_t i = 0; i < p->n_steps; i++)
        if (strcmp(p->steps[i].id, id) == 0)
            return &p->steps[i];
    p->steps = out_grow(p->steps, (p->n_steps + 1) * sizeof(*p->steps));
    struct progress_step *s = &p->steps[p->n_steps++];
    memset(s, 0, sizeof(*s));
    s->expect_s = s->started_s = s->took_s = -1;
    set(&s->id, id);
    set(&s->kind, id);
    char *colon = strchr(s->kind, ':');
    set(&s->group, colon ? colon + 1 : "");
    if (colon)
        *colon = '\0';
    (void)group_of(p, s->group);
    return s;
}

static __attribute__((format(printf, 3, 4))) void
append(char *text, size_t size, const char *format, ...)
{
    size_t n = strlen(text);
    va_list ap;
    va_start(ap, format);
    (void)vsnprintf(text + n, size - n, format, ap);
    va_end(ap);
}

/* "planned promote of erp to rome", "drill start of erp" */
static void
learn_goal(struct progress *p, struct json_object *doc)
{
    struct json_object *goal = cli_get(doc, "goal"), *groups = cli_get(goal, "groups");
    const char *verb = cli_text(goal, "verb"), *to = cli_text(goal, "to"),
               *at = cli_text(goal, "at");
    char text[256] = "";
    if (!verb)
        return;
    if (strcmp(verb, "promote") == 0)
        append(text, sizeof(text), "%s ", cli_true(goal, "unplanned") ? "unplanned" : "planned");
    for (const char *w = verb; *w; w++)
        append(text, sizeof(text), "%c", *w == '-' ? ' ' : *w);
    for (size_t i = 0; i < cli_length(groups); i++) {
        const char *g = json_object_get_string(json_object_array_get_idx(groups, i));
        append(text, sizeof(text), "%s%s", i ? ", " : " of ", g ? g : "");
    }
    if (to)
        append(text, sizeof(text), " to %s", to);
    if (at)
        append(text, sizeof(text), " at %s", at);
    set(&p->goal, text);
}

void
progress_learn(struct progress *p, struct json_object *doc)
{
    struct json_object *steps = cli_get(doc, "steps"), *vms = cli_get(doc, "vms");
    learn_goal(p, doc);
    set(&p->run, cli_text(doc, "run"));
    p->expect_s = cli_int(doc, "expect_s", p->expect_s);
    for (size_t i = 0; i < cli_length(steps); i++) {
        struct json_object *o = json_object_array_get_idx(steps, i);
        const char *id = cli_text(o, "id"), *group = cli_text(o, "group");
        if (!id)
            continue;
        struct progress_step *s = step_of(p, id);
        set(&s->kind, cli_text(o, "kind"));
        set(&s->group, group);
        set(&s->text, cli_text(o, "text"));
        s->expect_s = cli_int(o, "expect_s", s->expect_s);
        struct progress_group *g = group_of(p, group);
        if (g)
            g->counted += cli_length(cli_get(o, "vms"));
    }
    for (size_t i = 0; i < cli_length(vms); i++) {
        struct progress_group *g =
            group_of(p, cli_text(json_object_array_get_idx(vms, i), "group"));
        if (g)
            g->counted++;
    }
    /* A second document tells anew, it does not add. */
    for (size_t i = 0; i < p->n_groups; i++) {
        struct progress_group *g = &p->groups[i];
        g->vms = g->counted ? g->counted : g->vms;
        g->counted = 0;
    }
}

bool
progress_ended(const struct progress_step *s)
{
    return cli_word_in("done failed refused unknown interrupted", s->state);
}

bool
progress_running(const struct progress_step *s)
{
    return s->state[0] && !progress_ended(s);
}

struct progress_step *
progress_event(struct progress *p, struct json_object *event)
{
    const char *id = cli_text(event, "step"), *state = cli_text(event, "state");
    const char *text = cli_text(event, "text");
    set(&p->run, cli_text(event, "run"));
    p->seq = cli_int(event, "seq", p->seq);
    p->elapsed_s = cli_int(event, "elapsed_s", p->elapsed_s);
    p->at_ms = progress_now_ms();
    set(&p->last, text);
    if (!id || !*id) {
        (void)snprintf(p->state, sizeof(p->state), "%s", state ? state : "unknown");
        return NULL;
    }
    struct progress_step *s = step_of(p, id);
    if (state && strcmp(state, "up") == 0) {
        struct progress_group *g = group_of(p, s->group);
        if (g)
            g->up++;
        return s;
    }
    (void)snprintf(s->state, sizeof(s->state), "%s", state ? state : "unknown");
    if (state && strcmp(state, "started") == 0) {
        s->started_s = p->elapsed_s;
        set(&s->text, text);
    } else if (progress_ended(s)) {
        s->took_s = s->started_s >= 0 ? p->elapsed_s - s->started_s : -1;
    }
    set(&s->last, text);
    return s;
}

void
progress_plain(struct progress *p, const struct progress_step *s, struct json_object *event)
{
    const char *time = cli_text(event, "time"), *state = cli_text(event, "state");
    const char *text = cli_text(event, "text");
    char clock[9] = "--:--:--", took[24], words[64] = "";
    int width = 3;
    if (time && strlen(time) >= 19)
        (void)snprintf(clock, sizeof(clock), "%.8s", time + 11);
    for (size_t i = 0; i < p->n_groups; i++)
        if ((int)strlen(p->groups[i].name) > width && strlen(p->groups[i].name) < 32)
            width = (int)strlen(p->groups[i].name);
    state = state ? state : "unknown";
    bool started = strcmp(state, "started") == 0,
         ended = s && progress_ended(s) && strcmp(state, "up") != 0;
    if (started && s && s->expect_s > 0)
        (void)snprintf(words, sizeof(words), " (expected %s)",
                       progress_duration(s->expect_s, took, sizeof(took)));
    else if (ended && s->took_s >= 0)
        (void)snprintf(words, sizeof(words), " (%s)",
                       progress_duration(s->took_s, took, sizeof(took)));
    /* What a step is about its name tells; how it is stuck or why it failed only its text. */
    bool quiet = started || strcmp(state, "done") == 0 || !text || !*text;
    if (s && (!quiet || started || ended))
        out_note("%s %-*s  %-9s %s%s%s%s", clock, width, s->group, s->kind, state, words,
                 quiet ? "" : ": ", quiet ? "" : text);
    else
        out_note("%s %-*s  %-9s %s%s%s%s", clock, width, s ? s->group : "run",
                 s        ? s->kind
                 : p->run ? p->run
                          : "",
                 state, words, text ? ": " : "", text ? text : "");
}
