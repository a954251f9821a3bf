/*
 * Search expressions: field=value with and, or, sortby and page; no parentheses, "and" binds
 * tighter. A value is one word or a quoted text, '*' is a wildcard.
 */
#include "engine.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

struct token {
    char text[EMU_NAME];
    bool quoted;
};

static const char *
token_next(const char *s, struct token *t)
{
    size_t n = 0;
    t->quoted = false;
    t->text[0] = '\0';
    while (isspace((unsigned char)*s))
        s++;
    if (!*s)
        return NULL;
    if (*s == '"') {
        t->quoted = true;
        for (s++; *s && *s != '"'; s++)
            if (n < sizeof(t->text) - 1)
                t->text[n++] = *s;
        if (*s)
            s++;
    } else if (strchr("=!<>", *s)) {
        for (; *s && strchr("=!<>", *s); s++)
            if (n < 2)
                t->text[n++] = *s;
    } else {
        for (; *s && !isspace((unsigned char)*s) && !strchr("=!<>\"", *s); s++)
            if (n < sizeof(t->text) - 1)
                t->text[n++] = *s;
    }
    t->text[n] = '\0';
    return s;
}

static bool
wild_match(const char *pattern, const char *text, bool case_sensitive)
{
    if (*pattern == '\0')
        return *text == '\0';
    if (*pattern == '*')
        return wild_match(pattern + 1, text, case_sensitive) ||
               (*text && wild_match(pattern, text + 1, case_sensitive));
    bool same = case_sensitive ? *pattern == *text
                               : tolower((unsigned char)*pattern) == tolower((unsigned char)*text);
    return *text && same && wild_match(pattern + 1, text + 1, case_sensitive);
}

static bool
value_match(struct json_object *texts, const char *operator, const char * value, bool sensitive)
{
    bool equal = false;
    bool less = false;
    bool more = false;
    for (size_t i = 0; i < js_len(texts); i++) {
        const char *text = json_object_get_string(js_at(texts, i));
        equal = equal || wild_match(value, text, sensitive);
        char *end = NULL;
        double a = strtod(text, &end);
        double d = *text && !*end ? a - strtod(value, NULL) : strcasecmp(text, value);
        less = less || d < 0;
        more = more || d > 0;
    }
    if (operator[0] == '!')
        return !equal;
    if (operator[0] == '<')
        return less || (operator[1] == '=' && equal);
    if (operator[0] == '>')
        return more || (operator[1] == '=' && equal);
    return equal;
}

/* Without GET only the grammar is looked at. *RET_VALID is false for what the grammar refuses. */
static bool
search_run(struct emu_engine *e, const char *s, bool sensitive, search_get get, void *object,
           bool *ret_valid)
{
    struct token field, operator, value, joint;
    bool any = false;
    bool all = true;
    *ret_valid = true;
    if (!*s)
        return true;
    while ((s = token_next(s, &field))) {
        if (emu_same_nocase(field.text, "sortby") || emu_same_nocase(field.text, "page"))
            return any || all;
        const char *after = token_next(s, &operator);
        if (!after || !operator.text[0] || !strchr("=!<>", operator.text[0])) {
            /* A bare word is looked for in the name. */
            EMU_SET(value.text, field.text);
            EMU_SET(field.text, "name");
            EMU_SET(operator.text, "=");
        } else {
            s = token_next(after, &value);
            if (!s) {
                *ret_valid = false;
                return false;
            }
        }
        if (get) {
            struct json_object *texts = json_object_new_array();
            for (char *c = field.text; *c; c++)
                *c = (char)tolower((unsigned char)*c);
            get(e, object, field.text, texts);
            all = all && value_match(texts, operator.text, value.text, sensitive);
            json_object_put(texts);
        }
        s = token_next(s, &joint);
        if (!s)
            break;
        if (emu_same_nocase(joint.text, "or")) {
            any = any || all;
            all = true;
        } else if (emu_same_nocase(joint.text, "sortby") || emu_same_nocase(joint.text, "page")) {
            break;
        } else if (!emu_same_nocase(joint.text, "and")) {
            *ret_valid = false;
            return false;
        }
    }
    return any || all;
}

bool
search_valid(const char *expression)
{
    bool valid = true;
    search_run(NULL, expression, false, NULL, NULL, &valid);
    return valid;
}

bool
search_match(struct emu_engine *e, const char *expression, bool case_sensitive, search_get get,
             void *object)
{
    bool valid = true;
    return search_run(e, expression, case_sensitive, get, object, &valid) && valid;
}

bool
op_search_ok(struct emu_op *op)
{
    const char *search = js_str(op->query, "search");
    if (!search || search_valid(search))
        return true;
    op_fault(op, 400, "[Bad search expression: %s]", search);
    return false;
}

bool
op_search(struct emu_op *op, search_get get, void *object)
{
    const char *search = js_str(op->query, "search");
    if (!search)
        return true;
    return search_match(op->e, search, js_bool(op->query, "case_sensitive", false), get, object);
}
