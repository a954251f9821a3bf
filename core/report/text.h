/* Documents as text for people. Pure. */
#ifndef DR_REPORT_TEXT_H
#define DR_REPORT_TEXT_H

#include "base/error.h"
#include "base/json.h"

int dr_text_render(const char *kind, struct json_object *doc, const char *columns, unsigned width,
                   char **ret, struct drstor_error **err);

#endif
