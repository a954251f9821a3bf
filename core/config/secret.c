#include "config/secret.h"

#include "base/file.h"
#include "base/str.h"
#include "config/parts.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct secret_reference {
    const char *file;
    const char *credential;
    int64_t fd;
};

static const struct dr_conf_key secret_keys[] = {
    DR_CONF_KEY(struct secret_reference, file, DR_CONF_PATH),
    DR_CONF_KEY(struct secret_reference, credential, DR_CONF_NAME),
    DR_CONF_SPAN("fd", struct secret_reference, fd, DR_CONF_COUNT, 3, 1048575),
};

DR_CONF_TABLE(dr_conf_secret_table, "SECRET", secret_keys);

static const char how[] = "write { file: ... }, { credential: ... } or { fd: N }";

bool
dr_conf_is_secret(const struct dr_yaml *node)
{
    if (node->kind != DR_YAML_MAP || node->n_pairs != 1)
        return false;
    for (size_t k = 0; k < DR_COUNT(secret_keys); k++)
        if (dr_streq(node->pairs[0].key, secret_keys[k].name))
            return true;
    return false;
}

static bool
secret_keep(struct dr_conf *c, const struct dr_yaml *node, const char *label, const char *bytes,
            size_t n, struct dr_secret **ret)
{
    /* Editors and echo end a file with a newline that is not part of the password. */
    if (n && bytes[n - 1] == '\n')
        n--;
    if (!n) {
        dr_conf_problem(c, node, NULL, "%s is empty", label);
        return false;
    }
    if (n > DR_SECRET_BYTES_MAX) {
        dr_conf_problem(c, node, NULL, "%s is longer than %zu bytes", label, DR_SECRET_BYTES_MAX);
        return false;
    }
    if (memchr(bytes, '\0', n)) {
        dr_conf_problem(c, node, NULL, "%s holds a NUL byte", label);
        return false;
    }
    if (c->options.skip_secrets)
        return true;
    struct dr_secret *s = dr_secret_new(bytes, n);
    struct dr_model *m = c->model;
    dr_arena_push(m->arena, m->secrets, m->n_secrets) = s;
    *ret = s;
    return true;
}

/* A descriptor somebody opened for us may be a pipe whose writer never comes. */
static ssize_t
secret_read_some(int fd, char *to, size_t room)
{
    enum { PATIENCE_MS = 5000 };
    for (;;) {
        struct pollfd p = {.fd = fd, .events = POLLIN};
        int ready = poll(&p, 1, PATIENCE_MS);
        if (ready == 0)
            errno = ETIMEDOUT;
        if (ready == 0 || (ready < 0 && errno != EINTR))
            return -1;
        if (ready < 0)
            continue;
        ssize_t got = read(fd, to, room);
        if (got >= 0 || (errno != EINTR && errno != EAGAIN))
            return got;
    }
}

static bool
secret_read_fd(struct dr_conf *c, const struct dr_yaml *node, const char *label, const char *source,
               int fd, struct dr_secret **ret)
{
    char bytes[DR_SECRET_BYTES_MAX + 2]; /* the newline, and one more to see that it is too long */
    size_t n = 0;
    bool ok = true;
    while (n < sizeof(bytes)) {
        ssize_t got = secret_read_some(fd, bytes + n, sizeof(bytes) - n);
        if (got < 0) {
            dr_conf_problem(c, node, NULL, "%s: cannot read %s: %s", label, source,
                            strerrordesc_np(errno));
            ok = false;
        }
        if (got <= 0)
            break;
        n += (size_t)got;
    }
    ok = ok && secret_keep(c, node, label, bytes, n, ret);
    explicit_bzero(bytes, sizeof(bytes));
    return ok;
}

static bool
secret_read_file(struct dr_conf *c, const struct dr_yaml *node, const char *label, const char *path,
                 struct dr_secret **ret)
{
    dr_auto(dr_error_freep) struct drstor_error *err = NULL;
    dr_auto(dr_closep) int fd = -1;
    if (dr_file_open_trusted(path, true, &fd, &err) < 0) {
        dr_conf_problem(c, node, dr_error_hint(err), "%s: %s", label, dr_error_message(err));
        return false;
    }
    return secret_read_fd(c, node, label, path, fd, ret);
}

/*
 * systemd leaves credentials with root and lets the unit's user in by an access list, whose mask
 * shows as the group's right to read: root:root and mode 0440. The folder keeps everybody else out.
 */
static bool
secret_read_systemd_file(struct dr_conf *c, const struct dr_yaml *node, const char *label,
                         const char *path, struct dr_secret **ret)
{
    dr_auto(dr_error_freep) struct drstor_error *err = NULL;
    dr_auto(dr_closep) int fd = -1;
    struct stat st;
    if (dr_file_open_trusted(path, false, &fd, &err) < 0) {
        dr_conf_problem(c, node, dr_error_hint(err), "%s: %s", label, dr_error_message(err));
        return false;
    }
    if (fstat(fd, &st) < 0 || (st.st_mode & (st.st_uid == 0 && st.st_gid == 0 ? 037 : 077)) != 0) {
        dr_conf_problem(c, node, NULL, "%s: %s can be read by others", label, path);
        return false;
    }
    return secret_read_fd(c, node, label, path, fd, ret);
}

static bool
secret_read_credential(struct dr_conf *c, const struct dr_yaml *node, const char *label,
                       const char *name, struct dr_secret **ret)
{
    const char *folder = c->options.credentials_dir ? c->options.credentials_dir
                                                    : secure_getenv("CREDENTIALS_DIRECTORY");
    if (!folder || !*folder) {
        dr_conf_problem(c, node,
                        "start drstor as a systemd unit with LoadCredential=, or name a file",
                        "%s: $CREDENTIALS_DIRECTORY is not set", label);
        return false;
    }
    if (strchr(name, '/')) {
        dr_conf_problem(c, node, NULL, "%s: a credential is a name, not a path", label);
        return false;
    }
    return secret_read_systemd_file(c, node, label,
                                    dr_arena_printf(c->arena, "%s/%s", folder, name), ret);
}

static bool
secret_read_descriptor(struct dr_conf *c, const struct dr_yaml *node, const char *label, int64_t fd,
                       struct dr_secret **ret)
{
    for (size_t i = 0; i < c->n_fds; i++)
        if (c->fds[i] == fd) {
            dr_conf_problem(c, node, NULL,
                            "%s: descriptor %d is already used, and can be read once", label,
                            (int)fd);
            return false;
        }
    if (c->n_fds == DR_COUNT(c->fds)) {
        dr_conf_problem(c, node, NULL, "%s: more than %zu descriptors are used", label,
                        DR_COUNT(c->fds));
        return false;
    }
    c->fds[c->n_fds++] = fd;
    if (c->options.skip_secrets)
        return true;
    return secret_read_fd(c, node, label, dr_arena_printf(c->arena, "descriptor %d", (int)fd),
                          (int)fd, ret);
}

/* A password that stands in the file itself. Whatever is said here, the value is not. */
static bool
secret_clear_text(struct dr_conf *c, const struct dr_yaml *node, const char *label,
                  struct dr_secret **ret)
{
    if (node->null) {
        dr_conf_problem(c, node, how, "%s has no value", label);
        return false;
    }
    if (strstr(node->text, "{{")) {
        dr_conf_problem(c, node, "write { file: ... }",
                        "%s is a Jinja template, and those are not evaluated here", label);
        return false;
    }
    if (!c->clear_text_refusal) {
        dr_conf_problem(c, node, how, "%s: a clear-text password is not allowed", label);
        return false;
    }
    if (*c->clear_text_refusal) {
        dr_conf_problem(c, node, c->clear_text_hint,
                        "%s stands in this file, so only its owner may read it, but %s", label,
                        c->clear_text_refusal);
        return false;
    }
    return secret_keep(c, node, label, node->text, strlen(node->text), ret);
}

bool
dr_conf_secret(struct dr_conf *c, const struct dr_yaml *node, const char *label,
               struct dr_secret **ret)
{
    if (node->kind == DR_YAML_SCALAR)
        return secret_clear_text(c, node, label, ret);
    if (!dr_conf_is_secret(node)) {
        /* Not "unknown key x": in { hunter2 } the key is the password. */
        dr_conf_problem(c, node, how, "%s is no reference to a secret", label);
        return false;
    }
    struct secret_reference to = {.fd = -1};
    size_t before = c->problems->n_found;
    c->quiet = true;
    dr_conf_read(c, &dr_conf_secret_table, node, label, &to);
    c->quiet = false;
    if (c->problems->n_found != before)
        return false;
    if (to.fd >= 0)
        return secret_read_descriptor(c, node, label, to.fd, ret);
    if (c->options.skip_secrets)
        return true;
    if (to.credential)
        return secret_read_credential(c, node, label, to.credential, ret);
    return secret_read_file(c, node, label, to.file, ret);
}
