# Moves of groups through the drstor command, with writers that do not stop for it.

lab_case planned "a planned promote there and back, synchronous and asynchronous, under hosts that write loses no acknowledged block"
planned() {
    local res
    config
    at 0 adopt erp files
    for res in r0 r1; do
        # As whoever sets up a site would: by the same words, so under the same serials as everything later.
        as_drstor a "drstor/1 change 1 1 60000 setup $res expose iqn.2026-01.example.drstor:site-a" >/dev/null
        lab writer host start $res
        lab writer host wait $res 50
    done
    at 0 promote erp files --to rome --storage-only --yes
    says "loss of erp: nothing is lost"
    says "loss of files: nothing is lost"
    same "the roles at site-b" "$(roles b r0) $(roles b r1)" "Primary Primary Primary"
    same "the roles at site-a" "$(roles a r0) $(roles a r1)" "Secondary Secondary Secondary"
    same "what hosts see at site-a" "$(lab luns a)" ""
    for res in r0 r1; do lab writer host wait $res 50; done
    at 0 failback erp files --storage-only --yes
    same "the roles at site-a" "$(roles a r0) $(roles a r1)" "Primary Primary Primary"
    same "the roles at site-b" "$(roles b r0) $(roles b r1)" "Secondary Secondary Secondary"
    for res in r0 r1; do
        lab writer host wait $res 50
        lab writer host stop $res
        none_lost a $res
        echo "figure lab_${res}_gap_ms $(lab writer host gap $res)"
    done
    for res in erp files; do
        at 0 status $res
        says "protected"
    done
}

lab_case site_lost "site-a is lost while it writes: promoted at site-b with every acknowledged block, who returns is no writer, and is reprotected"
site_lost() {
    local began
    config
    at 0 adopt erp
    lab writer a start r0
    lab writer a wait r0 100
    at 0 observe erp
    lab kill a
    # Until then site-b is a sign of life of its peer, and a promotion is refused (R025).
    eventually 60 "the notice of the loss" noticed
    began=$(now_ms)
    "$drstor" --config "$case_dir/drstor.yaml" promote erp --to rome --unplanned --storage-only --yes \
        --declare site-lost:milan --reason "its machine was ended" --accept-loss 2m >"$case_dir/promote.out" 2>&1 &
    # Writable is what counts, and it is before the end of the run.
    eventually 60 "the promotion" first_write
    echo $(($(now_ms) - began)) >"$lab_dir/figure.drstor"
    echo "figure lab_takeover_ms_drstor $(cat "$lab_dir/figure.drstor")"
    wait $! || fail "the promotion: $(cat "$case_dir/promote.out")"
    same "the roles at site-b" "$(roles b r0)" "Primary Primary"
    none_lost b r0
    lab boot a
    eventually 60 "the roles of who came back" secondaries
    on a 'drbdadm primary r0' && fail "site-a became a writer beside site-b"
    at 0 reprotect erp --storage-only --yes --accept-loss 5m --waive-snapshot "the lab has its own check"
    at 0 status erp
    says "protected"
    same "the roles at site-a" "$(roles a r0)" "Secondary Secondary"
    same "the disks at site-a" "$(volumes a r0 | grep -c 'Connected Secondary/Primary UpToDate/UpToDate')" 2
}
noticed() { [ "$(volumes b r0 | grep -c WFConnection)" = 2 ]; }
first_write() { on b 'lab-io put /dev/drbd0 3 first && lab-io put /dev/drbd1 3 first' >/dev/null 2>&1; }
secondaries() { [ "$(roles a r0 2>/dev/null)" = "Secondary Secondary" ]; }
