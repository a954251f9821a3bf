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
        size_t at = t->n;
        put(t, "  %s%s %s", before, v->name, v->takes);
        put(t, "%*s %s\n", (int)(t->n - at < 32 ? 32 - (t->n - at) : 0), "", v->help);
    }
}

static void
put_flags(struct text *t, uint64_t flags)
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
        put(t, "  %-27s %s\n", left, row->help);
    }
}

/* What there is, by what a person wants; 24 rows of 80 are all there is. */
static const char rooms[] =
    "usage: drstor VERB [ARGUMENTS] [FLAGS]          drstor help VERB: its flags\n"
    "\n"
    "look  status [GROUP...]               what holds now, and what to do next\n"
    "      show KIND NAME, explain ID      one thing in full; what a refusal means\n"
    "      check, verify [GROUP...]        ready to be promoted? both sites writable?\n"
    "act   plan VERB GROUP...              what one of these would do:\n"
    "      promote GROUP... --to SITE      move groups to a site\n"
    "      failback, reprotect GROUP...    back home; let the other copy follow\n"
    "      demote GROUP... --at SITE       make a copy read-only, and prove it\n"
    "      drill start|promote|clean       a test failover on a clone\n"
    "      suspend, resume, sync GROUP...  replication: stop, go on, once now\n"
    "      apply FILE                      carry out a plan made earlier\n"
    "keep  adopt, observe GROUP...         first record of groups; keep what is seen\n"
    "      guard --site SITE               hold back a site that comes back\n"
    "      takeover                        make this standby the active controller\n"
    "runs  run list|show|watch|resume|abort|report\n"
    "      journal verify|export|import    proof, export and copy of the audit chain\n"
    "kit   config check|generate, rhv map check|import|generate, plugin list|info\n"
    "      trust show, completion bash|zsh, version, help\n"
    "\n"
    "Everywhere: -c FILE, -o table|json|jsonl, --columns LIST, -q, -v, --timeout TIME\n"
    "Exit: 0 done, 2 usage, 3 refused, 4 failed and resumable, 5 unknown: observe\n"
    "  first, 6 not ready, 7 locked, 8 timed out, 9 credentials; more: man drstor\n";

char *
cli_help_text(const char *name, const struct cli_verb *verb)
{
    struct text t = {0};
    if (!verb) {
        put(&t, "%s", rooms);
        return t.s;
    }
    if (verb->later) {
        put(&t, "drstor %s: %s. Not in this version.\n", name, verb->later);
    } else if (verb->sub) {
        char before[CLI_NAME_MOST + 1];
        (void)snprintf(before, sizeof(before), "%s ", name);
        put(&t, "usage: drstor %s VERB\n\n", name);
        put_verbs(&t, before, verb->sub);
        put(&t, "\n  drstor %s VERB --help      drstor --help\n", name);
    } else {
        uint64_t flags = verb->flags | verb->needs;
        put(&t, "usage: drstor %s %s\n%s\n\n", name, verb->takes, verb->help);
        if (verb->words)
            put(&t, "  %s is one of: %s\n\n", verb->takes, verb->words);
        put_flags(&t, flags);
        if (flags)
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
put_flag_names(struct text *t, uint64_t flags)
{
    for (size_t f = 0; f < FLAG_COUNT; f++)
        if ((flags & FLAG_BIT(f)) && !cli_flags[f].later)
            put(t, " --%s", cli_flags[f].name);
}

/* What may follow the verb, whose full name is NAME. */
static void
put_case(struct text *t, const char *in, const struct cli_verb *v)
{
    char name[CLI_NAME_MOST] = "";
    if (v->later)
        return;
    if (*in)
        cli_name_add(name, in);
    cli_name_add(name, v->name);
    put(t, "    \"%s\") can=\"", name);
    if (v->sub)
        put_names(t, v->sub);
    else if (v->words)
        put(t, "%s", v->words);
    else if (v->run == cli_help)
        put_names(t, cli_verbs);
    put_flag_names(t, v->flags | v->needs | cli_flags_everywhere);
    put(t, "\" ;;\n");
    for (const struct cli_verb *s = v->sub; s && s->name; s++)
        put_case(t, name, s);
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
        put_case(t, "", v);
    put(t, "  esac\n");
}

/* Verbs that take one more word, so that "run" alone, or "plan drill", is not yet one. */
static void
put_nests(struct text *t, const char *in, const struct cli_verb *verbs, bool *first)
{
    for (const struct cli_verb *v = verbs; v && v->name; v++) {
        char name[CLI_NAME_MOST] = "";
        if (!v->sub)
            continue;
        if (*in)
            cli_name_add(name, in);
        cli_name_add(name, v->name);
        put(t, "%s\"%s\"", *first ? "" : "|", name);
        *first = false;
        put_nests(t, name, v->sub, first);
    }
}

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
    put_nests(t, "", cli_verbs, &first);
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
        put(&t, "  if [[ $taken == file ]] || [[ $verb == (apply|\"journal verify\"|\"rhv map "
                "import\") ]]; then "
                "_files; fi\n"
                "  if [[ -n $taken ]]; then compadd -- ${=values}; else compadd -- ${=can}; fi\n}\n"
                "_drstor \"$@\"\n");
    else
        put(&t, "  COMPREPLY=()\n"
                "  if [ -n \"$taken\" ]; then\n"
                "    [ \"$taken\" = file ] && COMPREPLY=($(compgen -f -- \"$cur\"))\n"
                "    [ \"$taken\" = word ] && COMPREPLY=($(compgen -W \"$values\" -- \"$cur\"))\n"
                "    return 0\n  fi\n"
                "  COMPREPLY=($(compgen -W \"$can\" -- \"$cur\"))\n"
                "  case \"$verb\" in apply|\"journal verify\"|\"rhv map import\") ;; *) return 0 "
                ";; esac\n"
                "  COMPREPLY+=($(compgen -f -- \"$cur\"))\n"
                "  return 0\n}\ncomplete -F _drstor drstor\n");
    return t.s;
}
