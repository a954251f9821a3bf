/*
 * The JSON representation: booleans and integers are strings, dates are numbers, an empty
 * collection is {}. Keys that begin with '_' are the engine's own and are never shown.
 */
#include "engine.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const dates[] = {
    "creation_time", "end_time", "last_updated", "start_time", "stop_time", "time", NULL};

/* Numbers in engines before 4.2.3; everything else was a string there, too. */
static const char *const wide[] = {"actual_size",  "available",  "committed", "guaranteed",
                                   "initial_size", "max",        "memory",    "provisioned_size",
                                   "size",         "total_size", "used",      NULL};

static bool
listed(const char *const *names, const char *key)
{
    for (; key && *names; names++)
        if (strcmp(*names, key) == 0)
            return true;
    return false;
}

bool
repr_is_date(const char *key)
{
    return listed(dates, key);
}

static void value_write(FILE *f, const struct emu_engine *e, const char *key, struct json_object *v,
                        int depth);

static void
line_begin(FILE *f, int depth)
{
    fputc('\n', f);
    for (int i = 0; i < depth; i++)
        fputs("  ", f);
}

static void
text_write(FILE *f, struct json_object *v)
{
    fputs(json_object_to_json_string_ext(v, JSON_C_TO_STRING_NOSLASHESCAPE), f);
}

static void
array_write(FILE *f, const struct emu_engine *e, struct json_object *v, int depth)
{
    fputc('[', f);
    for (size_t i = 0; i < js_len(v); i++) {
        if (i > 0)
            fputc(',', f);
        line_begin(f, depth + 1);
        value_write(f, e, NULL, js_at(v, i), depth + 1);
    }
    line_begin(f, depth);
    fputc(']', f);
}

static void
object_write(FILE *f, const struct emu_engine *e, struct json_object *v, int depth)
{
    bool first = true;
    fputc('{', f);
    json_object_object_foreach(v, name, member)
    {
        if (name[0] == '_' || !member)
            continue;
        if (!first)
            fputc(',', f);
        first = false;
        line_begin(f, depth + 1);
        fprintf(f, "\"%s\":", name);
        value_write(f, e, name, member, depth + 1);
    }
    if (!first)
        line_begin(f, depth);
    fputc('}', f);
}

static void
value_write(FILE *f, const struct emu_engine *e, const char *key, struct json_object *v, int depth)
{
    switch (json_object_get_type(v)) {
    case json_type_boolean:
        fputs(json_object_get_boolean(v) ? "\"true\"" : "\"false\"", f);
        return;
    case json_type_int: {
        bool number = repr_is_date(key) || (e->integers_native && listed(wide, key));
        fprintf(f, number ? "%lld" : "\"%lld\"", (long long)json_object_get_int64(v));
        return;
    }
    case json_type_array:
        array_write(f, e, v, depth);
        return;
    case json_type_object:
        object_write(f, e, v, depth);
        return;
    case json_type_null:
    case json_type_double:
    case json_type_string:
        break;
    }
    text_write(f, v);
}

char *
json_repr(const struct emu_engine *e, const struct emu_answer *a)
{
    char *text = NULL;
    size_t size = 0;
    FILE *f = open_memstream(&text, &size);
    if (!f)
        abort();
    if (a->kind != ANSWER_LIST) {
        value_write(f, e, NULL, a->tree, 0);
    } else if (js_len(a->tree) == 0) {
        fputs("{}", f);
    } else {
        fprintf(f, "{\n  \"%s\":", a->type);
        value_write(f, e, NULL, a->tree, 1);
        fputs("\n}", f);
    }
    if (fclose(f) != 0)
        abort();
    return text;
}
