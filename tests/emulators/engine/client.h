/* A client in memory for tests: one call at a time, time turned until the answer is there. */
#ifndef TESTS_EMULATORS_ENGINE_CLIENT_H
#define TESTS_EMULATORS_ENGINE_CLIENT_H

#include "../lunview_mem.h"
#include "emu.h"
#include "util.h"

#define SECOND 1000000000LL

struct site {
    struct emu_engine *e;
    int64_t *now;
    char token[64];
    int status;               /* of the last call; 0: dropped */
    struct json_object *body; /* of the last call; NULL when it was no JSON */
    char *text;
    int64_t took_ns;
    char correlation[64];
    char type[64];         /* of the last answer */
    bool xml;              /* asks for XML, and sends what it is given as XML */
    const char *header[4]; /* name, value, name, value: sent with every request */
};

/* CONF is JSON text, single quotes allowed. Ends the test program when it is refused. */
void site_open(struct site *s, const char *conf, struct lunview_mem *luns, int64_t *now);
void site_close(struct site *s);
void site_login(struct site *s);

uint64_t site_submit(struct site *s, const char *method, const char *path, const char *body);
bool site_ready(struct site *s, uint64_t xid); /* collects when it is there */
int site_wait(struct site *s, uint64_t xid);
int site_call(struct site *s, const char *method, const char *path, const char *body);
void site_sleep(struct site *s, int64_t ns);
const char *site_str(struct site *s, const char *path);
size_t site_count(struct site *s, const char *type); /* entries of the list in the last answer */
struct json_object *site_find(struct site *s, const char *type, const char *id);
void site_control(struct site *s, const char *command); /* the reply becomes s->body */
bool site_event(struct site *s, const char *code);

#endif
