/* A transfer that a wire carries: the waits, and when to give up, are those of the network. */
#include "base/mem.h"
#include "net/transfer.h"
#include "net/wire.h"

#include <stdio.h>
#include <string.h>

enum { HEADERS_MAX = 32 };

/* "Name: value" into its parts; one without a value is none. Cuts LINE. */
static bool
header_of(char *line, struct drstor_http_header *ret)
{
    char *colon = strchr(line, ':');
    if (!colon || colon[1] != ' ')
        return false;
    *colon = '\0';
    *ret = (struct drstor_http_header){line, colon + 2};
    return true;
}

static uint64_t
carry_send(struct transfer *t, struct dr_wire *w)
{
    struct drstor_http_header headers[HEADERS_MAX];
    char *lines[HEADERS_MAX];
    size_t n = 0, n_lines = 0;
    for (const struct curl_slist *l = t->headers; l && n_lines < HEADERS_MAX; l = l->next) {
        lines[n_lines] = dr_strdup(l->data);
        n += header_of(lines[n_lines++], &headers[n]);
    }
    const struct dr_wire_request q = {.endpoint = t->name,
                                      .site = t->contact_call->site,
                                      .method = t->request->method,
                                      .url = t->url,
                                      .headers = headers,
                                      .n_headers = n,
                                      .body = t->request->body,
                                      .n_body = t->request->body ? t->request->n_body : 0,
                                      .mutating = t->request->mutating};
    uint64_t call = w->send(w, &q);
    for (size_t i = 0; i < n_lines; i++) {
        explicit_bzero(lines[i], strlen(lines[i])); /* one of them may be Authorization */
        free(lines[i]);
    }
    return call;
}

/* Until something may have changed, or the caller is to stop waiting. */
static void
carry_wait(struct transfer *t, struct dr_wire *w, uint64_t ns)
{
    t->why = transfer_give_up(t, dr_now_ns(t->env));
    if (t->why != TRANSFER_WHY_NONE)
        t->result = CURLE_ABORTED_BY_CALLBACK;
    else
        dr_cond_wait(&w->changed, &w->lock, ns, t->request->cancel);
}

void
transfer_carry(struct transfer *t, struct dr_wire *w)
{
    t->reply = (struct dr_http_reply){
        .class = t->request->class, .mutating = t->request->mutating, .secret = t->request->secret};
    t->why = transfer_give_up(t, dr_now_ns(t->env));
    if (t->why != TRANSFER_WHY_NONE) {
        t->result = CURLE_ABORTED_BY_CALLBACK;
        return;
    }
    pthread_mutex_lock(&w->lock);
    uint64_t call = carry_send(t, w);
    uint64_t connected_ns = dr_now_ns(t->env) + t->connect_ms * DR_MS;
    t->result = CURLE_AGAIN;
    while (t->result == CURLE_AGAIN) {
        enum dr_wire_state state = w->look(w, call, &t->reply);
        t->sent = state != DR_WIRE_UNSENT && state != DR_WIRE_SILENT;
        switch (state) {
        case DR_WIRE_UNKNOWN:
        case DR_WIRE_UNSENT:
            t->result = CURLE_COULDNT_CONNECT;
            break;
        case DR_WIRE_SILENT:
            carry_wait(t, w, connected_ns < t->deadline_ns ? connected_ns : t->deadline_ns);
            if (t->why == TRANSFER_WHY_NONE && dr_now_ns(t->env) >= connected_ns)
                t->result = CURLE_OPERATION_TIMEDOUT;
            break;
        case DR_WIRE_BROKEN:
            t->result = CURLE_RECV_ERROR;
            break;
        case DR_WIRE_ANSWERED:
            t->result = CURLE_OK;
            break;
        case DR_WIRE_WAITING:
            carry_wait(t, w, t->deadline_ns);
            break;
        }
    }
    w->leave(w, call);
    pthread_mutex_unlock(&w->lock);
    if (!t->reply.body)
        t->reply.body = dr_alloc0(1, 1);
}
