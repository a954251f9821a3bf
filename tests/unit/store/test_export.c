/* What was exported is found to be as it was written, or the first line that is not. */
#include "support/store_fixture.h"

#include "base/crc.h"
#include "base/mem.h"
#include "base/str.h"
#include "store/ops.h"

#include <stdio.h>
#include <string.h>

static int
keep_line(void *user, const char *line)
{
    dr_str_printf(user, "%s\n", line);
    return 0;
}

/* A record, six audit lines, and what stands beside them. */
static char *
exported(struct fixture *f)
{
    struct dr_record r = test_record("erp", 1);
    int64_t token = take_lock(f, f->s, "erp"), version = 0;
    struct dr_str all = {0};
    must(dr_store_cas(f->s, &r, 0, token, &version, err));
    for (int i = 1; i <= 6; i++) {
        struct dr_audit e = test_audit("promote", i);
        must(dr_store_audit(f->s, &e, NULL, err));
    }
    must(dr_store_export(f->s, keep_line, &all, err));
    return dr_str_take(&all);
}

/* As a file is read: what follows the last line end is no line. */
static int
check(const char *text, size_t n, const struct dr_audit_head *witness,
      struct dr_export_verdict *ret, struct drstor_error **err)
{
    dr_auto(dr_export_check_freep) struct dr_export_check *c = dr_export_check_new(witness);
    const char *end;
    int r = DRSTOR_OK;
    for (size_t at = 0; r == DRSTOR_OK && at < n; at = (size_t)(end - text) + 1) {
        end = memchr(text + at, '\n', n - at);
        if (!end)
            break;
        r = dr_export_check_line(c, text + at, (size_t)(end - text) - at, err);
    }
    if (r == DRSTOR_OK)
        r = dr_export_check_end(c, err);
    dr_export_check_verdict(c, ret);
    return r;
}

static int64_t
line_at(const char *text, size_t at)
{
    int64_t line = 1;
    for (size_t i = 0; i < at; i++)
        line += text[i] == '\n';
    return line;
}

static void
a_flipped_bit_is_found_wherever_it_is(void **state)
{
    struct fixture *f = *state;
    struct dr_export_verdict v;
    dr_auto(dr_freep) char *text = exported(f);
    size_t n = strlen(text), found = 0, flips = 0;
    must(check(text, n, NULL, &v, err));
    assert_int_equal(v.audit.lines, 6);
    assert_int_equal(v.lines, line_at(text, n) - 1);
    for (size_t at = 0; at < n; at++)
        for (unsigned bit = 0; bit < 8; bit++) {
            char was = text[at];
            text[at] = (char)((unsigned char)was ^ (1u << bit));
            flips++;
            if (check(text, n, NULL, &v, NULL) == DRSTOR_E_CONFLICT &&
                v.bad_line == line_at(text, at) && v.lines == v.bad_line - 1)
                found++;
            else
                print_error("bit %u of byte %zu, line %lld\n", bit, at,
                            (long long)line_at(text, at));
            text[at] = was;
        }
    printf("figure journal_bits_found %zu of %zu\n", found, flips);
    assert_int_equal(found, flips);
}

static char *
line_of(char *text, const char *part)
{
    char *at = strstr(text, part);
    assert_non_null(at);
    while (at > text && at[-1] != '\n')
        at--;
    return at;
}

static void
take_out(char *line)
{
    char *next = strchr(line, '\n') + 1;
    memmove(line, next, strlen(next) + 1);
}

/* Every checksum anew, as one who alters a file on purpose would; and the number of lines. */
static char *
sealed(const char *text)
{
    struct dr_str out = {0};
    dr_auto(dr_freep) char *copy = dr_strdup(text);
    uint32_t crc = 0;
    int lines = 0;
    for (char *save = NULL, *l = strtok_r(copy, "\n", &save); l; l = strtok_r(NULL, "\n", &save)) {
        char end[64];
        char *tail = strstr(l, ",\"crc\":\"");
        for (char *more; (more = strstr(tail + 1, ",\"crc\":\""));)
            tail = more;
        *tail = '\0';
        (void)snprintf(end, sizeof(end), "{\"table\":\"end\",\"lines\":%d", lines++);
        const char *say = strncmp(l, end, 15) == 0 ? end : l;
        crc = dr_crc32c(crc, say, strlen(say));
        dr_str_printf(&out, "%s,\"crc\":\"%08x\"}\n", say, crc);
    }
    return dr_str_take(&out);
}

static void
expect(const char *text, const struct dr_audit_head *witness, int64_t bad, const char *says)
{
    struct dr_export_verdict v;
    dr_auto(dr_error_freep) struct drstor_error *err = NULL;
    int r = check(text, strlen(text), witness, &v, &err);
    if (r != DRSTOR_E_CONFLICT || !strstr(dr_error_message(err), says) || v.audit.bad != bad)
        fail_msg("%d, bad %lld, %s; not %lld, %s", r, (long long)v.audit.bad, dr_error_message(err),
                 (long long)bad, says);
}

static void
lines_that_are_gone_or_exchanged_are_missed(void **state)
{
    struct fixture *f = *state;
    dr_auto(dr_freep) char *text = exported(f), *work = dr_strdup(text);
    take_out(line_of(work, "{\"table\":\"record\""));
    expect(work, NULL, 0, "or a line before it is missing");
    memcpy(work, text, strlen(text) + 1);
    take_out(line_of(work, "\"seq\":3,"));
    expect(work, NULL, 3, "or a line before it is missing");
    memcpy(work, text, strlen(text) + 1);
    *line_of(work, "{\"table\":\"end\"") = '\0';
    expect(work, NULL, 0, "it was cut off after line");
    expect("", NULL, 0, "it was cut off after line 0");
    memcpy(work, text, strlen(text) + 1);
    dr_auto(dr_freep) char *twice = NULL;
    assert_true(asprintf(&twice, "%s%s", text, line_of(work, "{\"table\":\"end\"")) > 0);
    expect(twice, NULL, 0, "the end was before it");
}

static void
checksums_made_anew_do_not_help_against_the_chain(void **state)
{
    struct fixture *f = *state;
    dr_auto(dr_freep) char *text = exported(f), *work = dr_strdup(text);
    dr_auto(dr_freep) char *same = sealed(text);
    assert_string_equal(same, text);

    char *line = strstr(line_of(work, "\"seq\":4,"), "promote");
    *line = 'x';
    dr_auto(dr_freep) char *altered = sealed(work);
    expect(altered, NULL, 4, "audit line 4 was altered");

    memcpy(work, text, strlen(text) + 1);
    take_out(line_of(work, "\"seq\":2,"));
    dr_auto(dr_freep) char *gap = sealed(work);
    expect(gap, NULL, 2, "audit line 2 is missing; in its place is line 3");

    /* Only the head tells that the last one is gone. */
    memcpy(work, text, strlen(text) + 1);
    take_out(line_of(work, "\"seq\":6,\"time\""));
    dr_auto(dr_freep) char *cut = sealed(work);
    expect(cut, NULL, 6, "the audit chain ends at line 5, but line 6 was written");

    memcpy(work, text, strlen(text) + 1);
    take_out(line_of(work, "\"audit_head\""));
    dr_auto(dr_freep) char *headless = sealed(work);
    expect(headless, NULL, 7, "nothing that says which is the last");
}

static void
a_head_kept_elsewhere_finds_what_was_made_anew_altogether(void **state)
{
    struct fixture *f = *state;
    struct dr_export_verdict v;
    dr_auto(dr_freep) char *text = exported(f);
    struct dr_audit_head head, of_three = {.seq = 3}, later;
    must(dr_store_audit_head(f->s, &head, err));
    must(check(text, strlen(text), &head, &v, err));
    assert_string_equal(v.audit.head.hash, head.hash);

    memset(of_three.hash, 'a', 64);
    expect(text, &of_three, 3, "audit line 3 is not the one whose hash was kept");
    later = head;
    later.seq = 9;
    expect(text, &later, 7, "the audit chain ends at line 6, but line 9 was written");

    struct dr_audit_verdict db;
    must(dr_store_audit_prove(f->s, &head, &db, err));
    fails(DRSTOR_E_CONFLICT, NULL, "audit line 3 is not the one",
          dr_store_audit_prove(f->s, &of_three, &db, err));
    assert_int_equal(db.bad, 3);
    fails(DRSTOR_E_CONFLICT, NULL, "but line 9 was written",
          dr_store_audit_prove(f->s, &later, &db, err));
    assert_int_equal(db.bad, 7);
}

/* In the store itself: the row that knows the head goes with the last line. */
static void
a_store_without_its_head_is_no_sound_one(void **state)
{
    struct fixture *f = *state;
    struct dr_audit_verdict v;
    free(exported(f)); /* fills it */
    assert_int_equal(store_enter(f->s, true, NULL), 0);
    int r = f->s->ops->del(f->s->impl, STORE_COUNTER, "audit_head", "", NULL);
    assert_int_equal(store_leave(f->s, true, r, NULL), 0);
    fails(DRSTOR_E_CONFLICT, NULL, "nothing that says which is the last",
          dr_store_audit_verify(f->s, &v, err));
    assert_int_equal(v.lines, 6);
}

int
main(void)
{
#define BOTH(test)                                                                                 \
    {#test "/sqlite", test, fixture_sqlite, fixture_end, NULL},                                    \
    {                                                                                              \
#test "/memory", test, fixture_memory, fixture_end, NULL                                   \
    }
    const struct CMUnitTest tests[] = {
        {"a_flipped_bit_is_found_wherever_it_is", a_flipped_bit_is_found_wherever_it_is,
         fixture_memory, fixture_end, NULL},
        BOTH(lines_that_are_gone_or_exchanged_are_missed),
        BOTH(checksums_made_anew_do_not_help_against_the_chain),
        BOTH(a_head_kept_elsewhere_finds_what_was_made_anew_altogether),
        BOTH(a_store_without_its_head_is_no_sound_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
