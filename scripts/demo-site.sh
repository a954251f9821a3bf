# Sourced by scripts/demo and by tests: two sites in a folder.
#
# demo_site DIR makes world, certificates, engine configurations and drstor.yaml in DIR and starts both
# engines. Wants $root, $bin and the tools' paths ($sim $emu); adds the engines' pids to $pids.

# DIR SITE GROUP...: the WWIDs of the groups' volumes at a site, as a JSON list.
demo_wwids() {
    dir=$1 site=$2
    shift 2
    "$sim" show "$dir/world.json" | jq -c --arg a "sim-$site" '[.groups[$ARGS.positional[]].copies[] | select(.array == $a) | .members[].wwid]' --args "$@"
}

demo_id() { printf '%08x-0000-4000-8000-%012x' "$1" "$2"; }

# N NAME DOMAIN-ID HA-PRIORITY (0: none) TEMPLATE-ID
demo_vm() {
    jq -nc --arg id "$(demo_id 176 "$1")" --arg name "$2" --arg sd "$3" --argjson ha "$4" --arg tpl "$5" \
        --arg disk "$(demo_id 208 "$1")" --arg mac "$(printf '56:6f:00:00:00:%02x' "$1")" '
        {id: $id, name: $name, status: "up", cluster: "production", memory: 4294967296,
         high_availability: {enabled: ($ha > 0), priority: $ha},
         disks: [{id: $disk, name: $name, storage_domain: $sd}],
         nics: [{id: ("nic-" + $name), name: "nic1", network: "prod", profile: "prod", mac: $mac}]}
        + (if $tpl != "" then {template: {id: $tpl}} else {} end)'
}

demo_engine_config() {
    dir=$1 site=$2 prefix=$3 hosts=$4 cluster=$5 address=$6
    jq -n --argjson factor "${DEMO_TIME_FACTOR:-0.02}" --arg address "$address" --argjson iscsi "$(demo_wwids "$dir" "$site" erp db)" \
        --arg site "$site" --arg pw "$(cat "$dir/secrets/engine-$site")" --argjson hosts "$hosts" --arg cl "$cluster" \
        --arg dc "$(demo_id "$prefix" 1)" --arg clid "$(demo_id "$prefix" 2)" --arg net "$(demo_id "$prefix" 3)" \
        --arg prof "$(demo_id "$prefix" 4)" --arg h1 "$(demo_id "$prefix" 5)" --arg h2 "$(demo_id "$prefix" 6)" '
        {site: $site, user: "drstor@internal", password: $pw, time_factor: $factor,
         data_centers: [{id: $dc, name: ("dc-" + $site)}],
         clusters: [{id: $clid, name: $cl, data_center: ("dc-" + $site)}],
         networks: [{id: $net, name: "prod", data_center: ("dc-" + $site)}],
         vnicprofiles: [{id: $prof, name: "prod", network: "prod"}],
         iscsi_targets: [{address: $address, port: 3260, portal: ($address + ":3260,1"), luns: $iscsi,
                          target: ("iqn.2026-01.example:sim-" + $site), logged_in: ($site == "milan")}],
         hosts: [{id: $h1, name: ($site + "1"), cluster: $cl, host_group: ("rhv-" + $site), host_number: $hosts[0], power_management: true},
                 {id: $h2, name: ($site + "2"), cluster: $cl, host_group: ("rhv-" + $site), host_number: $hosts[1], power_management: true}]}'
}

demo_vms() {
    local erp db web tpl n
    erp=$(demo_id 224 1) db=$(demo_id 224 2) web=$(demo_id 224 3) tpl=$(demo_id 225 1)
    {
        demo_vm 1 db1 "$db" 100 ""
        demo_vm 2 db2 "$db" 100 ""
        demo_vm 3 db-report "$db" 0 ""
        for n in 1 2 3 4 5; do demo_vm $((10 + n)) "erp-app$n" "$erp" 50 "$tpl"; done
        for n in 1 2 3 4; do demo_vm $((20 + n)) "web$n" "$web" 1 ""; done
    } | jq -sc .
}

demo_start_engine() {
    dir=$1 site=$2
    local address=DEMO_ADDRESS_$site
    "$emu" --listen "${!address:-127.0.0.1}" --config "$dir/engine-$site.json" --cert "$dir/pki/$site.pem" --key "$dir/pki/$site.key" --ca "$dir/pki/ca.pem" \
        --control "$dir/$site.ctl" --ready-file "$dir/$site.ready" --lunview-world "$dir/world.json" --die-with-parent \
        >"$dir/engine-$site.log" 2>&1 &
    pids="$pids $!"
    pid=$!
    until [ -s "$dir/$site.ready" ]; do
        kill -0 "$pid" 2>/dev/null || { cat "$dir/engine-$site.log" >&2; return 1; }
        read -rt 0.05 <> <(:) || :
    done
}

# DIR SITE: ids of the VMs that run there, sorted, as its engine has them.
demo_running() { "$emuctl" "$1/$2.ctl" vms | jq -r '[.vms[] | select(.status == "up" or .status == "powering_up") | .id] | sort | .[]'; }

# DIR SITE: the machines are gone, the engine says nothing more, the arrays stop.
demo_lose() {
    "$emuctl" "$1/$2.ctl" hosts_lost >/dev/null
    "$emuctl" "$1/$2.ctl" silent >/dev/null
    "$sim" site "$1/world.json" "$2" dead >/dev/null
}

# DIR SITE: power is back: the engine answers, hosts have booted, and start what is highly available.
demo_power() {
    "$emuctl" "$1/$2.ctl" answer >/dev/null
    for host in $("$emuctl" "$1/$2.ctl" hosts | jq -r '.hosts[].name'); do
        "$emuctl" "$1/$2.ctl" host '{"host":"'"$host"'","status":"up"}' >/dev/null
    done
}

# What the primary's engine wrote has arrived at the other site, with every VM in it.
demo_replicated() {
    until [ "$("$sim" show "$1/world.json" | jq '[.groups[].copies[] | select(.array == "sim-rome") | .members[].point.doc // "{}" | fromjson | .ovf_store.vms // [] | length] | add')" = 12 ]; do
        read -rt 0.2 <> <(:) || :
    done
}

demo_site() {
    dir=$1
    mkdir -p "$dir/secrets" "$dir/pki"
    chmod 700 "$dir/secrets"
    for site in milan rome; do
        (umask 077 && head -c 18 /dev/urandom | base64 | tr -d '\n' >"$dir/secrets/engine-$site")
        "$root/tests/support/make-ca.sh" "$dir/pki" "$site" 127.0.0.1 localhost ${DEMO_ADDRESS_milan:+"$DEMO_ADDRESS_milan"} ${DEMO_ADDRESS_rome:+"$DEMO_ADDRESS_rome"}
    done
    # The asynchronous group replicates every second here, so that the demo need not wait minutes.
    jq --argjson points "${DEMO_POINTS_S:-0}" '.groups.erp.period_s = 1 | .groups[].point_every_s = $points | .groups[].points_kept = 4' \
        "$root/plugins/simulated/example.json" >"$dir/spec.json"
    "$sim" create "$dir/world.json" --from "$dir/spec.json" >/dev/null
    demo_engine_config "$dir" milan 160 '[1,2]' production 10.1.0.5 | jq --argjson vms "$(demo_vms)" \
        --argjson erp "$(demo_wwids "$dir" milan erp)" --argjson db "$(demo_wwids "$dir" milan db)" \
        --argjson web "$(demo_wwids "$dir" milan web)" \
        --arg e "$(demo_id 224 1)" --arg d "$(demo_id 224 2)" --arg w "$(demo_id 224 3)" --arg t "$(demo_id 225 1)" '
        . + {storage_domains: [
               {id: $d, name: "db", data_center: "dc-milan", master: true, storage_type: "iscsi", luns: $db},
               {id: $e, name: "erp", data_center: "dc-milan", storage_type: "iscsi", luns: $erp},
               {id: $w, name: "web", data_center: "dc-milan", storage_type: "fcp", luns: $web}],
             templates: [{id: $t, name: "erp-base", cluster: "production",
                          disks: [{id: ("disk-" + $t), name: "erp-base", storage_domain: $e}]}],
             vms: $vms}' >"$dir/engine-milan.json"
    # The DR site numbers its hosts from 11, out of the way of the primary's: leases are then free.
    demo_engine_config "$dir" rome 176 '[11,12]' standby 10.2.0.5 >"$dir/engine-rome.json"
    demo_start_engine "$dir" milan
    demo_start_engine "$dir" rome
    demo_replicated "$dir"
    cat >"$dir/drstor.yaml" <<END
version: 1
state: { sqlite: state/state.db }
controller: { name: rome-1, site: rome, role: active }
plugin_dir: $bin/plugins
safety: { assert_min: ${DEMO_ASSERT_MIN:-3s} }
timeouts: { observe: ${DEMO_OBSERVE:-2s} }
sites:
  milan: { engine: { url: https://${DEMO_ADDRESS_milan:-127.0.0.1}:$(cat "$dir/milan.ready")/ovirt-engine, user: drstor@internal, password: { file: secrets/engine-milan }, ca: pki/ca.pem } }
  rome: { engine: { url: https://${DEMO_ADDRESS_rome:-127.0.0.1}:$(cat "$dir/rome.ready")/ovirt-engine, user: drstor@internal, password: { file: secrets/engine-rome }, ca: pki/ca.pem } }
arrays:
  sim-milan: { plugin: simulated, site: milan, world: world.json }
  sim-rome: { plugin: simulated, site: rome, world: world.json }
groups:
  erp:
    mode: async
    preferred: milan
    rpo: 5m
    copies:
      milan: { array: sim-milan, id: erp_m, expose: [rhv-milan] }
      rome: { array: sim-rome, id: erp_r, expose: [rhv-rome] }
  db:
    mode: sync
    preferred: milan
    copies:
      milan: { array: sim-milan, id: db_m, expose: [rhv-milan] }
      rome: { array: sim-rome, id: db_r, expose: [rhv-rome] }
  web:
    mode: sync
    preferred: milan
    copies:
      milan: { array: sim-milan, id: web_m, expose: [rhv-milan] }
      rome: { array: sim-rome, id: web_r, expose: [rhv-rome] }
rhv:
  mapping:
    dr_cluster_mappings:
      - { primary_name: production, secondary_name: standby }
END
}
