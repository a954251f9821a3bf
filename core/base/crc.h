/* CRC-32C (Castagnoli): damage by accident. Against people there is the audit chain. */
#ifndef DR_BASE_CRC_H
#define DR_BASE_CRC_H

#include <stddef.h>
#include <stdint.h>

/* Of TEXT alone when BEFORE is 0; otherwise as if what BEFORE is of stood in front of it. */
uint32_t dr_crc32c(uint32_t before, const char *text, size_t n);

#endif
