/* What the tests of ssh share: one endpoint at a sshd, one command, in a thread or not. */
#ifndef TESTS_NET_REMOTE_H
#define TESTS_NET_REMOTE_H

#include "base/mem.h"
#include "base/str.h"
#include "net/ssh.h"
#include "support/sshd.h"

#include <drstor/types.h>

#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include <cmocka.h>

/* The two host keys of D as they would be known at PORT. The caller frees. */
static inline char *
remote_known(const struct sshd *d, int port)
{
    dr_auto(dr_freep) char *ed25519 = sshd_text(d, "host_ed25519.pub");
    dr_auto(dr_freep) char *ecdsa = sshd_text(d, "host_ecdsa.pub");
    struct dr_str s = {0};
    dr_str_printf(&s, "[127.0.0.1]:%d %s[127.0.0.1]:%d %s", port, ed25519, port, ecdsa);
    return dr_str_take(&s);
}

/* Fills what O leaves open; KEY is a file in D's folder, NULL: none. PORT 0: D's own. */
static inline int
remote_try(const struct sshd *d, struct dr_ssh_options o, const char *key, int port,
           struct dr_ssh **ret, struct drstor_error **err)
{
    char url[64];
    (void)snprintf(url, sizeof(url), "ssh://127.0.0.1:%d", port ? port : d->port);
    const char *urls[] = {url};
    dr_auto(dr_freep) char *known = remote_known(d, port ? port : d->port);
    dr_auto(dr_freep) char *text = key ? sshd_text(d, key) : NULL;
    struct dr_secret *secret = text ? dr_secret_new(text, strlen(text)) : NULL;
    if (!o.name)
        o.name = "array drbd-rome";
    if (!o.urls) {
        o.urls = urls;
        o.n_urls = 1;
    }
    if (!o.user)
        o.user = d->user;
    if (!o.key)
        o.key = secret;
    if (!o.known_hosts)
        o.known_hosts = known;
    int r = dr_ssh_open(dr_env_real(), &o, ret, err);
    dr_secret_free(secret);
    return r;
}

static inline struct dr_ssh *
remote_open(const struct sshd *d, struct dr_ssh_options o, const char *key, int port)
{
    struct dr_ssh *s = NULL;
    dr_auto(dr_error_freep) struct drstor_error *err = NULL;
    if (remote_try(d, o, key, port, &s, &err) < 0)
        print_message("%s\n", dr_error_message(err));
    assert_non_null(s);
    return s;
}

/* One command, in this thread or, with command_start(), beside it. */
struct command {
    struct dr_ssh *s;
    struct dr_ssh_request q;
    struct dr_ssh_reply reply;
    struct drstor_error *err;
    int status;
    const char *words[8];
    pthread_t thread;
};

/* COMMAND is one for sh. */
static inline void
command_set(struct command *c, struct dr_ssh *s, const char *command)
{
    *c = (struct command){.s = s, .words = {"/bin/sh", "-c", command}};
    c->q = (struct dr_ssh_request){.argv = c->words, .n_argv = 3};
}

static inline void *
command_main(void *arg)
{
    struct command *c = arg;
    c->status = dr_ssh_run(c->s, &c->q, &c->reply, &c->err);
    return NULL;
}

static inline void
command_start(struct command *c)
{
    assert_int_equal(pthread_create(&c->thread, NULL, command_main, c), 0);
}

static inline int
command_wait(struct command *c)
{
    (void)pthread_join(c->thread, NULL);
    return c->status;
}

static inline void
command_clear(struct command *c)
{
    dr_ssh_reply_clear(&c->reply);
    dr_error_freep(&c->err);
}

/* Runs it here; what a failure says is shown when STATUS was expected and another came. */
static inline void
command_ends(struct command *c, int status)
{
    (void)command_main(c);
    if (c->status != status)
        print_message("%s\n", dr_error_message(c->err));
    assert_int_equal(c->status, status);
}

static inline void
says(const struct command *c, const char *text)
{
    if (!strstr(dr_error_message(c->err), text))
        print_message("\"%s\" does not say \"%s\"\n", dr_error_message(c->err), text);
    assert_non_null(strstr(dr_error_message(c->err), text));
}

/* A file that one command at the other end opens when it has begun. */
static inline void
begun_make(const struct sshd *d, char path[128])
{
    static int n;
    (void)snprintf(path, 128, "%s/begun%d", d->dir, n++);
    assert_int_equal(mkfifo(path, 0600), 0);
}

static inline void
begun_wait(const char *path)
{
    dr_auto(dr_closep) int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    struct pollfd p = {fd, POLLIN, 0};
    assert_int_equal(poll(&p, 1, 60 * 1000), 1);
}

static inline uint64_t
in_ms(unsigned ms)
{
    return dr_now_ns(dr_env_real()) + ms * DR_MS;
}

#endif
