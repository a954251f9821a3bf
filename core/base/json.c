#include "base/json.h"

#include "base/mem.h"

#include <errno.h>
#include <string.h>

const struct dr_json_limits dr_json_small = {1u << 20, 100000, 32};
const struct dr_json_limits dr_json_inventory = {64u << 20, 6400000, 32};

void
dr_json_putp(struct json_object **o)
{
    if (*o)
        (void)json_object_put(*o);
    *o = NULL;
}

/*
 * Counts without building. Strings are skipped properly; json-c's lenient spellings (single quotes,
 * NaN) are refused here, because strict mode of 0.16 still takes them.
 */
static int
count(const char *text, size_t n, const struct dr_json_limits *limits, struct drstor_error **err)
{
    size_t values = 1;
    unsigned depth = 0;
    bool in_string = false;
    for (size_t i = 0; i < n; i++) {
        char c = text[i];
        if (in_string) {
            if (c == '\\')
                i++;
            else if (c == '"')
                in_string = false;
            continue;
        }
        switch (c) {
        case '"':
            in_string = true;
            break;
        case '\'':
        case 'N':
        case 'I':
            return dr_fail(err, DRSTOR_E_PROTOCOL, "not JSON: '%c' at byte %zu", c, i);
        case '{':
        case '[':
            if (++depth > limits->depth)
                return dr_fail(err, DRSTOR_E_PROTOCOL, "JSON nested deeper than %u", limits->depth);
            values++;
            break;
        case '}':
        case ']':
            depth -= depth > 0;
            break;
        case ',':
            values++;
            break;
        default:
            break;
        }
        if (values > limits->values)
            return dr_fail(err, DRSTOR_E_PROTOCOL, "JSON of more than %zu values", limits->values);
    }
    return DRSTOR_OK;
}

int
dr_json_parse(const char *text, size_t n, const struct dr_json_limits *limits,
              struct json_object **ret, struct drstor_error **err)
{
    if (n > limits->bytes)
        return dr_fail(err, DRSTOR_E_PROTOCOL, "JSON of %zu bytes, more than %zu", n,
                       limits->bytes);
    int r = count(text, n, limits, err);
    if (r < 0)
        return r;
    struct json_tokener *t = json_tokener_new_ex((int)limits->depth + 1);
    if (!t)
        return dr_fail(err, DRSTOR_E_NOMEM, "out of memory");
    json_tokener_set_flags(t, JSON_TOKENER_STRICT | JSON_TOKENER_VALIDATE_UTF8);
    struct json_object *o = json_tokener_parse_ex(t, text, (int)n);
    enum json_tokener_error e = json_tokener_get_error(t);
    size_t used = json_tokener_get_parse_end(t);
    if (e == json_tokener_continue && n > 0) /* a bare number or literal ends only with the text */
        o = json_tokener_parse_ex(t, "", 1), e = json_tokener_get_error(t);
    while (used < n && strchr(" \t\r\n", text[used]) && text[used])
        used++;
    json_tokener_free(t);
    if (e == json_tokener_success && used >= n) {
        *ret = o;
        return DRSTOR_OK;
    }
    if (o)
        (void)json_object_put(o);
    if (n == 0)
        return dr_fail(err, DRSTOR_E_PROTOCOL, "not JSON: empty");
    return dr_fail(err, DRSTOR_E_PROTOCOL, "not JSON: %s at byte %zu",
                   e == json_tokener_success ? "more text" : json_tokener_error_desc(e), used);
}

struct json_object *
dr_json_get(struct json_object *o, const char *key)
{
    struct json_object *v = NULL;
    if (!o || !json_object_is_type(o, json_type_object))
        return NULL;
    return json_object_object_get_ex(o, key, &v) ? v : NULL;
}

const char *
dr_json_str(struct json_object *o, const char *key)
{
    struct json_object *v = dr_json_get(o, key);
    return v && json_object_is_type(v, json_type_string) ? json_object_get_string(v) : NULL;
}

bool
dr_json_i64(struct json_object *o, const char *key, int64_t *ret)
{
    struct json_object *v = dr_json_get(o, key);
    if (!v)
        return false;
    if (json_object_is_type(v, json_type_int)) {
        *ret = json_object_get_int64(v);
        return true;
    }
    if (!json_object_is_type(v, json_type_string))
        return false;
    const char *s = json_object_get_string(v);
    char *end;
    errno = 0;
    long long i = strtoll(s, &end, 10);
    if (errno || end == s || *end)
        return false;
    *ret = i;
    return true;
}

bool
dr_json_bool(struct json_object *o, const char *key, bool *ret)
{
    struct json_object *v = dr_json_get(o, key);
    if (!v)
        return false;
    if (json_object_is_type(v, json_type_boolean)) {
        *ret = json_object_get_boolean(v);
        return true;
    }
    if (!json_object_is_type(v, json_type_string))
        return false;
    const char *s = json_object_get_string(v);
    if (strcmp(s, "true") != 0 && strcmp(s, "false") != 0)
        return false;
    *ret = *s == 't';
    return true;
}

size_t
dr_json_length(struct json_object *array)
{
    return array && json_object_is_type(array, json_type_array) ? json_object_array_length(array)
                                                                : 0;
}

void
dr_json_set(struct json_object *o, const char *key, struct json_object *value)
{
    if (value)
        (void)json_object_object_add(o, key, value);
}

void
dr_json_set_str(struct json_object *o, const char *key, const char *value)
{
    if (value)
        (void)json_object_object_add(o, key, json_object_new_string(value));
}

void
dr_json_set_i64(struct json_object *o, const char *key, int64_t value)
{
    (void)json_object_object_add(o, key, json_object_new_int64(value));
}

void
dr_json_set_bool(struct json_object *o, const char *key, bool value)
{
    (void)json_object_object_add(o, key, json_object_new_boolean(value));
}

const char *
dr_json_text(struct json_object *o)
{
    return json_object_to_json_string_ext(o,
                                          JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE);
}
