#include "base/mem.h"
#include "net/ssh_link.h"

#include <string.h>

int
ssh_greet(struct ssh_link *l, const struct ssh_known *known, struct drstor_error **err)
{
    int r = ssh_known_prefer(known, l, err);
    if (r < 0)
        return r;
    int said;
    while ((said = libssh2_session_handshake(l->session, l->fd)) == LIBSSH2_ERROR_EAGAIN &&
           ssh_link_wait(l))
        ;
    return said == 0 ? DRSTOR_OK : ssh_link_fail(l, err);
}

/* What libssh2 says of a key file, whatever the other side thinks of it. */
static bool
is_about_our_key(int said)
{
    return said == LIBSSH2_ERROR_FILE || said == LIBSSH2_ERROR_KEYFILE_AUTH_FAILED ||
           said == LIBSSH2_ERROR_METHOD_NOT_SUPPORTED || said == LIBSSH2_ERROR_METHOD_NONE ||
           said == LIBSSH2_ERROR_PROTO || said == LIBSSH2_ERROR_INVAL;
}

/* False, and SAID is what libssh2 said, when the key was not taken. */
static bool
key_login(struct ssh_link *l, const struct ssh_login *login, int *said)
{
    /* Without a passphrase an empty one: libssh2 measures it. */
    const char *passphrase = login->passphrase ? dr_secret_bytes(login->passphrase) : "";
    while ((*said = libssh2_userauth_publickey_frommemory(
                l->session, login->user, strlen(login->user), NULL, 0, dr_secret_bytes(login->key),
                dr_secret_length(login->key), passphrase)) == LIBSSH2_ERROR_EAGAIN &&
           ssh_link_wait(l))
        ;
    return *said == 0;
}

static int
fail_key(struct ssh_link *l, const struct ssh_login *login, int said, struct drstor_error **err)
{
    dr_auto(dr_freep) char *why = ssh_link_reason(l);
    if (is_about_our_key(said)) {
        (void)dr_fail(err, DRSTOR_E_AUTH, "%s: its ssh key cannot be used: %s; nothing was run",
                      l->user->name, why);
        dr_hint(err, "an ed25519 or ECDSA key in OpenSSH's or PEM form is needed, and its "
                     "passphrase when it has one: ssh-keygen -y -f FILE shows whether it fits");
        return DRSTOR_E_AUTH;
    }
    (void)dr_fail(err, DRSTOR_E_AUTH,
                  "%s: %s does not let user %s in with our key: %s; nothing "
                  "was run",
                  l->user->name, l->address->known, login->user, why);
    dr_hint(err, "the public key must stand in that user's authorized_keys at the host; sshd's log "
                 "there says why it was not taken");
    return DRSTOR_E_AUTH;
}

static int
fail_agent(struct ssh_link *l, const struct ssh_login *login, unsigned tried,
           struct drstor_error **err)
{
    dr_auto(dr_freep) char *why = ssh_link_reason(l);
    if (tried == 0) {
        (void)dr_fail(err, DRSTOR_E_AUTH,
                      "%s: the ssh agent has no key to offer: %s; nothing was "
                      "run",
                      l->user->name, why);
        dr_hint(err, "check SSH_AUTH_SOCK, and with ssh-add -l that it holds an ed25519 or ECDSA "
                     "key");
        return DRSTOR_E_AUTH;
    }
    (void)dr_fail(err, DRSTOR_E_AUTH,
                  "%s: %s does not let user %s in with any of %u keys of the ssh agent; nothing "
                  "was run",
                  l->user->name, l->address->known, login->user, tried);
    dr_hint(err, "one of the public keys must stand in that user's authorized_keys at the host");
    return DRSTOR_E_AUTH;
}

int
ssh_login(struct ssh_link *l, const struct ssh_login *login, struct drstor_error **err)
{
    int said = 0;
    unsigned tried = 0;
    int r = ssh_greet(l, login->known, err);
    if (r == DRSTOR_OK)
        r = ssh_known_check(login->known, l, err);
    if (r < 0)
        return r;
    if (login->key && key_login(l, login, &said))
        return DRSTOR_OK;
    if (l->why == SSH_WHY_NONE && login->agent &&
        ssh_agent_login(l, login->agent, login->user, &tried))
        return DRSTOR_OK;
    /* Who hangs up in the middle of a login may do so for being tired of our keys. */
    if (l->why != SSH_WHY_NONE && !(l->why == SSH_WHY_GONE && l->goodbye[0]))
        return ssh_link_fail(l, err);
    return login->key && tried == 0 ? fail_key(l, login, said, err)
                                    : fail_agent(l, login, tried, err);
}
