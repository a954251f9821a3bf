#include "net/trust.h"

#include "base/mem.h"
#include "net/transfer.h"

#include <string.h>

/* No key has this hash, so the connection always ends before anything is sent. */
static const char no_key[] = "sha256//AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";

static void
trust_wake(void *arg)
{
    (void)curl_multi_wakeup(arg);
}

static void
trust_look(struct dr_env *env, const struct dr_http_options *o, const char *url,
           struct dr_contact_call *contact, CURLM *multi, char *ret_pin)
{
    const struct transfer_trust trust = {.pin = no_key};
    const struct dr_http_request q = {.method = "HEAD", .path = "/"};
    uint64_t connect_ms = o->connect_ms ? o->connect_ms : 5 * 1000;
    struct transfer t = {
        .env = env,
        .multi = multi,
        .name = o->name,
        .url = url,
        .trust = &trust,
        .request = &q,
        .deadline_ns = dr_now_ns(env) + connect_ms * DR_MS,
        .connect_ms = connect_ms,
        .stall_ms = connect_ms,
        .contact = o->contact,
        .contact_call = contact,
    };
    transfer_run(&t);
    if (t.result == CURLE_SSL_PINNEDPUBKEYNOTMATCH)
        (void)memccpy(ret_pin, t.pin_seen, '\0', DR_TRUST_PIN_CHARS);
    transfer_clear(&t);
}

int
dr_trust_pin(struct dr_env *env, const struct dr_http_options *o, char ret_pin[DR_TRUST_PIN_CHARS],
             struct drstor_error **err)
{
    struct dr_http_options unpinned = *o;
    unpinned.ca_file = NULL;
    unpinned.pin = no_key;
    dr_auto(dr_http_closep) struct dr_http *checked = NULL;
    int r = dr_http_open(env, &unpinned, &checked, err);
    if (r < 0)
        return r;

    CURLM *multi = curl_multi_init();
    char pin[DR_TRUST_PIN_CHARS] = "";
    struct dr_contact_call contact = {.site = o->site, .wake = trust_wake, .arg = multi};
    r = multi ? dr_contact_enter(o->contact, &contact, err)
              : dr_fail(err, DRSTOR_E_NOMEM, "out of memory");
    if (r == DRSTOR_OK) {
        for (size_t i = 0; i < o->n_urls && !pin[0]; i++)
            trust_look(env, o, o->urls[i], &contact, multi, pin);
        dr_contact_leave(o->contact, &contact);
        if (pin[0])
            memcpy(ret_pin, pin, sizeof(pin));
        else
            r = dr_fail(err, DRSTOR_E_UNREACHABLE, "%s: nobody showed a certificate", o->name);
    }
    (void)curl_multi_cleanup(multi);
    return r;
}
