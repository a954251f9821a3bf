/*
 * The kernel's own iSCSI (and other) target, by its configfs tree: core/HBA/STORE is a device that
 * can be shown, FABRIC/TARGET/tpgt_N/lun/lun_M shows one, tpgt_N/acls/INITIATOR/lun_K shows it to
 * one host.
 */
#include "shim.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct names {
    char **s;
    size_t n;
};

static int
by_name(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* The folders in PATH, sorted; links too when LINKS. */
static struct names
names_in(const char *path, bool links)
{
    struct names r = {0};
    DIR *d = opendir(path);
    for (struct dirent *e = d ? readdir(d) : NULL; e; e = readdir(d)) {
        struct stat st;
        char *full = text_format("%s/%s", path, e->d_name);
        bool is = e->d_name[0] != '.' && lstat(full, &st) == 0 &&
                  (links ? S_ISLNK(st.st_mode) : S_ISDIR(st.st_mode));
        free(full);
        if (!is)
            continue;
        char **more = realloc(r.s, (r.n + 1) * sizeof(*more));
        if (!more)
            abort();
        r.s = more;
        r.s[r.n++] = text_format("%s", e->d_name);
    }
    if (d)
        (void)closedir(d);
    if (r.n)
        qsort(r.s, r.n, sizeof(*r.s), by_name);
    return r;
}

static void
names_clear(struct names *n)
{
    for (size_t i = 0; i < n->n; i++)
        free(n->s[i]);
    free(n->s);
    *n = (struct names){0};
}

/* First line of an attribute; what is no single word becomes one. */
static char *
attribute(const char *folder, const char *name)
{
    char buffer[512];
    char *path = text_format("%s/%s", folder, name);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t n = fd < 0 ? -1 : read(fd, buffer, sizeof(buffer) - 1);
    if (fd >= 0)
        (void)close(fd);
    free(path);
    buffer[n < 0 ? 0 : n] = '\0';
    buffer[strcspn(buffer, "\n")] = '\0';
    for (char *c = buffer; *c; c++)
        if ((unsigned char)*c <= 32 || *c == 127)
            *c = '_';
    return text_format("%s", buffer);
}

static bool
attribute_set(const char *folder, const char *name, const char *value, struct text *errs)
{
    char *path = text_format("%s/%s", folder, name);
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    bool well = fd >= 0 && write(fd, value, strlen(value)) == (ssize_t)strlen(value);
    if (!well)
        text_printf(errs, "cannot write %s to %s: %s\n", value, path, strerror(errno));
    if (fd >= 0)
        (void)close(fd);
    free(path);
    return well;
}

/* The last COUNT parts of where the one link in FOLDER leads; "" for none. */
static char *
link_of(const char *folder, int count)
{
    char to[1024];
    struct names links = names_in(folder, true);
    char *path = text_format("%s/%s", folder, links.n ? links.s[0] : "");
    ssize_t n = links.n ? readlink(path, to, sizeof(to) - 1) : 0;
    to[n < 0 ? 0 : n] = '\0';
    char *at = to + strlen(to);
    while (at > to && count) {
        at--;
        if (*at == '/' && --count == 0)
            at++;
        if (count == 0)
            break;
    }
    names_clear(&links);
    free(path);
    return text_format("%s", at);
}

/* ---- walking --------------------------------------------------------------------------------- */

struct store {
    char *name; /* HBA/STORE */
    char *path, *device;
};

static void
stores_each(void (*each)(const struct store *s, void *user), void *user)
{
    struct names hbas = names_in(SHIM_CONFIGFS "/core", false);
    for (size_t h = 0; h < hbas.n; h++) {
        char *hba = text_format(SHIM_CONFIGFS "/core/%s", hbas.s[h]);
        struct names stores = names_in(hba, false);
        for (size_t i = 0; i < stores.n && !text_same(hbas.s[h], "alua"); i++) {
            struct store s = {.name = text_format("%s/%s", hbas.s[h], stores.s[i]),
                              .path = text_format("%s/%s", hba, stores.s[i])};
            s.device = attribute(s.path, "udev_path");
            if (access(s.path, F_OK) == 0)
                each(&s, user);
            free(s.name);
            free(s.path);
            free(s.device);
        }
        names_clear(&stores);
        free(hba);
    }
    names_clear(&hbas);
}

struct tpg {
    const char *fabric, *target, *tag; /* tag: N of tpgt_N */
    char *path;
};

static void
tpgs_of(const char *fabric, const char *target, void (*each)(const struct tpg *t, void *user),
        void *user)
{
    char *path = text_format(SHIM_CONFIGFS "/%s/%s", fabric, target);
    struct names tpgs = names_in(path, false);
    for (size_t i = 0; i < tpgs.n; i++) {
        static const char prefix[] = "tpgt_";
        if (strncmp(tpgs.s[i], prefix, sizeof(prefix) - 1) != 0)
            continue;
        struct tpg t = {fabric, target, tpgs.s[i] + sizeof(prefix) - 1,
                        text_format("%s/%s", path, tpgs.s[i])};
        each(&t, user);
        free(t.path);
    }
    names_clear(&tpgs);
    free(path);
}

static void
tpgs_each(void (*each)(const struct tpg *t, void *user), void *user)
{
    struct names fabrics = names_in(SHIM_CONFIGFS, false);
    for (size_t f = 0; f < fabrics.n; f++) {
        if (text_same(fabrics.s[f], "core"))
            continue;
        char *path = text_format(SHIM_CONFIGFS "/%s", fabrics.s[f]);
        struct names targets = names_in(path, false);
        for (size_t i = 0; i < targets.n; i++)
            tpgs_of(fabrics.s[f], targets.s[i], each, user);
        names_clear(&targets);
        free(path);
    }
    names_clear(&fabrics);
}

/* ---- listing --------------------------------------------------------------------------------- */

static void
list_store(const struct store *s, void *user)
{
    struct text *to = user;
    char *wwn = text_format("%s/wwn", s->path), *serial = attribute(wwn, "vpd_unit_serial"),
         *enabled = attribute(s->path, "enable"), *info = text_format("%s/info", s->path);
    static const char before[] = "T10_VPD_Unit_Serial_Number:_";
    const char *digits = strstr(serial, before);
    char text[1024];
    int fd = open(info, O_RDONLY | O_CLOEXEC);
    ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);
    if (fd >= 0)
        (void)close(fd);
    text[n < 0 ? 0 : n] = '\0';
    text_printf(to, "backstore name=%s dev=%s serial=%s enabled=%s readonly=%d\n", s->name,
                s->device, digits ? digits + sizeof(before) - 1 : serial, enabled,
                strstr(text, "readonly: 1") != NULL);
    free(wwn);
    free(serial);
    free(enabled);
    free(info);
}

static const char *
lun_number(const char *name)
{
    static const char prefix[] = "lun_";
    return strncmp(name, prefix, sizeof(prefix) - 1) == 0 ? name + sizeof(prefix) - 1 : NULL;
}

static void
list_acl(struct text *to, const struct tpg *t, const char *acls, const char *initiator)
{
    text_printf(to, "acl target=%s tpgt=%s initiator=%s\n", t->target, t->tag, initiator);
    char *path = text_format("%s/%s", acls, initiator);
    struct names luns = names_in(path, false);
    for (size_t i = 0; i < luns.n; i++) {
        const char *number = lun_number(luns.s[i]);
        char *lun = text_format("%s/%s", path, luns.s[i]), *of = link_of(lun, 1),
             *protect = attribute(lun, "write_protect");
        if (number && lun_number(of))
            text_printf(to,
                        "mapped target=%s tpgt=%s initiator=%s mapped=%s lun=%s writeprotect=%s\n",
                        t->target, t->tag, initiator, number, lun_number(of), protect);
        free(lun);
        free(of);
        free(protect);
    }
    names_clear(&luns);
    free(path);
}

static void
list_tpg(const struct tpg *t, void *user)
{
    struct text *to = user;
    char *enabled = attribute(t->path, "enable"), *np = text_format("%s/np", t->path),
         *lun = text_format("%s/lun", t->path), *acl = text_format("%s/acls", t->path);
    struct names portals = names_in(np, false), luns = names_in(lun, false),
                 acls = names_in(acl, false);
    text_printf(to, "tpg target=%s tpgt=%s enabled=%s\n", t->target, t->tag, enabled);
    for (size_t i = 0; i < portals.n; i++)
        text_printf(to, "portal target=%s tpgt=%s address=%s\n", t->target, t->tag, portals.s[i]);
    for (size_t i = 0; i < luns.n; i++) {
        const char *number = lun_number(luns.s[i]);
        char *path = text_format("%s/%s", lun, luns.s[i]), *store = link_of(path, 2);
        if (number)
            text_printf(to, "lun target=%s tpgt=%s lun=%s backstore=%s\n", t->target, t->tag,
                        number, store);
        free(path);
        free(store);
    }
    for (size_t i = 0; i < acls.n; i++)
        list_acl(to, t, acl, acls.s[i]);
    names_clear(&portals);
    names_clear(&luns);
    names_clear(&acls);
    free(enabled);
    free(np);
    free(lun);
    free(acl);
}

void
lio_list(struct text *to)
{
    stores_each(list_store, to);
    tpgs_each(list_tpg, to);
}

struct holding {
    const char *device;
    struct text *to;
};

static void
holding_store(const struct store *s, void *user)
{
    struct holding *h = user;
    if (text_same(s->device, h->device))
        text_printf(h->to, "lio %s\n", s->name);
}

void
lio_holders(const char *device, struct text *to)
{
    struct holding h = {device, to};
    stores_each(holding_store, &h);
}

/* ---- changing -------------------------------------------------------------------------------- */

struct work {
    const char *device;
    struct text said, errs;
    /* the backstore in hand */
    char *store, *path;
    bool used; /* some LUN shows it */
    /* to which targets it is to be shown, or from which taken; none: all */
    char **targets;
    size_t n;
    size_t found;
    bool taking;
};

static bool
wanted(const struct work *w, const char *target)
{
    bool found = w->n == 0;
    for (size_t i = 0; i < w->n; i++)
        found |= text_same(w->targets[i], target);
    return found;
}

static void
find_store(const struct store *s, void *user)
{
    struct work *w = user;
    if (w->store || !text_same(s->device, w->device))
        return;
    w->store = text_format("%s", s->name);
    w->path = text_format("%s", s->path);
}

static bool
folder_make(struct work *w, const char *path)
{
    if (mkdir(path, 0755) == 0 || errno == EEXIST)
        return true;
    text_printf(&w->errs, "cannot make %s: %s\n", path, strerror(errno));
    return false;
}

static void
folder_remove(struct work *w, const char *path)
{
    if (rmdir(path) < 0 && errno != ENOENT)
        text_printf(&w->errs, "cannot remove %s: %s\n", path, strerror(errno));
}

static void
store_remove(struct work *w)
{
    char *hba = text_format("%.*s", (int)(strrchr(w->path, '/') - w->path), w->path);
    folder_remove(w, w->path);
    (void)rmdir(hba); /* others may be in it */
    free(hba);
}

static bool
store_make(struct work *w, const char *name, const char *serial)
{
    char *control = text_format("udev_path=%s", w->device), *hba = NULL;
    for (unsigned k = 0; !hba && k < 4096; k++) {
        hba = text_format(SHIM_CONFIGFS "/core/iblock_%u", k);
        if (access(hba, F_OK) == 0) {
            free(hba);
            hba = NULL;
        }
    }
    w->store = text_format("%s/%s", hba ? strrchr(hba, '/') + 1 : "", name);
    w->path = text_format("%s/%s", hba ? hba : "", name);
    char *wwn = text_format("%s/wwn", w->path);
    /* The serial first: from the moment it is enabled it could be seen without. */
    bool well = hba && folder_make(w, hba) && folder_make(w, w->path) &&
                attribute_set(w->path, "control", control, &w->errs) &&
                attribute_set(w->path, "udev_path", w->device, &w->errs) &&
                attribute_set(wwn, "vpd_unit_serial", serial, &w->errs) &&
                attribute_set(w->path, "enable", "1", &w->errs);
    if (well)
        text_printf(&w->said, "made %s\n", w->store);
    else if (hba)
        store_remove(w);
    free(hba);
    free(control);
    free(wwn);
    return well;
}

static void
map_lun(struct work *w, const struct tpg *t, const char *lun_path, const char *number)
{
    char *acl = text_format("%s/acls", t->path);
    struct names acls = names_in(acl, false);
    for (size_t i = 0; i < acls.n; i++) {
        char *mapped = text_format("%s/%s/lun_%s", acl, acls.s[i], number),
             *link = text_format("%s/shown", mapped), *of = link_of(mapped, 1);
        bool there = *of != '\0';
        if (!there && folder_make(w, mapped) && symlink(lun_path, link) < 0)
            text_printf(&w->errs, "cannot show LUN %s to %s: %s\n", number, acls.s[i],
                        strerror(errno));
        else if (!there)
            text_printf(&w->said, "LUN %s of %s for %s\n", number, t->target, acls.s[i]);
        free(mapped);
        free(link);
        free(of);
    }
    names_clear(&acls);
    free(acl);
}

static void
show(const struct tpg *t, void *user)
{
    struct work *w = user;
    if (!wanted(w, t->target))
        return;
    w->found++;
    char *folder = text_format("%s/lun", t->path), *path = NULL, *number = NULL;
    struct names luns = names_in(folder, false);
    for (size_t i = 0; i < luns.n && !path; i++) {
        char *at = text_format("%s/%s", folder, luns.s[i]), *store = link_of(at, 2);
        if (text_same(store, w->store) && lun_number(luns.s[i])) {
            path = text_format("%s", at);
            number = text_format("%s", lun_number(luns.s[i]));
        }
        free(at);
        free(store);
    }
    for (unsigned k = 0; !path && k < 16384; k++) {
        char *at = text_format("%s/lun_%u", folder, k), *link = text_format("%s/shown", at);
        if (access(at, F_OK) != 0 && folder_make(w, at)) {
            path = text_format("%s", at);
            number = text_format("%u", k);
            if (symlink(w->path, link) < 0) {
                text_printf(&w->errs, "cannot show %s as %s: %s\n", w->store, at, strerror(errno));
                folder_remove(w, at);
            }
        }
        bool stuck = w->errs.n > 0;
        free(at);
        free(link);
        if (stuck)
            break;
    }
    if (path && !w->errs.n)
        map_lun(w, t, path, number);
    names_clear(&luns);
    free(folder);
    free(path);
    free(number);
}

/* The link in PATH, and PATH. */
static void
take_away(struct work *w, const char *path)
{
    struct names links = names_in(path, true);
    for (size_t i = 0; i < links.n; i++) {
        char *link = text_format("%s/%s", path, links.s[i]);
        if (unlink(link) < 0 && errno != ENOENT)
            text_printf(&w->errs, "cannot take %s away: %s\n", link, strerror(errno));
        free(link);
    }
    names_clear(&links);
    folder_remove(w, path);
}

static void
unmap_lun(struct work *w, const struct tpg *t, const char *lun)
{
    char *acl = text_format("%s/acls", t->path);
    struct names acls = names_in(acl, false);
    for (size_t i = 0; i < acls.n; i++) {
        char *folder = text_format("%s/%s", acl, acls.s[i]);
        struct names luns = names_in(folder, false);
        for (size_t k = 0; k < luns.n; k++) {
            char *mapped = text_format("%s/%s", folder, luns.s[k]), *of = link_of(mapped, 1);
            if (lun_number(luns.s[k]) && text_same(of, lun))
                take_away(w, mapped);
            free(mapped);
            free(of);
        }
        names_clear(&luns);
        free(folder);
    }
    names_clear(&acls);
    free(acl);
}

/* With TAKING: from the targets that are wanted. Without: is it shown anywhere? */
static void
hide(const struct tpg *t, void *user)
{
    struct work *w = user;
    char *folder = text_format("%s/lun", t->path);
    struct names luns = names_in(folder, false);
    for (size_t i = 0; i < luns.n; i++) {
        char *path = text_format("%s/%s", folder, luns.s[i]), *store = link_of(path, 2);
        bool ours = text_same(store, w->store);
        if (ours && w->taking && wanted(w, t->target)) {
            unmap_lun(w, t, luns.s[i]);
            take_away(w, path);
            text_printf(&w->said, "took %s from %s\n", luns.s[i], t->target);
        } else if (ours) {
            w->used = true;
        }
        free(path);
        free(store);
    }
    names_clear(&luns);
    free(folder);
}

static enum end
work_end(struct work *w, const char *name)
{
    reply_text(name, w->errs.n ? 1 : 0, text_of(&w->said), text_of(&w->errs));
    enum end end = w->errs.n ? END_FAILED : END_DONE;
    text_clear(&w->said);
    text_clear(&w->errs);
    free(w->store);
    free(w->path);
    return end;
}

enum end
lio_expose(const char *device, const char *name, const char *serial, char **targets, size_t n)
{
    struct work w = {.device = device, .n = 1};
    stores_each(find_store, &w);
    if (w.store || store_make(&w, name, serial))
        for (size_t i = 0; i < n && !w.errs.n; i++) {
            w.targets = targets + i;
            w.found = 0;
            tpgs_each(show, &w);
            if (!w.found)
                text_printf(&w.errs, "there is no target %s\n", targets[i]);
        }
    return work_end(&w, "configfs expose");
}

enum end
lio_withdraw(const char *device, char **targets, size_t n)
{
    struct work w = {.device = device, .targets = targets, .n = n, .taking = true};
    for (;;) { /* more than one store may lie over it */
        free(w.store);
        free(w.path);
        w.store = w.path = NULL;
        stores_each(find_store, &w);
        if (!w.store || w.errs.n)
            break;
        w.used = false;
        tpgs_each(hide, &w);
        if (w.used || w.errs.n)
            break;
        store_remove(&w);
        if (!w.errs.n)
            text_printf(&w.said, "removed %s\n", w.store);
    }
    return work_end(&w, "configfs withdraw");
}
