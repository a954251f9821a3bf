/* The keys that endpoints show, held against what the configuration trusts. Only looks: nobody logs
 * in, no credential is sent, nothing is written, and nothing is trusted by it. */
#include "library/internal.h"

#include "base/mem.h"
#include "base/names.h"
#include "base/str.h"
#include "net/ssh.h"
#include "net/trust.h"

#include <string.h>

/* As every verb: not ready, and the place of a wrong certificate. */
enum { EXIT_UNSEEN = 6, EXIT_CONTRADICTED = 9 };

struct target {
    const char *kind, *name, *site; /* site NULL: of no single site */
    const struct dr_access_point *at;
};

struct look {
    struct drstor *d;
    struct dr_arena *a;
    uint64_t deadline_ns;
    const struct target *t;
    const char *what; /* "array drbd-rome" */
    const char *url;
    unsigned connect_ms;
    struct json_object *row;
};

static void
row_say(struct look *l, const char *state, const char *text, const char *hint)
{
    dr_json_set_str(l->row, "state", state);
    dr_json_set_str(l->row, "text", text);
    dr_json_set_str(l->row, "hint", hint);
}

/* ---- ssh ------------------------------------------------------------------------------------- */

static void
ssh_compare(struct look *l, const struct dr_ssh_shown *x)
{
    const char *kind = dr_streq(x->type, "ssh-ed25519") ? "ed25519" : "ecdsa";
    dr_json_set_str(
        l->row, "compare",
        dr_arena_printf(l->a,
                        "before the line is added to %s, a person compares the fingerprint with "
                        "what the host's own console says: ssh-keygen -l -f "
                        "/etc/ssh/ssh_host_%s_key.pub",
                        l->t->at->known_hosts, kind));
}

static void
ssh_row(struct look *l, const struct dr_ssh_shown *x, bool no_file)
{
    const char *file = l->t->at->known_hosts;
    dr_json_set_str(l->row, "type", x->type);
    dr_json_set_str(l->row, "fingerprint", x->fingerprint);
    if (*x->on_file)
        dr_json_set_str(l->row, "on_file", x->on_file);
    if (x->trust != DR_SSH_KEY_REVOKED) /* nobody is to add that one */
        dr_json_set_str(l->row, "add", x->line);
    switch (x->trust) {
    case DR_SSH_KEY_KNOWN:
        row_say(l, "known", dr_arena_printf(l->a, "its key is in %s", file), NULL);
        return;
    case DR_SSH_KEY_OTHER:
        row_say(l, "changed",
                dr_arena_printf(l->a, "%s has another key of it: %s", file, x->on_file),
                "if the host was not installed anew on purpose, somebody else answers at this "
                "address; if it was, the old line has to go");
        ssh_compare(l, x);
        return;
    case DR_SSH_KEY_REVOKED:
        row_say(l, "revoked", dr_arena_printf(l->a, "%s calls its key revoked", file),
                "a revoked key is one that somebody else may have; give the host a new one");
        return;
    case DR_SSH_KEY_UNKNOWN:
        break;
    }
    row_say(
        l, "unknown",
        dr_arena_printf(l->a, no_file ? "there is no file %s yet" : "no key of it is in %s", file),
        NULL);
    ssh_compare(l, x);
}

static int
ssh_look(struct look *l, struct drstor_error **err)
{
    dr_auto(dr_freep) char *known = NULL;
    dr_auto(dr_error_freep) struct drstor_error *none = NULL;
    dr_auto(dr_ssh_shown_clear) struct dr_ssh_shown x = {0};
    int r = dr_ssh_known_read(l->t->at->known_hosts, &known, &none);
    bool no_file = r == DRSTOR_E_NOTFOUND;
    if (r < 0 && !no_file) {
        dr_error_move(err, &none);
        return dr_context(err, r, "%s", l->what);
    }
    const struct dr_ssh_options o = {.name = l->what,
                                     .site = l->t->site,
                                     .urls = &l->url,
                                     .n_urls = 1,
                                     .known_hosts = known,
                                     .connect_ms = l->connect_ms};
    r = dr_ssh_host_key(l->d->env, &o, &l->d->cancel, &x, err);
    if (r == DRSTOR_OK)
        ssh_row(l, &x, no_file);
    return r;
}

/* ---- https ----------------------------------------------------------------------------------- */

static void
https_row(struct look *l, const struct dr_trust_shown *x)
{
    const struct dr_access_point *at = l->t->at;
    dr_json_set_str(l->row, "fingerprint", x->pin);
    dr_json_set_str(l->row, "add", dr_arena_printf(l->a, "pin: \"%s\"", x->pin));
    if (at->pin)
        dr_json_set_str(l->row, "on_file", at->pin);
    switch (x->trust) {
    case DR_TRUST_KNOWN:
        row_say(l, "known",
                at->pin ? "its key is the pinned one"
                        : dr_arena_printf(l->a, "its certificate is accepted by %s", at->ca),
                NULL);
        return;
    case DR_TRUST_OTHER:
        row_say(l, "changed", dr_arena_printf(l->a, "another key is pinned: %s", at->pin),
                "if its certificate was not renewed on purpose, somebody else answers at this "
                "address");
        break;
    case DR_TRUST_REJECTED:
        row_say(l, "rejected", dr_arena_str(l->a, dr_error_message(x->why)),
                "check the CA file, the date and the host name in the certificate");
        break;
    case DR_TRUST_UNKNOWN:
        row_say(l, "unknown", "neither \"ca\" nor \"pin\" is configured for it", NULL);
        break;
    }
    dr_json_set_str(l->row, "compare",
                    "before the key is pinned, a person compares it with that of the certificate "
                    "on the machine itself: openssl x509 -in CERTIFICATE -noout -pubkey | openssl "
                    "pkey -pubin -outform der | openssl dgst -sha256 -binary | base64");
}

static int
https_look(struct look *l, struct drstor_error **err)
{
    dr_auto(dr_trust_shown_clear) struct dr_trust_shown x = {0};
    const struct dr_http_options o = {.name = l->what,
                                      .site = l->t->site,
                                      .urls = &l->url,
                                      .n_urls = 1,
                                      .ca_file = l->t->at->ca,
                                      .pin = l->t->at->pin,
                                      .connect_ms = l->connect_ms};
    int r = dr_trust_look(l->d->env, &o, &l->d->cancel, &x, err);
    if (r == DRSTOR_OK)
        https_row(l, &x);
    return r;
}

/* ---- one address ----------------------------------------------------------------------------- */

/* Whoever is silent, or speaks something else, is told in its row; what is wrong here ends it. */
static int
look_at(struct look *l, struct drstor_error **err)
{
    dr_auto(dr_error_freep) struct drstor_error *why = NULL;
    uint64_t now = dr_now_ns(l->d->env), most = (uint64_t)l->d->model->observe_timeout_s * 1000;
    bool ssh = strncmp(l->url, "ssh://", 6) == 0;
    dr_json_set_str(l->row, "kind", l->t->kind);
    dr_json_set_str(l->row, "name", l->t->name);
    dr_json_set_str(l->row, "site", l->t->site);
    dr_json_set_str(l->row, "url", l->url);
    dr_json_set_str(l->row, "key", ssh ? "known_hosts" : l->t->at->pin ? "pin" : "ca");
    dr_json_set_str(l->row, "file", ssh ? l->t->at->known_hosts : l->t->at->ca);
    if (now >= l->deadline_ns) {
        row_say(l, "unseen", "the time was over before it was asked", NULL);
        return DRSTOR_OK;
    }
    uint64_t left = (l->deadline_ns - now) / DR_MS + 1;
    l->connect_ms = (unsigned)(left < most ? left : most);
    int r = ssh ? ssh_look(l, &why) : https_look(l, &why);
    if (r == DRSTOR_E_UNREACHABLE || r == DRSTOR_E_PROTOCOL || r == DRSTOR_E_AUTH) {
        row_say(l, "unseen", dr_error_message(why), dr_error_hint(why));
        r = DRSTOR_OK;
    }
    if (r < 0)
        dr_error_move(err, &why);
    return r;
}

static int
exit_of(struct json_object *row)
{
    const char *state = dr_json_str(row, "state");
    if (dr_streq(state, "known") || dr_streq(state, "unknown"))
        return 0;
    return dr_streq(state, "unseen") ? EXIT_UNSEEN : EXIT_CONTRADICTED;
}

/* ---- all of them ----------------------------------------------------------------------------- */

static bool
is_listed(const struct target *list, size_t n, const struct dr_access_point *at)
{
    for (size_t i = 0; i < n; i++)
        if (list[i].at == at)
            return true;
    return false;
}

/* Engines may also be named by one of their sites. */
static bool
answers_to(const struct dr_model *m, const struct target *t, const char *name)
{
    bool found = dr_streq(t->name, name);
    for (size_t i = 0; i < m->n_sites && !found; i++)
        found = m->sites[i].engine && t->at == &m->sites[i].engine->at &&
                dr_streq(m->sites[i].name, name);
    return found;
}

static size_t
targets(const struct dr_model *m, struct dr_arena *a, struct target **ret)
{
    struct target *list = dr_arena_alloc(a, m->n_arrays + m->n_sites + 1, sizeof(*list));
    size_t n = 0;
    for (size_t i = 0; i < m->n_sites; i++) {
        const struct dr_engine *e = m->sites[i].engine;
        if (!e || is_listed(list, n, &e->at))
            continue;
        size_t sites = 0;
        for (size_t k = 0; k < m->n_sites; k++)
            sites += m->sites[k].engine == e;
        list[n++] =
            (struct target){"engine", e->name, sites == 1 ? m->sites[i].name : NULL, &e->at};
    }
    for (size_t i = 0; i < m->n_arrays; i++) {
        const struct dr_array *x = &m->arrays[i];
        list[n++] = (struct target){"array", x->name, x->site->name, &x->at};
    }
    *ret = list;
    return n;
}

static int
names_check(const struct dr_model *m, struct dr_arena *a, const struct target *list, size_t n_list,
            const char *const *names, size_t n, struct drstor_error **err)
{
    const char **known = dr_arena_alloc(a, n_list + 1, sizeof(*known));
    for (size_t k = 0; k < n_list; k++)
        known[k] = list[k].name;
    for (size_t i = 0; i < n; i++) {
        size_t found = 0, reached = 0;
        for (size_t k = 0; k < n_list; k++)
            if (answers_to(m, &list[k], names[i])) {
                found++;
                reached += list[k].at->n_urls;
            }
        if (reached)
            continue;
        if (found)
            return dr_fail(err, DRSTOR_E_INVALID,
                           "%s is not reached over the network: it has no \"url\", and no key",
                           names[i]);
        const char *near = dr_nearest(names[i], known, n_list);
        int r = dr_fail(err, DRSTOR_E_INVALID, "there is no array or engine \"%s\"", names[i]);
        if (near)
            dr_hint(err, "did you mean \"%s\"?", near);
        return r;
    }
    return DRSTOR_OK;
}

static bool
is_wanted(const struct dr_model *m, const struct target *t, const char *const *names, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (answers_to(m, t, names[i]))
            return true;
    return n == 0;
}

int
drstor_trust_show(struct drstor *d, const char *const *names, size_t n, char **ret_json,
                  struct drstor_error **err)
{
    dr_auto(dr_arena_freep) struct dr_arena *a = dr_arena_new();
    dr_auto(dr_json_putp) struct json_object *list = json_object_new_array();
    struct target *all = NULL;
    size_t n_all = targets(d->model, a, &all);
    int worst = 0, r = names_check(d->model, a, all, n_all, names, n, err);
    struct look l = {.d = d, .a = a, .deadline_ns = UINT64_MAX};
    if (d->timeout_s)
        l.deadline_ns = dr_now_ns(d->env) + (uint64_t)d->timeout_s * DR_S;
    for (size_t i = 0; r == DRSTOR_OK && i < n_all; i++) {
        if (!is_wanted(d->model, &all[i], names, n))
            continue;
        l.t = &all[i];
        l.what = dr_arena_printf(a, "%s %s", l.t->kind, l.t->name);
        for (size_t k = 0; r == DRSTOR_OK && k < l.t->at->n_urls; k++) {
            l.url = l.t->at->urls[k];
            l.row = json_object_new_object();
            r = look_at(&l, err);
            if (r == DRSTOR_OK && exit_of(l.row) > worst)
                worst = exit_of(l.row);
            (void)json_object_array_add(list, l.row);
        }
    }
    if (r < 0)
        return r;
    struct json_object *o = dr_report_new();
    dr_json_set(o, "endpoints", dr_steal(list));
    dr_json_set_i64(o, "exit", worst);
    *ret_json = dr_document_text(o);
    return DRSTOR_OK;
}
