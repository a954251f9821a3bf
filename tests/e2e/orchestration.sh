#!/bin/bash
# A program that only knows libdrstor moves every group.
. "$(dirname "$0")/lib.sh"
demo_site "$work"
"$bin/tests/library/orchestrate" "$work/drstor.yaml" rome || fail "the orchestration program"
[ "$("$sim" violations "$work/world.json" | tail -n 1)" = "total 0" ] || fail "violations"
