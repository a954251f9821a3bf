/* The audit chain: its head after every act, proof that it is as it was written, and its export. */
#include "library/internal.h"

#include "base/str.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- the head -------------------------------------------------------------------------------- */

static int
keep_line(void *user, int64_t seq, const char *line)
{
    char **last = user;
    (void)seq;
    free(*last);
    *last = dr_strdup(line);
    return 0;
}

static struct json_object *
head_json(const struct dr_audit_head *head)
{
    struct json_object *o = json_object_new_object();
    dr_json_set_i64(o, "seq", head->seq);
    dr_json_set_str(o, "hash", head->seq ? head->hash : NULL);
    return o;
}

struct json_object *
dr_session_journal(struct session *s)
{
    struct dr_audit_head head = {0};
    dr_auto(dr_freep) char *line = NULL, *text = NULL;
    if (!s->store || dr_store_audit_head(s->store, &head, NULL) < 0 || head.seq == 0)
        return NULL;
    if (dr_store_audit_walk(s->store, head.seq - 1, keep_line, &line, NULL) < 0 || !line)
        return head_json(&head);
    /* The head first: log daemons cut long lines. */
    if (s->d->parts.tell &&
        asprintf(&text, "drstor journal %lld:%s %s", (long long)head.seq, head.hash, line) > 0)
        s->d->parts.tell(s->d->parts.user, text);
    s->journal_seq = head.seq;
    return head_json(&head);
}

char *
dr_session_document(struct session *s, struct json_object *o)
{
    const char *said = NULL;
    (void)dr_session_mirror(s, s->arena, &said, NULL);
    dr_json_set(o, "mirror", dr_session_mirror_json(s));
    dr_json_set(o, "journal", dr_session_journal(s));
    return dr_document_text(o);
}

/* ---- verify ---------------------------------------------------------------------------------- */

/* "57:ab12..."; 64 digits of a hash. */
static int
parse_head(const char *text, struct dr_audit_head *ret, struct drstor_error **err)
{
    char *end = NULL;
    memset(ret, 0, sizeof(*ret));
    errno = 0;
    long long seq = text ? strtoll(text, &end, 10) : 0;
    if (!text)
        return DRSTOR_OK;
    if (*text < '0' || *text > '9' || errno || seq < 1 || *end != ':' || strlen(end + 1) != 64 ||
        strspn(end + 1, "0123456789abcdef") != 64)
        return dr_fail(err, DRSTOR_E_INVALID,
                       "\"%s\" is no head of a journal; write SEQ:HASH as it was printed", text);
    ret->seq = seq;
    memcpy(ret->hash, end + 1, sizeof(ret->hash));
    return DRSTOR_OK;
}

/* FOUND: what is wrong; NULL: nothing is. */
static struct json_object *
verdict(const char *kind, const char *place, const struct dr_export_verdict *v,
        const struct dr_audit_head *witness, const char *damage, const struct drstor_error *found)
{
    dr_auto(dr_str_freep) struct dr_str text = {0};
    struct json_object *o = dr_report_new();
    long long lines = v->audit.lines;
    if (found)
        dr_str_printf(&text, "%s", dr_error_message(found));
    else if (lines == 0)
        dr_str_add(&text, "there is no audit line yet");
    else
        dr_str_printf(&text, "%lld audit line%s, %s as %s written", lines, lines == 1 ? "" : "s",
                      lines == 1 ? "it is" : "all are", lines == 1 ? "it was" : "they were");
    if (!found && witness->seq)
        dr_str_printf(&text, "; line %lld is the one whose hash was kept", (long long)witness->seq);
    if (damage)
        dr_str_printf(&text, "; %s", damage);
    dr_json_set_str(o, kind, place);
    dr_json_set_i64(o, "lines", lines);
    dr_json_set_i64(o, "bad", v->audit.bad);
    dr_json_set_i64(o, "bad_line", v->bad_line);
    dr_json_set(o, "head", head_json(&v->audit.head));
    dr_json_set_str(o, "text", text.s);
    dr_json_set_i64(o, "exit", found || damage ? 6 : 0);
    return o;
}

/* For reading, or what can still be read of it. *RET_DAMAGE: why; in A. */
static int
open_store(struct drstor *d, struct dr_arena *a, struct dr_store **ret, const char **ret_damage,
           struct drstor_error **err)
{
    dr_auto(dr_error_freep) struct drstor_error *why = NULL;
    const struct dr_parts *p = &d->parts;
    int r = p->store(p->user, p, DR_STORE_READ, ret, &why);
    if (r == DRSTOR_E_REFUSED && p->store(p->user, p, DR_STORE_SALVAGE, ret, NULL) == DRSTOR_OK) {
        *ret_damage = dr_arena_str(a, dr_error_message(why));
        r = DRSTOR_OK;
    }
    if (r < 0)
        dr_error_move(err, &why);
    if (r == DRSTOR_OK)
        dr_store_patience(*ret, 60000);
    return r;
}

static int
verify_store(struct drstor *d, const struct dr_audit_head *witness, char **ret_json,
             struct drstor_error **err)
{
    dr_auto(dr_arena_freep) struct dr_arena *a = dr_arena_new();
    dr_auto(dr_store_closep) struct dr_store *store = NULL;
    dr_auto(dr_error_freep) struct drstor_error *found = NULL;
    struct dr_export_verdict v = {0};
    const char *damage = NULL;
    int r = open_store(d, a, &store, &damage, err);
    if (r < 0)
        return r;
    r = dr_store_audit_prove(store, witness->seq ? witness : NULL, &v.audit, &found);
    if (r < 0 && r != DRSTOR_E_CONFLICT && r != DRSTOR_E_REFUSED) {
        dr_error_move(err, &found);
        return r;
    }
    *ret_json =
        dr_document_text(verdict("store", d->model->state_sqlite, &v, witness, damage, found));
    return DRSTOR_OK;
}

enum { READ_BYTES = 65536, LINE_MOST = 128 << 20 };

/* A line of the file, which may be of any size in one piece; 1: there is none left. */
static int
next_line(int fd, const char *file, struct dr_str *have, size_t *at, size_t *ret_n,
          struct drstor_error **err)
{
    char buffer[READ_BYTES];
    size_t looked = *at;
    for (;;) {
        char *end = have->n > looked ? memchr(have->s + looked, '\n', have->n - looked) : NULL;
        if (end) {
            *ret_n = (size_t)(end - have->s) - *at;
            return 0;
        }
        if (*at) {
            memmove(have->s, have->s + *at, have->n - *at + 1);
            have->n -= *at;
            *at = 0;
        }
        looked = have->n;
        if (have->n > LINE_MOST)
            return dr_fail(err, DRSTOR_E_INVALID, "%s is no exported journal: a line has no end",
                           file);
        ssize_t got = read(fd, buffer, sizeof(buffer));
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return dr_fail(err, DRSTOR_E_INVALID, "cannot read %s: %m", file);
        if (got == 0)
            return 1;
        dr_str_addn(have, buffer, (size_t)got);
    }
}

static int
check_file(int fd, const char *file, struct dr_export_check *check, struct drstor_error **found,
           struct drstor_error **err)
{
    dr_auto(dr_str_freep) struct dr_str have = {0};
    size_t at = 0, n = 0;
    int r;
    while ((r = next_line(fd, file, &have, &at, &n, err)) == 0) {
        if (dr_export_check_line(check, have.s + at, n, found) < 0)
            return DRSTOR_OK;
        at += n + 1;
    }
    if (r < 0)
        return r;
    /* Whatever follows the last line end was longer once, if only by its line end. */
    if (have.n == at || dr_export_check_line(check, "", 0, found) == DRSTOR_OK)
        (void)dr_export_check_end(check, found);
    return DRSTOR_OK;
}

static int
verify_file(const char *file, const struct dr_audit_head *witness, char **ret_json,
            struct drstor_error **err)
{
    dr_auto(dr_closep) int fd = open(file, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    dr_auto(dr_export_check_freep) struct dr_export_check *check = NULL;
    dr_auto(dr_error_freep) struct drstor_error *found = NULL;
    struct dr_export_verdict v;
    struct stat st;
    if (fd < 0 || fstat(fd, &st) != 0)
        return dr_fail(err, errno == ENOENT ? DRSTOR_E_NOTFOUND : DRSTOR_E_INVALID,
                       "cannot read %s: %m", file);
    if (S_ISDIR(st.st_mode))
        return dr_fail(err, DRSTOR_E_INVALID, "cannot read %s: it is a directory", file);
    check = dr_export_check_new(witness->seq ? witness : NULL);
    int r = check_file(fd, file, check, &found, err);
    if (r < 0)
        return r;
    dr_export_check_verdict(check, &v);
    *ret_json =
        dr_document_text(verdict("file", file, &v, witness, *v.damage ? v.damage : NULL, found));
    return DRSTOR_OK;
}

int
drstor_journal_verify(struct drstor *d, const char *file, const char *head, char **ret_json,
                      struct drstor_error **err)
{
    struct dr_audit_head witness;
    int r = parse_head(head, &witness, err);
    if (r == DRSTOR_OK && !file && !d)
        r = dr_fail(err, DRSTOR_E_INVALID, "neither an installation nor a file was given");
    if (r < 0)
        return r;
    return file ? verify_file(file, &witness, ret_json, err)
                : verify_store(d, &witness, ret_json, err);
}

/* ---- export ---------------------------------------------------------------------------------- */

struct export
{
    struct drstor *d;
    int (*line)(const char *line, void *user);
    void *user;
};

static int
hand_out(void *user, const char *line)
{
    const struct export *e = user;
    return dr_cancelled(&e->d->cancel) || e->line(line, e->user) ? 1 : 0;
}

int
drstor_journal_export(struct drstor *d, int (*line)(const char *line, void *user), void *user,
                      struct drstor_error **err)
{
    dr_auto(dr_arena_freep) struct dr_arena *a = dr_arena_new();
    dr_auto(dr_store_closep) struct dr_store *store = NULL;
    struct export e = {.d = d, .line = line, .user = user};
    const char *damage = NULL;
    int r = open_store(d, a, &store, &damage, err);
    if (r < 0)
        return r;
    dr_auto(dr_error_freep) struct drstor_error *why = NULL;
    r = dr_store_export(store, hand_out, &e, &why);
    if (r > 0)
        return dr_fail(err, DRSTOR_E_CANCELLED, "the export was stopped");
    if (damage) {
        r = dr_refuse(err, "R090", "%s", damage);
        dr_hint(err, "what can still be read was exported");
    } else if (r < 0) {
        dr_error_move(err, &why);
    }
    return r;
}
