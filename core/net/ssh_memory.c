/*
 * The memory that libssh2 has for one session. It forgets some of it when a connection breaks in
 * the middle of a key exchange, and wipes none; here it all ends with the session, and wiped.
 */
#include "net/ssh_link.h"

#include <stdalign.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

struct ssh_block {
    struct ssh_block *next;
    struct ssh_block **here; /* what points to it */
    size_t n;
    alignas(max_align_t) unsigned char bytes[];
};

static struct ssh_block *
block_of(void *p)
{
    return (struct ssh_block *)(void *)((unsigned char *)p - offsetof(struct ssh_block, bytes));
}

void *
ssh_memory_new(struct ssh_link *l, size_t n)
{
    struct ssh_block *b = n < SIZE_MAX / 2 ? malloc(sizeof(*b) + n) : NULL;
    if (!b)
        return NULL;
    *b = (struct ssh_block){.next = l->blocks, .here = &l->blocks, .n = n};
    if (b->next)
        b->next->here = &b->next;
    l->blocks = b;
    return b->bytes;
}

static void
block_free(struct ssh_block *b)
{
    *b->here = b->next;
    if (b->next)
        b->next->here = b->here;
    explicit_bzero(b->bytes, b->n);
    free(b);
}

void
ssh_memory_free(void *p)
{
    if (p)
        block_free(block_of(p));
}

size_t
ssh_memory_size(void *p)
{
    return p ? block_of(p)->n : 0;
}

void *
ssh_memory_resize(struct ssh_link *l, void *p, size_t n)
{
    void *to = ssh_memory_new(l, n);
    size_t old = ssh_memory_size(p);
    if (!to)
        return NULL;
    if (p)
        memcpy(to, p, old < n ? old : n);
    ssh_memory_free(p);
    return to;
}

void
ssh_memory_clear(struct ssh_link *l)
{
    while (l->blocks)
        block_free(l->blocks);
}
