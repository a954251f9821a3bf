/* One request to the engine's API, and what its answer means. Private to rhv. */
#ifndef DR_RHV_API_H
#define DR_RHV_API_H

#include "base/json.h"
#include "base/str.h"
#include "net/http.h"
#include "rhv/calls.h"
#include "rhv/session.h"

/* ---- the token (login.c) --------------------------------------------------------------------- */

struct rhv_login;

struct rhv_login *rhv_login_new(struct dr_env *env, const struct dr_engine *engine,
                                struct dr_http *sso, struct dr_http *http);
void rhv_login_free(struct rhv_login *l);
/*
 * There is a token newer than number REFUSED when this is OK; *RET is its number. 0 refuses none.
 * One thread asks the engine, the others wait for what it hears.
 */
int rhv_login_token(struct rhv_login *l, const struct dr_rhv_how *how, uint64_t refused,
                    uint64_t *ret, struct drstor_error **err);
/* Best effort, bounded. */
void rhv_login_end(struct rhv_login *l, const char *correlation_id);

/* ---- the session (session.c) ----------------------------------------------------------------- */

struct dr_rhv {
    struct dr_env *env;
    char *correlation_id;
    unsigned read_ms, mutate_ms;
    const struct dr_engine *engine;
    const char *site;
    struct dr_contact *contact;
    struct dr_http *http;
    struct dr_http *sso; /* without our token, and never behind long calls */
    struct rhv_login *login;
};

/* ---- one call (api.c) ------------------------------------------------------------------------ */

struct rhv_request {
    const char *method;
    const char *path;         /* behind ".../api" */
    struct json_object *body; /* borrowed; NULL: none */
    bool mutating;
    bool list; /* a read that may be large and slow */
    bool scan; /* a read that makes a host look at all its LUNs: as slow as a mutating call */
    bool action;
};

/*
 * OK: *RET is an object that holds no fault; NULL only when the reply to a mutating call was empty.
 * The caller puts it. *RET_CODE may be NULL.
 */
int rhv_call(struct dr_rhv *r, const struct dr_rhv_how *how, const struct rhv_request *q,
             struct json_object **ret, int *ret_code, struct drstor_error **err);

/* A mutating call; ANSWER->domain is left alone. */
int rhv_answer(struct dr_rhv *r, const struct dr_rhv_how *how, const struct rhv_request *q,
               struct dr_rhv_answer *answer, struct json_object **ret, struct drstor_error **err);
/* An action, or a DELETE, which answers like one. BODY NULL: an empty one, which actions need. */
int rhv_act(struct dr_rhv *r, const struct dr_rhv_how *how, const char *method, const char *path,
            struct json_object *body, struct dr_rhv_answer *ret, struct drstor_error **err);
/* Sets "address" and "port" of PORTAL, "10.0.0.5:3260". */
void rhv_set_portal(struct json_object *o, const char *portal);

/*
 * FORM with an id for every '%'. An id that is none is INVALID: what comes from outside must not
 * choose another path. The caller frees *RET.
 */
#define rhv_path(ret, err, form, ...)                                                              \
    rhv_path_of((ret), (err), (form), (const char *const[]){__VA_ARGS__},                          \
                sizeof((const char *const[]){__VA_ARGS__}) / sizeof(const char *))
int rhv_path_of(char **ret, struct drstor_error **err, const char *form, const char *const *ids,
                size_t n);
bool rhv_id_is_sound(const char *id);

/* What the engine said, fit for a line; the caller frees. NULL when it said nothing. */
char *rhv_said(struct json_object *reply);
/* TEXT percent-encoded for a query or a form. */
void rhv_encode(struct dr_str *to, const char *text);

#endif
