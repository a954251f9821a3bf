/*
 * A struct and its JSON are one table: records, facts, plans and reports are read and written
 * through it, so that no field can be forgotten on one side.
 *
 * What is absent in JSON is "not known" in the struct: NULL, -1 for I64 and TIME, 0 (UNKNOWN) for
 * enums; what is not known in the struct is absent in JSON.
 */
#ifndef DR_BASE_MAP_H
#define DR_BASE_MAP_H

#include "base/arena.h"
#include "base/error.h"
#include "base/json.h"
#include "base/names.h"

#include <stddef.h>

enum dr_field_kind {
    DR_FIELD_STR = 1, /* const char * */
    DR_FIELD_I64,     /* int64_t, -1: not known, left out */
    DR_FIELD_COUNT,   /* int64_t, always written; absent: 0 */
    DR_FIELD_TIME,    /* int64_t seconds UTC <-> ISO-8601 */
    DR_FIELD_BOOL,    /* bool, always written */
    DR_FIELD_ENUM,    /* an enum (int-sized) with names; always written */
    DR_FIELD_STRUCT,  /* embedded struct */
    DR_FIELD_LIST,    /* struct x *xs; size_t n_xs */
    DR_FIELD_STRS,    /* const char **xs; size_t n_xs */
    DR_FIELD_JSON     /* struct json_object *, borrowed from the parsed document: keep that alive */
};

struct dr_type;

struct dr_field {
    const char *name;
    enum dr_field_kind kind;
    size_t offset;
    size_t n_offset;
    const struct dr_names *names;
    const struct dr_type *type;
};

struct dr_type {
    const char *what;
    size_t size;
    const struct dr_field *fields;
    size_t n_fields;
};

#define DR_TYPE(var, ctype, text, table)                                                           \
    const struct dr_type var = {text, sizeof(ctype), table, sizeof(table) / sizeof((table)[0])}

/* clang-format off: one line each */
#define DR_STR(s, f)                                                                               \
    {                                                                                              \
#f, DR_FIELD_STR, offsetof(s, f), 0, NULL, NULL                                            \
    }
#define DR_I64(s, f)                                                                               \
    {                                                                                              \
#f, DR_FIELD_I64, offsetof(s, f), 0, NULL, NULL                                            \
    }
#define DR_CNT(s, f)                                                                               \
    {                                                                                              \
#f, DR_FIELD_COUNT, offsetof(s, f), 0, NULL, NULL                                          \
    }
#define DR_TIME(s, f)                                                                              \
    {                                                                                              \
#f, DR_FIELD_TIME, offsetof(s, f), 0, NULL, NULL                                           \
    }
#define DR_BOOL(s, f)                                                                              \
    {                                                                                              \
#f, DR_FIELD_BOOL, offsetof(s, f), 0, NULL, NULL                                           \
    }
#define DR_ENUM(s, f, names)                                                                       \
    {                                                                                              \
#f, DR_FIELD_ENUM, offsetof(s, f), 0, &(names), NULL                                       \
    }
#define DR_STRUCT(s, f, type)                                                                      \
    {                                                                                              \
#f, DR_FIELD_STRUCT, offsetof(s, f), 0, NULL, &(type)                                      \
    }
#define DR_LIST(s, f, type)                                                                        \
    {                                                                                              \
#f, DR_FIELD_LIST, offsetof(s, f), offsetof(s, n_##f), NULL, &(type)                       \
    }
#define DR_STRS(s, f)                                                                              \
    {                                                                                              \
#f, DR_FIELD_STRS, offsetof(s, f), offsetof(s, n_##f), NULL, NULL                          \
    }
#define DR_JSON(s, f)                                                                              \
    {                                                                                              \
#f, DR_FIELD_JSON, offsetof(s, f), 0, NULL, NULL                                           \
    }
/* clang-format on */

/* Fills every field of OUT (also with "not known"). Unknown members are refused when STRICT. */
int dr_map_read(struct dr_arena *a, const struct dr_type *type, struct json_object *o, bool strict,
                void *out, struct drstor_error **err);
struct json_object *dr_map_write(const struct dr_type *type, const void *in);

/* Every field set to "not known". */
void dr_map_clear(const struct dr_type *type, void *out);
/* A copy that shares nothing with FROM but DR_FIELD_JSON members. */
void dr_map_copy(struct dr_arena *a, const struct dr_type *type, const void *from, void *out);

#endif
