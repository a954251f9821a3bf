/* Stands between a client and a server on loopback and lets only so many bytes through. */
#ifndef TESTS_SUPPORT_GATE_H
#define TESTS_SUPPORT_GATE_H

#include <stddef.h>

enum gate_end {
    GATE_CUT = 0, /* then both are hung up on */
    GATE_HOLD     /* then nothing more passes, either way */
};

struct gate;

/* From the server to the client MOST_DOWN bytes, the other way MOST_UP, per connection. */
struct gate *gate_start(int server_port, size_t most_down, size_t most_up, enum gate_end end);
void gate_stop(struct gate *g);
int gate_port(const struct gate *g);
/* What has passed in all connections so far. */
size_t gate_down(struct gate *g);
size_t gate_up(struct gate *g);

#endif
