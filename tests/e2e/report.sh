#!/bin/bash
# A site is lost, everything is promoted, and the page of that run answers by itself: since when the
# site was gone, who decided what on which evidence, what was lost, which VM runs again since when.
. "$(dirname "$0")/lib.sh"
for tool in xmllint tidy; do
    command -v "$tool" >/dev/null || { echo "skipped: there is no $tool"; exit 77; }
done
check=$root/tests/unit/report/html_check.sh
demo_site "$work"
in_site "$work" -q adopt --all >/dev/null
demo_replicated "$work"
in_site "$work" -q observe >/dev/null
lose_milan "$work"
for _ in {1..100}; do
    in_site "$work" -q -o json "${promote_lost[@]}" >"$work/act.json" 2>/dev/null && break
    read -rt 0.2 <> <(:) || : # the silence is not old enough yet
done
run=$(jq -r .run "$work/act.json")
in_site "$work" -o json run report "$run" --html "$work/run.html" >"$work/run.json" || fail "the report of $run"
[ "$(jq -r .result "$work/run.json")" = done ] || fail "the promotion: $(cat "$work/act.json")"
[ "$(jq '[.vms[] | select(.started_at and .rto_s and .rto_outage_s)] | length' "$work/run.json")" = 12 ] || fail "12 VMs have no times of their own"
[ "$(jq '[.by_group[] | select(.outage and .service_at and .writable_at)] | length' "$work/run.json")" = 3 ] || fail "3 groups have no times of their own"
jq -e '.rto_s == ([.by_group[].rto_s] | max)' "$work/run.json" >/dev/null || fail "the run is not as late as its last group"
bash "$check" "$work/run.json" "$work/run.html"

answers=$(xmllint --xpath 'normalize-space(//dl[@id="answers"])' "$work/run.html")
for words in "The last sign of life of milan is of" "decided the unplanned promote of" "The reason given: “test”" \
    "E6 (a named person declares the site lost) for 3 groups" "At most the last" "12 of 12 VMs run at rome"; do
    case $answers in *"$words"*) ;; *) fail "no \"$words\" in: $answers" ;; esac
done

# The site comes back, is looked at, everything goes home: the report of that night stays what it was.
"$sim" site "$work/world.json" milan up >/dev/null
in_site "$work" -q observe >/dev/null
in_site "$work" -q reprotect --all --storage-only --accept-loss unknown --yes >/dev/null
in_site "$work" -o json run report "$run" >"$work/later.json"
diff <(jq -S . "$work/run.json") <(jq -S . "$work/later.json") || fail "the report changed afterwards"

# What is in the way stays.
mkdir "$work/taken"
in_site "$work" -q run report "$run" --html "$work/taken" >/dev/null 2>&1 && fail "a directory gave way"
[ -d "$work/taken" ] || fail "the directory is gone"
ls "$work"/*.html.* >/dev/null 2>&1 && fail "something half written is left"
in_site "$work" run report "$run" --html - | cmp -n "$(($(wc -c <"$work/run.html") - 1))" - "$work/run.html" || fail "stdout got another page"
