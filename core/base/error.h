/*
 * A failure: the status says what may be done next, the message what happened, the rule which
 * refusal it is (drstor explain RULE), the hint what a person can do.
 *
 * err is always the last argument, may be NULL, and points to NULL before the call. The lowest
 * function says what happened; callers add where with dr_context().
 */
#ifndef DR_BASE_ERROR_H
#define DR_BASE_ERROR_H

#include <drstor/types.h>

#include <stdarg.h>

struct drstor_error;

/* Both return STATUS, so that `return dr_fail(err, ...)` reads as one thought. */
int dr_fail(struct drstor_error **err, int status, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* RULE is a static string: "R014". The status is REFUSED. */
int dr_refuse(struct drstor_error **err, const char *rule, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* Puts "where: " before the message. */
int dr_context(struct drstor_error **err, int status, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
void dr_hint(struct drstor_error **err, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

struct drstor_error *dr_error_copy(const struct drstor_error *err);
void dr_error_move(struct drstor_error **to, struct drstor_error **from);
int dr_error_status(const struct drstor_error *err);
const char *dr_error_message(const struct drstor_error *err); /* "" when NULL */
const char *dr_error_hint(const struct drstor_error *err);    /* NULL when none */
const char *dr_error_rule(const struct drstor_error *err);    /* NULL when none */
void dr_error_free(struct drstor_error *err);
void dr_error_freep(struct drstor_error **err);

/* "unreachable", "refused" ... for messages and JSON. */
const char *dr_status_name(int status);

#endif
