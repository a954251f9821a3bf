/* The storage host's side: what it takes for a line, and that one change at a time acts, of nobody
 * who was overtaken, whoever dies in between. */
#include "shim.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

/* Of volume 0 of r0 between site-a and site-b. */
#define SERIAL_R0_0 "71479e399dfa3e8db1d2e2952"
#define COUNT(list) (sizeof(list) / sizeof(*(list)))

static void
file_write(const char *path, const char *text, mode_t mode)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
    (void)close(fd);
}

static char *
file_read(const char *path)
{
    struct text t = {0};
    char buffer[4096];
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    for (ssize_t n; fd >= 0 && (n = read(fd, buffer, sizeof(buffer))) > 0;)
        text_addn(&t, buffer, (size_t)n);
    if (fd >= 0)
        (void)close(fd);
    text_add(&t, "");
    return t.s;
}

/* For worlds that count: what a change asks to know what became of it is not counted. */
#define READS_SAY_NOTHING "case $1 in --version|dump-xml|role|get-gi) exit 0;; esac; "

/* drbdadm of this world: writes down what it was asked, and does as its name in the world says. */
static void
world_new(const char *drbdadm)
{
    char *command = text_format("rm -rf %s && mkdir -p %s/bin", WORLD, WORLD);
    assert_int_equal(system(command), 0);
    free(command);
    char *script = text_format("#!/bin/sh\nW=%s\n%s\n", WORLD, drbdadm);
    file_write(WORLD "/bin/drbdadm", script, 0755);
    free(script);
}

/* Begins the shim with LINE; RET_OUT: its standard output, -1: nobody listens. */
static pid_t
begin(const char *line, int *ret_out)
{
    int p[2];
    assert_int_equal(pipe2(p, O_CLOEXEC), 0);
    pid_t pid = fork();
    if (pid == 0) {
        (void)setenv("SSH_ORIGINAL_COMMAND", line, 1);
        (void)dup2(p[1], STDOUT_FILENO);
        (void)execl(SHIM, SHIM, NULL);
        _exit(126);
    }
    (void)close(p[1]);
    *ret_out = p[0];
    return pid;
}

static char *
hear(int out)
{
    struct text t = {0};
    char buffer[4096];
    for (ssize_t n; (n = read(out, buffer, sizeof(buffer))) > 0;)
        text_addn(&t, buffer, (size_t)n);
    (void)close(out);
    text_add(&t, "");
    return t.s;
}

static char *
ask(const char *line)
{
    int out, status = 0;
    pid_t pid = begin(line, &out);
    char *said = hear(out);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    size_t n = strlen(said);
    assert_true(n > 3 && text_same(said + n - 2, ".\n"));
    return said;
}

static void
answers(const char *line, const char *begins)
{
    char *said = ask(line);
    if (strncmp(said, begins, strlen(begins)) != 0)
        fail_msg("\"%s\" is answered with: %s", line, said);
    free(said);
}

static void
wait_for_file(const char *path)
{
    while (access(path, F_OK) != 0)
        (void)poll(NULL, 0, 5);
}

static bool
lock_is_free(void)
{
    int fd = open(WORLD "/state/r0.lock", O_RDWR | O_CLOEXEC);
    bool held = fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) < 0;
    if (fd >= 0)
        (void)close(fd);
    return !held;
}

static void
only_lines_of_the_page_are_taken(void **state)
{
    static const char *const good[] = {
        "drstor/1 list",
        "drstor/1 report r0",
        "drstor/1 report r0 r1 erp-db.2",
        "drstor/1 probe r2 0 1",
        "drstor/1 change 1 2 30000 run/step r0 primary",
        "drstor/1 change 18446744073709551615 0 0 x r0 secondary",
        "drstor/1 change 1 1 1 x r0 clone drill_7 iqn.2026-01.example.drstor:site-b",
        "drstor/1 change 1 1 1 x r0 withdraw",
        "drstor/1 change 1 1 1 x r0 two-primaries no",
        "drstor/1 change 1 1 1 x r2 probe-write 0 a-name",
    };
    static const char *const bad[] = {
        "",
        " ",
        "drstor/1",
        "drstor/2 list",
        "drstor/1  list",
        "drstor/1 list ",
        " drstor/1 list",
        "drstor/1 list r0",
        "drstor/1 report",
        "drstor/1 report -r0",
        "drstor/1 report r0;reboot",
        "drstor/1 report $(reboot)",
        "drstor/1 report `reboot`",
        "drstor/1 report r0\nreboot",
        "drstor/1 report 'r0'",
        "drstor/1 report \"r0\"",
        "drstor/1 report r0|sh",
        "drstor/1 report r0&",
        "drstor/1 report r0>x",
        "drstor/1 report *",
        "drstor/1 report ~",
        "drstor/1 report \\r0",
        "drstor/1 report r\303\2440",
        "drstor/1 report a/b",
        "drstor/1 report ..",
        "drstor/1 report a..b",
        "drstor/1 report .r0",
        "drstor/1 report r0123456789012345678901234567890123456789012345678901234567890123456789",
        "drstor/1 probe r2 0 2",
        "drstor/1 probe r2 65 0",
        "drstor/1 probe r2 0",
        "drstor/1 change 1 2 30000 op r0",
        "drstor/1 change 1 2 30000 op r0 destroy",
        "drstor/1 change 1 2 30000 op r0 primary now",
        "drstor/1 change -1 2 30000 op r0 primary",
        "drstor/1 change 01 2 30000 op r0 primary",
        "drstor/1 change 1.5 2 30000 op r0 primary",
        "drstor/1 change 0x1 2 30000 op r0 primary",
        "drstor/1 change 18446744073709551616 2 30000 op r0 primary",
        "drstor/1 change 1 2 600001 op r0 primary",
        "drstor/1 change 1 2 1 op r/0 primary",
        "drstor/1 change 1 2 1 op r0 expose",
        "drstor/1 change 1 2 1 op r0 snapshot",
        "drstor/1 change 1 2 1 op r0 snapshot a b",
        "drstor/1 change 1 2 1 op r0 snapshot a/b",
        "drstor/1 change 1 2 1 op r0 two-primaries perhaps",
    };
    struct line l;
    size_t n = 0;
    (void)state;
    for (size_t i = 0; i < COUNT(good); i++, n++)
        if (line_read(good[i], &l))
            fail_msg("\"%s\": %s", good[i], line_read(good[i], &l));
    for (size_t i = 0; i < COUNT(bad); i++, n++)
        if (!line_read(bad[i], &l))
            fail_msg("\"%s\" was taken", bad[i]);
    char *many = memory_of(40000);
    for (size_t i = 0; i < 300; i++)
        (void)strcat(many, i ? " r0" : "drstor/1 report");
    assert_non_null(line_read(many, &l));
    memset(many, 'a', 39999);
    assert_non_null(line_read(many, &l));
    free(many);
    assert_null(line_read("drstor/1 change 7 9 30000 op-1 r0 clone d1 iqn.a iqn.b", &l));
    assert_true(l.kind == LINE_CHANGE && l.token == 7 && l.epoch == 9 && l.budget_ms == 30000);
    assert_true(text_same(l.op, "op-1") && text_same(l.res[0], "r0") && text_same(l.verb, "clone"));
    assert_true(l.n_args == 3 && text_same(l.args[2], "iqn.b"));
    (void)printf("figure shim_lines %zu of %zu\n", n, COUNT(good) + COUNT(bad));
}

static const char xml[] =
    "<resource name=\"r0\" conf-file-line=\"/etc/drbd.d/r0.res:1\">\n"
    "    <host name=\"site-b\">\n        <volume vnr=\"0\">\n            <device minor=\"7\">"
    "/dev/drbd7</device>\n            <disk>/dev/vg1/b0</disk>\n"
    "            <meta-disk>internal</meta-disk>\n        </volume>\n"
    "        <address family=\"ipv4\" port=\"7788\">10.77.0.2</address>\n    </host>\n"
    "    <host name=\"site-a\">\n        <volume vnr=\"0\">\n            <device minor=\"0\">"
    "</device>\n            <disk>/dev/vg0/r0v0</disk>\n"
    "            <meta-disk>internal</meta-disk>\n        </volume>\n"
    "        <volume vnr=\"5\">\n            <device minor=\"1\"></device>\n"
    "            <disk>/dev/vg0/r0v1</disk>\n            <meta-disk>internal</meta-disk>\n"
    "        </volume>\n        <address family=\"ipv4\" port=\"7788\">10.77.0.1</address>\n"
    "    </host>\n    <section name=\"net\">\n        <option name=\"protocol\" value=\"C\"/>\n"
    "    </section>\n</resource>\n";

static void
the_configuration_is_read_for_this_host_alone(void **state)
{
    struct resource r = {.name = "r0"};
    (void)state;
    assert_true(resource_parse(xml, "site-a", &r));
    assert_int_equal(r.n, 2);
    assert_string_equal(r.volumes[0].disk, "/dev/vg0/r0v0");
    assert_string_equal(r.volumes[0].device, "/dev/drbd0");
    assert_true(r.volumes[1].vol == 5 && r.volumes[1].minor == 1);
    assert_string_equal(r.hosts[0], "site-a");
    assert_string_equal(r.hosts[1], "site-b");
    assert_int_equal(r.slot, 0);
    assert_true(resource_parse(xml, "site-b", &r));
    assert_true(r.n == 1 && r.slot == 1);
    assert_string_equal(r.volumes[0].disk, "/dev/vg1/b0");
    assert_false(resource_parse(xml, "site-c", &r));
    assert_false(resource_parse("", "site-a", &r));
    /* Cut anywhere it is never more than what is whole in it. */
    for (size_t n = 0; n < sizeof(xml); n++) {
        char *cut = text_format("%.*s", (int)n, xml);
        bool whole = resource_parse(cut, "site-a", &r);
        assert_true(!whole || r.n == 2);
        free(cut);
    }
}

static void
serials_are_of_resource_volume_and_hosts(void **state)
{
    struct resource a = {.name = "r0"}, b = {.name = "r0"};
    char one[26], other[26], clone[26];
    uint64_t end = now_ms() + 60000;
    (void)state;
    assert_true(resource_parse(xml, "site-a", &a) && resource_parse(xml, "site-b", &b));
    assert_true(volume_serial(&a, &a.volumes[0], NULL, end, one));
    assert_true(volume_serial(&b, &b.volumes[0], NULL, end, other));
    assert_string_equal(one, other);
    assert_true(strlen(one) == 25 && strspn(one, "0123456789abcdef") == 25);
    /* printf %s drstor:r0:0:site-a:site-b | sha256sum */
    assert_string_equal(one, SERIAL_R0_0);
    assert_true(volume_serial(&a, &a.volumes[1], NULL, end, other));
    assert_string_not_equal(one, other);
    assert_true(volume_serial(&a, &a.volumes[0], "drill", end, clone));
    assert_string_not_equal(one, clone);
}

static void
nothing_is_done_for_who_was_overtaken(void **state)
{
    (void)state;
    world_new(READS_SAY_NOTHING "echo \"$@\" >> $W/log");
    answers("drstor/1 change 5 2 60000 a r0 primary", "drstor/1 done\n");
    char *said = ask("drstor/1 change 5 2 60000 a r0 primary");
    const char *report = strstr(said, "\n@report 0 0 0\n\n@shim 0 ");
    assert_non_null(report);
    assert_non_null(strstr(report, "\ntoken=5\nepoch=2\nop=a\nbusy=0\n"));
    free(said);
    answers("drstor/1 change 4 2 60000 b r0 primary", "drstor/1 stale 5 2\n");
    answers("drstor/1 change 6 1 60000 b r0 primary", "drstor/1 stale 5 2\n");
    answers("drstor/1 change 5 2 60000 c r0 secondary", "drstor/1 done\n");
    answers("drstor/1 change 5 3 60000 d r0 tag", "drstor/1 done\n");
    answers("drstor/1 change 5 2 60000 c r0 secondary", "drstor/1 stale 5 3\n");
    answers("drstor/1 change 4 1 60000 e r1 primary", "drstor/1 done\n"); /* another resource */
    char *log = file_read(WORLD "/log");
    assert_string_equal(log, "primary r0\nprimary r0\nsecondary r0\nprimary r1\n");
    free(log);
    struct stat st;
    assert_int_equal(stat(WORLD "/state/r0.state", &st), 0);
    assert_int_equal(st.st_mode & 077, 0);
}

static void
what_is_kept_is_not_guessed_when_it_is_damaged(void **state)
{
    static const char *const damaged[] = {"", "token=5\nepoch=1\n", "token=5\nepoch=x\nop=a\nend\n",
                                          "epoch=1\nop=a\nend\n", "token=5\nepoch=1\nop=a\nen"};
    (void)state;
    world_new(READS_SAY_NOTHING "echo \"$@\" >> $W/log");
    assert_int_equal(mkdir(WORLD "/state", 0700), 0);
    for (size_t i = 0; i < COUNT(damaged); i++) {
        file_write(WORLD "/state/r0.state", damaged[i], 0600);
        answers("drstor/1 change 9 9 60000 a r0 primary", "drstor/1 failed nothing was done");
    }
    assert_int_not_equal(access(WORLD "/log", F_OK), 0);
}

static void
one_change_at_a_time(void **state)
{
    int out;
    (void)state;
    world_new(
        READS_SAY_NOTHING
        "echo begun > $W/begun; while [ ! -e $W/go ]; do sleep 0.01; done; echo \"$1\" >> $W/log");
    pid_t first = begin("drstor/1 change 1 1 60000 a r0 primary", &out);
    wait_for_file(WORLD "/begun");
    answers("drstor/1 change 2 1 100 b r0 secondary", "drstor/1 busy");
    file_write(WORLD "/go", "", 0600);
    char *said = hear(out);
    assert_int_equal(strncmp(said, "drstor/1 done\n@drbdadm primary r0 0 0 0\n", 40), 0);
    free(said);
    assert_int_equal(waitpid(first, NULL, 0), first);
    answers("drstor/1 change 2 1 60000 b r0 secondary", "drstor/1 done");
    char *log = file_read(WORLD "/log");
    assert_string_equal(log, "primary\nsecondary\n");
    free(log);
}

static void
who_waits_learns_that_it_was_overtaken_meanwhile(void **state)
{
    int out, late;
    (void)state;
    world_new(
        READS_SAY_NOTHING
        "echo begun > $W/begun; while [ ! -e $W/go ]; do sleep 0.01; done; echo \"$1\" >> $W/log");
    pid_t newer = begin("drstor/1 change 7 1 60000 a r0 primary", &out);
    wait_for_file(WORLD "/begun");
    pid_t older = begin("drstor/1 change 6 1 60000 b r0 secondary", &late);
    file_write(WORLD "/go", "", 0600);
    free(hear(out));
    char *said = hear(late);
    assert_int_equal(strncmp(said, "drstor/1 stale 7 1\n", 19), 0);
    free(said);
    assert_int_equal(waitpid(newer, NULL, 0), newer);
    assert_int_equal(waitpid(older, NULL, 0), older);
    char *log = file_read(WORLD "/log");
    assert_string_equal(log, "primary\n");
    free(log);
}

static void
a_command_out_of_time_is_unknown(void **state)
{
    (void)state;
    world_new("echo half; sleep 1000");
    char *said = ask("drstor/1 change 1 1 300 a r0 primary");
    assert_int_equal(strncmp(said, "drstor/1 unknown ", 17), 0);
    assert_non_null(strstr(said, "\n@drbdadm primary r0 -1 5 0\nhalf\n"));
    free(said);
    /* What was killed with it may still be ending: waited for, not asked. */
    int fd = open(WORLD "/state/r0.lock", O_RDWR | O_CLOEXEC);
    assert_true(fd >= 0 && flock(fd, LOCK_EX) == 0);
    (void)close(fd);
}

static void
a_shim_that_was_killed_leaves_the_lock_to_its_command(void **state)
{
    int out;
    (void)state;
    world_new(READS_SAY_NOTHING
              "echo begun > $W/begun; while [ ! -e $W/go ]; do sleep 0.01; done; echo \"$1\" >> "
              "$W/log; echo x > $W/over");
    pid_t pid = begin("drstor/1 change 1 1 60000 a r0 primary", &out);
    wait_for_file(WORLD "/begun");
    assert_int_equal(kill(pid, SIGKILL), 0);
    assert_int_equal(waitpid(pid, NULL, 0), pid);
    (void)close(out);
    assert_false(lock_is_free());
    answers("drstor/1 change 2 1 100 b r0 secondary", "drstor/1 busy");
    file_write(WORLD "/go", "", 0600);
    wait_for_file(WORLD "/over");
    answers("drstor/1 change 2 1 60000 b r0 secondary", "drstor/1 done");
    char *log = file_read(WORLD "/log");
    assert_string_equal(log, "primary\nsecondary\n");
    free(log);
}

static void
nobody_listening_stops_nothing(void **state)
{
    int out;
    (void)state;
    world_new(
        READS_SAY_NOTHING
        "echo begun > $W/begun; while [ ! -e $W/go ]; do sleep 0.01; done; echo \"$1\" >> $W/log");
    pid_t pid = begin("drstor/1 change 1 1 60000 a r0 primary", &out);
    wait_for_file(WORLD "/begun");
    (void)close(out);
    assert_int_equal(kill(pid, SIGHUP), 0);
    assert_int_equal(kill(pid, SIGTERM), 0);
    file_write(WORLD "/go", "", 0600);
    assert_int_equal(waitpid(pid, NULL, 0), pid);
    char *log = file_read(WORLD "/log");
    assert_string_equal(log, "primary\n");
    free(log);
}

/* What the report says of when r0 was last seen whole, after TEXT was on file. */
static long long
seen_after(const char *text)
{
    file_write(WORLD "/state/r0.seen", text, 0600);
    char *said = ask("drstor/1 report r0");
    const char *at = strstr(said, "\nseen=");
    assert_non_null(at);
    long long seen = strtoll(at + strlen("\nseen="), NULL, 10);
    free(said);
    return seen;
}

static void
a_clock_that_was_set_back_makes_no_moment_younger(void **state)
{
    (void)state;
    world_new("exit 1");
    assert_int_equal(mkdir(WORLD "/state", 0700), 0);
    long long now = (long long)time(NULL), up = (long long)(now_ms() / 1000);
    char *boot = file_read("/proc/sys/kernel/random/boot_id");
    /* Ten seconds ago by its clock, and as long ago as this host is up by another. */
    char *back = text_format("seen=%lld\nup=0\nboot=%s", now - 10, boot);
    long long seen = seen_after(back);
    assert_true(seen <= now - up + 1 || up <= 10);
    free(back);
    char *elsewhen = text_format("seen=%lld\nup=0\nboot=another\n", now - 10);
    assert_int_equal(seen_after(elsewhen), now - 10);
    free(elsewhen);
    char *old = text_format("seen=%lld\n", now - 10);
    assert_int_equal(seen_after(old), now - 10);
    free(old);
    free(boot);
}

static void
what_a_tool_says_is_bounded_and_handed_on_unread(void **state)
{
    (void)state;
    world_new("case $1 in role) head -c 2000000 /dev/zero; exit 3;; get-gi) printf 'a\\nb' ; "
              "printf '@x 1 1 1\\n.\\n' >&2; exit 7;; esac");
    int out;
    pid_t pid = begin("drstor/1 report r0", &out);
    struct text t = {0};
    char buffer[65536];
    for (ssize_t n; (n = read(out, buffer, sizeof(buffer))) > 0;)
        text_addn(&t, buffer, (size_t)n);
    (void)close(out);
    assert_int_equal(waitpid(pid, NULL, 0), pid);
    static const char role[] = "\n@role r0 -1 262144 0\n";
    static const char gi[] = "\n@gi r0 7 3 11\na\nb@x 1 1 1\n.\n\n@show r0 ";
    char *cut = memmem(t.s, t.n, role, sizeof(role) - 1);
    char *whole = memmem(t.s, t.n, gi, sizeof(gi) - 1);
    assert_true(cut && whole && whole > cut + 262144);
    assert_int_equal(memcmp(t.s + t.n - 3, "\n.\n", 3), 0);
    text_clear(&t);
}

static void
tools_that_are_not_there_are_named(void **state)
{
    (void)state;
    world_new("echo \"'$2' not defined in your config (for this host).\" >&2; exit 1");
    answers("drstor/1 change 1 1 60000 a nosuch primary", "drstor/1 missing");
    answers("drstor/1 change 1 1 60000 a nosuch expose iqn.a", "drstor/1 missing");
    assert_int_equal(unlink(WORLD "/bin/drbdadm"), 0);
    answers("drstor/1 change 1 1 60000 a r0 primary", "drstor/1 missing");
    answers("drstor/1 report r0", "drstor/1 missing");
}

/* Many controllers at once: what acts has never a lower token than what acted before. */
static void
tokens_never_go_back_whoever_comes_when(void **state)
{
    enum { AT_ONCE = 8, ROUNDS = 25 };
    uint64_t dice = 88172645463325252u;
    size_t done = 0, stale = 0;
    (void)state;
    /* The token is in the operation's id, which is on file when the command runs. */
    world_new(READS_SAY_NOTHING "sed -n 's/^op=//p' $W/state/r0.state >> $W/log");
    for (int round = 0; round < ROUNDS; round++) {
        pid_t pid[AT_ONCE];
        int out[AT_ONCE];
        for (int i = 0; i < AT_ONCE; i++) {
            dice ^= dice << 13;
            dice ^= dice >> 7;
            dice ^= dice << 17;
            unsigned token = (unsigned)(round * 4) + (unsigned)(dice % 16);
            char *line = text_format("drstor/1 change %u 1 60000 %u r0 primary", token, token);
            pid[i] = begin(line, &out[i]);
            free(line);
        }
        for (int i = 0; i < AT_ONCE; i++) {
            char *said = hear(out[i]);
            done += strncmp(said, "drstor/1 done\n", 14) == 0;
            stale += strncmp(said, "drstor/1 stale ", 15) == 0;
            free(said);
            assert_int_equal(waitpid(pid[i], NULL, 0), pid[i]);
        }
    }
    assert_int_equal(done + stale, AT_ONCE * ROUNDS);
    assert_true(stale > 0);
    char *log = file_read(WORLD "/log"), *save = NULL;
    unsigned long last = 0;
    size_t lines = 0;
    for (char *at = strtok_r(log, "\n", &save); at; at = strtok_r(NULL, "\n", &save), lines++) {
        unsigned long token = strtoul(at, NULL, 10);
        assert_true(token >= last);
        last = token;
    }
    assert_int_equal(lines, done);
    free(log);
    (void)printf("figure shim_tokens_in_order %zu of %zu\n", done + stale,
                 (size_t)(AT_ONCE * ROUNDS));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_lines_of_the_page_are_taken),
        cmocka_unit_test(the_configuration_is_read_for_this_host_alone),
        cmocka_unit_test(serials_are_of_resource_volume_and_hosts),
        cmocka_unit_test(nothing_is_done_for_who_was_overtaken),
        cmocka_unit_test(what_is_kept_is_not_guessed_when_it_is_damaged),
        cmocka_unit_test(one_change_at_a_time),
        cmocka_unit_test(who_waits_learns_that_it_was_overtaken_meanwhile),
        cmocka_unit_test(a_command_out_of_time_is_unknown),
        cmocka_unit_test(a_shim_that_was_killed_leaves_the_lock_to_its_command),
        cmocka_unit_test(nobody_listening_stops_nothing),
        cmocka_unit_test(a_clock_that_was_set_back_makes_no_moment_younger),
        cmocka_unit_test(what_a_tool_says_is_bounded_and_handed_on_unread),
        cmocka_unit_test(tools_that_are_not_there_are_named),
        cmocka_unit_test(tokens_never_go_back_whoever_comes_when),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
