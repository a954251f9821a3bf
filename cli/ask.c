#include "ask.h"
#include "out.h"
#include "signals.h"

#include <ctype.h>
#include <stdarg.h>
#include <string.h>
#include <unistd.h>

enum { TRIES = 3, LINE_MOST = 128 };

/* One line from the terminal; false when there is none, or a signal came. */
static bool
read_line(const char *prompt, char *text, size_t size)
{
    size_t n = 0;
    (void)out_bytes(2, prompt, strlen(prompt));
    for (;;) {
        char c;
        if (signals_wait(0, -1) != 1 || read(0, &c, 1) != 1) {
            (void)out_bytes(2, "\n", 1);
            return false;
        }
        if (c == '\n')
            break;
        if (n + 1 < size)
            text[n++] = c;
    }
    while (n && isspace((unsigned char)text[n - 1]))
        n--;
    text[n] = '\0';
    return true;
}

static __attribute__((format(printf, 2, 3))) void
refuse(struct ask *a, const char *format, ...)
{
    va_list ap;
    va_start(ap, format);
    (void)vsnprintf(a->why, sizeof(a->why), format, ap);
    va_end(ap);
    a->refused = true;
}

/* "42 s", "42s" and "42" are the same answer to "42s". */
static bool
same_bound(const char *typed, const char *bound)
{
    char t[LINE_MOST], *to = t;
    for (; *typed && to + 1 < t + sizeof(t); typed++)
        if (!isspace((unsigned char)*typed))
            *to++ = *typed;
    *to = '\0';
    if (strcmp(t, bound) == 0)
        return true;
    return cli_duration(t) >= 0 && cli_duration(t) == cli_duration(bound);
}

static void
ask_loss(struct ask *a, const char *text, const char *bound, struct drstor_answer *answer)
{
    char line[LINE_MOST], prompt[256];
    bool unknown = strcmp(bound, "unknown") == 0;
    out_note("%s", text ? text : "data may be lost");
    out_note("This cannot be undone. To go on, type the loss you accept: %s%s", bound,
             unknown ? "" : ", or unknown for any");
    (void)snprintf(prompt, sizeof(prompt), "loss accepted: ");
    for (int i = 0; i < TRIES; i++) {
        if (!read_line(prompt, line, sizeof(line)))
            break;
        if (!*line)
            break;
        if (strcmp(line, "unknown") == 0 || same_bound(line, bound)) {
            (void)snprintf(answer->accept_loss, sizeof(answer->accept_loss), "%.31s",
                           strcmp(line, "unknown") == 0 ? "unknown" : bound);
            answer->go = 1;
            return;
        }
        out_note("\"%s\" is not it; nothing is sent until the loss is typed as shown: %s", line,
                 bound);
    }
    refuse(a, "the loss was not accepted; nothing was sent");
}

static void
ask_yes(struct ask *a, struct drstor_answer *answer)
{
    char line[LINE_MOST];
    for (int i = 0; i < TRIES; i++) {
        if (!read_line("Go on? [y/N] ", line, sizeof(line)))
            break;
        if (strcasecmp(line, "y") == 0 || strcasecmp(line, "yes") == 0) {
            answer->go = 1;
            return;
        }
        if (!*line || strcasecmp(line, "n") == 0 || strcasecmp(line, "no") == 0)
            break;
    }
    refuse(a, "not confirmed; nothing was sent");
}

/* The plan without the steps in detail: what, what it costs, and when. */
static void
show_short(struct json_object *plan)
{
    struct json_object *copy = NULL;
    if (json_object_deep_copy(plan, &copy, NULL) < 0)
        return;
    json_object_object_del(copy, "conditions");
    json_object_object_del(copy, "consent"); /* asked next */
    cli_auto(cli_textp) char *text = NULL;
    if (drstor_render("plan", json_object_to_json_string(copy), NULL, out_width(2, NULL), &text,
                      NULL) == DRSTOR_OK)
        (void)out_bytes(2, text, strlen(text));
    json_object_put(copy);
    (void)out_bytes(2, "\n", 1);
}

/* Does it take a service down, or write over a copy? All else can be taken back as it was done. */
static bool
needs_yes(struct json_object *plan)
{
    const char *verb = cli_text(cli_get(plan, "goal"), "verb");
    return !verb || !cli_word_in("suspend resume sync drill-start drill-promote drill-clean", verb);
}

void
ask_decide(const char *plan_json, struct drstor_answer *answer, void *ask)
{
    struct ask *a = ask;
    cli_auto(cli_jsonp) struct json_object *plan = json_tokener_parse(plan_json);
    struct json_object *consent = cli_get(plan, "consent");
    const char *bound = cli_text(consent, "accept_loss"), *text = cli_text(consent, "text");
    bool loss = cli_true(consent, "needed") && bound && *bound;
    answer->go = 0;
    follow_learn(a->follow, plan_json);
    if (signals_seen()) {
        refuse(a, "stopped before anything was sent");
    } else if (!json_object_is_type(plan, json_type_object) ||
               cli_length(cli_get(plan, "refusals"))) {
        return; /* nothing to agree to; the report says why */
    } else if (cli_length(cli_get(plan, "steps")) == 0 ||
               (!loss && (cli_given(&a->c->args, FLAG_YES) || !needs_yes(plan)))) {
        answer->go = 1;
    } else if (!a->c->asks) {
        if (loss)
            refuse(a, "%s; nobody can be asked here, so give --accept-loss %s",
                   text ? text : "data may be lost", bound);
        else
            refuse(a, "nobody can be asked here whether to go on, so give --yes");
    } else {
        show_short(plan);
        if (loss)
            ask_loss(a, text, bound, answer);
        else {
            if (text)
                out_note("%s", text);
            ask_yes(a, answer);
        }
    }
}
