/* A report of the storage host, put together from its frames. */
#include "model.h"

#include <json-c/json.h>
#include <stdlib.h>

bool
ld_host_nine(const struct ld_host *h)
{
    return h->kernel >= 0x090000;
}

/* What a frame printed; false: it was not run, or said no. */
static bool
said(const struct ld_host *h, const char *name, const char *arg, struct ld_span *ret)
{
    const struct ld_frame *f = ld_frame(&h->reply, name, arg);
    if (!f || f->exit != 0)
        return false;
    *ret = f->out;
    return true;
}

/* Of generation 9 events2 tells the truth as well; a host of 8.4 shows it in /proc/drbd. */
static bool
roles_read(const struct ld_host *h, const char *name, struct ld_resource *r)
{
    struct ld_span text;
    if (said(h, "role", name, &text))
        return ld_roles_read(text, ld_host_nine(h), r);
    return ld_host_nine(h) || (said(h, "proc", NULL, &text) && ld_proc_roles_read(text, r));
}

/*
 * Each frame stands for itself: what cannot be read stays unknown, and is judged as that. Of the
 * kernel's state all or nothing is read.
 */
static void
resource_read(const struct ld_host *h, const char *name, struct ld_resource *r)
{
    struct ld_span text;
    struct ld_resource before;
    if (!said(h, "dump-xml", name, &text) || !ld_config_read(text, h->name, r))
        return;
    before = *r;
    if (!said(h, "events2", name, &text) || !ld_events_read(text, r)) {
        *r = before;
        return;
    }
    if (r->up && !roles_read(h, name, r))
        for (size_t i = 0; i < r->n_volumes; i++)
            r->volumes[i].role = LD_ROLE_UNKNOWN;
    if (said(h, "gi", name, &text))
        (void)ld_identifiers_read(text, r);
    if (r->up && said(h, "status", name, &text))
        (void)ld_status_read(text, r);
    if (r->up && said(h, "show", name, &text) && !ld_show_read(text, r)) {
        r->protocol = 0;
        r->fencing = LD_FENCING_UNKNOWN;
        r->two_primaries = LD_SAID_UNKNOWN;
    }
    if (said(h, "state", name, &text) && ld_kept_read(text, r))
        ld_seen_read(text, h->utc, r);
}

static bool
resources_read(struct ld_host *h)
{
    h->resources = calloc(h->reply.n_frames + 1, sizeof(*h->resources));
    for (size_t i = 0; h->resources && i < h->reply.n_frames; i++) {
        struct ld_span kind, name;
        char text[LD_NAME_MOST + 1] = "";
        if (!ld_cut(h->reply.frames[i].name, ' ', &kind, &name) || !ld_is(kind, "dump-xml") ||
            name.n == 0 || name.n > LD_NAME_MOST)
            continue;
        for (size_t k = 0; k < name.n; k++)
            text[k] = name.s[k];
        struct ld_resource *r = &h->resources[h->n_resources];
        *r = (struct ld_resource){.name = name, .unseen_s = -1};
        resource_read(h, text, r);
        if (r->configured)
            h->n_resources++;
    }
    return h->resources != NULL;
}

bool
ld_host_read(char *text, size_t n, struct ld_host *ret, const char **why)
{
    struct ld_span shim, word, t;
    uint64_t v;
    *ret = (struct ld_host){.text = text};
    if (!ld_reply_read((struct ld_span){text, n}, &ret->reply, why))
        return false;
    if (said(ret, "shim", NULL, &shim)) {
        if (ld_value(shim, "version", '\n', &word) && ld_number(word, 10, &v) && v < 1000)
            ret->version = (unsigned)v;
        (void)ld_value(shim, "host", '\n', &ret->name);
        (void)ld_value(shim, "boot", '\n', &ret->boot);
        if (ld_value(shim, "utc", '\n', &word) && ld_number(word, 10, &v))
            ret->utc = v;
    }
    if (said(ret, "version", NULL, &t))
        (void)ld_version_read(t, &ret->kernel);
    else if (said(ret, "proc", NULL, &t))
        (void)ld_proc_version_read(t, &ret->kernel);
    ret->lvs_read = said(ret, "lvs", NULL, &t) && ld_lvs_read(t, ret);
    /* No configfs of it: the kernel target is not there, and so it exports nothing. */
    const struct ld_frame *lio = ld_frame(&ret->reply, "lio", NULL);
    ret->lio_read =
        lio && (lio->exit == LD_EXIT_ABSENT || (lio->exit == 0 && ld_lio_read(lio->out, ret)));
    if (resources_read(ret))
        return true;
    *why = "there is no memory for it";
    return false;
}

void
ld_host_clear(struct ld_host *h)
{
    ld_reply_clear(&h->reply);
    (void)json_object_put(h->lvs_json);
    free(h->lvs);
    free(h->backstores);
    free(h->luns);
    free(h->portals);
    free(h->resources);
    free(h->text);
    *h = (struct ld_host){0};
}

const struct ld_resource *
ld_host_resource(const struct ld_host *h, const char *name)
{
    for (size_t i = 0; i < h->n_resources; i++)
        if (ld_is(h->resources[i].name, name))
            return &h->resources[i];
    return NULL;
}
