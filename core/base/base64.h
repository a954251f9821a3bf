/* Base64 (RFC 4648, the plain alphabet). */
#ifndef DR_BASE_BASE64_H
#define DR_BASE_BASE64_H

#include <stddef.h>

/* With padding. The caller frees. */
char *dr_base64(const void *bytes, size_t n);
/* The N characters of TEXT as bytes; NULL when they are not whole groups of the alphabet, padding
 * at the end only. The caller frees. */
unsigned char *dr_base64_bytes(const char *text, size_t n, size_t *ret_n);

#endif
