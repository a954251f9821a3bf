/*
 * The host keys that are trusted, as lines of ssh's own file. libssh2 compares names, hashed ones
 * too, and keys; which lines it gets to see is decided here: it knows neither markers nor patterns
 * and would take them for names.
 */
#include "base/base64.h"
#include "base/file.h"
#include "base/json.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/sha256.h"
#include "net/ssh_link.h"

#include <string.h>

enum { TEXT_MAX = 1 << 20, LINE_MAX = 8192 };

struct strings {
    char **all;
    size_t n, cap;
};

struct ssh_known {
    char *name;
    struct strings lines;   /* for libssh2 */
    struct strings revoked; /* keys in base64 */
    size_t unused;          /* lines of a kind that is not supported */
    size_t first_unused;
};

static const struct key_type {
    const char *name;
    int shown;  /* as libssh2 calls it in a session */
    int stored; /* and in known hosts */
} key_types[] = {
    {"ssh-ed25519", LIBSSH2_HOSTKEY_TYPE_ED25519, LIBSSH2_KNOWNHOST_KEY_ED25519},
    {"ecdsa-sha2-nistp256", LIBSSH2_HOSTKEY_TYPE_ECDSA_256, LIBSSH2_KNOWNHOST_KEY_ECDSA_256},
    {"ecdsa-sha2-nistp384", LIBSSH2_HOSTKEY_TYPE_ECDSA_384, LIBSSH2_KNOWNHOST_KEY_ECDSA_384},
    {"ecdsa-sha2-nistp521", LIBSSH2_HOSTKEY_TYPE_ECDSA_521, LIBSSH2_KNOWNHOST_KEY_ECDSA_521},
};

static const struct key_type *
key_type_named(const char *name)
{
    for (size_t i = 0; i < DR_COUNT(key_types); i++)
        if (dr_streq(key_types[i].name, name))
            return &key_types[i];
    return NULL;
}

/* ---- reading --------------------------------------------------------------------------------- */

/* Cuts the next word off. */
static char *
word(char **at)
{
    *at += strspn(*at, " \t");
    char *start = *at;
    *at += strcspn(*at, " \t");
    if (**at)
        *(*at)++ = '\0';
    return start;
}

/* TYPE and BASE64 belong together. */
static bool
key_is_sound(const char *type, const char *base64)
{
    size_t n = 0, n_type = strlen(type);
    dr_auto(dr_freep) unsigned char *blob = dr_base64_bytes(base64, strlen(base64), &n);
    return blob && n > 4 + n_type && blob[0] == 0 && blob[1] == 0 && blob[2] == 0 &&
           blob[3] == n_type && memcmp(blob + 4, type, n_type) == 0;
}

/* NULL, or what is wrong with the line. *UNUSED: it is sound, but of a kind we do not support. */
static const char *
line_read(struct ssh_known *k, const char *line, bool *unused)
{
    dr_auto(dr_freep) char *copy = dr_strdup(line);
    char *at = copy;
    const char *first = word(&at), *marker = "";
    if (*first == '\0' || *first == '#')
        return NULL;
    if (*first == '@') {
        marker = first;
        first = word(&at);
    }
    const char *type = word(&at), *key = word(&at);
    if (*key == '\0')
        return "it has no name, key type and key";
    if (!key_is_sound(type, key))
        return "its key is none, or of another type than it says";
    if (strcmp(marker, "@revoked") == 0) {
        dr_push(k->revoked.all, k->revoked.n, k->revoked.cap) = dr_strdup(key);
        return NULL;
    }
    *unused = *marker || strpbrk(first, "*?!") || !key_type_named(type);
    if (!*unused)
        dr_push(k->lines.all, k->lines.n, k->lines.cap) = dr_strdup(line);
    return NULL;
}

int
dr_ssh_known_read(const char *path, char **ret, struct drstor_error **err)
{
    dr_auto(dr_freep) char *text = NULL;
    dr_auto(dr_closep) int fd = -1;
    size_t n = 0;
    int r = dr_file_open_trusted(path, false, &fd, err);
    if (r == DRSTOR_OK)
        r = dr_file_read_fd(fd, path, DR_SSH_KNOWN_MAX, &text, &n, err);
    if (r == DRSTOR_OK && strlen(text) != n)
        r = dr_fail(err, DRSTOR_E_INVALID, "%s is no text", path);
    if (r < 0)
        return dr_context(err, r, "known_hosts");
    *ret = dr_steal(text);
    return DRSTOR_OK;
}

int
ssh_known_open(const char *name, const char *text, struct ssh_known **ret,
               struct drstor_error **err)
{
    if (!text || strlen(text) > TEXT_MAX)
        return dr_fail(err, DRSTOR_E_INVALID, "%s: known hosts are missing or larger than 1 MiB",
                       name);
    struct ssh_known *k = dr_new0(struct ssh_known);
    k->name = dr_strdup(name);
    const char *wrong = NULL;
    size_t number = 0;
    while (*text && !wrong) {
        size_t n = strcspn(text, "\n");
        number++;
        dr_auto(dr_str_freep) struct dr_str line = {0};
        dr_str_addn(&line, text, n && text[n - 1] == '\r' ? n - 1 : n);
        bool unused = false;
        if (n > LINE_MAX)
            wrong = "it is longer than 8 KiB";
        else if (line.n)
            wrong = line_read(k, line.s, &unused);
        if (unused && k->unused++ == 0)
            k->first_unused = number;
        text += n + (text[n] == '\n');
    }
    if (wrong) {
        ssh_known_free(k);
        return dr_fail(err, DRSTOR_E_INVALID, "%s: line %zu of its known hosts cannot be read: %s",
                       name, number, wrong);
    }
    if (k->unused)
        dr_log(DRSTOR_LOG_INFO,
               "%s: %zu lines of its known hosts are not used, the first is line %zu: keys other "
               "than ed25519 and ECDSA, certificate authorities and patterns are not supported",
               name, k->unused, k->first_unused);
    *ret = k;
    return DRSTOR_OK;
}

static void
strings_free(struct strings *s)
{
    for (size_t i = 0; i < s->n; i++)
        free(s->all[i]);
    free(s->all);
}

void
ssh_known_free(struct ssh_known *k)
{
    if (!k)
        return;
    strings_free(&k->lines);
    strings_free(&k->revoked);
    free(k->name);
    free(k);
}

void
ssh_known_freep(struct ssh_known **k)
{
    ssh_known_free(*k);
}

/* ---- comparing ------------------------------------------------------------------------------- */

static void
hosts_freep(LIBSSH2_KNOWNHOSTS **hosts)
{
    if (*hosts)
        libssh2_knownhost_free(*hosts);
}

/* The lines in libssh2's own form, which belongs to a session. */
static LIBSSH2_KNOWNHOSTS *
hosts_of(const struct ssh_known *k, struct ssh_link *l)
{
    LIBSSH2_KNOWNHOSTS *hosts = libssh2_knownhost_init(l->session);
    for (size_t i = 0; hosts && i < k->lines.n; i++)
        (void)libssh2_knownhost_readline(hosts, k->lines.all[i], strlen(k->lines.all[i]),
                                         LIBSSH2_KNOWNHOST_FILE_OPENSSH);
    return hosts;
}

/* As ssh does it: another port than 22 is another host. */
static int
hosts_check(LIBSSH2_KNOWNHOSTS *hosts, const struct ssh_link *l, const char *key, size_t n,
            const struct key_type *type, struct libssh2_knownhost **ret)
{
    return libssh2_knownhost_check(
        hosts, l->address->known, key, n,
        LIBSSH2_KNOWNHOST_TYPE_PLAIN | LIBSSH2_KNOWNHOST_KEYENC_RAW | type->stored, ret);
}

/* Of this host there is a key of that type on file; it need not be the one that is shown. */
static struct libssh2_knownhost *
hosts_find(LIBSSH2_KNOWNHOSTS *hosts, const struct ssh_link *l, const struct key_type *type)
{
    struct libssh2_knownhost *found = NULL;
    return hosts_check(hosts, l, "-", 1, type, &found) == LIBSSH2_KNOWNHOST_CHECK_MISMATCH ? found
                                                                                           : NULL;
}

int
ssh_known_prefer(const struct ssh_known *k, struct ssh_link *l, struct drstor_error **err)
{
    dr_auto(hosts_freep) LIBSSH2_KNOWNHOSTS *hosts = hosts_of(k, l);
    dr_auto(dr_str_freep) struct dr_str list = {0};
    for (int stored = 1; hosts && stored >= 0; stored--)
        for (size_t i = 0; i < DR_COUNT(key_types); i++)
            if ((hosts_find(hosts, l, &key_types[i]) != NULL) == stored)
                dr_str_printf(&list, "%s%s", list.n ? "," : "", key_types[i].name);
    if (!hosts || libssh2_session_method_pref(l->session, LIBSSH2_METHOD_HOSTKEY, list.s) != 0)
        return dr_fail(err, DRSTOR_E_NOMEM, "out of memory");
    return DRSTOR_OK;
}

static char *
fingerprint(const void *blob, size_t n)
{
    struct dr_sha256 h;
    unsigned char hash[32];
    dr_sha256_start(&h);
    dr_sha256_add(&h, blob, n);
    dr_sha256_bytes(&h, hash);
    dr_auto(dr_freep) char *text = dr_base64(hash, sizeof(hash));
    struct dr_str s = {0};
    dr_str_printf(&s, "SHA256:%.43s", text); /* as ssh-keygen -l: without padding */
    return dr_str_take(&s);
}

/* The key that was shown. NULL: of a type that was not asked for. */
static const char *
shown(struct ssh_link *l, size_t *ret_n, const struct key_type **ret_type)
{
    int type = LIBSSH2_HOSTKEY_TYPE_UNKNOWN;
    const char *key = libssh2_session_hostkey(l->session, ret_n, &type);
    for (size_t i = 0; key && i < DR_COUNT(key_types); i++)
        if (key_types[i].shown == type) {
            *ret_type = &key_types[i];
            return key;
        }
    return NULL;
}

static bool
is_revoked(const struct ssh_known *k, const char *base64)
{
    for (size_t i = 0; i < k->revoked.n; i++)
        if (dr_streq(k->revoked.all[i], base64))
            return true;
    return false;
}

/* "ssh-ed25519 SHA256:..., ecdsa-..." of all that is on file for this host; "" when nothing is. */
static char *
on_file(LIBSSH2_KNOWNHOSTS *hosts, const struct ssh_link *l)
{
    struct dr_str s = {0};
    for (size_t i = 0; i < DR_COUNT(key_types); i++) {
        size_t n = 0;
        const struct libssh2_knownhost *found = hosts_find(hosts, l, &key_types[i]);
        const char *base64 = found && found->key ? found->key : "";
        dr_auto(dr_freep) unsigned char *blob = dr_base64_bytes(base64, strlen(base64), &n);
        if (!blob || n == 0)
            continue;
        dr_auto(dr_freep) char *print = fingerprint(blob, n);
        dr_str_printf(&s, "%s%s %s", s.n ? ", " : "", key_types[i].name, print);
    }
    return dr_str_take(&s);
}

static void
hint_unknown(const struct ssh_known *k, bool changed, struct drstor_error **err)
{
    const char *array = strrchr(k->name, ' ') ? strrchr(k->name, ' ') + 1 : k->name;
    if (changed)
        dr_hint(err,
                "if the host was installed anew on purpose, compare with: drstor trust show %s; "
                "otherwise somebody else answers at this address",
                array);
    else if (k->unused)
        dr_hint(
            err,
            "see and compare its key: drstor trust show %s; %zu lines of its known hosts are of "
            "a kind that is not supported, the first is line %zu",
            array, k->unused, k->first_unused);
    else
        dr_hint(err,
                "see its key, compare it at the host, and add the line to its known hosts: "
                "drstor trust show %s",
                array);
}

int
ssh_known_look(const struct ssh_known *k, struct ssh_link *l, struct dr_ssh_shown *ret,
               struct drstor_error **err)
{
    size_t n = 0;
    const struct key_type *type = NULL;
    const char *key = shown(l, &n, &type), *host = l->address->known;
    if (!key)
        return dr_fail(err, DRSTOR_E_PROTOCOL,
                       "%s: %s shows a key of a type that was not asked for; nothing was run",
                       k->name, host);
    dr_auto(hosts_freep) LIBSSH2_KNOWNHOSTS *hosts = hosts_of(k, l);
    if (!hosts)
        return dr_fail(err, DRSTOR_E_NOMEM, "out of memory");
    dr_auto(dr_freep) char *base64 = dr_base64(key, n);
    struct dr_str line = {0};
    dr_str_printf(&line, "%s %s %s", host, type->name, base64);
    *ret = (struct dr_ssh_shown){.type = type->name,
                                 .fingerprint = fingerprint(key, n),
                                 .line = dr_str_take(&line),
                                 .on_file = on_file(hosts, l)};
    struct libssh2_knownhost *entry = NULL;
    if (is_revoked(k, base64))
        ret->trust = DR_SSH_KEY_REVOKED;
    else if (hosts_check(hosts, l, key, n, type, &entry) == LIBSSH2_KNOWNHOST_CHECK_MATCH)
        ret->trust = DR_SSH_KEY_KNOWN;
    else if (*ret->on_file)
        ret->trust = DR_SSH_KEY_OTHER;
    return DRSTOR_OK;
}

void
dr_ssh_shown_clear(struct dr_ssh_shown *x)
{
    free(x->fingerprint);
    free(x->line);
    free(x->on_file);
    *x = (struct dr_ssh_shown){0};
}

int
ssh_known_check(const struct ssh_known *k, struct ssh_link *l, struct drstor_error **err)
{
    const char *host = l->address->known;
    dr_auto(dr_ssh_shown_clear) struct dr_ssh_shown x = {0};
    int r = ssh_known_look(k, l, &x, err);
    if (r < 0)
        return r;
    switch (x.trust) {
    case DR_SSH_KEY_KNOWN:
        return DRSTOR_OK;
    case DR_SSH_KEY_REVOKED:
        (void)dr_fail(err, DRSTOR_E_AUTH,
                      "%s: %s shows %s key %s, which known hosts call revoked; nothing was run",
                      k->name, host, x.type, x.fingerprint);
        dr_hint(err, "a revoked key is one that somebody else may have; give the host a new one");
        break;
    case DR_SSH_KEY_OTHER:
        (void)dr_fail(err, DRSTOR_E_AUTH, "%s: %s shows %s key %s, on file is %s; nothing was run",
                      k->name, host, x.type, x.fingerprint, x.on_file);
        hint_unknown(k, true, err);
        break;
    case DR_SSH_KEY_UNKNOWN:
        (void)dr_fail(err, DRSTOR_E_AUTH,
                      "%s: %s shows %s key %s, and no key of it is on file; nothing was run",
                      k->name, host, x.type, x.fingerprint);
        hint_unknown(k, false, err);
        break;
    }
    return DRSTOR_E_AUTH;
}
