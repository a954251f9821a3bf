#include "support/store_fixture.h"

#include "base/file.h"
#include "base/str.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

const struct dr_actor test_actor = {
    .uid = 1000, .pid = 4711, .user = "anna", .host = "rome-1", .origin = "terminal"};

void
remove_tree(const char *dir)
{
    DIR *d = opendir(dir);
    for (struct dirent *e = d ? readdir(d) : NULL; e; e = readdir(d)) {
        if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0)
            continue;
        if (unlinkat(dirfd(d), e->d_name, 0) == 0)
            continue;
        char path[400];
        (void)snprintf(path, sizeof(path), "%s/%s", dir, e->d_name);
        remove_tree(path);
    }
    if (d)
        (void)closedir(d);
    (void)rmdir(dir);
}

static int
start(void **state, bool sqlite)
{
    struct fixture *f = dr_new0(struct fixture);
    f->sqlite = sqlite;
    f->env = dr_env_real();
    f->a = dr_arena_new();
    (void)snprintf(f->dir, sizeof(f->dir), "/tmp/drstor-store-XXXXXX");
    if (!mkdtemp(f->dir))
        return -1;
    (void)snprintf(f->path, sizeof(f->path), "%s/state.db", f->dir);
    if (!sqlite)
        f->world = dr_store_world_new();
    f->s = fixture_other(f, DR_STORE_WRITE);
    *state = f;
    return 0;
}

int
fixture_sqlite(void **state)
{
    return start(state, true);
}

int
fixture_memory(void **state)
{
    return start(state, false);
}

int
fixture_end(void **state)
{
    struct fixture *f = *state;
    dr_store_close(f->s);
    dr_store_world_free(f->world);
    dr_arena_free(f->a);
    remove_tree(f->dir);
    free(f);
    return 0;
}

struct dr_store *
fixture_other(struct fixture *f, enum dr_store_mode mode)
{
    struct dr_store *s = NULL;
    if (f->sqlite)
        must(dr_store_open(f->env, f->path, mode, &s, err));
    else
        s = dr_store_memory(f->env, f->world, mode);
    return s;
}

void
fixture_reopen(struct fixture *f)
{
    dr_store_closep(&f->s);
    f->s = fixture_other(f, DR_STORE_WRITE);
}

void
must_at(const char *file, int line, int r, struct drstor_error **err)
{
    if (r != DRSTOR_OK)
        print_error("%s:%d: %d: %s\n", file, line, r, dr_error_message(*err));
    dr_error_freep(err);
    _assert_int_equal(cast_to_largest_integral_type(r), 0, file, line);
}

void
fails_at(const char *file, int line, int r, struct drstor_error **err, int status, const char *rule,
         const char *text)
{
    const char *message = dr_error_message(*err);
    bool right = r == status && *message && (!text || strstr(message, text)) &&
                 (!rule || dr_streq(rule, dr_error_rule(*err)));
    if (!right)
        print_error("%s:%d: status %d (%s), rule %s: %s\n", file, line, r, dr_status_name(r),
                    dr_error_rule(*err) ? dr_error_rule(*err) : "-", message);
    dr_error_freep(err);
    if (!right)
        _fail(file, line);
}

int64_t
take_lock(struct fixture *f, struct dr_store *s, const char *group)
{
    struct dr_lock lock;
    must(dr_store_lock(s, f->a, group, &test_actor, "r-1", "promote", 0, NULL, &lock, err));
    return lock.token;
}

struct dr_record
test_record(const char *group, int64_t epoch)
{
    struct dr_record r;
    dr_map_clear(&dr_record_type, &r);
    r.schema = "1.0";
    r.group = group;
    r.epoch = epoch;
    r.primary = epoch % 2 ? "milan" : "rome";
    r.phase = DR_PHASE_STEADY;
    return r;
}

struct dr_run_row
test_run(const char *id, const char **group)
{
    return (struct dr_run_row){.id = id,
                               .verb = "promote",
                               .who = "anna",
                               .state = DR_RUN_RUNNING,
                               .started = 1700000000,
                               .ended = -1,
                               .groups = group,
                               .n_groups = 1,
                               .goal = "{\"to\":\"rome\"}",
                               .plan = "{\"steps\":[1,2]}"};
}

struct dr_audit
test_audit(const char *what, int64_t epoch)
{
    return (struct dr_audit){.who = test_actor,
                             .what = what,
                             .group = "erp",
                             .epoch = epoch,
                             .token = 1,
                             .plan = "p-1",
                             .outcome = "done"};
}

void
copy_file(const char *from, const char *to)
{
    char *text = NULL;
    size_t n = 0;
    must(dr_file_read(from, 64u << 20, &text, &n, err));
    must(dr_file_write(to, text, n, 0600, err));
    free(text);
}
