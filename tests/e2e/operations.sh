#!/bin/bash
# Every operation of the safety table from the command line: done, asked again, and refused where its
# ground is missing; one after the other on one site, as a person would. What a crash, a lost reply and
# a resume do to each of them is operation_cases.sh.
. "$(dirname "$0")/lib.sh"
export DEMO_POINTS_S=2
demo_site "$work"
done_n=0

# expect CODE WORDS...: the command ends with CODE; $out has what it printed.
expect() {
    local code=$1 got=0
    shift
    out=$(in_site "$work" -q "$@" 2>&1) || got=$?
    [ "$got" = "$code" ] || fail "drstor $* ended with $got instead of $code: $out"
    done_n=$((done_n + 1))
}
# refused RULE WORDS...
refused() {
    local rule=$1
    shift
    expect 3 "$@"
    case $out in *"$rule"*) ;; *) fail "drstor $*: no $rule in: $out" ;; esac
}
# again WORDS...: asked once more, nothing is left to do.
again() {
    expect 0 "$@"
    case $out in *"nothing to do"*) ;; *) fail "drstor $* again: $out" ;; esac
}
# is GROUP CONDITION
is() {
    local got
    got=$(in_site "$work" -o json status "$1" | jq -r '.groups[0].condition')
    [ "$got" = "$2" ] || fail "$1 is $got instead of $2"
}
# point GROUP: the newest recovery point that rome lists beside the newest state.
point() {
    local id=null
    while [ "$id" = null ]; do
        read -rt 0.2 <> <(:) || :
        id=$(in_site "$work" -o json status "$1" | jq -r '.groups[0].copies[] | select(.site == "rome") | .points[0].id')
    done
    echo "$id"
}
alone=(--storage-only --yes)

refused R010 promote erp --to rome "${alone[@]}"
expect 0 adopt --all
expect 0 observe

# ---- replication itself
expect 0 sync erp db --yes
expect 0 suspend erp --yes
is erp exposed
again suspend erp --yes
refused R018 sync erp --yes
refused R018 promote erp --to rome "${alone[@]}"
expect 0 resume erp --yes
again resume erp --yes
is erp protected

# ---- a drill
expect 0 drill start erp --yes
is erp testing
refused R041 drill start erp --yes
expect 0 drill promote erp --yes
expect 0 drill clean erp --yes
again drill clean erp --yes
refused R042 drill promote erp --yes
is erp protected

# ---- a drill on an older state
p=$(point erp)
refused R046 drill start erp --point nobody-made-it --yes
case $out in *"$p"*) ;; *) fail "drill start: $p is not among the nearest in: $out" ;; esac
expect 0 drill start erp --point "$p" --yes
[ "$(in_site "$work" -o json show record erp | jq -r .record.drill.point)" = "$p" ] || fail "drill: not of point $p"
expect 0 drill clean erp --yes
expect 2 promote erp --to rome --point "$p" "${alone[@]}"
expect 2 promote erp --to rome --within 60s --point "$p" "${alone[@]}"

# ---- demoted, and serving again
expect 0 demote erp --at milan "${alone[@]}"
again demote erp --at milan "${alone[@]}"
is erp fenced
refused R020 reprotect erp "${alone[@]}"
expect 0 promote erp --to milan "${alone[@]}"
again promote erp --to milan "${alone[@]}"
is erp protected

# ---- there and back
expect 0 promote --all --to rome "${alone[@]}"
expect 0 failback --all "${alone[@]}"
again failback --all --only erp,db "${alone[@]}"

# ---- a site lost, back, overwritten, and everything home again
lose_milan "$work"
refused R015 promote --all --to rome "${alone[@]}"
refused R021 promote --all --to rome --unplanned --accept-loss unknown "${alone[@]}"
refused R024 promote --all --to rome --unplanned --declare site-lost:milan --reason test "${alone[@]}"
expect 0 promote --all --to rome --unplanned --declare site-lost:milan --reason test --accept-loss unknown "${alone[@]}"
refused R015 reprotect --all "${alone[@]}"
expect 5 guard --site milan --once
"$sim" site "$work/world.json" milan up >/dev/null

# ---- what came back is writable there, until the guard looks
access() {
    local got tries=0
    # On a busy machine an array may not answer in the second it has here: that is no access, it is none seen.
    while got=$(in_site "$work" -o json status erp | jq -r '.groups[0].copies[] | select(.site == "milan") | .access'); do
        tries=$((tries + 1))
        [ "$got" = unknown ] && [ "$tries" -lt 20 ] || break
    done
    echo "$got"
}
[ "$(access)" = read-write ] || fail "milan: erp is $(access) before the guard"
expect 2 guard --once
expect 2 guard --site milano --once
guarded=$(in_site "$work" -o json guard --site milan --once)
[ "$(jq -r '"\(.exit) \(.polls) \([.acted[].group] | unique | length)"' <<<"$guarded")" = "0 1 3" ] || fail "guard: $guarded"
[ "$(jq .window_ms <<<"$guarded")" -ge 0 ] || fail "guard: no window: $guarded"
[ "$(access)" = read-only ] || fail "milan: erp is $(access) after the guard"
[ "$(in_site "$work" -o json show record erp | jq -r '"\(.record.old_copy) \(.record.site_hold[])"')" = "diverged milan" ] || fail "the record does not tell"
refused R045 drill start erp --yes
expect 0 guard --site milan --once
case $out in *"nothing had to be held back"*) ;; *) fail "guard again: $out" ;; esac

# ---- it stays, as a service would, and is in nobody's way
"$drstor" --config "$work/drstor.yaml" -o json guard --site milan --interval 1s >"$work/guard.out" 2>"$work/err" &
guard=$!
pids="$pids $guard"
refused R024 reprotect erp "${alone[@]}"
expect 0 reprotect --all --accept-loss unknown "${alone[@]}"
again reprotect --all "${alone[@]}"
is erp protected
expect 0 failback erp db "${alone[@]}"
kill "$guard"
wait "$guard" || fail "the guard ended with $?: $(cat "$work/guard.out" "$work/err")"
[ "$(jq '.acted | length' <"$work/guard.out")" = 0 ] || fail "the guard touched what was done on purpose: $(cat "$work/guard.out")"

# ---- a run that cannot end, given up: the old primary serves again
"$sim" fault "$work/world.json" add refuse --op sync_once --array sim-rome --group erp_r >/dev/null
expect 4 promote erp --to rome "${alone[@]}"
run=$(in_site "$work" -o json run list | jq -r '[.runs[] | select(.open)][0].run')
refused R013 promote erp --to rome "${alone[@]}"
"$sim" fault "$work/world.json" clear >/dev/null
expect 0 run abort "$run"
is erp protected
expect 0 run report "$run"

# ---- the site goes while it still answers
in_site "$work" -o jsonl promote erp --to rome --within 60s --accept-loss unknown "${alone[@]}" >"$work/events" 2>"$work/err" &
victim=$!
tail --pid="$victim" -n +1 -f "$work/events" 2>/dev/null | while read -r line; do
    case $line in *'"step":"demote:erp"'*'"state":"done"'*) "$sim" site "$work/world.json" milan dead >/dev/null ;; esac
done
wait "$victim" || fail "within: $(tail -n 3 "$work/events" "$work/err")"
[ "$(in_site "$work" -o json show record erp | jq -r .record.primary)" = rome ] || fail "within: not at rome"

# ---- lost, and promoted from an older state
p=$(point db)
older=(promote db --to rome --unplanned --declare site-lost:milan --reason test "${alone[@]}")
refused R046 "${older[@]}" --accept-loss unknown --point nobody-made-it
refused R024 "${older[@]}" --accept-loss 0s --point "$p"
expect 0 "${older[@]}" --accept-loss 1h --point "$p"
again "${older[@]}" --accept-loss 1h --point "$p"
refused R046 "${older[@]}" --accept-loss 1h --point "$p-not"
[ "$(in_site "$work" -o json show record db | jq -r '"\(.record.primary) \(.record.left.point)"')" = "rome $p" ] || fail "db: not at point $p"

# ---- the journal: proven here, exported, proven there; by the head an act printed; altered, and found
head=$(in_site "$work" -o json adopt --all | jq -r '"\(.journal.seq):\(.journal.hash)"')
expect 0 journal verify
expect 0 journal verify --head "$head"
expect 6 journal verify --head "${head%%:*}:$(printf 'ab%.0s' {1..32})"
expect 0 journal export -O "$work/journal.jsonl"
expect 0 journal verify "$work/journal.jsonl" --head "$head"
sed '/"table":"audit"/s/intent/intend/' "$work/journal.jsonl" >"$work/altered.jsonl"
expect 6 journal verify "$work/altered.jsonl"
sed '$d' "$work/journal.jsonl" >"$work/cut.jsonl"
expect 6 journal verify "$work/cut.jsonl"
"$sim" violations "$work/world.json" >"$work/violations" || { cat "$work/violations"; fail "violations"; }
echo "figure operations_asked $done_n of $done_n"
