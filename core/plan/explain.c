#include "plan/explain.h"

#include "base/mem.h"

#include <strings.h>

static const struct dr_explanation explanations[] = {
    {"R010", "the group has no record",
     "A record says which copy is the primary and at which epoch. Without it drstor would have to "
     "guess from who is writable, and that guess is how good data gets overwritten.",
     "Run `drstor adopt GROUP` while both sites can be seen. It refuses when both copies are "
     "writable. With one site lost: `promote GROUP --to SITE --unplanned --declare site-lost:OTHER "
     "--reason TEXT --accept-loss unknown`."},
    {"R011", "the group is active-active",
     "Both sites may write by design. A planned promotion has no meaning here; what counts is "
     "whether dual write is really possible now.",
     "Use `drstor verify GROUP`. When one site is lost, `promote --unplanned --to` the other: its "
     "leg goes on alone."},
    {"R012", "the primary of the record is not configured",
     "The record names a site at which the configuration has no copy of this group any more.",
     "Put the copy back into the configuration. A group is never promoted away from a copy that "
     "nobody "
     "can watch."},
    {"R013", "another run of this group has not ended",
     "An earlier run stopped half way: it was interrupted, its controller died, or it waits for a "
     "person. "
     "What it did is in the journal. A record that is half way without a run of this controller is "
     "the work of "
     "another one.",
     "`drstor run resume RUN` goes on from where it stopped. It observes first and repeats nothing "
     "blindly. Where that goes on failing, `drstor run abort RUN` gives it up, and says what "
     "serves "
     "again by what."},
    {"R014", "the target is writable already",
     "Somebody made the target, or a volume of it, writable without drstor, or its array does not "
     "say. If the "
     "old side is writable too, there are two writable copies.",
     "Find out who did it. If nothing written there counts, make it read-only again."},
    {"R015", "the old site does not answer, and the promote is a planned one",
     "A planned promote demotes the old copy, waits for the last transfer and loses nothing. It "
     "needs both "
     "sites. Silence never turns it into an unplanned one by itself.",
     "If the site is lost, say so: `--unplanned --declare site-lost:SITE --reason TEXT`."},
    {"R016", "the target's array cannot be used",
     "The copy that should become the primary cannot be seen, so nothing about it is known.",
     "Bring the array back, or correct its configuration; `drstor observe` shows what it says."},
    {"R017", "members are missing at the target",
     "A group is promoted whole or not at all. A volume without a pair at the target would stay "
     "behind, "
     "and applications would start on part of their data.",
     "Bring the missing volumes into replication. A group is never promoted by shrinking it."},
    {"R018", "replication is not healthy",
     "A planned promote ends with a final sync that loses nothing. With replication broken, paused "
     "or "
     "diverged that cannot be had.",
     "Repair replication first. If the old site is really gone, promote unplanned and accept the "
     "loss."},
    {"R019", "VMs or domains are still in use at the old site",
     "Making storage read-only under a running VM breaks it, and leaves its leases behind: "
     "attaching at "
     "the other site then waits minutes for each domain.",
     "Shut the VMs down and put the domains into maintenance at the old engine, or use "
     "--storage-only when "
     "they are looked after elsewhere."},
    {"R020", "the primary does not serve",
     "A copy is made to follow what the primary writes. Its array says that the primary is not "
     "writable, so there is nothing to follow, and the record may be behind.",
     "Make it serve first: `drstor promote GROUP --to SITE` with the site that is primary."},
    {"R021", "nothing proves that the old copy cannot be written",
     "Silence is not evidence: the array may be alive behind a broken link, with hosts writing to "
     "it. Promoting now could leave two writable copies. What was proven counts for the run that "
     "proved it, and for 15 minutes.",
     "Reach the old array (then drstor fences it there), or, if nobody there can write, declare "
     "it: `--unplanned --declare site-lost:SITE --reason TEXT`. A partition alone allows nothing."},
    {"R022", "hosts at the site declared lost are alive",
     "A declaration says that nobody there can write. Hosts that can reach the old copy answer, so "
     "it is not true yet.",
     "Switch those hosts off, or bring their array back, so that they can be fenced there; then "
     "run the same command again. Who knows that none of them writes may waive the fence: "
     "`--waive-fence TEXT` together with the declaration. That is the weakest proof there is, and "
     "it is kept as such in the report, the status and the audit log."},
    {"R023", "the fence may not be waived here",
     "The configuration says that nobody may go on while something at the old site still answers "
     "(`safety: { waive_fence: no }`).",
     "Switch off what answers, or bring the old array back, so that it can be fenced there."},
    {"R024", "the loss is not covered by the consent",
     "The target lacks data that was acknowledged at the old side, or it cannot be proven that it "
     "does not. "
     "Losing it is for a person to decide, with the number in view.",
     "Give `--accept-loss` at least the printed bound. `--yes` does not stand for it."},
    {"R025", "there is a sign of life from the site declared lost",
     "The surviving array sees its peer, or saw it after the silence began and does not say "
     "whether it still does. Something there is alive, so neither a declaration nor a waived "
     "fence counts.",
     "Perhaps only the management network is gone: bring the old array's management back, or "
     "switch that array off. Where the array only says when it last saw its peer, wait as told."},
    {"R026", "the target holds no consistent point in time",
     "A first or a full copy was under way when the source went away. Such a copy is a mix of old "
     "and new "
     "blocks.",
     "Let a copy finish, or restore the data from elsewhere."},
    {"R027", "the engine of the target cannot be used",
     "The storage could be promoted, but the VMs would have nowhere to run, and it is better to "
     "know that "
     "before anything is touched.",
     "Repair the engine or its credentials, or use --storage-only and start the VMs later."},
    {"R028", "no host is up at the target",
     "Storage domains are attached by a host, and VMs run on one.",
     "Activate a host at the target, or use --storage-only and start the VMs later."},
    {"R029", "the fence is waived by two persons",
     "The configuration asks for a second person (`safety: { waive_fence: two }`) before a group "
     "is promoted although something at the old site answers. Who a person is comes from the "
     "login, never from what is typed.",
     "Another user gives the same command, with the same reasons, before `consent_valid` is over."},
    {"R030", "the array cannot do what the operation needs",
     "Its plugin does not declare the capability. Exit code 12.",
     "Use a plugin version that can, or do that one thing at the array by hand and configure the "
     "copy so."},
    {"R031", "this controller is the standby",
     "Two controllers with a journal each would disagree after the first flip.",
     "Work from the active one. If it is lost: `drstor takeover --declare site-lost:SITE --reason "
     "TEXT`."},
    {"R033", "the direction of replication is not what the record says",
     "The array shows the target as a source, or both copies as diverged. Promoting or resyncing "
     "now could "
     "overwrite the good copy.",
     "Look at both copies. A person has to say which data counts: end that replication at the "
     "arrays, and promote unplanned where it is. A primary that was promoted and could never be "
     "opened still follows the copy it came from: `promote GROUP --to` that site `--unplanned` "
     "goes "
     "back, and loses nothing while replication is seen to work."},
    {"R034", "more than one copy is writable",
     "Adopting writes down which copy is the primary. With two writable copies nobody but a person "
     "can say "
     "which one holds the data that counts.",
     "Find out which one applications use. Make the other read-only at its array, then adopt."},
    {"R036", "no copy is writable",
     "Adopting writes down which copy is the primary, and nobody serves this group now.",
     "Make the copy that counts writable at its array, then adopt."},
    {"R037", "a copy cannot be seen",
     "A copy that does not answer may be writable, so a first record made now could be wrong.",
     "Adopt when every copy of the group can be seen. With one site lost, an unplanned promote of "
     "the named group makes the first record on its way, from what the target has."},
    {"R035", "the fence could not be completed",
     "The old array answers, so the copy must be made not writable there, or be taken away from "
     "every host, and be read back; neither worked, and nothing less is accepted from an array "
     "that answers.",
     "See why the array refused, or switch that array off and declare it; then run again."},
    {"R039", "the leg at the target is out",
     "The arrays of this active-active group have decided: the other leg went on, and this one "
     "lacks what was written since. Making it writable would lose that without anybody's consent, "
     "and could leave two writable copies.",
     "Let the group go on where the arrays let it go on, or bring that array back."},
    {"R040", "the site must not be contacted any more",
     "From the commit of an unplanned promote on, the lost site is not part of this run. Waiting "
     "for it "
     "would only delay the service.",
     "Nothing to do. When it comes back, observe it, and reprotect."},
    {"R041", "a drill is under way",
     "A clone of this group exists for a test. A second one would hide the first, and overwriting "
     "the copy "
     "under it would take its ground away.",
     "`drstor drill clean GROUP` removes it. A promote does not have to wait for that."},
    {"R042", "there is no drill",
     "Nothing was cloned for this group, so there is nothing to start.",
     "`drstor drill start GROUP`."},
    {"R043", "what would be overwritten cannot be kept",
     "The copy that shall follow may hold writes that nobody else has. drstor keeps them in a "
     "snapshot "
     "before it overwrites them; this array has none.",
     "Copy what counts away by other means, then `--waive-snapshot REASON`, which is kept with the "
     "run."},
    {"R045", "the site is held",
     "Its copy was left behind when the group was promoted elsewhere, or a guard found it open "
     "when the site came back. What it holds is not what is served, so no application may start "
     "from it there, not even from a clone.",
     "`drstor reprotect GROUP` makes it follow the primary again, and lets the site go."},
    {"R046", "there is no such recovery point",
     "A copy can be promoted from, or cloned at, a point its array still keeps, and only what was "
     "a "
     "primary's replica is taken back: a primary never is. Periodic points go when newer ones "
     "come, "
     "and a name that means another moment than when it was agreed to is another point.",
     "`drstor show group GROUP` lists the points of each copy with their moments. Name one of "
     "them, "
     "or leave --point out for the newest."},
    {"R050", "the array knows a newer epoch",
     "Every flip raises the group's epoch. An array with a higher one has been flipped by another "
     "controller since this one last looked.",
     "Work from the controller that made that flip. If it is gone, `drstor takeover` looks at the "
     "group anew: what it finds to be behind is set aside, and the group is adopted again."},
    {"R051", "the active controller may still act",
     "Two controllers with a store each, both acting, end with two writable copies. A standby "
     "takes "
     "over when everything at the other one's site has been silent long enough and a person says "
     "why, or when every array keeps a token and refuses the other controller from now on.",
     "Switch that controller off together with what answers at its site, or bring the arrays that "
     "keep a token into reach. Who knows that it is off: `--waive-fence TEXT`."},
    {"R052", "another controller has taken over",
     "A standby was made the active controller. What it did since is in its store, not in this "
     "one; acting from here would undo it.",
     "Work from that one. Make this one its standby: `controller: { role: standby }`, and move its "
     "old database aside, so that a copy of the other one's store can be begun."},
    {"R060", "the consent does not fit what is known now",
     "Consent is bound to the plan it was given for. Facts changed between the question and the "
     "commit, and "
     "the loss is larger than agreed.",
     "Look at the new number and run the command again with a bound that covers it."},
    {"R061", "the record changed under the run",
     "Another controller or an older process wrote the record while this run was under way.",
     "Observe; then resume this run, or follow the other one."},
    {"R090", "the state database cannot be used",
     "It is damaged, cut short, newer than this drstor, or on a network file system. Acting "
     "without it "
     "would mean acting without knowing what was done before.",
     "Keep a copy of the file. Restore it from a backup; without one, look at both arrays and "
     "adopt the "
     "groups into a new database."},
    {"R091", "the group's record is damaged",
     "Its checksum does not match. Reading goes on, changing this group does not.",
     "Keep a copy of the database, restore it from a backup, or adopt the group into a new one."},
    {"R092", "the lock was lost",
     "Another controller took the lock of this group while this one worked. A controller whose "
     "token is "
     "not the current one changes nothing.",
     "Follow the other run: `drstor run list`."},
    {"R093", "the state database is of a newer drstor",
     "What it means is not known to this version, so nothing is changed.", "Use the newer drstor."},
    {"R094", "the state database is on a network file system",
     "Locks and synced writes are not what they seem there.",
     "Put the state on a local disk of the controller."},
};

const struct dr_explanation *
dr_explain(const char *id)
{
    for (size_t i = 0; i < DR_COUNT(explanations); i++)
        if (strcasecmp(explanations[i].id, id) == 0)
            return &explanations[i];
    return NULL;
}

const struct dr_explanation *
dr_explain_all(size_t *ret_n)
{
    *ret_n = DR_COUNT(explanations);
    return explanations;
}
