#!/bin/bash
# Every operation from the command line in five ways: as it should go; refused, and nothing was sent;
# its process dies right after a call was sent; the reply of that call is lost; it stops in the
# middle and is resumed. What a crash, a lost reply and a resume lead to is what the undisturbed one
# led to. operation_cases.sh BUILD [OPERATION...]
. "$(dirname "$0")/lib.sh"
shift
alone=(--storage-only --yes)
unknown=(--accept-loss unknown)

# ---- a site of two groups that anybody may copy: two arrays, no engine -----------------------------

member() { printf '{"id":"%s","wwid":"%s","bytes":1048576}' "$1" "$2"; }
copy() { # SITE GROUP-ID LUN MEMBERS
    printf '{"array":"sim-%s","id":"%s","exposed":%s,"host_groups":{"rhv-%s":{"protocol":"fcp","lun":%s,"target":"50:06:01:60:00:00:00:0%s"}},"members":[%s]}' \
        "$1" "$2" "$5" "$1" "$3" "${#1}" "$4"
}
make_site() {
    cat >"$1/spec.json" <<END
{"seed":7,"writes_per_s":20,"transfer_ms":20,"sites":{"milan":{},"rome":{}},
 "arrays":{"sim-milan":{"site":"milan","latency_ms":1,"settle_ms":100},"sim-rome":{"site":"rome","latency_ms":1,"settle_ms":100}},
 "groups":{
  "erp":{"mode":"async","period_s":1,"preferred":"milan","copies":[
    $(copy milan erp_m 10 "$(member erp_m_a a1),$(member erp_m_b a2)" true),
    $(copy rome erp_r 10 "$(member erp_r_a b1),$(member erp_r_b b2)" false)]},
  "mes":{"mode":"sync","topology":"active-active","preferred":"rome","arbiter":"ok","copies":[
    $(copy milan mes_m 20 "$(member mes_m_a c1)" true),$(copy rome mes_r 20 "$(member mes_r_a c1)" true)]},
  "lab":{"mode":"sync","topology":"active-active","preferred":"milan","arbiter":"absent","copies":[
    $(copy milan lab_m 30 "$(member lab_m_a d1)" true),$(copy rome lab_r 30 "$(member lab_r_a d1)" true)]}}}
END
    "$sim" create "$1/world.json" --from "$1/spec.json" >/dev/null
    cat >"$1/drstor.yaml" <<END
version: 1
state: { sqlite: state/state.db }
controller: { name: rome-1, site: rome, role: active }
plugin_dir: $bin/plugins
safety: { assert_min: 1s }
timeouts: { observe: 2s }
sites: { milan: {}, rome: {} }
arrays:
  sim-milan: { plugin: simulated, site: milan, world: world.json }
  sim-rome: { plugin: simulated, site: rome, world: world.json }
groups:
$(for g in erp:async:active-passive mes:sync:active-active lab:sync:active-active; do
        IFS=: read -r name mode topology <<<"$g"
        echo "  $name: { mode: $mode, topology: $topology, preferred: milan, copies: { milan: { array: sim-milan, id: ${name}_m, expose: [rhv-milan] }, rome: { array: sim-rome, id: ${name}_r, expose: [rhv-rome] } } }"
    done)
END
}
fate() { "$sim" site "$dir/world.json" "$1" "$2" >/dev/null; }
fault() { "$sim" fault "$dir/world.json" add "$@" >/dev/null; }
mended() { "$sim" fault "$dir/world.json" clear >/dev/null; }
# must WORDS...: what is not the case at hand has to work.
must() { in_site "$dir" -q "$@" >"$dir/must" 2>&1 || fail "$dir: drstor $*: $(cat "$dir/must")"; }

# ---- where an operation begins ----------------------------------------------------------------------

begin_fresh() { :; }
begin_steady() { must adopt --all; must observe; }
begin_moved() { begin_steady; must promote erp --to rome "${alone[@]}"; }
begin_demoted() { begin_steady; must demote erp --at milan "${alone[@]}"; }
begin_left() { # promoted at rome without milan, which is back, writable
    begin_steady
    fate milan dead
    must promote erp --to rome --unplanned --declare site-lost:milan --reason test "${unknown[@]}" "${alone[@]}"
    fate milan up
}
begin_back() { # and from there to milan again: rome is the one that was left, the direction is the first
    begin_left
    must demote erp --at milan "${alone[@]}"
    must promote erp --to milan --unplanned "${unknown[@]}" "${alone[@]}"
}
begin_paused() { begin_steady; must suspend erp --yes; }
begin_drill() { begin_steady; must drill start erp --yes; }
begin_parted() { # rome's leg stands still, because nobody may say that it goes on
    begin_steady
    fate milan dead
    must observe
}
begin_half() { # a planned move that stopped behind its demotion
    begin_steady
    fault refuse --op sync_once --array sim-rome --nth 2
    in_site "$dir" -q promote erp --to rome "${alone[@]}" >/dev/null 2>&1 && fail "$dir: a move that cannot end ended"
    mended
}
# place BEFORE: a copy of the site in that state is $dir.
place() {
    dir=$work/$op-$2
    cp -r "$work/at-$1" "$dir"
}

# ---- the operations ----------------------------------------------------------------------------------
# operation NAME BEFORE GROUP ARRAY CALL WORDS...: what it is on the command line, and the call at
# which it is disturbed. RUN among the words is the open run.
operation() {
    op=$1 before=$2 group=$3 array=$4 call=$5
    shift 5
    words=("$@")
}
# The words of now, of which some are known only in the place.
spoken() {
    [ -e "$dir/run" ] || in_site "$dir" -o json run list | jq -r '[.runs[] | select(.open)][0].run' >"$dir/run"
    said=("${words[@]/#RUN/$(cat "$dir/run")}")
}
choose() {
    case $1 in
    switchover) operation "$1" steady erp sim-rome set_access promote erp --to rome "${alone[@]}" ;;
    promote) operation "$1" steady erp sim-rome set_access promote erp --to rome --unplanned "${unknown[@]}" "${alone[@]}" ;;
    serve) operation "$1" demoted erp sim-milan set_access promote erp --to milan "${alone[@]}" ;;
    survivor) operation "$1" parted lab sim-rome force_access promote lab --to rome --unplanned --declare site-lost:milan --reason test "${unknown[@]}" "${alone[@]}" ;;
    demote) operation "$1" steady erp sim-milan set_access demote erp --at milan "${alone[@]}" ;;
    reprotect) operation "$1" left erp sim-milan resync reprotect erp "${unknown[@]}" "${alone[@]}" ;;
    failback) operation "$1" moved erp sim-milan set_access failback erp "${alone[@]}" ;;
    resync) operation "$1" back erp sim-rome resync reprotect erp "${unknown[@]}" "${alone[@]}" ;;
    suspend) operation "$1" steady erp sim-rome suspend suspend erp --yes ;;
    resume) operation "$1" paused erp sim-rome resume resume erp --yes ;;
    sync) operation "$1" steady erp sim-rome sync_once sync erp --yes ;;
    drill-start) operation "$1" steady erp sim-rome test_start drill start erp --yes ;;
    drill-promote) operation "$1" drill erp sim-rome observe drill promote erp --yes ;;
    drill-clean) operation "$1" drill erp sim-rome test_stop drill clean erp --yes ;;
    guard) operation "$1" left erp sim-milan set_access guard --site milan --once ;;
    verify) operation "$1" steady mes sim-milan verify_dual_write verify mes --probe ;;
    adopt) operation "$1" fresh erp sim-milan observe adopt erp ;;
    abort) operation "$1" half erp sim-milan set_access run abort RUN ;;
    *) return 1 ;;
    esac
}
operations=(switchover promote serve survivor demote reprotect failback resync suspend resume sync
    drill-start drill-promote drill-clean guard verify adopt abort)

# Takes the ground away from it: the rule it is then refused by, and what has to happen before.
ground() {
    case $op in
    switchover) rule=R018; must suspend erp --yes ;;
    promote) rule=R021; fate milan silent ;;
    serve | drill-clean) rule=R016; fate "$([ "$op" = serve ] && echo milan || echo rome)" silent ;;
    survivor) rule=R022; place steady refused-on; "$sim" link "$dir/world.json" down milan rome >/dev/null; rule=R039 ;;
    demote) rule=R015; fate milan silent ;;
    reprotect) rule=R020; must demote erp --at rome "${alone[@]}" ;;
    failback) rule=R015; fate rome silent ;;
    resync) rule=R024; words=(reprotect erp "${alone[@]}") ;;
    suspend) rule=R033; place left refused-on ;;
    resume) rule=R016; fate rome silent ;;
    sync) rule=R018; must suspend erp --yes ;;
    drill-start) rule=R041; must drill start erp --yes ;;
    drill-promote) rule=R042; must drill clean erp --yes ;;
    guard) rule='has no record'; rm -r "$dir/state" ;;
    verify) rule=dual-unverified; "$sim" link "$dir/world.json" down milan rome >/dev/null ;;
    adopt) rule=R037; fate milan silent ;;
    abort) rule=R031; spoken; words=("${said[@]}"); sed -i 's/role: active/role: standby/' "$dir/drstor.yaml" ;;
    esac
}

# ---- what it leads to ---------------------------------------------------------------------------------

mutations() { "$sim" counters "$dir/world.json" | awk '{ for (i = 1; i < NF; i++) if ($i == "mutating") n += $(i + 1) } END { print n + 0 }'; }
# Roles, relation and record as they stand; ids of runs and moments left out.
stands() {
    in_site "$dir" -o json status "$group" | jq -c '.groups[0] | [.condition, .primary, [.copies[] | [.site, .access]]]'
    in_site "$dir" -o json show record "$group" 2>/dev/null | jq -c '.record | [.phase, .old_copy, .site_hold, .drill.name != null]'
    "$sim" show "$dir/world.json" | jq -c --arg g "$group" '.groups[$g].copies | map([.array, .relation, [.members[] | [.access, .exposed]]])'
    in_site "$dir" -o json run list | jq -c '[.runs[] | select(.open)] | length'
    "$sim" violations "$dir/world.json" || :
}
does() {
    got=0
    spoken
    in_site "$dir" -q "${said[@]}" >"$dir/out" 2>&1 || got=$?
}
said_so() { tail -n 4 "$dir/out" | tr '\n' ' '; }
# wants CODE...: how it ended.
wants() {
    for code in "$@"; do [ "$got" != "$code" ] || return 0; done
    fail "$op, $case: drstor ${said[*]} ended with $got, not $*: $(said_so)"
}
same() {
    stands >"$dir/stands"
    diff "$work/$op-happy/stands" "$dir/stands" >"$dir/diff" || fail "$op, $case: it does not stand as after an undisturbed one: $(cat "$dir/diff")"
}
# disturb KIND TIMES
disturb() {
    local only=()
    # What a drill starts from is read at its clone, and nowhere else is it disturbed.
    [ "$op" != drill-promote ] || only=(--group "$(in_site "$dir" -o json show record erp | jq -r .record.drill.name)")
    fault "$1" --op "$call" --array "$array" --times "$2" "${only[@]}"
}
# Whoever comes next: goes on with what is open; where nothing is kept of it, it is asked again.
goes_on() {
    mended
    in_site "$dir" -q run resume >"$dir/out" 2>&1 || { got=$?; said=(run resume); wants 0; }
    case $op in guard | verify | adopt | abort) does; wants 0 ;; esac
    same
}

case_happy() {
    does
    wants 0
    stands >"$dir/stands"
}
case_refused() {
    ground
    local before_n
    before_n=$(mutations)
    does
    wants 3 6 "$([ "$op" != guard ] || echo 5)"
    grep -q "$rule" "$dir/out" || fail "$op, refused: no $rule in: $(said_so)"
    [ "$(mutations)" = "$before_n" ] || fail "$op, refused: something was sent"
}
case_crash() {
    disturb crash 1
    does
    wants 137
    goes_on
}
case_lost() {
    disturb lost-after 1
    does
    # What is only read and never changed may be asked once more, or be unknown.
    case $op in verify | adopt) wants 0 3 5 6; goes_on ;; *) wants 0; same ;; esac
}
case_resume() {
    disturb refuse 0
    [ "$op" != guard ] || fault refuse --op withdraw --array "$array" # or it is hidden instead
    does
    case $op in verify | adopt) wants 3 4 6 ;; *) wants 3 4 5 ;; esac
    goes_on
}

# Nothing of the table is forgotten: it is printed into the documents from the data the code runs.
while read -r row; do
    case " ${operations[*]} " in *" ${row// /-} "*) ;; *) fail "$row is in the table, and has no case here" ;; esac
done < <(sed -nE 's/^\*\*([a-z ]+)\*\* needs:.*/\1/p' "$root/docs/safety.md")

befores=(fresh steady moved demoted left back paused drill parted half)
for at in "${befores[@]}"; do
    (dir=$work/at-$at && mkdir "$dir" && make_site "$dir" && "begin_$at" && "$sim" violations "$dir/world.json" >/dev/null) &
done
for at in "${befores[@]}"; do wait -n || fail "a place to begin at"; done

[ $# -eq 0 ] || operations=("$@")
cases=(happy refused crash lost resume)
one_operation() {
    for case in "${cases[@]}"; do
        choose "$1"
        place "$before" "$case"
        if (trap - EXIT; "case_$case"); then
            echo good
        else
            echo "bad $1 $case"
            [ "$case" != happy ] || return 0
        fi
    done
}
running=0
for name in "${operations[@]}"; do
    (trap - EXIT; one_operation "$name") >"$work/result-$name" &
    running=$((running + 1))
    [ "$running" -lt 4 ] || { wait -n || :; running=$((running - 1)); }
done
wait
good=$(cat "$work"/result-* | grep -c '^good$' || :)
all=$((${#operations[@]} * ${#cases[@]}))
grep -h '^bad' "$work"/result-* || :
echo "figure operations_cases $good of $all"
[ "$good" = "$all" ]
