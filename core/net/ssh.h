/*
 * Commands at one endpoint's ssh service. Connections are kept and reused; nobody's shell is asked
 * for anything: words are quoted here, by one function.
 *
 * What a call answers says what the caller may do next:
 *
 *   OK           the command ended, whatever it said; code tells how
 *   UNREACHABLE  it was never begun, or it was a read and its end was not seen: it may be repeated
 *   UNKNOWN      a mutating command may have begun, and how it ended was not seen: look first
 *   AUTH         the host's key is unknown or another one, or ours was not taken; nothing was run
 *   REFUSED      R040, the site was declared lost; reads in flight too
 *   PROTOCOL     a read said more than it may, or the other side does not speak ssh
 *   CANCELLED    before a mutating command was begun; reads at any time
 *   BUSY         all connections of the endpoint were in use until the deadline; nothing was run
 *   INVALID      the request or the options make no sense; nothing was run
 *
 * The host's key must stand in the known hosts that are given; there is no trust on first use, and
 * no way to turn that off (safety X5). ed25519 and ECDSA keys; libssh2 1.10 has no rsa-sha2.
 */
#ifndef DR_NET_SSH_H
#define DR_NET_SSH_H

#include "base/env.h"
#include "base/error.h"
#include "base/redact.h"
#include "net/contact.h"

struct dr_ssh;

/* Everything is copied. 0 and NULL are the defaults. */
struct dr_ssh_options {
    const char *name; /* in every message: "array drbd-rome" */
    const char *site; /* NULL: of no single site */
    /* "ssh://host[:port]". Addresses of one and the same endpoint: the next is tried only when no
     * command was begun at the one before; the one that answered last comes first. */
    const char *const *urls;
    size_t n_urls;
    const char *user;
    const struct dr_secret *key;        /* a private key as in its file; NULL: the agent's */
    const struct dr_secret *passphrase; /* of that key; NULL: none */
    bool agent;                         /* keys of the agent at SSH_AUTH_SOCK, after KEY */
    const char *known_hosts;    /* lines as in ssh's own file, "[host]:port" for other ports */
    unsigned parallel;          /* commands at a time, each on a connection of its own; 4 */
    unsigned connect_ms;        /* per address, up to the login; 10 s */
    unsigned read_ms;           /* deadline of reads that bring none; 30 s */
    unsigned mutate_ms;         /* deadline of mutating commands that bring none; 15 min */
    struct dr_contact *contact; /* not copied; outlives the endpoint; NULL: none */
};

struct dr_ssh_request {
    const char *const *argv; /* the command and its words; none of them is read as shell */
    size_t n_argv;
    const char *in; /* its standard input; NULL: none */
    size_t n_in;
    bool mutating;
    bool large;           /* up to 64 MiB of output, else 1 MiB; both streams together */
    uint64_t deadline_ns; /* boot time; 0: by the endpoint's default */
    const struct dr_cancel *cancel;
};

struct dr_ssh_reply {
    int code;  /* exit status; -1: ended by a signal */
    char *out; /* any bytes, and a NUL behind them; never NULL */
    size_t n_out;
    char *err;
    size_t n_err;
};

/* ENV must not be a virtual one. No traffic yet. */
int dr_ssh_open(struct dr_env *env, const struct dr_ssh_options *options, struct dr_ssh **ret,
                struct drstor_error **err);
/* When no call is in flight any more. */
void dr_ssh_close(struct dr_ssh *s);
void dr_ssh_closep(struct dr_ssh **s);

/* Blocks until there is an answer. RET is untouched on failure. Threads: any. */
int dr_ssh_run(struct dr_ssh *s, const struct dr_ssh_request *request, struct dr_ssh_reply *ret,
               struct drstor_error **err);
void dr_ssh_reply_clear(struct dr_ssh_reply *reply);

enum { DR_SSH_KNOWN_MAX = 64 * 1024 };

/* The text of a file of known hosts, which nobody but root and us may have written. NOTFOUND: there
 * is none; INVALID: also when it is larger than DR_SSH_KNOWN_MAX. The caller frees. */
int dr_ssh_known_read(const char *path, char **ret, struct drstor_error **err);

/* What known hosts say of a key that is shown. */
enum dr_ssh_trust {
    DR_SSH_KEY_UNKNOWN = 0, /* they have none of this host */
    DR_SSH_KEY_KNOWN,
    DR_SSH_KEY_OTHER, /* they have another one of it */
    DR_SSH_KEY_REVOKED
};

struct dr_ssh_shown {
    enum dr_ssh_trust trust;
    const char *type;  /* "ssh-ed25519" */
    char *fingerprint; /* "SHA256:...", as ssh-keygen -l has it */
    char *line;        /* as known hosts would have it: "host ssh-ed25519 AAAA..." */
    char *on_file;     /* what they have of this host: "ssh-ed25519 SHA256:..., ..."; "" nothing */
};

/*
 * The key that the first address of OPTIONS that answers shows, held against their known hosts
 * (NULL: none). Nobody logs in and nothing is kept: what comes back is a claim. RET is untouched on
 * failure.
 */
int dr_ssh_host_key(struct dr_env *env, const struct dr_ssh_options *options,
                    const struct dr_cancel *cancel, struct dr_ssh_shown *ret,
                    struct drstor_error **err);
void dr_ssh_shown_clear(struct dr_ssh_shown *shown);

#endif
