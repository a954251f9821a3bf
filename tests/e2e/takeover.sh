#!/bin/bash
# Two controllers with a store each, one mirrored to the other: the standby follows, falls behind and
# catches up; the active one dies in the middle of a promotion, with its site; the standby takes over
# and goes on; the one before comes back and is refused.
. "$(dirname "$0")/lib.sh"
demo_site "$work"
done_n=0

# Two configurations of one world: milan-1 is active, rome-1 follows it.
controller_of() {
    sed -e "s|^controller:.*|controller: { name: $1-1, site: $1, role: $2 }|" \
        -e "s|^state:.*|state: { sqlite: state-$1/state.db$3 }|" "$work/drstor.yaml" >"$work/$1.yaml"
    chmod 600 "$work/$1.yaml"
}
wire=$work/to-rome
wire_is() {
    printf '#!/bin/bash\n%s\n' "$1" >"$wire.new"
    chmod 755 "$wire.new"
    mv "$wire.new" "$wire"
}
controller_of milan active ", mirror: { run: [$wire], timeout: 20s, site: rome }"
controller_of rome standby ""
through="exec $drstor --config $work/rome.yaml journal import"
wire_is "$through"

# at CONTROLLER CODE WORDS...: ends with CODE; $out has what it printed.
at() {
    local who=$1 code=$2 got=0
    shift 2
    out=$(timeout 120 "$drstor" --config "$work/$who.yaml" -q "$@" 2>&1) || got=$?
    [ "$got" = "$code" ] || fail "$who: drstor $* ended with $got instead of $code: $out"
    done_n=$((done_n + 1))
}
says() {
    case $out in *"$1"*) ;; *) fail "no \"$1\" in: $out" ;; esac
}
head_of() { "$drstor" --config "$work/$1.yaml" -o json journal verify | jq -r '"\(.head.seq):\(.head.hash)"'; }
follows() {
    local milan rome
    milan=$(head_of milan) rome=$(head_of rome)
    [ "$milan" = "$rome" ] || fail "the standby is at $rome, the active controller at $milan: $("$drstor" --config "$work/milan.yaml" -o json status | jq -c .controller)"
}

# ---- it follows
at milan 0 adopt --all
follows
at rome 3 promote erp --to rome --storage-only --yes
says R031
follows
at rome 0 status
says "milan-1"
at milan 0 suspend erp --yes
at milan 0 resume erp --yes
follows

# ---- it is behind, which stops nothing, and catches up
wire_is "exit 1"
at milan 0 suspend erp --yes
says "behind since"
at milan 0 status
says "behind since"
at milan 0 resume erp --yes
wire_is "$through"
at milan 0 suspend erp --yes
at milan 0 resume erp --yes
follows
at milan 0 -o json status
[ "$(jq '.controller.mirror.behind_since' <<<"$out")" = null ] || fail "still behind: $out"

# ---- what is altered on its way is not taken, what was taken twice changes nothing
wire_is "sed s/steady/stEady/ | $drstor --config $work/rome.yaml journal import"
at milan 0 suspend erp --yes
says "not as it was written"
wire_is "tee $work/sent | $drstor --config $work/rome.yaml journal import"
at milan 0 resume erp --yes
follows
"$drstor" --config "$work/rome.yaml" journal import <"$work/sent" >"$work/again" || fail "$(cat "$work/again")"
follows
at milan 3 journal import <"$work/sent"
says "active controller itself"

# ---- the site is there, and so is its controller
at rome 0 observe
at rome 3 takeover --declare site-lost:milan --reason test
says R051
at rome 3 takeover --declare site-lost:rome --reason test
says R051
follows

# ---- it dies with its site, in the middle of a promotion: committed, and nobody was told
lose_milan "$work"
at rome 0 observe
wire_is "exit 1"
DRSTOR_FAILPOINT=commit.after timeout 120 "$drstor" --config "$work/milan.yaml" -q "${promote_lost[@]}" >"$work/died" 2>&1 && fail "it did not die" || :
cp -r "$work/state-milan" "$work/state-cut"
at rome 0 takeover --declare site-lost:milan --reason "fire in milan"
says "rome-1 is the active controller"
at rome 0 takeover --declare site-lost:milan --reason "fire in milan"
says "already"
at rome 0 status
says "change it there"
at rome 0 "${promote_lost[@]}"
all_at_rome "$work"
at rome 0 run list

# ---- the one before comes back
# Its hosts stay off: what those would do at once is a matter of the guard.
"$emuctl" "$work/milan.ctl" hosts_lost >/dev/null
"$sim" site "$work/world.json" milan up >/dev/null
sed -e "s|state-milan|state-cut|; s|, mirror: {[^}]*}||" "$work/milan.yaml" >"$work/cut.yaml"
chmod 600 "$work/cut.yaml"
got=0
timeout 120 "$drstor" --config "$work/cut.yaml" -q run resume >"$work/cut" 2>&1 || got=$?
[ "$got" != 0 ] || fail "a controller that was replaced, and does not know it, could act: $(cat "$work/cut")"
all_at_rome "$work" || fail "what it did: $(cat "$work/cut")"
wire_is "$through"
at milan 3 run resume
says R052
wire_is "exit 1"
at milan 3 suspend web --yes
says R052
"$sim" violations "$work/world.json" >"$work/violations" || fail "$(cat "$work/violations")"
echo "figure takeover_commands $done_n of $done_n"
