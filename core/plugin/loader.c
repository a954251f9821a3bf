#include "plugin/loader.h"

#include "base/file.h"
#include "base/str.h"
#include "plugin/contract.h"
#include "plugin/describe.h"
#include "plugin/elf.h"
#include "plugin/host.h"
#include "plugin/symbols.h"

#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { FILE_BYTES_MAX = 64 << 20, FILES_MAX = 1024 };

/*
 * Everything that was ever given to dlopen(), good or bad. Its code may have left threads and
 * destructors behind, so it is never closed; and its descriptor stays open, because the loader
 * knows the object by its name /proc/self/fd/N and would answer a reused number with the old
 * object.
 */
struct loaded {
    struct loaded *next;
    dev_t device;
    ino_t inode;
    char *name;
    int fd;
    struct dr_plugin *plugin;   /* NULL: refused ... */
    struct drstor_error *error; /* ... for this */
};

static struct {
    pthread_mutex_t lock; /* held over a whole load: two loads at once gain nothing */
    struct loaded *head;
} cache = {PTHREAD_MUTEX_INITIALIZER, NULL};

static struct {
    const char *name;
    struct dr_plugin *plugin;
} builtins[8];
static size_t n_builtins;

static int
file_bytes(int fd, const char *path, unsigned char **ret, size_t *ret_n, struct drstor_error **err)
{
    struct stat st;
    if (fstat(fd, &st) < 0)
        return dr_fail(err, DRSTOR_E_INVALID, "cannot look at %s: %m", path);
    if (st.st_size > FILE_BYTES_MAX)
        return dr_fail(err, DRSTOR_E_INVALID, "%s is larger than any plugin (%lld bytes)", path,
                       (long long)st.st_size);
    size_t n = (size_t)st.st_size, got = 0;
    dr_auto(dr_freep) unsigned char *bytes = dr_alloc0(n, 1);
    while (got < n) {
        ssize_t k = pread(fd, bytes + got, n - got, (off_t)got);
        if (k < 0 && errno == EINTR)
            continue;
        if (k < 0)
            return dr_fail(err, DRSTOR_E_INVALID, "cannot read %s: %m", path);
        if (k == 0)
            break;
        got += (size_t)k;
    }
    *ret = dr_steal(bytes);
    *ret_n = got;
    return DRSTOR_OK;
}

static int
elf_check(int fd, const char *path, const char *name, struct drstor_error **err)
{
    dr_auto(dr_freep) unsigned char *bytes = NULL;
    dr_auto(dr_arena_freep) struct dr_arena *a = dr_arena_new();
    size_t n = 0;
    struct dr_elf elf;
    int r = file_bytes(fd, path, &bytes, &n, err);
    if (r == DRSTOR_OK)
        r = dr_elf_read(a, path, bytes, n, &elf, err);
    return r < 0 ? r : dr_symbols_check(path, name, &elf, err);
}

static struct dr_plugin *
plugin_new(void)
{
    struct dr_plugin *p = dr_new0(struct dr_plugin);
    p->arena = dr_arena_new();
    return p;
}

static int
plugin_enter(struct dr_plugin *p, const char *path, const char *name, drstor_plugin_entry_fn entry,
             struct drstor_error **err)
{
    int r = dr_contract_check(path, name, entry(dr_host_table()), &p->table, err);
    if (r < 0)
        return r;
    p->info.name = dr_arena_str(p->arena, p->table.name);
    p->info.version = dr_arena_str(p->arena, p->table.version);
    p->info.path = dr_arena_str(p->arena, path);
    p->info.api = p->table.api;
    return DRSTOR_OK;
}

int
dr_plugin_builtin(const char *name, drstor_plugin_entry_fn entry, struct drstor_error **err)
{
    if (n_builtins == DR_COUNT(builtins))
        return dr_fail(err, DRSTOR_E_INTERNAL, "no room for one more plugin in this program");
    struct dr_plugin *p = plugin_new();
    p->in_process = true;
    int r = plugin_enter(p, "(built in)", name, entry, err);
    if (r == DRSTOR_OK)
        r = dr_plugin_describe_here(p, err);
    if (r < 0)
        return r;
    pthread_mutex_lock(&cache.lock);
    builtins[n_builtins].name = name;
    builtins[n_builtins++].plugin = p;
    pthread_mutex_unlock(&cache.lock);
    return DRSTOR_OK;
}

static struct dr_plugin *
builtin_find(const char *name)
{
    struct dr_plugin *p = NULL;
    pthread_mutex_lock(&cache.lock);
    for (size_t i = 0; i < n_builtins && !p; i++)
        if (strcmp(builtins[i].name, name) == 0)
            p = builtins[i].plugin;
    pthread_mutex_unlock(&cache.lock);
    return p;
}

/* dlopen() and everything after it; what fails here fails for good. */
static int
object_open(struct loaded *l, const char *path, struct drstor_error **err)
{
    char link[64];
    (void)snprintf(link, sizeof(link), "/proc/self/fd/%d", l->fd);
    void *object = dlopen(link, RTLD_NOW | RTLD_LOCAL);
    if (!object) {
        const char *why = dlerror(); /* NOLINT(concurrency-mt-unsafe): glibc keeps it per thread */
        size_t n = strlen(link);
        if (why && strncmp(why, link, n) == 0 && strncmp(why + n, ": ", 2) == 0)
            why += n + 2;
        return dr_fail(err, DRSTOR_E_INVALID, "%s cannot be loaded: %s", path,
                       why ? why : "no reason given");
    }
    /* POSIX gives functions out as void pointers; this is its way to take them. */
    drstor_plugin_entry_fn entry = NULL;
    *(void **)(void *)&entry = dlsym(object, DRSTOR_PLUGIN_ENTRY_NAME);
    if (!entry)
        return dr_fail(err, DRSTOR_E_INVALID, "%s does not export the function %s", path,
                       DRSTOR_PLUGIN_ENTRY_NAME);
    /* A describe() that did not come back still writes through it. */
    l->plugin = plugin_new();
    l->plugin->in_process = strcmp(l->name, "simulated") == 0;
    int r = plugin_enter(l->plugin, path, l->name, entry, err);
    return r < 0 ? r : dr_plugin_describe(l->plugin, err);
}

static struct loaded *
cache_find(int fd, const char *name, struct stat *ret_st)
{
    if (fstat(fd, ret_st) < 0)
        return NULL;
    for (struct loaded *l = cache.head; l; l = l->next)
        if (l->device == ret_st->st_dev && l->inode == ret_st->st_ino && strcmp(l->name, name) == 0)
            return l;
    return NULL;
}

static int
load_descriptor(int *fd, const char *path, const char *name, struct dr_plugin **ret,
                struct drstor_error **err)
{
    struct stat st = {0};
    struct loaded *l = cache_find(*fd, name, &st);
    if (!l) {
        int r = elf_check(*fd, path, name, err);
        if (r < 0)
            return r;
        l = dr_new0(struct loaded);
        l->device = st.st_dev;
        l->inode = st.st_ino;
        l->name = dr_strdup(name);
        l->fd = *fd;
        *fd = -1;
        l->next = cache.head;
        cache.head = l;
        (void)object_open(l, path, &l->error);
    }
    if (l->error) {
        struct drstor_error *copy = dr_error_copy(l->error);
        dr_error_move(err, &copy);
        return dr_error_status(l->error);
    }
    *ret = l->plugin;
    return DRSTOR_OK;
}

/* The base check takes a path through links by where it ends; here a link is refused at any
 * step. */
static int
folder_check(const char *dir, struct drstor_error **err)
{
    dr_auto(dr_freep) char *step = dr_strdup(dir);
    for (char *end = step + strlen(step); end > step;) {
        while (end > step + 1 && end[-1] == '/')
            *--end = '\0';
        struct stat st;
        if (lstat(step, &st) < 0) {
            int r = dr_fail(err, errno == ENOENT ? DRSTOR_E_NOTFOUND : DRSTOR_E_INVALID,
                            "cannot use the plugin folder %s: %m", dir);
            dr_hint(err, "plugin_dir in the configuration names the folder of plugins");
            return r;
        }
        if (S_ISLNK(st.st_mode)) {
            int r = dr_fail(err, DRSTOR_E_INVALID,
                            "the plugin folder %s cannot be trusted: %s is a link", dir, step);
            dr_hint(err, "name the folder itself, without links");
            return r;
        }
        char *slash = strrchr(step, '/');
        if (!slash || slash == step)
            break;
        *slash = '\0';
        end = slash;
    }
    return DRSTOR_OK;
}

static int
load_path(const char *path, const char *name, struct dr_plugin **ret, struct drstor_error **err)
{
    dr_auto(dr_closep) int fd = -1;
    int r = dr_file_open_trusted(path, false, &fd, err);
    if (r < 0) {
        if (err && !dr_error_hint(*err))
            dr_hint(err, "plugins must belong to root, in folders that only root can write");
        return r;
    }
    pthread_mutex_lock(&cache.lock);
    r = load_descriptor(&fd, path, name, ret, err);
    pthread_mutex_unlock(&cache.lock);
    return r;
}

static int
by_text(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static int
folder_names(const char *dir, struct dr_arena *a, const char ***ret, size_t *ret_n,
             struct drstor_error **err)
{
    static const char prefix[] = "drstor_", suffix[] = ".so";
    const size_t around = sizeof(prefix) - 1 + sizeof(suffix) - 1;
    const char **names = NULL;
    size_t n = 0;
    DIR *d = opendir(dir);
    if (!d)
        return dr_fail(err, errno == ENOENT ? DRSTOR_E_NOTFOUND : DRSTOR_E_INVALID,
                       "cannot read the plugin folder %s: %m", dir);
    /* NOLINTNEXTLINE(concurrency-mt-unsafe): the stream is ours alone */
    for (const struct dirent *e = readdir(d); e && n < FILES_MAX; e = readdir(d)) {
        size_t len = strlen(e->d_name);
        if (len > around && strncmp(e->d_name, prefix, sizeof(prefix) - 1) == 0 &&
            strcmp(e->d_name + len - (sizeof(suffix) - 1), suffix) == 0)
            dr_arena_push(a, names, n) =
                dr_arena_strn(a, e->d_name + sizeof(prefix) - 1, len - around);
    }
    (void)closedir(d);
    if (n)
        qsort(names, n, sizeof(names[0]), by_text);
    *ret = names;
    *ret_n = n;
    return DRSTOR_OK;
}

/* Not there: say what is. */
static void
not_there_hint(const char *dir, const char *name, struct drstor_error **err)
{
    dr_auto(dr_arena_freep) struct dr_arena *a = dr_arena_new();
    dr_auto(dr_str_freep) struct dr_str list = {0};
    const char **names = NULL;
    size_t n = 0;
    if (folder_names(dir, a, &names, &n, NULL) < 0)
        return;
    for (size_t i = 0; i < n; i++)
        dr_str_printf(&list, "%s%s", i ? ", " : "", names[i]);
    const char *near = n ? dr_nearest(name, names, n) : NULL;
    if (near)
        dr_hint(err, "did you mean %s? There are: %s", near, list.s);
    else if (n)
        dr_hint(err, "there are: %s", list.s);
    else
        dr_hint(err, "there are no plugins in %s", dir);
}

int
dr_plugin_load(const char *dir, const char *name, struct dr_plugin **ret, struct drstor_error **err)
{
    if (!dr_plugin_name_valid(name)) {
        int r = dr_fail(err, DRSTOR_E_INVALID, "\"%s\" cannot be the name of a plugin", name);
        dr_hint(err, "names are made of a-z, 0-9 and -");
        return r;
    }
    struct dr_plugin *builtin = builtin_find(name);
    if (builtin) {
        *ret = builtin;
        return DRSTOR_OK;
    }
    int r = folder_check(dir, err);
    if (r < 0)
        return r;
    dr_auto(dr_freep) char *path = NULL;
    if (asprintf(&path, "%s/drstor_%s.so", dir, name) < 0)
        return dr_fail(err, DRSTOR_E_NOMEM, "out of memory");
    struct stat st;
    if (lstat(path, &st) < 0 && errno == ENOENT) {
        r = dr_fail(err, DRSTOR_E_NOTFOUND, "there is no plugin %s in %s", name, dir);
        not_there_hint(dir, name, err);
        return r;
    }
    return load_path(path, name, ret, err);
}

int
dr_plugin_list(const char *dir, struct dr_arena *a, struct dr_plugin_file **ret, size_t *ret_n,
               struct drstor_error **err)
{
    const char **names = NULL;
    size_t n = 0;
    int r = folder_check(dir, err);
    if (r == DRSTOR_OK)
        r = folder_names(dir, a, &names, &n, err);
    if (r < 0)
        return r;
    struct dr_plugin_file *files = dr_arena_alloc(a, n, sizeof(*files));
    for (size_t i = 0; i < n; i++) {
        dr_auto(dr_error_freep) struct drstor_error *why = NULL;
        struct dr_plugin *p = NULL;
        files[i].name = names[i];
        files[i].path = dr_arena_printf(a, "%s/drstor_%s.so", dir, names[i]);
        if (dr_plugin_load(dir, names[i], &p, &why) < 0) {
            files[i].error = dr_arena_str(a, dr_error_message(why));
            files[i].hint = dr_arena_str(a, dr_error_hint(why));
            continue;
        }
        files[i].plugin = p;
    }
    *ret = files;
    *ret_n = n;
    return DRSTOR_OK;
}
