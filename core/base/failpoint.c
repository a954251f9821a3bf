#include "base/failpoint.h"

#if DRSTOR_TEST_BUILD

#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static long passed;
static struct {
    void (*fn)(const char *name, void *user);
    void *user;
} hook;

void
dr_failpoint_hook(void (*fn)(const char *name, void *user), void *user)
{
    hook.fn = fn;
    hook.user = user;
}

static const char *broken_rule;

void
dr_canary_set(const char *name)
{
    broken_rule = name;
}

bool
dr_canary(const char *name)
{
    return broken_rule && strcmp(broken_rule, name) == 0;
}

static void
list(const char *file, const char *name)
{
    int fd = open(file, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
    if (fd < 0)
        return;
    char line[128];
    size_t n = strlen(name) < sizeof(line) - 1 ? strlen(name) : sizeof(line) - 1;
    memcpy(line, name, n);
    line[n] = '\n';
    if (write(fd, line, n + 1) < 0)
        abort();
    (void)close(fd);
}

void
dr_failpoint(const char *name)
{
    if (hook.fn) {
        hook.fn(name, hook.user);
        return;
    }
    pthread_mutex_lock(&lock);
    const char *file =
        getenv("DRSTOR_FAILPOINT_LIST");           // NOLINT(concurrency-mt-unsafe): never set here
    const char *want = getenv("DRSTOR_FAILPOINT"); // NOLINT(concurrency-mt-unsafe)
    if (file)
        list(file, name);
    size_t n = strlen(name);
    if (want && strncmp(want, name, n) == 0 && (want[n] == '\0' || want[n] == ':')) {
        long at = want[n] == ':' ? strtol(want + n + 1, NULL, 10) : 1;
        if (++passed == at)
            (void)raise(SIGKILL);
    }
    pthread_mutex_unlock(&lock);
}

#else
typedef int dr_failpoint_unused; /* an empty file is no C */
#endif
