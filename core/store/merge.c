/*
 * A record may carry members that a newer drstor of the same major version wrote. They survive our
 * rewriting (safety 2), but only beside the thing they were said of: a member of `consent` belongs
 * to that consent, not to the next one.
 */
#include "store/ops.h"

#include <string.h>

static const struct dr_field *
known(const struct dr_type *type, const char *name)
{
    for (size_t i = 0; i < type->n_fields; i++)
        if (strcmp(type->fields[i].name, name) == 0)
            return &type->fields[i];
    return NULL;
}

/* Two objects speak of the same thing when their ids are equal, or, without an id, all we know
 * is. */
static bool
same_thing(const struct dr_type *type, struct json_object *a, struct json_object *b)
{
    if (known(type, "id"))
        return dr_json_str(a, "id") && dr_streq(dr_json_str(a, "id"), dr_json_str(b, "id"));
    for (size_t i = 0; i < type->n_fields; i++) {
        struct json_object *x = dr_json_get(a, type->fields[i].name);
        struct json_object *y = dr_json_get(b, type->fields[i].name);
        if (!json_object_equal(x, y))
            return false;
    }
    return true;
}

static void
merge_list(const struct dr_type *type, struct json_object *before, struct json_object *written)
{
    for (size_t i = 0; i < dr_json_length(written); i++) {
        struct json_object *w = json_object_array_get_idx(written, i);
        for (size_t k = 0; k < dr_json_length(before); k++) {
            struct json_object *b = json_object_array_get_idx(before, k);
            if (!same_thing(type, b, w))
                continue;
            store_merge_unknown(type, b, w);
            break;
        }
    }
}

void
store_merge_unknown(const struct dr_type *type, struct json_object *before,
                    struct json_object *written)
{
    if (!json_object_is_type(before, json_type_object))
        return;
    json_object_object_foreach(before, name, value)
    {
        const struct dr_field *f = known(type, name);
        struct json_object *now = dr_json_get(written, name);
        if (!f)
            (void)json_object_object_add(written, name, json_object_get(value));
        else if (f->kind == DR_FIELD_STRUCT && now && same_thing(f->type, value, now))
            store_merge_unknown(f->type, value, now);
        else if (f->kind == DR_FIELD_LIST)
            merge_list(f->type, value, now);
    }
}
