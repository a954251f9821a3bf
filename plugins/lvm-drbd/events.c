/* What DRBD's own tools say of a resource, line by line. */
#include "model.h"

#include <string.h>

struct word {
    const char *word;
    int value;
};

static int
value_of(const struct word *words, size_t n, struct ld_span word)
{
    for (size_t i = 0; i < n; i++)
        if (ld_is(word, words[i].word))
            return words[i].value;
    return 0;
}
#define VALUE(words, word) value_of(words, sizeof(words) / sizeof((words)[0]), word)

static enum ld_role
role_of(struct ld_span word)
{
    static const struct word roles[] = {{"Primary", LD_ROLE_PRIMARY},
                                        {"Secondary", LD_ROLE_SECONDARY}};
    return (enum ld_role)VALUE(roles, word);
}

static enum ld_disk
disk_of(struct ld_span word)
{
    static const struct word disks[] = {
        {"UpToDate", LD_DISK_UPTODATE},   {"Consistent", LD_DISK_CONSISTENT},
        {"Outdated", LD_DISK_OUTDATED},   {"Inconsistent", LD_DISK_INCONSISTENT},
        {"Diskless", LD_DISK_DISKLESS},   {"Failed", LD_DISK_DISKLESS},
        {"Detaching", LD_DISK_DISKLESS},  {"Attaching", LD_DISK_DISKLESS},
        {"Negotiating", LD_DISK_DISKLESS}};
    return (enum ld_disk)VALUE(disks, word);
}

static enum ld_link
link_of(struct ld_span word)
{
    static const struct word links[] = {
        {"Connected", LD_LINK_CONNECTED},       {"Connecting", LD_LINK_CONNECTING},
        {"WFConnection", LD_LINK_CONNECTING},   {"Unconnected", LD_LINK_CONNECTING},
        {"NetworkFailure", LD_LINK_CONNECTING}, {"Timeout", LD_LINK_CONNECTING},
        {"BrokenPipe", LD_LINK_CONNECTING},     {"ProtocolError", LD_LINK_CONNECTING},
        {"TearDown", LD_LINK_CONNECTING},       {"Disconnecting", LD_LINK_CONNECTING},
        {"StandAlone", LD_LINK_STANDALONE}};
    return (enum ld_link)VALUE(links, word);
}

static enum ld_replication
replication_of(struct ld_span word)
{
    static const struct word words[] = {{"Off", LD_REPLICATION_OFF},
                                        {"Established", LD_REPLICATION_ESTABLISHED},
                                        {"VerifyS", LD_REPLICATION_ESTABLISHED},
                                        {"VerifyT", LD_REPLICATION_ESTABLISHED},
                                        {"WFBitMapS", LD_REPLICATION_AGREEING},
                                        {"WFBitMapT", LD_REPLICATION_AGREEING},
                                        {"StartingSyncS", LD_REPLICATION_AGREEING},
                                        {"StartingSyncT", LD_REPLICATION_AGREEING},
                                        {"WFSyncUUID", LD_REPLICATION_AGREEING},
                                        {"SyncSource", LD_REPLICATION_SOURCE},
                                        {"SyncTarget", LD_REPLICATION_TARGET},
                                        {"PausedSyncS", LD_REPLICATION_PAUSED_SOURCE},
                                        {"PausedSyncT", LD_REPLICATION_PAUSED_TARGET},
                                        {"Ahead", LD_REPLICATION_AHEAD},
                                        {"Behind", LD_REPLICATION_BEHIND}};
    return (enum ld_replication)VALUE(words, word);
}

/* ---- events2 --------------------------------------------------------------------------------- */

static struct ld_volume *
volume_of(struct ld_resource *r, struct ld_span number)
{
    uint64_t n;
    if (!ld_number(number, 10, &n))
        return NULL;
    for (size_t i = 0; i < r->n_volumes; i++)
        if (r->volumes[i].number == n)
            return &r->volumes[i];
    return NULL;
}

/* "key:value", of which the value may hold more colons. */
static bool
pair(struct ld_span *rest, struct ld_span *ret_key, struct ld_span *ret_value)
{
    for (struct ld_span word; ld_word(rest, &word);)
        if (ld_cut(word, ':', ret_key, ret_value))
            return true;
    return false;
}

static bool
resource_line(struct ld_span rest, struct ld_resource *r)
{
    for (struct ld_span key, value; pair(&rest, &key, &value);) {
        if (ld_is(key, "role"))
            r->role = role_of(value);
        else if (ld_is(key, "suspended"))
            r->suspended = value;
    }
    r->up = true;
    return true;
}

static bool
connection_line(struct ld_span rest, struct ld_resource *r)
{
    for (struct ld_span key, value; pair(&rest, &key, &value);) {
        if (ld_is(key, "connection"))
            r->link = link_of(value);
        else if (ld_is(key, "role"))
            r->peer_role = role_of(value);
    }
    r->n_peers++;
    return true;
}

static bool
device_line(struct ld_span rest, struct ld_resource *r)
{
    struct ld_volume *v = NULL, got = {0};
    uint64_t minor = UINT64_MAX;
    for (struct ld_span key, value; pair(&rest, &key, &value);) {
        if (ld_is(key, "volume"))
            v = volume_of(r, value);
        else if (ld_is(key, "minor") && !ld_number(value, 10, &minor))
            return false;
        else if (ld_is(key, "disk"))
            got.disk = disk_of(value);
        else if (ld_is(key, "size") && !ld_number(value, 10, &got.size_kib))
            return false;
        else if (ld_is(key, "quorum"))
            got.quorum = ld_is(value, "yes") ? LD_SAID_YES : LD_SAID_NO;
    }
    if (!v) /* the kernel has a volume that the configuration lacks */
        return false;
    /* The configuration was edited, and not adjusted: its device is somebody else's. */
    if (minor != UINT64_MAX && minor != v->minor)
        return false;
    v->up = true;
    v->disk = got.disk;
    v->size_kib = got.size_kib;
    v->quorum = got.quorum;
    return true;
}

static bool
peer_line(struct ld_span rest, struct ld_resource *r)
{
    struct ld_volume *v = NULL, got = {0};
    uint64_t pending = 0, unacked = 0;
    for (struct ld_span key, value; pair(&rest, &key, &value);) {
        if (ld_is(key, "volume"))
            v = volume_of(r, value);
        else if (ld_is(key, "replication"))
            got.replication = replication_of(value);
        else if (ld_is(key, "peer-disk"))
            got.peer_disk = disk_of(value);
        else if (ld_is(key, "resync-suspended"))
            got.paused = !ld_is(value, "no");
        else if (ld_is(key, "out-of-sync"))
            got.counted = ld_number(value, 10, &got.out_of_sync_kib);
        else if ((ld_is(key, "pending") && !ld_number(value, 10, &pending)) ||
                 (ld_is(key, "unacked") && !ld_number(value, 10, &unacked)))
            return false;
    }
    if (!v)
        return false;
    v->replication = got.replication;
    v->peer_disk = got.peer_disk;
    v->paused = got.paused;
    v->counted = got.counted;
    v->out_of_sync_kib = got.out_of_sync_kib;
    v->waiting = pending > UINT64_MAX - unacked ? UINT64_MAX : pending + unacked;
    return true;
}

bool
ld_events_read(struct ld_span text, struct ld_resource *r)
{
    static const struct {
        const char *kind;
        bool (*read)(struct ld_span rest, struct ld_resource *r);
    } kinds[] = {{"resource", resource_line},
                 {"connection", connection_line},
                 {"device", device_line},
                 {"peer-device", peer_line}};
    bool ended = false;
    for (struct ld_span line, verb, kind; ld_line(&text, &line);) {
        if (!ld_word(&line, &verb) || !ld_is(verb, "exists") || !ld_word(&line, &kind))
            return false;
        ended = ld_is(kind, "-");
        for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
            if (ld_is(kind, kinds[i].kind) && !kinds[i].read(line, r))
                return false;
    }
    r->readable = ended;
    return ended;
}

/* ---- one line per volume --------------------------------------------------------------------- */

/* "own/peer"; without a slash the peer is not told. */
static void
sides(struct ld_span line, struct ld_span *own, struct ld_span *peer)
{
    if (ld_cut(line, '/', own, peer))
        return;
    *own = line;
    *peer = (struct ld_span){0};
}

/* As many lines as volumes, or nobody knows which is whose. */
static bool
lines_match(struct ld_span text, const struct ld_resource *r)
{
    size_t n = 0;
    for (struct ld_span line; ld_line(&text, &line);)
        n++;
    return n == r->n_volumes && n > 0;
}

bool
ld_roles_read(struct ld_span text, bool nine, struct ld_resource *r)
{
    struct ld_span line, own, peer, rest = text;
    if (nine) {
        if (!ld_line(&rest, &line) || rest.n)
            return false;
        sides(line, &own, &peer);
        enum ld_role role = role_of(own);
        for (size_t i = 0; i < r->n_volumes; i++) {
            r->volumes[i].role = role;
            r->volumes[i].peer_role = r->peer_role;
        }
        return role != LD_ROLE_UNKNOWN;
    }
    if (!lines_match(text, r))
        return false;
    for (size_t i = 0; ld_line(&rest, &line); i++) {
        sides(line, &own, &peer);
        r->volumes[i].role = role_of(own);
        r->volumes[i].peer_role = role_of(peer);
    }
    return true;
}

/* "0: cs:Connected ro:Primary/Secondary ds:UpToDate/UpToDate C r-----", of any minor. */
static bool
row_read(struct ld_span line, uint64_t *ret_minor, struct ld_span *ret_roles)
{
    struct ld_span minor, rest;
    while (line.n && *line.s == ' ')
        line = (struct ld_span){line.s + 1, line.n - 1};
    return ld_cut(line, ':', &minor, &rest) && ld_number(minor, 10, ret_minor) &&
           ld_begins(rest, " cs:") && ld_holds(rest, " ro:", ret_roles) &&
           ld_cut(*ret_roles, ' ', ret_roles, NULL);
}

bool
ld_proc_roles_read(struct ld_span text, struct ld_resource *r)
{
    size_t wanted = 0, known = 0;
    if (text.n == 0 || text.s[text.n - 1] != '\n')
        return false;
    for (size_t i = 0; i < r->n_volumes; i++) {
        r->volumes[i].role = LD_ROLE_UNKNOWN;
        wanted += r->volumes[i].up;
    }
    for (struct ld_span line; ld_line(&text, &line);) {
        struct ld_span roles, own, peer;
        uint64_t minor;
        if (!row_read(line, &minor, &roles))
            continue;
        sides(roles, &own, &peer);
        for (size_t i = 0; i < r->n_volumes; i++)
            if (r->volumes[i].minor == minor && r->volumes[i].up &&
                r->volumes[i].role == LD_ROLE_UNKNOWN) {
                r->volumes[i].role = role_of(own);
                r->volumes[i].peer_role = role_of(peer);
                known += r->volumes[i].role != LD_ROLE_UNKNOWN;
            }
    }
    return wanted > 0 && known == wanted;
}

bool
ld_identifiers_read(struct ld_span text, struct ld_resource *r)
{
    struct ld_span line, rest = text;
    uint64_t current[LD_VOLUMES_MOST], bitmap[LD_VOLUMES_MOST];
    if (!lines_match(text, r))
        return false;
    for (size_t i = 0; ld_line(&rest, &line); i++) {
        struct ld_span one, two, more;
        if (!ld_cut(line, ':', &one, &more) || !ld_cut(more, ':', &two, NULL) || one.n != 16 ||
            two.n != 16 || !ld_number(one, 16, &current[i]) || !ld_number(two, 16, &bitmap[i]))
            return false;
    }
    for (size_t i = 0; i < r->n_volumes; i++) {
        r->volumes[i].current = current[i] & ~UINT64_C(1);
        r->volumes[i].bitmap = bitmap[i] & ~UINT64_C(1);
        r->volumes[i].identified = true;
    }
    return true;
}

bool
ld_version_read(struct ld_span text, unsigned *ret_kernel)
{
    struct ld_span value;
    uint64_t code;
    if (!ld_value(text, "DRBD_KERNEL_VERSION_CODE", '\n', &value) || !ld_begins(value, "0x") ||
        !ld_number((struct ld_span){value.s + 2, value.n - 2}, 16, &code) || code > 0xffffff ||
        code == 0)
        return false;
    *ret_kernel = (unsigned)code;
    return true;
}

bool
ld_proc_version_read(struct ld_span text, unsigned *ret_kernel)
{
    struct ld_span line, word;
    uint64_t part[3];
    if (!ld_line(&text, &line) || text.n == 0 || !ld_begins(line, "version: "))
        return false;
    line = (struct ld_span){line.s + strlen("version: "), line.n - strlen("version: ")};
    (void)ld_cut(line, ' ', &line, NULL);
    for (size_t i = 0; i < 3; i++) {
        word = line;
        if (i < 2 ? !ld_cut(line, '.', &word, &line) : false)
            return false;
        if (i == 2) /* "14", or "14-1" */
            (void)ld_cut(word, '-', &word, NULL);
        if (!ld_number(word, 10, &part[i]) || part[i] > 255)
            return false;
    }
    *ret_kernel = (unsigned)(part[0] << 16 | part[1] << 8 | part[2]);
    return *ret_kernel != 0;
}

bool
ld_kept_read(struct ld_span text, struct ld_resource *r)
{
    struct ld_span token, epoch, busy;
    if (!ld_value(text, "token", '\n', &token) || !ld_value(text, "epoch", '\n', &epoch) ||
        !ld_value(text, "busy", '\n', &busy) || !ld_number(token, 10, &r->token) ||
        !ld_number(epoch, 10, &r->epoch))
        return false;
    r->busy = !ld_is(busy, "0");
    r->kept = true;
    return true;
}

/* In seconds of one clock, which need not be ours. One that was set back since says nothing. */
void
ld_seen_read(struct ld_span text, uint64_t now, struct ld_resource *r)
{
    struct ld_span word;
    uint64_t seen;
    r->unseen_s = -1;
    if (ld_value(text, "seen", '\n', &word) && ld_number(word, 10, &seen) && seen > 0 &&
        seen <= now && now - seen <= INT64_MAX)
        r->unseen_s = (int64_t)(now - seen);
}
