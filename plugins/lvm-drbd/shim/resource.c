/* A resource as this host's DRBD configuration has it, and the logical volumes behind it. */
#include "shim.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>

const char *
host_name(void)
{
    static struct utsname u;
    if (!*u.nodename)
        (void)uname(&u);
    return u.nodename;
}

/* The value of ATTRIBUTE in the tag that starts at AT and ends before END. */
static bool
attribute(const char *at, const char *end, const char *name, char *ret, size_t size)
{
    char *key = text_format(" %s=\"", name);
    const char *v = strstr(at, key);
    size_t skip = strlen(key);
    free(key);
    if (!v || v >= end)
        return false;
    v += skip;
    const char *quote = strchr(v, '"');
    if (!quote || quote >= end || (size_t)(quote - v) >= size)
        return false;
    memcpy(ret, v, (size_t)(quote - v));
    ret[quote - v] = '\0';
    return true;
}

/* All of it is the number; the least error is none at all. */
static bool
whole(const char *s, unsigned long most, unsigned *ret)
{
    char *end = NULL;
    unsigned long v = strtoul(s, &end, 10);
    *ret = (unsigned)v;
    return *s >= '0' && *s <= '9' && *end == '\0' && v <= most;
}

static bool
volume_parse(const char *at, const char *end, struct volume *v)
{
    char text[32];
    const char *device = strstr(at, "<device "), *disk = strstr(at, "<disk>");
    *v = (struct volume){0};
    if (!attribute(at, end, "vnr", text, sizeof(text)) || !whole(text, VOLUMES_MOST, &v->vol))
        return false;
    if (!device || device >= end || !attribute(device, end, "minor", text, sizeof(text)) ||
        !whole(text, 1U << 20, &v->minor))
        return false;
    (void)snprintf(v->device, sizeof(v->device), "/dev/drbd%u", v->minor);
    if (!disk || disk >= end)
        return false;
    disk += strlen("<disk>");
    const char *stop = strchr(disk, '<');
    if (!stop || stop >= end || (size_t)(stop - disk) >= sizeof(v->disk) || *disk != '/')
        return false;
    memcpy(v->disk, disk, (size_t)(stop - disk));
    v->disk[stop - disk] = '\0';
    return true;
}

static bool
volumes_parse(const char *at, const char *end, struct resource *r)
{
    for (;;) {
        at = strstr(at, "<volume ");
        if (!at || at >= end)
            return r->n > 0;
        const char *stop = strstr(at, "</volume>");
        if (!stop || stop > end || r->n == VOLUMES_MOST ||
            !volume_parse(at, stop, &r->volumes[r->n++]))
            return false;
        at = stop;
    }
}

static void
host_add(struct resource *r, const char *name, size_t *n)
{
    int before = *n ? strcmp(name, r->hosts[0]) : -1;
    if (before < 0) {
        if (*n == 1)
            memcpy(r->hosts[1], r->hosts[0], sizeof(r->hosts[1]));
        (void)snprintf(r->hosts[0], sizeof(r->hosts[0]), "%s", name);
    } else if (*n < 2 || strcmp(name, r->hosts[1]) > 0) {
        (void)snprintf(r->hosts[1], sizeof(r->hosts[1]), "%s", name);
    }
    ++*n;
}

bool
resource_parse(const char *xml, const char *me, struct resource *ret)
{
    bool mine = false;
    size_t n_hosts = 0;
    const char *name = ret->name;
    *ret = (struct resource){.name = name};
    for (const char *at = strstr(xml, "<host "); at; at = strstr(at + 1, "<host ")) {
        char host[256];
        const char *end = strstr(at, "</host>");
        if (!end || !attribute(at, end, "name", host, sizeof(host)))
            return false;
        host_add(ret, host, &n_hosts);
        if (!text_same(host, me))
            continue;
        mine = volumes_parse(at, end, ret);
        if (!mine)
            return false;
    }
    ret->slot = text_same(ret->hosts[0], me) ? 0 : 1;
    return mine && n_hosts > 1;
}

enum found
resource_read(const char *name, uint64_t end_ms, struct resource *ret)
{
    struct result r;
    enum found found = FOUND;
    *ret = (struct resource){.name = name};
    run((const char *const[]){"drbdadm", "dump-xml", name, NULL}, NULL, end_ms, &r);
    if (r.exit == EXIT_ABSENT)
        found = FOUND_NO_TOOL;
    else if (r.exit == 1 && strstr(text_of(&r.err), "not defined in your config"))
        found = FOUND_NOT;
    else if (r.exit != 0 || !resource_parse(text_of(&r.out), host_name(), ret))
        found = FOUND_BAD;
    if (found != FOUND) {
        char *frame = text_format("drbdadm dump-xml %s", name);
        reply_frame(frame, r.exit, text_of(&r.out), r.out.n, text_of(&r.err), r.err.n);
        free(frame);
    }
    result_clear(&r);
    return found;
}

/* The next of the fields that SEPARATOR ends; cuts TEXT. */
static const char *
field(char **text)
{
    char *at = *text, *bar = at ? strchr(at, '|') : NULL;
    if (bar)
        *bar = '\0';
    *text = bar ? bar + 1 : NULL;
    while (at && *at == ' ')
        at++;
    return at ? at : "";
}

static bool
has_tag(const char *tags, const char *tag)
{
    size_t n = strlen(tag);
    for (const char *at = tags; at && *at; at = strchr(at, ','), at = at ? at + 1 : NULL)
        if (strncmp(at, tag, n) == 0 && (at[n] == ',' || at[n] == '\0'))
            return true;
    return false;
}

static bool
volume_lvm(struct volume *v, uint64_t end_ms)
{
    struct result r;
    run((const char *const[]){"lvs", "--noheadings", "--separator", "|", "-o",
                              "vg_name,lv_name,segtype,lv_dm_path,lv_tags", v->disk, NULL},
        NULL, end_ms, &r);
    bool well = r.exit == 0 && r.out.n > 0;
    if (well) {
        char *line = r.out.s, *stop = strchr(line, '\n');
        if (stop)
            *stop = '\0';
        const char *vg = field(&line), *lv = field(&line), *type = field(&line), *dm = field(&line),
                   *tags = field(&line);
        static const char mapper[] = "/dev/mapper/";
        well = *vg && *lv && strncmp(dm, mapper, sizeof(mapper) - 1) == 0;
        (void)snprintf(v->vg, sizeof(v->vg), "%s", vg);
        (void)snprintf(v->lv, sizeof(v->lv), "%s", lv);
        (void)snprintf(v->dm, sizeof(v->dm), "%s", well ? dm + sizeof(mapper) - 1 : "");
        v->thin = text_same(type, "thin");
        v->probe = has_tag(tags, "drstor:probe");
    }
    if (!well) {
        char *frame = text_format("lvs %s", v->disk);
        reply_frame(frame, r.exit, text_of(&r.out), r.out.n, text_of(&r.err), r.err.n);
        free(frame);
    }
    result_clear(&r);
    return well;
}

bool
volumes_lvm(struct resource *r, uint64_t end_ms)
{
    for (size_t i = 0; i < r->n; i++)
        if (!volume_lvm(&r->volumes[i], end_ms))
            return false;
    return true;
}

bool
volume_serial(const struct resource *r, const struct volume *v, const char *name, uint64_t end_ms,
              char ret[26])
{
    struct result x;
    char *of = text_format("drstor:%s:%u:%s:%s%s%s", r->name, v->vol, r->hosts[0], r->hosts[1],
                           name ? ":" : "", name ? name : "");
    run((const char *const[]){"sha256sum", NULL}, of, end_ms, &x);
    bool well = x.exit == 0 && x.out.n >= 64 && strspn(x.out.s, "0123456789abcdef") == 64;
    if (well) {
        memcpy(ret, x.out.s, 25);
        ret[25] = '\0';
    } else {
        reply_frame("sha256sum", x.exit, text_of(&x.out), x.out.n, text_of(&x.err), x.err.n);
    }
    free(of);
    result_clear(&x);
    return well;
}
