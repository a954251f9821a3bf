# What the lab itself promises, seen without drstor: when one of these fails, nothing else means anything.

lab_case in_sync "both sites are connected and in sync, and a block that is written at one is at the other"
in_sync() {
    on a 'lab-io put /dev/drbd0 3 "from site-a" && lab-io put /dev/drbd1 3 "second volume"'
    same "the block of the first volume at site-b" "$(on b 'lab-io get /dev/vg0/r0v0 3')" "from site-a"
    same "the block of the second volume at site-b" "$(on b 'lab-io get /dev/vg0/r0v1 3')" "second volume"
    same "the roles at site-a" "$(roles a r0)" "Primary Primary"
    same "the roles at site-b" "$(roles b r0)" "Secondary Secondary"
    same "generation" "$(on b 'sed -n 1p /proc/drbd' | cut -d' ' -f2 | cut -d. -f1-2)" "8.4"
}

lab_case held_open "a device that is held open is not given up, and the group is left half flipped"
held_open() {
    local said
    lab hold a /dev/drbd1
    said=$(on a 'drbdadm secondary r0 2>&1; echo exit $?')
    case $said in *"Device is held open by someone"*"exit 11") ;; *) fail "secondary said: $said" ;; esac
    same "the roles after it" "$(roles a r0)" "Secondary Primary"
    lab release a
    on a 'drbdadm secondary r0'
    same "the roles when it is let go" "$(roles a r0)" "Secondary Secondary"
}

lab_case flip_by_hand "drbdadm flips a group under a host that writes, and no acknowledged block is lost"
flip_by_hand() {
    on a '/etc/lab/lio expose /dev/drbd0 /dev/drbd1'
    lab writer host start r0
    lab writer host wait r0 100
    on a '/etc/lab/lio withdraw; drbdadm secondary r0'
    on b 'drbdadm primary r0 && /etc/lab/lio expose /dev/drbd1 /dev/drbd0'
    lab writer host wait r0 100
    lab writer host stop r0
    none_lost b r0
    echo "figure lab_flip_gap_ms $(lab writer host gap r0)"
}

lab_case takeover_by_hand "site-a is lost while it writes, drbdadm takes over, and no acknowledged block is lost"
takeover_by_hand() {
    local began
    lab writer a start r0
    lab writer a wait r0 100
    lab kill a
    # Not before the loss is noticed, as with drstor, so that the two can be compared.
    eventually 60 "the notice of the loss" disconnected
    began=$(now_ms)
    on b 'drbdadm primary r0 && lab-io put /dev/drbd0 3 "after it" && lab-io put /dev/drbd1 3 "after it"'
    echo $(($(now_ms) - began)) >"$lab_dir/figure.drbdadm"
    echo "figure lab_takeover_ms_drbdadm $(cat "$lab_dir/figure.drbdadm")"
    none_lost b r0
    lab boot a
    eventually 60 "the sync back to site-a" synced_back
    same "the roles of who came back" "$(roles a r0)" "Secondary Secondary"
}
synced_back() { [ "$(volumes a r0 | grep -c 'Connected Secondary/Primary UpToDate/UpToDate')" = 2 ]; }

disconnected() { [ "$(volumes b r0 | grep -c WFConnection)" = 2 ]; }

lab_case takeover_async "asynchronous: what is missing after a takeover is the end alone, nothing before it"
takeover_async() {
    # By its path: busybox prefers its own tc, which is another.
    on a '/usr/sbin/tc qdisc add dev eth1 root netem delay 300ms'
    lab writer a start r1
    lab writer a wait r1 100
    lab kill a
    on b 'drbdadm primary r1'
    echo "figure lab_async_blocks_lost $(in_order b r1) of $(lab writer a acked r1)"
}

lab_case frozen "a resource that fences freezes when its peer is gone, until the handler or a person says otherwise"
frozen() {
    on a 'drbdadm primary r2'
    lab link b off
    eventually 60 "the freeze" suspended
    eventually 60 "the question to the handler" asked
    on a 'drbdadm resume-io r2 && lab-io put /dev/drbd20 20 "alone"'
}
suspended() { on a 'drbdsetup events2 --now r2' | grep -q 'suspended:fencing'; }

asked() { [ "$(on a 'tail -n 1 /run/lab/fence-peer.log')" = "r2 1" ]; }

lab_case exports "what a host sees by iSCSI comes with an export, under one serial at both sites, and goes with it"
exports() {
    on a '/etc/lab/lio expose /dev/drbd0'
    same "what a host sees at site-a" "$(lab luns a | cut -d' ' -f3-6)" "serial 0000000000000000000abc000 size 67067904"
    same "what a host sees at site-b" "$(lab luns b)" ""
    on a '/etc/lab/lio withdraw'
    same "what a host sees then" "$(lab luns a)" ""
}

lab_case tokens_stay "what a site keeps of drstor outlives the site's machine"
tokens_stay() {
    on b 'mkdir /var/lib/drstor-lvm-drbd && echo 7 >/var/lib/drstor-lvm-drbd/kept && sync'
    lab kill b
    lab boot b
    same "what is kept" "$(on b 'cat /var/lib/drstor-lvm-drbd/kept')" 7
}

[ ! -d "$root/plugins/lvm-drbd/shim" ] || lab_case forced_command "drstor's key starts one program at a site, as root, and nothing else"
forced_command() {
    local said
    [ -e "$shim" ] || fail "there is no $shim: build the target drstor-lvm-drbd-shim"
    said=$(as_drstor a 'drstor/1 report r0')
    case $said in "drstor/1 done"*"@gi r0 0 "*) ;; *) fail "the shim answered: $said" ;; esac
    said=$(as_drstor a 'id; cat /etc/shadow' || :)
    case $said in "drstor/1 invalid"*) ;; *) fail "another command was answered with: $said" ;; esac
}

lab_case check_sees "the check for lost blocks sees one that is missing, and one that was missed in between"
# A Secondary cannot be read; what is below it can.
check_sees() {
    local said
    lab writer a start r0
    lab writer a wait r0 50
    lab writer a stop r0
    # Number 11 is the sixth of the first volume, behind the sixteen that writers leave alone.
    on a 'lab-io put /dev/drbd0 21 "somebody else"'
    said=$(lab writer b check r0 /dev/vg0/r0v0 /dev/vg0/r0v1) && fail "nothing was missed: $said"
    case $said in "lost 11"*"hole 11"*" lost 1 holes 1 "*) ;; *) fail "the check said: $said" ;; esac
}
