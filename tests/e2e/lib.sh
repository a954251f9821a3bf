# Sourced by the end-to-end tests: the real command, simulated arrays and emulated engines.
# $1 of every test is the build folder.
set -eu
root=$(cd "$(dirname "$0")/../.." && pwd -P)
bin=$(cd "$1" && pwd -P)
drstor=$bin/cli/drstor
sim=$bin/plugins/simulated/drstor-sim
emu=$bin/tests/emulators/engine/engine-emu
emuctl=$bin/tests/emulators/engine/engine-emuctl
work=$(mktemp -d "${TMPDIR:-/tmp}/drstor-e2e.XXXXXX")
pids=
clean() {
    status=$?
    trap - EXIT
    for pid in $pids; do kill "$pid" 2>/dev/null || :; done
    for pid in $pids; do wait "$pid" 2>/dev/null || :; done
    rm -rf "$work"
    exit "$status"
}
trap clean EXIT
trap 'exit 143' INT TERM
. "$root/scripts/demo-site.sh"
export DEMO_ASSERT_MIN=1s DEMO_OBSERVE=1s DEMO_TIME_FACTOR=0.002

fail() {
    echo "FAIL: $*" >&2
    exit 1
}
# in DIR WORDS...: the command on the site in DIR.
in_site() {
    local dir=$1
    shift
    timeout 120 "$drstor" --config "$dir/drstor.yaml" "$@"
}
promote_lost=(promote --all --to rome --unplanned --declare site-lost:milan --reason test --accept-loss 60s --yes)

stop_engines() {
    for pid in $pids; do kill "$pid" 2>/dev/null || :; done
    for pid in $pids; do wait "$pid" 2>/dev/null || :; done
    pids=
}
lose_milan() {
    "$emuctl" "$1/milan.ctl" silent >/dev/null
    "$sim" site "$1/world.json" milan dead >/dev/null
}
# Everything at rome: writable, 12 VMs up, each started once, nothing forbidden ever seen.
all_at_rome() {
    local dir=$1 groups vms twice
    groups=$("$sim" show "$dir/world.json" | jq '[.groups[] | select(all(.copies[] | select(.array == "sim-rome") | .members[]; .access == "read-write"))] | length')
    vms=$("$emuctl" "$dir/rome.ctl" vms | jq '[.vms[] | select(.status == "up" or .status == "powering_up")] | length')
    twice=$("$emuctl" "$dir/rome.ctl" counters | jq '[.counters.vm_starts[] | select(. > 1)] | length')
    [ "$groups" = 3 ] || { echo "only $groups groups are writable at rome"; return 1; }
    [ "$vms" = 12 ] || { echo "$vms of 12 VMs are up"; return 1; }
    [ "$twice" = 0 ] || { echo "$twice VMs were started more than once"; return 1; }
    "$sim" violations "$dir/world.json" >"$dir/violations" || { cat "$dir/violations"; return 1; }
}
