#include "block.h"

#include <string.h>

static const char magic[8] = "drstorWR";

struct head {
    char magic[8];
    uint64_t run;
    uint64_t number;
    uint64_t sum;
};

unsigned
lab_block_volume(uint64_t number, unsigned volumes)
{
    return (unsigned)((number - 1) % volumes);
}

uint64_t
lab_block_offset(uint64_t number, unsigned volumes)
{
    return (LAB_FIRST + (number - 1) / volumes % LAB_SLOTS) * LAB_BLOCK;
}

static uint64_t
mixed(uint64_t x)
{
    x ^= x >> 30;
    x *= 0xbf58476d1ce4e5b9u;
    x ^= x >> 27;
    x *= 0x94d049bb133111ebu;
    return x ^ (x >> 31);
}

/* Over everything behind the head: a block of which only a part was written has another one. */
static uint64_t
sum_of(const unsigned char block[LAB_BLOCK], uint64_t run, uint64_t number)
{
    uint64_t sum = mixed(run) ^ number;
    for (unsigned i = sizeof(struct head); i < LAB_BLOCK; i += 8) {
        uint64_t word;
        memcpy(&word, block + i, 8);
        sum = mixed(sum ^ word) + i;
    }
    return sum;
}

void
lab_block_make(unsigned char block[LAB_BLOCK], uint64_t run, uint64_t number)
{
    for (unsigned i = sizeof(struct head); i < LAB_BLOCK; i += 8) {
        const uint64_t word = mixed(run + number * LAB_BLOCK + i);
        memcpy(block + i, &word, 8);
    }
    struct head head = {.run = run, .number = number, .sum = sum_of(block, run, number)};
    memcpy(head.magic, magic, sizeof magic);
    memcpy(block, &head, sizeof head);
}

uint64_t
lab_block_read(const unsigned char block[LAB_BLOCK], uint64_t run)
{
    struct head head;
    memcpy(&head, block, sizeof head);
    if (memcmp(head.magic, magic, sizeof magic) != 0 || head.run != run)
        return 0;
    return head.sum == sum_of(block, run, head.number) ? head.number : 0;
}
