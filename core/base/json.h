/*
 * JSON from outside is hostile until counted: size, depth and number of values are checked before
 * json-c builds anything (safety X7). Typed getters never hand out a default for state.
 */
#ifndef DR_BASE_JSON_H
#define DR_BASE_JSON_H

#include "base/error.h"

#include <json-c/json.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct dr_json_limits {
    size_t bytes;
    size_t values;
    unsigned depth;
};
extern const struct dr_json_limits dr_json_small;     /* 1 MiB, 100 000 values, depth 32 */
extern const struct dr_json_limits dr_json_inventory; /* 64 MiB, 6 400 000 values, depth 32 */

/* The whole text must be one JSON value. PROTOCOL with the place of the trouble otherwise. */
int dr_json_parse(const char *text, size_t n, const struct dr_json_limits *limits,
                  struct json_object **ret, struct drstor_error **err);

void dr_json_putp(struct json_object **o);

/* NULL or false when absent or of another type. "12" and 12, "true" and true are both accepted. */
struct json_object *dr_json_get(struct json_object *o, const char *key);
const char *dr_json_str(struct json_object *o, const char *key);
bool dr_json_i64(struct json_object *o, const char *key, int64_t *ret);
bool dr_json_bool(struct json_object *o, const char *key, bool *ret);
size_t dr_json_length(struct json_object *array); /* 0 for NULL and for what is not an array */

/* Building; VALUE NULL adds nothing. */
void dr_json_set(struct json_object *o, const char *key, struct json_object *value);
void dr_json_set_str(struct json_object *o, const char *key, const char *value);
void dr_json_set_i64(struct json_object *o, const char *key, int64_t value);
void dr_json_set_bool(struct json_object *o, const char *key, bool value);

/* One line, "/" not escaped. Valid as long as O is not touched. */
const char *dr_json_text(struct json_object *o);

#endif
