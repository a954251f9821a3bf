/* Text from a plugin: ids are taken whole or refused, sentences are made printable and cut. */
#ifndef DR_PLUGIN_TEXT_H
#define DR_PLUGIN_TEXT_H

#include "base/arena.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

enum { DR_TEXT_MAX = 4096 }; /* bytes in one string of a reply */

bool dr_utf8_valid(const char *s, size_t n);

/* NULL stays NULL. What is not UTF-8 and control characters become '?', what is too long is cut:
 * an array's words reach a terminal. */
char *dr_text_clean(struct dr_arena *a, const char *s);
char *dr_text_vprintf(struct dr_arena *a, const char *format, va_list ap)
    __attribute__((format(printf, 2, 0)));

#endif
