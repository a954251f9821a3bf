/* Everything as JSON lines: what a person reads when nothing else can. */
#include "store/ops.h"

#include "base/crc.h"

#include <stdio.h>
#include <string.h>

static const char crc_member[] = ",\"crc\":\"";
enum { TAIL = sizeof(crc_member) - 1 + 8 + 2 }; /* ,"crc":"01234567"} */

/* ---- one line -------------------------------------------------------------------------------- */

static void
add_text(struct dr_str *line, const char *text)
{
    dr_auto(dr_json_putp) struct json_object *o = json_object_new_string(text);
    dr_str_add(line, dr_json_text(o));
}

/* LINE lacks its last brace. */
static int
hand_out(struct store_lines *e, struct dr_str *line)
{
    e->crc = dr_crc32c(e->crc, line->s, line->n);
    e->lines++;
    dr_str_printf(line, "%s%08x\"}", crc_member, e->crc);
    return e->fn(e->user, line->s);
}

/* {"table":"record","id":"erp","value":{...},"crc":"..."} */
int
store_lines_put(struct store_lines *e, const char *table, const struct store_row *row)
{
    dr_auto(dr_str_freep) struct dr_str line = {0};
    dr_auto(dr_json_putp) struct json_object *o = NULL;
    dr_str_printf(&line, "{\"table\":\"%s\",\"id\":", table);
    add_text(&line, row->id);
    if (*row->sub) {
        dr_str_add(&line, ",\"sub\":");
        add_text(&line, row->sub);
    }
    /* The text itself where it is JSON, so that hashes and checksums can be checked on it. */
    bool json = (*row->value == '{' || *row->value == '[') &&
                dr_json_parse(row->value, strlen(row->value), &dr_json_inventory, &o, NULL) == 0 &&
                !strchr(row->value, '\n');
    dr_str_add(&line, json ? ",\"value\":" : ",\"text\":");
    if (json)
        dr_str_add(&line, row->value);
    else
        add_text(&line, row->value);
    return hand_out(e, &line);
}

int
store_lines_end(struct store_lines *e, const struct drstor_error *damage)
{
    dr_auto(dr_str_freep) struct dr_str line = {0};
    dr_str_printf(&line, "{\"table\":\"end\",\"lines\":%lld", (long long)e->lines);
    if (damage) {
        dr_str_add(&line, ",\"damage\":");
        add_text(&line, dr_error_message(damage));
    }
    return hand_out(e, &line);
}

int
store_lines_check(uint32_t *crc, const char *line, size_t n, size_t *ret_body,
                  struct drstor_error **err)
{
    char want[TAIL + 1];
    if (n < TAIL + 2)
        return dr_fail(err, DRSTOR_E_CONFLICT, "it is cut short");
    uint32_t now = dr_crc32c(*crc, line, n - TAIL);
    (void)snprintf(want, sizeof(want), "%s%08x\"}", crc_member, now);
    if (memcmp(line + n - TAIL, want, TAIL) != 0)
        return dr_fail(err, DRSTOR_E_CONFLICT,
                       "its checksum does not match, or a line before it is missing");
    *crc = now;
    *ret_body = n - TAIL;
    return DRSTOR_OK;
}

/* ---- the whole store ------------------------------------------------------------------------- */

static int
export_table(struct dr_store *s, struct store_lines *e, enum store_table t,
             struct drstor_error **err)
{
    dr_auto(dr_freep) char *id = NULL, *sub = NULL;
    for (;;) {
        dr_auto(dr_arena_freep) struct dr_arena *a = dr_arena_new();
        struct store_range next = {.after_id = id, .after_sub = sub, .limit = 64};
        struct store_row *rows = NULL;
        size_t n = 0;
        int r = store_enter(s, false, err);
        if (r < 0)
            return r;
        r = store_leave(s, false, store_scan(s, a, t, &next, &rows, &n, err), err);
        for (size_t i = 0; r == DRSTOR_OK && i < n; i++)
            r = store_lines_put(e, store_table_names[t], &rows[i]);
        if (r != DRSTOR_OK || n == 0)
            return r;
        free(id);
        free(sub);
        id = dr_strdup(rows[n - 1].id);
        sub = dr_strdup(rows[n - 1].sub);
    }
}

int
dr_store_export(struct dr_store *s, dr_export_fn fn, void *user, struct drstor_error **err)
{
    struct store_lines e = {.fn = fn, .user = user};
    dr_auto(dr_error_freep) struct drstor_error *first = NULL;
    if (s->mode == DR_STORE_SALVAGE)
        (void)dr_refuse(&first, "R090", "the store is damaged; this is what can still be read");
    /* A damaged table must not keep the others from being read. */
    for (int t = 0; t < STORE_TABLES; t++) {
        dr_auto(dr_error_freep) struct drstor_error *why = NULL;
        int r = export_table(s, &e, (enum store_table)t, &why);
        if (r > 0 || (r < 0 && !why))
            return r;
        if (r < 0 && !first)
            dr_error_move(&first, &why);
    }
    int r = store_lines_end(&e, first);
    if (r != DRSTOR_OK)
        return r;
    r = dr_error_status(first);
    dr_error_move(err, &first);
    return r;
}

/* ---- and back -------------------------------------------------------------------------------- */

struct dr_export_check {
    struct dr_export_verdict v;
    struct dr_audit_head stored, witness; /* seq 0: none */
    uint32_t crc;
    bool ended, failed;
};

struct dr_export_check *
dr_export_check_new(const struct dr_audit_head *witness)
{
    struct dr_export_check *c = dr_new0(struct dr_export_check);
    if (witness)
        c->witness = *witness;
    return c;
}

void
dr_export_check_free(struct dr_export_check *c)
{
    free(c);
}

void
dr_export_check_freep(struct dr_export_check **c)
{
    dr_export_check_free(*c);
    *c = NULL;
}

void
dr_export_check_verdict(const struct dr_export_check *c, struct dr_export_verdict *ret)
{
    *ret = c->v;
}

static const char audit_start[] = "{\"table\":\"audit\",\"id\":\"\",\"sub\":\"";

static bool
starts(const char *line, size_t n, const char *with)
{
    return n >= strlen(with) && memcmp(line, with, strlen(with)) == 0;
}

/* The audit line as it was written: what follows "value":, up to N. */
static int
check_audit(struct dr_export_check *c, const char *line, size_t n, struct drstor_error **err)
{
    static const char value[] = "\",\"value\":";
    size_t at = sizeof(audit_start) - 1;
    while (at < n && line[at] >= '0' && line[at] <= '9')
        at++;
    if (!starts(line + at, n - at, value))
        return dr_fail(err, DRSTOR_E_CONFLICT, "audit line %lld is not one",
                       (long long)c->v.audit.head.seq + 1);
    at += sizeof(value) - 1;
    dr_auto(dr_str_freep) struct dr_str text = {0};
    dr_str_addn(&text, line + at, n - at);
    struct dr_audit_head next = c->v.audit.head;
    int r = dr_audit_check(text.s ? text.s : "", &next, err);
    if (r == DRSTOR_OK)
        r = dr_audit_meets(&next, &c->stored, err);
    if (r == DRSTOR_OK)
        r = dr_audit_meets(&next, &c->witness, err);
    if (r < 0)
        return r;
    c->v.audit.head = next;
    c->v.audit.lines++;
    return DRSTOR_OK;
}

/* What the line says, beside the rows: the head the store knew, and the end. */
static int
take(struct dr_export_check *c, const char *line, size_t n, struct drstor_error **err)
{
    static const char head[] = "{\"table\":\"counter\",\"id\":\"audit_head\",\"value\":",
                      end[] = "{\"table\":\"end\",\"lines\":";
    dr_auto(dr_json_putp) struct json_object *o = NULL;
    if (!starts(line, n, head) && !starts(line, n, end))
        return DRSTOR_OK;
    if (dr_json_parse(line, n, &dr_json_small, &o, NULL) < 0)
        return dr_fail(err, DRSTOR_E_CONFLICT, "it cannot be read");
    if (starts(line, n, head)) {
        struct json_object *value = dr_json_get(o, "value");
        const char *hash = dr_json_str(value, "hash");
        if (!dr_json_i64(value, "seq", &c->stored.seq) || !hash || strlen(hash) != 64)
            return dr_fail(err, DRSTOR_E_CONFLICT, "it does not tell the head of the audit chain");
        memcpy(c->stored.hash, hash, sizeof(c->stored.hash));
        return DRSTOR_OK;
    }
    int64_t lines = -1;
    (void)dr_json_i64(o, "lines", &lines);
    if (lines != c->v.lines)
        return dr_fail(err, DRSTOR_E_CONFLICT, "%lld lines were written, here are %lld",
                       (long long)lines, (long long)c->v.lines);
    if (dr_json_str(o, "damage"))
        (void)snprintf(c->v.damage, sizeof(c->v.damage), "%s", dr_json_str(o, "damage"));
    c->ended = true;
    return DRSTOR_OK;
}

static int
check_line(struct dr_export_check *c, const char *line, size_t n, bool audit,
           struct drstor_error **err)
{
    uint32_t crc = c->crc;
    size_t body = 0;
    if (c->ended)
        return dr_fail(err, DRSTOR_E_CONFLICT, "the end was before it");
    int r = store_lines_check(&crc, line, n, &body, err);
    if (r == DRSTOR_OK)
        r = audit ? check_audit(c, line, body, err) : take(c, line, n, err);
    if (r == DRSTOR_OK)
        c->crc = crc;
    return r;
}

int
dr_export_check_line(struct dr_export_check *c, const char *line, size_t n,
                     struct drstor_error **err)
{
    bool audit = starts(line, n, audit_start);
    if (c->failed)
        return DRSTOR_E_CONFLICT;
    int r = check_line(c, line, n, audit, err);
    if (r == DRSTOR_OK) {
        c->v.lines++;
        return r;
    }
    c->failed = true;
    c->v.bad_line = c->v.lines + 1;
    if (audit)
        c->v.audit.bad = c->v.audit.head.seq + 1;
    return dr_context(err, r, "line %lld is not as it was written", (long long)c->v.bad_line);
}

int
dr_export_check_end(struct dr_export_check *c, struct drstor_error **err)
{
    if (c->failed)
        return DRSTOR_E_CONFLICT;
    if (!c->ended) {
        c->failed = true;
        c->v.bad_line = c->v.lines + 1;
        return dr_fail(err, DRSTOR_E_CONFLICT, "it was cut off after line %lld",
                       (long long)c->v.lines);
    }
    int r = dr_audit_reaches(&c->v.audit.head, &c->stored, err);
    if (r == DRSTOR_OK && c->witness.seq)
        r = dr_audit_reaches(&c->v.audit.head, &c->witness, err);
    if (r < 0) {
        c->failed = true;
        c->v.audit.bad = c->v.audit.head.seq + 1;
    }
    return r;
}
