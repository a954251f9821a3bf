/* OpenSSH's own sshd on loopback, as the user who runs the tests: with keys of its own, nothing of
 * the machine's, and gone at the end with everything it started. */
#ifndef TESTS_SUPPORT_SSHD_H
#define TESTS_SUPPORT_SSHD_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct sshd {
    char dir[64]; /* keys, known hosts, and room for what commands leave behind */
    char user[64];
    char program[128];
    int port;
    pid_t pid; /* 0: it does not run */
    pid_t agent;
};

/*
 * In DIR: host_ed25519 and host_ecdsa; the users' keys ed25519, ecdsa, pem (ECDSA in PEM form),
 * locked (passphrase "open sesame"), agent; all but "stranger" are let in. "known" knows both host
 * keys. MORE: further lines of its configuration, NULL: none.
 */
struct sshd *sshd_new(const char *more);
void sshd_free(struct sshd *s);

bool sshd_start(struct sshd *s);
/* With all connections and commands. */
void sshd_kill(struct sshd *s);
/* The listener and everything below it; or what serves connections alone. */
void sshd_pause(struct sshd *s, bool listener);
void sshd_go_on(struct sshd *s);
/* Waits until no connection and no command is left. */
bool sshd_idle(const struct sshd *s);
int sshd_logins(const struct sshd *s);

/* From its next start on it tells no exit status: it has another word for it. */
bool sshd_mute(struct sshd *s);

/* An ssh-agent that holds DIR/agent; its socket is DIR/agent.sock. */
bool sshd_agent(struct sshd *s);

/* The text of DIR/NAME; "" when it is not there. The caller frees. */
char *sshd_text(const struct sshd *s, const char *name);
void sshd_write(const struct sshd *s, const char *name, const char *text);
/* ssh-keygen with these words, in DIR. */
bool sshd_keygen(const struct sshd *s, const char *const *words);

#endif
