/* Under which names hosts see a volume, and where: backstores, LUNs, tags of logical volumes. */
#include "state.h"

#include "sha256.h"

#include <stdio.h>
#include <string.h>

static bool
device_is(struct ld_span dev, const struct ld_resource *r, const struct ld_volume *v,
          const char *clone)
{
    char name[2 * LD_NAME_MOST + 64];
    if (clone) {
        (void)snprintf(name, sizeof(name), "drstor.%.*s.%u.%.*s", LD_SHOW(r->name), v->number,
                       LD_NAME_MOST, clone);
        return ld_holds(dev, name, &dev) && dev.n == 0;
    }
    (void)snprintf(name, sizeof(name), "/dev/drbd%u", v->minor);
    if (ld_is(dev, name))
        return true;
    (void)snprintf(name, sizeof(name), "/dev/drbd/by-res/%.*s/%u", LD_SHOW(r->name), v->number);
    return ld_is(dev, name);
}

/* A clone's device goes by more than one path; its backstore has one name. */
bool
ld_backstore_is(const struct ld_backstore *b, const struct ld_resource *r,
                const struct ld_volume *v, const char *clone)
{
    return device_is(b->dev, r, v, clone) || (clone && device_is(b->name, r, v, clone));
}

const struct ld_backstore *
ld_backstore_of(const struct ld_host *h, const struct ld_resource *r, const struct ld_volume *v,
                const char *clone)
{
    for (size_t i = 0; i < h->n_backstores; i++)
        if (ld_backstore_is(&h->backstores[i], r, v, clone))
            return &h->backstores[i];
    return NULL;
}

bool
ld_shown(const struct ld_host *h, const struct ld_resource *r, const struct ld_volume *v,
         const char *clone, const char *target)
{
    for (size_t i = 0; i < h->n_luns; i++) {
        if (target && !ld_is(h->luns[i].target, target))
            continue;
        for (size_t k = 0; k < h->n_backstores; k++)
            if (ld_same(h->backstores[k].name, h->luns[i].backstore) &&
                ld_backstore_is(&h->backstores[k], r, v, clone))
                return true;
    }
    return false;
}

static void
sha_add(struct ld_sha256 *h, struct ld_span text)
{
    ld_sha256_add(h, text.s, text.n);
}

/* 25 digits that are the same at both sites, and stay (PROTOCOL.md, Exports). */
static bool
serial_made(const struct ld_resource *r, const struct ld_volume *v, const char *clone,
            char ret[LD_SERIAL_SIZE])
{
    struct ld_sha256 h;
    char number[16], hex[65];
    if (r->n_hosts != 2)
        return false;
    struct ld_span a = r->hosts[0], b = r->hosts[1];
    int order = memcmp(a.s, b.s, a.n < b.n ? a.n : b.n);
    bool turned = order > 0 || (order == 0 && a.n > b.n);
    (void)snprintf(number, sizeof(number), ":%u:", v->number);
    ld_sha256_start(&h);
    sha_add(&h, ld_span("drstor:"));
    sha_add(&h, r->name);
    sha_add(&h, ld_span(number));
    sha_add(&h, turned ? b : a);
    sha_add(&h, ld_span(":"));
    sha_add(&h, turned ? a : b);
    if (clone) {
        sha_add(&h, ld_span(":"));
        sha_add(&h, ld_span(clone));
    }
    ld_sha256_hex(&h, hex);
    memcpy(ret, hex, LD_SERIAL_SIZE - 1);
    ret[LD_SERIAL_SIZE - 1] = '\0';
    return true;
}

static char
hex_lower(char c)
{
    return c >= 'A' && c <= 'F'                               ? (char)(c - 'A' + 'a')
           : (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') ? c
                                                              : '\0';
}

/* LIO takes the hex digits of the serial, and fills up with zeros. */
static void
wwid_of(struct ld_span serial, char ret[LD_WWID_SIZE])
{
    static const char head[] = "36001405";
    size_t n = sizeof(head) - 1;
    memcpy(ret, head, n);
    for (size_t i = 0; i < serial.n && n < LD_WWID_SIZE - 1; i++)
        if (hex_lower(serial.s[i]))
            ret[n++] = hex_lower(serial.s[i]);
    while (n < LD_WWID_SIZE - 1)
        ret[n++] = '0';
    ret[n] = '\0';
}

bool
ld_identity(const struct ld_host *h, const struct ld_resource *r, const struct ld_volume *v,
            const char *clone, char ret_serial[LD_SERIAL_SIZE], char ret_wwid[LD_WWID_SIZE])
{
    const struct ld_backstore *b = ld_backstore_of(h, r, v, clone);
    if (b && b->serial.n) {
        (void)snprintf(ret_serial, LD_SERIAL_SIZE, "%.*s", LD_SHOW(b->serial));
        wwid_of(b->serial, ret_wwid);
        return true;
    }
    if (!h->lio_read || !serial_made(r, v, clone, ret_serial))
        return false;
    wwid_of(ld_span(ret_serial), ret_wwid);
    return true;
}

/* ---- logical volumes ------------------------------------------------------------------------- */

bool
ld_lv_tagged(const struct ld_lv *lv, const char *key, struct ld_span value)
{
    struct ld_span rest = lv->tags, one, after;
    while (rest.n) {
        if (!ld_cut(rest, ',', &one, &rest)) {
            one = rest;
            rest.n = 0;
        }
        if (ld_begins(one, key) && ld_holds(one, key, &after) && ld_same(after, value))
            return true;
    }
    return false;
}

const struct ld_lv *
ld_image(const struct ld_host *h, struct ld_span res, uint32_t volume, const char *kind,
         const char *name)
{
    char number[16], key[32];
    (void)snprintf(number, sizeof(number), "%u", volume);
    (void)snprintf(key, sizeof(key), "drstor:%.16s=", kind);
    for (size_t i = 0; i < h->n_lvs; i++)
        if (ld_lv_tagged(&h->lvs[i], "drstor:res=", res) &&
            ld_lv_tagged(&h->lvs[i], "drstor:vol=", ld_span(number)) &&
            ld_lv_tagged(&h->lvs[i], key, ld_span(name)))
            return &h->lvs[i];
    return NULL;
}

const struct ld_lv *
ld_backing(const struct ld_host *h, const struct ld_volume *v)
{
    for (size_t i = 0; i < h->n_lvs; i++)
        if (h->lvs[i].path.n && ld_same(h->lvs[i].path, v->backing))
            return &h->lvs[i];
    return NULL;
}
