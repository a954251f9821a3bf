/*
 * An engine that answers what a test tells it to, over TLS on loopback. It hands out tokens by
 * itself and demands them, and writes down every request it gets.
 */
#ifndef TESTS_UNIT_RHV_CANNED_H
#define TESTS_UNIT_RHV_CANNED_H

#include "rhv/session.h"

#include <stdbool.h>
#include <stddef.h>

#define CANNED_USER "admin@internal"
#define CANNED_PASSWORD "pa&ss w+rd%40Zx9"
#define CANNED_RUN "3f2b8c1e-0d4a-4f6b-9c7d-1234567890ab"
#define CANNED_TOKENS "/ovirt-engine/sso/oauth/token"
#define CANNED_LOGOUT "/ovirt-engine/services/sso-logout"
#define API "/ovirt-engine/api"

enum { CANNED_LOST = -1 /* as a code: reads the request, hangs up */ };

struct canned;

struct canned *canned_start(void);
void canned_stop(struct canned *c);

/* PATH with what follows '?'. The one added last is the one that counts; TIMES 0: for ever. Without
 * TYPE it is JSON. A path nobody told about is 404 without a body. */
void canned_answer(struct canned *c, const char *method, const char *path, int code,
                   const char *type, const char *body, int times);
/* The content of data/NAME.json. */
void canned_file(struct canned *c, const char *path, const char *name);
/* Tokens given until now end. */
void canned_expire(struct canned *c);
/* The next login is answered only after N calls were answered by 401. */
void canned_hold_login(struct canned *c, int n);

int canned_count(struct canned *c, const char *method, const char *path);
int canned_total(struct canned *c);
/* The body that came last; the caller frees. NULL when none came. */
char *canned_body(struct canned *c, const char *method, const char *path);
/* What was wrong with requests as such: no correlation id, another version ... "" when nothing. */
const char *canned_wrong(struct canned *c);

/* A session with it, and everything that is around one. */
struct bench {
    struct canned *engine;
    struct dr_contact *contact;
    struct dr_secret *password;
    struct dr_engine config;
    const char *urls[1];
    char url[80];
    char ca[128];
    struct dr_rhv *r;
    struct dr_arena *a;
    struct dr_str *said; /* every contact event, and what tests add */
};

int bench_certificates(void **state);
int bench_certificates_gone(void **state);
/* PASSWORD NULL: the right one. The end of bench_close fails the test when a secret was said. */
void bench_open(struct bench *b, const char *password);
void bench_close(struct bench *b);
/* For errors: looked through for secrets as well. Empties *ERR. */
void bench_said(struct bench *b, struct drstor_error **err);
/* data/STYLE/NAME.json; the caller frees. */
char *bench_data(const char *style, const char *name);

#endif
