#include "fields.h"

#include <string.h>

static int
field_word(struct sim_world *w, const char *where, const struct field *f, struct json_object *v,
           uint32_t *ret)
{
    if (json_object_is_type(v, json_type_boolean)) {
        *ret = json_object_get_boolean(v) ? 1 : 0;
        return DRSTOR_OK;
    }
    const char *text = json_object_is_type(v, json_type_string) ? json_object_get_string(v) : "";
    for (uint32_t i = 0; f->words[i]; i++) {
        if (strcmp(f->words[i], text) == 0) {
            *ret = i;
            return DRSTOR_OK;
        }
    }
    return sim_fail(w, DRSTOR_E_INVALID, "%s: %s cannot be %s", where, f->name,
                    json_object_to_json_string_ext(v, JSON_C_TO_STRING_PLAIN));
}

static int
field_number(struct sim_world *w, const char *where, const struct field *f, struct json_object *v,
             uint64_t most, uint64_t *ret)
{
    if (!json_object_is_type(v, json_type_int) || json_object_get_int64(v) < 0 ||
        json_object_get_uint64(v) > most)
        return sim_fail(w, DRSTOR_E_INVALID, "%s: %s must be a number up to %llu", where, f->name,
                        (unsigned long long)most);
    *ret = json_object_get_uint64(v);
    return DRSTOR_OK;
}

static int
field_read(struct sim_world *w, const char *where, const struct field *f, struct json_object *v,
           void *to)
{
    char *at = (char *)to + f->offset;
    uint64_t n = 0;
    uint32_t n32 = 0;
    int32_t i32;
    int64_t i64;
    int r = DRSTOR_OK;

    switch (f->kind) {
    case FIELD_U64:
        r = field_number(w, where, f, v, UINT64_MAX, &n);
        memcpy(at, &n, r < 0 ? 0 : sizeof(n));
        break;
    case FIELD_SECONDS:
        r = field_number(w, where, f, v, UINT32_MAX, &n);
        n *= SIM_SECOND;
        memcpy(at, &n, r < 0 ? 0 : sizeof(n));
        break;
    case FIELD_U32:
        r = field_number(w, where, f, v, UINT32_MAX, &n);
        n32 = (uint32_t)n;
        memcpy(at, &n32, r < 0 ? 0 : sizeof(n32));
        break;
    case FIELD_I64:
        i64 = json_object_get_int64(v);
        memcpy(at, &i64, sizeof(i64));
        break;
    case FIELD_I32:
        i32 = json_object_get_int(v);
        memcpy(at, &i32, sizeof(i32));
        break;
    case FIELD_TEXT:
        if (!json_object_is_type(v, json_type_string) ||
            strlen(json_object_get_string(v)) >= f->size)
            return sim_fail(w, DRSTOR_E_INVALID, "%s: %s must be a text shorter than %zu", where,
                            f->name, f->size);
        sim_copy_text(at, f->size, json_object_get_string(v));
        break;
    case FIELD_WORD:
        r = field_word(w, where, f, v, &n32);
        memcpy(at, &n32, r < 0 ? 0 : sizeof(n32));
        break;
    }
    return r;
}

int
fields_read(struct sim_world *w, const char *where, struct json_object *o,
            const struct field *fields, const char *const *more, void *to)
{
    if (!json_object_is_type(o, json_type_object))
        return sim_fail(w, DRSTOR_E_INVALID, "%s must be an object", where);
    json_object_object_foreach(o, key, value)
    {
        const struct field *f = fields;
        while (f->name && strcmp(f->name, key) != 0)
            f++;
        if (f->name) {
            int r = field_read(w, where, f, value, to);
            if (r < 0)
                return r;
            continue;
        }
        const char *const *m = more;
        while (m && *m && strcmp(*m, key) != 0)
            m++;
        if (!m || !*m)
            return sim_fail(w, DRSTOR_E_INVALID, "%s: unknown key %s", where, key);
    }
    return DRSTOR_OK;
}

bool
fields_write(struct json_object *o, const struct field *fields, const void *from)
{
    for (const struct field *f = fields; f->name; f++) {
        const char *at = (const char *)from + f->offset;
        struct json_object *v = NULL;
        uint64_t n;
        uint32_t n32;
        int64_t i64;
        int32_t i32;

        switch (f->kind) {
        case FIELD_U64:
        case FIELD_SECONDS:
            memcpy(&n, at, sizeof(n));
            v = json_object_new_uint64(f->kind == FIELD_SECONDS ? n / SIM_SECOND : n);
            break;
        case FIELD_U32:
            memcpy(&n32, at, sizeof(n32));
            v = json_object_new_uint64(n32);
            break;
        case FIELD_I64:
            memcpy(&i64, at, sizeof(i64));
            v = json_object_new_int64(i64);
            break;
        case FIELD_I32:
            memcpy(&i32, at, sizeof(i32));
            v = json_object_new_int(i32);
            break;
        case FIELD_TEXT:
            v = json_object_new_string(at);
            break;
        case FIELD_WORD:
            memcpy(&n32, at, sizeof(n32));
            v = json_object_new_string(f->words[n32]);
            break;
        }
        if (!v || json_object_object_add(o, f->name, v) < 0)
            return false;
    }
    return true;
}
