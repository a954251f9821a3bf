#!/bin/bash
# Hooks are programs: what they are given, what they are not, and what follows from how they end.
. "$(dirname "$0")/lib.sh"
dir=$work/site
mkdir "$dir"
demo_site "$dir"
mkdir -m 0755 "$dir/hooks"
cat >"$dir/hooks/note" <<EOF
#!/bin/sh
echo "\$DRSTOR_WHEN \$DRSTOR_STEP of \$DRSTOR_GROUP, \$DRSTOR_FROM to \$DRSTOR_TO, \$# arguments: \$1" >>"$dir/noted"
env >"$dir/env"
cat >"$dir/input"
echo "noted it"
EOF
cat >"$dir/hooks/no" <<EOF
#!/bin/sh
echo "asking the name server"
echo "it said no" >&2
[ -e "$dir/yes" ]
EOF
chmod 0755 "$dir/hooks/note" "$dir/hooks/no"
hooks="  hooks:
    - { before: drain, run: [$dir/hooks/note, 'a \$(touch $dir/shell) b'] }
    - { after: start, run: [$dir/hooks/no], on_failure: block }"
grep -q '^rhv:' "$dir/drstor.yaml" || fail "the site has no rhv"
awk -v hooks="$hooks" '{ print } /^rhv:/ { print hooks }' "$dir/drstor.yaml" >"$dir/new"
cat "$dir/new" >"$dir/drstor.yaml"

in_site "$dir" -q adopt --all >/dev/null
in_site "$dir" -q observe >/dev/null
in_site "$dir" plan promote --all --to rome >"$dir/plan"
grep -q "before drain: $dir/hooks/note" "$dir/plan" || { cat "$dir/plan"; fail "the plan does not show its hooks"; }

# One that cannot be run is refused before anything is touched.
chmod 0644 "$dir/hooks/note"
code=0
in_site "$dir" -q promote --all --to rome --yes >"$dir/out" 2>&1 || code=$?
[ "$code" = 2 ] || { cat "$dir/out"; fail "a hook that cannot be run: exit $code"; }
[ ! -e "$dir/noted" ] || fail "something ran"
chmod 0755 "$dir/hooks/note"

code=0
SECRET_OF_OURS=1 in_site "$dir" -q promote --all --to rome --yes >"$dir/out" 2>&1 || code=$?
[ "$code" = 4 ] || { cat "$dir/out"; fail "a hook that blocks: exit $code"; }
grep -q "it said no" "$dir/out" || { cat "$dir/out"; fail "nobody is told what it said"; }
[ "$(wc -l <"$dir/noted")" = 3 ] || { cat "$dir/noted"; fail "not once for each group"; }
grep -q '^before drain of erp, milan to rome, 1 arguments: a \$(touch .*) b$' "$dir/noted" || { cat "$dir/noted"; fail "what it was told"; }
[ ! -e "$dir/shell" ] || fail "a shell has read the arguments"
! grep -q SECRET_OF_OURS "$dir/env" || fail "it was given our environment"
[ ! -s "$dir/input" ] || fail "it was given something to read"

touch "$dir/yes"
in_site "$dir" -q run resume >"$dir/out" 2>&1 || { cat "$dir/out"; fail "the resume"; }
all_at_rome "$dir" || fail "not all of it is at rome"
run=$(in_site "$dir" -o json run list | jq -r '.runs[0].run')
in_site "$dir" -o json run report "$run" >"$dir/report"
jq -e '[.hooks[] | select(.state == "done")] | length == 6' "$dir/report" >/dev/null || { jq .hooks "$dir/report"; fail "the report"; }
jq -e '[.hooks[] | select(.where | startswith("after start")) | .attempts] | max == 2' "$dir/report" >/dev/null || fail "how often they ran"
in_site "$dir" run report "$run" --html "$dir/report.html" >/dev/null
grep -q 'id="hooks"' "$dir/report.html" || fail "the page does not show them"
echo "figure hooks_as_programs 1 of 1"
