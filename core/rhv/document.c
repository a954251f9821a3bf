#include "rhv/document.h"

#include "base/mem.h"
#include "base/str.h"
#include "rhv/api.h"

/* Beside its list a collection may hold only these; with anything else and no list it is no
 * collection, and "there are none" must not be read out of it. */
static bool
is_empty_collection(struct json_object *doc)
{
    static const char *const beside[] = {"actions", "link", "href", "total", "active", "size"};
    json_object_object_foreach(doc, key, value)
    {
        (void)value;
        bool known = false;
        for (size_t i = 0; i < DR_COUNT(beside); i++)
            known = known || dr_streq(key, beside[i]);
        if (!known)
            return false;
    }
    return true;
}

int
rhv_items(struct json_object *doc, const char *key, size_t most, struct json_object **ret,
          struct drstor_error **err)
{
    if (!json_object_is_type(doc, json_type_object))
        return dr_fail(err, DRSTOR_E_PROTOCOL, "the list of %ss is no JSON object", key);
    struct json_object *items = NULL;
    if (!json_object_object_get_ex(doc, key, &items)) {
        if (!is_empty_collection(doc))
            return dr_fail(err, DRSTOR_E_PROTOCOL, "there is no list of %ss in the answer", key);
        *ret = NULL;
        return DRSTOR_OK;
    }
    if (!json_object_is_type(items, json_type_array))
        return dr_fail(err, DRSTOR_E_PROTOCOL, "the list of %ss is none", key);
    size_t n = dr_json_length(items);
    if (n > most)
        return dr_fail(err, DRSTOR_E_PROTOCOL, "a list of %zu %ss, more than %zu", n, key, most);
    for (size_t i = 0; i < n; i++)
        if (!rhv_id_is_sound(dr_json_str(rhv_item(items, i), "id")))
            return dr_fail(err, DRSTOR_E_PROTOCOL, "%s number %zu of the list has no sound id", key,
                           i + 1);
    *ret = items;
    return DRSTOR_OK;
}

struct json_object *
rhv_item(struct json_object *items, size_t i)
{
    return json_object_array_get_idx(items, i);
}

const char *
rhv_inner(struct json_object *o, const char *inner, const char *key)
{
    return dr_json_str(dr_json_get(o, inner), key);
}

int
rhv_word(const struct dr_names *names, const char *word)
{
    int value = word ? dr_name_value(names, word) : -1;
    return value > 0 ? value : 0;
}
