/* One line to the storage host and its reply, by host->ssh(). */
#include "plugin.h"

#include "sha256.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LD_MS UINT64_C(1000000)
/* Kept back from a change's time: its reply has to come, and be looked at. */
#define LD_MARGIN_MS 4000
#define LD_BUDGET_MOST_MS 600000

enum { WORDS_MOST = 200, WORD_MOST = 200 };

static bool
word_letter(char c)
{
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

static bool
word_fits(const char *w)
{
    size_t n = strnlen(w, WORD_MOST + 1);
    if (n == 0 || n > WORD_MOST || *w == '-' || strstr(w, ".."))
        return false;
    for (size_t i = 0; i < n; i++)
        if (!word_letter(w[i]) && !strchr("._:/@+=-", w[i]))
            return false;
    return true;
}

static bool
name_fits(const char *w)
{
    size_t n = strnlen(w, LD_NAME_MOST + 1);
    return n > 0 && n <= LD_NAME_MOST && word_letter(*w) && word_fits(w) && !strpbrk(w, ":/@+=");
}

/* 16 digits of the whole, so that two wishes never become one. */
static void
shortened(const char *text, char ret[17])
{
    struct ld_sha256 h;
    char hex[65];
    ld_sha256_start(&h);
    ld_sha256_add(&h, text, strlen(text));
    ld_sha256_hex(&h, hex);
    memcpy(ret, hex, 16);
    ret[16] = '\0';
}

void
ld_name(const char *name, char ret[LD_NAME_MOST + 1])
{
    char digits[17];
    if (name_fits(name)) {
        memcpy(ret, name, strlen(name) + 1);
        return;
    }
    shortened(name, digits);
    (void)snprintf(ret, LD_NAME_MOST + 1, "drstor-%s", digits);
}

/* For people, and to tell two wishes apart; one that has other letters is replaced. */
static void
op_word(const char *op, char ret[WORD_MOST + 1])
{
    char digits[17];
    if (op && word_fits(op)) {
        memcpy(ret, op, strlen(op) + 1);
        return;
    }
    shortened(op ? op : "", digits);
    (void)snprintf(ret, WORD_MOST + 1, "op-%s", digits);
}

/* ---- one exchange ---------------------------------------------------------------------------- */

static void
set_up_hint(struct drstor_call *call, const struct drstor_ssh_reply *reply)
{
    struct ld_span err = {reply->err, reply->n_err};
    if (reply->exit == 127 || reply->exit == 126 || ld_holds(err, "not found", NULL))
        host->hint(call, "install drstor-lvm-drbd-shim at the storage host; see "
                         "drstor-lvm-drbd-plugin(7), Set-up");
    else if (ld_holds(err, "sudo", NULL))
        host->hint(call, "the account may start the shim by sudo without a password, and keep "
                         "SSH_ORIGINAL_COMMAND; see drstor-lvm-drbd-plugin(7), Set-up");
    else
        host->hint(call, "the key's forced command in authorized_keys has to be "
                         "drstor-lvm-drbd-shim; see drstor-lvm-drbd-plugin(7), Set-up");
}

static int
unreadable(struct drstor_call *call, const struct drstor_ssh_reply *reply, const char *why)
{
    struct ld_span said = {reply->n_err ? reply->err : reply->out,
                           reply->n_err ? reply->n_err : reply->n_out};
    struct ld_span line = {0}, rest = said;
    char code[32];
    (void)ld_line(&rest, &line);
    (void)snprintf(code, sizeof(code), "exit %d", reply->exit);
    char *words = strndup(line.n ? line.s : "", line.n < 256 ? line.n : 256);
    host->array_said(call, code, words ? words : "");
    free(words);
    if (!ld_begins((struct ld_span){reply->out, reply->n_out}, "drstor/1"))
        set_up_hint(call, reply);
    return host->fail(
        call, DRSTOR_E_PROTOCOL,
        "what the storage host answered is no reply of drstor/1: %s (exit %d, \"%.*s\")", why,
        reply->exit, LD_SHOW(line));
}

/* OK: *RET_TEXT is the reply's own copy; the spans of the reply point into it. */
static int
exchange(struct drstor_call *call, const char *const *argv, size_t n, bool mutating,
         char **ret_text, size_t *ret_n)
{
    const struct drstor_ssh_request request = {
        .size = sizeof(request), .mutating = mutating, .argv = argv, .n_argv = n, .large = 1};
    struct drstor_ssh_reply reply = {.size = sizeof(reply)};
    struct ld_reply parsed;
    const char *why = "";
    int r = host->ssh(call, &request, &reply);
    if (r < 0) /* the host gave the sentence */
        return r == DRSTOR_E_UNKNOWN && !mutating ? DRSTOR_E_UNREACHABLE : r;
    if (!ld_reply_read((struct ld_span){reply.out, reply.n_out}, &parsed, &why)) {
        r = unreadable(call, &reply, why);
        return mutating ? DRSTOR_E_UNKNOWN : r;
    }
    ld_reply_clear(&parsed);
    char *text = malloc(reply.n_out + 1);
    if (!text)
        return host->fail(call, mutating ? DRSTOR_E_UNKNOWN : DRSTOR_E_NOMEM, "out of memory");
    memcpy(text, reply.out, reply.n_out);
    text[reply.n_out] = '\0';
    *ret_text = text;
    *ret_n = reply.n_out;
    return DRSTOR_OK;
}

static int
exchange_parsed(struct drstor_call *call, const char *const *argv, size_t n, bool mutating,
                struct ld_answer *ret)
{
    const char *why;
    *ret = (struct ld_answer){0};
    int r = exchange(call, argv, n, mutating, &ret->text, &ret->n);
    if (r < 0)
        return r;
    if (ld_reply_read((struct ld_span){ret->text, ret->n}, &ret->reply, &why))
        return DRSTOR_OK;
    ld_answer_clear(ret);
    return host->fail(call, mutating ? DRSTOR_E_UNKNOWN : DRSTOR_E_NOMEM, "out of memory");
}

void
ld_answer_clear(struct ld_answer *a)
{
    ld_reply_clear(&a->reply);
    free(a->text);
    a->text = NULL;
}

/* ---- reads ----------------------------------------------------------------------------------- */

/* A read that was answered, but not with what was asked for. */
static int
read_failed(struct drstor_call *call, const struct ld_reply *reply)
{
    switch (reply->status) {
    case LD_STATUS_DONE:
        return DRSTOR_OK;
    case LD_STATUS_FAILED:
        host->hint(call, "run the same at the storage host: drbdadm dump");
        return host->fail(call, DRSTOR_E_INVALID, "the storage host cannot tell: %.*s",
                          LD_SHOW(reply->words));
    case LD_STATUS_MISSING:
        host->hint(call, "install drbd-utils and lvm2 at the storage host");
        return host->fail(call, DRSTOR_E_INVALID, "the storage host lacks what this needs: %.*s",
                          LD_SHOW(reply->words));
    case LD_STATUS_INVALID:
        host->hint(call, "the shim at the storage host and this plugin have to be of one version");
        return host->fail(call, DRSTOR_E_PROTOCOL,
                          "the storage host does not understand what it was asked: %.*s",
                          LD_SHOW(reply->words));
    case LD_STATUS_UNKNOWN:
    case LD_STATUS_BUSY:
    case LD_STATUS_STALE:
        break;
    }
    return host->fail(call, DRSTOR_E_UNREACHABLE, "the storage host did not finish: %.*s",
                      LD_SHOW(reply->words));
}

static int
report(struct drstor_call *call, const char *const *argv, size_t n, struct ld_host *ret)
{
    char *text = NULL;
    size_t size = 0;
    const char *why;
    int r = exchange(call, argv, n, false, &text, &size);
    if (r < 0)
        return r;
    if (!ld_host_read(text, size, ret, &why)) {
        ld_host_clear(ret);
        return host->fail(call, DRSTOR_E_PROTOCOL, "the storage host's report cannot be read: %s",
                          why);
    }
    return DRSTOR_OK;
}

int
ld_look(struct drstor_call *call, const char *const *res, size_t n, bool lvs, struct ld_host *ret)
{
    static const char *const all[] = {"drstor/1", "list"};
    const char *argv[WORDS_MOST] = {"drstor/1", lvs ? "volumes" : "report"};
    size_t words = 2;
    *ret = (struct ld_host){0};
    /* What cannot be a resource's name is none. */
    for (size_t i = 0; i < n && words < WORDS_MOST; i++)
        if (name_fits(res[i]))
            argv[words++] = res[i];
    bool list = words == 2 || n > WORDS_MOST - 2;
    int r = report(call, list ? all : argv, list ? 2 : words, ret);
    if (r == DRSTOR_OK && !list && ret->reply.status == LD_STATUS_MISSING) {
        ld_host_clear(ret);
        r = report(call, all, 2, ret);
    }
    if (r == DRSTOR_OK)
        r = read_failed(call, &ret->reply);
    if (r == DRSTOR_OK && ret->version != 1) {
        host->hint(call, "install the shim of this drstor at the storage host");
        r = host->fail(call, DRSTOR_E_PROTOCOL,
                       "the shim at the storage host is of version %u, and this plugin speaks 1",
                       ret->version);
    }
    if (r == DRSTOR_OK && ret->kernel == 0) {
        const struct ld_frame *f = ld_frame(&ret->reply, "version", NULL);
        struct ld_span line = {0}, rest = f ? f->err : (struct ld_span){0};
        (void)ld_line(&rest, &line);
        host->hint(call, "%s", ld_class_hint(LD_CLASS_NO_MODULE));
        r = host->fail(call, DRSTOR_E_INVALID,
                       "no DRBD module answers at the storage host %.*s%s%.*s", LD_SHOW(ret->name),
                       line.n ? ": " : "", LD_SHOW(line));
    }
    if (r < 0)
        ld_host_clear(ret);
    return r;
}

bool
ld_carried(const struct ld_answer *a, struct ld_host *ret)
{
    const char *why;
    size_t i = 0;
    while (i < a->reply.n_frames && !ld_is(a->reply.frames[i].name, "report"))
        i++;
    if (i == a->reply.n_frames)
        return false;
    for (; i < a->reply.n_frames; i++)
        if (a->reply.frames[i].exit == LD_EXIT_ENDED)
            return false;
    char *text = malloc(a->n + 1);
    if (!text)
        return false;
    memcpy(text, a->text, a->n);
    text[a->n] = '\0';
    if (ld_host_read(text, a->n, ret, &why) && ret->version == 1 && ret->kernel != 0)
        return true;
    ld_host_clear(ret);
    return false;
}

int
ld_absent(struct drstor_call *call, const struct ld_host *h, const char *res)
{
    const struct ld_frame *f = ld_frame(&h->reply, "dump-xml", res);
    struct ld_span line = {0}, rest = f ? f->err : (struct ld_span){0};
    if (!f)
        return DRSTOR_OK;
    if (f->exit == 0)
        return host->fail(call, DRSTOR_E_PROTOCOL,
                          "the configuration of %s at %.*s cannot be read: more than %d volumes, "
                          "none for this host, or not what drbdadm writes",
                          res, LD_SHOW(h->name), LD_VOLUMES_MOST);
    enum ld_class class = ld_classify(f);
    if (class == LD_CLASS_NO_CONFIG)
        return DRSTOR_OK;
    (void)ld_line(&rest, &line);
    host->hint(call, "%s", ld_class_hint(LD_CLASS_CONFIG));
    return host->fail(call, DRSTOR_E_INVALID, "drbdadm dump-xml %s failed at %.*s: %.*s", res,
                      LD_SHOW(h->name), LD_SHOW(line));
}

int
ld_probe(struct drstor_call *call, const char *res, uint32_t volume, unsigned slot,
         struct ld_answer *ret)
{
    char number[16];
    (void)snprintf(number, sizeof(number), "%u", volume);
    const char *argv[] = {"drstor/1", "probe", res, number, slot ? "1" : "0"};
    int r = exchange_parsed(call, argv, 5, false, ret);
    if (r == DRSTOR_OK) {
        r = read_failed(call, &ret->reply);
        if (r < 0)
            ld_answer_clear(ret);
    }
    return r;
}

/* ---- changes --------------------------------------------------------------------------------- */

/* Milliseconds that its commands may take; 0: there is no time for any. */
static uint64_t
budget_of(struct drstor_call *call, const struct drstor_change *change)
{
    uint64_t now = host->now_ns(call), end = host->deadline_ns(call);
    if (change->deadline_ns && (end == 0 || change->deadline_ns < end))
        end = change->deadline_ns;
    if (end <= now)
        return 0;
    uint64_t left = (end - now) / LD_MS;
    if (left <= LD_MARGIN_MS + 500)
        return 0;
    left -= LD_MARGIN_MS;
    return left < LD_BUDGET_MOST_MS ? left : LD_BUDGET_MOST_MS;
}

/* Nothing was done; the reply says why. */
static int
not_done(struct drstor_call *call, const char *res, const struct ld_reply *reply)
{
    switch (reply->status) {
    case LD_STATUS_BUSY:
        return host->fail(call, DRSTOR_E_BUSY, "another change of %s is under way there: %.*s", res,
                          LD_SHOW(reply->words));
    case LD_STATUS_STALE:
        host->hint(call, "see drstor status: who took over, and whether this controller is the one "
                         "that should act");
        return host->fail(call, DRSTOR_E_CONFLICT,
                          "another controller took over %s: the storage host knows a higher token "
                          "or epoch (%.*s)",
                          res, LD_SHOW(reply->words));
    case LD_STATUS_INVALID:
        return host->fail(call, DRSTOR_E_INVALID, "the storage host does not take it: %.*s",
                          LD_SHOW(reply->words));
    case LD_STATUS_MISSING:
        return host->fail(call, DRSTOR_E_NOTFOUND, "the storage host cannot: %.*s",
                          LD_SHOW(reply->words));
    case LD_STATUS_DONE:
    case LD_STATUS_FAILED:
        return DRSTOR_OK;
    case LD_STATUS_UNKNOWN:
        break;
    }
    return host->fail(call, DRSTOR_E_UNKNOWN, "it was begun, and did not end in its time: %.*s",
                      LD_SHOW(reply->words));
}

int
ld_send(struct drstor_call *call, const struct drstor_change *change, const char *res,
        const char *verb, const char *const *args, size_t n, struct ld_answer *ret)
{
    char token[24], epoch[24], budget[24], op[WORD_MOST + 1];
    const char *argv[WORDS_MOST] = {"drstor/1", "change", token, epoch, budget, op, res, verb};
    size_t words = 8;
    *ret = (struct ld_answer){0};
    uint64_t ms = budget_of(call, change);
    if (ms == 0)
        return host->fail(call, DRSTOR_E_UNREACHABLE,
                          "no time was left for %s of %s: nothing was sent", verb, res);
    (void)snprintf(token, sizeof(token), "%llu", (unsigned long long)change->token);
    (void)snprintf(epoch, sizeof(epoch), "%llu", (unsigned long long)change->epoch);
    (void)snprintf(budget, sizeof(budget), "%llu", (unsigned long long)ms);
    op_word(change->op, op);
    for (size_t i = 0; i < n; i++) {
        if (words == WORDS_MOST || !word_fits(args[i]))
            return host->fail(call, DRSTOR_E_INVALID,
                              "\"%.100s\" is no word that the storage host takes: nothing was sent",
                              args[i]);
        argv[words++] = args[i];
    }
    int r = exchange_parsed(call, argv, words, true, ret);
    if (r < 0)
        return r;
    r = not_done(call, res, &ret->reply);
    if (r < 0)
        ld_answer_clear(ret);
    return r;
}
