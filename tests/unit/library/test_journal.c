/* The journal as an application and a person meet it: its head, its proof, its export. */
#include "library/internal.h"

#include "base/file.h"
#include "base/str.h"
#include "store/ops.h"

#include <fcntl.h>
#include <ftw.h>
#include <setjmp.h>
#include <sqlite3.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static const char yaml[] =
    "version: 1\n"
    "controller: { name: rome-1, site: rome, role: active }\n"
    "sites: { milan: {}, rome: {} }\n"
    "arrays:\n"
    "  a: { plugin: simulated, site: milan, world: w.json }\n"
    "  b: { plugin: simulated, site: rome, world: w.json }\n"
    "groups:\n"
    "  erp:\n"
    "    mode: async\n"
    "    copies: { milan: { array: a, id: erp_m }, rome: { array: b, id: erp_r } }\n";

enum { LINES = 8 };

struct fixture {
    char dir[64], db[96], file[96];
    struct dr_model *model;
    struct drstor *d;
    struct dr_str told; /* to the system log, a line each */
};

static int
open_store(void *user, const struct dr_parts *parts, enum dr_store_mode mode, struct dr_store **ret,
           struct drstor_error **err)
{
    const struct fixture *f = user;
    return dr_store_open(parts->env, f->db, mode, ret, err);
}

static void
tell(void *user, const char *line)
{
    struct fixture *f = user;
    dr_str_printf(&f->told, "%s\n", line);
}

static int
setup(void **state)
{
    struct fixture *f = dr_new0(struct fixture);
    const struct dr_config_options options = {.skip_secrets = true};
    dr_auto(dr_error_freep) struct drstor_error *err = NULL;
    (void)snprintf(f->dir, sizeof(f->dir), "/tmp/drstor-journal-XXXXXX");
    assert_non_null(mkdtemp(f->dir));
    (void)snprintf(f->db, sizeof(f->db), "%s/state.db", f->dir);
    (void)snprintf(f->file, sizeof(f->file), "%s/journal.jsonl", f->dir);
    if (dr_config_load_text(yaml, strlen(yaml), "test.yaml", &options, &f->model, &err) < 0)
        fail_msg("%s", dr_error_message(err));
    const struct dr_parts parts = {.env = dr_env_real(),
                                   .model = f->model,
                                   .store = open_store,
                                   .tell = tell,
                                   .user = f,
                                   .origin = "test"};
    f->d = dr_library_open(&parts);
    *state = f;
    return 0;
}

static int
remove_one(const char *path, const struct stat *st, int kind, struct FTW *where)
{
    (void)st;
    (void)kind;
    (void)where;
    return remove(path);
}

static int
teardown(void **state)
{
    struct fixture *f = *state;
    drstor_close(f->d);
    dr_config_free(f->model);
    dr_str_freep(&f->told);
    assert_int_equal(nftw(f->dir, remove_one, 8, FTW_DEPTH | FTW_PHYS), 0);
    free(f);
    return 0;
}

static void
add_lines(struct session *s, int n, const char *what)
{
    for (int i = 0; i < n; i++) {
        const struct dr_audit e = {.who = dr_actor_self(s->d->env, s->arena, "test"),
                                   .what = what,
                                   .group = "erp",
                                   .epoch = i,
                                   .token = 1};
        assert_int_equal(dr_store_audit(s->store, &e, NULL, NULL), DRSTOR_OK);
    }
}

static void
open_session(struct fixture *f, struct session *s)
{
    dr_auto(dr_error_freep) struct drstor_error *err = NULL;
    if (dr_session_open(f->d, DR_STORE_WRITE, s, &err) < 0)
        fail_msg("%s", dr_error_message(err));
}

static void
fill(struct fixture *f, const char *what)
{
    struct session s;
    open_session(f, &s);
    add_lines(&s, LINES, what);
    dr_session_close(&s);
}

static int
keep(const char *line, void *user)
{
    dr_str_printf(user, "%s\n", line);
    return 0;
}

static char *
exported(struct fixture *f)
{
    struct dr_str all = {0};
    assert_int_equal(drstor_journal_export(f->d, keep, &all, NULL), DRSTOR_OK);
    return dr_str_take(&all);
}

/* The document of a verification; the caller puts it. */
static struct json_object *
verified(struct drstor *d, const char *file, const char *head)
{
    char *json = NULL;
    dr_auto(dr_error_freep) struct drstor_error *err = NULL;
    if (drstor_journal_verify(d, file, head, &json, &err) < 0)
        fail_msg("%s", dr_error_message(err));
    struct json_object *o = json_tokener_parse(json);
    drstor_text_free(json);
    return o;
}

static int64_t
number(struct json_object *o, const char *key)
{
    int64_t v = -1;
    (void)dr_json_i64(o, key, &v);
    return v;
}

static void
put_file(struct fixture *f, const char *text, size_t n)
{
    FILE *out = fopen(f->file, "we");
    assert_non_null(out);
    assert_int_equal(fwrite(text, 1, n, out), n);
    assert_int_equal(fclose(out), 0);
}

static void
one_flipped_byte_is_found_anywhere_in_a_file(void **state)
{
    struct fixture *f = *state;
    fill(f, "promote intent");
    dr_auto(dr_freep) char *text = exported(f);
    size_t n = strlen(text), found = 0;
    int64_t line = 1, lines = 0;
    put_file(f, text, n);
    dr_auto(dr_json_putp) struct json_object *sound = verified(NULL, f->file, NULL);
    assert_int_equal(number(sound, "exit"), 0);
    assert_int_equal(number(sound, "lines"), LINES);
    assert_int_equal(number(sound, "bad"), 0);
    dr_auto(dr_closep) int fd = open(f->file, O_WRONLY | O_CLOEXEC);
    for (size_t at = 0; at < n; at++) {
        char was = text[at], is = (char)((unsigned char)was ^ 0x20u);
        assert_int_equal(pwrite(fd, &is, 1, (off_t)at), 1);
        dr_auto(dr_json_putp) struct json_object *o = verified(NULL, f->file, NULL);
        if (number(o, "exit") == 6 && number(o, "bad_line") == line && dr_json_str(o, "text"))
            found++;
        else
            print_error("byte %zu, line %lld: %s\n", at, (long long)line, dr_json_text(o));
        assert_int_equal(pwrite(fd, &was, 1, (off_t)at), 1);
        line += was == '\n';
        lines += was == '\n';
    }
    printf("figure journal_file_lines %lld\n", (long long)lines);
    printf("figure journal_flips_found %zu of %zu\n", found, n);
    assert_int_equal(found, n);
    /* Cut off anywhere, also just before its last line end. */
    size_t cuts = 0;
    for (size_t at = n; at-- > 0;) {
        assert_int_equal(ftruncate(fd, (off_t)at), 0);
        dr_auto(dr_json_putp) struct json_object *o = verified(NULL, f->file, NULL);
        cuts += number(o, "exit") == 6;
    }
    printf("figure journal_cuts_found %zu of %zu\n", cuts, n);
    assert_int_equal(cuts, n);
}

static void
sql(struct fixture *f, const char *text)
{
    sqlite3 *db = NULL;
    assert_int_equal(sqlite3_open(f->db, &db), SQLITE_OK);
    char *why = NULL;
    if (sqlite3_exec(db, text, NULL, NULL, &why) != SQLITE_OK)
        fail_msg("%s: %s", text, why);
    (void)sqlite3_close(db);
}

static void
an_altered_row_of_the_store_is_found(void **state)
{
    struct fixture *f = *state;
    fill(f, "promote intent");
    dr_auto(dr_json_putp) struct json_object *sound = verified(f->d, NULL, NULL);
    assert_int_equal(number(sound, "exit"), 0);
    assert_int_equal(number(sound, "lines"), LINES);
    struct json_object *head = dr_json_get(sound, "head");
    char kept[128];
    (void)snprintf(kept, sizeof(kept), "%d:%s", LINES, dr_json_str(head, "hash"));
    dr_auto(dr_json_putp) struct json_object *met = verified(f->d, NULL, kept);
    assert_int_equal(number(met, "exit"), 0);
    assert_non_null(strstr(dr_json_str(met, "text"), "line 8 is the one whose hash was kept"));

    sql(f, "UPDATE audit SET value = replace(value, '\"epoch\":3', '\"epoch\":9')");
    dr_auto(dr_json_putp) struct json_object *altered = verified(f->d, NULL, NULL);
    assert_int_equal(number(altered, "exit"), 6);
    assert_int_equal(number(altered, "bad"), 4);
    assert_int_equal(number(altered, "lines"), 3);
    sql(f, "UPDATE audit SET value = replace(value, '\"epoch\":9', '\"epoch\":3')");

    /* The last line, and the row that knows it, as one who knows the schema would. */
    sql(f, "DELETE FROM audit WHERE sub = (SELECT max(sub) FROM audit)");
    dr_auto(dr_json_putp) struct json_object *cut = verified(f->d, NULL, NULL);
    assert_int_equal(number(cut, "exit"), 6);
    assert_int_equal(number(cut, "bad"), LINES);
    sql(f, "DELETE FROM counter WHERE id = 'audit_head'");
    dr_auto(dr_json_putp) struct json_object *headless = verified(f->d, NULL, NULL);
    assert_int_equal(number(headless, "exit"), 6);
    dr_auto(dr_json_putp) struct json_object *kept_finds = verified(f->d, NULL, kept);
    assert_int_equal(number(kept_finds, "exit"), 6);
}

/* Who makes everything anew, in one session of our own code, is found by the head alone. */
static void
a_store_made_anew_is_found_by_a_head_that_was_kept(void **state)
{
    struct fixture *f = *state;
    fill(f, "promote intent");
    dr_auto(dr_json_putp) struct json_object *sound = verified(f->d, NULL, NULL);
    char kept[128];
    (void)snprintf(kept, sizeof(kept), "%d:%s", LINES,
                   dr_json_str(dr_json_get(sound, "head"), "hash"));
    assert_int_equal(unlink(f->db), 0);
    fill(f, "demote intent");
    dr_auto(dr_json_putp) struct json_object *anew = verified(f->d, NULL, NULL);
    assert_int_equal(number(anew, "exit"), 0);
    dr_auto(dr_json_putp) struct json_object *found = verified(f->d, NULL, kept);
    assert_int_equal(number(found, "exit"), 6);
    assert_int_equal(number(found, "bad"), LINES);
    dr_auto(dr_freep) char *text = exported(f);
    put_file(f, text, strlen(text));
    dr_auto(dr_json_putp) struct json_object *in_file = verified(NULL, f->file, kept);
    assert_int_equal(number(in_file, "exit"), 6);
    assert_int_equal(number(in_file, "bad"), LINES);
}

static void
a_damaged_store_is_exported_as_far_as_it_goes(void **state)
{
    struct fixture *f = *state;
    struct session s;
    open_session(f, &s);
    add_lines(&s, 200, "promote intent");
    dr_session_close(&s);
    struct stat st;
    assert_int_equal(stat(f->db, &st), 0);
    assert_int_equal(truncate(f->db, st.st_size - 4096), 0);

    struct dr_str all = {0};
    dr_auto(dr_error_freep) struct drstor_error *err = NULL;
    assert_int_equal(drstor_journal_export(f->d, keep, &all, &err), DRSTOR_E_REFUSED);
    assert_string_equal(dr_error_rule(err), "R090");
    assert_string_equal(dr_error_hint(err), "what can still be read was exported");
    assert_non_null(strstr(all.s, "{\"table\":\"audit\""));
    assert_non_null(strstr(all.s, "{\"table\":\"end\""));
    assert_non_null(strstr(all.s, "\"damage\":\""));
    put_file(f, all.s, all.n);
    dr_str_freep(&all);
    dr_auto(dr_json_putp) struct json_object *in_file = verified(NULL, f->file, NULL);
    assert_int_equal(number(in_file, "exit"), 6);
    dr_auto(dr_json_putp) struct json_object *in_store = verified(f->d, NULL, NULL);
    assert_int_equal(number(in_store, "exit"), 6);
    assert_non_null(strstr(dr_json_str(in_store, "text"), "damaged"));
}

static int
stop(const char *line, void *user)
{
    (void)line;
    return ++*(int *)user >= 3;
}

static void
what_cannot_be_verified_is_no_verdict(void **state)
{
    struct fixture *f = *state;
    char *json = NULL;
    dr_auto(dr_error_freep) struct drstor_error *none = NULL, *file = NULL, *dir = NULL,
                                                *head = NULL, *nothing = NULL;
    assert_int_equal(drstor_journal_verify(f->d, NULL, NULL, &json, &none), DRSTOR_E_NOTFOUND);
    assert_int_equal(drstor_journal_verify(NULL, f->file, NULL, &json, &file), DRSTOR_E_NOTFOUND);
    assert_int_equal(drstor_journal_verify(NULL, f->dir, NULL, &json, &dir), DRSTOR_E_INVALID);
    assert_int_equal(drstor_journal_verify(NULL, NULL, NULL, &json, &nothing), DRSTOR_E_INVALID);
    assert_int_equal(drstor_journal_verify(NULL, f->file, "7:abc", &json, &head), DRSTOR_E_INVALID);
    assert_null(json);
    put_file(f, "no journal at all", 17);
    dr_auto(dr_json_putp) struct json_object *o = verified(NULL, f->file, NULL);
    assert_int_equal(number(o, "exit"), 6);
    assert_int_equal(number(o, "bad_line"), 1);

    fill(f, "promote intent");
    int lines = 0;
    dr_auto(dr_error_freep) struct drstor_error *stopped = NULL;
    assert_int_equal(drstor_journal_export(f->d, stop, &lines, &stopped), DRSTOR_E_CANCELLED);
    assert_int_equal(lines, 3);
}

static size_t
count(const struct dr_str *text, const char *word)
{
    size_t n = 0;
    for (const char *p = text->s; p && (p = strstr(p, word)); p++)
        n++;
    return n;
}

static void
the_head_is_told_after_every_act(void **state)
{
    struct fixture *f = *state;
    struct session s;
    /* Lines without a document: as after a failure. */
    fill(f, "promote intent");
    assert_int_equal(count(&f->told, "drstor journal 8:"), 1);
    assert_int_equal(count(&f->told, "\n"), 1);

    /* A document tells the head, and closing does not tell it twice. */
    open_session(f, &s);
    add_lines(&s, 1, "promote intent");
    char *text = dr_session_document(&s, dr_report_new());
    dr_session_close(&s);
    dr_auto(dr_json_putp) struct json_object *o = json_tokener_parse(text);
    struct json_object *journal = dr_json_get(o, "journal");
    assert_int_equal(number(journal, "seq"), 9);
    assert_int_equal(strlen(dr_json_str(journal, "hash")), 64);
    drstor_text_free(text);
    assert_int_equal(count(&f->told, "\n"), 2);

    /* The line in the log is the one whose hash the head is: it can be held against an export. */
    const char *last = strstr(f->told.s, "drstor journal 9:");
    assert_non_null(last);
    assert_memory_equal(last + strlen("drstor journal 9:"), dr_json_str(journal, "hash"), 64);
    dr_auto(dr_freep) char *all = exported(f);
    dr_auto(dr_freep) char *line = dr_strdup(last + strlen("drstor journal 9:") + 65);
    *strchr(line, '\n') = '\0';
    assert_non_null(strstr(all, line));

    /* Nothing was added: an act says where the journal is, observing leaves the log alone. */
    open_session(f, &s);
    drstor_text_free(dr_session_document(&s, dr_report_new()));
    dr_session_close(&s);
    assert_int_equal(count(&f->told, "\n"), 3);
    open_session(f, &s);
    dr_session_close(&s);
    assert_int_equal(count(&f->told, "\n"), 3);
}

int
main(void)
{
#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(one_flipped_byte_is_found_anywhere_in_a_file),
        TEST(an_altered_row_of_the_store_is_found),
        TEST(a_store_made_anew_is_found_by_a_head_that_was_kept),
        TEST(a_damaged_store_is_exported_as_far_as_it_goes),
        TEST(what_cannot_be_verified_is_no_verdict),
        TEST(the_head_is_told_after_every_act),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
