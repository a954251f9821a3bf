/*
 * The audit chain. Each line ends in its own hash (of what stands before it) and carries the hash
 * of the whole line before, as sha256sum would print it. The head is a row of its own, so a chain
 * whose end was cut off does not pass.
 */
#include "store/ops.h"

#include "base/redact.h"
#include "base/sha256.h"

#include <stdio.h>
#include <string.h>

struct audit_line {
    int64_t seq, time;
    const char *boot;
    struct dr_audit entry;
    const char *prev;
};

#define ENTRY(kind, f)                                                                             \
    {                                                                                              \
#f, kind, offsetof(struct audit_line, entry.f), 0, NULL, NULL                              \
    }
static const struct dr_field line_fields[] = {
    DR_CNT(struct audit_line, seq),
    DR_TIME(struct audit_line, time),
    DR_STR(struct audit_line, boot),
    {"who", DR_FIELD_STRUCT, offsetof(struct audit_line, entry.who), 0, NULL, &dr_actor_type},
    ENTRY(DR_FIELD_STR, what),
    ENTRY(DR_FIELD_STR, group),
    ENTRY(DR_FIELD_I64, epoch),
    ENTRY(DR_FIELD_I64, token),
    ENTRY(DR_FIELD_STR, plan),
    ENTRY(DR_FIELD_STR, run),
    ENTRY(DR_FIELD_STR, outcome),
    ENTRY(DR_FIELD_STR, detail),
    DR_STR(struct audit_line, prev)};
static DR_TYPE(line_type, struct audit_line, "audit line", line_fields);

static const char no_prev[] = "0000000000000000000000000000000000000000000000000000000000000000";
static const char hash_member[] = ",\"hash\":\"";
enum { TAIL = sizeof(hash_member) - 1 + 64 + 2 };

static const struct dr_field head_fields[] = {DR_CNT(struct dr_audit_head, seq)};
static DR_TYPE(head_type, struct dr_audit_head, "audit head", head_fields);

static int
get_head(struct dr_store *s, struct dr_audit_head *head, struct drstor_error **err)
{
    dr_auto(dr_arena_freep) struct dr_arena *a = dr_arena_new();
    const char *text;
    memset(head, 0, sizeof(*head));
    int r = store_get(s, a, STORE_COUNTER, "audit_head", "", &text, NULL);
    if (r == DRSTOR_E_NOTFOUND)
        return DRSTOR_OK;
    if (r < 0)
        return store_get(s, a, STORE_COUNTER, "audit_head", "", &text, err);
    dr_auto(dr_json_putp) struct json_object *o = NULL;
    const char *hash = NULL;
    if (dr_json_parse(text, strlen(text), &dr_json_small, &o, NULL) == DRSTOR_OK &&
        dr_map_read(a, &head_type, o, false, head, NULL) == DRSTOR_OK)
        hash = dr_json_str(o, "hash");
    if (!hash || strlen(hash) != 64)
        return store_damaged(STORE_COUNTER, "audit_head", "", err);
    memcpy(head->hash, hash, sizeof(head->hash));
    return DRSTOR_OK;
}

static int
append(struct dr_store *s, const struct dr_audit *entry, struct dr_audit_head *head,
       struct drstor_error **err)
{
    int r = get_head(s, head, err);
    if (r < 0)
        return r;
    struct audit_line line = {.seq = head->seq + 1,
                              .time = dr_now_utc(s->env),
                              .boot = dr_boot_id(s->env),
                              .entry = *entry,
                              .prev = head->seq ? head->hash : no_prev};
    dr_auto(dr_json_putp) struct json_object *o = dr_map_write(&line_type, &line);
    dr_auto(dr_str_freep) struct dr_str text = {0};
    dr_str_add(&text, dr_json_text(o));
    dr_redact(text.s); /* before it is hashed: stars are as long as what they cover */
    text.s[--text.n] = '\0';

    /* The whole line begins with what its own hash covers: one pass serves both. */
    struct dr_sha256 h;
    char own[65];
    dr_sha256_start(&h);
    dr_sha256_add(&h, text.s, text.n);
    dr_sha256_hex(&h, own);
    size_t body = text.n;
    dr_str_printf(&text, "%s%s\"}", hash_member, own);
    dr_sha256_add(&h, text.s + body, text.n - body);
    dr_sha256_hex(&h, head->hash);
    head->seq = line.seq;

    r = store_put(s, STORE_AUDIT, "", store_number(line.seq).text, text.s, err);
    if (r < 0)
        return r;
    char stored[128];
    (void)snprintf(stored, sizeof(stored), "{\"seq\":%lld,\"hash\":\"%s\"}", (long long)head->seq,
                   head->hash);
    return store_put(s, STORE_COUNTER, "audit_head", "", stored, err);
}

int
dr_store_audit(struct dr_store *s, const struct dr_audit *entry, struct dr_audit_head *ret,
               struct drstor_error **err)
{
    struct dr_audit_head head;
    int r = store_enter(s, true, err);
    if (r < 0)
        return r;
    r = store_leave(s, true, append(s, entry, &head, err), err);
    if (r == DRSTOR_OK && ret)
        *ret = head;
    return r;
}

int
dr_store_audit_head(struct dr_store *s, struct dr_audit_head *ret, struct drstor_error **err)
{
    struct dr_audit_head head;
    int r = store_enter(s, false, err);
    if (r < 0)
        return r;
    r = store_leave(s, false, get_head(s, &head, err), err);
    if (r == DRSTOR_OK)
        *ret = head;
    return r;
}

int
dr_store_audit_walk(struct dr_store *s, int64_t after, dr_audit_fn fn, void *user,
                    struct drstor_error **err)
{
    /* In portions, each a transaction of its own: a slow reader must not keep a run from
     * writing. */
    for (;;) {
        dr_auto(dr_arena_freep) struct dr_arena *a = dr_arena_new();
        struct store_number from = store_number(after > 0 ? after : 0);
        struct store_row *rows = NULL;
        size_t n = 0;
        int r = store_enter(s, false, err);
        if (r < 0)
            return r;
        r = store_scan(s, a, STORE_AUDIT,
                       &(struct store_range){.id = "", .after_sub = from.text, .limit = 256}, &rows,
                       &n, err);
        r = store_leave(s, false, r, err);
        for (size_t i = 0; r == DRSTOR_OK && i < n; i++) {
            after = strtoll(rows[i].sub, NULL, 10);
            r = fn(user, after, rows[i].value);
        }
        if (r != DRSTOR_OK || n == 0)
            return r;
    }
}

int
dr_audit_check(const char *text, struct dr_audit_head *head, struct drstor_error **err)
{
    int64_t seq = head->seq + 1;
    size_t n = strlen(text);
    struct dr_sha256 h;
    char want[65];
    dr_sha256_start(&h);
    if (n < TAIL + 2 || memcmp(text + n - TAIL, hash_member, sizeof(hash_member) - 1) != 0)
        return dr_fail(err, DRSTOR_E_CONFLICT, "audit line %lld does not end in a hash",
                       (long long)seq);
    dr_sha256_add(&h, text, n - TAIL);
    dr_sha256_hex(&h, want);
    if (memcmp(text + n - 64 - 2, want, 64) != 0 || strcmp(text + n - 2, "\"}") != 0)
        return dr_fail(err, DRSTOR_E_CONFLICT,
                       "audit line %lld was altered: its hash does not match", (long long)seq);

    dr_auto(dr_arena_freep) struct dr_arena *a = dr_arena_new();
    dr_auto(dr_json_putp) struct json_object *o = NULL;
    struct audit_line line;
    if (dr_json_parse(text, n, &dr_json_small, &o, NULL) < 0 ||
        dr_map_read(a, &line_type, o, false, &line, NULL) < 0)
        return dr_fail(err, DRSTOR_E_CONFLICT, "audit line %lld cannot be read", (long long)seq);
    if (line.seq != seq)
        return dr_fail(err, DRSTOR_E_CONFLICT,
                       "audit line %lld is missing; in its place is line %lld", (long long)seq,
                       (long long)line.seq);
    if (!dr_streq(line.prev, head->seq ? head->hash : no_prev))
        return dr_fail(
            err, DRSTOR_E_CONFLICT,
            "audit line %lld does not follow the line before it: one of them was replaced",
            (long long)seq);
    dr_sha256_add(&h, text + n - TAIL, TAIL);
    dr_sha256_hex(&h, head->hash);
    head->seq = seq;
    return DRSTOR_OK;
}

int
dr_audit_meets(const struct dr_audit_head *head, const struct dr_audit_head *kept,
               struct drstor_error **err)
{
    if (!kept || head->seq != kept->seq || strcmp(head->hash, kept->hash) == 0)
        return DRSTOR_OK;
    return dr_fail(err, DRSTOR_E_CONFLICT,
                   "audit line %lld is not the one whose hash was kept: it, or a line before it, "
                   "was replaced",
                   (long long)head->seq);
}

int
dr_audit_reaches(const struct dr_audit_head *head, const struct dr_audit_head *kept,
                 struct drstor_error **err)
{
    if (!kept || (kept->seq && head->seq >= kept->seq) || (!kept->seq && !head->seq))
        return DRSTOR_OK;
    if (!kept->seq)
        return dr_fail(err, DRSTOR_E_CONFLICT,
                       "there are audit lines, but nothing that says which is the last");
    return dr_fail(err, DRSTOR_E_CONFLICT,
                   "the audit chain ends at line %lld, but line %lld was written",
                   (long long)head->seq, (long long)kept->seq);
}

struct verify {
    struct dr_audit_verdict v;
    const struct dr_audit_head *stored, *witness;
    struct drstor_error **err;
};

static int
verify_line(void *user, int64_t seq, const char *text)
{
    struct verify *v = user;
    (void)seq; /* the key is not part of the chain; the line's own number is */
    struct dr_audit_head next = v->v.head;
    int r = dr_audit_check(text, &next, v->err);
    if (r == DRSTOR_OK)
        r = dr_audit_meets(&next, v->stored, v->err);
    if (r == DRSTOR_OK)
        r = dr_audit_meets(&next, v->witness, v->err);
    if (r < 0) {
        v->v.bad = v->v.head.seq + 1;
        return r;
    }
    v->v.head = next;
    v->v.lines++;
    return DRSTOR_OK;
}

int
dr_store_audit_verify(struct dr_store *s, struct dr_audit_verdict *ret, struct drstor_error **err)
{
    return dr_store_audit_prove(s, NULL, ret, err);
}

int
dr_store_audit_prove(struct dr_store *s, const struct dr_audit_head *witness,
                     struct dr_audit_verdict *ret, struct drstor_error **err)
{
    struct dr_audit_head head;
    struct verify v = {.stored = &head, .witness = witness, .err = err};
    /* The head first: lines that are added meanwhile are checked too, and cannot be missed. */
    int r = dr_store_audit_head(s, &head, err);
    if (r == DRSTOR_OK)
        r = dr_store_audit_walk(s, 0, verify_line, &v, err);
    if (r == DRSTOR_OK && v.v.lines && head.seq == 0)
        r = dr_store_audit_head(s, &head, err); /* unless these are the very first lines */
    if (r == DRSTOR_OK) {
        r = dr_audit_reaches(&v.v.head, &head, err);
        if (r == DRSTOR_OK)
            r = dr_audit_reaches(&v.v.head, witness, err);
        if (r < 0)
            v.v.bad = v.v.head.seq + 1;
    }
    if (r == DRSTOR_OK || r == DRSTOR_E_CONFLICT)
        *ret = v.v;
    return r;
}
