/*
 * A program of the installation, run to its end: no shell, a session and process group of its own,
 * a clean environment, nothing of ours open in it but its standard input and output. Everything is
 * bounded, and whatever of its group is left at the end is killed.
 *
 * Programs are run only from files that nobody but root and we can write (base/file.h). What they
 * are given holds no secrets. Threads: any.
 */
#ifndef DR_NET_PROGRAM_H
#define DR_NET_PROGRAM_H

#include "base/env.h"
#include "base/error.h"

struct dr_program {
    const char *const *run; /* absolute path, then its arguments */
    size_t n_run;
    const char *const *env; /* "NAME=value", beside PATH, HOME and LC_ALL; none: NULL */
    size_t n_env;
    const char *in; /* its standard input; none: NULL */
    size_t n_in;
    size_t out_most; /* of its standard output in bytes; more ends it */
    uint64_t deadline_ns;
    const struct dr_cancel *cancel; /* NULL: none */
};

struct dr_program_end {
    int code;  /* as it exited; -1: it was ended by a signal, its own or ours */
    char *out; /* what it said until then, NUL-terminated; the caller frees */
    size_t n_out;
    char words[256]; /* the last line of its standard error; "": none */
};

/* INVALID: PATH would not be run, and why. */
int dr_program_check(const char *path, struct drstor_error **err);
/*
 * OK: it exited by itself, *RET says how. INVALID: it cannot be run, and was not: no such file,
 * not executable, not to be trusted. UNREACHABLE: it was never begun for want of processes or
 * descriptors. UNKNOWN: begun, and ended by us or by a signal: what it did is open. CANCELLED
 * likewise, because of CANCEL. *RET is filled with OK only.
 */
int dr_program_run(struct dr_env *env, const struct dr_program *p, struct dr_program_end *ret,
                   struct drstor_error **err);
void dr_program_end_clear(struct dr_program_end *end);

#endif
