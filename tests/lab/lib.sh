# Sourced by run and by every case: words for the two sites. README.md says how a case is written.
set -u
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd -P)
here=$root/tests/lab
bin=$DRSTOR_BUILD
drstor=$bin/cli/drstor
lab_dir=$DRSTOR_LAB_DIR
shim=$bin/plugins/lvm-drbd/shim/drstor-lvm-drbd-shim

# ---- the sites, by the tests' own way in
lab() {
    local verb=$1
    shift
    "$here/lab" "$verb" "$lab_dir" "$@"
}
# on SITE COMMAND...
on() { lab ssh "$@"; }
# as_drstor SITE LINE: what drstor's own key gets.
as_drstor() {
    ssh -F none -i "$lab_dir/keys/drstor" -o UserKnownHostsFile="$lab_dir/known_hosts" -o StrictHostKeyChecking=yes -o IdentitiesOnly=yes \
        -o BatchMode=yes -o LogLevel=ERROR -p "$(lab facts "$1" ssh)" drstor@127.0.0.1 "$2" </dev/null
}
# roles SITE RES: own role of every volume, on one line: `Primary Primary`.
roles() { on "$1" "drbdadm role $2" | cut -d/ -f1 | paste -sd' '; }
# volumes SITE RES: what /proc/drbd has of each: `0 Connected Primary/Secondary UpToDate/UpToDate r-----`.
volumes() { on "$1" "/etc/lab/heal rows" | sed -n "s/^$2 //p"; }

# ---- saying what is wrong
fail() {
    echo "FAIL: $*" >&2
    exit 1
}
# same WHAT GOT WANTED
same() { [ "$2" = "$3" ] || fail "$1 is \"$2\" instead of \"$3\""; }
# eventually SECONDS WHAT COMMAND...: until the command succeeds.
eventually() {
    local end=$((SECONDS + $1)) what=$2
    shift 2
    until "$@"; do
        [ "$SECONDS" -lt "$end" ] || fail "$what did not come true"
        read -rt 0.2 <> <(:) || :
    done
}
now_ms() { echo $((${EPOCHREALTIME/[.,]/} / 1000)); }

# ---- the writers' numbers
# none_lost SITE RES [DEVICE...]: every acknowledged block is there, in order. Counts for the figure of all cases.
none_lost() {
    local said got=0
    said=$(lab writer "$1" check "${@:2}") || got=$?
    echo "$said" | sed -n 's/^acked \([0-9]*\) lost \([0-9]*\) .*/\1 \2/p' >>"$lab_dir/figure.acked"
    [ "$got" = 0 ] || fail "acknowledged blocks of $2 are not at site-$1: $said"
    case $said in "acked 0 "*) fail "no block of $2 was acknowledged, so nothing was shown" ;; esac
}
# in_order SITE RES [DEVICE...]: some may be missing at the end, none before that. Prints how many.
in_order() {
    local said
    said=$(lab writer "$1" check "${@:2}") || :
    case $said in *" holes 0 "*) echo "$said" | sed -n 's/^acked .* lost \([0-9]*\) .*/\1/p' ;; *) fail "blocks of $2 at site-$1 are not in order: $said" ;; esac
}

# ---- drstor, on both sites: milan is site-a, rome is site-b; groups erp (r0), files (r1), shared (r2)
config() {
    local a b
    a=$(lab facts a ssh) b=$(lab facts b ssh)
    mkdir -p "$case_dir/state"
    # There is no engine at either site: groups are moved with --storage-only.
    cat >"$case_dir/drstor.yaml" <<END
version: 1
state: { sqlite: state/state.db }
controller: { name: rome-1, site: rome, role: active }
plugin_dir: $bin/plugins
safety: { assert_min: 1s }
timeouts: { observe: 20s }
sites:
  milan: {}
  rome: {}
arrays:
  drbd-milan: { plugin: lvm-drbd, site: milan, url: "ssh://127.0.0.1:$a", user: drstor, key: { file: $lab_dir/keys/drstor }, known_hosts: $lab_dir/known_hosts }
  drbd-rome: { plugin: lvm-drbd, site: rome, url: "ssh://127.0.0.1:$b", user: drstor, key: { file: $lab_dir/keys/drstor }, known_hosts: $lab_dir/known_hosts }
groups:
  erp:
    mode: sync
    preferred: milan
    copies:
      milan: { array: drbd-milan, id: r0, expose: [iqn.2026-01.example.drstor:site-a] }
      rome: { array: drbd-rome, id: r0, expose: [iqn.2026-01.example.drstor:site-b] }
  files:
    mode: async
    rpo: 5m
    preferred: milan
    copies:
      milan: { array: drbd-milan, id: r1, expose: [iqn.2026-01.example.drstor:site-a] }
      rome: { array: drbd-rome, id: r1, expose: [iqn.2026-01.example.drstor:site-b] }
  shared:
    mode: sync
    topology: active-active
    copies:
      milan: { array: drbd-milan, id: r2, expose: [iqn.2026-01.example.drstor:site-a] }
      rome: { array: drbd-rome, id: r2, expose: [iqn.2026-01.example.drstor:site-b] }
END
    chmod 600 "$case_dir/drstor.yaml"
}
# at CODE WORDS...: drstor ends with CODE; $out has what it printed.
at() {
    local code=$1 got=0
    shift
    out=$(timeout --foreground 300 "$drstor" --config "$case_dir/drstor.yaml" "$@" 2>&1) || got=$?
    [ "$got" = "$code" ] || fail "drstor $* ended with $got instead of $code: $out"
}
says() {
    case $out in *"$1"*) ;; *) fail "no \"$1\" in: $out" ;; esac
}

# ---- cases
# lab_case FUNCTION SENTENCE
lab_case() { cases+=("$1"$'\t'"$2"); }
cases=()
