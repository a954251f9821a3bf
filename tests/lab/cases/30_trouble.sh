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
    at 0 adopt erp
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
    at 0 adopt erp
    [ -e "$lab_dir/keys/stranger" ] || ssh-keygen -q -t ed25519 -N '' -f "$lab_dir/keys/stranger"
    cp "$case_dir/drstor.yaml" "$case_dir/good.yaml"
    sed -i "s#keys/drstor }#keys/stranger }#" "$case_dir/drstor.yaml"
    at 9 promote erp --to rome --storage-only --yes
    says "does not let user drstor in with our key"
    says "drstor trust show drbd-"
    says "nothing was changed"
    sed "s#known_hosts: $lab_dir/known_hosts#known_hosts: $case_dir/known_hosts#" "$case_dir/good.yaml" >"$case_dir/drstor.yaml"
    awk -v "key=$(cut -d' ' -f2 "$lab_dir/keys/stranger.pub")" '{ $3 = key; print }' "$lab_dir/known_hosts" >"$case_dir/known_hosts"
    at 9 promote erp --to rome --storage-only --yes
    says "on file is ssh-ed25519"
    at 9 trust show
    says "changed"
    untouched
}

# spoilt SITE HOW VERB...: the reply to the first of each of these commands is lost, or is a megabyte of rubbish.
spoilt() {
    local site=$1 how=$2
    shift 2
    local instead='exit 1'
    [ "$how" = lost ] || instead='head -c 1048576 /dev/urandom; exit 0'
    shim_says "$site" "for verb in $*; do case \$line in *\" r0 \$verb\"*) [ -e /tmp/spoilt.\$verb ] || { : >/tmp/spoilt.\$verb; \$real >/dev/null; $instead; } ;; esac; done"
}
were_spoilt() {
    local site=$1 verb
    shift
    for verb in "$@"; do on "$site" "rm /tmp/spoilt.$verb" || fail "no reply to $verb was spoilt"; done
}

lab_case spoilt_replies "replies that are lost, or are a megabyte of rubbish, are believed by nobody and settled by looking, and the promotion goes on"
spoilt_replies() {
    config
    at 0 adopt erp
    spoilt a lost secondary
    spoilt b rubbish tag primary expose
    at 0 promote erp --to rome --storage-only --yes
    were_spoilt a secondary
    were_spoilt b tag primary expose
    says "settling"
    there
}

# workers RUN...: those of this run alone.
workers() { pgrep -P "$1" -f drstor-worker; }
lab_case workers_end "workers that are killed in the middle of a promotion, or hang, are started again, and the promotion is done"
workers_end() {
    config
    at 0 adopt erp
    "$drstor" --config "$case_dir/drstor.yaml" promote erp --to rome --storage-only --yes >"$case_dir/out" 2>&1 &
    local pid=$! got=0
    eventually 60 "the demotion" grep -q 'demote *started' "$case_dir/out"
    kill -9 $(workers "$pid")
    eventually 60 "the commit" grep -q 'commit *started' "$case_dir/out"
    kill -STOP $(workers "$pid")
    wait "$pid" || got=$?
    out=$(cat "$case_dir/out")
    says "its worker was ended by signal 9"
    # Who hangs is waited for no longer than a call may take.
    if [ "$got" != 0 ]; then
        [ "$got" = 5 ] || [ "$got" = 6 ] || fail "ended with $got"
        at 0 run resume "$(sed -n 's/.*run resume \(r[0-9a-f]*\).*/\1/p' <<<"$out" | head -n 1)"
    fi
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
    at 0 adopt shared
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
    at 0 adopt erp
    lab writer a start r0
    lab writer a wait r0 50
    before=$(volumes b r0)
    # Both replies are lost on the way, so what is there is found by looking.
    spoilt b lost clone unclone
    at 0 drill start erp --yes
    same "replication beside the drill" "$(volumes b r0)" "$before"
    same "snapshots" "$(on b 'lvs --noheadings -o lv_name vg0 | grep -c drstor-drill')" 2
    lab writer a wait r0 50
    at 0 drill clean erp --yes
    were_spoilt b clone unclone
    same "what is left of it" "$(on b 'lvs --noheadings -o lv_name vg0; dmsetup ls' | grep drill || :)" ""
    same "replication after the drill" "$(volumes b r0)" "$before"
    lab writer a stop r0
    none_lost a r0
}

lab_case drill_killed "a drill whose controller was killed in the middle is cleaned as well"
drill_killed() {
    config
    at 0 adopt erp
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
    at 0 adopt erp
    lab link a off
    eventually 60 "the end of the link" cut_off
    on b 'drbdadm primary r0 && lab-io put /dev/drbd0 4 "rome" && drbdadm secondary r0'
    on a 'lab-io put /dev/drbd0 4 "milan"'
    lab link a on
    eventually 60 "the split" standing_alone
    at 0 status erp
    says "diverged"
    at 3 promote erp --to rome --storage-only --yes
    says "nothing was changed"
    untouched
    lab heal
    same "the block that counts" "$(on b 'lab-io get /dev/vg0/r0v0 4')" "milan"
}
cut_off() { [ "$(volumes b r0 | grep -c WFConnection)" = 2 ]; }
standing_alone() { [ "$(volumes a r0 | grep -c StandAlone)" -ge 1 ]; }

lab_case outdated "a copy that knows that it is behind is not promoted, with or without its site declared lost"
outdated() {
    config
    at 0 adopt erp
    lab link a off
    eventually 60 "the end of the link" cut_off
    on b 'drbdadm outdate r0'
    on a 'lab-io put /dev/drbd0 4 "newer"'
    at 3 promote erp --to rome --storage-only --yes
    says "nothing was changed"
    lab kill a
    local got=0
    out=$("$drstor" --config "$case_dir/drstor.yaml" promote erp --to rome --unplanned --storage-only --yes \
        --declare site-lost:milan --reason test --accept-loss unknown 2>&1) || got=$?
    [ "$got" = 3 ] || [ "$got" = 4 ] || fail "ended with $got: $out"
    same "the roles at site-b" "$(roles b r0)" "Secondary Secondary"
}

lab_case no_drbd "without DRBD's tools at the target, a promotion is refused with their name, and nothing is changed"
no_drbd() {
    config
    at 0 adopt erp
    on b 'mv /usr/sbin/drbdadm /usr/sbin/drbdadm.away'
    at 3 promote erp --to rome --storage-only --yes
    says "drbdadm"
    on b 'mv /usr/sbin/drbdadm.away /usr/sbin/drbdadm'
    untouched
}

lab_case no_volume "a copy whose logical volume is missing is no target, and nothing is changed"
no_volume() {
    config
    at 0 adopt erp
    on b 'drbdadm down r0 && lvrename vg0 r0v1 away && drbdadm up r0; true' >/dev/null 2>&1
    at 3 promote erp --to rome --storage-only --yes
    says "nothing was changed"
    same "the roles at site-a" "$(roles a r0)" "Primary Primary"
    on b 'lvrename vg0 away r0v1'
}

lab_case overtaken "a controller that was stopped between its look and its command is obeyed by nobody when another one took over meanwhile"
overtaken() {
    local got=0
    config
    at 0 adopt erp
    "$drstor" --config "$case_dir/drstor.yaml" promote erp --to rome --storage-only --yes >"$case_dir/out" 2>&1 &
    local pid=$!
    eventually 60 "the demotion" grep -q 'demote *started' "$case_dir/out"
    # It and its workers, which have just begun to look.
    kill -STOP "$pid" $(pgrep -P "$pid")
    # What a takeover does at an array before it counts.
    as_drstor a "drstor/1 change 4000000000 2 60000 takeover r0 tag" >/dev/null
    kill -CONT $(pgrep -P "$pid") "$pid"
    wait "$pid" || got=$?
    [ "$got" != 0 ] || fail "it ended well: $(cat "$case_dir/out")"
    untouched
}
