#include "args.h"
#include "cli.h"
#include "out.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { WORDS_MOST = 64, WORD_MOST = 40 };

bool
cli_given(const struct cli_args *a, enum cli_flag f)
{
    return a->n[f] > 0;
}

const char *
cli_value(const struct cli_args *a, enum cli_flag f)
{
    return a->n[f] ? a->values[f][a->n[f] - 1] : NULL;
}

void
cli_args_free(struct cli_args *a)
{
    for (size_t i = 0; i < FLAG_COUNT; i++)
        free(a->values[i]);
    free(a->names);
}

const struct cli_verb *
cli_verb_find(const struct cli_verb *verbs, const char *name)
{
    for (; verbs && verbs->name; verbs++)
        if (strcmp(verbs->name, name) == 0)
            return verbs;
    return NULL;
}

bool
cli_word_in(const char *list, const char *word)
{
    size_t n = strlen(word);
    for (const char *p = list; n && (p = strstr(p, word)); p += n)
        if ((p == list || p[-1] == ' ') && (p[n] == ' ' || p[n] == '\0'))
            return true;
    return false;
}

/* How many letters have to change, two neighbours swapped being one change. */
static size_t
distance(const char *a, const char *b)
{
    size_t n = strlen(a), m = strlen(b), d[3][WORD_MOST + 1];
    if (n > WORD_MOST || m > WORD_MOST)
        return WORD_MOST;
    for (size_t j = 0; j <= m; j++)
        d[0][j] = j;
    for (size_t i = 1; i <= n; i++) {
        size_t *row = d[i % 3], *up = d[(i + 2) % 3], *up2 = d[(i + 1) % 3];
        row[0] = i;
        for (size_t j = 1; j <= m; j++) {
            size_t best = up[j - 1] + (a[i - 1] != b[j - 1]);
            best = up[j] + 1 < best ? up[j] + 1 : best;
            best = row[j - 1] + 1 < best ? row[j - 1] + 1 : best;
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] &&
                up2[j - 2] + 1 < best)
                best = up2[j - 2] + 1;
            row[j] = best;
        }
    }
    return d[n % 3][m];
}

const char *
cli_nearest(const char *word, const char *const *words, size_t n)
{
    const char *best = NULL;
    size_t least = 2 + strlen(word) / 3;
    for (size_t i = 0; i < n; i++) {
        size_t d = distance(word, words[i]);
        if (d < least && d < strlen(word)) {
            best = words[i];
            least = d;
        }
    }
    return best;
}

int64_t
cli_duration(const char *text)
{
    static const char units[] = "smhd";
    static const int64_t seconds[] = {1, 60, 3600, 86400};
    char *end;
    errno = 0;
    long long v = strtoll(text, &end, 10);
    if (*text < '0' || *text > '9' || errno || v > 1000000000)
        return -1;
    if (*end == '\0')
        return v;
    const char *unit = strchr(units, *end);
    return unit && end[1] == '\0' ? v * seconds[unit - units] : -1;
}

/* ---- one sentence, and the nearest word
 * ------------------------------------------------------------ */

static int
unknown_word(const char *what, const char *word, const char *const *words, size_t n)
{
    const char *near = cli_nearest(word, words, n);
    if (near)
        out_say("there is no %s \"%s\"; did you mean \"%s\"?", what, word, near);
    else
        out_say("there is no %s \"%s\"; see drstor --help", what, word);
    return CLI_USAGE;
}

/* IN: the name of the verb that these are nested in; "" for those that are not. */
static int
unknown_verb(const char *in, const struct cli_verb *verbs, const char *word)
{
    const char *words[WORDS_MOST];
    size_t n = 0;
    for (; verbs->name && n < WORDS_MOST; verbs++)
        words[n++] = verbs->name;
    char what[CLI_NAME_MOST] = "verb";
    if (*in)
        cli_name_add(what, in);
    return unknown_word(what, word, words, n);
}

static int
unknown_flag(const char *text)
{
    char dashed[FLAG_COUNT][WORD_MOST];
    const char *words[FLAG_COUNT];
    size_t n = 0;
    if (strncmp(text, "--password", 10) == 0 || strncmp(text, "--secret", 8) == 0) {
        out_say("there is no flag \"%s\": secrets are never given on the command line, the "
                "configuration refers to them",
                strncmp(text, "--password", 10) == 0 ? "--password" : "--secret");
        return CLI_USAGE;
    }
    for (size_t i = 0; i < FLAG_COUNT; i++) {
        (void)snprintf(dashed[n], WORD_MOST, "--%s", cli_flags[i].name);
        words[n] = dashed[n];
        n++;
    }
    return unknown_word("flag", text, words, n);
}

static int
wrong_value(const char *what, const char *value, const char *list)
{
    char copy[256];
    const char *words[WORDS_MOST];
    size_t n = 0;
    (void)snprintf(copy, sizeof(copy), "%s", list);
    for (char *save = NULL, *w = strtok_r(copy, " ", &save); w && n < WORDS_MOST;
         w = strtok_r(NULL, " ", &save))
        words[n++] = w;
    const char *near = cli_nearest(value, words, n);
    if (near)
        out_say("%s cannot be \"%s\"; did you mean \"%s\"?", what, value, near);
    else
        out_say("%s cannot be \"%s\"; it is one of: %s", what, value, list);
    return CLI_USAGE;
}

/* ---- values
 * ------------------------------------------------------------------------------------------ */

static bool
bound_is_good(const char *text)
{
    char *end;
    if (strcmp(text, "unknown") == 0 || cli_duration(text) >= 0)
        return true;
    errno = 0;
    (void)strtoll(text, &end, 10);
    return *text >= '0' && *text <= '9' && !errno && cli_word_in("B KiB MiB GiB TiB", end);
}

/* "57:" and the 64 digits of a hash. */
static bool
head_is_good(const char *text)
{
    size_t digits = strspn(text, "0123456789");
    return digits && digits < 19 && text[digits] == ':' && strlen(text + digits + 1) == 64 &&
           strspn(text + digits + 1, "0123456789abcdef") == 64;
}

static int
declaration_is_good(const char *text)
{
    static const char kinds[] = "site-lost outage partition restarted";
    char kind[WORD_MOST];
    const char *colon = strchr(text, ':');
    if (!colon || !colon[1] || (size_t)(colon - text) >= sizeof(kind)) {
        out_say("--declare takes site-lost:SITE, outage:SITE, partition:SITE or restarted:SITE, "
                "not \"%s\"",
                text);
        return CLI_USAGE;
    }
    (void)snprintf(kind, sizeof(kind), "%.*s", (int)(colon - text), text);
    return cli_word_in(kinds, kind) ? 0 : wrong_value("the kind of --declare", kind, kinds);
}

static int
value_is_good(size_t f, const char *value)
{
    const struct cli_flag_row *row = &cli_flags[f];
    if (!*value) {
        out_say("--%s needs a value: %s", row->name, row->value);
        return CLI_USAGE;
    }
    if (row->words && !cli_word_in(row->words, value)) {
        char what[WORD_MOST];
        (void)snprintf(what, sizeof(what), "--%s", row->name);
        return wrong_value(what, value, row->words);
    }
    if (row->value && strcmp(row->value, "DURATION") == 0 && cli_duration(value) <= 0) {
        out_say("--%s takes a duration such as 90s, 5m or 2h, not \"%s\"", row->name, value);
        return CLI_USAGE;
    }
    if (f == FLAG_HEAD && !head_is_good(value)) {
        out_say("--head takes SEQ:HASH as it was printed, not \"%s\"", value);
        return CLI_USAGE;
    }
    if (f == FLAG_ACCEPT_LOSS && !bound_is_good(value)) {
        out_say("--accept-loss takes a duration (30s), a size (64MiB) or unknown, not \"%s\"",
                value);
        return CLI_USAGE;
    }
    return f == FLAG_DECLARE ? declaration_is_good(value) : 0;
}

static int
keep(struct cli_args *a, size_t f, const char *value)
{
    const struct cli_flag_row *row = &cli_flags[f];
    if (a->n[f] && row->value && !row->many) {
        out_say("--%s is given twice", row->name);
        return CLI_USAGE;
    }
    int r = value ? value_is_good(f, value) : 0;
    if (r)
        return r;
    a->values[f] = out_grow(a->values[f], (a->n[f] + 1) * sizeof(char *));
    a->values[f][a->n[f]++] = value;
    return 0;
}

/* ---- the line
 * ------------------------------------------------------------------------------------------ */

static size_t
flag_find(const char *name, size_t n)
{
    size_t f = 0;
    while (f < FLAG_COUNT &&
           (strlen(cli_flags[f].name) != n || strncmp(cli_flags[f].name, name, n) != 0))
        f++;
    return f;
}

/* "--flag", "--flag=value" or "--flag value"; no abbreviations: a word added later must not change
 * what a script means. */
static int
parse_long(struct cli_args *a, char **argv, int argc, int *i)
{
    const char *text = argv[*i] + 2, *equals = strchr(text, '=');
    size_t n = equals ? (size_t)(equals - text) : strlen(text), f = flag_find(text, n);
    if (f == FLAG_COUNT) {
        char word[WORD_MOST * 2];
        (void)snprintf(word, sizeof(word), "--%.*s", n < 60 ? (int)n : 60, text);
        return unknown_flag(word);
    }
    if (!cli_flags[f].value && equals) {
        out_say("--%s takes no value", cli_flags[f].name);
        return CLI_USAGE;
    }
    if (cli_flags[f].value && !equals && *i + 1 >= argc) {
        out_say("--%s needs a value: %s", cli_flags[f].name, cli_flags[f].value);
        return CLI_USAGE;
    }
    const char *value = !cli_flags[f].value ? NULL : equals ? equals + 1 : argv[++*i];
    return keep(a, f, value);
}

static int
parse_letters(struct cli_args *a, char **argv, int argc, int *i)
{
    for (const char *p = argv[*i] + 1; *p; p++) {
        size_t f = 0;
        while (f < FLAG_COUNT && cli_flags[f].letter != *p)
            f++;
        if (f == FLAG_COUNT) {
            out_say("there is no flag \"-%c\"; see drstor --help",
                    *p >= ' ' && *p < 127 ? *p : '?');
            return CLI_USAGE;
        }
        if (!cli_flags[f].value) {
            int r = keep(a, f, NULL);
            if (r)
                return r;
            continue;
        }
        if (!p[1] && *i + 1 >= argc) {
            out_say("-%c needs a value: %s", *p, cli_flags[f].value);
            return CLI_USAGE;
        }
        return keep(a, f, p[1] ? p + 1 : argv[++*i]);
    }
    return 0;
}

void
cli_name_add(char name[CLI_NAME_MOST], const char *word)
{
    size_t n = strlen(name);
    (void)snprintf(name + n, CLI_NAME_MOST - n, "%s%s", n ? " " : "", word);
}

/* The first words name the verb; the rest are its arguments. */
static int
find_verb(struct cli_args *a, char **words, size_t n)
{
    const struct cli_verb *among = cli_verbs;
    size_t used = 0;
    for (; among && used < n; used++) {
        a->verb = cli_verb_find(among, words[used]);
        if (!a->verb)
            return unknown_verb(a->name, among, words[used]);
        cli_name_add(a->name, a->verb->name);
        among = a->verb->sub;
    }
    for (size_t i = used; i < n; i++) {
        a->names = out_grow(a->names, (a->n_names + 1) * sizeof(char *));
        a->names[a->n_names++] = words[i];
    }
    return 0;
}

static int
check_flags(const struct cli_args *a)
{
    const struct cli_verb *v = a->verb;
    for (size_t f = 0; f < FLAG_COUNT; f++) {
        if (!a->n[f])
            continue;
        if (!((v->flags | v->needs | cli_flags_everywhere) & FLAG_BIT(f))) {
            out_say("--%s does not go with %s; see drstor %s --help", cli_flags[f].name, a->name,
                    a->name);
            return CLI_USAGE;
        }
        if (cli_flags[f].later) {
            out_say("--%s is not yet in this version (%s)", cli_flags[f].name, cli_flags[f].later);
            return CLI_LACKING;
        }
    }
    return 0;
}

static int
check_names(const struct cli_args *a)
{
    const struct cli_verb *v = a->verb;
    if (a->n_names < v->least) {
        out_say("%s needs %s", a->name, v->takes);
        return CLI_USAGE;
    }
    if (a->n_names > v->most) {
        out_say("%s cannot take \"%s\"; it takes %s", a->name, a->names[v->most],
                *v->takes ? v->takes : "nothing");
        return CLI_USAGE;
    }
    for (size_t i = 0; i < a->n_names; i++)
        if (!*a->names[i]) {
            out_say("%s was given an empty word", a->name);
            return CLI_USAGE;
        }
    if (v->words && !cli_word_in(v->words, a->names[0]))
        return wrong_value(v->takes[0] == 'K' ? "KIND" : "the shell", a->names[0], v->words);
    return 0;
}

/* What must not be left out, or said twice. */
static int
check_needs(const struct cli_args *a)
{
    const struct cli_verb *v = a->verb;
    bool all = cli_given(a, FLAG_ALL), named = a->n_names > 0;
    if ((v->flags & FLAG_BIT(FLAG_ALL)) && all && named) {
        out_say("%s takes groups or --all, not both", a->name);
        return CLI_USAGE;
    }
    /* --only names groups too, by patterns; --except alone would be all but a few, unsaid. */
    if ((v->flags & FLAG_BIT(FLAG_ALL)) && !all && !named && !cli_given(a, FLAG_ONLY)) {
        out_say("%s needs groups, or --all", a->name);
        return CLI_USAGE;
    }
    for (size_t f = 0; f < FLAG_COUNT; f++)
        if ((v->needs & FLAG_BIT(f)) && !a->n[f]) {
            out_say("%s needs --%s %s", a->name, cli_flags[f].name, cli_flags[f].value);
            return CLI_USAGE;
        }
    if (cli_given(a, FLAG_WITHIN) && cli_given(a, FLAG_UNPLANNED)) {
        out_say("--within begins planned and ends unplanned; it does not go with --unplanned");
        return CLI_USAGE;
    }
    if (cli_given(a, FLAG_ONCE) && cli_given(a, FLAG_INTERVAL)) {
        out_say("--once is one poll; --interval does not go with it");
        return CLI_USAGE;
    }
    return 0;
}

/* Do the words that were found go together? */
static int
check_line(struct cli_args *a)
{
    if (a->verb->later) {
        out_say("%s is not in this version (%s)", a->name, a->verb->later);
        return CLI_LACKING;
    }
    int r = check_flags(a);
    if (r == 0 && a->verb->sub) {
        out_say("%s needs one more word: %s", a->name, a->verb->takes);
        return CLI_USAGE;
    }
    r = r ? r : check_names(a);
    return r ? r : check_needs(a);
}

int
cli_args_parse(struct cli_args *a, int argc, char **argv)
{
    char **words = out_grow(NULL, ((size_t)argc + 1) * sizeof(char *));
    size_t n = 0;
    int r = 0;
    bool only_words = false;
    for (int i = 1; r == 0 && i < argc; i++) {
        if (only_words || argv[i][0] != '-' || argv[i][1] == '\0')
            words[n++] = argv[i];
        else if (strcmp(argv[i], "--") == 0)
            only_words = true;
        else if (argv[i][1] == '-')
            r = parse_long(a, argv, argc, &i);
        else
            r = parse_letters(a, argv, argc, &i);
    }
    r = r ? r : find_verb(a, words, n);
    free(words);
    if (r || cli_given(a, FLAG_HELP) || cli_given(a, FLAG_VERSION))
        return r;
    if (!a->verb) {
        out_say("what should be done? See drstor --help");
        return CLI_USAGE;
    }
    return check_line(a);
}
