/*
 * Looks at a shared object before it is loaded, because loading already runs its code. Reads what
 * the dynamic loader would read (program headers and the dynamic segment, not sections), and takes
 * every number in the file for a lie until it fits into the bytes that are there.
 *
 * This keeps mistakes out and shows what a plugin may reach through libc. It is no sandbox: code
 * can make a system call without any symbol.
 */
#ifndef DR_PLUGIN_ELF_H
#define DR_PLUGIN_ELF_H

#include "base/arena.h"
#include "base/error.h"

#include <stdbool.h>

struct dr_elf_symbol {
    const char *name;
    bool function;
};

struct dr_elf {
    const struct dr_elf_symbol *exports;
    size_t n_exports;
    const struct dr_elf_symbol *imports;
    size_t n_imports;
    const char **needed;
    size_t n_needed;
    const char *run_path; /* NULL: none */
};

/* WHAT names the file in errors. Strings live in A. INVALID with a sentence for anything but a
 * whole shared object of this machine. */
int dr_elf_read(struct dr_arena *a, const char *what, const unsigned char *bytes, size_t n,
                struct dr_elf *ret, struct drstor_error **err);

#endif
