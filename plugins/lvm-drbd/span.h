/* Pieces of somebody else's text, by pointer and length. Nothing here copies, and nothing reads
 * past the end of what it was given. */
#ifndef LVM_DRBD_SPAN_H
#define LVM_DRBD_SPAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct ld_span {
    const char *s;
    size_t n;
};

/* For printf: "%.*s". */
#define LD_SHOW(x) (int)((x).n < 512 ? (x).n : 512), (x).n ? (x).s : ""

struct ld_span ld_span(const char *s);
bool ld_is(struct ld_span a, const char *text);
bool ld_same(struct ld_span a, struct ld_span b);
bool ld_begins(struct ld_span a, const char *text);
/* *RET_AFTER: what follows the first TEXT in A; may be NULL. */
bool ld_holds(struct ld_span a, const char *text, struct ld_span *ret_after);
/* The next line of *REST without its newline; false at the end. */
bool ld_line(struct ld_span *rest, struct ld_span *ret);
/* The next word of *REST, at blanks and tabs; false when there is none. */
bool ld_word(struct ld_span *rest, struct ld_span *ret);
/* A at the first C: *RET_LEFT before, *RET_RIGHT after it. */
bool ld_cut(struct ld_span a, char c, struct ld_span *ret_left, struct ld_span *ret_right);
/* The value of KEY in lines or words of `key=value`, which END ends ('\n' or ' '). */
bool ld_value(struct ld_span a, const char *key, char end, struct ld_span *ret);
/* All of A is a number in BASE (10 or 16) of 64 bits, without a sign. */
bool ld_number(struct ld_span a, unsigned base, uint64_t *ret);

#endif
