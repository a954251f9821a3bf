/* One connection to one ssh service, by libssh2, and one command on it. Private to net. */
#ifndef DR_NET_SSH_LINK_H
#define DR_NET_SSH_LINK_H

#include "base/str.h"
#include "net/ssh.h"

#include <libssh2.h>

/* Why we stopped waiting. */
enum ssh_why {
    SSH_WHY_NONE = 0,
    SSH_WHY_CANCELLED,
    SSH_WHY_FORBIDDEN,
    SSH_WHY_DEADLINE,
    SSH_WHY_SLOW, /* this address had its time */
    SSH_WHY_GONE, /* closed by the other side, or lost */
    SSH_WHY_FLOOD /* it says more than can be meant */
};

/* For whom a connection is used just now. */
struct ssh_user {
    struct dr_env *env;
    const char *name; /* the endpoint's */
    struct dr_contact *contact;
    struct dr_contact_call *contact_call;
    const struct dr_cancel *cancel;
    uint64_t deadline_ns;
    int wake_fd;
};

struct ssh_address {
    char *host; /* as it is looked up */
    char *port;
    char *known; /* as it stands in known hosts */
};

struct ssh_link {
    const struct ssh_user *user;
    const struct ssh_address *address;
    size_t index;      /* of that address */
    uint64_t until_ns; /* for what is done now, at most the user's deadline */
    enum ssh_why why;

    int fd;
    LIBSSH2_SESSION *session;
    LIBSSH2_CHANNEL *channel;
    struct ssh_block *blocks; /* all memory that libssh2 has for it */
    bool gone;                /* nothing more will come, or nothing more can be sent */
    bool closing;             /* whatever libssh2 still wants to say or hear, it fails */
    size_t said;              /* bytes that came since the limit was set */
    size_t most;
    size_t turn;  /* bytes that came since the clock was looked at */
    size_t sent;  /* bytes that left us since the command was to begin */
    size_t extra; /* bytes that came and were not output, in all its commands */
    bool exit_seen;
    char first[4];     /* bytes it said */
    char trouble[160]; /* half a sentence of ours; "" none */
    char goodbye[160]; /* its own reason for ending the connection; "" none */
};

/* ---- ssh_link.c ------------------------------------------------------------------------------ */

/* A connected socket and a session on it that has said nothing yet. */
int ssh_link_open(const struct ssh_user *user, const struct ssh_address *address, size_t index,
                  uint64_t limit_ms, struct ssh_link **ret, struct drstor_error **err);
/* Sends nothing. */
void ssh_link_free(struct ssh_link *l);
void ssh_link_freep(struct ssh_link **l);
/* What begins now ends at LIMIT_MS from now (0: at the user's deadline) and hears at most MOST. */
void ssh_link_limit(struct ssh_link *l, uint64_t limit_ms, size_t most);
/* After libssh2 would have to wait: true when it may be asked again; false: WHY says. */
bool ssh_link_wait(struct ssh_link *l);
/* The same for another descriptor than its socket. */
bool ssh_link_wait_fd(struct ssh_link *l, int fd, short events);
/* A packet is half sent: nothing else may be until it is whole. */
bool ssh_link_half_sent(const struct ssh_link *l);
/* Half a sentence: why what was tried did not come to its end. The caller frees. */
char *ssh_link_reason(const struct ssh_link *l);
/* The failure of a connection before a command was begun. */
int ssh_link_fail(const struct ssh_link *l, struct drstor_error **err);
/* TEXT for people: printable, not endless. The caller frees. */
char *ssh_shown(const char *text, size_t n);

/* ---- ssh_memory.c ---------------------------------------------------------------------------- */

/* NULL: there is none. */
void *ssh_memory_new(struct ssh_link *l, size_t n);
void *ssh_memory_resize(struct ssh_link *l, void *p, size_t n);
void ssh_memory_free(void *p);
size_t ssh_memory_size(void *p);
/* Whatever is left. */
void ssh_memory_clear(struct ssh_link *l);

/* ---- ssh_known.c: which host keys are trusted ------------------------------------------------ */

struct ssh_known;

int ssh_known_open(const char *name, const char *text, struct ssh_known **ret,
                   struct drstor_error **err);
void ssh_known_free(struct ssh_known *k);
void ssh_known_freep(struct ssh_known **k);
/* Asks for the key types on file first. */
int ssh_known_prefer(const struct ssh_known *k, struct ssh_link *l, struct drstor_error **err);
/* The key that was shown, and what is on file. */
int ssh_known_look(const struct ssh_known *k, struct ssh_link *l, struct dr_ssh_shown *ret,
                   struct drstor_error **err);
/* OK: the key that was shown is on file. */
int ssh_known_check(const struct ssh_known *k, struct ssh_link *l, struct drstor_error **err);

/* ---- ssh_login.c ----------------------------------------------------------------------------- */

struct ssh_login {
    const char *user;
    const struct dr_secret *key;        /* NULL: none */
    const struct dr_secret *passphrase; /* NULL: none */
    const char *agent;                  /* its socket; NULL: not asked */
    const struct ssh_known *known;
};

/* The handshake alone; the other side has shown its key. */
int ssh_greet(struct ssh_link *l, const struct ssh_known *known, struct drstor_error **err);
int ssh_login(struct ssh_link *l, const struct ssh_login *login, struct drstor_error **err);

/* ---- ssh_agent.c ----------------------------------------------------------------------------- */

/* Tries the agent's keys one by one. True: logged in. TRIED counts the keys that were offered. */
bool ssh_agent_login(struct ssh_link *l, const char *path, const char *user, unsigned *ret_tried);

/* ---- ssh_command.c --------------------------------------------------------------------------- */

/* The words as one line that every shell reads as exactly these words. The caller frees. */
int ssh_command_line(const char *name, const char *const *argv, size_t n_argv, char **ret,
                     struct drstor_error **err);
/* A channel for one command. False: this connection is good for nothing. */
bool ssh_command_open(struct ssh_link *l);
/* BEGUN: a byte of the request may have left us. DONE: the connection can be used again. */
int ssh_command_run(struct ssh_link *l, const struct dr_ssh_request *q, const char *line,
                    struct dr_ssh_reply *ret, bool *ret_begun, bool *ret_done,
                    struct drstor_error **err);

#endif
