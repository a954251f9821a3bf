#!/bin/bash
# Verbs that only look change nothing: shown by the counters of arrays and engines.
. "$(dirname "$0")/lib.sh"
demo_site "$work"
in_site "$work" -q adopt --all >/dev/null
before=$("$sim" show "$work/world.json" | jq '[.arrays[].counters.calls] | add')
in_site "$work" status >/dev/null
in_site "$work" observe >/dev/null
in_site "$work" plan promote --all --to rome --storage-only >/dev/null
in_site "$work" plan promote --all --to rome >/dev/null # all of them with their VMs
in_site "$work" promote --all --to rome --storage-only --dry-run >/dev/null
in_site "$work" show group erp >/dev/null
in_site "$work" show engine rome >/dev/null
in_site "$work" run list >/dev/null
in_site "$work" config check >/dev/null
in_site "$work" plugin list >/dev/null
in_site "$work" plugin info simulated >/dev/null
shown=$(in_site "$work" trust show -o json | jq -r '.endpoints[] | "\(.kind) \(.state)"' | sort -u)
[ "$shown" = "engine known" ] || fail "trust show: $shown"
after=$("$sim" show "$work/world.json" | jq '[.arrays[].counters.calls] | add')
[ "$after" -gt "$before" ] || fail "nothing was asked at all"
mutations=$("$sim" show "$work/world.json" | jq '[.arrays[].counters.mutating] | add')
mutations=$((mutations + $("$emuctl" "$work/milan.ctl" counters | jq .counters.mutating)))
mutations=$((mutations + $("$emuctl" "$work/rome.ctl" counters | jq .counters.mutating)))
echo "figure readonly_mutations $mutations"
[ "$mutations" = 0 ]
