/* SHA-256 (FIPS 180-4), for the audit chain and for fingerprints of keys. */
#ifndef DR_BASE_SHA256_H
#define DR_BASE_SHA256_H

#include <stddef.h>
#include <stdint.h>

struct dr_sha256 {
    uint32_t state[8];
    uint64_t bytes;
    unsigned char block[64];
};

void dr_sha256_start(struct dr_sha256 *h);
void dr_sha256_add(struct dr_sha256 *h, const void *bytes, size_t n);
/* H itself may be added to further: a copy is finished. */
void dr_sha256_bytes(const struct dr_sha256 *h, unsigned char ret[32]);
/* The same as 64 hex digits and NUL. */
void dr_sha256_hex(const struct dr_sha256 *h, char ret[65]);

#endif
