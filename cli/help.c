#include "args.h"
#include "cli.h"
#include "out.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

struct text {
    char *s;
    size_t n;
};

static __attribute__((format(printf, 2, 3))) void
put(struct text *t, const char *format, ...)
{
    va_list ap;
    char *more = NULL;
    va_start(ap, format);
    int n = vasprintf(&more, format, ap);
    va_end(ap);
    if (n < 0)
        return;
    t->s = out_grow(t->s, t->n + (size_t)n + 1);
    memcpy(t->s + t->n, more, (size_t)n + 1);
    t->n += (size_t)n;
    free(more);
}

static void
put_verbs(struct text *t, const char *before, const struct cli_verb *verbs)
{
    for (const struct cli_verb *v = verbs; v->name; v++) {
        if (v->later)
            continue;
        char left[64];
        (void)snprintf(left, sizeof(left), "%s%s %s", before, v->name, v->takes);
        put(t, "  %-30s %s\n", left, v->help);
    }
}

static void
put_flags(struct text *t, uint32_t flags)
{
    for (size_t f = 0; f < FLAG_COUNT; f++) {
        const struct cli_flag_row *row = &cli_flags[f];
        if (!(flags & FLAG_BIT(f)) || row->later)
            continue;
        char left[64], letter[8] = "   ";
        if (row->letter)
            (void)snprintf(letter, sizeof(letter), "-%c,", row->letter);
        (void)snprintf(left, sizeof(left), "%s --%s %s", letter, row->name,
                       row->value ? row->value : "");
        put(t, "  %-26s %s\n", left, row->help);
    }
}

static void
put_all(struct text *t)
{
    put(t, "usage: drstor VERB [ARGUMENTS] [FLAGS]      drstor VERB --help\n\n");
    put_verbs(t, "", cli_verbs);
    put(t, "\nFlags everywhere: --config FILE, -o table|json|jsonl, --columns LIST, -q, -v,\n"
           "  --timeout DURATION. Exit: 0 done, 2 usage, 3 refused, 4 failed and resumable,\n"
           "  5 unknown: observe first, 7 locked, 8 timed out, 9 credentials, 10 changes,\n"
           "  11 stale plan, 12 lacking, 130 stopped. More: man drstor\n");
}

char *
cli_help_text(const struct cli_verb *parent, const struct cli_verb *verb)
{
    struct text t = {0};
    if (!verb) {
        put_all(&t);
        return t.s;
    }
    char before[64];
    (void)snprintf(before, sizeof(before), "%s%s", parent ? parent->name : "", parent ? " " : "");
    if (verb->later) {
        put(&t, "drstor %s%s: %s. Not in this version.\n", before, verb->name, verb->later);
    } else if (verb->sub) {
        (void)snprintf(before, sizeof(before), "%s ", verb->name);
        put(&t, "usage: drstor %s VERB\n\n", verb->name);
        put_verbs(&t, before, verb->sub);
        put(&t, "\n  drstor %s VERB --help      drstor --help\n", verb->name);
    } else {
        put(&t, "usage: drstor %s%s %s\n%s\n\n", before, verb->name, verb->takes, verb->help);
        if (verb->words)
            put(&t, "  %s is one of: %s\n\n", verb->takes, verb->words);
        put_flags(&t, verb->flags);
        if (verb->flags)
            put(&t, "\n");
        put(&t,
            "Also: --config FILE, -o table|json|jsonl, --columns LIST, -q, -v, --timeout TIME\n");
    }
    return t.s;
}

/* ---- completion
 * -------------------------------------------------------------------------------------- */

static void
put_names(struct text *t, const struct cli_verb *verbs)
{
    bool first = true;
    for (; verbs->name; verbs++) {
        if (verbs->later)
            continue;
        put(t, "%s%s", first ? "" : " ", verbs->name);
        first = false;
    }
}

static void
put_flag_names(struct text *t, uint32_t flags)
{
    for (size_t f = 0; f < FLAG_COUNT; f++)
        if ((flags & FLAG_BIT(f)) && !cli_flags[f].later)
            put(t, " --%s", cli_flags[f].name);
}

/* What may follow "VERB" or "PARENT VERB". */
static void
put_case(struct text *t, const struct cli_verb *parent, const struct cli_verb *v)
{
    if (v->later)
        return;
    put(t, "    \"%s%s%s\") can=\"", parent ? parent->name : "", parent ? " " : "", v->name);
    if (v->sub)
        put_names(t, v->sub);
    else if (v->words)
        put(t, "%s", v->words);
    else if (v->run == cli_help)
        put_names(t, cli_verbs);
    put_flag_names(t, v->flags | cli_flags_everywhere);
    put(t, "\" ;;\n");
    for (const struct cli_verb *s = v->sub; s && s->name; s++)
        put_case(t, v, s);
}

static void
put_values(struct text *t)
{
    put(t, "  case \"$prev\" in\n");
    for (size_t f = 0; f < FLAG_COUNT; f++) {
        const struct cli_flag_row *row = &cli_flags[f];
        if (!row->value || row->later)
            continue;
        put(t, "    --%s", row->name);
        if (row->letter)
            put(t, "|-%c", row->letter);
        put(t, ") values=\"%s\"; taken=%s ;;\n",
            row->words              ? row->words
            : f == FLAG_DECLARE     ? "site-lost: outage: partition:"
            : f == FLAG_ACCEPT_LOSS ? "unknown"
                                    : "",
            strcmp(row->value, "FILE") == 0 ? "file" : "word");
    }
    put(t, "  esac\n");
}

static void
put_cases(struct text *t)
{
    put(t, "  case \"$verb\" in\n    \"\") can=\"");
    put_names(t, cli_verbs);
    put_flag_names(t, cli_flags_everywhere);
    put(t, "\" ;;\n");
    for (const struct cli_verb *v = cli_verbs; v->name; v++)
        put_case(t, NULL, v);
    put(t, "  esac\n");
}

/* Words that take one more, so that "run" alone is not yet a verb. */
static void
put_nested(struct text *t)
{
    put(t, "    if [ -n \"$skip\" ]; then skip=; continue; fi\n    case \"$w\" in ");
    bool first = true;
    for (size_t f = 0; f < FLAG_COUNT; f++)
        if (cli_flags[f].value && !cli_flags[f].later) {
            put(t, "%s--%s", first ? "" : "|", cli_flags[f].name);
            if (cli_flags[f].letter)
                put(t, "|-%c", cli_flags[f].letter);
            first = false;
        }
    put(t, ") skip=1; continue ;; -*) continue ;; esac\n"
           "    if [ -z \"$verb\" ]; then verb=$w; elif [ -n \"$more\" ]; then verb=\"$verb $w\"; "
           "more=; fi\n"
           "    case \"$verb\" in ");
    first = true;
    for (const struct cli_verb *v = cli_verbs; v->name; v++)
        if (v->sub) {
            put(t, "%s%s", first ? "" : "|", v->name);
            first = false;
        }
    put(t, ") more=1 ;; esac\n");
}

char *
cli_completion_text(const char *shell)
{
    struct text t = {0};
    bool zsh = strcmp(shell, "zsh") == 0;
    if (zsh)
        put(&t, "#compdef drstor\n_drstor() {\n  local -a line\n  line=(\"${words[@]}\")\n"
                "  local prev=\"${line[CURRENT-1]}\" verb= more= skip= w can= values= taken= i\n"
                "  for ((i = 2; i < CURRENT; i++)); do\n    w=${line[i]}\n");
    else
        put(&t, "# bash completion of drstor: source <(drstor completion bash)\n_drstor() {\n"
                "  local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]}\n"
                "  local verb= more= skip= w can= values= taken= i\n"
                "  for ((i = 1; i < COMP_CWORD; i++)); do\n    w=${COMP_WORDS[i]}\n");
    put_nested(&t);
    put(&t, "  done\n");
    put_values(&t);
    put_cases(&t);
    if (zsh)
        put(&t, "  if [[ $taken == file ]] || [[ $verb == apply ]]; then _files; fi\n"
                "  if [[ -n $taken ]]; then compadd -- ${=values}; else compadd -- ${=can}; fi\n}\n"
                "_drstor \"$@\"\n");
    else
        put(&t, "  COMPREPLY=()\n"
                "  if [ -n \"$taken\" ]; then\n"
                "    [ \"$taken\" = file ] && COMPREPLY=($(compgen -f -- \"$cur\"))\n"
                "    [ \"$taken\" = word ] && COMPREPLY=($(compgen -W \"$values\" -- \"$cur\"))\n"
                "    return 0\n  fi\n"
                "  COMPREPLY=($(compgen -W \"$can\" -- \"$cur\"))\n"
                "  [ \"$verb\" = apply ] && COMPREPLY+=($(compgen -f -- \"$cur\"))\n"
                "  return 0\n}\ncomplete -F _drstor drstor\n");
    return t.s;
}
