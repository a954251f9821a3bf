#include "report/text.h"

#include "base/mem.h"

int
dr_text_render(const char *kind, struct json_object *doc, const char *columns, unsigned width,
               char **ret, struct drstor_error **err)
{
    (void)kind;
    (void)columns;
    (void)width;
    (void)err;
    *ret = dr_strdup(json_object_to_json_string_ext(doc, JSON_C_TO_STRING_PRETTY));
    return DRSTOR_OK;
}
