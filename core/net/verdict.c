/* What a transfer that ended means for the caller, and the sentence that says so. */
#include "base/mem.h"
#include "net/transfer.h"

#include <ctype.h>
#include <string.h>

/* For people: without what follows '?', nothing that moves the cursor, not endless. */
char *
transfer_shown(const char *path)
{
    struct dr_str s = {0};
    for (size_t i = 0; path[i] && path[i] != '?' && i < 160; i++) {
        char c = isprint((unsigned char)path[i]) ? path[i] : '?';
        dr_str_addn(&s, &c, 1);
    }
    return dr_str_take(&s);
}

static bool
result_is_trust(CURLcode r)
{
    return r == CURLE_PEER_FAILED_VERIFICATION || r == CURLE_SSL_PINNEDPUBKEYNOTMATCH ||
           r == CURLE_SSL_CACERT_BADFILE || r == CURLE_SSL_ISSUER_ERROR ||
           r == CURLE_SSL_INVALIDCERTSTATUS || r == CURLE_SSL_CERTPROBLEM ||
           r == CURLE_SSL_CLIENTCERT || r == CURLE_SSL_CRL_BADFILE;
}

static bool
result_is_protocol(CURLcode r)
{
    return r == CURLE_WEIRD_SERVER_REPLY || r == CURLE_PARTIAL_FILE ||
           r == CURLE_UNSUPPORTED_PROTOCOL || r == CURLE_BAD_CONTENT_ENCODING ||
           r == CURLE_FILESIZE_EXCEEDED || r == CURLE_WRITE_ERROR || r == CURLE_HTTP2;
}

/* A redirect is none: whoever wants us elsewhere must say so to the admin (X4). */
static bool
code_is_answer(int code)
{
    return (code >= 200 && code < 300) || (code >= 400 && code < 600);
}

/* Half a sentence: why there is no sound reply. */
static char *
reason(const struct transfer *t)
{
    switch (t->why) {
    case TRANSFER_WHY_NONE:
        break;
    case TRANSFER_WHY_CANCELLED:
        return dr_strdup("it was cancelled");
    case TRANSFER_WHY_FORBIDDEN:
        return dr_strdup("its site was declared lost");
    case TRANSFER_WHY_DEADLINE:
        return dr_strdup("the deadline passed");
    case TRANSFER_WHY_STALLED:
        return dr_strdup("the reply stalled half-way");
    case TRANSFER_WHY_RESEND:
        return dr_strdup("the connection was lost");
    case TRANSFER_WHY_TOO_LARGE:
        return dr_strdup(t->request->class == DR_HTTP_INVENTORY ? "the reply is larger than 64 MiB"
                                                                : "the reply is larger than 1 MiB");
    case TRANSFER_WHY_HEADER: {
        struct dr_str s = {0};
        dr_str_printf(&s, "the reply has %s", t->bad);
        return dr_str_take(&s);
    }
    }
    if (t->result == CURLE_OK) {
        const char *to = dr_http_reply_header(&t->reply, "Location");
        dr_auto(dr_freep) char *place = transfer_shown(to ? to : "nowhere");
        struct dr_str s = {0};
        if (t->reply.code >= 300 && t->reply.code < 400)
            dr_str_printf(&s, "the reply is a redirect (%d) to %s", t->reply.code, place);
        else
            dr_str_printf(&s, "the reply has status %d, which is none", t->reply.code);
        return dr_str_take(&s);
    }
    return transfer_shown(t->text[0] ? t->text : curl_easy_strerror(t->result));
}

static int
fail_trust(const struct transfer *t, const char *why, struct drstor_error **err)
{
    if (t->result == CURLE_SSL_PINNEDPUBKEYNOTMATCH) {
        (void)dr_fail(err, DRSTOR_E_AUTH,
                      "%s: %s shows public key %s, which is not the pinned one; nothing was sent",
                      t->name, t->url, t->pin_seen[0] ? t->pin_seen : "(not seen)");
        dr_hint(err, "if its certificate was renewed on purpose, compare with: drstor trust show; "
                     "otherwise somebody else answers at this address");
        return DRSTOR_E_AUTH;
    }
    (void)dr_fail(err, DRSTOR_E_AUTH,
                  "%s: the certificate of %s is not accepted: %s; nothing was sent", t->name,
                  t->url, why);
    dr_hint(err,
            "check the CA file, the date and the host name in the certificate, or pin its key: "
            "drstor trust show");
    return DRSTOR_E_AUTH;
}

static int
fail_unsent(const struct transfer *t, const char *why, struct drstor_error **err)
{
    if (t->why == TRANSFER_WHY_CANCELLED)
        return dr_fail(err, DRSTOR_E_CANCELLED, "%s: %s was cancelled; nothing was sent", t->name,
                       t->request->method);
    if (t->why == TRANSFER_WHY_FORBIDDEN)
        return dr_contact_refuse(t->contact, t->contact_call->site, err);
    if (t->why == TRANSFER_WHY_NONE && result_is_trust(t->result))
        return fail_trust(t, why, err);
    if (t->why == TRANSFER_WHY_NONE && t->result == CURLE_OUT_OF_MEMORY)
        return dr_fail(err, DRSTOR_E_NOMEM, "out of memory");
    (void)dr_fail(err, DRSTOR_E_UNREACHABLE, "%s cannot be reached at %s: %s; nothing was sent",
                  t->name, t->url, why);
    if (t->result == CURLE_SSL_CONNECT_ERROR)
        dr_hint(err, "it must speak TLS 1.2 or newer at this port");
    else
        dr_hint(err, "check that it is switched on, and the address, port and network in between");
    return DRSTOR_E_UNREACHABLE;
}

static int
fail_sent(const struct transfer *t, const char *why, struct drstor_error **err)
{
    const struct dr_http_request *q = t->request;
    dr_auto(dr_freep) char *path = transfer_shown(q->path);
    if (q->mutating) {
        (void)dr_fail(
            err, DRSTOR_E_UNKNOWN,
            "%s: %s %s was sent once, but no sound reply came: %s; it may have happened or "
            "may still happen",
            t->name, q->method, path, why);
        dr_hint(err, "it is not repeated; the state is read again before anything else is done");
        return DRSTOR_E_UNKNOWN;
    }
    if (t->why == TRANSFER_WHY_CANCELLED)
        return dr_fail(err, DRSTOR_E_CANCELLED, "%s: %s %s was cancelled; it changes nothing",
                       t->name, q->method, path);
    if (t->why == TRANSFER_WHY_FORBIDDEN)
        return dr_contact_refuse(t->contact, t->contact_call->site, err);
    bool protocol = t->why == TRANSFER_WHY_TOO_LARGE || t->why == TRANSFER_WHY_HEADER;
    if (t->why == TRANSFER_WHY_NONE)
        protocol = t->result == CURLE_OK || result_is_protocol(t->result) ||
                   (t->begun && t->result != CURLE_OPERATION_TIMEDOUT);
    if (protocol) {
        (void)dr_fail(err, DRSTOR_E_PROTOCOL,
                      "%s: the reply to %s %s cannot be used: %s; nothing "
                      "was changed",
                      t->name, q->method, path, why);
        dr_hint(err, t->reply.code >= 300 && t->reply.code < 400
                         ? "give the final url in the configuration"
                         : "a proxy or another service may be in between");
        return DRSTOR_E_PROTOCOL;
    }
    (void)dr_fail(err, DRSTOR_E_UNREACHABLE,
                  "%s: no reply to %s %s: %s; it only reads and may be repeated", t->name,
                  q->method, path, why);
    dr_hint(err, "check the endpoint's load and the network in between");
    return DRSTOR_E_UNREACHABLE;
}

int
transfer_status(const struct transfer *t, struct drstor_error **err)
{
    if (t->result == CURLE_OK && t->why == TRANSFER_WHY_NONE && t->sent &&
        code_is_answer(t->reply.code))
        return DRSTOR_OK;
    dr_auto(dr_freep) char *why = reason(t);
    return t->sent ? fail_sent(t, why, err) : fail_unsent(t, why, err);
}
