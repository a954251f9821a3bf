#include "base/names.h"

#include "base/mem.h"

#include <string.h>

const char *
dr_name(const struct dr_names *names, int value)
{
    return value >= 0 && (size_t)value < names->n ? names->names[value] : "unknown";
}

int
dr_name_value(const struct dr_names *names, const char *text)
{
    for (size_t i = 0; i < names->n; i++)
        if (strcmp(names->names[i], text) == 0)
            return (int)i;
    return -1;
}

/* Edit distance with neighbours swapped counting once, over at most 63 characters. */
static size_t
distance(const char *a, const char *b)
{
    enum { MAX = 64 };
    size_t n = strlen(a), m = strlen(b);
    if (n >= MAX || m >= MAX)
        return MAX;
    size_t d[3][MAX];
    for (size_t j = 0; j <= m; j++)
        d[0][j] = j;
    for (size_t i = 1; i <= n; i++) {
        size_t *row = d[i % 3], *up = d[(i + 2) % 3], *up2 = d[(i + 1) % 3];
        row[0] = i;
        for (size_t j = 1; j <= m; j++) {
            size_t best = up[j - 1] + (a[i - 1] != b[j - 1]);
            if (up[j] + 1 < best)
                best = up[j] + 1;
            if (row[j - 1] + 1 < best)
                best = row[j - 1] + 1;
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] &&
                up2[j - 2] + 1 < best)
                best = up2[j - 2] + 1;
            row[j] = best;
        }
    }
    return d[n % 3][m];
}

const char *
dr_nearest(const char *word, const char *const *candidates, size_t n)
{
    const char *best = NULL;
    size_t best_d = 1 + strlen(word) / 3; /* one slip in a short word, more in a long one */
    for (size_t i = 0; i < n; i++) {
        size_t d = distance(word, candidates[i]);
        if (d <= best_d && (!best || d < best_d)) {
            best = candidates[i];
            best_d = d;
        }
    }
    return best;
}
