/*
 * The program's log: lines to stderr, redacted. Library code does not log failures, it returns
 * them; what is logged is what a person wants to follow while it happens.
 */
#ifndef DR_BASE_LOG_H
#define DR_BASE_LOG_H

#ifndef DRSTOR_PLUGIN_HOST_SIDE
#define DRSTOR_PLUGIN_HOST_SIDE
#endif
#include <drstor/plugin.h>

void dr_log_level(enum drstor_log_level most); /* default WARN */
/* Where lines go instead of stderr; NULL: back to stderr. */
void dr_log_sink(void (*sink)(enum drstor_log_level level, const char *line, void *user),
                 void *user);
void dr_log(enum drstor_log_level level, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

#endif
