/*
 * The JSON representation: booleans and integers are strings, dates are numbers, an empty
 * collection is {}. Keys that begin with '_' are the engine's own and are never shown.
 */
#include "engine.h"

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

static struct json_object *
value_repr(const struct emu_engine *e, const char *key, struct json_object *v)
{
    switch (json_object_get_type(v)) {
    case json_type_boolean:
        return json_object_new_string(json_object_get_boolean(v) ? "true" : "false");
    case json_type_int:
        if (repr_is_date(key) || (e->integers_native && listed(wide, key)))
            return json_object_get(v);
        return json_object_new_string(json_object_get_string(v));
    case json_type_array: {
        struct json_object *array = json_object_new_array();
        for (size_t i = 0; i < js_len(v); i++)
            json_object_array_add(array, value_repr(e, key, js_at(v, i)));
        return array;
    }
    case json_type_object: {
        struct json_object *o = json_object_new_object();
        json_object_object_foreach(v, name, member)
        {
            if (name[0] != '_' && member)
                js_add(o, name, value_repr(e, name, member));
        }
        return o;
    }
    case json_type_null:
    case json_type_double:
    case json_type_string:
        break;
    }
    return json_object_get(v);
}

char *
json_repr(const struct emu_engine *e, const struct emu_answer *a)
{
    struct json_object *o = NULL;
    if (a->kind == ANSWER_LIST) {
        o = json_object_new_object();
        if (js_len(a->tree) > 0)
            js_add(o, a->type, value_repr(e, NULL, a->tree));
    } else {
        o = value_repr(e, NULL, a->tree);
    }
    const char *pretty =
        json_object_to_json_string_ext(o, JSON_C_TO_STRING_PRETTY | JSON_C_TO_STRING_NOSLASHESCAPE);
    char *text = emu_strdup(json_object_object_length(o) == 0 ? "{}" : pretty);
    json_object_put(o);
    return text;
}
