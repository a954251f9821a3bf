#!/bin/bash
# A planned move with its VMs from the command line, and back: shut down, moved, started; then one VM
# that does not shut down, under each policy.
. "$(dirname "$0")/lib.sh"
export DEMO_OBSERVE=20s
demo_site "$work"
ok=0

# vms SITE: how many are up there.
vms() { "$emuctl" "$work/$1.ctl" vms | jq '[.vms[] | select(.status == "up" or .status == "powering_up")] | length'; }
# at SITE N OTHER M
at() {
    [ "$(vms "$1")" = "$2" ] && [ "$(vms "$3")" = "$4" ] || fail "$(vms "$1") VMs run at $1, $(vms "$3") at $3, not $2 and $4"
    "$sim" violations "$work/world.json" >"$work/violations" || fail "$(cat "$work/violations")"
    ok=$((ok + 1))
}
# expect CODE WORDS...: $out has the document.
expect() {
    local code=$1 got=0
    shift
    out=$(in_site "$work" -o json -q "$@" 2>"$work/err") || got=$?
    [ "$got" = "$code" ] || fail "drstor $* ended with $got instead of $code: $out $(cat "$work/err")"
}
# says FILTER: of $out.
says() { jq -e "$1" <<<"$out" >/dev/null || fail "not so: $1 of $out"; }

expect 0 adopt --all
expect 0 promote --all --to rome --dry-run
says '[.steps[] | select(.kind == "drain") | .vms[]] | length == 12'
says '[.steps[] | select(.kind == "drain") | .text | select(test("at most 5 min"))] | length == 3'
at milan 12 rome 0

expect 0 promote --all --to rome --yes
says '.result == "done" and (.vms | length == 12) and all(.vms[]; .stopped_at and .started_at and .state == "up")'
at rome 12 milan 0
"$emuctl" "$work/milan.ctl" domains | jq -e 'all(.domains[]; .status == "unattached")' >/dev/null || fail "a domain is attached at milan"
text=$(in_site "$work" run report "$(jq -r .run <<<"$out")")
case $text in *"shut 5 VMs of erp down at milan"*) ;; *) fail "the report says: $text" ;; esac

expect 0 failback --all --yes
at milan 12 rome 0

# One that the engine cannot ask: the move waits a second for it, and then does what its rule says.
deaf='{"op":"shutdown","object":"'$(demo_id 176 1)'","kind":"locked","times":-1}'
"$emuctl" "$work/milan.ctl" fault "$deaf" >/dev/null
rule() {
    sed -i '/^  stop:/d' "$work/drstor.yaml"
    sed -i "s/^rhv:\$/rhv:\n  stop: [ { vms: [db1], limit: 1s$1 } ]/" "$work/drstor.yaml"
}
rule ''
expect 3 promote --all --to rome --yes
says '.rule == "R019" and (.text | test("db1"))'
at milan 12 rome 0
rule ', policy: leave-out'
expect 3 promote --all --to rome --yes
says '.result == "refused"'
at milan 3 rome 9
rule ', policy: power-off'
expect 0 promote db --to rome --yes
says '.vms[] | select(.name == "db1") | .powered_off and .state == "up"'
at rome 12 milan 0
echo "figure moves_from_the_command_line $ok of 6"
[ "$ok" = 6 ]
