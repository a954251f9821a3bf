# The forced command by itself, over drstor's key: what it does to real LVM, DRBD and LIO, and whom it refuses.
# change SITE TOKEN EPOCH RES VERB...: the line, and the reply in $reply.
change() {
    local site=$1 token=$2 epoch=$3
    shift 3
    reply=$(as_drstor "$site" "drstor/1 change $token $epoch 60000 op $*") || reply="cut: $reply"
}
replied() { case $reply in "drstor/1 $1"*) ;; *) fail "the shim answered \"$reply\" instead of $1" ;; esac; }
target=iqn.2026-01.example.drstor:site

lab_case stale_token "a token or an epoch lower than the one on file does nothing, also after the site was lost and came back"
stale_token() {
    change b 7 3 r0 tag && replied done
    lab kill b
    lab boot b
    eventually 60 "the connection" connected
    change b 6 3 r0 disconnect && replied "stale 7 3"
    change b 7 2 r0 disconnect && replied "stale 7 3"
    same "who is connected" "$(volumes b r0 | grep -c ' Connected ')" 2
    change b 7 3 r0 tag && replied done
}
connected() { [ "$(volumes b r0 | grep -c ' Connected ')" = 2 ]; }

lab_case shown_under_one_serial "an export has the same WWID at both sites, is refused to a Secondary's writers, and goes whole"
shown_under_one_serial() {
    local a
    change a 1 1 r0 expose $target-a && replied done
    a=$(lab luns a | sort | cut -d' ' -f4)
    same "the serials" "$(echo "$a" | sort | paste -sd' ')" "$(for v in 0 1; do printf 'drstor:r0:%s:site-a:site-b' $v | sha256sum | cut -c1-25; done | sort | paste -sd' ')"
    change a 1 1 r0 secondary && replied failed
    case $reply in *"lio iblock_"*"/drstor.r0.0"*) ;; *) fail "nobody is named who holds it: $reply" ;; esac
    change a 1 1 r0 withdraw $target-a && replied done
    same "what hosts see" "$(lab luns a)" ""
    same "what is left in configfs" "$(on a 'find /sys/kernel/config/target/core -name "drstor.*"')" ""
    change a 1 1 r0 secondary && replied done
    change b 1 1 r0 primary && replied done
    change b 1 1 r0 expose $target-b && replied done
    same "the serials at site-b" "$(lab luns b | cut -d' ' -f4 | sort)" "$(echo "$a" | sort)"
}

lab_case one_moment "a snapshot of two volumes is of one moment under a writer, and one that was killed lets the volumes go on"
one_moment() {
    lab writer a start r0
    lab writer a wait r0 100
    change a 1 1 r0 snapshot s1 && replied done
    change a 1 1 r0 snapshot s1 && replied done
    lab writer a wait r0 100
    in_order a r0 /dev/vg0/r0v0_s1 /dev/vg0/r0v1_s1 >/dev/null
    # Killed while the second volume is suspended: the guard lets it go on, and the same words finish the work.
    on a 'mv /usr/sbin/lvcreate /usr/sbin/lvcreate.real && printf "#!/bin/sh\nexec sleep 1000\n" >/usr/sbin/lvcreate && chmod 755 /usr/sbin/lvcreate'
    as_drstor a 'drstor/1 change 1 1 60000 op r0 snapshot s2' >/dev/null 2>&1 &
    eventually 60 "the suspension" suspended_device
    # The first of the two is the shim, the other one its guard.
    on a 'kill -9 $(pidof drstor-lvm-drbd-shim | tr " " "\n" | sort -n | head -n 1)'
    eventually 60 "the end of the suspension" resumed_device
    on a 'kill $(pidof sleep); mv /usr/sbin/lvcreate.real /usr/sbin/lvcreate'
    wait
    change a 1 1 r0 snapshot s2 && replied done
    in_order a r0 /dev/vg0/r0v0_s2 /dev/vg0/r0v1_s2 >/dev/null
    change a 1 1 r0 unsnapshot s1 && replied done
    change a 1 1 r0 unsnapshot s2 && replied done
    same "snapshots" "$(on a 'lvs --noheadings -o lv_name vg0 | grep -c _s')" "0"
    lab writer a wait r0 50
    lab writer a stop r0
    none_lost a r0
}
suspended_device() { on a 'dmsetup info -c --noheadings -o suspended vg0-r0v1' | grep -q Suspended; }
resumed_device() { on a 'dmsetup info -c --noheadings -o suspended vg0-r0v1' | grep -q Active; }

lab_case clone_at_secondary "a clone at the DR site is shown to hosts in the devices' size, with their content, and goes whole"
clone_at_secondary() {
    on a 'lab-io put /dev/drbd0 3 "from milan"'
    change b 1 1 r0 clone d1 $target-b && replied done
    same "the sizes" "$(lab luns b | cut -d' ' -f6 | sort -n | paste -sd' ')" "33513472 67067904"
    on b 'lab-io put $(ls /dev/mapper/*d1* | head -n 1) 5 "drill"' || on b 'ls -l /dev/mapper; dmsetup table' 
    on a 'lab-io put /dev/drbd0 4 "still replicated"'
    same "the block behind the clone" "$(on b 'lab-io get /dev/vg0/r0v0 4')" "still replicated"
    same "who is connected" "$(volumes b r0 | grep -c ' Connected .*UpToDate/UpToDate')" 2
    change b 1 1 r0 unclone d1 && replied done
    same "what hosts see" "$(lab luns b)" ""
    same "what is left" "$(on b 'lvs --noheadings -o lv_name vg0 | grep d1; dmsetup ls | grep d1')" ""
}

lab_case lock_outlives "a change goes on when its connection is cut, and the next one waits for it or says busy"
lock_outlives() {
    on a 'mv /usr/sbin/drbdadm /usr/sbin/drbdadm.real && printf "#!/bin/sh\ncase \$1 in disconnect) : >/tmp/begun; until [ -e /tmp/go ]; do sleep 0.2; done;; esac\nexec /usr/sbin/drbdadm.real \"\$@\"\n" >/usr/sbin/drbdadm && chmod 755 /usr/sbin/drbdadm'
    as_drstor a 'drstor/1 change 1 1 60000 op r0 disconnect' &
    local pid=$!
    eventually 60 "the change" on a 'test -e /tmp/begun'
    pkill -P "$pid"
    wait "$pid" && fail "the connection was not cut"
    reply=$(as_drstor a 'drstor/1 change 1 1 500 op r0 connect')
    replied busy
    on a ': >/tmp/go'
    change a 1 1 r0 connect && replied done
    on a 'mv /usr/sbin/drbdadm.real /usr/sbin/drbdadm; rm /tmp/begun /tmp/go'
    eventually 60 "the connection" connected
}

lab_case probe_blocks "a probe is written past every cache to a tagged volume, and to no other"
probe_blocks() {
    on a 'drbdadm primary r2'
    change a 1 1 r2 probe-write 0 hello && replied done
    reply=$(as_drstor a 'drstor/1 probe r2 0 0') && replied done
    case $reply in *hello*) ;; *) fail "the probe is not there: $reply" ;; esac
    change a 1 1 r0 probe-write 0 hello && replied invalid
}
