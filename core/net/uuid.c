#include "net/uuid.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>

void
dr_uuid(char out[37])
{
    unsigned char b[16];
    for (size_t n = 0; n < sizeof(b);) {
        ssize_t got = getrandom(b + n, sizeof(b) - n, 0);
        if (got < 0 && errno != EINTR)
            abort(); /* a name that might not be unique is worse than a stop we can resume from */
        n += got > 0 ? (size_t)got : 0;
    }
    b[6] = (unsigned char)((b[6] & 0x0f) | 0x40);
    b[8] = (unsigned char)((b[8] & 0x3f) | 0x80);
    (void)snprintf(out, 37, "%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x",
                   b[0], b[1], b[2], b[3], b[4], b[5], b[6], b[7], b[8], b[9], b[10], b[11], b[12],
                   b[13], b[14], b[15]);
}
