/*
 * Frames over a socket between two processes of ours, descriptors beside them. Both ends are one
 * build on one machine, so numbers are in its own byte order; but whoever reads trusts nothing: a
 * head that makes no sense, or more bytes than MOST, ends it.
 */
#ifndef DR_NET_CHANNEL_H
#define DR_NET_CHANNEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct dr_frame {
    uint32_t magic;
    uint32_t kind; /* the users' own; never 0 */
    uint64_t id;
    uint32_t n;    /* bytes that follow */
    uint32_t more; /* the users' own */
};

/* Both ends close on exec; -1 with errno. */
int dr_channel_pair(int ret_fd[2]);

/* Zeroed before the first use, but for FD, which is -1. */
struct dr_frame_in {
    struct dr_frame head;
    unsigned char *body; /* HEAD.n bytes; NULL: none */
    int fd;              /* came with it; -1: none */
    size_t got;          /* of head and body */
};

/*
 * One read of socket S, which may wait. 1: IN holds a whole frame; take body and fd out, then
 * dr_frame_next(). 0: not yet. -1: the other side is gone. -2: it speaks nonsense.
 */
int dr_frame_read(int s, size_t most, struct dr_frame_in *in);
/* Frees what was not taken. */
void dr_frame_next(struct dr_frame_in *in);

struct dr_frame_out {
    struct dr_frame head; /* magic and n are filled in */
    const void *body;     /* borrowed */
    size_t n;
    int fd; /* goes with it, borrowed; -1: none */
    size_t done;
};
/* 1: all of it is written; 0: it would wait, and WAIT is not set; -1: the other side is gone. */
int dr_frame_write(int s, bool wait, struct dr_frame_out *out);

#endif
