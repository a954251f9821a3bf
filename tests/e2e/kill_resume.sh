#!/bin/bash
# SIGKILL of a promotion at a random moment, then `run resume`: every one ends with everything at the
# other site, no pair writable twice, no VM started twice. kill_resume.sh BUILD [COUNT [SEED]]
. "$(dirname "$0")/lib.sh"
count=${2:-50}
RANDOM=${3:-7}

# How long one takes that nobody disturbs: the span the moments are drawn from.
mkdir "$work/whole"
demo_site "$work/whole"
in_site "$work/whole" -q adopt --all >/dev/null
in_site "$work/whole" -q observe >/dev/null
lose_milan "$work/whole"
begin=$(date +%s%N)
in_site "$work/whole" -q "${promote_lost[@]}" >/dev/null
span_ms=$((($(date +%s%N) - begin) / 1000000))
all_at_rome "$work/whole" || fail "an undisturbed promotion"
stop_engines

one() {
    local n=$1 delay_ms=$2 dir=$work/$1
    mkdir "$dir"
    demo_site "$dir"
    in_site "$dir" -q adopt --all >/dev/null
    in_site "$dir" -q observe >/dev/null
    lose_milan "$dir"
    "$drstor" --config "$dir/drstor.yaml" "${promote_lost[@]}" >"$dir/out" 2>&1 &
    local victim=$!
    read -rt "$(printf '%d.%03d' $((delay_ms / 1000)) $((delay_ms % 1000)))" <> <(:) || :
    kill -KILL "$victim" 2>/dev/null || :
    wait "$victim" 2>/dev/null || :
    local result
    in_site "$dir" -o json -q run resume >"$dir/resumed" 2>"$dir/err" || { cat "$dir/out" "$dir/err" "$dir/resumed" >&2; echo "resume failed after $delay_ms ms"; return 1; }
    result=$(jq -r .result "$dir/resumed")
    if [ "$result" = nothing-to-do ]; then
        # It died before its first record, or had ended: then this does it, or says so.
        in_site "$dir" -o json -q "${promote_lost[@]}" >"$dir/again" 2>"$dir/err" || { cat "$dir/out" "$dir/err" "$dir/again" >&2; echo "promoting again failed after $delay_ms ms"; return 1; }
    fi
    all_at_rome "$dir" >&2 || { cat "$dir/out" "$dir/resumed" >&2; echo "killed after $delay_ms ms: $result"; return 1; }
    stop_engines
    rm -rf "$dir"
}

ok=0 running=0
declare -A result
for ((n = 1; n <= count; n++)); do
    delay=$((RANDOM * (span_ms + 200) / 32768))
    (
        pids=
        trap 'stop_engines' EXIT
        one "$n" "$delay"
    ) &
    result[$!]=$n
    running=$((running + 1))
    if [ "$running" -ge "$(nproc)" ]; then
        if wait -n; then ok=$((ok + 1)); fi
        running=$((running - 1))
    fi
done
while [ "$running" -gt 0 ]; do
    if wait -n; then ok=$((ok + 1)); fi
    running=$((running - 1))
done
echo "figure kill_resume_ok $ok of $count"
[ "$ok" = "$count" ]
