/* Structs to JSON and back by a table of their fields: one table, both ways. */
#ifndef SIMULATED_FIELDS_H
#define SIMULATED_FIELDS_H

#include "state.h"

enum field_kind {
    FIELD_U64,
    FIELD_U32,
    FIELD_I64,
    FIELD_I32,
    FIELD_TEXT,
    FIELD_WORD,
    FIELD_SECONDS
};

struct field {
    const char *name;
    enum field_kind kind;
    size_t offset;
    size_t size;
    const char *const *words; /* FIELD_WORD: text of the values 0, 1, ... and NULL */
};

#define FIELD(type, member, kind)                                                                  \
    {                                                                                              \
#member, kind, offsetof(type, member), sizeof(((type *)0)->member), NULL                   \
    }
#define FIELD_AS(type, member, kind, name)                                                         \
    {                                                                                              \
        name, kind, offsetof(type, member), sizeof(((type *)0)->member), NULL                      \
    }
#define FIELD_ENUM(type, member, name, words)                                                      \
    {                                                                                              \
        name, FIELD_WORD, offsetof(type, member), sizeof(((type *)0)->member), words               \
    }
#define FIELD_END                                                                                  \
    {                                                                                              \
        NULL, FIELD_U32, 0, 0, NULL                                                                \
    }

/*
 * Reads what O has into TO; what it has not stays. INVALID for a wrong type or range, and for a key
 * that is neither in the table nor in MORE (names, NULL at the end). WHERE names the object.
 */
int fields_read(struct sim_world *w, const char *where, struct json_object *o,
                const struct field *fields, const char *const *more, void *to);
/* False when memory ran out. */
bool fields_write(struct json_object *o, const struct field *fields, const void *from);

#endif
