/*
 * Documents of the library as text for people. Pure: reads the document and nothing else, so times
 * are UTC and ages are those the document gives. No colour, no control characters, whatever an
 * array put into its words.
 */
#ifndef DR_REPORT_TEXT_H
#define DR_REPORT_TEXT_H

#include "base/error.h"
#include "base/json.h"

/*
 * KIND as in drstor_render(). COLUMNS: names separated by commas; with a "+" in front these as well
 * as the usual ones; NULL: the usual ones. No table is wider than WIDTH and sentences are wrapped
 * at it; 0: as wide as they are. INVALID: no such kind or column, with the nearest one. The caller
 * frees *RET.
 */
int dr_text_render(const char *kind, struct json_object *doc, const char *columns, unsigned width,
                   char **ret, struct drstor_error **err);

#endif
