/*
 * A run as one HTML page that needs nothing else: for whoever has to know, or to prove, what
 * happened, on paper as well. Pure, and made of the report's document alone, so its numbers are
 * that document's. Well-formed XML, so that other programs can read it too.
 */
#ifndef DR_REPORT_HTML_H
#define DR_REPORT_HTML_H

#include "base/error.h"
#include "base/json.h"

/* KIND: "run", "report" or "abort", as in dr_text_render(). The caller frees *RET. */
int dr_html_render(const char *kind, struct json_object *doc, char **ret,
                   struct drstor_error **err);

#endif
