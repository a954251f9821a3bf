/* What a standby takes: read and checked whole, then written in one transaction, or not at all. */
#include "store/mirror.h"
#include "store/ops.h"

#include "base/str.h"

#include <string.h>

static const char *const result_words[] = {"unknown", "imported", "gap", "taken-over", "refused"};
const struct dr_names dr_mirror_result_names = {"result of an import", result_words,
                                                DR_COUNT(result_words)};

enum { LINES_MOST = 4000000 };

struct taken {
    enum store_table table;
    struct store_row row;
};

struct import {
    struct dr_store *s;
    struct dr_arena *a;
    struct dr_controller sender;
    int64_t after;
    struct taken *rows;
    size_t n_rows;
    struct dr_audit_head own, head; /* before; as the lines continue it */
    struct dr_mirrored *ret;
};

/* ---- reading --------------------------------------------------------------------------------- */

static bool
starts(const char **at, const char *end, const char *with)
{
    size_t n = strlen(with);
    if ((size_t)(end - *at) < n || memcmp(*at, with, n) != 0)
        return false;
    *at += n;
    return true;
}

/* A JSON string at *AT. */
static bool
string_at(struct dr_arena *a, const char **at, const char *end, const char **ret)
{
    const char *from = *at, *p = from;
    if (p == end || *p++ != '"')
        return false;
    while (p < end && *p != '"')
        p += *p == '\\' ? 2 : 1;
    if (p >= end)
        return false;
    *at = ++p;
    dr_auto(dr_str_freep) struct dr_str text = {0};
    dr_auto(dr_json_putp) struct json_object *o = NULL;
    dr_str_add(&text, "{\"s\":");
    dr_str_addn(&text, from, (size_t)(p - from));
    dr_str_add(&text, "}");
    if (dr_json_parse(text.s, text.n, &dr_json_inventory, &o, NULL) < 0)
        return false;
    *ret = dr_arena_str(a, dr_json_str(o, "s"));
    return *ret != NULL;
}

/* As store_lines_put() writes it, without its last brace: texts byte for byte. */
static bool
row_at(struct dr_arena *a, const char *line, size_t n, const char **ret_table,
       struct store_row *ret)
{
    const char *at = line, *end = line + n;
    ret->sub = "";
    if (!starts(&at, end, "{\"table\":") || !string_at(a, &at, end, ret_table) ||
        !starts(&at, end, ",\"id\":") || !string_at(a, &at, end, &ret->id))
        return false;
    if (starts(&at, end, ",\"sub\":") && !string_at(a, &at, end, &ret->sub))
        return false;
    if (starts(&at, end, ",\"text\":"))
        return string_at(a, &at, end, &ret->value) && at == end;
    if (!starts(&at, end, ",\"value\":"))
        return false;
    char *value = dr_arena_alloc(a, (size_t)(end - at) + 1, 1);
    memcpy(value, at, (size_t)(end - at));
    ret->value = value;
    return true;
}

static bool
table_named(const char *name, enum store_table *ret)
{
    static const enum store_table mirrored[] = {
        STORE_RECORD,    STORE_ASIDE,    STORE_OWNER, STORE_COUNTER, STORE_RUN,  STORE_RUN_DOC,
        STORE_RUN_ORDER, STORE_RUN_OPEN, STORE_STEP,  STORE_EVENT,   STORE_AUDIT};
    for (size_t i = 0; i < DR_COUNT(mirrored); i++)
        if (strcmp(name, store_table_names[mirrored[i]]) == 0) {
            *ret = mirrored[i];
            return true;
        }
    return false;
}

static bool
read_head(struct import *m, const struct store_row *row)
{
    dr_auto(dr_json_putp) struct json_object *o = NULL;
    return dr_json_parse(row->value, strlen(row->value), &dr_json_small, &o, NULL) == 0 &&
           dr_map_read(m->a, &dr_controller_type, o, false, &m->sender, NULL) == 0 &&
           m->sender.active && dr_json_i64(o, "after", &m->after) && m->after >= 0;
}

static int
not_taken(struct import *m, const char *why)
{
    m->ret->result = DR_MIRRORED_REFUSED;
    m->ret->text = why;
    return DRSTOR_E_CONFLICT;
}

static int
read_line(struct import *m, const char *line, size_t n, size_t number, bool last, uint32_t *crc)
{
    dr_auto(dr_error_freep) struct drstor_error *why = NULL;
    const char *table = NULL;
    struct store_row row;
    enum store_table t;
    size_t body = 0;
    if (store_lines_check(crc, line, n, &body, &why) < 0)
        return not_taken(m, dr_arena_printf(m->a, "line %zu is not as it was written: %s", number,
                                            dr_error_message(why)));
    if (last) {
        dr_auto(dr_str_freep) struct dr_str end = {0};
        dr_str_printf(&end, "{\"table\":\"end\",\"lines\":%zu", number - 1);
        if (body != end.n || memcmp(line, end.s, body) != 0)
            return not_taken(m, "it is cut off, or lines of it are missing");
        return DRSTOR_OK;
    }
    if (!row_at(m->a, line, body, &table, &row))
        return not_taken(m, dr_arena_printf(m->a, "line %zu cannot be read", number));
    if (number == 1) {
        if (strcmp(table, "mirror") != 0 || !read_head(m, &row))
            return not_taken(m, "it does not say which controller it is from");
        return DRSTOR_OK;
    }
    if (!table_named(table, &t))
        return not_taken(m, dr_arena_printf(m->a, "a mirror has no lines of \"%s\"", table));
    struct taken *new = &dr_arena_push(m->a, m->rows, m->n_rows);
    new->table = t;
    new->row = row;
    return DRSTOR_OK;
}

static int
read_all(struct import *m, const char *text, size_t n)
{
    const char *end = text + n;
    uint32_t crc = 0;
    size_t number = 0;
    while (text < end && number < LINES_MOST) {
        const char *stop = memchr(text, '\n', (size_t)(end - text));
        if (!stop)
            return not_taken(m, "it is cut off");
        int r = read_line(m, text, (size_t)(stop - text), ++number, stop + 1 == end, &crc);
        if (r < 0)
            return r;
        text = stop + 1;
    }
    return number > 1 ? DRSTOR_OK : not_taken(m, "nothing was sent");
}

/* ---- the chain ------------------------------------------------------------------------------- */

static int
other_history(struct import *m, int64_t seq)
{
    m->ret->hint = "the two stores went apart: keep this one for its journal, move it aside, and "
                   "the next act of the active controller fills a new one";
    return not_taken(
        m, dr_arena_printf(m->a,
                           "audit line %lld here is not the one that %s has: this store is not a "
                           "copy of its store",
                           (long long)seq, m->sender.active));
}

static int
check_chain(struct import *m, struct drstor_error **err)
{
    int64_t seq = m->after;
    m->head = m->own;
    for (size_t i = 0; i < m->n_rows; i++) {
        const struct store_row *row = &m->rows[i].row;
        const char *here = NULL;
        if (m->rows[i].table != STORE_AUDIT)
            continue;
        if (strcmp(row->sub, store_number(++seq).text) != 0)
            return not_taken(m,
                             dr_arena_printf(m->a, "audit line %lld is missing", (long long)seq));
        if (seq <= m->own.seq) {
            int r = store_get(m->s, m->a, STORE_AUDIT, "", row->sub, &here, err);
            if (r < 0)
                return r;
            if (strcmp(here, row->value) != 0)
                return other_history(m, seq);
            continue;
        }
        /* The first that is new here has to follow the last that was here. */
        dr_auto(dr_error_freep) struct drstor_error *why = NULL;
        if (dr_audit_check(row->value, &m->head, &why) < 0)
            return m->head.seq == m->own.seq && m->own.seq
                       ? other_history(m, m->own.seq)
                       : not_taken(m, dr_arena_str(m->a, dr_error_message(why)));
    }
    return DRSTOR_OK;
}

/* ---- the records ----------------------------------------------------------------------------- */

static int
check_record(struct import *m, const struct store_row *row, struct drstor_error **err)
{
    struct dr_record sent, here;
    const char *text = NULL;
    if (!*row->value)
        return DRSTOR_OK;
    dr_auto(dr_error_freep) struct drstor_error *why = NULL;
    if (dr_record_parse(m->a, row->value, strlen(row->value), &sent, &why) < 0)
        return not_taken(
            m, dr_arena_printf(m->a, "the record of group %s: %s", row->id, dr_error_message(why)));
    int r = store_get(m->s, m->a, STORE_RECORD, row->id, "", &text, NULL);
    if (r == DRSTOR_E_NOTFOUND)
        return DRSTOR_OK;
    if (r < 0)
        return store_get(m->s, m->a, STORE_RECORD, row->id, "", &text, err);
    if (dr_record_parse(m->a, text, strlen(text), &here, NULL) == DRSTOR_OK &&
        (sent.epoch < here.epoch || (sent.epoch == here.epoch && sent.seq < here.seq)))
        return not_taken(
            m, dr_arena_printf(m->a,
                               "the record of group %s is at epoch %lld, write %lld here, and what "
                               "came is older: epoch %lld, write %lld",
                               row->id, (long long)here.epoch, (long long)here.seq,
                               (long long)sent.epoch, (long long)sent.seq));
    return DRSTOR_OK;
}

/* ---- writing --------------------------------------------------------------------------------- */

/* Rows of T that were not sent: of tables that come whole. */
static int
drop_unsent(struct import *m, enum store_table t, struct drstor_error **err)
{
    struct store_row *rows = NULL;
    size_t n = 0;
    int r = store_scan(m->s, m->a, t, &(struct store_range){.limit = SIZE_MAX}, &rows, &n, err);
    for (size_t i = 0; r == DRSTOR_OK && i < n; i++) {
        bool sent = false;
        for (size_t k = 0; k < m->n_rows && !sent; k++)
            sent = m->rows[k].table == t && dr_streq(m->rows[k].row.id, rows[i].id) &&
                   dr_streq(m->rows[k].row.sub, rows[i].sub);
        if (!sent)
            r = m->s->ops->del(m->s->impl, t, rows[i].id, rows[i].sub, err);
    }
    return r;
}

/* Locks were taken here, too: the higher number stays. */
static int
put_counter(struct import *m, const struct store_row *row, struct drstor_error **err)
{
    const char *here = NULL;
    if (strcmp(row->id, "token") == 0 &&
        store_get(m->s, m->a, STORE_COUNTER, "token", "", &here, NULL) == DRSTOR_OK &&
        strtoll(here, NULL, 10) >= strtoll(row->value, NULL, 10))
        return DRSTOR_OK;
    return store_put(m->s, STORE_COUNTER, row->id, row->sub, row->value, err);
}

static int
put_row(struct import *m, const struct taken *t, struct drstor_error **err)
{
    const struct store_row *row = &t->row;
    if (t->table == STORE_COUNTER)
        return put_counter(m, row, err);
    if (t->table == STORE_RECORD && !*row->value)
        return DRSTOR_OK;
    return store_put(m->s, t->table, row->id, row->sub, row->value, err);
}

static int
write_all(struct import *m, struct drstor_error **err)
{
    static const enum store_table whole[] = {STORE_RECORD, STORE_OWNER, STORE_RUN_OPEN};
    int r = DRSTOR_OK;
    for (size_t i = 0; r == DRSTOR_OK && i < DR_COUNT(whole); i++)
        r = drop_unsent(m, whole[i], err);
    for (size_t i = 0; r == DRSTOR_OK && i < m->n_rows; i++)
        r = put_row(m, &m->rows[i], err);
    return r == DRSTOR_OK ? dr_store_controller_set(m->s, &m->sender, err) : r;
}

/* ---- all of it ------------------------------------------------------------------------------- */

static int
heard(struct import *m, const char *name, bool standby)
{
    const struct dr_controller *c = &m->ret->controller;
    switch (dr_controller_hears(c, name, standby, &m->sender)) {
    case DR_MIRROR_TAKE:
        return DRSTOR_OK;
    case DR_MIRROR_TAKEN_OVER:
        m->ret->result = DR_MIRRORED_TAKEN_OVER;
        m->ret->text =
            dr_arena_printf(m->a, "%s %s, %s is not the active controller any more", c->active,
                            c->begun ? "has begun to take over" : "took over", m->sender.active);
        return DRSTOR_E_CONFLICT;
    case DR_MIRROR_NOT_STANDBY:
        m->ret->hint = "controller: { role: standby } at the one that is to follow";
        return not_taken(m, dr_arena_printf(m->a, "%s is an active controller itself", name));
    case DR_MIRROR_UNKNOWN:
        break;
    }
    return not_taken(m, "nobody can say who is the active controller");
}

static int
import(struct import *m, const char *name, bool standby, struct drstor_error **err)
{
    int r = dr_store_controller(m->s, m->a, &m->ret->controller, err);
    if (r == DRSTOR_OK)
        r = dr_store_audit_head(m->s, &m->own, err);
    if (r < 0)
        return r;
    m->ret->head = m->own;
    r = heard(m, name, standby);
    if (r < 0)
        return r;
    if (m->after > m->own.seq) {
        m->ret->result = DR_MIRRORED_GAP;
        m->ret->text = dr_arena_printf(m->a, "here is everything up to audit line %lld",
                                       (long long)m->own.seq);
        return DRSTOR_E_CONFLICT;
    }
    r = check_chain(m, err);
    /* Overtaken on its way by a later one: everything of it is here. */
    if (r == DRSTOR_OK && m->head.seq > m->own.seq) {
        for (size_t i = 0; r == DRSTOR_OK && i < m->n_rows; i++)
            if (m->rows[i].table == STORE_RECORD)
                r = check_record(m, &m->rows[i].row, err);
        if (r == DRSTOR_OK)
            r = write_all(m, err);
    }
    if (r == DRSTOR_OK) {
        m->ret->result = DR_MIRRORED_DONE;
        m->ret->head = m->head;
        m->ret->controller = m->sender;
    }
    return r;
}

int
dr_store_import(struct dr_store *s, struct dr_arena *a, const char *name, bool standby,
                const char *text, size_t n, struct dr_mirrored *ret, struct drstor_error **err)
{
    struct import m = {.s = s, .a = a, .ret = ret};
    *ret = (struct dr_mirrored){0};
    dr_map_clear(&dr_controller_type, &ret->controller);
    if (read_all(&m, text, n) < 0)
        return DRSTOR_OK;
    int r = store_enter(s, true, err);
    if (r < 0)
        return r;
    r = store_leave(s, true, import(&m, name, standby, err), err);
    return r == DRSTOR_E_CONFLICT && ret->result ? DRSTOR_OK : r;
}
