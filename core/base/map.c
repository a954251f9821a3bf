#include "base/map.h"

#include "base/str.h"
#include "base/timetext.h"

#include <string.h>

#define AT(type_, base, offset) ((type_ *)(void *)((char *)(base) + (offset)))
#define AT_CONST(type_, base, offset)                                                              \
    ((type_ const *)(const void *)((const char *)(base) + (offset)))

void
dr_map_clear(const struct dr_type *type, void *out)
{
    memset(out, 0, type->size);
    for (size_t i = 0; i < type->n_fields; i++) {
        const struct dr_field *f = &type->fields[i];
        if (f->kind == DR_FIELD_I64 || f->kind == DR_FIELD_TIME)
            *AT(int64_t, out, f->offset) = -1;
        else if (f->kind == DR_FIELD_STRUCT)
            dr_map_clear(f->type, AT(char, out, f->offset));
    }
}

static int
wrong(const struct dr_type *type, const struct dr_field *f, const char *want,
      struct drstor_error **err)
{
    return dr_fail(err, DRSTOR_E_INVALID, "%s.%s is not %s", type->what, f->name, want);
}

static int
read_list(struct dr_arena *a, const struct dr_type *type, const struct dr_field *f,
          struct json_object *v, bool strict, void *out, struct drstor_error **err)
{
    if (!json_object_is_type(v, json_type_array))
        return wrong(type, f, "a list", err);
    size_t n = json_object_array_length(v);
    size_t size = f->kind == DR_FIELD_STRS ? sizeof(char *) : f->type->size;
    char *items = n ? dr_arena_alloc(a, n, size) : NULL;
    for (size_t i = 0; i < n; i++) {
        struct json_object *e = json_object_array_get_idx(v, i);
        if (f->kind == DR_FIELD_STRS) {
            if (!json_object_is_type(e, json_type_string))
                return wrong(type, f, "a list of texts", err);
            ((const char **)(void *)items)[i] = dr_arena_str(a, json_object_get_string(e));
            continue;
        }
        int r = dr_map_read(a, f->type, e, strict, items + i * size, err);
        if (r < 0)
            return dr_context(err, r, "%s.%s[%zu]", type->what, f->name, i);
    }
    *AT(void *, out, f->offset) = items;
    *AT(size_t, out, f->n_offset) = n;
    return DRSTOR_OK;
}

static int
read_field(struct dr_arena *a, const struct dr_type *type, const struct dr_field *f,
           struct json_object *o, struct json_object *v, bool strict, void *out,
           struct drstor_error **err)
{
    switch (f->kind) {
    case DR_FIELD_STR:
        if (!json_object_is_type(v, json_type_string))
            return wrong(type, f, "a text", err);
        *AT(const char *, out, f->offset) = dr_arena_str(a, json_object_get_string(v));
        return DRSTOR_OK;
    case DR_FIELD_I64:
    case DR_FIELD_COUNT:
        return dr_json_i64(o, f->name, AT(int64_t, out, f->offset))
                   ? DRSTOR_OK
                   : wrong(type, f, "a whole number", err);
    case DR_FIELD_TIME:
        if (!json_object_is_type(v, json_type_string) ||
            !dr_utc_parse(json_object_get_string(v), AT(int64_t, out, f->offset)))
            return wrong(type, f, "a time like 2026-11-22T14:03:21Z", err);
        return DRSTOR_OK;
    case DR_FIELD_BOOL:
        return dr_json_bool(o, f->name, AT(bool, out, f->offset))
                   ? DRSTOR_OK
                   : wrong(type, f, "a boolean", err);
    case DR_FIELD_ENUM: {
        const char *s = json_object_is_type(v, json_type_string) ? json_object_get_string(v) : "";
        int value = dr_name_value(f->names, s);
        if (value < 0)
            return dr_fail(err, DRSTOR_E_INVALID, "%s.%s: \"%s\" is no %s", type->what, f->name, s,
                           f->names->what);
        *AT(int, out, f->offset) = value;
        return DRSTOR_OK;
    }
    case DR_FIELD_STRUCT: {
        int r = dr_map_read(a, f->type, v, strict, AT(char, out, f->offset), err);
        return r < 0 ? dr_context(err, r, "%s.%s", type->what, f->name) : DRSTOR_OK;
    }
    case DR_FIELD_LIST:
    case DR_FIELD_STRS:
        return read_list(a, type, f, v, strict, out, err);
    case DR_FIELD_JSON:
        *AT(struct json_object *, out, f->offset) = v;
        return DRSTOR_OK;
    }
    return dr_fail(err, DRSTOR_E_INTERNAL, "%s.%s has no kind", type->what, f->name);
}

static int
check_members(const struct dr_type *type, struct json_object *o, struct drstor_error **err)
{
    json_object_object_foreach(o, key, value)
    {
        (void)value;
        bool found = false;
        for (size_t i = 0; i < type->n_fields; i++)
            found |= strcmp(type->fields[i].name, key) == 0;
        if (!found)
            return dr_fail(err, DRSTOR_E_INVALID, "%s has no member \"%s\"", type->what, key);
    }
    return DRSTOR_OK;
}

int
dr_map_read(struct dr_arena *a, const struct dr_type *type, struct json_object *o, bool strict,
            void *out, struct drstor_error **err)
{
    dr_map_clear(type, out);
    if (!o || !json_object_is_type(o, json_type_object))
        return dr_fail(err, DRSTOR_E_INVALID, "%s is not an object", type->what);
    int r = strict ? check_members(type, o, err) : DRSTOR_OK;
    for (size_t i = 0; r == DRSTOR_OK && i < type->n_fields; i++) {
        struct json_object *v = dr_json_get(o, type->fields[i].name);
        if (v)
            r = read_field(a, type, &type->fields[i], o, v, strict, out, err);
    }
    return r;
}

static struct json_object *
write_list(const struct dr_field *f, const void *in)
{
    const char *items = *AT_CONST(char *, in, f->offset);
    size_t n = *AT_CONST(size_t, in, f->n_offset);
    struct json_object *list = json_object_new_array_ext((int)n);
    for (size_t i = 0; i < n; i++)
        (void)json_object_array_add(
            list, f->kind == DR_FIELD_STRS
                      ? json_object_new_string(((const char *const *)(const void *)items)[i])
                      : dr_map_write(f->type, items + i * f->type->size));
    return list;
}

struct json_object *
dr_map_write(const struct dr_type *type, const void *in)
{
    dr_auto(dr_arena_freep) struct dr_arena *a = dr_arena_new();
    struct json_object *o = json_object_new_object();
    for (size_t i = 0; i < type->n_fields; i++) {
        const struct dr_field *f = &type->fields[i];
        switch (f->kind) {
        case DR_FIELD_STR:
            dr_json_set_str(o, f->name, *AT_CONST(char *, in, f->offset));
            break;
        case DR_FIELD_I64:
            if (*AT_CONST(int64_t, in, f->offset) != -1)
                dr_json_set_i64(o, f->name, *AT_CONST(int64_t, in, f->offset));
            break;
        case DR_FIELD_COUNT:
            dr_json_set_i64(o, f->name, *AT_CONST(int64_t, in, f->offset));
            break;
        case DR_FIELD_TIME:
            if (*AT_CONST(int64_t, in, f->offset) != -1)
                dr_json_set_str(o, f->name, dr_utc_text(a, *AT_CONST(int64_t, in, f->offset)));
            break;
        case DR_FIELD_BOOL:
            dr_json_set_bool(o, f->name, *AT_CONST(bool, in, f->offset));
            break;
        case DR_FIELD_ENUM:
            dr_json_set_str(o, f->name, dr_name(f->names, *AT_CONST(int, in, f->offset)));
            break;
        case DR_FIELD_STRUCT:
            dr_json_set(o, f->name, dr_map_write(f->type, AT_CONST(char, in, f->offset)));
            break;
        case DR_FIELD_LIST:
        case DR_FIELD_STRS:
            dr_json_set(o, f->name, write_list(f, in));
            break;
        case DR_FIELD_JSON:
            if (*AT_CONST(struct json_object *, in, f->offset))
                dr_json_set(o, f->name,
                            json_object_get(*AT_CONST(struct json_object *, in, f->offset)));
            break;
        }
    }
    return o;
}

static void
copy_list(struct dr_arena *a, const struct dr_field *f, const void *from, void *out)
{
    const char *items = *AT_CONST(char *, from, f->offset);
    size_t n = *AT_CONST(size_t, from, f->n_offset);
    if (f->kind == DR_FIELD_STRS) {
        const char **copy = n ? dr_arena_alloc(a, n, sizeof(*copy)) : NULL;
        for (size_t i = 0; i < n; i++)
            copy[i] = dr_arena_str(a, ((const char *const *)(const void *)items)[i]);
        *AT(const char **, out, f->offset) = copy;
        return;
    }
    char *copy = n ? dr_arena_alloc(a, n, f->type->size) : NULL;
    for (size_t i = 0; i < n; i++)
        dr_map_copy(a, f->type, items + i * f->type->size, copy + i * f->type->size);
    *AT(void *, out, f->offset) = copy;
}

void
dr_map_copy(struct dr_arena *a, const struct dr_type *type, const void *from, void *out)
{
    memcpy(out, from, type->size);
    for (size_t i = 0; i < type->n_fields; i++) {
        const struct dr_field *f = &type->fields[i];
        if (f->kind == DR_FIELD_STR)
            *AT(const char *, out, f->offset) = dr_arena_str(a, *AT_CONST(char *, from, f->offset));
        else if (f->kind == DR_FIELD_STRUCT)
            dr_map_copy(a, f->type, AT_CONST(char, from, f->offset), AT(char, out, f->offset));
        else if (f->kind == DR_FIELD_LIST || f->kind == DR_FIELD_STRS)
            copy_list(a, f, from, out);
    }
}
