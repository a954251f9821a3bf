#!/bin/bash
# A lost site comes back and starts its VMs anew: cleaned from the command line, by a controller that is
# killed on the way, then everything goes home. What runs in the end is what ran in the beginning.
. "$(dirname "$0")/lib.sh"
DEMO_OBSERVE=8s # an engine that cleans itself up is slow to tell about itself
demo_site "$work"
ok=0

# expect CODE WORDS...: $out has the document.
expect() {
    local code=$1 got=0
    shift
    out=$(in_site "$work" -o json -q "$@" 2>"$work/err") || got=$?
    [ "$got" = "$code" ] || fail "drstor $* ended with $got instead of $code: $out $(cat "$work/err")"
}
# says FILTER: of $out.
says() { jq -e "$1" <<<"$out" >/dev/null || fail "not so: $1 of $out"; }
# at SITE OTHER: all VMs of the beginning run at SITE, none at OTHER.
at() {
    [ "$(demo_running "$work" "$1")" = "$all" ] || fail "at $1 run: $(demo_running "$work" "$1")"
    [ -z "$(demo_running "$work" "$2")" ] || fail "at $2 run: $(demo_running "$work" "$2")"
    ok=$((ok + 1))
}
# until_so TEXT COMMAND...: within a minute.
until_so() {
    local text=$1 tries=0
    shift
    until "$@"; do
        tries=$((tries + 1))
        [ "$tries" -lt 300 ] || fail "$text"
        read -rt 0.2 <> <(:) || :
    done
}
runs_twice() { [ "$(demo_running "$work" milan | wc -l)" -ge 11 ]; }
follows() { in_site "$work" -o json -q status 2>/dev/null | jq -e 'all(.groups[]; .ready)' >/dev/null; }
nothing_left() { "$emuctl" "$work/milan.ctl" domains | jq -e '.domains | length == 0' >/dev/null; }

expect 0 adopt --all
expect 0 observe
all=$(demo_running "$work" milan)
[ "$(wc -l <<<"$all")" = 12 ] || fail "not 12 VMs in the beginning"
demo_lose "$work" milan
expect 0 "${promote_lost[@]}"
at rome milan

"$sim" site "$work/world.json" milan back >/dev/null
demo_power "$work" milan
until_so "no VM was started anew at milan" runs_twice
expect 2 reprotect --all --declare site-lost:milan --reason test
expect 2 promote --all --to rome --unplanned --declare restarted:milan --reason test
expect 3 failback --all
expect 0 plan reprotect --all
says '[.steps[] | select(.kind == "clean") | .hosts | length == 2] | length == 3 and all'
says '[.steps[] | select(.kind == "clean") | .vms[]] | length >= 11'

# Killed when the first host is off; somebody else goes on, and switches none of them off twice.
timeout 120 "$drstor" --config "$work/drstor.yaml" reprotect --all --accept-loss unknown --yes >"$work/killed" 2>&1 &
victim=$!
until_so "no host is switched off: $(cat "$work/killed")" grep -q "switch host milan. on" "$work/killed"
kill -KILL "$(cat "/proc/$victim/task/$victim/children")" "$victim"
{ wait "$victim"; } 2>/dev/null || :
expect 0 run resume
[ "$("$emuctl" "$work/milan.ctl" counters | jq '.counters.operations.host_fence')" -le 5 ] || fail "hosts were switched off twice"
nothing_left || fail "the engine of milan still has: $("$emuctl" "$work/milan.ctl" domains)"
at rome milan
expect 0 reprotect --all
says 'all(.groups[]; . != null)'

until_so "the copies do not follow" follows
expect 0 failback --all --yes
at milan rome
echo "figure returns_from_the_command_line $ok of 3"
[ "$ok" = 3 ]
