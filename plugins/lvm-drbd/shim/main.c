#include "shim.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Arguments, or what ssh was asked to run. */
static const char *
line_of(int argc, char **argv)
{
    struct text t = {0};
    for (int i = 1; i < argc; i++) {
        text_add(&t, i > 1 ? " " : "");
        text_add(&t, argv[i]);
    }
    if (argc > 1)
        return text_of(&t);
    const char *asked = getenv("SSH_ORIGINAL_COMMAND");
    return asked ? asked : "";
}

int
main(int argc, char **argv)
{
    struct line l;
    /* What was begun is brought to its end, also when nobody listens any more. */
    (void)signal(SIGPIPE, SIG_IGN);
    (void)signal(SIGHUP, SIG_IGN);
    (void)signal(SIGTERM, SIG_IGN);
    (void)signal(SIGINT, SIG_IGN);
    (void)umask(077);
    if (chdir("/") < 0)
        return 1;
    const char *wrong = line_read(line_of(argc, argv), &l);
    if (wrong) {
        reply_send("invalid", "%s", wrong);
        return 0;
    }
    switch (l.kind) {
    case LINE_REPORT:
    case LINE_VOLUMES:
    case LINE_LIST:
        report(&l);
        break;
    case LINE_PROBE:
        probe_read(&l);
        break;
    case LINE_CHANGE:
        change(&l);
        break;
    }
    run_finish();
    return 0;
}
