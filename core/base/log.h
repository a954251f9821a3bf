/*
 * The program's log: lines to stderr, redacted. Library code does not log failures, it returns
 * them; what is logged is what a person wants to follow while it happens.
 */
#ifndef DR_BASE_LOG_H
#define DR_BASE_LOG_H

#ifndef DRSTOR_PLUGIN_HOST_SIDE
#define DRSTOR_PLUGIN_HOST_SIDE
/*
 * One LINE for the system log (authpriv.notice: who did what is kept longer there, and read by
 * fewer). Never fails, and waits at most two seconds: a log that hangs must not hold up a flip.
 */
void dr_log_system(const char *line);

#endif
#include <drstor/plugin.h>

void dr_log_level(enum drstor_log_level most); /* default WARN */
enum drstor_log_level dr_log_most(void);
/* Where lines go instead of stderr; NULL: back to stderr. */
void dr_log_sink(void (*sink)(enum drstor_log_level level, const char *line, void *user),
                 void *user);
void dr_log(enum drstor_log_level level, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/*
 * One LINE for the system log (authpriv.notice: who did what is kept longer there, and read by
 * fewer). Never fails, and waits at most two seconds: a log that hangs must not hold up a flip.
 */
void dr_log_system(const char *line);
/* Where those lines go instead; NULL: back to the system log. For tests. */
void dr_log_system_sink(void (*sink)(const char *line, void *user), void *user);

#endif
