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
    {"R019", "VMs at the old site stand in the way",
     "Making storage read-only under a running VM breaks it, so a planned promote shuts the VMs "
     "down first and detaches their domains. It refuses where it knows that it could not: the "
     "engine does not answer, a VM has disks outside of the groups that move, does not listen, or "
     "could not be started at the other site. A VM that did not shut down in time stops the move, "
     "or leaves its groups out, as `rhv.stop` says; what was shut down runs again then. Demote "
     "shuts nothing down: it refuses while a VM runs or a domain is in use. Reprotect switches off "
     "what runs at both sites, and refuses where a VM runs at the site that is overwritten alone, "
     "or has a disk there that is not.",
     "Do what the refusal names, or use --storage-only when the VMs are looked after elsewhere."},
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
     "`drstor drill clean GROUP` removes it. A promote does not have to wait for that: it removes "
     "by "
     "itself what would be in its way."},
    {"R042", "there is no drill",
     "Nothing was cloned for this group, so there is nothing to start.",
     "`drstor drill start GROUP`."},
    {"R043", "what would be overwritten cannot be kept",
     "The copy that shall follow may hold writes that nobody else has. drstor keeps them in a "
     "snapshot "
     "before it overwrites them; this array has none.",
     "Copy what counts away by other means, then `--waive-snapshot REASON`, which is kept with the "
     "run."},
    {"R044", "the network of drills is not there",
     "`rhv.drill` names the one network that VMs of a drill may be on. Without it at the engine "
     "their "
     "NICs could only be on another one.",
     "Make it there, or correct `rhv.drill`. Where none is named, VMs of a drill are on no "
     "network."},
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
    {"R047", "an identity of the drill is taken",
     "A clone carries the identities of the storage domains and VMs it was made from. Where the "
     "engine "
     "knows one of them already, the drill would be taken for production, or production for the "
     "drill.",
     "What the engine only remembers is removed there, its disks kept; what is in use there cannot "
     "be "
     "drilled there. `--storage-only` makes a clone that no engine hears of."},
    {"R048", "hosts cannot be shown the clone, and it alone",
     "VMs of a drill need hosts that see its clone. A host that also sees the copy itself may use "
     "either: both carry the same identities.",
     "Take the copy from its hosts at the array, and name the host groups of the copy (`expose:`). "
     "A "
     "clone made with `--storage-only` is shown to nobody: `drstor drill clean GROUP`, then start "
     "the "
     "drill anew."},
    {"R049", "there is no room for the drill",
     "The VMs that would be started need more memory than the hosts there have left. Nothing that "
     "runs "
     "there is shut down for a drill, also not what `preempt` names.",
     "Shut something down there, or drill fewer groups at a time."},
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
    {"R055", "hosts of the site that came back cannot be restarted",
     "A host that went through the disaster may still hold devices of LUNs that changed under it, "
     "leases, and VMs that its engine does not know of. So reprotect restarts the hosts of the "
     "data centres that had domains of the group, through the power management of the engine, "
     "before it takes the domains from them. It does so to no host on which anything else runs.",
     "Set power management up at that engine, move other VMs away, or restart the hosts yourself "
     "and say so: `drstor reprotect GROUP --declare restarted:SITE --reason TEXT`."},
    {"R056", "the engine of the target still has the group from before",
     "It remembers domains and VMs as they were before the group was promoted elsewhere. VMs would "
     "be started there as they were then, with disks as they are now, and what they have become "
     "since would be lost.",
     "`drstor reprotect GROUP` removes them there, and nothing else when the copy follows already. "
     "Or promote with --storage-only, and look after domains and VMs yourself."},
    {"R053", "there is no room for the VMs",
     "A planned move takes down what runs well. It is refused when the memory that the hosts of "
     "the "
     "target's clusters have left, with what may be shut down for it (`rhv.preempt`), does not "
     "hold "
     "all VMs that would come, or no host holds the largest. An unplanned promotion, and one with "
     "--within, is not refused: what fits is started, and the rest is named.",
     "Make room, name VMs that may be shut down there, or move fewer groups. --storage-only moves "
     "without VMs."},
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
    {"C01", "the array answers",
     "Nothing can be promoted to, or proven of, an array that does not answer or does not let "
     "drstor in: wrong address, password, certificate, a plugin that cannot be loaded.",
     "Bring it back, or correct its section of the configuration; `drstor observe` shows what it "
     "says."},
    {"C02", "the engine answers",
     "VMs are started by the engine of the site that is promoted to, and what runs is told by the "
     "engine of the other. A login that works today is the only proof that user and password still "
     "do.",
     "Bring it back, or correct user, password or CA of the site's engine."},
    {"C03", "certificates last",
     "A certificate that has ended stops every call on the day it ends. The check looks at what "
     "the endpoint showed when drstor connected, the chain included. With less than a week left it "
     "is no advice any more.",
     "Renew it in time, and give drstor the new CA file if that changes."},
    {"C04", "drstor runs as a user of its own",
     "Root can do more than is needed, and files that it makes cannot be read by the user who runs "
     "drstor next time.",
     "Run it as a user that owns its state folder and its secrets, and nothing else."},
    {"C10", "there is room",
     "All VMs of the groups that would come have to fit into the memory that the hosts of their "
     "cluster have left, with what may be shut down for them (`rhv.preempt`). Looked at before, "
     "not when they do not start.",
     "Add hosts or memory, or name VMs that may be shut down there."},
    {"C11", "a host can take the largest VM",
     "A VM runs on one host. Memory that is spread over many does not help it.",
     "Make room on one host, or make the VM smaller."},
    {"C12", "host numbers differ",
     "Engines number the hosts of a data center from 1, so two sites number theirs alike. A host "
     "that attaches a storage domain of a lost site under a number which a lost host still holds "
     "in it waits 160 s for that lease, for each domain; under a free number it waits 20 s.",
     "Add placeholders for as many hosts as the other site has, then the working hosts, then "
     "remove the placeholders: the working ones keep their higher numbers. Where one host is free "
     "of it and its data center is up, drstor makes that one the SPM, which attaches; VMs with a "
     "lease still wait on the others."},
    {"C13", "preempt names VMs that exist", "A pattern that matches nothing makes no room.",
     "Correct the pattern, or take it out."},
    {"C14", "the mapping fits",
     "A name of the mapping that does not exist at one of the engines is found when a VM is "
     "registered, which is too late.",
     "`drstor rhv map check` says what is wrong, entry by entry."},
    {"C20", "the group has a record",
     "Without a record no promotion begins: nobody knows which copy is the primary.",
     "`drstor adopt GROUP` while both sites can be seen."},
    {"C21", "no run is open",
     "A group with a run that has not ended is not promoted by another one.",
     "`drstor run resume`, or `drstor run abort RUN`."},
    {"C22", "both copies can be read", "A copy that its array does not show is not there.",
     "Bring the array back, or correct the id of the copy."},
    {"C23", "every volume has its copy",
     "A group is promoted whole. A volume without a copy would stay behind.",
     "Bring it into the replication of the group at the arrays."},
    {"C24", "the copy follows",
     "A copy that is paused, broken or being copied holds an old state or none.",
     "Repair or resume replication; wait where it is being copied."},
    {"C25", "nobody can write the copy",
     "What is written to a copy is lost with the next transfer, or makes it differ for good.",
     "Find out who made it writable; `drstor demote GROUP --at SITE`."},
    {"C26", "the copy is within its RPO",
     "What a promotion would lose now is more than was agreed on.",
     "See why transfers take so long, or agree on another RPO."},
    {"C27", "hosts see the LUNs shown to them",
     "The array shows LUNs to the hosts of the site, and no host says it sees them. Attaching "
     "would fail.",
     "See to zoning, portals and host groups, then rescan the hosts."},
    {"C30", "the group holds whole storage domains",
     "A storage domain on LUNs of which one is not in the group comes up broken at the other site. "
     "A group on whose LUNs the engine has no storage domain is the wrong group, or not in use.",
     "Bring the LUN into the group at both arrays, or correct the ids of its copies."},
    {"C31", "no VM has disks in two groups",
     "Two groups are promoted to two different moments; such a VM would get disks that do not "
     "belong together, or only one of them.",
     "Move the disk, or make one group of both."},
    {"C32", "no VM has a disk that is not replicated",
     "Its other disk stays at the lost site, and it is not registered without it.",
     "Move the disk to a storage domain of the group, or replicate that domain too."},
    {"C33", "leases are replicated",
     "A VM whose lease is on a storage domain that does not come along cannot be started.",
     "Move the lease to a storage domain of the group."},
    {"C34", "highly available VMs have a lease",
     "Without a lease an engine restarts a VM elsewhere while a host it merely cannot see may "
     "still run it.",
     "Give the VM a lease on a storage domain of the group."},
    {"C35", "storage domains know their VMs",
     "The engine writes the configurations of VMs to their storage domains once in a while "
     "(OvfUpdateIntervalInMinutes). VMs that were made or changed since are unknown, or as they "
     "were before, at the other site.",
     "Have them written: Update OVFs of the storage domain at the engine."},
    {"C36", "no VM is there twice",
     "A VM whose id is registered there already was left behind by an earlier move; another VM of "
     "the same name keeps it from being registered.",
     "Remove what was left behind, or rename one of them."},
    {"C37", "a host is up", "Without a host in the data center no storage domain can be attached.",
     "Bring a host of that data center up."},
    {"C38", "a drill was made in time",
     "`drill_every` says how often the group is to be tried out.",
     "`drstor drill start GROUP`, look at what came up, `drstor drill clean GROUP`."},
    {"M01", "an engine cannot be read",
     "The mapping is held against what both engines have. What cannot be read is not known to fit.",
     "Bring the engine back, or correct its configuration."},
    {"M02", "a data center does not exist",
     "Storage domains are attached to a data center of the other engine: the one the mapping "
     "names, one of the same name, or the only one there is.",
     "Make it there, or correct `dr_primary_dc_name` or `dr_secondary_dc_name`."},
    {"M03", "a cluster of the mapping does not exist",
     "VMs of that cluster could not be registered.",
     "Correct the name, make the cluster, or take the entry out."},
    {"M04", "a cluster with VMs has no counterpart",
     "Neither does the mapping name one, nor does the other engine have one of the same name.",
     "Map it under `dr_cluster_mappings`."},
    {"M05", "a cluster has a lower version",
     "VMs of a newer compatibility version may not start in an older cluster.",
     "Raise the version of the cluster at the other site, or map to another one."},
    {"M06", "the CPU types differ",
     "A VM that was configured for the CPU of one cluster may not start in the other.",
     "Choose a CPU type for both clusters that all hosts have."},
    {"M07", "a network or vNIC profile of the mapping does not exist",
     "NICs that are mapped to it would be on no network.",
     "Correct names or id, or make the network and profile there."},
    {"M08", "a vNIC profile that VMs use has no counterpart",
     "Neither does the mapping name one, nor does the other engine have one of the same names: the "
     "NICs would be on no network.",
     "Map it under `dr_network_mappings`."},
    {"M09", "an affinity group of the mapping does not exist",
     "The engine leaves such an entry out without a word.",
     "Correct the name, make the group, or take the entry out."},
    {"M10", "an affinity label of the mapping does not exist",
     "The engine leaves such an entry out without a word.",
     "Correct the name, make the label, or take the entry out."},
    {"M11", "a role of the mapping does not exist",
     "The engine leaves such an entry out without a word: users lose what the role gave them.",
     "Correct the name, make the role, or take the entry out."},
    {"M12", "a user domain of the mapping does not exist",
     "Permissions of its users are left out at the other engine.",
     "Correct the name, configure the domain, or take the entry out."},
    {"M13", "a storage domain of the mapping is not known",
     "The engine has no storage domain of that id or name, or it has another name.",
     "Correct the entry, or take it out."},
    {"M14", "a storage domain is on other storage than the mapping says",
     "It would be looked for in the wrong way.", "Correct `dr_domain_type`."},
    {"M15", "the choice of the master domain is inconsistent",
     "A data center has one master domain. A mapping that names two, or another than the engine "
     "has, was written for a state that is no more.",
     "Leave one entry of each data center with a true master flag."},
    {"M16", "a replicated storage domain is not in the mapping",
     "drstor finds the storage domains of its groups by their LUNs; ovirt-dr, with the same file, "
     "would leave this one out.",
     "Add it under `dr_import_storages`."},
    {"M17", "a direct LUN is not mapped",
     "The VM would be registered with the LUN of the lost site, which no host sees.",
     "Map it under `dr_lun_mappings`."},
    {"M18", "a mapped LUN is not seen",
     "The VM would be registered with a LUN that no host of the site sees, and would not start.",
     "Show it to the hosts at the array, or correct the entry."},
    {"M19", "a mapped LUN is not used",
     "No VM and no disk of the engine is this LUN: it was removed, or the id has a slip.",
     "Correct the entry, or take it out."},
    {"M20", "there is no room",
     "The VMs need more memory than the hosts of their cluster have left.",
     "Add hosts or memory, or name VMs that may be shut down there (`rhv.preempt`)."},
    {"M21", "no host can take the largest VM", "A VM runs on one host.",
     "Make room on one host, or make the VM smaller."},
    {"M22", "partial imports are on",
     "A VM that lacks a disk is registered without it, and looks well until somebody misses the "
     "data.",
     "Leave `dr_partial_import` out. It is off by default here, and on by default in ovirt-dr."},
    {"M23", "a storage domain is on files",
     "drstor moves storage domains on LUNs of its groups. This one would stay behind.",
     "Attach it by hand, or leave it to ovirt-dr."},
    {"M24", "an engine of the mapping is not that of the site",
     "drstor talks to the engines of its sites, whatever the mapping says; the two disagree.",
     "Correct the address, or leave it out."},
    {"M25", "an affinity group or label has no counterpart",
     "VMs are registered without it, and the rule that keeps them apart or together is gone.",
     "Make it at the other engine, or map it."},
    {"M26", "something could not be checked",
     "The engine did not show it to this user, is too old to tell, or has no host up.",
     "Give drstor's user the right to read it, or do what the finding says."},
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
