/*
 * Secrets. A dr_secret has no print function; every loaded secret is known to the redaction filter,
 * and all log and error text passes it (safety X1, X2). Threads: any.
 */
#ifndef DR_BASE_REDACT_H
#define DR_BASE_REDACT_H

#include <stddef.h>

struct dr_secret;

/* Copies N bytes and makes them, their base64 and URL forms known to the filter. Not for N == 0. */
struct dr_secret *dr_secret_new(const char *bytes, size_t n);
void dr_secret_free(struct dr_secret *s); /* wipes */
/* Borrowed for the moment of use; NUL-terminated. */
const char *dr_secret_bytes(const struct dr_secret *s);
size_t dr_secret_length(const struct dr_secret *s);

/* Replaces every known secret in TEXT by stars, in place. Secrets shorter than 4 bytes are not
 * searched. */
void dr_redact(char *text);

#endif
