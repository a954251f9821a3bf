#!/bin/bash
# The contract's promises, asked of simulated arrays: an asynchronous group and a synchronous one.
set -o pipefail
. "$(dirname "$0")/../e2e/lib.sh"
demo_site "$work"
bad=0
for group in erp db; do
    "$bin/tests/contract/contract" "$work/drstor.yaml" "$group" milan | sed "s/^figure contract_simulated/&_$group/" || bad=1
done
[ "$bad" = 0 ] || fail "a promise was not kept"
