/*
 * The blocks that the lab's writers write and its checker looks for. They know nothing of drstor:
 * that no acknowledged write was lost is to be seen by other eyes.
 *
 * Numbers begin at 1 and are written one after the other, each when the one before is acknowledged,
 * over the volumes in turn. So where number N is, every lower one has to be, on whatever volume.
 */
#ifndef LAB_BLOCK_H
#define LAB_BLOCK_H

#include <stdint.h>

enum {
    LAB_BLOCK = 4096,
    LAB_FIRST = 16,   /* what lies before belongs to probes and labels */
    LAB_SLOTS = 4096, /* as many in every volume, so that a snapshot with metadata behind it reads
                         the same */
};

/* The volume of NUMBER among VOLUMES, and the byte at which it lies there. */
unsigned lab_block_volume(uint64_t number, unsigned volumes);
uint64_t lab_block_offset(uint64_t number, unsigned volumes);

void lab_block_make(unsigned char block[LAB_BLOCK], uint64_t run, uint64_t number);
/* The number in BLOCK when it is a whole block of RUN, 0 otherwise. */
uint64_t lab_block_read(const unsigned char block[LAB_BLOCK], uint64_t run);

#endif
