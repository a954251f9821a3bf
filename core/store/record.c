/* Records: read whole or not at all, written only over the version and under the token one had. */
#include "store/ops.h"

#include <string.h>

enum { RECORD_BYTES_MAX = 64 * 1024 };

void
store_seen_free(struct dr_store *s)
{
    for (size_t i = 0; i < s->n_seen; i++) {
        free(s->seen[i].text);
        dr_arena_free(s->seen[i].arena);
    }
    free(s->seen);
}

/*
 * TEXT as a record. Steps load the record of their group again and again, mostly unchanged; what
 * was checked once, byte for byte, is the same record.
 */
static int
parse(struct dr_store *s, struct dr_arena *a, const char *group, const char *text,
      struct dr_record *ret, struct drstor_error **err)
{
    struct store_seen *seen = NULL;
    for (size_t i = 0; i < s->n_seen; i++)
        if (dr_streq(s->seen[i].record.group, group))
            seen = &s->seen[i];
    if (seen && strcmp(seen->text, text) == 0) {
        dr_map_copy(a, &dr_record_type, &seen->record, ret);
        return DRSTOR_OK;
    }
    int r = dr_record_parse(a, text, strlen(text), ret, err);
    if (r < 0 || !dr_streq(ret->group, group))
        return r;
    if (seen) {
        free(seen->text);
        dr_arena_free(seen->arena);
    } else {
        seen = &dr_push(s->seen, s->n_seen, s->cap_seen);
    }
    seen->text = dr_strdup(text);
    seen->arena = dr_arena_new();
    dr_map_copy(seen->arena, &dr_record_type, ret, &seen->record);
    return DRSTOR_OK;
}

/* *RET_TEXT and RET; NOTFOUND, or R091 for what must not be acted upon. */
static int
read_record(struct dr_store *s, struct dr_arena *a, const char *group, const char **ret_text,
            struct dr_record *ret, struct drstor_error **err)
{
    dr_auto(dr_error_freep) struct drstor_error *why = NULL;
    const char *text;
    int r = store_get(s, a, STORE_RECORD, group, "", &text, &why);
    if (r == DRSTOR_E_NOTFOUND)
        return dr_fail(err, r, "group %s has no record yet", group);
    if (r < 0) {
        dr_error_move(err, &why);
        return r;
    }
    *ret_text = text;
    r = parse(s, a, group, text, ret, &why);
    if (r == DRSTOR_OK && !dr_streq(ret->group, group))
        r = dr_fail(&why, DRSTOR_E_INVALID, "it is the record of group %s",
                    ret->group ? ret->group : "(none)");
    if (r < 0) {
        r = dr_refuse(err, "R091",
                      "group %s is held, reading goes on, nothing of it is changed: %s", group,
                      dr_error_message(why));
        dr_hint(err,
                "drstor journal export shows what is stored; drstor adopt %s starts a new "
                "record from what the arrays say",
                group);
    }
    return r;
}

int
dr_store_load(struct dr_store *s, struct dr_arena *a, const char *group, struct dr_record *ret,
              int64_t *ret_version, struct drstor_error **err)
{
    struct dr_record record;
    const char *text;
    int r = store_enter(s, false, err);
    if (r < 0)
        return r;
    r = read_record(s, a, group, &text, &record, err);
    if (r == DRSTOR_OK) {
        *ret = record;
        if (ret_version)
            *ret_version = record.seq;
    }
    return store_leave(s, false, r, err);
}

static char *
new_text(const struct dr_record *record, const char *before)
{
    dr_auto(dr_json_putp) struct json_object *o = dr_map_write(&dr_record_type, record);
    dr_auto(dr_json_putp) struct json_object *old = NULL;
    if (before && dr_json_parse(before, strlen(before), &dr_json_small, &old, NULL) == DRSTOR_OK)
        store_merge_unknown(&dr_record_type, old, o);
    return dr_record_seal(o);
}

static int
cas(struct dr_store *s, const struct dr_record *wanted, int64_t version, int64_t token,
    struct drstor_error **err)
{
    dr_auto(dr_arena_freep) struct dr_arena *a = dr_arena_new();
    struct dr_record record = *wanted, stored = {0};
    const char *before = NULL;

    int r = dr_store_guard(s, record.group, token, err);
    if (r < 0)
        return r;
    dr_auto(dr_error_freep) struct drstor_error *why = NULL;
    r = read_record(s, a, record.group, &before, &stored, &why);
    if (r < 0 && r != DRSTOR_E_NOTFOUND) {
        dr_error_move(err, &why);
        return r;
    }
    if (stored.seq != version)
        return dr_fail(
            err, DRSTOR_E_CONFLICT,
            "the record of group %s has changed since it was read (version %lld, not %lld)",
            record.group, (long long)stored.seq, (long long)version);
    if (stored.token > token)
        return dr_refuse(
            err, "R092",
            "the record of group %s was written under token %lld, newer than ours, %lld",
            record.group, (long long)stored.token, (long long)token);
    if (record.epoch < stored.epoch)
        return dr_refuse(err, "R092", "the epoch of group %s is %lld; it never goes back to %lld",
                         record.group, (long long)stored.epoch, (long long)record.epoch);
    record.seq = version + 1;
    record.token = token;
    if (!record.schema)
        record.schema = "1.0";
    dr_auto(dr_freep) char *text = new_text(&record, before);
    if (strlen(text) > RECORD_BYTES_MAX)
        return dr_fail(err, DRSTOR_E_INVALID,
                       "the record of group %s would be of %zu bytes, more than %d", record.group,
                       strlen(text), (int)RECORD_BYTES_MAX);
    return store_put(s, STORE_RECORD, record.group, "", text, err);
}

int
dr_store_cas(struct dr_store *s, const struct dr_record *record, int64_t version, int64_t token,
             int64_t *ret_version, struct drstor_error **err)
{
    int r = store_check_name("group", record->group, err);
    if (r == DRSTOR_OK)
        r = store_enter(s, true, err);
    if (r < 0)
        return r;
    r = store_leave(s, true, cas(s, record, version, token, err), err);
    if (r == DRSTOR_OK)
        if (ret_version)
            *ret_version = version + 1;
    return r;
}

int
dr_store_groups(struct dr_store *s, struct dr_arena *a, const char ***ret, size_t *ret_n,
                struct drstor_error **err)
{
    struct store_row *rows = NULL;
    size_t n = 0;
    int r = store_enter(s, false, err);
    if (r < 0)
        return r;
    r = store_scan(s, a, STORE_RECORD, &(struct store_range){.limit = SIZE_MAX}, &rows, &n, err);
    if (r == DRSTOR_OK) {
        const char **names = n ? dr_arena_alloc(a, n, sizeof(*names)) : NULL;
        for (size_t i = 0; i < n; i++)
            names[i] = rows[i].id;
        *ret = names;
        *ret_n = n;
    }
    return store_leave(s, false, r, err);
}

int
dr_store_set_aside(struct dr_store *s, const char *group, int64_t token, bool sound_too,
                   struct drstor_error **err)
{
    dr_auto(dr_arena_freep) struct dr_arena *a = dr_arena_new();
    dr_auto(dr_error_freep) struct drstor_error *why = NULL;
    struct dr_record record;
    const char *text = NULL;
    int64_t n = 0;
    int r = store_enter(s, true, err);
    if (r < 0)
        return r;
    r = dr_store_guard(s, group, token, err);
    if (r < 0)
        return store_leave(s, true, r, err);
    r = read_record(s, a, group, &text, &record, &why);
    if (r == DRSTOR_OK && !sound_too)
        r = dr_refuse(err, "R091",
                      "the record of group %s is sound; only a damaged one is set aside", group);
    else if (r == DRSTOR_OK || dr_streq(dr_error_rule(why), "R091"))
        r = store_count(s, "aside", &n, err);
    else
        dr_error_move(err, &why);
    if (r == DRSTOR_OK)
        r = store_put(s, STORE_ASIDE, group, store_number(n).text, text, err);
    if (r == DRSTOR_OK)
        r = s->ops->del(s->impl, STORE_RECORD, group, "", err);
    return store_leave(s, true, r, err);
}
