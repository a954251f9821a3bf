/* One change from its first look to its outcome. Exit 0 is not believed: what is read back is. */
#include "plugin.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LD_SECOND UINT64_C(1000000000)

bool
ld_proven(const struct drstor_change *change)
{
    for (size_t i = 0; i < change->n_evidence; i++)
        if (change->evidence[i].kind > DRSTOR_EVIDENCE_NONE)
            return true;
    return false;
}

int
ld_work_end(struct ld_work *w, int status)
{
    ld_answer_clear(&w->answer);
    ld_host_clear(&w->host);
    w->r = NULL;
    return status;
}

static void
outcome(struct ld_work *w, enum drstor_outcome outcome)
{
    if (w->open)
        host->outcome(w->call, outcome, NULL);
    w->open = false;
}

/* What the last command's answer says of the time after it. */
static bool
carried(struct ld_work *w)
{
    bool fresh = w->fresh;
    w->fresh = false;
    if (!fresh || !ld_carried(&w->answer, &w->host))
        return false;
    const struct ld_resource *r = ld_host_resource(&w->host, w->change->group);
    bool whole = r && r->readable && (w->host.lvs_read || !w->lvs);
    for (size_t i = 0; whole && i < r->n_volumes; i++)
        whole = !r->volumes[i].up || r->volumes[i].role != LD_ROLE_UNKNOWN;
    if (whole)
        return true;
    ld_host_clear(&w->host);
    return false;
}

static int
look(struct ld_work *w)
{
    int64_t now = host->now_utc(w->call);
    ld_host_clear(&w->host);
    w->r = NULL;
    int r = carried(w) ? DRSTOR_OK : ld_look(w->call, &w->change->group, 1, w->lvs, &w->host);
    if (r < 0)
        return r;
    w->r = ld_host_resource(&w->host, w->change->group);
    if (!w->r) {
        r = ld_absent(w->call, &w->host, w->change->group);
        return r < 0 ? r
                     : host->fail(w->call, DRSTOR_E_NOTFOUND,
                                  "the storage host has no DRBD resource %s", w->change->group);
    }
    if (!w->r->readable)
        return host->fail(w->call, DRSTOR_E_PROTOCOL, "the state of %s cannot be read",
                          w->change->group);
    ld_state_of(w->r, ld_host_nine(&w->host), now, &w->now);
    return DRSTOR_OK;
}

int
ld_work_begin_any(struct ld_work *w, struct drstor_call *call, const struct drstor_change *change,
                  bool lvs)
{
    *w = (struct ld_work){
        .lvs = lvs, .call = call, .change = change, .open = true, .class = LD_CLASS_NONE};
    int r = look(w);
    if (r < 0) {
        outcome(w, DRSTOR_OUTCOME_REFUSED);
        return ld_work_end(w, r);
    }
    w->before = w->now;
    return DRSTOR_OK;
}

int
ld_work_begin(struct ld_work *w, struct drstor_call *call, const struct drstor_change *change,
              bool lvs)
{
    int r = ld_work_begin_any(w, call, change, lvs);
    if (r < 0)
        return r;
    /* Also what is so already is not done for who was overtaken: it would count as obedience. */
    if (w->r->kept && (w->r->token > change->token || w->r->epoch > change->epoch))
        return ld_work_end(
            w, ld_work_no(w, host->fail(call, DRSTOR_E_CONFLICT,
                                        "another controller took over %s: the storage host knows "
                                        "a higher token or epoch (%llu, %llu)",
                                        change->group, (unsigned long long)w->r->token,
                                        (unsigned long long)w->r->epoch)));
    return DRSTOR_OK;
}

int
ld_work_look(struct ld_work *w)
{
    int r = look(w);
    if (r == DRSTOR_OK)
        return r;
    bool sent = w->answer.text != NULL;
    outcome(w, sent ? DRSTOR_OUTCOME_UNKNOWN : DRSTOR_OUTCOME_REFUSED);
    return ld_work_end(w, sent ? DRSTOR_E_UNKNOWN : r);
}

int
ld_work_wait(struct ld_work *w, unsigned seconds, bool (*done)(const struct ld_work *w))
{
    uint64_t until = host->now_ns(w->call) + seconds * LD_SECOND;
    /* What is left for the last look. */
    uint64_t end = host->deadline_ns(w->call);
    if (end && until + 5 * LD_SECOND > end)
        until = end > 5 * LD_SECOND ? end - 5 * LD_SECOND : 0;
    for (;;) {
        int r = ld_work_look(w);
        uint64_t now = host->now_ns(w->call);
        if (r < 0 || done(w) || now >= until)
            return r;
        if (host->sleep_until(w->call, now + LD_SECOND) < 0)
            return DRSTOR_OK; /* what was read last is what is known */
    }
}

int
ld_work_do(struct ld_work *w, const char *verb, const char *const *args, size_t n)
{
    ld_answer_clear(&w->answer);
    int r = ld_send(w->call, w->change, w->change->group, verb, args, n, &w->answer);
    if (r == DRSTOR_E_UNKNOWN) {
        outcome(w, DRSTOR_OUTCOME_UNKNOWN);
        return ld_work_end(w, r);
    }
    if (r < 0)
        return ld_work_end(w, ld_work_no(w, r));
    const struct ld_frame *f = ld_failed(&w->answer.reply);
    bool failed = w->answer.reply.status != LD_STATUS_DONE;
    w->class = !failed ? LD_CLASS_NONE : f ? ld_classify(f) : LD_CLASS_OTHER;
    w->changed |= !failed;
    w->fresh = true;
    return DRSTOR_OK;
}

int
ld_work_done(struct ld_work *w)
{
    outcome(w, DRSTOR_OUTCOME_DONE);
    return ld_work_end(w, DRSTOR_OK);
}

int
ld_work_unclear(struct ld_work *w, const char *what)
{
    int r = host->fail(w->call, DRSTOR_E_UNKNOWN,
                       "%s of %s was answered with \"done\", and is not what is read back", what,
                       w->change->group);
    outcome(w, DRSTOR_OUTCOME_UNKNOWN);
    return ld_work_end(w, r);
}

int
ld_work_no(struct ld_work *w, int status)
{
    /* A volume that has another role than before was changed, whatever the command says. */
    size_t named = w->r ? ld_report_changed(w->call, w->r, &w->before, &w->now) : 0;
    if (named == 0 && w->changed && w->r)
        named = ld_report_changed(w->call, w->r, NULL, &w->now);
    if (named == 0 && w->changed) {
        outcome(w, DRSTOR_OUTCOME_UNKNOWN);
        return DRSTOR_E_UNKNOWN;
    }
    outcome(w, named ? DRSTOR_OUTCOME_PARTIAL : DRSTOR_OUTCOME_REFUSED);
    return status;
}

static int status_of(enum ld_class class)
{
    switch (class) {
    case LD_CLASS_PEER_PRIMARY:
    case LD_CLASS_TORN:
    case LD_CLASS_NOT_UP:
        return DRSTOR_E_CONFLICT;
    case LD_CLASS_NO_CONFIG:
    case LD_CLASS_GONE:
        return DRSTOR_E_NOTFOUND;
    case LD_CLASS_RETRY:
        return DRSTOR_E_BUSY;
    case LD_CLASS_CONFIG:
    case LD_CLASS_NO_MODULE:
        return DRSTOR_E_INVALID;
    case LD_CLASS_ENDED:
        return DRSTOR_E_UNKNOWN;
    case LD_CLASS_HELD:
    case LD_CLASS_NO_GOOD_DATA:
    case LD_CLASS_PEER_DECLINES:
    case LD_CLASS_NO_QUORUM:
    case LD_CLASS_PRIMARY:
    case LD_CLASS_NO_SPACE:
    case LD_CLASS_ALREADY:
    case LD_CLASS_NONE:
    case LD_CLASS_OTHER:
        break;
    }
    return DRSTOR_E_REFUSED;
}

int
ld_work_refused(struct ld_work *w, const char *what)
{
    const struct ld_frame *f = ld_failed(&w->answer.reply);
    char code[48] = "", holders[512];
    struct ld_span words = w->answer.reply.words;
    if (f) {
        ld_code(f, code, sizeof(code));
        words = f->err.n ? f->err : f->out;
        while (words.n && words.s[words.n - 1] == '\n')
            words.n--;
    }
    ld_holders(&w->answer.reply, holders, sizeof(holders));
    char *said = strndup(words.n ? words.s : "", words.n < 1000 ? words.n : 1000);
    host->array_said(w->call, code, said ? said : "");
    if (ld_class_hint(w->class))
        host->hint(w->call, "%s", ld_class_hint(w->class));
    int r = host->fail(w->call, status_of(w->class), "%s %s was refused: %s%s%s%s%s%s", what,
                       w->change->group, ld_class_text(w->class), holders[0] ? " by " : "", holders,
                       w->class == LD_CLASS_OTHER && said && *said ? " (" : "",
                       w->class == LD_CLASS_OTHER && said ? said : "",
                       w->class == LD_CLASS_OTHER && said && *said ? ")" : "");
    free(said);
    if (r == DRSTOR_E_UNKNOWN) {
        outcome(w, DRSTOR_OUTCOME_UNKNOWN);
        return ld_work_end(w, r);
    }
    return ld_work_end(w, ld_work_no(w, r));
}
