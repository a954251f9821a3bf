
cut_off() { [ "$(volumes b r0 | grep -c WFConnection)" = 2 ]; }

lab_case outdated "a copy that knows that it is behind is not promoted, with or without its site declared lost"
outdated() {
    config
    at 0 adopt --all
    lab link a off
    eventually 30 "the end of the link" cut_off
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
    at 0 adopt --all
    on b 'mv /usr/sbin/drbdadm /usr/sbin/drbdadm.away'
    at 3 promote erp --to rome --storage-only --yes
    says "drbdadm"
    on b 'mv /usr/sbin/drbdadm.away /usr/sbin/drbdadm'
    untouched
}

lab_case no_volume "a copy whose logical volume is missing is no target, and nothing is changed"
no_volume() {
    config
    at 0 adopt --all
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
    at 0 adopt --all
    "$drstor" --config "$case_dir/drstor.yaml" promote erp --to rome --storage-only --yes >"$case_dir/out" 2>&1 &
    local pid=$!
    eventually 30 "the demotion" grep -q 'demote *started' "$case_dir/out"
    # It and its workers, which have just begun to look.
    kill -STOP "$pid" $(pgrep -P "$pid")
    # What a takeover does at an array before it counts.
    as_drstor a "drstor/1 change 4000000000 2 60000 takeover r0 tag" >/dev/null
    kill -CONT $(pgrep -P "$pid") "$pid"
    wait "$pid" || got=$?
    [ "$got" != 0 ] || fail "it ended well: $(cat "$case_dir/out")"
    untouched
}

lab_case worker_hangs "a worker that hangs in the middle of a promotion is ended, and the run is resumed"
worker_hangs() {
    local got=0
    config
    at 0 adopt --all
    "$drstor" --config "$case_dir/drstor.yaml" promote erp --to rome --storage-only --yes >"$case_dir/out" 2>&1 &
    local pid=$!
    eventually 30 "the demotion" grep -q 'demote *started' "$case_dir/out"
    kill -STOP $(pgrep -P "$pid" -f drstor-worker)
    wait "$pid" || got=$?
    if [ "$got" != 0 ]; then
        at 0 run resume "$(sed -n 's/.*run \(r[0-9a-f]*\):.*/\1/p' "$case_dir/out" | head -n 1)"
    fi
    there
}
