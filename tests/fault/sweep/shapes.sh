#!/bin/sh
# shapes.sh TEST_GOLDEN TEST_SWEEP: the sweep plays every plan shape that there is a golden plan of.
set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
"$1" --shapes >"$dir/golden.out"
"$2" --shapes >"$dir/sweep.out" 2>"$dir/sweep.err" || { cat "$dir/sweep.err"; exit 1; }
grep '^shape ' "$dir/golden.out" | sort -u >"$dir/golden"
grep '^shape ' "$dir/sweep.out" | sort -u >"$dir/sweep"
n=$(wc -l <"$dir/golden")
comm -23 "$dir/golden" "$dir/sweep" >"$dir/missing"
sed 's/^/not swept: /' "$dir/missing"
echo "figure plan_shapes_swept $((n - $(wc -l <"$dir/missing"))) of $n"
[ "$n" -gt 15 ] && [ ! -s "$dir/missing" ]
