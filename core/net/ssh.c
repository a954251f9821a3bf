#include "net/ssh.h"

#include "base/log.h"
#include "base/mem.h"
#include "net/ssh_link.h"
#include "net/wire.h"

#include <ctype.h>
#include <curl/curl.h>
#include <string.h>
#include <strings.h>
#include <sys/eventfd.h>
#include <unistd.h>

enum { PARALLEL_MAX = 64, URLS_MAX = 16, CONNECT_MS = 10 * 1000, OPEN_BYTES = 1 << 20 };

/* One command at a time, on the connection it keeps. */
struct slot {
    struct ssh_link *link; /* NULL: none */
    int wake_fd;
    bool busy;
};

struct addresses {
    struct ssh_address *all;
    size_t n;
};

struct dr_ssh {
    struct dr_env *env;
    char *name;
    char *site;
    struct addresses addresses;
    atomic_size_t first; /* the address that answered last */
    char *user, *agent;
    struct dr_secret *key, *passphrase;
    struct ssh_known *known;
    unsigned connect_ms, read_ms, mutate_ms;
    struct dr_contact *contact;

    pthread_mutex_t lock; /* of what follows */
    struct dr_cond freed;
    struct slot *slots;
    size_t n_slots;
};

/* ---- addresses ------------------------------------------------------------------------------- */

static char *
url_part(CURLU *u, CURLUPart part)
{
    char *s = NULL;
    return curl_url_get(u, part, &s, 0) == CURLUE_OK ? s : NULL;
}

static void
url_freep(CURLU **u)
{
    curl_url_cleanup(*u);
}

static void
part_freep(char **s)
{
    curl_free(*s);
}

static void
address_fill(struct ssh_address *a, const char *host, const char *port)
{
    struct dr_str known = {0};
    size_t n = strlen(host);
    bool v6 = n > 2 && host[0] == '[' && host[n - 1] == ']';
    a->host = dr_strdup(v6 ? host + 1 : host);
    if (v6)
        a->host[n - 2] = '\0';
    for (char *c = a->host; *c; c++) /* as ssh does it: names on file are in small letters */
        *c = (char)tolower((unsigned char)*c);
    a->port = dr_strdup(port ? port : "22");
    if (strcmp(a->port, "22") == 0)
        dr_str_add(&known, a->host);
    else
        dr_str_printf(&known, "[%s]:%s", a->host, a->port);
    a->known = dr_str_take(&known);
}

static int
address_parse(const char *name, const char *url, struct ssh_address *a, struct drstor_error **err)
{
    dr_auto(url_freep) CURLU *u = curl_url();
    if (!u)
        return dr_fail(err, DRSTOR_E_NOMEM, "out of memory");
    /* The url itself is not repeated: it may hold a password. */
    CURLUcode r = curl_url_set(u, CURLUPART_URL, url, CURLU_NON_SUPPORT_SCHEME);
    if (r != CURLUE_OK)
        return dr_fail(err, DRSTOR_E_INVALID, "%s: its url cannot be read: %s", name,
                       curl_url_strerror(r));
    dr_auto(part_freep) char *scheme = url_part(u, CURLUPART_SCHEME);
    dr_auto(part_freep) char *host = url_part(u, CURLUPART_HOST);
    dr_auto(part_freep) char *port = url_part(u, CURLUPART_PORT);
    dr_auto(part_freep) char *path = url_part(u, CURLUPART_PATH);
    dr_auto(part_freep) char *user = url_part(u, CURLUPART_USER);
    dr_auto(part_freep) char *password = url_part(u, CURLUPART_PASSWORD);
    dr_auto(part_freep) char *query = url_part(u, CURLUPART_QUERY);
    dr_auto(part_freep) char *fragment = url_part(u, CURLUPART_FRAGMENT);

    if (!scheme || strcasecmp(scheme, "ssh") != 0)
        return dr_fail(err, DRSTOR_E_INVALID, "%s: its url begins with %s; ssh:// is needed", name,
                       scheme ? scheme : "nothing");
    if (user || password || query || fragment || (path && *path && strcmp(path, "/") != 0))
        return dr_fail(err, DRSTOR_E_INVALID,
                       "%s: its url holds more than ssh://host:port; user and key are settings of "
                       "their own",
                       name);
    if (!host || !*host || strncasecmp(url, "ssh://", 6) != 0 || url[6] == '/')
        return dr_fail(err, DRSTOR_E_INVALID, "%s: its url names no host", name);
    address_fill(a, host, port);
    return DRSTOR_OK;
}

static void
addresses_clear(struct addresses *a)
{
    for (size_t i = 0; i < a->n; i++) {
        free(a->all[i].host);
        free(a->all[i].port);
        free(a->all[i].known);
    }
    free(a->all);
    *a = (struct addresses){0};
}

static int
addresses_open(const struct dr_ssh_options *o, struct addresses *a, struct drstor_error **err)
{
    if (o->n_urls == 0 || o->n_urls > URLS_MAX)
        return dr_fail(err, DRSTOR_E_INVALID, "%s: 1 to %d urls are needed", o->name, URLS_MAX);
    a->all = dr_alloc0(o->n_urls, sizeof(*a->all));
    a->n = o->n_urls;
    int r = DRSTOR_OK;
    for (size_t i = 0; i < o->n_urls && r == DRSTOR_OK; i++)
        r = address_parse(o->name, o->urls[i], &a->all[i], err);
    return r;
}

/* ---- open and close -------------------------------------------------------------------------- */

static int library; /* what libssh2 said of its beginning */

static void
library_init(void)
{
    library = libssh2_init(0);
}

static int
library_ready(const struct dr_ssh_options *o, struct drstor_error **err)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    (void)pthread_once(&once, library_init);
    if (library != 0)
        return dr_fail(err, DRSTOR_E_NOMEM, "%s: libssh2 cannot be used: error %d", o->name,
                       library);
    if (dr_contact_wire(o->contact))
        return dr_fail(err, DRSTOR_E_UNSUPPORTED, "%s: a world in memory carries no ssh", o->name);
    return DRSTOR_OK;
}

static int
open_login(struct dr_ssh *s, const struct dr_ssh_options *o, struct drstor_error **err)
{
    if (!o->user || !*o->user)
        return dr_fail(err, DRSTOR_E_INVALID, "%s: ssh needs a user", o->name);
    s->user = dr_strdup(o->user);
    if (o->key)
        s->key = dr_secret_new(dr_secret_bytes(o->key), dr_secret_length(o->key));
    if (o->passphrase)
        s->passphrase =
            dr_secret_new(dr_secret_bytes(o->passphrase), dr_secret_length(o->passphrase));
    if (o->agent || !o->key) {
        const char *agent = getenv("SSH_AUTH_SOCK"); // NOLINT(concurrency-mt-unsafe)
        s->agent = dr_strdup(agent && *agent ? agent : NULL);
    }
    if (s->key || s->agent)
        return DRSTOR_OK;
    (void)dr_fail(err, DRSTOR_E_INVALID, "%s: neither a key nor an ssh agent", o->name);
    dr_hint(err, "name a file with a private key, or start an agent: SSH_AUTH_SOCK is not set");
    return DRSTOR_E_INVALID;
}

int
dr_ssh_open(struct dr_env *env, const struct dr_ssh_options *o, struct dr_ssh **ret,
            struct drstor_error **err)
{
    int r = library_ready(o, err);
    if (r < 0)
        return r;
    if (o->parallel > PARALLEL_MAX)
        return dr_fail(err, DRSTOR_E_INVALID, "%s: at most %d parallel commands", o->name,
                       PARALLEL_MAX);
    dr_auto(dr_ssh_closep) struct dr_ssh *s = dr_new0(struct dr_ssh);
    (void)pthread_mutex_init(&s->lock, NULL);
    dr_cond_init(&s->freed, env);
    s->env = env;
    s->name = dr_strdup(o->name);
    s->site = dr_strdup(o->site);
    s->contact = o->contact;
    s->connect_ms = o->connect_ms ? o->connect_ms : CONNECT_MS;
    s->read_ms = o->read_ms ? o->read_ms : 30 * 1000;
    s->mutate_ms = o->mutate_ms ? o->mutate_ms : 15 * 60 * 1000;
    s->n_slots = o->parallel ? o->parallel : 4;
    s->slots = dr_alloc0(s->n_slots, sizeof(*s->slots));
    for (size_t i = 0; i < s->n_slots; i++)
        s->slots[i].wake_fd = -1;
    r = addresses_open(o, &s->addresses, err);
    if (r == DRSTOR_OK)
        r = open_login(s, o, err);
    if (r == DRSTOR_OK)
        r = ssh_known_open(o->name, o->known_hosts, &s->known, err);
    if (r < 0)
        return r;
    *ret = dr_steal(s);
    return DRSTOR_OK;
}

void
dr_ssh_close(struct dr_ssh *s)
{
    if (!s)
        return;
    for (size_t i = 0; i < s->n_slots; i++) {
        ssh_link_free(s->slots[i].link);
        dr_closep(&s->slots[i].wake_fd);
    }
    (void)pthread_mutex_destroy(&s->lock);
    addresses_clear(&s->addresses);
    ssh_known_free(s->known);
    dr_secret_free(s->key);
    dr_secret_free(s->passphrase);
    free(s->slots);
    free(s->agent);
    free(s->user);
    free(s->name);
    free(s->site);
    free(s);
}

void
dr_ssh_closep(struct dr_ssh **s)
{
    dr_ssh_close(*s);
    *s = NULL;
}

void
dr_ssh_reply_clear(struct dr_ssh_reply *reply)
{
    free(reply->out);
    free(reply->err);
    *reply = (struct dr_ssh_reply){0};
}

/* ---- the pool -------------------------------------------------------------------------------- */

/* With the lock held. One that has a connection comes before one that would need a login. */
static struct slot *
slot_free(struct dr_ssh *s)
{
    struct slot *any = NULL;
    for (size_t i = 0; i < s->n_slots; i++) {
        struct slot *one = &s->slots[i];
        if (!one->busy && one->link)
            return one;
        if (!one->busy && !any)
            any = one;
    }
    return any;
}

static void
slot_give(struct dr_ssh *s, struct slot *slot)
{
    pthread_mutex_lock(&s->lock);
    slot->busy = false;
    dr_cond_wake(&s->freed);
    pthread_mutex_unlock(&s->lock);
}

static int
slot_take(struct dr_ssh *s, const struct dr_ssh_request *q, uint64_t deadline_ns, struct slot **ret,
          struct drstor_error **err)
{
    int r = DRSTOR_OK;
    struct slot *slot = NULL;
    pthread_mutex_lock(&s->lock);
    for (;;) {
        if (dr_contact_forbidden(s->contact, s->site))
            r = dr_contact_refuse(s->contact, s->site, err);
        else if (dr_cancelled(q->cancel))
            r = dr_fail(err, DRSTOR_E_CANCELLED, "%s: the command was cancelled; nothing was run",
                        s->name);
        if (r < 0 || (slot = slot_free(s)))
            break;
        if (dr_now_ns(s->env) >= deadline_ns) {
            r = dr_fail(err, DRSTOR_E_BUSY,
                        "%s: all %zu connections were in use until the deadline; nothing was run",
                        s->name, s->n_slots);
            break;
        }
        /* The contact rule ends the calls that are under way, and that wakes us too. */
        dr_cond_wait(&s->freed, &s->lock, deadline_ns, q->cancel);
    }
    if (slot)
        slot->busy = true;
    pthread_mutex_unlock(&s->lock);
    if (slot && slot->wake_fd < 0 && (slot->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) < 0) {
        slot_give(s, slot);
        return dr_fail(err, DRSTOR_E_UNREACHABLE,
                       "%s: there are no more file descriptors; nothing was run", s->name);
    }
    *ret = slot;
    return r;
}

static void
fd_wake(void *arg)
{
    static const uint64_t one = 1;
    const int *fd = arg;
    (void)!write(*fd, &one, sizeof(one));
}

/* ---- the call -------------------------------------------------------------------------------- */

/* What the log needs to know about a call, beside the request. */
struct fate {
    bool begun;
    int code;
};

struct call {
    struct dr_ssh *s;
    const struct dr_ssh_request *q;
    const char *line;
    struct slot *slot;
    struct ssh_user user;
    struct fate *fate;
    struct dr_ssh_reply *ret;
};

/* On the connection of the slot, whose channel stands. */
static int
call_run(struct call *c, struct drstor_error **err)
{
    struct slot *slot = c->slot;
    bool done = false;
    size_t index = slot->link->index;
    int r = ssh_command_run(slot->link, c->q, c->line, c->ret, &c->fate->begun, &done, err);
    if (r == DRSTOR_OK) {
        c->fate->code = c->ret->code;
        atomic_store(&c->s->first, index);
    }
    if (!done)
        ssh_link_freep(&slot->link);
    return r;
}

/* True: the kept connection is alive. A channel that is opened asks the other side, and changes
 * nothing there. */
static bool
call_kept(struct call *c)
{
    struct slot *slot = c->slot;
    if (!slot->link)
        return false;
    slot->link->user = &c->user;
    ssh_link_limit(slot->link, c->s->connect_ms, OPEN_BYTES);
    if (ssh_command_open(slot->link))
        return true;
    ssh_link_freep(&slot->link);
    return false;
}

/* The login was fine; only a refusal of the other side is one, all else is the connection's end. */
static int
fail_open(const struct ssh_link *l, const char *user, struct drstor_error **err)
{
    if (l->why != SSH_WHY_NONE ||
        libssh2_session_last_errno(l->session) != LIBSSH2_ERROR_CHANNEL_FAILURE)
        return ssh_link_fail(l, err);
    (void)dr_fail(err, DRSTOR_E_AUTH,
                  "%s: %s lets us in, but begins no command for user %s; nothing was run",
                  l->user->name, l->address->known, user);
    dr_hint(err, "sshd's configuration there decides, MaxSessions for one");
    return DRSTOR_E_AUTH;
}

/* A new connection to address I, with a channel. LEFT addresses share what time there is. */
static int
call_connect(struct call *c, size_t i, size_t left, struct drstor_error **err)
{
    struct dr_ssh *s = c->s;
    uint64_t now = dr_now_ns(s->env), deadline_ns = c->user.deadline_ns;
    uint64_t share_ms = deadline_ns > now ? (deadline_ns - now) / DR_MS / left + 1 : 1;
    const struct ssh_login login = {.user = s->user,
                                    .key = s->key,
                                    .passphrase = s->passphrase,
                                    .agent = s->agent,
                                    .known = s->known};
    dr_auto(ssh_link_freep) struct ssh_link *link = NULL;
    int r = ssh_link_open(&c->user, &s->addresses.all[i], i,
                          share_ms < s->connect_ms ? share_ms : s->connect_ms, &link, err);
    if (r == DRSTOR_OK)
        r = ssh_login(link, &login, err);
    if (r == DRSTOR_OK && !ssh_command_open(link))
        r = fail_open(link, s->user, err);
    if (r == DRSTOR_OK)
        c->slot->link = dr_steal(link);
    return r;
}

/* All addresses in turn, as long as nothing has begun and what stops us is not a wrong key. */
static int
call_addresses(struct call *c, struct drstor_error **err)
{
    struct dr_ssh *s = c->s;
    size_t first = atomic_load(&s->first), n = s->addresses.n;
    int r = DRSTOR_E_UNREACHABLE;
    for (size_t i = 0; i < n; i++) {
        dr_auto(dr_error_freep) struct drstor_error *one = NULL;
        r = call_connect(c, (first + i) % n, n - i, &one);
        if (r == DRSTOR_OK)
            r = call_run(c, &one);
        bool next = (r == DRSTOR_E_UNREACHABLE || r == DRSTOR_E_PROTOCOL) && !c->fate->begun;
        if (next && i + 1 < n && dr_now_ns(s->env) < c->user.deadline_ns)
            continue;
        if (r < 0)
            dr_error_move(err, &one);
        if (next && i > 0)
            (void)dr_context(err, r, "none of %zu addresses answers, the last one", i + 1);
        break;
    }
    return r;
}

static int
call_connections(struct call *c, struct drstor_error **err)
{
    if (call_kept(c)) {
        dr_auto(dr_error_freep) struct drstor_error *one = NULL;
        int r = call_run(c, &one);
        if (r != DRSTOR_E_UNREACHABLE || c->fate->begun) {
            dr_error_move(err, &one);
            return r;
        }
    }
    return call_addresses(c, err);
}

static int
call_in_slot(struct dr_ssh *s, const struct dr_ssh_request *q, const char *line,
             uint64_t deadline_ns, struct fate *fate, struct dr_ssh_reply *ret,
             struct drstor_error **err)
{
    struct slot *slot = NULL;
    int r = slot_take(s, q, deadline_ns, &slot, err);
    if (r < 0)
        return r;
    struct dr_contact_call contact = {.site = s->site, .wake = fd_wake, .arg = &slot->wake_fd};
    struct call c = {.s = s,
                     .q = q,
                     .line = line,
                     .slot = slot,
                     .user = {.env = s->env,
                              .name = s->name,
                              .contact = s->contact,
                              .contact_call = &contact,
                              .cancel = q->cancel,
                              .deadline_ns = deadline_ns,
                              .wake_fd = slot->wake_fd},
                     .fate = fate,
                     .ret = ret};
    r = dr_contact_enter(s->contact, &contact, err);
    if (r == DRSTOR_OK) {
        r = call_connections(&c, err);
        if (slot->link)
            slot->link->user = NULL;
        dr_contact_leave(s->contact, &contact);
    }
    slot_give(s, slot);
    return r;
}

static void
call_log(struct dr_ssh *s, const struct dr_ssh_request *q, const char *line, uint64_t start_ns,
         int status, const struct fate *fate)
{
    dr_auto(dr_freep) char *path = ssh_shown(line ? line : "", line ? strlen(line) : 0);
    dr_redact(path);
    struct dr_contact_event event = {
        .endpoint = s->name,
        .site = s->site,
        .method = "SSH",
        .path = path,
        .start_ns = start_ns,
        .end_ns = dr_now_ns(s->env),
        .status = status,
        .code = fate->code,
        .mutating = q->mutating,
        .sent = fate->begun,
    };
    dr_contact_log(s->contact, &event);
    dr_log(DRSTOR_LOG_DEBUG, "%s: ssh %s: %s %d in %u ms", s->name, path, dr_status_name(status),
           fate->code, (unsigned)((event.end_ns - start_ns) / DR_MS));
}

int
dr_ssh_run(struct dr_ssh *s, const struct dr_ssh_request *q, struct dr_ssh_reply *ret,
           struct drstor_error **err)
{
    uint64_t start_ns = dr_now_ns(s->env);
    uint64_t deadline_ns = q->deadline_ns;
    if (deadline_ns == 0)
        deadline_ns = start_ns + (q->mutating ? s->mutate_ms : s->read_ms) * DR_MS;
    struct fate fate = {0};
    dr_auto(dr_freep) char *line = NULL;
    int r = ssh_command_line(s->name, q->argv, q->n_argv, &line, err);
    if (r == DRSTOR_OK)
        r = call_in_slot(s, q, line, deadline_ns, &fate, ret, err);
    call_log(s, q, line, start_ns, r, &fate);
    return r;
}

/* ---- the key of a host ----------------------------------------------------------------------- */

static int
look(const struct ssh_user *user, const struct addresses *a, const struct ssh_known *known,
     uint64_t connect_ms, struct dr_ssh_shown *ret, struct drstor_error **err)
{
    int r = DRSTOR_E_UNREACHABLE;
    for (size_t i = 0; i < a->n; i++) {
        dr_auto(ssh_link_freep) struct ssh_link *link = NULL;
        dr_error_freep(err);
        r = ssh_link_open(user, &a->all[i], i, connect_ms, &link, err);
        if (r == DRSTOR_OK)
            r = ssh_greet(link, known, err);
        if (r == DRSTOR_OK)
            return ssh_known_look(known, link, ret, err);
    }
    return r;
}

int
dr_ssh_host_key(struct dr_env *env, const struct dr_ssh_options *o, const struct dr_cancel *cancel,
                struct dr_ssh_shown *ret, struct drstor_error **err)
{
    struct addresses a = {0};
    dr_auto(ssh_known_freep) struct ssh_known *known = NULL;
    dr_auto(dr_closep) int wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    struct dr_contact_call contact = {.site = o->site, .wake = fd_wake, .arg = &wake_fd};
    const struct ssh_user user = {.env = env,
                                  .name = o->name,
                                  .contact = o->contact,
                                  .contact_call = &contact,
                                  .cancel = cancel,
                                  .deadline_ns = UINT64_MAX,
                                  .wake_fd = wake_fd};
    int r = library_ready(o, err);
    if (r == DRSTOR_OK)
        r = ssh_known_open(o->name, o->known_hosts ? o->known_hosts : "", &known, err);
    if (r == DRSTOR_OK)
        r = addresses_open(o, &a, err);
    if (r == DRSTOR_OK)
        r = dr_contact_enter(o->contact, &contact, err);
    if (r == DRSTOR_OK) {
        dr_auto(dr_error_freep) struct drstor_error *one = NULL;
        r = look(&user, &a, known, o->connect_ms ? o->connect_ms : CONNECT_MS, ret, &one);
        if (r < 0)
            dr_error_move(err, &one);
        dr_contact_leave(o->contact, &contact);
    }
    addresses_clear(&a);
    return r;
}
