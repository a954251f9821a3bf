/*
 * One flat, length-prefixed message for any struct that has a dr_type: what crosses from the caller
 * of a plugin to the side that runs it, and back. Both ends are one program on one machine, so
 * numbers are in its own byte order; but the reading end trusts nothing.
 *
 *   magic, kind, total length, then the fields in the order of the type's table. Strings: length
 *   (all ones: NULL) and bytes. Lists: count and elements.
 */
#ifndef DR_PLUGIN_MESSAGE_H
#define DR_PLUGIN_MESSAGE_H

#include "base/arena.h"
#include "base/error.h"
#include "base/map.h"

#include <stdint.h>

enum dr_message_kind { DR_MESSAGE_REQUEST = 1, DR_MESSAGE_REPLY };

enum {
    DR_MESSAGE_MAX = 16 << 20,      /* bytes of one message */
    DR_MESSAGE_REQUEST_STR = 65536, /* bytes of one string in a request */
    DR_MESSAGE_REPLY_STR = 4096     /* and in a reply */
};

/* Memory of a message is wiped when it goes: it may carry secrets. */
struct dr_message {
    unsigned char *bytes;
    size_t n;
    size_t cap;
};
void dr_message_clear(struct dr_message *m);

/* INVALID when a string or the whole is too long. DR_FIELD_JSON cannot be sent. Fields of kind ENUM
 * without names are plain ints. */
int dr_message_encode(enum dr_message_kind kind, const struct dr_type *type, const void *in,
                      struct dr_message *ret, struct drstor_error **err);
/* PROTOCOL unless it is exactly one whole message: enums in range, strings UTF-8 and bounded. */
int dr_message_decode(enum dr_message_kind kind, const struct dr_type *type,
                      const struct dr_message *m, struct dr_arena *a, void *out,
                      struct drstor_error **err);

#endif
