/* What both kinds of store do alike: every test here runs on each. */
#include "support/store_fixture.h"

#include "base/json.h"
#include "base/str.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>

static void
a_record_is_read_back_as_it_was_written(void **state)
{
    struct fixture *f = *state;
    struct dr_record r = test_record("erp", 1), back;
    int64_t token = take_lock(f, f->s, "erp"), version = 0, read = 0;

    fails(DRSTOR_E_NOTFOUND, NULL, NULL, dr_store_load(f->s, f->a, "erp", &back, &version, err));
    must(dr_store_cas(f->s, &r, 0, token, &version, err));
    assert_int_equal(version, 1);
    r.epoch = 2;
    r.primary = "rome";
    r.phase = DR_PHASE_PROMOTING;
    must(dr_store_cas(f->s, &r, version, token, &version, err));

    fixture_reopen(f);
    must(dr_store_load(f->s, f->a, "erp", &back, &read, err));
    assert_int_equal(read, 2);
    assert_int_equal(back.seq, 2);
    assert_int_equal(back.epoch, 2);
    assert_int_equal(back.token, token);
    assert_string_equal(back.primary, "rome");
    assert_int_equal(back.phase, DR_PHASE_PROMOTING);
    const char **groups;
    size_t n;
    must(dr_store_groups(f->s, f->a, &groups, &n, err));
    assert_int_equal(n, 1);
    assert_string_equal(groups[0], "erp");
}

static void
a_stale_version_changes_nothing(void **state)
{
    struct fixture *f = *state;
    struct dr_record r = test_record("erp", 1), back;
    int64_t token = take_lock(f, f->s, "erp"), version = 0, v = -7;

    fails(DRSTOR_E_CONFLICT, NULL, NULL, dr_store_cas(f->s, &r, 3, token, &v, err));
    must(dr_store_cas(f->s, &r, 0, token, &version, err));
    r.epoch = 9;
    fails(DRSTOR_E_CONFLICT, NULL, NULL, dr_store_cas(f->s, &r, 0, token, &v, err));
    fails(DRSTOR_E_CONFLICT, NULL, NULL, dr_store_cas(f->s, &r, 2, token, &v, err));
    assert_int_equal(v, -7);
    must(dr_store_load(f->s, f->a, "erp", &back, &version, err));
    assert_int_equal(back.epoch, 1);
}

static void
a_lost_lock_changes_nothing(void **state)
{
    struct fixture *f = *state;
    struct dr_record r = test_record("erp", 1);
    int64_t token = take_lock(f, f->s, "erp"), version = 0;
    must(dr_store_cas(f->s, &r, 0, token, &version, err));
    must(dr_store_unlock(f->s, "erp", token, err));
    fails(DRSTOR_E_REFUSED, "R092", "the lock of group erp is lost",
          dr_store_cas(f->s, &r, version, token, &version, err));

    int64_t next = take_lock(f, f->s, "erp");
    assert_true(next > token);
    fails(DRSTOR_E_REFUSED, NULL, NULL, dr_store_cas(f->s, &r, version, token, &version, err));
    fails(DRSTOR_E_REFUSED, NULL, NULL, dr_store_guard(f->s, "erp", token, err));
    must(dr_store_guard(f->s, "erp", next, err));
    must(dr_store_cas(f->s, &r, version, next, &version, err));
    r.epoch = 0;
    fails(DRSTOR_E_REFUSED, NULL, NULL, dr_store_cas(f->s, &r, version, next, &version, err));
}

static void
a_transaction_is_written_whole_or_not_at_all(void **state)
{
    struct fixture *f = *state;
    const char *erp = "erp";
    struct dr_record r = test_record("erp", 1), back;
    struct dr_run_row run = test_run("r-1", &erp);
    struct dr_step_row step = {.run = "r-1", .id = "s1", .state = "intent"}, *steps;
    struct dr_audit audit = test_audit("intent", 1);
    struct dr_audit_head head;
    int64_t token = take_lock(f, f->s, "erp"), version = 0;
    size_t n;
    must(dr_store_run_new(f->s, &run, err));

    must(dr_store_begin(f->s, err));
    must(dr_store_cas(f->s, &r, 0, token, &version, err));
    must(dr_store_step_put(f->s, &step, err));
    must(dr_store_audit(f->s, &audit, &head, err));
    must(dr_store_load(f->s, f->a, "erp", &back, &version, err)); /* its own writes are seen */
    dr_store_rollback(f->s);
    fails(DRSTOR_E_NOTFOUND, NULL, NULL, dr_store_load(f->s, f->a, "erp", &back, &version, err));
    must(dr_store_step_list(f->s, f->a, "r-1", &steps, &n, err));
    assert_int_equal(n, 0);
    must(dr_store_audit_head(f->s, &head, err));
    assert_int_equal(head.seq, 0);

    must(dr_store_begin(f->s, err));
    fails(DRSTOR_E_INVALID, NULL, NULL, dr_store_begin(f->s, err));
    must(dr_store_cas(f->s, &r, 0, token, &version, err));
    must(dr_store_step_put(f->s, &step, err));
    must(dr_store_audit(f->s, &audit, &head, err));
    must(dr_store_commit(f->s, err));
    fixture_reopen(f);
    must(dr_store_load(f->s, f->a, "erp", &back, &version, err));
    must(dr_store_step_list(f->s, f->a, "r-1", &steps, &n, err));
    assert_int_equal(n, 1);
    must(dr_store_audit_head(f->s, &head, err));
    assert_int_equal(head.seq, 1);
    fails(DRSTOR_E_INVALID, NULL, NULL, dr_store_commit(f->s, err));
}

static void
a_forgotten_failure_inside_a_transaction_undoes_it(void **state)
{
    struct fixture *f = *state;
    struct dr_record r = test_record("erp", 1), back;
    struct dr_audit audit = test_audit("intent", 1);
    struct dr_audit_head head;
    int64_t token = take_lock(f, f->s, "erp"), version = 0;
    must(dr_store_cas(f->s, &r, 0, token, &version, err));

    must(dr_store_begin(f->s, err));
    must(dr_store_audit(f->s, &audit, &head, err));
    fails(DRSTOR_E_CONFLICT, NULL, NULL, dr_store_cas(f->s, &r, 7, token, &version, err));
    fails(DRSTOR_E_CONFLICT, NULL, NULL, dr_store_commit(f->s, err));
    must(dr_store_audit_head(f->s, &head, err));
    assert_int_equal(head.seq, 0);

    must(dr_store_begin(f->s, err));
    must(dr_store_audit(f->s, &audit, &head, err));
    fails(DRSTOR_E_REFUSED, NULL, NULL, dr_store_guard(f->s, "erp", token + 1, err));
    fails(DRSTOR_E_REFUSED, NULL, NULL, dr_store_commit(f->s, err));
    must(dr_store_load(f->s, f->a, "erp", &back, &version, err));
    assert_int_equal(version, 1);
}

static void
the_holder_is_named_and_outlived(void **state)
{
    struct fixture *f = *state;
    struct dr_store *other = fixture_other(f, DR_STORE_WRITE);
    struct dr_lock lock;
    struct dr_owner owner;
    must(dr_store_lock(f->s, f->a, "erp", &test_actor, "r-1", "promote", 0, NULL, &lock, err));
    assert_false(lock.owner_died);
    assert_null(lock.before.group);
    int64_t first = lock.token;

    fails(DRSTOR_E_BUSY, NULL,
          "group erp is locked by run r-1 (promote) of anna at rome-1, process 4711",
          dr_store_lock(other, f->a, "erp", &test_actor, "r-2", "promote", 0, NULL, &lock, err));
    must(dr_store_owner(other, f->a, "erp", &owner, err));
    assert_true(owner.held);
    assert_false(owner.released);
    assert_int_equal(owner.token, first);
    (void)take_lock(f, other, "crm"); /* another group is free */

    if (f->sqlite) {
        dr_store_closep(&f->s); /* without unlocking */
        f->s = fixture_other(f, DR_STORE_WRITE);
    } else {
        must(dr_store_begin(f->s, err)); /* and dies inside a transaction */
        dr_store_memory_kill(f->s);
        fails(DRSTOR_E_INTERNAL, NULL, NULL, dr_store_owner(f->s, f->a, "erp", &owner, err));
    }
    must(dr_store_lock(other, f->a, "erp", &test_actor, "r-2", "promote", 0, NULL, &lock, err));
    assert_true(lock.owner_died);
    assert_true(lock.token > first);
    assert_int_equal(lock.before.token, first);
    assert_string_equal(lock.before.run, "r-1");
    assert_true(lock.before.seen.boot_ns > 0);
    must(dr_store_unlock(other, "erp", lock.token, err));
    must(dr_store_lock(other, f->a, "erp", &test_actor, "r-3", "promote", 0, NULL, &lock, err));
    assert_false(lock.owner_died);
    fails(DRSTOR_E_NOTFOUND, NULL, NULL, dr_store_unlock(other, "erp", first, err));
    fails(DRSTOR_E_BUSY, NULL, NULL,
          dr_store_lock(other, f->a, "erp", &test_actor, "r-4", "promote", 0, NULL, &lock, err));
    dr_store_close(other);
}

static void
names_that_are_no_names_are_refused(void **state)
{
    struct fixture *f = *state;
    static const char *const bad[] = {"",   ".",       "..",  "../x", "a/b",
                                      "-x", ".create", "a b", "a..b", "a\n"};
    struct dr_lock lock;
    struct dr_record r = test_record("erp", 1);
    int64_t v;
    for (size_t i = 0; i < DR_COUNT(bad); i++) {
        fails(DRSTOR_E_INVALID, NULL, NULL,
              dr_store_lock(f->s, f->a, bad[i], &test_actor, "r", "v", 0, NULL, &lock, err));
        r.group = bad[i];
        fails(DRSTOR_E_INVALID, NULL, NULL, dr_store_cas(f->s, &r, 0, 1, &v, err));
    }
}

static void
runs_are_listed_newest_first_and_found_while_open(void **state)
{
    struct fixture *f = *state;
    const char *erp = "erp", *crm = "crm";
    struct dr_run_row a = test_run("r-z", &erp), b = test_run("r-a", &crm), *runs, back;
    size_t n;
    b.started++;
    must(dr_store_run_new(f->s, &a, err));
    must(dr_store_run_new(f->s, &b, err));
    fails(DRSTOR_E_CONFLICT, NULL, NULL, dr_store_run_new(f->s, &b, err));
    must(dr_store_run_list(f->s, f->a, 10, &runs, &n, err));
    assert_int_equal(n, 2);
    assert_string_equal(runs[0].id, "r-a");
    must(dr_store_run_list(f->s, f->a, 1, &runs, &n, err));
    assert_int_equal(n, 1);

    must(dr_store_run_open(f->s, f->a, "erp", &runs, &n, err));
    assert_int_equal(n, 1);
    assert_string_equal(runs[0].id, "r-z");
    must(dr_store_run_open(f->s, f->a, NULL, &runs, &n, err));
    assert_int_equal(n, 2);
    must(dr_store_run_update(f->s, "r-z", DR_RUN_DONE, "{\"exit\":0}", 1700000100, err));
    must(dr_store_run_open(f->s, f->a, "erp", &runs, &n, err));
    assert_int_equal(n, 0);
    fixture_reopen(f);
    must(dr_store_run_load(f->s, f->a, "r-z", &back, err));
    assert_int_equal(back.state, DR_RUN_DONE);
    assert_int_equal(back.ended, 1700000100);
    assert_string_equal(back.goal, "{\"to\":\"rome\"}");
    assert_string_equal(back.plan, "{\"steps\":[1,2]}");
    assert_null(back.consent);
    assert_string_equal(back.result, "{\"exit\":0}");
    assert_int_equal(back.n_groups, 1);
    fails(DRSTOR_E_NOTFOUND, NULL, NULL, dr_store_run_load(f->s, f->a, "r-0", &back, err));
    fails(DRSTOR_E_NOTFOUND, NULL, NULL,
          dr_store_run_update(f->s, "r-0", DR_RUN_DONE, NULL, -1, err));
    fails(DRSTOR_E_INVALID, NULL, NULL,
          dr_store_run_update(f->s, "r-a", DR_RUN_DONE, "{", -1, err));
    must(dr_store_run_load(f->s, f->a, "r-a", &back, err));
    assert_int_equal(back.state, DR_RUN_RUNNING);
}

static void
steps_keep_the_order_they_came_in(void **state)
{
    struct fixture *f = *state;
    const char *erp = "erp";
    struct dr_run_row run = test_run("r-1", &erp);
    struct dr_step_row step = {
        .run = "r-1", .state = "intent", .intent = "{\"call\":\"set_access\"}"};
    struct dr_step_row *steps;
    size_t n;
    must(dr_store_run_new(f->s, &run, err));
    for (int i = 12; i > 0; i--) {
        step.id = dr_arena_printf(f->a, "s%d", i);
        must(dr_store_step_put(f->s, &step, err));
    }
    step.id = "s12";
    step.state = "done";
    step.job = "job-7";
    step.attempt = 2;
    step.answer = "{\"outcome\":\"done\"}";
    must(dr_store_step_put(f->s, &step, err));
    must(dr_store_step_list(f->s, f->a, "r-1", &steps, &n, err));
    assert_int_equal(n, 12);
    assert_string_equal(steps[0].id, "s12");
    assert_string_equal(steps[11].id, "s1");
    assert_string_equal(steps[0].job, "job-7");
    assert_string_equal(steps[0].intent, "{\"call\":\"set_access\"}");
    assert_string_equal(steps[0].answer, "{\"outcome\":\"done\"}");
    assert_null(steps[1].answer);
    step.run = "r-2";
    fails(DRSTOR_E_NOTFOUND, NULL, NULL, dr_store_step_put(f->s, &step, err));
    step.run = "r-1";
    step.intent = "not json";
    fails(DRSTOR_E_INVALID, NULL, NULL, dr_store_step_put(f->s, &step, err));
}

static void
events_are_numbered_per_run(void **state)
{
    struct fixture *f = *state;
    const char *erp = "erp";
    struct dr_run_row a = test_run("r-1", &erp), b = test_run("r-2", &erp);
    struct dr_event_row e = {.run = "r-1", .time = 1700000000, .step = "s1", .state = "running"},
                        *events;
    int64_t seq = 0;
    size_t n;
    must(dr_store_run_new(f->s, &a, err));
    must(dr_store_run_new(f->s, &b, err));
    for (int i = 1; i <= 12; i++) {
        e.run = "r-1";
        e.text = dr_arena_printf(f->a, "event %d", i);
        must(dr_store_event(f->s, &e, &seq, err));
        assert_int_equal(seq, i);
        e.run = "r-2";
        must(dr_store_event(f->s, &e, NULL, err));
    }
    struct dr_store *watcher = fixture_other(f, DR_STORE_READ);
    must(dr_store_event_list(watcher, f->a, "r-1", 9, 100, &events, &n, err));
    assert_int_equal(n, 3);
    assert_int_equal(events[0].seq, 10);
    assert_string_equal(events[2].text, "event 12");
    must(dr_store_event_list(watcher, f->a, "r-1", 0, 5, &events, &n, err));
    assert_int_equal(n, 5);
    fails(DRSTOR_E_UNSUPPORTED, NULL, NULL, dr_store_event(watcher, &e, &seq, err));
    dr_store_close(watcher);
}

static int
count_lines(void *user, int64_t seq, const char *line)
{
    int64_t *n = user;
    assert_int_equal(seq, ++*n);
    assert_non_null(strstr(line, "\"prev\":"));
    return 0;
}

static void
the_audit_chain_holds(void **state)
{
    struct fixture *f = *state;
    struct dr_audit_head head = {0};
    struct dr_audit_verdict v;
    int64_t n = 0;
    must(dr_store_audit_verify(f->s, &v, err));
    assert_int_equal(v.lines, 0);
    for (int i = 0; i < 300; i++) {
        struct dr_audit e = test_audit(i % 2 ? "promote outcome" : "promote intent", i);
        must(dr_store_audit(f->s, &e, &head, err));
    }
    assert_int_equal(head.seq, 300);
    must(dr_store_audit_walk(f->s, 0, count_lines, &n, err));
    assert_int_equal(n, 300);
    must(dr_store_audit_verify(f->s, &v, err));
    assert_int_equal(v.lines, 300);
    assert_int_equal(v.bad, 0);
    assert_string_equal(v.head.hash, head.hash);
}

static int
keep_line(void *user, const char *line)
{
    struct dr_str *all = user;
    struct json_object *o = NULL;
    must(dr_json_parse(line, strlen(line), &dr_json_small, &o, err));
    (void)json_object_put(o);
    dr_str_printf(all, "%s\n", line);
    return 0;
}

static void
an_export_holds_everything_as_json_lines(void **state)
{
    struct fixture *f = *state;
    const char *erp = "erp";
    struct dr_run_row run = test_run("r-1", &erp);
    struct dr_record r = test_record("erp", 1);
    struct dr_audit audit = test_audit("adopt", 1);
    int64_t token = take_lock(f, f->s, "erp"), version = 0;
    must(dr_store_cas(f->s, &r, 0, token, &version, err));
    must(dr_store_run_new(f->s, &run, err));
    for (int i = 0; i < 100; i++)
        must(dr_store_audit(f->s, &audit, NULL, err));
    struct dr_str all = {0};
    must(dr_store_export(f->s, keep_line, &all, err));
    size_t lines = 0;
    for (const char *c = all.s; *c; c++)
        lines += *c == '\n';
    assert_int_equal(lines, 1 + 1 + 3 + 1 + 2 + 1 + 1 + 100 + 1);
    assert_non_null(strstr(all.s, "{\"table\":\"record\",\"id\":\"erp\",\"value\":{\"schema\""));
    assert_non_null(strstr(all.s, "\"sub\":\"plan\",\"value\":{\"steps\":[1,2]},\"crc\":\""));
    dr_str_freep(&all);
}

struct adder {
    struct fixture *f;
    int errors;
};

static void *
add_lines(void *p)
{
    struct adder *me = p;
    struct dr_audit e = test_audit("thread", 1);
    for (int i = 0; i < 20; i++) {
        me->errors += dr_store_begin(me->f->s, NULL) != DRSTOR_OK;
        me->errors += dr_store_audit(me->f->s, &e, NULL, NULL) != DRSTOR_OK;
        me->errors += dr_store_audit(me->f->s, &e, NULL, NULL) != DRSTOR_OK;
        me->errors += dr_store_commit(me->f->s, NULL) != DRSTOR_OK;
        struct dr_audit_head head;
        me->errors += dr_store_audit_head(me->f->s, &head, NULL) != DRSTOR_OK || head.seq % 2;
    }
    return NULL;
}

static void
threads_take_turns(void **state)
{
    struct fixture *f = *state;
    struct adder adders[4];
    pthread_t threads[4];
    for (size_t i = 0; i < 4; i++) {
        adders[i] = (struct adder){.f = f};
        assert_int_equal(pthread_create(&threads[i], NULL, add_lines, &adders[i]), 0);
    }
    for (size_t i = 0; i < 4; i++) {
        assert_int_equal(pthread_join(threads[i], NULL), 0);
        assert_int_equal(adders[i].errors, 0);
    }
    struct dr_audit_verdict v;
    must(dr_store_audit_verify(f->s, &v, err));
    assert_int_equal(v.lines, 160);
}

static void
a_waiting_lock_is_had_when_it_is_free(void **state)
{
    struct fixture *f = *state;
    struct dr_store *other = fixture_other(f, DR_STORE_WRITE);
    struct dr_cancel cancel = {true};
    struct dr_lock lock;
    int64_t token = take_lock(f, f->s, "erp");
    fails(DRSTOR_E_CANCELLED, NULL, NULL,
          dr_store_lock(other, f->a, "erp", &test_actor, "r-2", "promote", UINT64_MAX, &cancel,
                        &lock, err));
    must(dr_store_unlock(f->s, "erp", token, err));
    must(dr_store_lock(other, f->a, "erp", &test_actor, "r-2", "promote", UINT64_MAX, NULL, &lock,
                       err));
    assert_false(lock.owner_died);
    dr_store_close(other);
}

struct controller {
    struct fixture *f;
    struct dr_env *env;
    struct dr_store *s;
    int turns, deaths;
};

/* Locks, flips and unlocks; the first one dies in the middle of its third turn. */
static void
control(void *arg)
{
    struct controller *c = arg;
    for (int i = 0; i < 10; i++) {
        dr_auto(dr_arena_freep) struct dr_arena *a = dr_arena_new();
        struct dr_record r = {0};
        struct dr_lock lock;
        int64_t version = 0;
        must(dr_store_lock(c->s, a, "erp", &test_actor, "r", "promote", UINT64_MAX, NULL, &lock,
                           err));
        c->deaths += lock.owner_died;
        if (dr_store_load(c->s, a, "erp", &r, &version, NULL) < 0)
            r = test_record("erp", 0);
        r.epoch++;
        (void)dr_sleep_until(c->env, dr_now_ns(c->env) + 60 * DR_S, NULL);
        if (c->turns == 2 && c->f) {
            dr_store_memory_kill(c->s);
            return;
        }
        must(dr_store_cas(c->s, &r, version, lock.token, &version, err));
        must(dr_store_unlock(c->s, "erp", lock.token, err));
        c->turns++;
        (void)dr_sleep_until(c->env, dr_now_ns(c->env) + DR_S, NULL);
    }
}

static void
spawn_both(void *arg)
{
    struct controller *c = arg;
    dr_spawn(c[0].env, control, &c[0]);
    dr_spawn(c[1].env, control, &c[1]);
}

static void
controllers_take_turns_under_a_virtual_clock(void **state)
{
    struct fixture *f = *state;
    struct dr_env *env = dr_env_virtual_new(3600 * DR_S, 1700000000);
    struct controller c[2] = {
        {.f = f, .env = env, .s = dr_store_memory(env, f->world, DR_STORE_WRITE)},
        {.env = env, .s = dr_store_memory(env, f->world, DR_STORE_WRITE)}};
    struct dr_record r;
    struct dr_owner owner;
    int64_t version = 0;
    dr_env_virtual_run(env, spawn_both, c);
    must(dr_store_load(f->s, f->a, "erp", &r, &version, err));
    assert_int_equal(c[0].turns, 2);
    assert_int_equal(c[1].turns, 10);
    assert_int_equal(c[0].deaths, 0);
    assert_int_equal(c[1].deaths, 1);
    assert_int_equal(r.epoch, 12);
    must(dr_store_owner(f->s, f->a, "erp", &owner, err));
    assert_false(owner.held);
    assert_true(owner.seen.boot_ns - owner.since.boot_ns >= 60 * (int64_t)DR_S);
    dr_store_close(c[0].s);
    dr_store_close(c[1].s);
    dr_env_virtual_free(env);
}

/* The second of two persons, in time, with the very same plan; and only once. */
static void
a_consent_takes_two_persons(void **state)
{
    struct fixture *f = *state;
    const struct dr_actor anna = {.uid = 1001, .user = "anna", .host = "ops1"},
                          bob = {.uid = 1002, .user = "bob", .host = "ops2"};
    struct dr_asked other;
    bool found = true;
    must(dr_store_consent(f->s, f->a, "p1", &anna, "promote", 600, &other, &found, err));
    assert_false(found);
    must(dr_store_consent(f->s, f->a, "p1", &anna, "promote", 600, &other, &found, err));
    assert_false(found); /* the same person twice is one */
    must(dr_store_consent(f->s, f->a, "p2", &bob, "promote", 600, &other, &found, err));
    assert_false(found); /* another plan */
    must(dr_store_consent(f->s, f->a, "p1", &bob, "promote", 600, &other, &found, err));
    assert_true(found);
    assert_int_equal(other.who.uid, 1001);
    assert_string_equal(other.text, "promote");
    must(dr_store_consent(f->s, f->a, "p1", &bob, "promote", 600, &other, &found, err));
    assert_false(found); /* for one attempt */
    must(dr_store_consent(f->s, f->a, "p1", &anna, "promote", -1, &other, &found, err));
    assert_false(found); /* too old */
    fails(DRSTOR_E_INVALID, NULL, NULL,
          dr_store_consent(f->s, f->a, "../p", &anna, "x", 600, &other, &found, err));
}

#define BOTH(t)                                                                                    \
    {#t " (sqlite)", t, fixture_sqlite, fixture_end, NULL},                                        \
    {                                                                                              \
#t " (memory)", t, fixture_memory, fixture_end, NULL                                       \
    }

int
main(void)
{
    const struct CMUnitTest tests[] = {
        BOTH(a_record_is_read_back_as_it_was_written),
        BOTH(a_stale_version_changes_nothing),
        BOTH(a_lost_lock_changes_nothing),
        BOTH(a_transaction_is_written_whole_or_not_at_all),
        BOTH(a_forgotten_failure_inside_a_transaction_undoes_it),
        BOTH(the_holder_is_named_and_outlived),
        BOTH(names_that_are_no_names_are_refused),
        BOTH(runs_are_listed_newest_first_and_found_while_open),
        BOTH(steps_keep_the_order_they_came_in),
        BOTH(events_are_numbered_per_run),
        BOTH(the_audit_chain_holds),
        BOTH(a_consent_takes_two_persons),
        BOTH(an_export_holds_everything_as_json_lines),
        BOTH(threads_take_turns),
        BOTH(a_waiting_lock_is_had_when_it_is_free),
        {"controllers_take_turns_under_a_virtual_clock",
         controllers_take_turns_under_a_virtual_clock, fixture_memory, fixture_end, NULL},
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
