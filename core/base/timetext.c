#include "base/timetext.h"

#include <errno.h>
#include <string.h>
#include <time.h>

static bool
number(const char *text, const char **ret_end, int64_t *ret)
{
    if (*text < '0' || *text > '9')
        return false;
    errno = 0;
    char *end;
    long long v = strtoll(text, &end, 10);
    if (errno || v > 4000000000000000LL)
        return false;
    *ret_end = end;
    *ret = v;
    return true;
}

bool
dr_duration_parse(const char *text, int64_t *ret_s)
{
    static const struct {
        const char *unit;
        int64_t s;
    } units[] = {{"", 1}, {"s", 1}, {"m", 60}, {"h", 3600}, {"d", 86400}};
    const char *end;
    int64_t v;
    if (!number(text, &end, &v))
        return false;
    for (size_t i = 0; i < DR_COUNT(units); i++)
        if (strcmp(end, units[i].unit) == 0)
            return !__builtin_mul_overflow(v, units[i].s, ret_s);
    return false;
}

bool
dr_bytes_parse(const char *text, int64_t *ret_bytes)
{
    static const struct {
        const char *unit;
        int64_t bytes;
    } units[] = {
        {"B", 1}, {"KiB", 1 << 10}, {"MiB", 1 << 20}, {"GiB", 1 << 30}, {"TiB", 1LL << 40}};
    const char *end;
    int64_t v;
    if (!number(text, &end, &v))
        return false;
    for (size_t i = 0; i < DR_COUNT(units); i++)
        if (strcmp(end, units[i].unit) == 0)
            return !__builtin_mul_overflow(v, units[i].bytes, ret_bytes);
    return false;
}

const char *
dr_duration_text(struct dr_arena *a, int64_t s)
{
    if (s < 0)
        return "unknown";
    if (s < 120)
        return dr_arena_printf(a, "%lld s", (long long)s);
    if (s < 7200)
        return s % 60 ? dr_arena_printf(a, "%lld min %lld s", (long long)s / 60, (long long)s % 60)
                      : dr_arena_printf(a, "%lld min", (long long)s / 60);
    if (s < 172800)
        return dr_arena_printf(a, "%lld h %lld min", (long long)s / 3600, (long long)s % 3600 / 60);
    return dr_arena_printf(a, "%lld d %lld h", (long long)s / 86400, (long long)s % 86400 / 3600);
}

const char *
dr_bytes_text(struct dr_arena *a, int64_t bytes)
{
    static const char *const units[] = {"B", "KiB", "MiB", "GiB", "TiB", "PiB"};
    if (bytes < 0)
        return "unknown";
    double v = (double)bytes;
    size_t u = 0;
    while (v >= 1024 && u + 1 < DR_COUNT(units)) {
        v /= 1024;
        u++;
    }
    return dr_arena_printf(a, "%.*f %s", v == (double)(int64_t)v ? 0 : 1, v, units[u]);
}

const char *
dr_utc_text(struct dr_arena *a, int64_t utc)
{
    time_t t = (time_t)utc;
    struct tm tm;
    char s[40];
    if (utc < 0 || !gmtime_r(&t, &tm) || !strftime(s, sizeof(s), "%Y-%m-%dT%H:%M:%SZ", &tm))
        return "unknown";
    return dr_arena_str(a, s);
}

bool
dr_utc_parse(const char *text, int64_t *ret_utc)
{
    struct tm tm = {0};
    const char *end = strptime(text, "%Y-%m-%dT%H:%M:%SZ", &tm);
    if (!end || *end)
        return false;
    *ret_utc = (int64_t)timegm(&tm);
    return true;
}
