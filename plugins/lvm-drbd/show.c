/* What hosts see, what is kept, and what is put beside the copy. */
#include "plugin.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LD_SAY(w, status, ...) host->fail((w)->call, status, __VA_ARGS__)
#define LD_NO(w, status, ...) ld_work_end(w, ld_work_no(w, LD_SAY(w, status, __VA_ARGS__)))

enum { TARGETS_MOST = 128 };

/* ---- exports --------------------------------------------------------------------------------- */

/* Do all (or any) volumes of W have a LUN in TARGET? NULL: in whichever. */
static bool
shown(const struct ld_work *w, const char *clone, const char *target, bool all)
{
    size_t n = 0;
    for (size_t i = 0; i < w->r->n_volumes; i++)
        n += ld_shown(&w->host, w->r, &w->r->volumes[i], clone, target);
    return all ? n == w->r->n_volumes : n > 0;
}

bool
ld_any_lun(const struct ld_work *w)
{
    return shown(w, NULL, NULL, false);
}

static bool
shown_to_all(const struct ld_work *w, const char *clone)
{
    for (size_t i = 0; i < w->change->n_host_groups; i++)
        if (!shown(w, clone, w->change->host_groups[i], true))
            return false;
    return true;
}

static bool
target_there(const struct ld_host *h, const char *target)
{
    for (size_t i = 0; i < h->n_portals; i++)
        if (ld_is(h->portals[i].target, target))
            return true;
    return false;
}

static int
targets_there(struct ld_work *w)
{
    if (!w->host.lio_read)
        return LD_SAY(w, DRSTOR_E_PROTOCOL, "what LIO exports there cannot be read");
    for (size_t i = 0; i < w->change->n_host_groups; i++)
        if (!target_there(&w->host, w->change->host_groups[i])) {
            host->hint(w->call, "make the target with targetcli, with its ACLs and its portal, or "
                                "correct expose in the configuration");
            return LD_SAY(w, DRSTOR_E_NOTFOUND, "the storage host has no iSCSI target %.200s",
                          w->change->host_groups[i]);
        }
    return DRSTOR_OK;
}

int
ld_expose(void *handle, struct drstor_call *call, const struct drstor_change *change)
{
    struct ld_work w;
    (void)handle;
    int r = ld_work_begin(&w, call, change, false);
    if (r < 0)
        return r;
    if (shown_to_all(&w, NULL))
        return ld_work_done(&w);
    r = targets_there(&w);
    if (r < 0)
        return ld_work_end(&w, ld_work_no(&w, r));
    if (!w.now.primary) { /* the kernel would not open it, not even for reading */
        host->hint(call, "promote it first");
        return LD_NO(&w, DRSTOR_E_CONFLICT, "%s is not Primary: a Secondary cannot be exported",
                     change->group);
    }
    r = ld_work_do(&w, "expose", change->host_groups, change->n_host_groups);
    r = r < 0 ? r : ld_work_look(&w);
    if (r < 0)
        return r;
    if (shown_to_all(&w, NULL))
        return ld_work_done(&w);
    w.changed = ld_any_lun(&w);
    return w.class == LD_CLASS_NONE ? ld_work_unclear(&w, "expose")
                                    : ld_work_refused(&w, "expose of");
}

int
ld_take_luns(struct ld_work *w)
{
    int r = ld_work_do(w, "withdraw", NULL, 0); /* in every target */
    r = r < 0 ? r : ld_work_look(w);
    if (r < 0 || !ld_any_lun(w))
        return r;
    w->changed = true;
    return w->class == LD_CLASS_NONE ? ld_work_unclear(w, "withdraw")
                                     : ld_work_refused(w, "withdraw of");
}

int
ld_withdraw(void *handle, struct drstor_call *call, const struct drstor_change *change)
{
    struct ld_work w;
    bool left = false;
    (void)handle;
    int r = ld_work_begin(&w, call, change, false);
    if (r < 0)
        return r;
    if (!w.host.lio_read)
        return LD_NO(&w, DRSTOR_E_PROTOCOL, "what LIO exports there cannot be read");
    for (size_t i = 0; i < change->n_host_groups; i++)
        left |= shown(&w, NULL, change->host_groups[i], false);
    if (!left)
        return ld_work_done(&w);
    r = ld_work_do(&w, "withdraw", change->host_groups, change->n_host_groups);
    r = r < 0 ? r : ld_work_look(&w);
    if (r < 0)
        return r;
    left = false;
    for (size_t i = 0; i < change->n_host_groups; i++)
        left |= shown(&w, NULL, change->host_groups[i], false);
    if (!left)
        return ld_work_done(&w);
    w.changed = true;
    return w.class == LD_CLASS_NONE ? ld_work_unclear(&w, "withdraw")
                                    : ld_work_refused(&w, "withdraw of");
}

/* ---- snapshots and clones -------------------------------------------------------------------- */

static size_t
images(const struct ld_work *w, const char *kind, const char *name)
{
    size_t n = 0;
    for (size_t i = 0; i < w->r->n_volumes; i++)
        n += ld_image(&w->host, w->r->name, w->r->volumes[i].number, kind, name) != NULL;
    return n;
}

/* How much room there is, for the person who reads that there is not enough. */
static int
image_failed(struct ld_work *w, const char *what)
{
    const struct ld_lv *lv = w->r->n_volumes ? ld_backing(&w->host, &w->r->volumes[0]) : NULL;
    uint64_t bytes;
    struct ld_span vg = lv ? lv->vg : (struct ld_span){0};
    bool space = w->class == LD_CLASS_NO_SPACE && lv && ld_vg_free(&w->host, vg, &bytes);
    char text[256] = "";
    if (space)
        (void)snprintf(text, sizeof(text),
                       "volume group %.*s has %llu MiB free; extend it, or remove snapshots that "
                       "nobody needs",
                       (int)(vg.n < 100 ? vg.n : 100), vg.s, (unsigned long long)(bytes >> 20));
    struct drstor_call *call = w->call;
    int r = ld_work_refused(w, what);
    if (space)
        host->hint(call, "%s", text);
    return r;
}

static int
lvs_known(struct ld_work *w)
{
    return w->host.lvs_read
               ? DRSTOR_OK
               : LD_SAY(w, DRSTOR_E_PROTOCOL, "the logical volumes there cannot be read");
}

/* Is there one moment of the data to be kept? */
static int
can_be_kept(struct ld_work *w)
{
    for (size_t i = 0; i < w->r->n_volumes; i++) {
        const struct ld_volume *v = &w->r->volumes[i];
        if (!ld_backing(&w->host, v)) {
            host->hint(w->call,
                       "snapshots and drills need every volume on a logical volume of LVM");
            return LD_SAY(w, DRSTOR_E_UNSUPPORTED,
                          "volume %u of %s lies on %.*s, which lvs does "
                          "not show",
                          v->number, w->change->group, LD_SHOW(v->backing));
        }
    }
    return lvs_known(w);
}

int
ld_snapshot(void *handle, struct drstor_call *call, const struct drstor_change *change)
{
    struct ld_work w;
    char name[LD_NAME_MOST + 1];
    const char *const args[] = {name};
    (void)handle;
    ld_name(change->name ? change->name : "", name);
    int r = ld_work_begin(&w, call, change, true);
    if (r < 0)
        return r;
    r = can_be_kept(&w);
    if (r < 0)
        return ld_work_end(&w, ld_work_no(&w, r));
    if (images(&w, "snapshot", name) == w.r->n_volumes)
        return ld_work_done(&w);
    r = ld_work_do(&w, "snapshot", args, 1);
    r = r < 0 ? r : ld_work_look(&w);
    if (r < 0)
        return r;
    if (w.class != LD_CLASS_NONE)
        return image_failed(&w, "the snapshot of");
    return images(&w, "snapshot", name) == w.r->n_volumes ? ld_work_done(&w)
                                                          : ld_work_unclear(&w, "snapshot");
}

static bool
clone_there(const struct ld_work *w, const char *name)
{
    return images(w, "clone", name) == w->r->n_volumes && shown_to_all(w, name);
}

int
ld_test_start(void *handle, struct drstor_call *call, const struct drstor_change *change)
{
    struct ld_work w;
    char name[LD_NAME_MOST + 1];
    const char *args[TARGETS_MOST] = {name};
    size_t n = 1;
    (void)handle;
    ld_name(change->name ? change->name : "", name);
    int r = ld_work_begin(&w, call, change, true);
    if (r < 0)
        return r;
    r = can_be_kept(&w);
    r = r < 0 ? r : targets_there(&w);
    if (r == DRSTOR_OK && change->n_host_groups >= TARGETS_MOST)
        r = LD_SAY(&w, DRSTOR_E_INVALID, "a clone is shown to %d targets at most",
                   TARGETS_MOST - 1);
    const struct ld_volume *v = ld_volume_behind(w.r);
    if (r == DRSTOR_OK && v && !clone_there(&w, name)) {
        host->hint(call, "let it catch up first");
        r = LD_SAY(&w, DRSTOR_E_CONFLICT, "volume %u of %s is %s: a clone of it would be of no use",
                   v->number, change->group, ld_disk_name(v->disk));
    }
    if (r < 0)
        return ld_work_end(&w, ld_work_no(&w, r));
    /* Sent even when all is there: the device between snapshot and LUN is not in the report. */
    for (size_t i = 0; i < change->n_host_groups; i++)
        args[n++] = change->host_groups[i];
    r = ld_work_do(&w, "clone", args, n);
    r = r < 0 ? r : ld_work_look(&w);
    if (r < 0)
        return r;
    if (w.class != LD_CLASS_NONE) {
        w.changed |= images(&w, "clone", name) > 0;
        return image_failed(&w, "the clone of");
    }
    return clone_there(&w, name) ? ld_work_done(&w) : ld_work_unclear(&w, "clone");
}

int
ld_test_stop(void *handle, struct drstor_call *call, const struct drstor_change *change)
{
    struct ld_work w;
    char name[LD_NAME_MOST + 1];
    const char *const args[] = {name};
    (void)handle;
    ld_name(change->name ? change->name : "", name);
    int r = ld_work_begin(&w, call, change, true);
    if (r < 0)
        return r;
    r = lvs_known(&w);
    if (r < 0)
        return ld_work_end(&w, ld_work_no(&w, r));
    r = ld_work_do(&w, "unclone", args, 1);
    r = r < 0 ? r : ld_work_look(&w);
    if (r < 0)
        return r;
    if (images(&w, "clone", name) == 0 && !shown(&w, name, NULL, false))
        return ld_work_done(&w);
    return w.class == LD_CLASS_NONE ? ld_work_unclear(&w, "unclone")
                                    : ld_work_refused(&w, "the removal of a clone of");
}

/* ---- the rest -------------------------------------------------------------------------------- */

int
ld_tag(void *handle, struct drstor_call *call, const struct drstor_change *change)
{
    struct ld_work w;
    (void)handle;
    int r = ld_work_begin(&w, call, change, false);
    if (r < 0)
        return r;
    if (w.r->kept && w.r->epoch == change->epoch && w.r->token == change->token)
        return ld_work_done(&w);
    r = ld_work_do(&w, "tag", NULL, 0);
    r = r < 0 ? r : ld_work_look(&w);
    if (r < 0)
        return r;
    if (w.r->kept && w.r->epoch >= change->epoch)
        return ld_work_done(&w);
    return w.class == LD_CLASS_NONE ? ld_work_unclear(&w, "tag") : ld_work_refused(&w, "tag of");
}

/* Which of the two slots of a probe block is this host's? 0 or 1; -1: it is neither's. */
static int
slot_of(const struct ld_work *w)
{
    const struct ld_resource *r = w->r;
    if (r->n_hosts != 2)
        return -1;
    bool first = ld_same(r->hosts[0], w->host.name), second = ld_same(r->hosts[1], w->host.name);
    if (first == second)
        return -1;
    struct ld_span mine = r->hosts[first ? 0 : 1], other = r->hosts[first ? 1 : 0];
    int order = memcmp(mine.s, other.s, mine.n < other.n ? mine.n : other.n);
    return order > 0 || (order == 0 && mine.n > other.n);
}

static const struct ld_volume *
probe_volume(const struct ld_work *w)
{
    for (size_t i = 0; i < w->r->n_volumes; i++) {
        const struct ld_lv *lv = ld_backing(&w->host, &w->r->volumes[i]);
        if (lv && ld_lv_tagged(lv, "drstor:probe", (struct ld_span){0}))
            return &w->r->volumes[i];
    }
    return NULL;
}

/* Is TEXT what slot SLOT holds now, read past every cache? */
static int
slot_holds(struct ld_work *w, const struct ld_volume *v, unsigned slot, const char *text,
           const char *whose)
{
    struct ld_answer a;
    int r = ld_probe(w->call, w->change->group, v->number, slot, &a);
    if (r < 0)
        return r;
    const struct ld_frame *f = ld_frame(&a.reply, "probe", NULL);
    struct ld_span got = f && f->exit == 0 ? f->out : (struct ld_span){0};
    while (got.n && (got.s[got.n - 1] == '\0' || got.s[got.n - 1] == '\n'))
        got.n--;
    bool same = f && f->exit == 0 && ld_is(got, text);
    ld_answer_clear(&a);
    return same ? DRSTOR_OK
                : LD_SAY(w, DRSTOR_E_CONFLICT,
                         "what %s wrote to the probe volume of %s is not what is read here", whose,
                         w->change->group);
}

/* A write that was made and did not arrive is an answer, not a doubt: the outcome says no. */
int
ld_probe_write(void *handle, struct drstor_call *call, const struct drstor_change *change)
{
    struct ld_work w;
    char name[LD_NAME_MOST + 1], number[16];
    const char *const args[] = {number, name};
    (void)handle;
    ld_name(change->name ? change->name : "", name);
    int r = ld_work_begin_any(&w, call, change, true);
    if (r < 0)
        return r;
    const struct ld_volume *v = probe_volume(&w);
    int slot = slot_of(&w);
    if (!v || slot < 0) {
        host->hint(call, "lvchange --addtag drstor:probe VG/LV for a small volume of this resource "
                         "that holds nothing else, at both sites");
        return LD_NO(&w, DRSTOR_E_NOTFOUND,
                     "no volume of %s is tagged as probe: nothing was written", change->group);
    }
    if (!w.now.primary)
        return LD_NO(&w, DRSTOR_E_CONFLICT, "%s is not Primary here: nothing was written",
                     change->group);
    struct ld_volume one = *v; /* a new look takes the old one away */
    (void)snprintf(number, sizeof(number), "%u", one.number);
    r = ld_work_do(&w, "probe-write", args, 2);
    if (r < 0)
        return r;
    if (w.class != LD_CLASS_NONE)
        return ld_work_refused(&w, "the probe write to");
    w.changed = false; /* of no member: probe volumes hold nothing */
    r = slot_holds(&w, &one, (unsigned)slot, name, "this leg");
    if (r == DRSTOR_OK && change->expect) {
        char other[LD_NAME_MOST + 1];
        ld_name(change->expect, other);
        r = slot_holds(&w, &one, !slot, other, "the other leg");
    }
    return r < 0 ? ld_work_end(&w, ld_work_no(&w, r)) : ld_work_done(&w);
}

/* A resync is not stopped half way: what it is overwriting is of no use until it is over. */
int
ld_cancel(void *handle, struct drstor_call *call, const char *job)
{
    (void)handle;
    host->outcome(call, DRSTOR_OUTCOME_REFUSED, NULL);
    host->hint(call, "to slow a resync down, see resync-rate and c-max-rate in drbd.conf(5)");
    return host->fail(call, DRSTOR_E_UNSUPPORTED, "job %.100s is not stopped half way", job);
}
