#include "base/log.h"

#include "base/env.h"
#include "base/mem.h"
#include "base/redact.h"

#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <syslog.h>

static atomic_int most_level = DRSTOR_LOG_WARN;
static struct {
    pthread_mutex_t lock;
    void (*sink)(enum drstor_log_level, const char *, void *);
    void *user;
} out = {PTHREAD_MUTEX_INITIALIZER, NULL, NULL};

void
dr_log_level(enum drstor_log_level most)
{
    atomic_store(&most_level, (int)most);
}

enum drstor_log_level
dr_log_most(void)
{
    return (enum drstor_log_level)atomic_load(&most_level);
}

void
dr_log_sink(void (*sink)(enum drstor_log_level, const char *, void *), void *user)
{
    pthread_mutex_lock(&out.lock);
    out.sink = sink;
    out.user = user;
    pthread_mutex_unlock(&out.lock);
}

void
dr_log(enum drstor_log_level level, const char *format, ...)
{
    static const char *const words[] = {"error", "warning", "info", "debug"};
    if ((int)level > atomic_load(&most_level))
        return;
    char *line = NULL;
    va_list ap;
    va_start(ap, format);
    int n = vasprintf(&line, format, ap);
    va_end(ap);
    if (n < 0)
        return;
    dr_redact(line);
    pthread_mutex_lock(&out.lock);
    if (out.sink)
        out.sink(level, line, out.user);
    else
        (void)fprintf(stderr, "drstor: %s: %s\n", words[level], line);
    pthread_mutex_unlock(&out.lock);
    free(line);
}

struct system_line {
    struct dr_mailbox *sent;
    char *text;
};

/* syslog() blocks for as long as its socket does; then this task is what hangs, nobody else. */
static void
send_system_line(void *arg)
{
    struct system_line *l = arg;
    syslog(LOG_AUTHPRIV | LOG_NOTICE, "%s", l->text);
    dr_mailbox_post(l->sent, l);
}

void
dr_log_system(const char *line)
{
    struct dr_env *env = dr_env_real();
    struct system_line *l = dr_new0(struct system_line);
    l->sent = dr_mailbox_new(env);
    l->text = dr_strdup(line);
    dr_spawn(env, send_system_line, l);
    if (!dr_mailbox_wait(l->sent, dr_now_ns(env) + 2 * DR_S, NULL))
        return; /* all of it is the task's, which may end some day */
    dr_mailbox_free(l->sent);
    free(l->text);
    free(l);
}
