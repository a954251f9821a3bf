#include "net/trust.h"

#include "base/mem.h"
#include "base/str.h"
#include "net/transfer.h"

#include <string.h>

/* No key has this hash, so the connection always ends before anything is sent. */
static const char no_key[] = "sha256//AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";

struct look {
    struct dr_env *env;
    const struct dr_http_options *o;
    const struct dr_cancel *cancel;
    struct dr_contact_call contact;
    CURLM *multi;
};

static void
look_wake(void *arg)
{
    (void)curl_multi_wakeup(arg);
}

/* OK: the certificate was accepted as TRUST says, up to the key, which is in PIN. */
static int
look_at(struct look *l, const char *url, const struct transfer_trust *trust,
        char pin[DR_TRUST_PIN_CHARS], struct drstor_error **err)
{
    const struct dr_http_request q = {.method = "HEAD", .path = "/", .cancel = l->cancel};
    uint64_t connect_ms = l->o->connect_ms ? l->o->connect_ms : 5 * 1000;
    struct transfer t = {
        .env = l->env,
        .multi = l->multi,
        .name = l->o->name,
        .url = url,
        .trust = trust,
        .request = &q,
        .deadline_ns = dr_now_ns(l->env) + connect_ms * DR_MS,
        .connect_ms = connect_ms,
        .stall_ms = connect_ms,
        .contact = l->o->contact,
        .contact_call = &l->contact,
    };
    transfer_run(&t);
    int r = DRSTOR_OK;
    if (t.result == CURLE_SSL_PINNEDPUBKEYNOTMATCH && t.pin_seen[0])
        (void)memccpy(pin, t.pin_seen, '\0', DR_TRUST_PIN_CHARS);
    else
        r = transfer_status(&t, err);
    transfer_clear(&t);
    return r;
}

/* First whatever it shows, then whether a call of ours would take it. */
static int
look_one(struct look *l, const struct transfer_trust *ours, const char *url,
         struct dr_trust_shown *ret, struct drstor_error **err)
{
    const struct transfer_trust any = {.pin = no_key};
    const struct transfer_trust checked = {
        .ca = ours->ca, .n_ca = ours->n_ca, .pin = no_key, .named = !l->o->pin};
    struct dr_trust_shown x = {0};
    int r = look_at(l, url, &any, x.pin, err);
    if (r == DRSTOR_OK && ours->ca)
        r = look_at(l, url, &checked, x.pin, &x.why);
    if (r == DRSTOR_E_AUTH && x.why) {
        x.trust = DR_TRUST_REJECTED;
        r = DRSTOR_OK;
    } else if (r == DRSTOR_OK && l->o->pin) {
        x.trust = dr_streq(l->o->pin, x.pin) ? DR_TRUST_KNOWN : DR_TRUST_OTHER;
    } else if (r == DRSTOR_OK && ours->ca) {
        x.trust = DR_TRUST_KNOWN;
    }
    if (r == DRSTOR_OK)
        *ret = x;
    else if (x.why)
        dr_error_move(err, &x.why);
    return r;
}

static int
look_all(struct look *l, const struct transfer_trust *ours, struct dr_trust_shown *ret,
         struct drstor_error **err)
{
    int r = dr_contact_enter(l->o->contact, &l->contact, err);
    if (r < 0)
        return r;
    dr_auto(dr_error_freep) struct drstor_error *one = NULL;
    r = DRSTOR_E_UNREACHABLE;
    for (size_t i = 0; i < l->o->n_urls && r < 0 && r != DRSTOR_E_CANCELLED; i++) {
        dr_error_freep(&one);
        r = look_one(l, ours, l->o->urls[i], ret, &one);
    }
    if (r < 0)
        dr_error_move(err, &one);
    dr_contact_leave(l->o->contact, &l->contact);
    return r;
}

int
dr_trust_look(struct dr_env *env, const struct dr_http_options *o, const struct dr_cancel *cancel,
              struct dr_trust_shown *ret, struct drstor_error **err)
{
    /* An endpoint as for calls: its options are checked, its CA file is read. */
    struct dr_http_options open = *o;
    open.pin = o->pin ? o->pin : no_key;
    dr_auto(dr_http_closep) struct dr_http *h = NULL;
    int r = dr_http_open(env, &open, &h, err);
    if (r < 0)
        return r;
    struct look l = {.env = env, .o = o, .cancel = cancel, .multi = curl_multi_init()};
    l.contact = (struct dr_contact_call){.site = o->site, .wake = look_wake, .arg = l.multi};
    r = l.multi ? look_all(&l, http_trust(h), ret, err)
                : dr_fail(err, DRSTOR_E_NOMEM, "out of memory");
    (void)curl_multi_cleanup(l.multi);
    return r;
}

void
dr_trust_shown_clear(struct dr_trust_shown *x)
{
    dr_error_freep(&x->why);
    *x = (struct dr_trust_shown){0};
}
