#!/bin/bash
# Whatever is wrong gets a sentence and the right exit code, and changes nothing.
. "$(dirname "$0")/lib.sh"
demo_site "$work"
in_site "$work" -q adopt --all >/dev/null
cp "$work/drstor.yaml" "$work/good.yaml"
cp -a "$work/state/state.db" "$work/good.db"
ok=0 all=0
lines=$(wc -l <"$work/world.json.log" 2>/dev/null || echo 0)

# case NAME EXIT WORD COMMAND...: with $work/drstor.yaml as it is now.
check() {
    local name=$1 want=$2 word=$3 got=0
    shift 3
    all=$((all + 1))
    in_site "$work" "$@" >"$work/out" 2>&1 </dev/null || got=$?
    if [ "$got" != "$want" ]; then
        echo "$name: exit $got, not $want:" >&2
        cat "$work/out" >&2
    elif ! grep -qiE -- "$word" "$work/out"; then
        echo "$name: does not say /$word/:" >&2
        cat "$work/out" >&2
    else
        ok=$((ok + 1))
    fi
    cp "$work/good.yaml" "$work/drstor.yaml"
}
edit() { sed -i "$1" "$work/drstor.yaml"; }

promote=(promote erp --to rome --storage-only --yes)
edit 's/rpo: 5m/rop: 5m/'
check "unknown key" 2 'drstor.yaml:[0-9]+:[0-9]+.*rop.*did you mean.*rpo' "${promote[@]}"
edit 's/^  db:$/  erp:/'
check "duplicate group" 2 'erp' "${promote[@]}"
edit 's#secrets/engine-rome#secrets/nobody#'
check "missing secret" 2 'secrets/nobody' "${promote[@]}"
cp -p "$work/secrets/engine-rome" "$work/right"
printf wrong >"$work/secrets/engine-rome"
check "wrong password, promote" 9 'R027.*does not log in user drstor@internal.*incorrect' promote erp --to rome --yes
check "wrong password, status" 6 'engine of rome, which would run its VMs, cannot be used' status --exit-code
cp -p "$work/right" "$work/secrets/engine-rome"
chmod 644 "$work/secrets/engine-rome"
check "secret readable by others" 2 'chmod 600' "${promote[@]}"
chmod 600 "$work/secrets/engine-rome"
edit 's/password: { file: secrets.engine-rome }/password: hunter2-in-the-open/'
check "clear-text password" 2 'clear-text' "${promote[@]}"
grep -q hunter2 "$work/out" && { echo "the password is shown" >&2; ok=-1000; }
check "unknown group" 2 'did you mean.*erp' promote epr --to rome --yes
check "unknown site" 2 'did you mean.*rome' promote erp --to rom --yes
check "unknown verb" 2 'did you mean' promte erp --to rome
edit "s#:$(cat "$work/milan.ready")/#:1/#"
check "VMs nobody can see" 3 'R019.*engine' promote erp --to rome --yes
check "declaration without reason" 2 'reason' promote erp --to rome --unplanned --declare site-lost:milan --yes
check "declaration of the target" 2 'rome' promote erp --to rome --unplanned --declare site-lost:rome --reason x --yes
check "no question without a terminal" 3 '--yes' promote erp --to rome --storage-only

port=$(cat "$work/rome.ready")
edit "s#:$port/#:1/#"
check "unreachable engine" 3 'R027' promote erp --to rome --unplanned --declare site-lost:milan --reason x --yes
edit "s#:$port/#:1/#"
check "unreachable engine, looked at" 0 'unknown|no answer|cannot be reached' status
cp "$work/secrets/engine-rome" "$work/secrets/kept"
printf wrong-password >"$work/secrets/engine-rome"
check "wrong password" 9 'password|log in|credentials|R027' promote erp --to rome --unplanned --declare site-lost:milan --reason x --yes
cp "$work/secrets/kept" "$work/secrets/engine-rome"
"$root/tests/support/make-ca.sh" "$work/other" x 127.0.0.1
edit 's#password: { file: secrets/engine-rome }, ca: pki/ca.pem#password: { file: secrets/engine-rome }, ca: other/ca.pem#'
check "wrong CA" 9 'certificate|CA' promote erp --to rome --unplanned --declare site-lost:milan --reason x --yes

plugins=$work/plugins
fresh_plugins() {
    rm -rf "$plugins"
    mkdir -m 755 "$plugins"
    cp "$bin/plugins/drstor_simulated.so" "$plugins/"
    edit "s#^plugin_dir: .*#plugin_dir: $plugins#"
}
fresh_plugins
echo "this is a text" >"$plugins/drstor_simulated.so"
check "plugin is a text" 2 'drstor_simulated.so' "${promote[@]}"
fresh_plugins
chmod 666 "$plugins/drstor_simulated.so"
check "plugin writable by others" 2 'written by others|writable' "${promote[@]}"
fresh_plugins
rm "$plugins/drstor_simulated.so"
check "no plugin" 2 'simulated' "${promote[@]}"
for old in "$bin"/tests/support/plugins/*api*.so; do
    [ -e "$old" ] || continue
    fresh_plugins
    cp "$old" "$plugins/drstor_simulated.so"
    check "plugin of another API ($(basename "$old"))" 2 'API' "${promote[@]}"
    break
done
for cut in 0 100 4096 20000; do
    head -c "$cut" "$work/good.db" >"$work/state/state.db"
    rm -f "$work/state/state.db-journal"
    check "state database of $cut bytes" 3 'R090' "${promote[@]}"
    check "state database of $cut bytes, looked at" 0 'unknown|unadopted|blocked' status
done
cp -a "$work/good.db" "$work/state/state.db"
check "after all that" 0 'erp' plan promote erp --to rome --storage-only

mutations=$("$sim" show "$work/world.json" | jq '[.arrays[].counters.mutating] | add')
[ "$mutations" = 0 ] || { echo "$mutations mutating calls were made" >&2; ok=-1000; }
echo "figure bad_input $ok of $all"
[ "$ok" = "$all" ]
