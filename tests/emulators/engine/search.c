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

/* ---- sortby FIELD [asc|desc], page N --------------------------------------------------------- */

#define PAGE_STANDARD 100

struct arrangement {
    struct token field;
    bool descending;
    size_t page; /* 0: all of it */
};

static void
arrangement_read(const char *s, struct arrangement *ret)
{
    struct token t;
    memset(ret, 0, sizeof(*ret));
    while ((s = token_next(s, &t))) {
        if (t.quoted)
            continue;
        if (emu_same_nocase(t.text, "sortby")) {
            s = token_next(s, &ret->field);
            const char *after = s ? token_next(s, &t) : NULL;
            ret->descending = after && emu_same_nocase(t.text, "desc");
            if (!s)
                return;
        } else if (emu_same_nocase(t.text, "page")) {
            s = token_next(s, &t);
            ret->page = s ? (size_t)strtoull(t.text, NULL, 10) : 0;
            if (!s)
                return;
        }
    }
}

static int
row_compare(const void *a, const void *b, void *cls)
{
    const struct arrangement *how = cls;
    const char *x = js_str(*(struct json_object *const *)a, how->field.text);
    const char *y = js_str(*(struct json_object *const *)b, how->field.text);
    char *end_x = NULL;
    char *end_y = NULL;
    double dx = x ? strtod(x, &end_x) : 0;
    double dy = y ? strtod(y, &end_y) : 0;
    bool numbers = x && y && *x && *y && !*end_x && !*end_y;
    int order = numbers ? (dx > dy) - (dx < dy) : strcasecmp(x ? x : "", y ? y : "");
    return how->descending ? -order : order;
}

/* In the order and the part of it that ?search asks for; ARRAY is taken over. */
struct json_object *
op_arrange(struct emu_op *op, struct json_object *array)
{
    const char *search = op->inner ? NULL : js_str(op->query, "search");
    struct arrangement how;
    if (!search)
        return array;
    arrangement_read(search, &how);
    if (!how.field.text[0] && !how.page)
        return array;
    size_t n = js_len(array);
    struct json_object **rows = emu_alloc((n ? n : 1) * sizeof(struct json_object *));
    for (size_t i = 0; i < n; i++)
        rows[i] = js_at(array, i);
    if (how.field.text[0])
        qsort_r(rows, n, sizeof(rows[0]), row_compare, &how);
    int64_t max = js_int(op->query, "max", 0);
    size_t size = max > 0 ? (size_t)max : PAGE_STANDARD;
    size_t from = how.page ? (how.page - 1) * size : 0;
    struct json_object *part = json_object_new_array();
    for (size_t i = from; i < n && (!how.page || i < from + size); i++)
        json_object_array_add(part, json_object_get(rows[i]));
    free(rows);
    json_object_put(array);
    return part;
}
