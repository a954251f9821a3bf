/* A controller is killed while it writes, again and again, on one and the same database. */
#include "support/store_history.h"

#include <signal.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { KILLS = 200 };

static void
tell(int64_t epoch, void *user)
{
    (void)!write(*(int *)user, &epoch, sizeof(epoch));
}

/* Answers the last epoch that was acknowledged before the kill; -1: none. */
static int64_t
write_until_killed(struct fixture *f, long after_us)
{
    int tube[2];
    assert_int_equal(pipe(tube), 0);
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        struct dr_store *s = NULL;
        (void)close(tube[0]);
        if (dr_store_open(f->env, f->path, DR_STORE_WRITE, &s, NULL) == 0) {
            int64_t ready = -1;
            tell(ready, &tube[1]);
            (void)history_write(f, s, INT64_MAX, tell, &tube[1], NULL);
        }
        _exit(1); /* never in order */
    }
    (void)close(tube[1]);
    int64_t last = -1, epoch;
    assert_int_equal(read(tube[0], &epoch, sizeof(epoch)), sizeof(epoch)); /* it is at work */
    (void)nanosleep(&(struct timespec){.tv_nsec = after_us * 1000}, NULL);
    assert_int_equal(kill(pid, SIGKILL), 0);
    int status;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFSIGNALED(status));
    while (read(tube[0], &epoch, sizeof(epoch)) == sizeof(epoch))
        last = epoch;
    (void)close(tube[0]);
    return last;
}

static void
no_kill_leaves_a_half_transaction(void **state)
{
    struct fixture *f = *state;
    uint64_t seed = 0x9E3779B97F4A7C15u;
    int64_t epoch = 0;
    int good = 0, hot = 0;
    dr_store_closep(&f->s); /* each controller opens it anew */
    for (int i = 0; i < KILLS; i++) {
        seed ^= seed << 13, seed ^= seed >> 7, seed ^= seed << 17;
        int64_t acknowledged = write_until_killed(f, (long)(seed % 12000));
        if (acknowledged < epoch)
            acknowledged = epoch;
        struct stat st;
        char journal[128];
        (void)snprintf(journal, sizeof(journal), "%s-journal", f->path);
        hot += stat(journal, &st) == 0 && st.st_size > 0;
        epoch = history_check(f);
        /* What was acknowledged is there; one more may be: its answer was still on the way. */
        assert_in_range(epoch, acknowledged, acknowledged + 1);
        good++;
    }
    printf("figure store_kill %d of %d\n", good, KILLS);
    printf("figure store_kill_in_a_commit %d of %d\n", hot, KILLS);
    assert_true(epoch > 0);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(no_kill_leaves_a_half_transaction, fixture_sqlite,
                                        fixture_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
