#include "cli.h"

#include <stdlib.h>

void
cli_freep(void *pp)
{
    free(*(void **)pp);
}

void
cli_textp(char **text)
{
    drstor_text_free(*text);
}

void
cli_errorp(struct drstor_error **err)
{
    drstor_error_free(*err);
}

void
cli_jsonp(struct json_object **o)
{
    json_object_put(*o);
}

struct json_object *
cli_get(struct json_object *o, const char *key)
{
    struct json_object *v = NULL;
    if (!json_object_is_type(o, json_type_object) || !json_object_object_get_ex(o, key, &v))
        return NULL;
    return v;
}

const char *
cli_text(struct json_object *o, const char *key)
{
    struct json_object *v = cli_get(o, key);
    return json_object_is_type(v, json_type_string) ? json_object_get_string(v) : NULL;
}

int64_t
cli_int(struct json_object *o, const char *key, int64_t otherwise)
{
    struct json_object *v = cli_get(o, key);
    return json_object_is_type(v, json_type_int) ? json_object_get_int64(v) : otherwise;
}

bool
cli_true(struct json_object *o, const char *key)
{
    struct json_object *v = cli_get(o, key);
    return json_object_is_type(v, json_type_boolean) && json_object_get_boolean(v);
}

size_t
cli_length(struct json_object *list)
{
    return json_object_is_type(list, json_type_array) ? json_object_array_length(list) : 0;
}

int
cli_exit_of(const char *json, int otherwise)
{
    cli_auto(cli_jsonp) struct json_object *doc = json_tokener_parse(json);
    return (int)cli_int(doc, "exit", otherwise);
}
