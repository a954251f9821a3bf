/* A history in sentences: who did what, and what holds then. */
#include "checker.h"

#include "model/words.h"

#include <drstor/types.h>

#include <string.h>

static const char *const site_names[] = {"milan", "rome"};
static const char *const access_words[] = {"closed", "half open", "writable"};
static const char *const cmd_words[] = {[CMD_NONE] = "nothing",
                                        [CMD_OPEN] = "make it writable",
                                        [CMD_CLOSE] = "make it read-only",
                                        [CMD_EXPOSE] = "show it to hosts",
                                        [CMD_WITHDRAW] = "hide it from hosts",
                                        [CMD_TRANSFER] = "bring it up to date",
                                        [CMD_RESYNC] = "overwrite it from the other site",
                                        [CMD_SNAPSHOT] = "keep it in a snapshot",
                                        [CMD_TAG] = "keep the epoch",
                                        [CMD_PAUSE] = "stop replication",
                                        [CMD_UNPAUSE] = "go on with replication",
                                        [CMD_CLONE] = "clone it",
                                        [CMD_UNCLONE] = "delete the clone",
                                        [CMD_FORCE] = "go on alone",
                                        [CMD_STOP] = "shut the VMs down",
                                        [CMD_DETACH] = "detach the domains"};
static const char *const fate_words[] = {[FATE_DONE] = "done",
                                         [FATE_LOST] = "lost on the way, no answer",
                                         [FATE_NO_REPLY] = "done, and the answer is lost",
                                         [FATE_LATE] = "no answer, and it may still act",
                                         [FATE_TWICE] = "done, no answer, and it may act again",
                                         [FATE_PART] = "done for one volume of two",
                                         [FATE_REFUSED] = "refused by the array"};
static const char *const landed_words[] = {
    "waits until nothing sent can still act, and looks",
    "waits, and what was sent acts meanwhile; it looks",
    "waits; what was sent never acts; it looks",
    "sees that the record was changed meanwhile, and reads it again"};

/* What comes in at the @ is a site, a step, a run or a command: see detail(). */
static const char *const sentences[] = {
    [ACT_WRITE] = "a host writes at @, and the write is acknowledged",
    [ACT_REPLICATE] = "the copy at @ gets what it lacked",
    [ACT_LINK_DOWN] = "the link between the sites is cut",
    [ACT_LINK_UP] = "the link is back",
    [ACT_MUTE] = "the array of @ does not answer any more; its hosts go on",
    [ACT_UNMUTE] = "the array of @ answers again",
    [ACT_LOSE] = "@ is lost",
    [ACT_RETURN] = "@ comes back as it was",
    [ACT_VM_START] = "VMs are started at @",
    [ACT_VM_STOP] = "VMs are shut down at @",
    [ACT_AGE] = "a quarter of an hour goes by",
    [ACT_HAND_OPEN] = "a person makes the copy at @ writable by hand",
    [ACT_HAND_RESCUE] = "a person opens the stale copy at @ to save what it holds",
    [ACT_HAND_RESCUED] = "the person has saved it, and closes the copy at @ again",
    [ACT_HAND_CLOSE] = "a person makes the copy at @, or a volume of it, read-only by hand",
    [ACT_HAND_HIDE] = "a person hides the copy at @ from hosts",
    [ACT_HAND_BREAK] = "a person breaks the relation at @",
    [ACT_LATE] = "a command that was sent to @ acts now",
    [ACT_CRASH] = "dies@",
    [ACT_LOCK_LOST] = "loses its lock and does not know it",
    [ACT_PLAN] = "plans @",
    [ACT_START] = "takes the lock and starts @",
    [ACT_STALE] = "does not start @: the plan is stale",
    [ACT_RESUME] = "takes the lock and resumes @",
    [ACT_ABORT] = "takes the lock to give up @",
    [ACT_SETTLED] = "@",
    [ACT_CHECK] = "begins with @: what it needs holds",
    [ACT_MISSING] = "does not begin with @",
    [ACT_SEND] = "tells the array of @",
    [ACT_DONE] = "has done @",
    [ACT_FAIL] = "fails at @",
    [ACT_REFUSE] = "refuses @",
    [ACT_PROVEN] = "proves, and writes down: @",
    [ACT_LOAD] = "reads the record for @",
    [ACT_RECORD] = "writes the record: @",
    [ACT_AGAIN] = "@",
    [ACT_WEIGHED] = "has weighed @ and goes on",
    [ACT_END] = "ends with @",
    [ACT_GIVE_UP] = "has given up @",
};

void
say_state(FILE *to, const struct state *s)
{
    const struct rec *r = &s->rec;
    (void)fprintf(
        to, "record %s, epoch %u, primary %s%s%s%s;", dr_name(&dr_phase_names, (int)r->phase),
        (unsigned)r->epoch, site_names[r->primary], r->ev ? ", evidence " : "",
        r->ev ? dr_name(&dr_evidence_names, (int)r->ev) : "", r->stale ? ", old copy stale" : "");
    for (unsigned i = 0; i < SITES; i++) {
        const struct site *x = &s->site[i];
        (void)fprintf(to, " %s %s%s%s%s%s, writes ", site_names[i],
                      x->up ? access_words[x->acc] : "DARK", x->exp ? ", hosts see it" : "",
                      x->vms ? ", VMs run" : "", x->mute ? ", silent" : "",
                      x->rel == DRSTOR_RELATION_DESTINATION ? ", follows" : "");
        for (unsigned w = 0; w < WRITES; w++)
            if (x->data & (1u << w))
                (void)fputc('1' + (int)w, to);
        (void)fputs(x->data ? ";" : "none;", to);
    }
    (void)fprintf(to, "%s%s\n", s->link ? "" : " link cut;",
                  s->flight.what ? " a command is under way;" : "");
}

static void
run_words(const struct state *a, const struct state *b, unsigned run, char *to, size_t size)
{
    const struct run *r = b->runs[run].state ? &b->runs[run] : &a->runs[run];
    (void)snprintf(to, size, "run r%u (%s%s; old copy %s, target %s%s)", run + 1,
                   dr_name(&dr_operation_names, (int)r->op), r->unplanned ? ", unplanned" : "",
                   site_names[r->old], site_names[r->to],
                   r->lost ? "; the old site is declared lost" : "");
}

static void
command_words(struct label l, char *to, size_t size)
{
    (void)snprintf(to, size, "%s: %s: %s", site_names[l.arg2 >> 4 & 1], cmd_words[l.arg & 15],
                   fate_words[l.arg2 & 15]);
}

static const char *
ended(unsigned state)
{
    return state == RUN_DONE ? "done" : state == RUN_REFUSED ? "refused" : "it is still open";
}

/* What the sentence is about. */
static void
detail(const struct state *a, const struct state *b, struct label l, char *to, size_t size)
{
    unsigned run = a->ctl[l.who & 1].run;
    enum act act = (enum act)l.act;
    *to = '\0';
    if (act < ACT_CRASH) {
        (void)snprintf(to, size, "%s%s%s", site_names[l.who & 1], act == ACT_LATE ? ": " : "",
                       act == ACT_LATE ? cmd_words[l.arg & 15] : "");
    } else if (act == ACT_SEND) {
        command_words(l, to, size);
    } else if (act == ACT_CRASH) {
        (void)snprintf(to, size, "%s", l.arg ? " in a call to " : "");
        if (l.arg)
            command_words(l, to + strlen(to), size - strlen(to));
    } else if (act == ACT_SETTLED || act == ACT_AGAIN) {
        (void)snprintf(to, size, "%s", landed_words[(act == ACT_AGAIN ? l.arg2 : l.arg) & 3]);
    } else if (act == ACT_PROVEN) {
        (void)snprintf(to, size, "%s", dr_name(&dr_evidence_names, l.arg2));
    } else if (act >= ACT_PLAN && act <= ACT_ABORT) {
        run_words(a, b, l.arg & 1, to, size);
    } else if (act == ACT_END || act == ACT_GIVE_UP) {
        run_words(a, b, l.arg & 1, to, size);
        (void)snprintf(to + strlen(to), size - strlen(to), "%s%s", act == ACT_END ? ": " : "",
                       act == ACT_END ? ended(l.arg2) : "");
    } else if (run) {
        (void)snprintf(to, size, "%s%s%s",
                       dr_name(&dr_step_kind_names, (int)step_row(&a->runs[run - 1], l.arg)->kind),
                       act == ACT_MISSING ? ": it is not so that " : "",
                       act == ACT_MISSING ? dr_require_text((enum dr_require)(1u << l.arg2)) : "");
    }
}

void
say_label(FILE *to, const struct state *before, const struct state *after, struct label l)
{
    char about[200];
    const char *text = sentences[l.act] ? sentences[l.act] : "?";
    size_t n = strcspn(text, "@");
    detail(before, after, l, about, sizeof(about));
    if (l.act >= ACT_CRASH)
        (void)fprintf(to, "controller %c ", "AB"[l.who & 1]);
    (void)fprintf(to, "%.*s%s%s\n", (int)n, text, text[n] ? about : "",
                  text[n] ? text + n + 1 : "");
}
