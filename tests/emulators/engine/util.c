#include "util.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

void *
emu_alloc(size_t size)
{
    void *p = calloc(1, size ? size : 1);
    if (!p)
        abort();
    return p;
}

char *
emu_strdup(const char *s)
{
    char *p = strdup(s ? s : "");
    if (!p)
        abort();
    return p;
}

void
emu_copy(char *dst, size_t size, const char *src)
{
    size_t n = src ? strnlen(src, size - 1) : 0;
    if (n > 0)
        memmove(dst, src, n);
    dst[n] = '\0';
}

char *
emu_printf(const char *format, ...)
{
    va_list ap;
    char *s = NULL;
    va_start(ap, format);
    if (vasprintf(&s, format, ap) < 0)
        abort();
    va_end(ap);
    return s;
}

bool
emu_same(const char *a, const char *b)
{
    return a && b && strcmp(a, b) == 0;
}

bool
emu_same_nocase(const char *a, const char *b)
{
    return a && b && strcasecmp(a, b) == 0;
}

struct json_object *
js_get(struct json_object *o, const char *path)
{
    char key[64];
    while (o && *path) {
        size_t n = strcspn(path, ".");
        if (n >= sizeof(key) || !json_object_is_type(o, json_type_object))
            return NULL;
        memcpy(key, path, n);
        key[n] = '\0';
        struct json_object *next = NULL;
        if (!json_object_object_get_ex(o, key, &next))
            return NULL;
        o = next;
        path += n;
        if (*path == '.')
            path++;
    }
    return o;
}

const char *
js_str(struct json_object *o, const char *path)
{
    struct json_object *v = js_get(o, path);
    if (!v || json_object_is_type(v, json_type_object) || json_object_is_type(v, json_type_array))
        return NULL;
    return json_object_get_string(v);
}

int64_t
js_int(struct json_object *o, const char *path, int64_t fallback)
{
    struct json_object *v = js_get(o, path);
    if (!v)
        return fallback;
    return json_object_get_int64(v);
}

bool
js_bool(struct json_object *o, const char *path, bool fallback)
{
    struct json_object *v = js_get(o, path);
    if (!v)
        return fallback;
    if (json_object_is_type(v, json_type_string))
        return emu_same_nocase(json_object_get_string(v), "true");
    return json_object_get_boolean(v);
}

double
js_double(struct json_object *o, const char *path, double fallback)
{
    struct json_object *v = js_get(o, path);
    return v ? json_object_get_double(v) : fallback;
}

size_t
js_len(struct json_object *array)
{
    if (!array || !json_object_is_type(array, json_type_array))
        return 0;
    return json_object_array_length(array);
}

struct json_object *
js_at(struct json_object *array, size_t i)
{
    return json_object_array_get_idx(array, i);
}

void
js_add(struct json_object *o, const char *key, struct json_object *value)
{
    if (value && json_object_object_add(o, key, value) < 0)
        abort();
}

void
js_add_str(struct json_object *o, const char *key, const char *value)
{
    if (value)
        js_add(o, key, json_object_new_string(value));
}

void
js_add_int(struct json_object *o, const char *key, int64_t value)
{
    js_add(o, key, json_object_new_int64(value));
}

void
js_add_bool(struct json_object *o, const char *key, bool value)
{
    js_add(o, key, json_object_new_boolean(value));
}

void
js_add_ref(struct json_object *o, const char *key, struct json_object *value)
{
    js_add(o, key, json_object_get(value));
}

void
js_count(struct json_object *o, const char *key)
{
    struct json_object *v = NULL;
    int64_t n = json_object_object_get_ex(o, key, &v) ? json_object_get_int64(v) : 0;
    js_add_int(o, key, n + 1);
}

struct json_object *
js_sub(struct json_object *o, const char *key)
{
    struct json_object *v = NULL;
    if (!json_object_object_get_ex(o, key, &v) || !json_object_is_type(v, json_type_object)) {
        v = json_object_new_object();
        js_add(o, key, v);
    }
    return v;
}

struct json_object *
js_list(struct json_object *o, const char *key)
{
    struct json_object *v = NULL;
    if (!json_object_object_get_ex(o, key, &v) || !json_object_is_type(v, json_type_array)) {
        v = json_object_new_array();
        js_add(o, key, v);
    }
    return v;
}

/* The object that holds the last name of PATH, NULL when that is there already. */
static struct json_object *
default_place(struct json_object *o, const char *path, const char **ret_key)
{
    char key[64];
    if (js_get(o, path))
        return NULL;
    for (const char *dot = strchr(path, '.'); dot; dot = strchr(path, '.')) {
        size_t n = (size_t)(dot - path);
        if (n >= sizeof(key))
            abort();
        memcpy(key, path, n);
        key[n] = '\0';
        o = js_sub(o, key);
        path = dot + 1;
    }
    *ret_key = path;
    return o;
}

void
js_default_str(struct json_object *o, const char *path, const char *value)
{
    const char *key = NULL;
    struct json_object *place = default_place(o, path, &key);
    if (place)
        js_add_str(place, key, value);
}

void
js_default_int(struct json_object *o, const char *path, int64_t value)
{
    const char *key = NULL;
    struct json_object *place = default_place(o, path, &key);
    if (place)
        js_add_int(place, key, value);
}

void
js_default_bool(struct json_object *o, const char *path, bool value)
{
    const char *key = NULL;
    struct json_object *place = default_place(o, path, &key);
    if (place)
        js_add_bool(place, key, value);
}

struct json_object *
js_copy(struct json_object *o)
{
    struct json_object *copy = NULL;
    if (o && json_object_deep_copy(o, &copy, NULL) < 0)
        abort();
    return copy;
}

struct json_object *
js_find(struct json_object *array, const char *key, const char *value)
{
    for (size_t i = 0; i < js_len(array); i++)
        if (emu_same(js_str(js_at(array, i), key), value))
            return js_at(array, i);
    return NULL;
}

void
js_remove(struct json_object *array, const char *key, const char *value)
{
    for (size_t i = js_len(array); i > 0; i--)
        if (emu_same(js_str(js_at(array, i - 1), key), value))
            json_object_array_del_idx(array, i - 1, 1);
}
