#include "plugin/symbols.h"

#include "base/str.h"
#include "plugin/operation.h"

#include <string.h>

enum reach { REACH_SOCKET, REACH_PROGRAM, REACH_CODE, REACH_END, REACH_FILE };

/* A '*' at the end stands for anything. */
static const struct {
    const char *name;
    enum reach reach;
} reaching[] = {
    {"socket", REACH_SOCKET},
    {"socketpair", REACH_SOCKET},
    {"connect", REACH_SOCKET},
    {"bind", REACH_SOCKET},
    {"listen", REACH_SOCKET},
    {"accept", REACH_SOCKET},
    {"accept4", REACH_SOCKET},
    {"sendto", REACH_SOCKET},
    {"getaddrinfo", REACH_SOCKET},
    {"gethostbyname*", REACH_SOCKET},
    {"fork", REACH_PROGRAM},
    {"vfork", REACH_PROGRAM},
    {"_Fork", REACH_PROGRAM},
    {"clone", REACH_PROGRAM},
    {"exec*", REACH_PROGRAM},
    {"fexecve", REACH_PROGRAM},
    {"posix_spawn*", REACH_PROGRAM},
    {"system", REACH_PROGRAM},
    {"popen", REACH_PROGRAM},
    {"wordexp", REACH_PROGRAM},
    {"dlopen", REACH_CODE},
    {"dlmopen", REACH_CODE},
    {"dlsym", REACH_CODE},
    {"syscall", REACH_CODE},
    {"exit", REACH_END},
    {"_exit", REACH_END},
    {"_Exit", REACH_END},
    {"quick_exit", REACH_END},
    {"open", REACH_FILE},
    {"open64", REACH_FILE},
    {"openat", REACH_FILE},
    {"openat64", REACH_FILE},
    {"__open*_2", REACH_FILE},
    {"creat", REACH_FILE},
    {"creat64", REACH_FILE},
    {"fopen", REACH_FILE},
    {"fopen64", REACH_FILE},
    {"freopen*", REACH_FILE},
    {"opendir", REACH_FILE},
    {"mkstemp*", REACH_FILE},
    {"mkostemp*", REACH_FILE},
    {"shm_open", REACH_FILE},
    {"rename*", REACH_FILE},
    {"unlink*", REACH_FILE},
    {"remove", REACH_FILE},
    {"rmdir", REACH_FILE},
    {"mkdir*", REACH_FILE},
    {"truncate*", REACH_FILE},
};

static const char *
reach_text(enum reach reach)
{
    switch (reach) {
    case REACH_SOCKET:
        return "open a connection of its own";
    case REACH_PROGRAM:
        return "start a program";
    case REACH_CODE:
        return "reach code that cannot be checked";
    case REACH_END:
        return "end the whole controller";
    case REACH_FILE:
        return "open files";
    }
    return "reach out";
}

static int
imports_check(const char *path, const char *name, const struct dr_elf *elf,
              struct drstor_error **err)
{
    bool files = strcmp(name, "simulated") == 0;
    for (size_t i = 0; i < elf->n_imports; i++)
        for (size_t k = 0; k < DR_COUNT(reaching); k++) {
            if (!dr_glob(reaching[k].name, elf->imports[i].name) ||
                (files && reaching[k].reach == REACH_FILE))
                continue;
            int r = dr_fail(err, DRSTOR_E_REFUSED, "%s imports %s, so it could %s", path,
                            elf->imports[i].name, reach_text(reaching[k].reach));
            dr_hint(err, "a plugin reaches the world through the host's functions only: "
                         "host->http(), host->ssh(), host->log()");
            return r;
        }
    return DRSTOR_OK;
}

/* Marks of the linker and of the address sanitizer, not the plugin's own. */
static bool
is_own_export(const char *name)
{
    static const char *const not_own[] = {"_init",  "_fini",       "_end",
                                          "_edata", "__bss_start", "__odr_asan*"};
    for (size_t i = 0; i < DR_COUNT(not_own); i++)
        if (dr_glob(not_own[i], name))
            return false;
    return true;
}

static int
exports_check(const char *path, const struct dr_elf *elf, struct drstor_error **err)
{
    bool entry = false;
    const char *extra = NULL;
    for (size_t i = 0; i < elf->n_exports; i++) {
        const struct dr_elf_symbol *s = &elf->exports[i];
        if (strcmp(s->name, DRSTOR_PLUGIN_ENTRY_NAME) == 0)
            entry = s->function;
        else if (!extra && is_own_export(s->name))
            extra = s->name;
    }
    if (!entry) {
        int r = dr_fail(err, DRSTOR_E_INVALID, "%s does not export the function %s", path,
                        DRSTOR_PLUGIN_ENTRY_NAME);
        dr_hint(err, "the macro DRSTOR_PLUGIN of <drstor/plugin.h> makes it");
        return r;
    }
    if (extra) {
        int r =
            dr_fail(err, DRSTOR_E_INVALID, "%s exports %s; a plugin exports %s and nothing else",
                    path, extra, DRSTOR_PLUGIN_ENTRY_NAME);
        dr_hint(err, "compile it with -fvisibility=hidden");
        return r;
    }
    return DRSTOR_OK;
}

/* A search path, or a library named by its place, would load code from folders nobody checked. */
static int
libraries_check(const char *path, const struct dr_elf *elf, struct drstor_error **err)
{
    if (elf->run_path)
        return dr_fail(err, DRSTOR_E_REFUSED, "%s looks for libraries in %s (RUNPATH)", path,
                       elf->run_path);
    for (size_t i = 0; i < elf->n_needed; i++)
        if (strchr(elf->needed[i], '/'))
            return dr_fail(err, DRSTOR_E_REFUSED,
                           "%s needs the library %s, which is named by its place", path,
                           elf->needed[i]);
    return DRSTOR_OK;
}

int
dr_symbols_check(const char *path, const char *name, const struct dr_elf *elf,
                 struct drstor_error **err)
{
    int r = exports_check(path, elf, err);
    if (r == DRSTOR_OK)
        r = imports_check(path, name, elf, err);
    return r < 0 ? r : libraries_check(path, elf, err);
}
