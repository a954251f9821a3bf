/* LVM's and DRBD's tables in JSON, and the lines of LIO. */
#include "model.h"

#include <json-c/json.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

enum { DEPTH_MOST = 16, ROWS_MOST = 65536 };

/* The whole of TEXT is one value. */
static struct json_object *
json_read(struct ld_span text)
{
    struct json_tokener *t = text.n && text.n <= INT_MAX ? json_tokener_new_ex(DEPTH_MOST) : NULL;
    if (!t)
        return NULL;
    struct json_object *o = json_tokener_parse_ex(t, text.s, (int)text.n);
    size_t end =
        json_tokener_get_error(t) == json_tokener_success ? json_tokener_get_parse_end(t) : 0;
    json_tokener_free(t);
    while (o && end < text.n && strchr(" \t\r\n", text.s[end]) && text.s[end])
        end++;
    if (o && end == text.n)
        return o;
    (void)json_object_put(o);
    return NULL;
}

static struct json_object *
member(struct json_object *o, const char *name, enum json_type type)
{
    struct json_object *v = NULL;
    return json_object_is_type(o, json_type_object) && json_object_object_get_ex(o, name, &v) &&
                   json_object_is_type(v, type)
               ? v
               : NULL;
}

static struct ld_span
text_of(struct json_object *o, const char *name)
{
    struct json_object *v = member(o, name, json_type_string);
    return v ? (struct ld_span){json_object_get_string(v), (size_t)json_object_get_string_len(v)}
             : (struct ld_span){0};
}

/* The rows of {"report":[{"lv":[...]}]}. */
static struct json_object *
rows_of(struct json_object *o, const char *kind)
{
    struct json_object *report = member(o, "report", json_type_array);
    return report && json_object_array_length(report) == 1
               ? member(json_object_array_get_idx(report, 0), kind, json_type_array)
               : NULL;
}

bool
ld_lvs_read(struct ld_span text, struct ld_host *h)
{
    h->lvs_json = json_read(text);
    struct json_object *rows = rows_of(h->lvs_json, "lv");
    size_t n = rows ? json_object_array_length(rows) : 0;
    if (!rows || n > ROWS_MOST)
        return false;
    h->lvs = calloc(n + 1, sizeof(*h->lvs));
    if (!h->lvs)
        return false;
    for (size_t i = 0; i < n; i++) {
        struct json_object *row = json_object_array_get_idx(rows, i);
        struct ld_lv *lv = &h->lvs[h->n_lvs++];
        *lv = (struct ld_lv){.vg = text_of(row, "vg_name"),
                             .name = text_of(row, "lv_name"),
                             .path = text_of(row, "lv_path"),
                             .tags = text_of(row, "lv_tags"),
                             .origin = text_of(row, "origin"),
                             .attr = text_of(row, "lv_attr"),
                             .active = text_of(row, "lv_active"),
                             .invalid = text_of(row, "lv_snapshot_invalid"),
                             .permissions = text_of(row, "lv_permissions")};
        if (!lv->vg.n || !lv->name.n || !ld_number(text_of(row, "lv_size"), 10, &lv->bytes))
            return false;
    }
    return true;
}

bool
ld_vg_free(const struct ld_host *h, struct ld_span vg, uint64_t *ret_bytes)
{
    struct json_object *rows = rows_of(h->lvs_json, "lv");
    for (size_t i = 0; rows && i < json_object_array_length(rows); i++) {
        struct json_object *row = json_object_array_get_idx(rows, i);
        if (ld_same(text_of(row, "vg_name"), vg))
            return ld_number(text_of(row, "vg_free"), 10, ret_bytes);
    }
    return false;
}

/* ---- drbdsetup status ------------------------------------------------------------------------ */

static void
peer_device(struct json_object *o, struct ld_resource *r)
{
    struct json_object *n = member(o, "volume", json_type_int),
                       *done = member(o, "percent-resync-done", json_type_double);
    for (size_t i = 0; n && done && i < r->n_volumes; i++) {
        double percent = json_object_get_double(done);
        if ((int64_t)r->volumes[i].number == json_object_get_int64(n) && percent >= 0 &&
            percent <= 100)
            r->volumes[i].done_permille = (int64_t)(percent * 10);
    }
}

bool
ld_status_read(struct ld_span text, struct ld_resource *r)
{
    struct json_object *all = json_read(text);
    bool found = false;
    for (size_t i = 0;
         json_object_is_type(all, json_type_array) && i < json_object_array_length(all); i++) {
        struct json_object *o = json_object_array_get_idx(all, i);
        struct json_object *links = member(o, "connections", json_type_array);
        if (!ld_same(text_of(o, "name"), r->name))
            continue;
        found = true;
        for (size_t k = 0; links && k < json_object_array_length(links); k++) {
            struct json_object *devices =
                member(json_object_array_get_idx(links, k), "peer_devices", json_type_array);
            for (size_t d = 0; devices && d < json_object_array_length(devices); d++)
                peer_device(json_object_array_get_idx(devices, d), r);
        }
    }
    (void)json_object_put(all);
    return found;
}

/* ---- LIO ------------------------------------------------------------------------------------- */

static void *
grown(void *list, size_t n, size_t size)
{
    return (n & (n - 1)) ? list : realloc(list, (n ? 2 * n : 1) * size);
}
#define PUSH(list, n)                                                                              \
    do {                                                                                           \
        void *more_ = (n) < ROWS_MOST ? grown(list, n, sizeof(*(list))) : NULL;                    \
        if (!more_)                                                                                \
            return false;                                                                          \
        (list) = more_;                                                                            \
        (n)++;                                                                                     \
    } while (0)

static bool
backstore_line(struct ld_span rest, struct ld_host *h)
{
    struct ld_backstore b = {0};
    struct ld_span enabled;
    if (!ld_value(rest, "name", ' ', &b.name) || !ld_value(rest, "dev", ' ', &b.dev))
        return false;
    (void)ld_value(rest, "serial", ' ', &b.serial);
    if (ld_value(rest, "enabled", ' ', &enabled))
        b.enabled = ld_is(enabled, "1") ? LD_SAID_YES : LD_SAID_NO;
    PUSH(h->backstores, h->n_backstores);
    h->backstores[h->n_backstores - 1] = b;
    return true;
}

static bool
portal_line(struct ld_span rest, struct ld_host *h)
{
    struct ld_portal p = {0};
    if (!ld_value(rest, "target", ' ', &p.target))
        return false;
    (void)ld_value(rest, "address", ' ', &p.address);
    PUSH(h->portals, h->n_portals);
    h->portals[h->n_portals - 1] = p;
    return true;
}

static bool
lun_line(struct ld_span rest, struct ld_host *h)
{
    struct ld_lun l = {0};
    struct ld_span number;
    if (!ld_value(rest, "target", ' ', &l.target) || !ld_value(rest, "lun", ' ', &number) ||
        !ld_value(rest, "backstore", ' ', &l.backstore) || !ld_number(number, 10, &l.number) ||
        l.number > INT32_MAX)
        return false;
    PUSH(h->luns, h->n_luns);
    h->luns[h->n_luns - 1] = l;
    return true;
}

bool
ld_lio_read(struct ld_span text, struct ld_host *h)
{
    for (struct ld_span line, kind; ld_line(&text, &line);) {
        if (!ld_word(&line, &kind))
            continue;
        bool well = ld_is(kind, "backstore")                      ? backstore_line(line, h)
                    : ld_is(kind, "portal") || ld_is(kind, "tpg") ? portal_line(line, h)
                    : ld_is(kind, "lun")                          ? lun_line(line, h)
                                                                  : true;
        if (!well)
            return false;
    }
    return true;
}
