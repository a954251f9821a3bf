# What goes wrong on the way: each with the right end, a sentence, and nothing changed that should not be.

# shim_says SITE SCRIPT: SCRIPT stands before the shim there; `real` is the shim itself. `heal` takes it away.
shim_says() {
    on "$1" "cd /usr/libexec/drstor && { [ -e real ] || mv drstor-lvm-drbd-shim real; } && cat >drstor-lvm-drbd-shim && chmod 755 drstor-lvm-drbd-shim" <<END
#!/bin/sh
line=\$SSH_ORIGINAL_COMMAND real=/usr/libexec/drstor/real
$2
exec \$real
END
}
there() { same "the roles at site-a" "$(roles a r0)" "Secondary Secondary" && same "the roles at site-b" "$(roles b r0)" "Primary Primary"; }
untouched() { same "the roles at site-a" "$(roles a r0)" "Primary Primary" && same "the roles at site-b" "$(roles b r0)" "Secondary Secondary"; }

lab_case half_flip "a group that was half flipped by a device held open is no promotion, is told as what it is, and goes on when it is let go"
half_flip() {
    config
    at 0 adopt --all
    lab hold a /dev/drbd1
    at 4 promote erp --to rome --storage-only --yes
    says "held open"
    says "half flipped"
    same "the roles at site-a" "$(roles a r0)" "Secondary Primary"
    same "the roles at site-b" "$(roles b r0)" "Secondary Secondary"
    at 0 status erp
    says "half flipped"
    says "blocked"
    lab release a
    at 0 run resume "$(sed -n 's/.*run resume \(r[0-9a-f]*\).*/\1/p' <<<"$out" | head -n 1)"
    there
}

lab_case strangers "a wrong key and a wrong host key end with 9, name what was shown, and change nothing"
strangers() {
    config
    at 0 adopt --all
    [ -e "$lab_dir/keys/stranger" ] || ssh-keygen -q -t ed25519 -N '' -f "$lab_dir/keys/stranger"
    cp "$case_dir/drstor.yaml" "$case_dir/good.yaml"
    sed -i "s#keys/drstor }#keys/stranger }#" "$case_dir/drstor.yaml"
    at 9 promote erp --to rome --storage-only --yes
    says "does not let user drstor in with our key"
    says "nothing was changed"
    sed "s#known_hosts: $lab_dir/known_hosts#known_hosts: $case_dir/known_hosts#" "$case_dir/good.yaml" >"$case_dir/drstor.yaml"
    awk -v "key=$(cut -d' ' -f2 "$lab_dir/keys/stranger.pub")" '{ $3 = key; print }' "$lab_dir/known_hosts" >"$case_dir/known_hosts"
    at 9 promote erp --to rome --storage-only --yes
    says "on file is ssh-ed25519"
    at 9 trust show
    says "changed"
    untouched
}

lab_case lost_reply "a reply that is lost after the demotion is settled by looking, and the promotion goes on"
lost_reply() {
    config
    at 0 adopt --all
    shim_says a 'case $line in *" secondary"*) [ -e /tmp/lost ] || { : >/tmp/lost; $real >/dev/null; exit 1; } ;; esac'
    at 0 promote erp --to rome --storage-only --yes
    on a 'test -e /tmp/lost' || fail "no reply was lost"
    says "settling"
    there
}
