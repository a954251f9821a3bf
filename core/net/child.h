/*
 * A program begun beside us: forked and executed at once, because a copy of a process with threads
 * can do nothing else, and would carry every secret we know. It has a session of its own, nothing
 * of ours open but what it is given, and signals as a program expects them.
 */
#ifndef DR_NET_CHILD_H
#define DR_NET_CHILD_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct dr_child {
    const char *const *argv; /* absolute path, then its arguments; NULL at the end */
    const char *const *envp; /* all of its environment; NULL at the end */
    int fd[4];               /* become its descriptors 0, 1, ... */
    int n_fd;
    /* It is killed when the thread that began it ends. That is about the thread, not about the
     * process, so only for one that waits for it. */
    bool ends_with_thread;
};

/* Its process id, and *RET_PIDFD; -1 with errno when it was not begun. What cannot be executed
 * ends with 127. The caller reaps it. */
pid_t dr_child_begin(const struct dr_child *c, int *ret_pidfd);
/* Kills it and its group, and waits for it: how it ended, as waitpid() says. */
int dr_child_end(pid_t pid);

#endif
