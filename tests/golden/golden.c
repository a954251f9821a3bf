#include "golden.h"

#include "base/file.h"
#include "base/map.h"
#include "config/config.h"

#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* ---- files --------------------------------------------------------------------------------------
 */

static int
by_name(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

size_t
golden_names(const char *folder, char ***ret)
{
    dr_auto(dr_freep) char *path = NULL;
    size_t n = 0, cap = 0;
    *ret = NULL;
    assert_true(asprintf(&path, GOLDEN "/%s", folder) > 0);
    DIR *d = opendir(path);
    assert_non_null(d);
    for (struct dirent *e = readdir(d); e; e = readdir(d)) {
        size_t len = strlen(e->d_name);
        if (len < 6 || strcmp(e->d_name + len - 5, ".json") != 0 ||
            strncmp(e->d_name, "base-", 5) == 0)
            continue;
        char *name = dr_strdup(e->d_name);
        name[len - 5] = '\0';
        dr_push(*ret, n, cap) = name;
    }
    (void)closedir(d);
    if (n)
        qsort(*ret, n, sizeof(**ret), by_name);
    return n;
}

void
golden_names_free(char **names, size_t n)
{
    for (size_t i = 0; i < n; i++)
        free(names[i]);
    free(names);
}

static struct json_object *
read_json(const char *folder, const char *name)
{
    dr_auto(dr_freep) char *path = NULL, *text = NULL;
    dr_auto(dr_error_freep) struct drstor_error *err = NULL;
    size_t n = 0;
    assert_true(asprintf(&path, GOLDEN "/%s/%s.json", folder, name) > 0);
    struct json_object *o = NULL;
    if (dr_file_read(path, 1 << 20, &text, &n, &err) < 0 ||
        dr_json_parse(text, n, &dr_json_small, &o, &err) < 0)
        fail_msg("%s: %s", path, dr_error_message(err));
    return o;
}

/* ---- patches ------------------------------------------------------------------------------------
 */

/* RFC 7386. Takes nothing; TARGET is changed, or a new value is handed back. */
static struct json_object *
merged(struct json_object *target, struct json_object *patch)
{
    if (!json_object_is_type(patch, json_type_object))
        return json_object_get(patch);
    struct json_object *out = json_object_is_type(target, json_type_object)
                                  ? json_object_get(target)
                                  : json_object_new_object();
    json_object_object_foreach(patch, key, value)
    {
        if (json_object_is_type(value, json_type_null)) {
            json_object_object_del(out, key);
            continue;
        }
        struct json_object *next = merged(json_object_object_get(out, key), value);
        if (next == json_object_object_get(out, key))
            (void)json_object_put(next); /* the same one: it stays where it is */
        else
            (void)json_object_object_add(out, key, next);
    }
    return out;
}

static bool
is_list(const char *key)
{
    static const char *const lists[] = {
        "endpoints", "copies",      "engines",     "records",           "arrays",
        "members",   "holders",     "vms",         "domains",           "hosts",
        "clusters",  "dcs",         "offered_vms", "offered_templates", "tries",
        "groups",    "luns",        "discovered",  "networks",          "profiles",
        "roles",     "directories", "labels",      "affinity_groups",   "lun_disks",
        "drills",    "paths"};
    for (size_t i = 0; i < DR_COUNT(lists); i++)
        if (strcmp(lists[i], key) == 0)
            return true;
    return false;
}

/* A new value in which named elements are list elements. */
static struct json_object *
listed(const char *key, struct json_object *o)
{
    if (json_object_is_type(o, json_type_array)) {
        struct json_object *out = json_object_new_array();
        for (size_t i = 0; i < json_object_array_length(o); i++)
            (void)json_object_array_add(out, listed("", json_object_array_get_idx(o, i)));
        return out;
    }
    if (!json_object_is_type(o, json_type_object))
        return json_object_get(o);
    bool list = is_list(key);
    struct json_object *out = list ? json_object_new_array() : json_object_new_object();
    json_object_object_foreach(o, name, value)
    {
        struct json_object *next = listed(list ? "" : name, value);
        if (list)
            (void)json_object_array_add(out, next);
        else
            (void)json_object_object_add(out, name, next);
    }
    return out;
}

static struct json_object *
with_base(const char *folder, const char *name)
{
    dr_auto(dr_json_putp) struct json_object *own = read_json(folder, name);
    const char *base = dr_json_str(own, "base");
    dr_auto(dr_freep) char *file = NULL;
    if (!base)
        return json_object_get(own);
    assert_true(asprintf(&file, "base-%s", base) > 0);
    struct json_object *o = with_base(folder, file);
    struct json_object *done = merged(o, own);
    (void)json_object_put(o);
    json_object_object_del(done, "base");
    return done;
}

struct json_object *
golden_case(const char *folder, const char *name)
{
    dr_auto(dr_json_putp) struct json_object *o = with_base(folder, name);
    return listed("", o);
}

void
golden_read(struct json_object *test, const char *member, struct dr_arena *a,
            const struct dr_type *type, void *out)
{
    dr_auto(dr_error_freep) struct drstor_error *err = NULL;
    dr_auto(dr_json_putp) struct json_object *none = json_object_new_object();
    struct json_object *o = dr_json_get(test, member);
    if (dr_map_read(a, type, o ? o : none, true, out, &err) < 0)
        fail_msg("%s: %s", member, dr_error_message(err));
}

size_t
golden_read_list(struct json_object *test, const char *member, struct dr_arena *a,
                 const struct dr_type *type, void **ret)
{
    struct json_object *list = dr_json_get(test, member);
    size_t n = dr_json_length(list);
    char *out = dr_arena_alloc(a, n ? n : 1, type->size);
    for (size_t i = 0; i < n; i++) {
        dr_auto(dr_error_freep) struct drstor_error *err = NULL;
        if (dr_map_read(a, type, json_object_array_get_idx(list, i), true, out + i * type->size,
                        &err) < 0)
            fail_msg("%s: %s", member, dr_error_message(err));
    }
    *ret = out;
    return n;
}

struct dr_model *
golden_config(const char *folder, struct json_object *test)
{
    static const struct dr_config_options no_secrets = {.skip_secrets = true};
    dr_auto(dr_freep) char *path = NULL, *text = NULL;
    dr_auto(dr_error_freep) struct drstor_error *err = NULL;
    const char *file = dr_json_str(test, "config");
    struct dr_model *m = NULL;
    size_t n = 0;
    file = file ? file : "config.yaml";
    assert_true(asprintf(&path, GOLDEN "/%s/%s", folder, file) > 0);
    assert_int_equal(dr_file_read(path, 1 << 20, &text, &n, NULL), DRSTOR_OK);
    if (dr_config_load_text(text, n, file, &no_secrets, &m, &err) < 0)
        fail_msg("%s: %s", path, dr_error_message(err));
    return m;
}

/* ---- comparison ---------------------------------------------------------------------------------
 */

static size_t
lines_of(char *text, char **lines, size_t most)
{
    size_t n = 0;
    char *save = NULL;
    for (char *l = strtok_r(text, "\n", &save); l && n < most; l = strtok_r(NULL, "\n", &save))
        lines[n++] = l;
    return n;
}

/* Longest common subsequence: the texts are short. Empty lines are not shown. */
static void
show_difference(const char *name, const char *want, const char *got)
{
    enum { MOST = 400 };
    static size_t common[MOST + 1][MOST + 1];
    dr_auto(dr_freep) char *a = dr_strdup(want), *b = dr_strdup(got);
    char *as[MOST], *bs[MOST];
    size_t n = lines_of(a, as, MOST), m = lines_of(b, bs, MOST);
    memset(common, 0, sizeof(common));
    for (size_t i = n; i-- > 0;)
        for (size_t j = m; j-- > 0;)
            common[i][j] = strcmp(as[i], bs[j]) == 0             ? common[i + 1][j + 1] + 1
                           : common[i + 1][j] > common[i][j + 1] ? common[i + 1][j]
                                                                 : common[i][j + 1];
    print_error("---- %s: - expected, + now\n", name);
    for (size_t i = 0, j = 0; i < n || j < m;) {
        if (i < n && j < m && strcmp(as[i], bs[j]) == 0) {
            print_error("  %s\n", as[i]);
            i++;
            j++;
        } else if (j < m && (i == n || common[i][j + 1] > common[i + 1][j])) {
            print_error("+ %s\n", bs[j++]);
        } else {
            print_error("- %s\n", as[i++]);
        }
    }
}

bool
golden_same(const char *folder, const char *name, const char *text)
{
    dr_auto(dr_freep) char *path = NULL, *want = NULL;
    dr_auto(dr_error_freep) struct drstor_error *err = NULL;
    size_t n = 0;
    assert_true(asprintf(&path, GOLDEN "/%s/%s.txt", folder, name) > 0);
    bool there = dr_file_read(path, 1 << 20, &want, &n, NULL) == DRSTOR_OK;
    if (there && strcmp(want, text) == 0)
        return true;
    const char *update = getenv("DRSTOR_GOLDEN_UPDATE");
    if (update && strcmp(update, "1") == 0) {
        if (dr_file_write(path, text, strlen(text), 0644, &err) < 0)
            fail_msg("%s: %s", path, dr_error_message(err));
        return true;
    }
    show_difference(name, there ? want : "", text);
    return false;
}
