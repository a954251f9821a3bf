/*
 * The parts of scripts/bench that are not a shell's work.
 *
 *   bench_rhv make DIR DOMAINS VMS REQUEST-MS   world and engines of two sites, in files
 *   bench_rhv config DIR PLUGINS PORT PORT      the configuration for them
 *   bench_rhv measure OUT COMMAND...            runs it; OUT: wall and CPU seconds, peak memory
 *   bench_rhv judge NAME DIR VMS REQUEST-MS     figures of what DIR/log.json and DIR/vms.json tell
 *   bench_rhv leases DOMAINS VMS                figures of sites that are lost, in virtual time
 *   bench_rhv calls DOMAINS VMS REQUEST-MS      figures of an engine that only answers, the same
 * way
 *
 * Exits with 1 when not all VMs run, whatever the figures are.
 */
#include "bench/bound.h"
#include "bench/judge.h"
#include "bench/shape.h"

#include "base/json.h"
#include "support/house_internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static size_t
count(const char *text)
{
    char *end = NULL;
    unsigned long n = strtoul(text, &end, 10);
    if (!*text || *end || n > 100000) {
        (void)fprintf(stderr, "bench_rhv: \"%s\" is no count\n", text);
        exit(2);
    }
    return n;
}

static void
figure(const char *scene, const char *what, double is, const char *unit)
{
    printf("figure rhv_%s_%s %.3f %s\n", scene, what, is, unit);
}

static void
against(const char *scene, const char *what, double is, double bound)
{
    char name[64];
    figure(scene, what, is, "s");
    (void)snprintf(name, sizeof(name), "%s_bound", what);
    figure(scene, name, bound, "s");
    printf("figure rhv_%s_%s_ratio %.3f ratio goal <= 1.05\n", scene, what, is / bound);
}

/* ---- two sites in files ---------------------------------------------------------------------- */

static void
write_text(const char *dir, const char *name, const char *text)
{
    char path[512];
    (void)snprintf(path, sizeof(path), "%s/%s", dir, name);
    FILE *f = fopen(path, "we");
    if (!f || fputs(text, f) < 0 || fclose(f) != 0) {
        (void)fprintf(stderr, "bench_rhv: cannot write %s\n", path);
        exit(1);
    }
}

static struct json_object *
read_json(const char *dir, const char *name)
{
    char path[512];
    (void)snprintf(path, sizeof(path), "%s/%s", dir, name);
    struct json_object *o = json_object_from_file(path);
    if (!o) {
        (void)fprintf(stderr, "bench_rhv: %s holds no JSON\n", path);
        exit(1);
    }
    return o;
}

static int
make(char **words)
{
    const struct bench_shape b = {.n_domains = count(words[1]),
                                  .n_vms = count(words[2]),
                                  .instant = true,
                                  .request_ms = (unsigned)count(words[3]),
                                  .milan = {1},
                                  .rome = {11}};
    dr_auto(dr_json_putp) struct json_object *world = bench_world(&b, false);
    dr_auto(dr_json_putp) struct json_object *milan = bench_engine(&b, true, "secret");
    dr_auto(dr_json_putp) struct json_object *rome = bench_engine(&b, false, "secret");
    write_text(words[0], "spec.json", json_object_to_json_string(world));
    write_text(words[0], "engine-milan.json", json_object_to_json_string(milan));
    write_text(words[0], "engine-rome.json", json_object_to_json_string(rome));
    return 0;
}

static int
configure(char **words)
{
    dr_auto(dr_str_freep) struct dr_str s = {0};
    const struct bench_place at = {.plugins = words[1],
                                   .world = "world.json",
                                   .real = true,
                                   .port_milan = (int)count(words[2]),
                                   .port_rome = (int)count(words[3])};
    bench_config(&at, &s);
    write_text(words[0], "drstor.yaml", s.s);
    return 0;
}

static double
now_s(void)
{
    struct timespec t;
    (void)clock_gettime(CLOCK_BOOTTIME, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static int
measure(char **words)
{
    struct rusage used;
    int status = 0;
    double from = now_s();
    pid_t pid = fork();
    if (pid == 0) {
        (void)execvp(words[1], words + 1);
        _exit(127);
    }
    if (pid < 0 || wait4(pid, &status, 0, &used) != pid)
        return 1;
    FILE *f = fopen(words[0], "we");
    if (!f ||
        fprintf(f, "%.3f %.3f %.1f\n", now_s() - from,
                (double)used.ru_utime.tv_sec + (double)used.ru_utime.tv_usec / 1e6 +
                    (double)used.ru_stime.tv_sec + (double)used.ru_stime.tv_usec / 1e6,
                (double)used.ru_maxrss / 1024) < 0 ||
        fclose(f) != 0)
        return 1;
    return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}

static int
all_run(const char *scene, const struct bench_times *t, size_t n_vms)
{
    printf("figure rhv_%s_running %zu of %zu\n", scene, t->n_running, n_vms);
    return t->n_running == n_vms ? 0 : 1;
}

static int
judge(char **words)
{
    const char *scene = words[0];
    size_t n_vms = count(words[2]), ms = count(words[3]);
    dr_auto(dr_json_putp) struct json_object *log = read_json(words[1], "log.json");
    dr_auto(dr_json_putp) struct json_object *vms = read_json(words[1], "vms.json");
    struct bench_times t;
    if (!bench_judge(log, vms, &t)) {
        (void)fprintf(stderr, "bench_rhv: the engine tells of no stage\n");
        return 1;
    }
    printf("figure rhv_%s_requests %zu\n", scene, t.n_requests);
    if (ms)
        against(scene, "wall", t.wall, bench_bound_calls(n_vms, (double)ms / 1000));
    else
        figure(scene, "wall", t.wall, "s");
    figure(scene, "first_vm", t.first, "s");
    return all_run(scene, &t, n_vms);
}

/* ---- in virtual time
 * ---------------------------------------------------------------------------------- */

static const struct scene {
    const char *name;
    int milan[2], rome[3];
    bool serves;
    bool held, elects; /* what the best choice of an SPM comes to */
} scenes[] = {
    {"lease_disjoint", {1, 2}, {11, 12}, false, false, false},
    {"lease_colliding", {1, 2}, {1, 2}, false, true, false},
    {"lease_one_free", {1, 2}, {1, 2, 3}, true, false, true},
};

/* An engine that takes no time but to answer. */
static const struct scene only_calls = {"calls", {1}, {11}, false, false, false};

struct play {
    const struct scene *scene;
    const struct bench_shape *shape;
    bool good;
};

static struct json_object *
tells(struct house *h, const char *command)
{
    dr_auto(dr_json_putp) struct json_object *c = json_object_new_object();
    dr_json_set_str(c, "command", command);
    return emu_control(house_engine(h, "rome"), c, (int64_t)dr_now_ns(house_env(h)));
}

static void
lose_milan(struct house *h)
{
    if (sim_enter(house_world(h)) < 0 || sim_site_set(house_world(h), "milan", SIM_SITE_DEAD) < 0 ||
        sim_leave(house_world(h)) < 0)
        abort();
    house_reach(h, "milan", HOUSE_REACH_SILENT);
}

static void
report(struct house *h, struct play *p)
{
    dr_auto(dr_json_putp) struct json_object *log = tells(h, "log");
    dr_auto(dr_json_putp) struct json_object *vms = tells(h, "vms");
    const struct bench_leases l = {.n_domains = p->shape->n_domains,
                                   .n_vms = p->shape->n_vms,
                                   .held = p->scene->held,
                                   .serves = p->scene->serves,
                                   .elects = p->scene->elects};
    struct bench_times t;
    p->good &= bench_judge(log, vms, &t);
    printf("figure rhv_%s_requests %zu\n", p->scene->name, t.n_requests);
    if (p->shape->instant) {
        against(p->scene->name, "wall", t.wall,
                bench_bound_calls(l.n_vms, (double)p->shape->request_ms / 1000));
    } else {
        against(p->scene->name, "wall", t.wall, bench_bound_wall(&l));
        against(p->scene->name, "critical", t.critical, bench_bound_first(&l));
    }
    p->good &= all_run(p->scene->name, &t, p->shape->n_vms) == 0;
}

static void
fate(struct house *h, void *arg)
{
    static const struct errand_what adopt = {.kind = ERRAND_ADOPT}, look = {.kind = ERRAND_OBSERVE};
    static const struct errand_what promote = {
        .kind = ERRAND_ACT,
        .goal = "{\"verb\":\"promote\",\"all\":true,\"to\":\"rome\",\"unplanned\":true}",
        .declare = "site-lost:milan",
        .accept_loss = "unknown",
        .reason = "benchmark"};
    struct play *p = arg;
    struct controller *c = house_controller(h, "rome-1");
    house_sleep_ms(h, 60000); /* engines are up, and what they wrote has arrived */
    (void)errand_do(c, &adopt);
    (void)errand_do(c, &look);
    lose_milan(h);
    const struct errand *e = errand_do(c, &promote);
    p->good = e->status == DRSTOR_OK && e->exit == 0;
    if (!p->good)
        (void)fprintf(stderr, "bench_rhv: %s\n",
                      e->error  ? drstor_error_message(e->error)
                      : e->json ? e->json
                                : "?");
    report(h, p);
}

static bool
play(const struct scene *scene, struct bench_shape b)
{
    const struct bench_place at = {.plugins = "/usr/lib/drstor/plugins", .world = "memory:house"};
    dr_auto(dr_str_freep) struct dr_str yaml = {0};
    struct play p = {scene, &b, false};
    struct house_plan plan;
    b.rome_serves = scene->serves;
    memcpy(b.milan, scene->milan, sizeof(b.milan));
    memcpy(b.rome, scene->rome, sizeof(b.rome));
    bench_config(&at, &yaml);
    dr_auto(dr_json_putp) struct json_object *spec = bench_world(&b, true);
    if (!house_plan_make(&plan, yaml.s, spec))
        return false;
    if (sim_enter(plan.world) < 0 || sim_advance(plan.world, 7200 * SIM_SECOND) < 0 ||
        sim_leave(plan.world) < 0)
        abort();
    plan.engines[plan.n_engines++] = bench_engine(&b, true, "secret");
    plan.engines[plan.n_engines++] = bench_engine(&b, false, "secret");
    struct house *h = house_new(&plan, 1);
    house_talk(h, false);
    house_run(h, fate, &p);
    house_free(h);
    house_plan_clear(&plan);
    return p.good;
}

static int
leases(char **words)
{
    bool good = true;
    for (size_t i = 0; i < DR_COUNT(scenes); i++)
        good &= play(&scenes[i],
                     (struct bench_shape){.n_domains = count(words[0]), .n_vms = count(words[1])});
    return good ? 0 : 1;
}

static int
calls(char **words)
{
    const struct bench_shape b = {.n_domains = count(words[0]),
                                  .n_vms = count(words[1]),
                                  .instant = true,
                                  .request_ms = (unsigned)count(words[2])};
    return play(&only_calls, b) ? 0 : 1;
}

int
main(int argc, char **argv)
{
    static const struct {
        const char *name;
        int least;
        int (*run)(char **words);
    } parts[] = {{"make", 4, make},   {"config", 4, configure}, {"measure", 2, measure},
                 {"judge", 4, judge}, {"leases", 2, leases},    {"calls", 3, calls}};
    for (size_t i = 0; argc > 1 && i < DR_COUNT(parts); i++)
        if (strcmp(argv[1], parts[i].name) == 0 && argc - 2 >= parts[i].least)
            return parts[i].run(argv + 2);
    (void)fprintf(stderr,
                  "usage: bench_rhv make|config|measure|judge|leases|calls ...; its source says "
                  "how\n");
    return 2;
}
