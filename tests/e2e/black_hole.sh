#!/bin/bash
# The lost site's packets are dropped, not refused: in a network namespace of its own, with a counter
# on every packet to that site. Nothing waits for it longer than it may, nothing contacts it after the
# commit.
if [ "${DRSTOR_IN_NAMESPACE:-}" != yes ]; then
    [ "$(id -u)" = 0 ] || { echo "needs root for a network namespace"; exit 77; }
    name=drstor-hole-$$
    ip netns add "$name"
    trap 'ip netns del "$name"' EXIT
    ip -n "$name" link set lo up
    ip -n "$name" addr add 10.77.1.1/32 dev lo
    ip -n "$name" addr add 10.77.2.1/32 dev lo
    DRSTOR_IN_NAMESPACE=yes ip netns exec "$name" bash "$0" "$@"
    exit
fi
. "$(dirname "$0")/lib.sh"
export DEMO_ADDRESS_milan=10.77.1.1 DEMO_ADDRESS_rome=10.77.2.1 DEMO_OBSERVE=2s DEMO_ASSERT_MIN=3s
demo_site "$work"
in_site "$work" -q adopt --all >/dev/null
in_site "$work" -q observe >/dev/null
nft -f - <<'END'
table inet hole {
    counter lost { }
    chain out {
        type filter hook output priority 0;
        ip daddr 10.77.1.1 counter name lost drop
    }
}
END
packets() { nft -j list counter inet hole lost | jq '.nftables[] | select(.counter) | .counter.packets'; }
"$sim" site "$work/world.json" milan dead >/dev/null
before=$(packets)
: >"$work/events" # there before anybody reads it
: >"$work/at_commit"
"$drstor" --config "$work/drstor.yaml" -o jsonl "${promote_lost[@]}" >"$work/events" 2>"$work/err" &
victim=$!
tail --pid="$victim" -n +1 -f "$work/events" | while read -r line; do
    case $line in *'"state":"committed"'*) packets >>"$work/at_commit" ;; esac
done
wait "$victim" || { cat "$work/events" "$work/err" >&2; fail "the promotion"; }
all_at_rome "$work" || fail "the end"
end=$(packets)
first=$(head -n 1 "$work/at_commit")
echo "packets to milan: $before before, $first at the first commit, $end at the end"
[ "$first" -gt "$before" ] || fail "milan was not even asked"
[ "$end" = "$first" ] || fail "milan was contacted after the commit"
# From the run's first event to its last commit: not more than the observe deadline or assert_min.
waited=$(jq -s '[.[] | select(.state == "committed") | .elapsed_s] | max' "$work/events")
echo "figure black_hole_commit_wait_s $waited s"
echo "figure black_hole_packets_after_commit $((end - first))"
