/*
 * The agent's two questions that we need: which keys, and sign this. libssh2 has them too, but
 * waits for an agent without end; this one keeps to the deadline.
 */
#include "base/mem.h"
#include "net/ssh_link.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

enum {
    ASK_KEYS = 11,
    KEYS = 12,
    ASK_SIGN = 13,
    SIGNED = 14,
    ANSWER_MAX = 256 * 1024,
    KEYS_MAX = 5 /* sshd ends a connection after six that it does not like */
};

struct agent {
    struct ssh_link *link;
    int fd;
    const unsigned char *blob; /* the key being tried */
    size_t n_blob;
};

/* ---- its language ---------------------------------------------------------------------------- */

static void
put_u32(struct dr_str *to, size_t v)
{
    const char bytes[4] = {(char)(v >> 24), (char)(v >> 16), (char)(v >> 8), (char)v};
    dr_str_addn(to, bytes, sizeof(bytes));
}

static void
put_bytes(struct dr_str *to, const void *bytes, size_t n)
{
    put_u32(to, n);
    dr_str_addn(to, bytes, n);
}

/* What is left of an answer. */
struct rest {
    const unsigned char *at;
    size_t n;
};

static bool
get_u32(struct rest *r, size_t *ret)
{
    if (r->n < 4)
        return false;
    *ret = (size_t)r->at[0] << 24 | (size_t)r->at[1] << 16 | (size_t)r->at[2] << 8 | r->at[3];
    r->at += 4;
    r->n -= 4;
    return true;
}

static bool
get_bytes(struct rest *r, struct rest *ret)
{
    size_t n;
    if (!get_u32(r, &n) || n > r->n)
        return false;
    *ret = (struct rest){r->at, n};
    r->at += n;
    r->n -= n;
    return true;
}

/* ---- its socket ------------------------------------------------------------------------------ */

/* All N bytes to it, or from it. */
static bool
carry(struct agent *a, bool out, char *bytes, size_t n)
{
    for (size_t done = 0; done < n;) {
        ssize_t r = out ? send(a->fd, bytes + done, n - done, MSG_DONTWAIT | MSG_NOSIGNAL)
                        : recv(a->fd, bytes + done, n - done, MSG_DONTWAIT);
        if (r > 0)
            done += (size_t)r;
        else if (r == 0 || (errno != EAGAIN && errno != EINTR) ||
                 !ssh_link_wait_fd(a->link, a->fd, out ? POLLOUT : POLLIN))
            return false;
    }
    return true;
}

/* One question, and its answer without length and type. The caller frees. */
static char *
ask(struct agent *a, const struct dr_str *question, int wanted, struct rest *ret)
{
    dr_auto(dr_str_freep) struct dr_str framed = {0};
    put_bytes(&framed, question->s, question->n);
    char head[5];
    if (!carry(a, true, framed.s, framed.n) || !carry(a, false, head, sizeof(head)))
        return NULL;
    struct rest r = {(const unsigned char *)head, 4};
    size_t n = 0;
    (void)get_u32(&r, &n);
    if (n == 0 || n > ANSWER_MAX || head[4] != wanted)
        return NULL;
    dr_auto(dr_freep) char *answer = dr_alloc0(n, 1);
    if (!carry(a, false, answer, n - 1))
        return NULL;
    *ret = (struct rest){(const unsigned char *)answer, n - 1};
    return dr_steal(answer);
}

static bool
connect_agent(struct agent *a, const char *path)
{
    struct sockaddr_un to = {.sun_family = AF_UNIX};
    if (strlen(path) >= sizeof(to.sun_path))
        return false;
    memcpy(to.sun_path, path, strlen(path));
    a->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    return a->fd >= 0 && connect(a->fd, (const struct sockaddr *)&to, sizeof(to)) == 0;
}

/* ---- the login ------------------------------------------------------------------------------- */

/* libssh2 wants the signature without the name of its kind, in memory that it frees. */
static int
on_sign(LIBSSH2_SESSION *session, unsigned char **sig, size_t *n_sig, const unsigned char *data,
        size_t n_data, void **abstract)
{
    (void)session;
    struct agent *a = *abstract;
    dr_auto(dr_str_freep) struct dr_str q = {0};
    const char type = ASK_SIGN;
    dr_str_addn(&q, &type, 1);
    put_bytes(&q, a->blob, a->n_blob);
    put_bytes(&q, data, n_data);
    put_u32(&q, 0);
    struct rest answer, whole, kind, plain;
    dr_auto(dr_freep) char *bytes = ask(a, &q, SIGNED, &answer);
    if (!bytes || !get_bytes(&answer, &whole) || !get_bytes(&whole, &kind) ||
        !get_bytes(&whole, &plain) || plain.n == 0)
        return -1;
    *sig = ssh_memory_new(a->link, plain.n);
    if (!*sig)
        return -1;
    memcpy(*sig, plain.at, plain.n);
    *n_sig = plain.n;
    return 0;
}

static bool
is_supported(const struct rest *blob)
{
    static const char *const types[] = {"ssh-ed25519", "ecdsa-sha2-nistp256", "ecdsa-sha2-nistp384",
                                        "ecdsa-sha2-nistp521"};
    struct rest r = *blob, type;
    if (!get_bytes(&r, &type))
        return false;
    for (size_t i = 0; i < DR_COUNT(types); i++)
        if (type.n == strlen(types[i]) && memcmp(type.at, types[i], type.n) == 0)
            return true;
    return false;
}

static bool
try_key(struct agent *a, const char *user, const struct rest *blob)
{
    struct ssh_link *l = a->link;
    void *arg = a;
    int said;
    a->blob = blob->at;
    a->n_blob = blob->n;
    while ((said = libssh2_userauth_publickey(l->session, user, blob->at, blob->n, on_sign,
                                              &arg)) == LIBSSH2_ERROR_EAGAIN &&
           ssh_link_wait(l))
        ;
    return said == 0;
}

static bool
try_keys(struct agent *a, const char *user, unsigned *tried)
{
    dr_auto(dr_str_freep) struct dr_str q = {0};
    const char type = ASK_KEYS;
    dr_str_addn(&q, &type, 1);
    struct rest answer, blob, comment;
    size_t n = 0;
    dr_auto(dr_freep) char *bytes = ask(a, &q, KEYS, &answer);
    if (!bytes || !get_u32(&answer, &n))
        return false;
    for (size_t i = 0; i < n && *tried < KEYS_MAX && a->link->why == SSH_WHY_NONE; i++) {
        if (!get_bytes(&answer, &blob) || !get_bytes(&answer, &comment))
            return false;
        if (!is_supported(&blob))
            continue;
        ++*tried;
        if (try_key(a, user, &blob))
            return true;
    }
    return false;
}

bool
ssh_agent_login(struct ssh_link *l, const char *path, const char *user, unsigned *ret_tried)
{
    struct agent a = {.link = l, .fd = -1};
    bool in = connect_agent(&a, path) && try_keys(&a, user, ret_tried);
    dr_closep(&a.fd);
    if (!in && *ret_tried == 0)
        (void)snprintf(l->trouble, sizeof(l->trouble), "none came from its socket");
    return in;
}
