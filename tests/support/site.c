#include "support/site.h"

#include "base/str.h"
#include "model/words.h"

#include <errno.h>
#include <ftw.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static char root[128];

/* A world of three groups; %s and %u as in world_make(). */
static const char world_text[] =
    "{ 'seed': 7, 'writes_per_s': 20, 'transfer_ms': 20,"
    "  'sites': { 'milan': {}, 'rome': {} },"
    "  'arrays': { 'sim-milan': { 'site': 'milan', 'latency_ms': %u, 'settle_ms': 1000 },"
    "              'sim-rome': { 'site': 'rome', 'latency_ms': %u, 'settle_ms': 1000, 'access_ms': "
    "%u } },"
    "  'groups': {"
    "    'erp': { 'mode': 'async', 'period_s': 600, 'preferred': 'milan', 'stepwise': %s, "
    "'copies': ["
    "      { 'array': 'sim-milan', 'id': 'erp_m', 'host_groups': { 'rhv-milan': { 'protocol': "
    "'iscsi',"
    "        'lun': 10, 'portal': '10.1.0.5:3260', 'target': 'iqn.2026-01.example:m' } },"
    "        'members': [ { 'id': 'erp_m_a', 'bytes': 1073741824 }, { 'id': 'erp_m_b', 'bytes': "
    "1073741824 } ] },"
    "      { 'array': 'sim-rome', 'id': 'erp_r', 'host_groups': { 'rhv-rome': { 'protocol': "
    "'iscsi',"
    "        'lun': 10, 'portal': '10.2.0.5:3260', 'target': 'iqn.2026-01.example:r' } },"
    "        'members': [ { 'id': 'erp_r_a' }, { 'id': 'erp_r_b' } ] } ] },"
    "    'db': { 'mode': 'sync', 'stops_when_alone': true, 'preferred': 'milan', 'copies': ["
    "      { 'array': 'sim-milan', 'id': 'db_m', 'host_groups': { 'rhv-milan': { 'protocol': "
    "'iscsi',"
    "        'lun': 20, 'portal': '10.1.0.5:3260', 'target': 'iqn.2026-01.example:m' } },"
    "        'members': [ { 'id': 'db_m_a', 'bytes': 1073741824 }, { 'id': 'db_m_b', 'bytes': "
    "1073741824 } ] },"
    "      { 'array': 'sim-rome', 'id': 'db_r', 'host_groups': { 'rhv-rome': { 'protocol': 'iscsi',"
    "        'lun': 20, 'portal': '10.2.0.5:3260', 'target': 'iqn.2026-01.example:r' } },"
    "        'members': [ { 'id': 'db_r_a' }, { 'id': 'db_r_b' } ] } ] },"
    "    'web': { 'mode': 'sync', 'preferred': 'milan', 'copies': ["
    "      { 'array': 'sim-milan', 'id': 'web_m', 'host_groups': { 'rhv-milan': { 'protocol': "
    "'fcp',"
    "        'lun': 30, 'target': '50:06:01:60:00:00:00:01' } },"
    "        'members': [ { 'id': 'web_m_a', 'bytes': 1073741824 } ] },"
    "      { 'array': 'sim-rome', 'id': 'web_r', 'host_groups': { 'rhv-rome': { 'protocol': 'fcp',"
    "        'lun': 30, 'target': '50:06:01:60:00:00:00:02' } },"
    "        'members': [ { 'id': 'web_r_a' } ] } ] } } }";

static const char config_text[] =
    "version: 1\n"
    "state: { sqlite: state/state.db }\n"
    "controller: { name: rome-1, site: rome, role: active }\n"
    "plugin_dir: " DRSTOR_PLUGIN_DIR "\n"
    "safety: { assert_min: %s }\n"
    "timeouts: { observe: %s }\n"
    "sites: { milan: {}, rome: {} }\n"
    "arrays:\n"
    "  sim-milan: { plugin: simulated, site: milan, world: world.json }\n"
    "  sim-rome: { plugin: simulated, site: rome, world: world.json }\n"
    "groups:\n";

struct place {
    const char *group, *site, *array, *id;
};
static const struct place places[] = {
    {"erp", "milan", "sim-milan", "erp_m"}, {"erp", "rome", "sim-rome", "erp_r"},
    {"db", "milan", "sim-milan", "db_m"},   {"db", "rome", "sim-rome", "db_r"},
    {"web", "milan", "sim-milan", "web_m"}, {"web", "rome", "sim-rome", "web_r"}};

static void
enter(struct site *s)
{
    if (sim_enter(s->world) != 0) {
        (void)fprintf(stderr, "the world of %s cannot be read: %s\n", s->dir, sim_why(s->world));
        abort();
    }
}

static void
leave(struct site *s)
{
    if (sim_leave(s->world) != 0)
        abort();
}

const char *
site_path(struct site *s, const char *name)
{
    return dr_arena_printf(s->arena, "%s/%s", s->dir, name);
}

static void
write_file(const char *path, const char *text)
{
    FILE *f = fopen(path, "we");
    if (!f || fputs(text, f) < 0 || fclose(f) != 0)
        abort();
}

static void
world_make(struct site *s, const struct site_how *how)
{
    char why[SIM_WORDS] = "";
    unsigned latency = how->latency_ms ? how->latency_ms : 2;
    char *text = (char *)(uintptr_t)dr_arena_printf(
        s->arena, world_text, latency, latency, how->access_ms, how->stepwise ? "true" : "false");
    for (char *p = text; *p; p++)
        if (*p == '\'')
            *p = '"';
    struct json_object *spec = json_tokener_parse(text);
    const char *path = site_path(s, "world.json");
    if (!spec || sim_file_create(path, spec, why) != 0 ||
        sim_file_open(path, &s->world, why) != 0) {
        (void)fprintf(stderr, "no world: %s\n", why);
        abort();
    }
    (void)json_object_put(spec);
    struct json_object *luns = NULL;
    enter(s);
    if (!how->quiet && sim_lun_list(s->world, "milan", &luns) == 0)
        for (size_t i = 0; i < json_object_array_length(luns); i++) {
            struct json_object *wwid = NULL;
            (void)json_object_object_get_ex(json_object_array_get_idx(luns, i), "wwid", &wwid);
            if (sim_lun_writer(s->world, "milan", json_object_get_string(wwid), "vm", true) != 0)
                abort();
        }
    leave(s);
    (void)json_object_put(luns);
}

/* Who answers, may take as long as a busy machine needs; who does not, is waited for. */
static const char patient[] = "5s", short_of_time[] = "2s";

static void
write_config(struct site *s, const char *observe)
{
    dr_auto(dr_str_freep) struct dr_str config = {0};
    dr_str_printf(&config, config_text, s->assert_min, observe);
    for (size_t i = 0; i < DR_COUNT(places); i += 2)
        dr_str_printf(&config,
                      "  %s: { mode: %s, preferred: milan, copies: {\n"
                      "      milan: { array: sim-milan, id: %s, expose: [rhv-milan] },\n"
                      "      rome: { array: sim-rome, id: %s, expose: [rhv-rome] } } }\n",
                      places[i].group, i == 0 ? "async" : "sync", places[i].id, places[i + 1].id);
    write_file(site_path(s, "drstor.yaml"), config.s);
}

struct site *
site_new(const struct site_how *how)
{
    static const struct site_how usual = {0};
    how = how ? how : &usual;
    struct site *s = calloc(1, sizeof(*s));
    if (!s)
        abort();
    s->arena = dr_arena_new();
    (void)snprintf(s->dir, sizeof(s->dir), "%s/s.XXXXXX", root);
    if (!mkdtemp(s->dir))
        abort();
    s->assert_min = how->assert_min ? how->assert_min : "1s";
    write_config(s, patient);
    world_make(s, how);
    if (!how->unadopted) {
        struct ran r = site_run(s, NULL, "adopt erp db web");
        if (r.code != 0) {
            (void)fprintf(stderr, "adopt: %d\n%s%s\n", r.code, r.out, r.err);
            abort();
        }
    }
    return s;
}

static int
remove_one(const char *path, const struct stat *st, int what, struct FTW *ftw)
{
    (void)st;
    (void)what;
    (void)ftw;
    return remove(path);
}

void
site_free(struct site *s)
{
    if (!s)
        return;
    sim_world_free(s->world);
    for (size_t i = 0; i < s->n_docs; i++)
        (void)json_object_put(s->docs[i]);
    (void)nftw(s->dir, remove_one, 16, FTW_DEPTH | FTW_PHYS);
    dr_arena_free(s->arena);
    free(s);
}

/* ---- fate
 * ----------------------------------------------------------------------------------------- */

void
site_fate(struct site *s, const char *site, enum sim_site_state state)
{
    enter(s);
    if (sim_site_set(s->world, site, state) != 0)
        abort();
    leave(s);
    write_config(s, state == SIM_SITE_UP ? patient : short_of_time);
}

void
site_fault(struct site *s, const struct sim_fault *fault)
{
    enter(s);
    if (sim_fault_add(s->world, fault) != 0)
        abort();
    leave(s);
}

void
site_no_faults(struct site *s)
{
    enter(s);
    sim_fault_clear(s->world);
    leave(s);
}

/* ---- what is true
 * ----------------------------------------------------------------------------------- */

uint64_t
site_violations(struct site *s)
{
    enter(s);
    uint64_t n = sim_violations_total(s->world);
    if (n) {
        struct json_object *list = sim_violations_list(s->world);
        (void)fprintf(stderr, "violations: %s\n", json_object_to_json_string(list));
        (void)json_object_put(list);
    }
    leave(s);
    return n;
}

uint64_t
site_mutating(struct site *s)
{
    struct sim_counters a = {0}, b = {0};
    enter(s);
    if (sim_counters(s->world, "sim-milan", &a) != 0 || sim_counters(s->world, "sim-rome", &b) != 0)
        abort();
    leave(s);
    return a.mutating + b.mutating;
}

bool
site_record(struct site *s, const char *group, struct dr_record *ret)
{
    struct dr_store *st = NULL;
    struct drstor_error *err = NULL;
    int r = dr_store_open(dr_env_real(), site_path(s, "state/state.db"), DR_STORE_READ, &st, &err);
    if (r == DRSTOR_OK)
        r = dr_store_load(st, s->arena, group, ret, NULL, &err);
    if (r < 0)
        (void)fprintf(stderr, "record of %s: %s\n", group, dr_error_message(err));
    dr_error_free(err);
    dr_store_close(st);
    return r == DRSTOR_OK;
}

static const char *
word_of(const struct dr_names *names, int value)
{
    return dr_name(names, value);
}

const char *
site_state(struct site *s)
{
    struct dr_str text = {0};
    struct dr_record rec;
    enter(s);
    for (size_t i = 0; i < DR_COUNT(places); i++) {
        struct sim_view v = {0};
        if (sim_view(s->world, places[i].array, places[i].id, &v) != 0)
            abort();
        dr_str_printf(&text, "%s at %s: %s, relation %d, %zu paths, members", places[i].group,
                      places[i].site, word_of(&dr_access_names, (int)v.access), (int)v.relation,
                      v.n_paths);
        for (size_t m = 0; m < v.n_members; m++)
            dr_str_printf(&text, " %s", word_of(&dr_access_names, (int)v.members[m].access));
        dr_str_printf(&text, "\n");
        sim_view_clear(&v);
    }
    leave(s);
    for (size_t i = 0; i < DR_COUNT(places); i += 2)
        if (site_record(s, places[i].group, &rec))
            dr_str_printf(&text,
                          "%s: primary %s, epoch %lld, %s, target %s, old copy %d, holds %zu\n",
                          places[i].group, rec.primary, (long long)rec.epoch,
                          word_of(&dr_phase_names, (int)rec.phase), rec.target ? rec.target : "-",
                          (int)rec.old_copy, rec.n_site_hold);
    const char *ret = dr_arena_str(s->arena, text.s);
    dr_str_freep(&text);
    return ret;
}

bool
site_served(struct site *s, const char *site, int64_t epoch)
{
    bool good = true;
    enter(s);
    for (size_t i = 0; i < DR_COUNT(places); i++) {
        if (!dr_streq(places[i].site, site))
            continue;
        struct sim_view v = {0};
        if (sim_view(s->world, places[i].array, places[i].id, &v) != 0)
            abort();
        good &= SITE_CHECK(v.access == DRSTOR_ACCESS_READ_WRITE && v.n_paths == v.n_members,
                           "%s at %s is %s with %zu paths", places[i].group, site,
                           word_of(&dr_access_names, (int)v.access), v.n_paths);
        sim_view_clear(&v);
    }
    leave(s);
    for (size_t i = 0; i < DR_COUNT(places); i += 2) {
        struct dr_record rec;
        if (!site_record(s, places[i].group, &rec))
            return false;
        good &= SITE_CHECK(rec.phase == DR_PHASE_STEADY && dr_streq(rec.primary, site) &&
                               rec.epoch == epoch,
                           "the record of %s: primary %s, epoch %lld, %s", rec.group, rec.primary,
                           (long long)rec.epoch, word_of(&dr_phase_names, (int)rec.phase));
    }
    return SITE_CHECK(site_violations(s) == 0, "the world saw violations") && good;
}

/* ---- the world's log
 * ----------------------------------------------------------------------------- */

struct entries {
    struct site *s;
    struct sim_log_entry *list;
    size_t n;
};

static int
add_entry(const struct sim_log_entry *e, void *user)
{
    struct entries *x = user;
    dr_arena_push(x->s->arena, x->list, x->n) = *e;
    return 0;
}

static int
count_entry(const struct sim_log_entry *e, void *user)
{
    *(uint64_t *)user = e->seq;
    return 0;
}

size_t
site_log(struct site *s, const struct sim_log_entry **ret)
{
    struct entries x = {.s = s};
    enter(s);
    if (sim_log_each(s->world, add_entry, &x) != 0)
        abort();
    leave(s);
    *ret = x.list;
    return x.n;
}

uint64_t
site_log_size(struct site *s)
{
    uint64_t n = 0;
    enter(s);
    if (sim_log_each(s->world, count_entry, &n) != 0)
        abort();
    leave(s);
    return n;
}

/* "RUN/STEP" of "RUN/STEP/ATTEMPT". */
static size_t
step_length(const char *op_id)
{
    const char *step = strchr(op_id, '/'), *end = step ? strchr(step + 1, '/') : NULL;
    return end ? (size_t)(end - op_id) : strlen(op_id);
}

static bool
same_step(const char *a, const char *b)
{
    return step_length(a) == step_length(b) && strncmp(a, b, step_length(a)) == 0;
}

/*
 * What proves something is asked for again on purpose, because a proof is not carried over a crash:
 * the final sync, and the demotion, which must carry the token of the life that relies on it. Every
 * other change that was done must be seen, not sent once more.
 */
static bool
is_proof(const struct sim_log_entry *e)
{
    return e->op == SIM_OP_SYNC_ONCE || strstr(e->op_id, "/demote:") || strstr(e->op_id, "/fence:");
}

const char *
site_repeated(struct site *s)
{
    const struct sim_log_entry *e = NULL;
    size_t n = site_log(s, &e);
    for (size_t i = 0; i < n; i++)
        for (size_t k = 0; e[i].effect && e[i].outcome == DRSTOR_OUTCOME_DONE && k < i; k++)
            if (e[k].effect && e[k].outcome == DRSTOR_OUTCOME_DONE && e[k].call != e[i].call &&
                e[k].op == e[i].op && !is_proof(&e[i]) && same_step(e[k].op_id, e[i].op_id) &&
                dr_streq(e[k].array, e[i].array) && dr_streq(e[k].group, e[i].group) &&
                strncmp(e[k].note, "partial", 7) != 0)
                return dr_arena_printf(s->arena, "%s for %s at %s, calls %llu and %llu of %s",
                                       sim_op_name((enum sim_op)e[i].op), e[i].group, e[i].array,
                                       (unsigned long long)e[k].call, (unsigned long long)e[i].call,
                                       e[i].op_id);
    return NULL;
}

/* ---- judging
 * --------------------------------------------------------------------------------------- */

bool
site_say(const char *file, int line, const char *format, ...)
{
    char text[8192];
    va_list ap;
    va_start(ap, format);
    (void)vsnprintf(text, sizeof(text), format, ap);
    va_end(ap);
    (void)fprintf(stderr, "%s:%d: %s\n", file, line, text);
    return false;
}

size_t
site_each(size_t n, bool (*run)(size_t i))
{
    enum { BESIDE = 24 };
    size_t good = 0, running = 0, next = 0;
    pid_t parent = getpid();
    (void)fflush(NULL);
    while (next < n || running) {
        if (next < n && running < BESIDE) {
            pid_t pid = fork();
            if (pid < 0)
                abort();
            if (pid == 0) {
                (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
                bool r = getppid() == parent && run(next);
                if (!r)
                    (void)fprintf(stderr, "case %zu failed\n", next);
                (void)fflush(NULL);
                _exit(r ? 0 : 1);
            }
            running++;
            next++;
            continue;
        }
        int status = 0;
        if (waitpid(-1, &status, 0) < 0) {
            if (errno == EINTR)
                continue;
            abort();
        }
        running--;
        good += WIFEXITED(status) && WEXITSTATUS(status) == 0;
    }
    return good;
}

int
site_begin(void **state)
{
    const char *tmp = getenv("TMPDIR"); // NOLINT(concurrency-mt-unsafe): no thread yet
    (void)state;
    (void)snprintf(root, sizeof(root), "%s/drstor-fault.XXXXXX", tmp ? tmp : "/tmp");
    return mkdtemp(root) ? 0 : -1;
}

int
site_end(void **state)
{
    (void)state;
    return nftw(root, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}
