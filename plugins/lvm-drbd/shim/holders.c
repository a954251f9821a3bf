/* Who keeps the devices of a resource open: the question that DRBD 8.4 does not answer. */
#include "shim.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Lines of FILE whose first word is DEVICE: "KIND second-word". */
static void
table_holders(const char *file, const char *device, const char *kind, struct text *to)
{
    char line[1024];
    FILE *f = fopen(file, "re");
    while (f && fgets(line, sizeof(line), f)) {
        char *save = NULL, *first = strtok_r(line, " \t\n", &save),
             *second = first ? strtok_r(NULL, " \t\n", &save) : NULL;
        if (second && text_same(first, device))
            text_printf(to, "%s %s\n", kind, second);
    }
    if (f)
        (void)fclose(f);
}

static void
dm_holders(const struct volume *v, struct text *to)
{
    char *folder = text_format("/sys/block/drbd%u/holders", v->minor);
    DIR *d = opendir(folder);
    for (struct dirent *e = d ? readdir(d) : NULL; e; e = readdir(d)) {
        char name[256] = "";
        if (e->d_name[0] == '.')
            continue;
        char *path = text_format("/sys/block/%s/dm/name", e->d_name);
        FILE *f = fopen(path, "re");
        if (f && fgets(name, sizeof(name), f))
            name[strcspn(name, "\n")] = '\0';
        if (f)
            (void)fclose(f);
        text_printf(to, "dm %s\n", *name ? name : e->d_name);
        free(path);
    }
    if (d)
        (void)closedir(d);
    free(folder);
}

static bool
process_has(const char *pid, const char *device)
{
    bool found = false;
    char *folder = text_format("/proc/%s/fd", pid);
    DIR *d = opendir(folder);
    for (struct dirent *e = d ? readdir(d) : NULL; e && !found; e = readdir(d)) {
        char to[256];
        char *path = text_format("%s/%s", folder, e->d_name);
        ssize_t n = readlink(path, to, sizeof(to) - 1);
        to[n < 0 ? 0 : n] = '\0';
        found = text_same(to, device);
        free(path);
    }
    if (d)
        (void)closedir(d);
    free(folder);
    return found;
}

static void
process_holders(const char *device, struct text *to)
{
    DIR *d = opendir("/proc");
    for (struct dirent *e = d ? readdir(d) : NULL; e; e = readdir(d)) {
        if (e->d_name[0] < '1' || e->d_name[0] > '9' || !process_has(e->d_name, device))
            continue;
        char name[64] = "";
        char *path = text_format("/proc/%s/comm", e->d_name);
        FILE *f = fopen(path, "re");
        if (f && fgets(name, sizeof(name), f))
            name[strcspn(name, "\n")] = '\0';
        if (f)
            (void)fclose(f);
        text_printf(to, "process %s %s\n", e->d_name, name);
        free(path);
    }
    if (d)
        (void)closedir(d);
}

void
holders(const struct resource *r, struct text *to)
{
    for (size_t i = 0; i < r->n; i++) {
        const struct volume *v = &r->volumes[i];
        lio_holders(v->device, to);
        table_holders("/proc/mounts", v->device, "mount", to);
        table_holders("/proc/swaps", v->device, "swap", to);
        dm_holders(v, to);
        process_holders(v->device, to);
    }
}
