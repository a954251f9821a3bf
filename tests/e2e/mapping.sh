#!/bin/bash
# The mapping and readiness, from the command line against two engines and two arrays: what is wrong is told with
# its place, what is proposed can be loaded, what is mapped arrives at the other engine, and nobody is asked to
# change anything.
. "$(dirname "$0")/lib.sh"
export DAYS=90 # certificates that end in two days would be a finding of their own
cat >"$work/vars.yml" <<END
dr_cluster_mappings:
  - { primary_name: production, secondary_name: standby }
dr_affinity_group_mappings:
  - { primary_name: apart, secondary_name: apart-dr }
dr_network_mappings:
  - { primary_network_name: prod, primary_profile_name: prod, secondary_network_name: prod, secondary_profile_name: prod }
dr_lun_mappings:
  - { primary_logical_unit_id: 3600a1, primary_storage_type: fcp, secondary_logical_unit_id: 3600b1, secondary_storage_type: fcp }
END
# One VM uses a LUN by itself, and is in an affinity group; it is down, and stays down.
eval "$(declare -f demo_vms | sed '1s/demo_vms/plain_vms/')"
demo_vms() {
    plain_vms | jq -c 'map(if .name == "web1" then . + {status: "down", affinity_groups: ["apart"],
        disks: (.disks + [{id: "raw-1", name: "ledger", lun: {wwid: "3600a1", storage_type: "fcp"}}])} else . end)'
}
eval "$(declare -f demo_engine_config | sed '1s/demo_engine_config/plain_engine_config/')"
demo_engine_config() {
    local name=apart
    [ "$2" = milan ] || name=apart-dr
    plain_engine_config "$@" | jq --arg name "$name" '.clusters[0] += {affinitygroups: [{id: "ag-1", name: $name}],
        version: {major: 4, minor: 7}}'
}
demo_site "$work"
sed -i '/^rhv:/,$d' "$work/drstor.yaml"
printf 'rhv: { mapping: vars.yml }\n' >>"$work/drstor.yaml"

# open WORDS...: the ids of what is open and no advice, in a row.
checks() { in_site "$work" -o json check "$@" >"$work/out" || [ $? = 6 ] || fail "check $*"; }
open_checks() { jq -r '[.groups[].checks[], .checks[] | select(.ok != true and .advice != true) | .id] | unique | join(" ")' "$work/out"; }
findings() {
    in_site "$work" -o json rhv map check >"$work/out" || [ $? = 6 ] || fail "rhv map check"
    jq -r '[.findings[] | select(.advice != true) | .id] | unique | join(" ")' "$work/out"
}

checks
[ "$(open_checks)" = "C14 C20" ] || fail "nothing was adopted, and a LUN is not seen: $(open_checks)"
[ "$(findings)" = M18 ] || fail "the LUN that is mapped to is not seen: $(cat "$work/out")"
jq -r '.findings[] | select(.id == "M18") | .place' "$work/out" | grep -q '/vars.yml:8:5$' || fail "the place of the entry"
in_site "$work" rhv map check >"$work/text" && fail "exit 6"
grep -q 'vars.yml:8:5: wrong M18: no host at rome sees LUN 3600b1; show it' "$work/text" || fail "$(cat "$work/text")"
in_site "$work" explain M18 | grep -q '^M18: a mapped LUN is not seen' || fail "explain"
in_site "$work" -q adopt --all >/dev/null
checks erp
[ "$(jq -r '[.groups[].group] | join(" ")' "$work/out")" = erp ] || fail "only the group that was asked for"
sed -i 's/secondary_name: standby/secondary_name: stand-by/' "$work/vars.yml"
[ "$(findings)" = "M03 M18" ] || fail "a slip in the file: $(cat "$work/out")"
sed -i 's/secondary_name: stand-by/secondary_name: standby/' "$work/vars.yml"

# What is proposed can be loaded, and says where it has gaps.
in_site "$work" rhv map generate -O "$work/made.yml" 2>"$work/gaps" || fail "rhv map generate"
grep -q '^gap: the address and targets of storage domain db at rome' "$work/gaps" || fail "$(cat "$work/gaps")"
in_site "$work" rhv map generate -O "$work/made.yml" 2>/dev/null && fail "a file that is there is not overwritten"
cp "$work/vars.yml" "$work/vars.mine"
cp "$work/made.yml" "$work/vars.yml"
in_site "$work" config check >/dev/null || fail "the proposed mapping cannot be loaded"
[ "$(findings)" = M18 ] || fail "the proposed mapping: $(cat "$work/out")"
mv "$work/vars.mine" "$work/vars.yml"
sed '/^groups:/,$d' "$work/drstor.yaml" >"$work/bare.yaml"
"$drstor" -c "$work/bare.yaml" -q config generate -O "$work/whole.yaml" || fail "config generate"
"$drstor" -c "$work/whole.yaml" config check >/dev/null || fail "the proposed configuration cannot be loaded"
made=$("$drstor" -c "$work/whole.yaml" -o json status | jq -r '[.groups[] | .name + ":" + .mode] | sort | join(" ")')
[ "$made" = "db:sync erp:async web:sync" ] || fail "the groups that were found: $made"
"$drstor" -c "$work/drstor.yaml" config generate >/dev/null 2>&1 && fail "a configuration that has groups is not proposed anew"
"$drstor" rhv map import "$work/vars.yml" -O "$work/own.yaml" || fail "rhv map import"
grep -q '^        secondary_logical_unit_id: 3600b1$' "$work/own.yaml" || fail "$(cat "$work/own.yaml")"

mutations=$("$sim" show "$work/world.json" | jq '[.arrays[].counters.mutating] | add')
for site in milan rome; do mutations=$((mutations + $("$emuctl" "$work/$site.ctl" counters | jq .counters.mutating))); done
echo "figure mapping_mutations $mutations"
[ "$mutations" = 0 ] || fail "something was changed"

# An engine that does not answer: nothing is known to fit.
in_site "$work" -q observe >/dev/null
lose_milan "$work"
[ "$(findings)" = M01 ] || fail "an engine is silent: $(cat "$work/out")"
checks
[[ " $(open_checks) " == *" C01 C02 "* ]] || fail "an engine and an array are silent: $(open_checks)"

# What is mapped arrives: the LUN, the network, the affinity group; no partial import.
in_site "$work" -q "${promote_lost[@]}" >/dev/null || fail "the promote"
port=$(cat "$work/rome.ready")
api() { curl -sS --cacert "$work/pki/ca.pem" -H 'Accept: application/json' "$@"; }
token=$(api "https://127.0.0.1:$port/ovirt-engine/sso/oauth/token" --data-urlencode grant_type=password --data-urlencode scope=ovirt-app-api \
    --data-urlencode username=drstor@internal --data-urlencode "password@$work/secrets/engine-rome" | jq -r .access_token)
api -H "Authorization: Bearer $token" "https://127.0.0.1:$port/ovirt-engine/api/vms?search=name%3Dweb1&follow=disk_attachments.disk,nics" >"$work/vm"
luns=$(jq -r '[.vm[0].disk_attachments.disk_attachment[].disk | select(.storage_type == "lun") | .lun_storage.logical_units.logical_unit[0].id] | join(" ")' "$work/vm")
[ "$luns" = 3600b1 ] || fail "the direct LUN at rome is \"$luns\": $(cat "$work/vm")"
[ "$(jq -r '.vm[0].nics.nic[0].vnic_profile.id' "$work/vm")" = "$(demo_id 176 4)" ] || fail "the network at rome"
lost=$(api -H "Authorization: Bearer $token" "https://127.0.0.1:$port/ovirt-engine/api/events?search=type%3D1188" | jq '[.event[]?] | length')
[ "$lost" = 0 ] || fail "parts of VMs were left out"
