#include "net/ssh_link.h"

#include "base/mem.h"
#include "net/lookup.h"

#include <ctype.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
    SLICE_MS = 50,           /* a cancel has no way to wake us; this is how late we may see it */
    TURN_BYTES = 1024 * 1024 /* after as many the clock is looked at, however fast they come */
};

char *
ssh_shown(const char *text, size_t n)
{
    struct dr_str s = {0};
    for (size_t i = 0; i < n && text[i] && i < 159; i++) {
        char c = isprint((unsigned char)text[i]) ? text[i] : '?';
        dr_str_addn(&s, &c, 1);
    }
    return dr_str_take(&s);
}

static void
trouble_set(struct ssh_link *l, const char *text)
{
    (void)snprintf(l->trouble, sizeof(l->trouble), "%s", text);
}

/* ---- what libssh2 asks of us ----------------------------------------------------------------- */

/*
 * Sending and receiving are ours, and so libssh2 never learns that a connection was lost: it first
 * hands out what it has, and only when it would wait for more does ssh_link_wait() say no. An
 * answer that is here counts. It also reads on as long as there is something to be read, inside of
 * one call; the limits end that.
 */
static ssize_t
on_recv(libssh2_socket_t fd, void *to, size_t n, int flags, void **abstract)
{
    (void)flags;
    struct ssh_link *l = *abstract;
    if (l->closing)
        return -ECONNRESET;
    if (l->said >= l->most)
        l->why = SSH_WHY_FLOOD;
    if (l->why != SSH_WHY_NONE || l->turn >= TURN_BYTES)
        return -EAGAIN;
    ssize_t got = recv(fd, to, n, MSG_DONTWAIT);
    if (got == 0 || (got < 0 && errno != EAGAIN && errno != EINTR))
        l->gone = true;
    if (got <= 0)
        return -EAGAIN;
    for (size_t i = 0; i < (size_t)got && l->said + i < sizeof(l->first); i++)
        if (!libssh2_session_banner_get(l->session))
            l->first[l->said + i] = ((const char *)to)[i];
    l->said += (size_t)got;
    l->turn += (size_t)got;
    return got;
}

static ssize_t
on_send(libssh2_socket_t fd, const void *from, size_t n, int flags, void **abstract)
{
    (void)flags;
    struct ssh_link *l = *abstract;
    if (l->closing)
        return -ECONNRESET;
    if (l->gone || l->why != SSH_WHY_NONE)
        return -EAGAIN;
    ssize_t put = send(fd, from, n, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (put < 0 && errno != EAGAIN && errno != EINTR)
        l->gone = true;
    if (put < 0)
        return -EAGAIN;
    l->sent += (size_t)put;
    return put;
}

static void
on_goodbye(LIBSSH2_SESSION *session, int reason, const char *text, int n, const char *language,
           int n_language, void **abstract)
{
    (void)session, (void)reason, (void)language, (void)n_language;
    struct ssh_link *l = *abstract;
    dr_auto(dr_freep) char *shown = ssh_shown(text, text && n > 0 ? (size_t)n : 0);
    (void)snprintf(l->goodbye, sizeof(l->goodbye), "%s", shown);
}

static void *
on_alloc(size_t n, void **abstract)
{
    return ssh_memory_new(*abstract, n);
}

static void *
on_realloc(void *p, size_t n, void **abstract)
{
    return ssh_memory_resize(*abstract, p, n);
}

/*
 * libssh2 does not say whether an exit status came: none looks like zero, a success. But it frees
 * each packet after it has looked at it, and here it passes. If that ever changes, every command
 * ends without a status that was seen, and nothing is taken for done.
 */
static void
on_free(void *p, void **abstract)
{
    static const char mark[] = "\0\0\0\013exit-status";
    static const unsigned char channel_request = 98;
    struct ssh_link *l = *abstract;
    const unsigned char *packet = p;
    if (ssh_memory_size(p) >= 25 && packet[0] == channel_request &&
        memcmp(packet + 5, mark, sizeof(mark) - 1) == 0)
        l->exit_seen = true;
    ssh_memory_free(p);
}

/* ---- waiting --------------------------------------------------------------------------------- */

static enum ssh_why
give_up(const struct ssh_link *l, uint64_t now)
{
    const struct ssh_user *u = l->user;
    if (atomic_load(&u->contact_call->forbidden))
        return SSH_WHY_FORBIDDEN;
    if (dr_cancelled(u->cancel))
        return SSH_WHY_CANCELLED;
    if (l->gone)
        return SSH_WHY_GONE;
    if (now >= u->deadline_ns)
        return SSH_WHY_DEADLINE;
    return now >= l->until_ns ? SSH_WHY_SLOW : SSH_WHY_NONE;
}

bool
ssh_link_wait_fd(struct ssh_link *l, int fd, short events)
{
    uint64_t now = dr_now_ns(l->user->env);
    l->turn = 0;
    if (l->why == SSH_WHY_NONE)
        l->why = give_up(l, now);
    if (l->why != SSH_WHY_NONE)
        return false;
    uint64_t end = l->until_ns < l->user->deadline_ns ? l->until_ns : l->user->deadline_ns;
    uint64_t left_ms = (end - now) / DR_MS + 1;
    struct pollfd fds[2] = {{fd, events, 0}, {l->user->wake_fd, POLLIN, 0}};
    (void)poll(fds, 2, left_ms < SLICE_MS ? (int)left_ms : SLICE_MS);
    return true;
}

bool
ssh_link_half_sent(const struct ssh_link *l)
{
    return libssh2_session_block_directions(l->session) & LIBSSH2_SESSION_BLOCK_OUTBOUND;
}

bool
ssh_link_wait(struct ssh_link *l)
{
    return ssh_link_wait_fd(l, l->fd, ssh_link_half_sent(l) ? POLLIN | POLLOUT : POLLIN);
}

void
ssh_link_limit(struct ssh_link *l, uint64_t limit_ms, size_t most)
{
    l->until_ns = limit_ms ? dr_now_ns(l->user->env) + limit_ms * DR_MS : UINT64_MAX;
    l->why = SSH_WHY_NONE;
    l->said = 0;
    l->most = most;
    l->turn = 0;
    l->trouble[0] = '\0';
}

/* ---- connecting ------------------------------------------------------------------------------ */

static bool
fd_ready(int fd, short events)
{
    struct pollfd p = {fd, events, 0};
    return poll(&p, 1, 0) > 0;
}

/* A name server that is gone with the lost site must not hold us beyond the deadline. */
static struct addrinfo *
find(struct ssh_link *l)
{
    int fd = -1, r = EAI_AGAIN;
    struct addrinfo *list = NULL;
    struct lookup *name = lookup_start(l->user->env, l->address->host, l->address->port, &fd);
    while (name && !fd_ready(fd, POLLIN) && ssh_link_wait_fd(l, fd, POLLIN))
        ;
    if (name && fd_ready(fd, POLLIN))
        r = lookup_take(name, &list);
    lookup_leave(name);
    if (!list && l->why == SSH_WHY_NONE)
        trouble_set(l, gai_strerror(r));
    return list;
}

/* A mutating command may be silent for minutes: firewalls in between forget silent connections, and
 * a host that lost its power says nothing. */
static void
keep_alive(int fd)
{
    static const int on = 1, idle_s = 30, every_s = 10, times = 6;
    (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    (void)setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof(on));
    (void)setsockopt(fd, IPPROTO_TCP, TCP_KEEPIDLE, &idle_s, sizeof(idle_s));
    (void)setsockopt(fd, IPPROTO_TCP, TCP_KEEPINTVL, &every_s, sizeof(every_s));
    (void)setsockopt(fd, IPPROTO_TCP, TCP_KEEPCNT, &times, sizeof(times));
}

static bool
connect_to(struct ssh_link *l, const struct addrinfo *ai)
{
    int error = 0;
    socklen_t n = sizeof(error);
    dr_auto(dr_closep) int fd =
        socket(ai->ai_family, ai->ai_socktype | SOCK_NONBLOCK | SOCK_CLOEXEC, ai->ai_protocol);
    if (fd < 0 || (connect(fd, ai->ai_addr, ai->ai_addrlen) < 0 && errno != EINPROGRESS))
        error = errno;
    while (error == 0 && !fd_ready(fd, POLLOUT))
        if (!ssh_link_wait_fd(l, fd, POLLOUT))
            return false;
    if (error == 0 && getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &n) < 0)
        error = errno;
    if (error != 0) {
        trouble_set(l, strerrordesc_np(error));
        return false;
    }
    keep_alive(fd);
    l->fd = fd;
    fd = -1;
    return true;
}

/* A name may have several addresses; a silent one must leave time for those behind it. */
static bool
connect_any(struct ssh_link *l)
{
    struct addrinfo *list = find(l);
    size_t left = 0;
    for (const struct addrinfo *ai = list; ai; ai = ai->ai_next)
        left++;
    uint64_t end = l->until_ns;
    bool up = false;
    for (const struct addrinfo *ai = list; ai && !up; ai = ai->ai_next, left--) {
        uint64_t now = dr_now_ns(l->user->env);
        l->until_ns = now < end ? now + (end - now) / left : end;
        up = connect_to(l, ai);
        if (!up && l->why != SSH_WHY_NONE && l->why != SSH_WHY_SLOW)
            break;
        if (!up && left > 1)
            l->why = SSH_WHY_NONE;
    }
    if (list)
        freeaddrinfo(list);
    l->until_ns = end;
    return up;
}

/*
 * What both sides can still be trusted with: no SHA-1, no MD5, no CBC, no 3DES or RC4, no
 * compression. Group exchange is left out, where the other side chooses the numbers that we
 * calculate with, and they may be large. Every sshd since 2013 has one of each.
 */
static bool
methods(LIBSSH2_SESSION *session)
{
    static const struct {
        int what;
        const char *list;
    } all[] = {
        {LIBSSH2_METHOD_KEX, "curve25519-sha256,curve25519-sha256@libssh.org,ecdh-sha2-nistp256,"
                             "ecdh-sha2-nistp384,ecdh-sha2-nistp521,diffie-hellman-group16-sha512,"
                             "diffie-hellman-group14-sha256"},
        {LIBSSH2_METHOD_CRYPT_CS, "aes256-ctr,aes192-ctr,aes128-ctr"},
        {LIBSSH2_METHOD_CRYPT_SC, "aes256-ctr,aes192-ctr,aes128-ctr"},
        {LIBSSH2_METHOD_MAC_CS, "hmac-sha2-256,hmac-sha2-512"},
        {LIBSSH2_METHOD_MAC_SC, "hmac-sha2-256,hmac-sha2-512"},
        {LIBSSH2_METHOD_COMP_CS, "none"},
        {LIBSSH2_METHOD_COMP_SC, "none"},
    };
    for (size_t i = 0; i < DR_COUNT(all); i++)
        if (libssh2_session_method_pref(session, all[i].what, all[i].list) != 0)
            return false;
    return true;
}

static bool
session_make(struct ssh_link *l)
{
    l->session = libssh2_session_init_ex(on_alloc, on_free, on_realloc, l);
    if (!l->session || !methods(l->session))
        return false;
    libssh2_session_set_blocking(l->session, 0);
    (void)libssh2_session_callback_set(l->session, LIBSSH2_CALLBACK_RECV, (void *)on_recv);
    (void)libssh2_session_callback_set(l->session, LIBSSH2_CALLBACK_SEND, (void *)on_send);
    (void)libssh2_session_callback_set(l->session, LIBSSH2_CALLBACK_DISCONNECT, (void *)on_goodbye);
    return libssh2_session_banner_set(l->session, "SSH-2.0-drstor") == 0;
}

int
ssh_link_open(const struct ssh_user *user, const struct ssh_address *address, size_t index,
              uint64_t limit_ms, struct ssh_link **ret, struct drstor_error **err)
{
    dr_auto(ssh_link_freep) struct ssh_link *l = dr_new0(struct ssh_link);
    l->user = user;
    l->address = address;
    l->index = index;
    l->fd = -1;
    ssh_link_limit(l, limit_ms, 256 * 1024);
    l->why = give_up(l, dr_now_ns(user->env));
    if (l->why != SSH_WHY_NONE || !connect_any(l))
        return ssh_link_fail(l, err);
    if (!session_make(l))
        return dr_fail(err, DRSTOR_E_NOMEM, "out of memory");
    *ret = dr_steal(l);
    return DRSTOR_OK;
}

void
ssh_link_free(struct ssh_link *l)
{
    if (!l)
        return;
    l->closing = true;
    if (l->channel)
        (void)libssh2_channel_free(l->channel);
    if (l->session)
        (void)libssh2_session_free(l->session);
    ssh_memory_clear(l);
    dr_closep(&l->fd);
    free(l);
}

void
ssh_link_freep(struct ssh_link **l)
{
    ssh_link_free(*l);
    *l = NULL;
}

/* ---- what to say ----------------------------------------------------------------------------- */

char *
ssh_link_reason(const struct ssh_link *l)
{
    struct dr_str s = {0};
    char *text = NULL;
    int n = 0;
    switch (l->why) {
    case SSH_WHY_CANCELLED:
        return dr_strdup("it was cancelled");
    case SSH_WHY_FORBIDDEN:
        return dr_strdup("its site was declared lost");
    case SSH_WHY_DEADLINE:
        return dr_strdup("the deadline passed");
    case SSH_WHY_SLOW:
        return dr_strdup("there was no answer in time");
    case SSH_WHY_FLOOD:
        return dr_strdup("it says more than can be meant");
    case SSH_WHY_GONE:
        dr_str_add(&s, "the connection was closed");
        if (l->goodbye[0])
            dr_str_printf(&s, " by the other side, which says: %s", l->goodbye);
        return dr_str_take(&s);
    case SSH_WHY_NONE:
        break;
    }
    if (l->trouble[0])
        return dr_strdup(l->trouble);
    if (l->session && libssh2_session_last_error(l->session, &text, &n, 0) != 0 && n > 0)
        return ssh_shown(text, (size_t)n);
    return dr_strdup("there is no reason to be seen");
}

static bool
speaks_no_ssh(const struct ssh_link *l)
{
    if (l->why == SSH_WHY_FLOOD)
        return true;
    if (!l->session || (l->why != SSH_WHY_NONE && l->why != SSH_WHY_GONE))
        return false;
    if (!libssh2_session_banner_get(l->session) && l->first[3] && memcmp(l->first, "SSH-", 4) != 0)
        return true;
    return l->why == SSH_WHY_NONE &&
           libssh2_session_last_errno(l->session) != LIBSSH2_ERROR_TIMEOUT;
}

int
ssh_link_fail(const struct ssh_link *l, struct drstor_error **err)
{
    const struct ssh_user *u = l->user;
    dr_auto(dr_freep) char *why = ssh_link_reason(l);
    if (l->why == SSH_WHY_CANCELLED)
        return dr_fail(err, DRSTOR_E_CANCELLED, "%s: the command was cancelled; nothing was run",
                       u->name);
    if (l->why == SSH_WHY_FORBIDDEN)
        return dr_contact_refuse(u->contact, u->contact_call->site, err);
    if (speaks_no_ssh(l)) {
        (void)dr_fail(err, DRSTOR_E_PROTOCOL,
                      "%s: what answers at %s speaks no ssh that can be used: %s; nothing was run",
                      u->name, l->address->known, why);
        dr_hint(err, "check the address and the port; an sshd of OpenSSH 6.5 or newer is needed, "
                     "with an ed25519 or ECDSA host key");
        return DRSTOR_E_PROTOCOL;
    }
    (void)dr_fail(err, DRSTOR_E_UNREACHABLE,
                  "%s cannot be reached at ssh://%s: %s; nothing was run", u->name,
                  l->address->known, why);
    dr_hint(err,
            "check that it is switched on, sshd, and the address, port and network in between");
    return DRSTOR_E_UNREACHABLE;
}
