/* SHA-256 (FIPS 180-4), of which names and serials are made. */
#ifndef LVM_DRBD_SHA256_H
#define LVM_DRBD_SHA256_H

#include <stddef.h>
#include <stdint.h>

struct ld_sha256 {
    uint32_t state[8];
    uint64_t bytes;
    unsigned char block[64];
};

void ld_sha256_start(struct ld_sha256 *h);
void ld_sha256_add(struct ld_sha256 *h, const void *bytes, size_t n);
/* 64 hex digits and NUL. H itself may be added to further: a copy is finished. */
void ld_sha256_hex(const struct ld_sha256 *h, char ret[65]);

#endif
