# What goes wrong on the way: each with the right end, a sentence, and nothing changed that should not be.

# shim_says SITE SCRIPT: SCRIPT stands before the shim there; `real` is the shim itself. `heal` takes it away.
shim_says() {
    on "$1" "cd /usr/libexec/drstor && { [ -e real ] || mv drstor-lvm-drbd-shim real; } && cat >drstor-lvm-drbd-shim && chmod 755 drstor-lvm-drbd-shim" <<END
#!/bin/sh
line=\$SSH_ORIGINAL_COMMAND real=/usr/libexec/drstor/real
$2
exec \$real
END
}
there() { same "the roles at site-a" "$(roles a r0)" "Secondary Secondary" && same "the roles at site-b" "$(roles b r0)" "Primary Primary"; }
untouched() { same "the roles at site-a" "$(roles a r0)" "Primary Primary" && same "the roles at site-b" "$(roles b r0)" "Secondary Secondary"; }

lab_case half_flip "a group that was half flipped by a device held open is no promotion, is told as what it is, and goes on when it is let go"
half_flip() {
    config
    at 0 adopt --all
    lab hold a /dev/drbd1
    at 4 promote erp --to rome --storage-only --yes
    says "held open"
    says "half flipped"
    same "the roles at site-a" "$(roles a r0)" "Secondary Primary"
    same "the roles at site-b" "$(roles b r0)" "Secondary Secondary"
    at 0 status erp
    says "half flipped"
    says "blocked"
    lab release a
    at 0 run resume "$(sed -n 's/.*run resume \(r[0-9a-f]*\).*/\1/p' <<<"$out" | head -n 1)"
    there
}

lab_case strangers "a wrong key and a wrong host key end with 9, name what was shown, and change nothing"
strangers() {
    config
    at 0 adopt --all
    [ -e "$lab_dir/keys/stranger" ] || ssh-keygen -q -t ed25519 -N '' -f "$lab_dir/keys/stranger"
    cp "$case_dir/drstor.yaml" "$case_dir/good.yaml"
    sed -i "s#keys/drstor }#keys/stranger }#" "$case_dir/drstor.yaml"
    at 9 promote erp --to rome --storage-only --yes
    says "does not let user drstor in with our key"
    says "nothing was changed"
    sed "s#known_hosts: $lab_dir/known_hosts#known_hosts: $case_dir/known_hosts#" "$case_dir/good.yaml" >"$case_dir/drstor.yaml"
    awk -v "key=$(cut -d' ' -f2 "$lab_dir/keys/stranger.pub")" '{ $3 = key; print }' "$lab_dir/known_hosts" >"$case_dir/known_hosts"
    at 9 promote erp --to rome --storage-only --yes
    says "on file is ssh-ed25519"
    at 9 trust show
    says "changed"
    untouched
}

lab_case lost_reply "a reply that is lost after the demotion is settled by looking, and the promotion goes on"
lost_reply() {
    config
    at 0 adopt --all
    shim_says a 'case $line in *" secondary"*) [ -e /tmp/lost ] || { : >/tmp/lost; $real >/dev/null; exit 1; } ;; esac'
    at 0 promote erp --to rome --storage-only --yes
    on a 'test -e /tmp/lost' || fail "no reply was lost"
    says "settling"
    there
}

lab_case rubbish "a megabyte of rubbish in the middle of a promotion is believed by nobody, and the run is resumed"
rubbish() {
    config
    at 0 adopt --all
    shim_says a 'case $line in *" secondary"*) [ -e /tmp/mess ] || { : >/tmp/mess; $real >/dev/null; head -c 1048576 /dev/urandom; exit 0; } ;; esac'
    at 0 promote erp --to rome --storage-only --yes
    on a 'test -e /tmp/mess' || fail "no rubbish was sent"
    there
}

lab_case workers_killed "workers that are killed in the middle of a promotion are started again, and the promotion is done"
workers_killed() {
    config
    at 0 adopt --all
    "$drstor" --config "$case_dir/drstor.yaml" promote erp --to rome --storage-only --yes >"$case_dir/out" 2>&1 &
    local pid=$!
    eventually 30 "the demotion" grep -q 'demote *started' "$case_dir/out"
    # Children of this run alone.
    pkill -9 -P "$pid"
    wait "$pid" || fail "the promotion: $(cat "$case_dir/out")"
    grep -q "its worker was ended by signal 9" "$case_dir/out" || fail "nobody was killed: $(cat "$case_dir/out")"
    there
}

lab_case dual_write "dual write is sound only while both sites take writes, and a probe is written and found at both"
dual_write() {
    config
    for site in a b; do on $site 'drbdadm net-options --allow-two-primaries=yes r2'; done
    for site in a b; do
        on $site 'drbdadm primary r2'
        as_drstor $site "drstor/1 change 1 1 60000 setup r2 expose iqn.2026-01.example.drstor:site-$site" >/dev/null
    done
    at 0 adopt --all
    at 0 verify shared --probe
    says "a write at rome arrived"
    as_drstor b "drstor/1 change 1 1 60000 setup r2 withdraw" >/dev/null
    on b 'drbdadm secondary r2'
    at 6 verify shared
    says "NO "
    says "every volume at rome takes writes"
    at 6 verify shared --probe
}

lab_case drill_beside "a drill's clone at the DR site leaves replication and the writer alone, and goes without a trace"
drill_beside() {
    local before
    config
    at 0 adopt --all
    lab writer a start r0
    lab writer a wait r0 50
    before=$(volumes b r0)
    at 0 drill start erp --yes
    same "replication beside the drill" "$(volumes b r0)" "$before"
    same "snapshots" "$(on b 'lvs --noheadings -o lv_name vg0 | grep -c drstor-drill')" 2
    lab writer a wait r0 50
    at 0 drill clean erp --yes
    same "what is left of it" "$(on b 'lvs --noheadings -o lv_name vg0; dmsetup ls' | grep drill || :)" ""
    same "replication after the drill" "$(volumes b r0)" "$before"
    lab writer a stop r0
    none_lost a r0
}

lab_case drill_killed "a drill whose controller was killed in the middle is cleaned as well"
drill_killed() {
    config
    at 0 adopt --all
    "$drstor" --config "$case_dir/drstor.yaml" drill start erp --yes >"$case_dir/out" 2>&1 &
    local pid=$!
    eventually 60 "the clone" cloned
    kill -9 "$pid"
    wait "$pid" || :
    at 0 drill clean erp --yes
    same "what is left of it" "$(on b 'lvs --noheadings -o lv_name vg0; dmsetup ls' | grep drill || :)" ""
}
cloned() { on b 'lvs --noheadings -o lv_name vg0' | grep -q drill; }
lab_case split_brain "a split brain made for real is told as what it is, and nothing is promoted over it"
split_brain() {
    config
    at 0 adopt --all
    lab link a off
    eventually 30 "the end of the link" cut_off
    on b 'drbdadm primary r0 && lab-io put /dev/drbd0 4 "rome" && drbdadm secondary r0'
    on a 'lab-io put /dev/drbd0 4 "milan"'
    lab link a on
    eventually 30 "the split" standing_alone
    at 0 status erp
    says "diverged"
    at 3 promote erp --to rome --storage-only --yes
    says "nothing was changed"
    untouched
}
cut_off() { [ "$(volumes b r0 | grep -c WFConnection)" = 2 ]; }
standing_alone() { [ "$(volumes a r0 | grep -c StandAlone)" -ge 1 ]; }
