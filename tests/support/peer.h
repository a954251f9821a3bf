/*
 * A scripted TLS server on loopback: expect this, answer that, wait, hang up. It runs in threads of
 * the test program, keeps no time of its own, and ends with peer_stop().
 */
#ifndef TESTS_SUPPORT_PEER_H
#define TESTS_SUPPORT_PEER_H

#include <stdbool.h>
#include <stddef.h>

enum peer_do {
    PEER_END = 0,   /* closes with TLS's goodbye */
    PEER_READ,      /* one whole request, which counts as delivered */
    PEER_READ_SOME, /* a first piece of a request, which does not */
    PEER_EXPECT,    /* TEXT is in the request read last */
    PEER_SEND,      /* TEXT, or N bytes of it when N is not 0 */
    PEER_REPEAT,    /* TEXT, N times */
    PEER_ENDLESS,   /* TEXT until the client goes */
    PEER_DRIP,      /* the same, a byte at a time with pauses */
    PEER_RAW,       /* TEXT beside TLS */
    PEER_HOLD,      /* nothing until the client goes */
    PEER_WAIT,      /* until peer_go() */
    PEER_AGAIN,     /* from the first step */
    PEER_CUT,       /* closes without a goodbye */
    PEER_RESET      /* closes with a reset */
};

struct peer_step {
    enum peer_do what;
    const char *text;
    size_t n;
};

struct peer_options {
    const char *dir;         /* of certificates */
    const char *name;        /* of the certificate; NULL: no TLS at all */
    const char *priority;    /* GnuTLS priority string; NULL: NORMAL */
    bool client_certificate; /* demands one */
    /* Script I is for connection I, the last one for all that follow. Each ends with PEER_END. */
    const struct peer_step *const *scripts;
    size_t n_scripts;
};

struct peer;

struct peer *peer_start(const struct peer_options *options);
void peer_stop(struct peer *p);
int peer_port(const struct peer *p);

void peer_go(struct peer *p);
/* True when that many requests have been delivered; false after a minute, so that no test hangs. */
bool peer_wait_requests(struct peer *p, int n);

int peer_connections(struct peer *p);
int peer_requests(struct peer *p);
int peer_mutations(struct peer *p); /* requests other than GET and HEAD */
int peer_resumed(struct peer *p);   /* connections that resumed a TLS session */
int peer_wrong(struct peer *p);     /* PEER_EXPECT that did not hold */
/* Requests with Expect, Accept-Encoding, Cookie, Authorization, Upgrade or a proxy's headers. */
int peer_unwanted(struct peer *p);

/* A listener that answers no connection: its queue is full. Close what is returned with _close. */
struct black_hole;
struct black_hole *black_hole_open(int *ret_port);
void black_hole_close(struct black_hole *b);
/* A port on loopback where nobody listens. */
int port_unused(void);

/* Runs make-ca.sh DIR NAME SAN [with DAYS]. */
bool peer_certificate(const char *dir, const char *name, const char *san, const char *days);
/* "sha256//..." of the key in DIR/NAME.pem. */
bool peer_pin(const char *dir, const char *name, char pin[64]);
/* A new folder for certificates, and its end with all it holds. */
bool peer_dir_make(char dir[64]);
void peer_dir_remove(const char *dir);

#endif
