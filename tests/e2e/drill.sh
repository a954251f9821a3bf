#!/bin/bash
# A drill with its VMs from the command line: they come up at the other site apart from all else, are
# reported, and leave nothing; and a move that comes in the middle of one takes it away.
. "$(dirname "$0")/lib.sh"
export DEMO_OBSERVE=20s
demo_site "$work"
ok=0

# vms SITE FILTER: how many are up there, of those.
vms() {
    "$emuctl" "$work/$1.ctl" vms |
        jq "[.vms[] | select(.status == \"up\" or .status == \"powering_up\") | select($2)] | length"
}
# at PRODUCTION-AT-MILAN DRILLED-AT-ROME PRODUCTION-AT-ROME
at() {
    local is
    is="$(vms milan true) $(vms rome '.name | startswith("drill-")') $(vms rome '.name | startswith("drill-") | not')"
    [ "$is" = "$*" ] || fail "VMs at milan, of a drill at rome, of production at rome: $is, not $*"
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
no_trace() {
    "$emuctl" "$work/rome.ctl" vms | jq -e '.vms | length == 0' >/dev/null || fail "VMs are left at rome"
    "$emuctl" "$work/rome.ctl" domains | jq -e '.domains | length == 0' >/dev/null || fail "domains are left at rome"
}

expect 0 adopt --all
expect 0 drill start --all --yes
at 12 0 0
expect 0 plan drill promote --all
says '[.steps[] | select(.kind == "stage") | .text | select(test("on no network; with [0-9]+ MiB"))] | length == 3'
expect 0 drill promote --all --yes
says '.result == "done" and (.vms | length == 12) and all(.vms[]; .started_at and .state == "up") and .rto_s >= 0'
at 12 12 0
"$emuctl" "$work/rome.ctl" vms | jq -e 'all(.vms[]; all(.networks[]?; . == ""))' >/dev/null || fail "a VM of a drill is on a network"
text=$(in_site "$work" run report "$(jq -r .run <<<"$out")")
case $text in *"in this drill, from the decision"*) ;; *) fail "the report says: $text" ;; esac
expect 0 status erp
says '.groups[0].drill.at_engine'
expect 0 drill clean --all --yes
at 12 0 0
no_trace

expect 0 drill start erp db --yes
expect 0 drill promote erp db --yes
expect 0 promote --all --to rome --yes
at 0 0 12
echo "figure drills_from_the_command_line $ok of 4"
[ "$ok" = 4 ]
