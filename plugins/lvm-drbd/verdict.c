#include "verdict.h"

#include <stdio.h>
#include <string.h>

/* The number in parentheses that DRBD's message begins with. */
static bool
number_of(struct ld_span err, long *ret)
{
    struct ld_span at, number;
    uint64_t v;
    bool state = ld_holds(err, "State change failed: (", &at);
    if (!state && !ld_holds(err, "Failure: (", &at))
        return false;
    bool minus = ld_begins(at, "-");
    if (minus)
        at = (struct ld_span){at.s + 1, at.n - 1};
    if (!ld_cut(at, ')', &number, NULL) || !ld_number(number, 10, &v) || v > 9999)
        return false;
    *ret = minus ? -(long)v : (long)v;
    return true;
}

static const struct {
    long number;
    enum ld_class class;
} numbers[] = {
    {-1, LD_CLASS_PEER_PRIMARY}, {-2, LD_CLASS_NO_GOOD_DATA},   {-7, LD_CLASS_NO_GOOD_DATA},
    {-8, LD_CLASS_RETRY},        {-10, LD_CLASS_PEER_DECLINES}, {-12, LD_CLASS_HELD},
    {-18, LD_CLASS_RETRY},       {-19, LD_CLASS_RETRY},         {-20, LD_CLASS_TORN},
    {-21, LD_CLASS_RETRY},       {-22, LD_CLASS_PEER_DECLINES}, {-23, LD_CLASS_RETRY},
    {-25, LD_CLASS_NO_QUORUM},   {102, LD_CLASS_ALREADY},       {123, LD_CLASS_PRIMARY},
    {125, LD_CLASS_ALREADY},     {127, LD_CLASS_NOT_UP},        {134, LD_CLASS_ALREADY},
    {135, LD_CLASS_ALREADY},     {139, LD_CLASS_CONFIG},        {150, LD_CLASS_CONFIG},
    {158, LD_CLASS_NOT_UP},      {161, LD_CLASS_ALREADY},       {162, LD_CLASS_ALREADY},
    {164, LD_CLASS_HELD},        {172, LD_CLASS_NO_MODULE},
};

static const struct {
    const char *text;
    enum ld_class class;
} texts[] = {
    {"not defined in your config", LD_CLASS_NO_CONFIG},
    {"Parse error", LD_CLASS_CONFIG},
    {"No valid meta data", LD_CLASS_CONFIG},
    {"Failed to modprobe", LD_CLASS_NO_MODULE},
    {"is configured!", LD_CLASS_ALREADY},
    {"No such resource", LD_CLASS_NOT_UP},
    {"Unknown resource", LD_CLASS_NOT_UP},
    {"insufficient free space", LD_CLASS_NO_SPACE},
    {"No such file or directory", LD_CLASS_GONE},
    {"Failed to find logical volume", LD_CLASS_GONE},
    {"in use.", LD_CLASS_HELD},
};

enum ld_class
ld_classify(const struct ld_frame *f)
{
    long number;
    if (f->exit == 0)
        return LD_CLASS_NONE;
    if (f->exit == LD_EXIT_ENDED)
        return LD_CLASS_ENDED;
    if (number_of(f->err, &number))
        for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
            if (numbers[i].number == number)
                return numbers[i].class;
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
        if (ld_holds(f->err, texts[i].text, NULL))
            return texts[i].class;
    return f->exit == 17 ? LD_CLASS_NO_GOOD_DATA : LD_CLASS_OTHER;
}

const char *
ld_class_text(enum ld_class c)
{
    switch (c) {
    case LD_CLASS_HELD:
        return "the device is held open";
    case LD_CLASS_NO_GOOD_DATA:
        return "there is no UpToDate data here";
    case LD_CLASS_PEER_PRIMARY:
        return "the other side is Primary";
    case LD_CLASS_TORN:
        return "another volume of it is Primary at the other side: the group is half flipped";
    case LD_CLASS_PEER_DECLINES:
        return "the other side declines, since somebody reads its device";
    case LD_CLASS_NO_QUORUM:
        return "this side has no quorum";
    case LD_CLASS_ALREADY:
        return "it was so already";
    case LD_CLASS_RETRY:
        return "DRBD is in the middle of something else";
    case LD_CLASS_PRIMARY:
        return "this side is Primary";
    case LD_CLASS_NOT_UP:
        return "the resource is not up";
    case LD_CLASS_NO_CONFIG:
        return "this host's DRBD configuration does not have it";
    case LD_CLASS_CONFIG:
        return "DRBD's configuration or metadata is wrong";
    case LD_CLASS_NO_MODULE:
        return "the DRBD kernel module, or a part of it, cannot be loaded";
    case LD_CLASS_NO_SPACE:
        return "the volume group has not enough free space";
    case LD_CLASS_GONE:
        return "a volume or a file that it needs is not there";
    case LD_CLASS_ENDED:
        return "it was ended before it was over";
    case LD_CLASS_NONE:
        return "it did not fail";
    case LD_CLASS_OTHER:
        break;
    }
    return "the tool said no";
}

const char *
ld_class_hint(enum ld_class c)
{
    switch (c) {
    case LD_CLASS_HELD:
        return "unmount it, or deactivate the volume groups inside of it (vgchange -an); on the "
               "storage host keep /dev/drbd* out of LVM and multipath";
    case LD_CLASS_NO_GOOD_DATA:
        return "let replication catch up first; a copy that is known to be behind is promoted by "
               "nobody but a person: drstor-lvm-drbd-plugin(7), Copies that are behind";
    case LD_CLASS_PEER_PRIMARY:
        return "demote the other side first";
    case LD_CLASS_TORN:
        return "bring all volumes into one role at the other side first";
    case LD_CLASS_PEER_DECLINES:
        return "find who has the device open at the other side, and set auto-promote no";
    case LD_CLASS_NO_QUORUM:
        return "bring back the node or tiebreaker that is missing";
    case LD_CLASS_NOT_UP:
        return "start it at the storage host: drbdadm up";
    case LD_CLASS_NO_CONFIG:
        return "correct the copy's id in the configuration: it is the name of the DRBD resource";
    case LD_CLASS_CONFIG:
        return "run drbdadm dump at the storage host and put right what it complains about; a "
               "mistake in one resource stops the commands of all of them";
    case LD_CLASS_NO_MODULE:
        return "install the DRBD module for the running kernel, then: modprobe drbd";
    case LD_CLASS_NO_SPACE:
        return "extend the volume group, or remove snapshots that nobody needs";
    case LD_CLASS_GONE:
        return "see with lvs and drbdadm status what became of it";
    case LD_CLASS_PRIMARY:
    case LD_CLASS_ALREADY:
    case LD_CLASS_RETRY:
    case LD_CLASS_ENDED:
    case LD_CLASS_NONE:
    case LD_CLASS_OTHER:
        break;
    }
    return NULL;
}

void
ld_code(const struct ld_frame *f, char *ret, size_t size)
{
    long number;
    if (number_of(f->err, &number))
        (void)snprintf(ret, size, "(%ld) exit %d", number, f->exit);
    else
        (void)snprintf(ret, size, "exit %d", f->exit);
}

const struct ld_frame *
ld_failed(const struct ld_reply *r)
{
    for (size_t i = 0; i < r->n_frames && !ld_is(r->frames[i].name, "report"); i++)
        if (r->frames[i].exit != 0)
            return &r->frames[i];
    return NULL;
}

void
ld_holders(const struct ld_reply *r, char *ret, size_t size)
{
    static const struct {
        const char *kind, *text;
    } kinds[] = {{"lio", "the LIO backstore "},
                 {"mount", "the mount "},
                 {"dm", "the device-mapper device "},
                 {"process", "the process "},
                 {"swap", "swap"}};
    const struct ld_frame *f = ld_frame(r, "holders", NULL);
    struct ld_span rest = f ? f->out : (struct ld_span){0};
    size_t at = 0;
    *ret = '\0';
    for (struct ld_span line, kind; ld_line(&rest, &line);) {
        const char *text = "";
        if (!ld_word(&line, &kind))
            continue;
        for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
            if (ld_is(kind, kinds[i].kind))
                text = kinds[i].text;
        if (line.n && *line.s == ' ')
            line = (struct ld_span){line.s + 1, line.n - 1};
        int n = snprintf(ret + at, size - at, "%s%s%.*s", at ? ", " : "", text, LD_SHOW(line));
        if (n < 0 || (size_t)n >= size - at)
            return;
        at += (size_t)n;
    }
}
