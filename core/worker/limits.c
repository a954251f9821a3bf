#include "worker/limits.h"

#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>

/* The sanitizers reserve far more than they use. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define MEMORY_BOUNDED 0
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define MEMORY_BOUNDED 0
#endif
#endif
#ifndef MEMORY_BOUNDED
#define MEMORY_BOUNDED 1
#endif

static void
bound(__rlimit_resource_t what, rlim_t most)
{
    const struct rlimit limit = {most, most};
    (void)setrlimit(what, &limit);
}

void
dr_limits_set(void)
{
    const rlim_t memory = (rlim_t)1 << 30, descriptors = 256;
    (void)prctl(PR_SET_DUMPABLE, 0);
    (void)prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    (void)umask(077);
    bound(RLIMIT_CORE, 0);
    bound(RLIMIT_FSIZE, 0); /* it writes to sockets and pipes */
    bound(RLIMIT_NOFILE, descriptors);
    if (MEMORY_BOUNDED)
        bound(RLIMIT_DATA, memory);
}
