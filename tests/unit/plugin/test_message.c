#include "base/str.h"
#include "plugin/call.h"
#include "plugin/message.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static struct dr_served
served_example(struct dr_arena *a)
{
    struct dr_served s = {.status = DRSTOR_E_CONFLICT,
                          .outcome = DRSTOR_OUTCOME_PARTIAL,
                          .outcomes = 1,
                          .job = "job-7",
                          .error = "größer als gedacht",
                          .ended_ns = INT64_MAX,
                          .progress_permille = -1};
    for (int i = 0; i < 3; i++) {
        struct dr_copy_view *v = &dr_arena_push(a, s.views, s.n_views);
        dr_map_clear(&dr_copy_view_type, v);
        v->id = dr_arena_printf(a, "group-%d", i);
        v->access = DRSTOR_ACCESS_READ_ONLY;
        v->lag_s = i;
        for (int k = 0; k < i; k++) {
            struct dr_member *m = &dr_arena_push(a, v->members, v->n_members);
            m->id = dr_arena_printf(a, "lun%d", k);
            m->wwid = "";
            m->size = 1 << 20;
            dr_arena_push(a, m->paths, m->n_paths).lun = k;
        }
    }
    dr_arena_push(a, s.jobs, s.n_jobs) = (struct dr_job){"7", "resync", DRSTOR_JOB_RUNNING, 412};
    return s;
}

static const char *const words[] = {"erp", "crm"};

static struct dr_request
request_example(struct dr_arena *a)
{
    struct dr_request q = {.call = {.operation = DR_ARRAY_OP_FORCE_ACCESS,
                                    .deadline_ns = UINT64_MAX - 1,
                                    .group = "erp",
                                    .op = "op-1",
                                    .planned = true,
                                    .epoch = 3,
                                    .token = UINT64_MAX,
                                    .access_wanted = DRSTOR_ACCESS_READ_WRITE},
                           .open = {.array = "a1", .reachable = true, .password = "sesame"}};
    for (size_t i = 0; i < 2; i++)
        dr_arena_push(a, q.call.host_groups, q.call.n_host_groups) = words[i];
    struct dr_call_evidence *e = NULL;
    dr_arena_push(a, e, q.call.n_evidence) =
        (struct dr_call_evidence){DRSTOR_EVIDENCE_E1_READ_BACK, "rome", NULL, -1};
    q.call.evidence = e;
    dr_arena_push(a, q.open.settings, q.open.n_settings) = (struct dr_wire_setting){"k", "v", true};
    return q;
}

static void
a_message_comes_out_as_it_went_in(void **state)
{
    (void)state;
    dr_auto(dr_arena_freep) struct dr_arena *a = dr_arena_new();
    struct dr_request q = request_example(a), got;
    struct dr_message m = {0}, again = {0};
    assert_int_equal(dr_message_encode(DR_MESSAGE_REQUEST, &dr_request_type, &q, &m, NULL),
                     DRSTOR_OK);
    assert_int_equal(dr_message_decode(DR_MESSAGE_REQUEST, &dr_request_type, &m, a, &got, NULL),
                     DRSTOR_OK);
    assert_true(got.call.token == UINT64_MAX && got.call.deadline_ns == UINT64_MAX - 1);
    assert_true(got.call.planned && !got.call.job && got.call.n_evidence == 1);
    assert_string_equal(got.call.host_groups[1], "crm");
    assert_string_equal(got.call.evidence[0].site, "rome");
    assert_null(got.call.evidence[0].by);
    assert_true(got.open.settings[0].secret);
    assert_int_equal(dr_message_encode(DR_MESSAGE_REQUEST, &dr_request_type, &got, &again, NULL),
                     DRSTOR_OK);
    assert_int_equal(m.n, again.n);
    assert_memory_equal(m.bytes, again.bytes, m.n);
    dr_message_clear(&m);
    dr_message_clear(&again);

    struct dr_served s = served_example(a), back;
    assert_int_equal(dr_message_encode(DR_MESSAGE_REPLY, &dr_served_type, &s, &m, NULL), DRSTOR_OK);
    assert_int_equal(dr_message_decode(DR_MESSAGE_REPLY, &dr_served_type, &m, a, &back, NULL),
                     DRSTOR_OK);
    assert_int_equal(back.status, DRSTOR_E_CONFLICT);
    assert_string_equal(back.views[2].members[1].id, "lun1");
    assert_string_equal(back.views[2].members[1].wwid, "");
    assert_int_equal(back.views[2].members[1].paths[0].lun, 1);
    assert_string_equal(back.error, "größer als gedacht");
    dr_message_clear(&m);
}

static void
every_truncation_is_refused(void **state)
{
    (void)state;
    dr_auto(dr_arena_freep) struct dr_arena *a = dr_arena_new();
    struct dr_served s = served_example(a), back;
    struct dr_message m = {0};
    assert_int_equal(dr_message_encode(DR_MESSAGE_REPLY, &dr_served_type, &s, &m, NULL), DRSTOR_OK);
    unsigned refused = 0;
    for (size_t n = 0; n < m.n; n++) {
        /* A copy of its own, so that a sanitizer sees the first byte too many; with and without a
         * length that agrees. */
        for (int honest = 0; honest < 2; honest++) {
            struct dr_message cut = {dr_alloc0(n, 1), n, n};
            memcpy(cut.bytes, m.bytes, n);
            uint32_t total = (uint32_t)n;
            if (honest && n >= 12)
                memcpy(cut.bytes + 8, &total, sizeof(total));
            refused += dr_message_decode(DR_MESSAGE_REPLY, &dr_served_type, &cut, a, &back, NULL) ==
                       DRSTOR_E_PROTOCOL;
            dr_message_clear(&cut);
        }
    }
    printf("figure message_truncations_refused %u of %zu\n", refused, m.n * 2);
    assert_int_equal(refused, m.n * 2);
    dr_message_clear(&m);
}

static void
a_changed_byte_never_does_harm(void **state)
{
    (void)state;
    dr_auto(dr_arena_freep) struct dr_arena *a = dr_arena_new();
    struct dr_served s = served_example(a), back;
    struct dr_message m = {0}, again = {0};
    static const unsigned char values[] = {0, 1, 0x7f, 0x80, 0xff};
    assert_int_equal(dr_message_encode(DR_MESSAGE_REPLY, &dr_served_type, &s, &m, NULL), DRSTOR_OK);
    for (size_t i = 0; i < m.n; i++)
        for (size_t k = 0; k < sizeof(values); k++) {
            unsigned char was = m.bytes[i];
            m.bytes[i] = values[k];
            dr_auto(dr_arena_freep) struct dr_arena *b = dr_arena_new();
            if (dr_message_decode(DR_MESSAGE_REPLY, &dr_served_type, &m, b, &back, NULL) ==
                DRSTOR_OK) {
                /* What was taken is whole: it can be sent again, and is the same. */
                assert_int_equal(
                    dr_message_encode(DR_MESSAGE_REPLY, &dr_served_type, &back, &again, NULL),
                    DRSTOR_OK);
                assert_memory_equal(again.bytes, m.bytes, m.n);
                dr_message_clear(&again);
            }
            m.bytes[i] = was;
        }
    dr_message_clear(&m);
}

static void
what_is_too_long_is_not_sent(void **state)
{
    (void)state;
    dr_auto(dr_arena_freep) struct dr_arena *a = dr_arena_new();
    dr_auto(dr_error_freep) struct drstor_error *err = NULL;
    struct dr_message m = {0};
    char *text = dr_arena_alloc(a, 5000, 1);
    memset(text, 'x', 4999);
    struct dr_served s = {.error = text};
    assert_int_equal(dr_message_encode(DR_MESSAGE_REPLY, &dr_served_type, &s, &m, &err),
                     DRSTOR_E_INVALID);
    assert_string_equal(dr_error_message(err), "the reply cannot be sent: a text is too long");
    assert_null(m.bytes);
    text[4000] = '\0';
    s.error = NULL;
    for (int i = 0; i < 5000; i++)
        dr_arena_push(a, s.jobs, s.n_jobs) = (struct dr_job){.id = text};
    assert_int_equal(dr_message_encode(DR_MESSAGE_REPLY, &dr_served_type, &s, &m, &err),
                     DRSTOR_E_INVALID);
    assert_string_equal(dr_error_message(err),
                        "the reply cannot be sent: the message is longer than 16 MiB");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_message_comes_out_as_it_went_in),
        cmocka_unit_test(every_truncation_is_refused),
        cmocka_unit_test(a_changed_byte_never_does_harm),
        cmocka_unit_test(what_is_too_long_is_not_sent),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
