#include "report/page.h"

#include "base/timetext.h"
#include "report/cells.h"

#include <stdarg.h>
#include <string.h>

static void
spaces(struct dr_page *p, size_t n)
{
    dr_str_printf(&p->out, "%*s", (int)n, "");
}

void
dr_page_say(struct dr_page *p, unsigned indent, unsigned hang, const char *format, ...)
{
    va_list ap;
    va_start(ap, format);
    char *text = dr_arena_vprintf(p->arena, format, ap);
    va_end(ap);
    spaces(p, indent);
    size_t at = indent, bound = p->width ? p->width : SIZE_MAX;
    bool first = true;
    for (char *save = NULL, *word = strtok_r(text, " ", &save); word;
         word = strtok_r(NULL, " ", &save)) {
        size_t width =
            dr_cells_width(word); /* a word that is too long stays whole: it may be a command */
        if (!first && at + 1 + width > bound) {
            dr_str_add(&p->out, "\n");
            spaces(p, indent + hang);
            at = indent + hang;
        } else if (!first) {
            dr_str_add(&p->out, " ");
            at++;
        }
        dr_str_add(&p->out, word);
        at += width;
        first = false;
    }
    dr_str_add(&p->out, "\n");
}

void
dr_page_gap(struct dr_page *p)
{
    if (p->out.n)
        dr_str_add(&p->out, "\n");
}

const char *
dr_page_value(struct dr_page *p, struct json_object *v)
{
    if (!v)
        return NULL;
    switch (json_object_get_type(v)) {
    case json_type_string:
    case json_type_int:
    case json_type_double:
        return dr_cells_clean(p->arena, json_object_get_string(v));
    case json_type_boolean:
        return json_object_get_boolean(v) ? "yes" : "no";
    case json_type_null:
    case json_type_object:
    case json_type_array:
        break;
    }
    return NULL;
}

const char *
dr_page_text(struct dr_page *p, struct json_object *o, const char *key)
{
    return dr_page_value(p, dr_json_get(o, key));
}

const char *
dr_page_known(struct dr_page *p, struct json_object *o, const char *key)
{
    const char *s = dr_page_text(p, o, key);
    return s && *s ? s : "unknown";
}

const char *
dr_page_duration(struct dr_page *p, struct json_object *o, const char *key)
{
    int64_t s;
    return dr_json_i64(o, key, &s) ? dr_duration_text(p->arena, s) : "unknown";
}

/* Sorted text stays sorted, but "T" and "Z" read badly at night. */
const char *
dr_page_time(struct dr_page *p, struct json_object *o, const char *key)
{
    const char *s = dr_page_text(p, o, key);
    int64_t utc;
    if (!s || !dr_utc_parse(s, &utc))
        return s;
    return dr_arena_printf(p->arena, "%.10s %.8s UTC", s, s + 11);
}

const char *
dr_page_clock(struct dr_page *p, struct json_object *o, const char *key)
{
    const char *s = dr_page_text(p, o, key);
    int64_t utc;
    return s && dr_utc_parse(s, &utc) ? dr_arena_strn(p->arena, s + 11, 8) : s;
}

bool
dr_page_true(struct json_object *o, const char *key)
{
    bool b = false;
    return dr_json_bool(o, key, &b) && b;
}

const char *
dr_page_name(struct dr_page *p, struct json_object *element)
{
    const char *s = dr_page_value(p, element);
    if (!s)
        s = dr_page_text(p, element, "name");
    if (!s)
        s = dr_page_text(p, element, "group");
    if (!s)
        s = dr_page_text(p, element, "id");
    return s ? s : "unknown";
}

const char *
dr_page_list(struct dr_page *p, struct json_object *list, size_t most)
{
    dr_auto(dr_str_freep) struct dr_str b = {0};
    size_t n = dr_json_length(list);
    for (size_t i = 0; i < n; i++) {
        if (most && i >= most && n > most + 1) {
            dr_str_printf(&b, " and %zu more", n - i);
            break;
        }
        dr_str_printf(&b, "%s%s", i ? ", " : "",
                      dr_page_name(p, json_object_array_get_idx(list, i)));
    }
    return dr_arena_str(p->arena, b.s ? b.s : "");
}

const char *
dr_page_bare(struct dr_page *p, const char *s)
{
    size_t n = strlen(s);
    return n && s[n - 1] == '.' ? dr_arena_strn(p->arena, s, n - 1) : s;
}

static const char *
goal_words(struct dr_page *p, struct json_object *doc, bool in_short)
{
    struct json_object *goal = dr_json_get(doc, "goal");
    const char *said = dr_page_value(p, goal);
    if (said)
        return said;
    const char *verb = dr_page_text(p, goal, "verb");
    if (!verb)
        return "goal unknown";
    size_t n = dr_json_length(dr_json_get(goal, "groups"));
    const char *groups = in_short && n > 4 ? dr_arena_printf(p->arena, "%zu groups", n)
                                           : dr_page_list(p, dr_json_get(goal, "groups"), 8);
    const char *to = dr_page_text(p, goal, "to"), *at = dr_page_text(p, goal, "at");
    dr_auto(dr_str_freep) struct dr_str b = {0};
    if (dr_streq(verb, "promote"))
        dr_str_add(&b, dr_page_true(goal, "unplanned") ? "unplanned " : "planned ");
    for (const char *w = verb; *w; w++) /* "drill-start" is typed as two words */
        dr_str_printf(&b, "%c", *w == '-' ? ' ' : *w);
    dr_str_printf(&b, " of %s", *groups ? groups : "all groups");
    if (to)
        dr_str_printf(&b, " to %s", to);
    if (at)
        dr_str_printf(&b, " at %s", at);
    if (dr_page_true(goal, "storage_only"))
        dr_str_add(&b, ", storage only");
    return dr_arena_str(p->arena, b.s);
}

const char *
dr_page_goal(struct dr_page *p, struct json_object *doc)
{
    return goal_words(p, doc, false);
}

const char *
dr_page_goal_short(struct dr_page *p, struct json_object *doc)
{
    return goal_words(p, doc, true);
}

const char *
dr_page_loss(struct dr_page *p, struct json_object *loss)
{
    int64_t seconds = -1, bytes = -1;
    (void)dr_json_i64(loss, "seconds", &seconds);
    (void)dr_json_i64(loss, "bytes", &bytes);
    const char *method = dr_page_text(p, loss, "method");
    const char *text = dr_page_text(p, loss, "text");
    const char *much;
    if (text)
        return dr_page_bare(p, text);
    if (dr_page_true(loss, "proven_zero"))
        much = "nothing is lost";
    else if (seconds >= 0 && bytes >= 0)
        much = dr_arena_printf(p->arena, "up to %s, %s", dr_duration_text(p->arena, seconds),
                               dr_bytes_text(p->arena, bytes));
    else if (seconds >= 0)
        much = dr_arena_printf(p->arena, "up to %s", dr_duration_text(p->arena, seconds));
    else if (bytes >= 0)
        much = dr_arena_printf(p->arena, "up to %s", dr_bytes_text(p->arena, bytes));
    else
        much = "unknown";
    return method && !dr_streq(method, much) ? dr_arena_printf(p->arena, "%s (%s)", much, method)
                                             : much;
}

/* A sentence of its own, unless it is a command to type. */
static const char *
capital(struct dr_page *p, const char *s)
{
    if (*s < 'a' || *s > 'z' || strncmp(s, "drstor ", 7) == 0)
        return s;
    char *copy = dr_arena_str(p->arena, s);
    copy[0] = (char)(copy[0] - 'a' + 'A');
    return copy;
}

void
dr_page_refusals(struct dr_page *p, struct json_object *refusals)
{
    dr_page_each(refusals, i, r)
    {
        const char *id = dr_page_text(p, r, "id");
        const char *text = dr_page_text(p, r, "text"), *evidence = dr_page_text(p, r, "evidence");
        const char *remedy = dr_page_text(p, r, "remedy");
        dr_auto(dr_str_freep) struct dr_str b = {0};
        dr_str_printf(&b, "refused%s%s: %s", id ? " " : "", id ? id : "",
                      dr_page_bare(p, text ? text : dr_page_name(p, r)));
        if (evidence)
            dr_str_printf(&b, " (%s)", dr_page_bare(p, evidence));
        if (remedy)
            dr_str_printf(&b, ". %s", capital(p, dr_page_bare(p, remedy)));
        if (id)
            dr_str_printf(&b, ". More: drstor explain %s", id);
        else
            dr_str_add(&b, ".");
        dr_page_say(p, 0, 2, "%s", b.s);
    }
}

void
dr_page_journal(struct dr_page *p, struct json_object *doc)
{
    struct json_object *journal = dr_json_get(doc, "journal");
    const char *hash = dr_page_text(p, journal, "hash");
    if (hash)
        dr_page_say(p, 0, 2, "journal %s:%s", dr_page_known(p, journal, "seq"), hash);
    dr_page_mirror(p, doc);
}

void
dr_page_mirror(struct dr_page *p, struct json_object *of)
{
    const char *text = dr_page_text(p, dr_json_get(of, "mirror"), "text");
    if (text)
        dr_page_say(p, 0, 2, "%s", text);
}

void
dr_page_next(struct dr_page *p, const char *next)
{
    if (!next)
        return;
    dr_page_gap(p);
    dr_page_say(p, 0, 2, "next: %s", next);
}

void
dr_page_sentences(struct dr_page *p, const char *head, struct json_object *list)
{
    if (!dr_json_length(list))
        return;
    dr_page_gap(p);
    dr_page_say(p, 0, 2, "%s", head);
    dr_page_each(list, i, e)
    {
        dr_page_say(p, 2, 2, "%s", dr_page_name(p, e));
    }
}

const char *
dr_page_evidence(struct dr_page *p, struct json_object *o)
{
    static const char *const keys[] = {"group", "site", "kind"};
    const char *said = dr_page_value(p, o);
    if (said)
        return said;
    dr_auto(dr_str_freep) struct dr_str b = {0};
    for (size_t i = 0; i < DR_COUNT(keys); i++) {
        const char *s = dr_page_text(p, o, keys[i]);
        if (s)
            dr_str_printf(&b, "%s%s", b.n ? (i == 1 ? " at " : ", ") : "", s);
    }
    const char *text = dr_page_text(p, o, "text");
    if (!text)
        text = dr_page_text(p, o, "detail");
    if (text)
        dr_str_printf(&b, "%s%s", b.n ? ": " : "", text);
    const char *by = dr_page_text(p, o, "by");
    if (by && (!text || !strstr(text, by)))
        dr_str_printf(&b, ", by %s", by);
    const char *at = dr_page_time(p, o, "at");
    if (!at) /* a stamp */
        at = dr_page_time(p, dr_json_get(o, "at"), "utc");
    if (at)
        dr_str_printf(&b, " (%s)", at);
    return b.n ? dr_arena_str(p->arena, b.s) : NULL;
}
