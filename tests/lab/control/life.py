"""A lab's life: made, up, a site back, down."""
import json
import os
import shutil
import subprocess
import time

from control import guard, state
from control.base import BOOT_SECONDS, HERE, SITES, Failure, Lab, patiently

SHIM = "usr/libexec/drstor/drstor-lvm-drbd-shim"


def words_read(rest):
    more = {"build": os.environ.get("DRSTOR_BUILD", ""), "owner": str(os.getppid())}
    while rest:
        name = rest.pop(0).removeprefix("--")
        if name not in more or not rest:
            raise Failure("usage: lab up DIR [--build BUILD] [--owner PID|none]")
        more[name] = rest.pop(0)
    return more["build"], 0 if more["owner"] == "none" else int(more["owner"])


def programs(build):
    """Where the guests' programs come from: path in the guest -> file of the build folder."""
    build = os.path.realpath(build)
    found = {"usr/bin/lab-io": os.path.join(build, "tests/lab/lab-io"),
             SHIM: os.path.join(build, "plugins/lvm-drbd/shim/drstor-lvm-drbd-shim")}
    if not os.path.exists(found["usr/bin/lab-io"]):
        raise Failure(f"there is no {found['usr/bin/lab-io']}: build the tests, and name the build folder with --build or DRSTOR_BUILD")
    return found


def key(path, comment):
    if not os.path.exists(path):
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", comment, "-f", path], check=True, stdin=subprocess.DEVNULL)
    with open(path + ".pub", encoding="ascii") as f:
        return " ".join(f.read().split()[:2])


def make(lab, build):
    """Folder, keys, empty disks. What is there stays: a site has its key and its disk for good."""
    image = subprocess.run([os.path.join(HERE, "image")], stdout=subprocess.PIPE, text=True, check=False)
    if image.returncode != 0:
        raise Failure("without an image there are no guests")
    for name in ("kernel", "root.cpio"):
        shutil.copy(os.path.join(image.stdout.strip(), name), name)
    facts = {"programs": programs(build), "host": os.path.join(build, "tests/lab/lab-host"), "ports": {}}
    os.makedirs("keys", exist_ok=True)
    key("keys/eyes", "lab")
    key("keys/drstor", "drstor")
    for site in SITES:
        os.makedirs(site, exist_ok=True)
        facts.setdefault("host_keys", {})[site] = key(f"{site}/host_key", f"site-{site}")
        if not os.path.exists(f"{site}/disk"):
            with open(f"{site}/disk", "wb") as f:
                f.truncate(guard.DISK_BYTES)
    return facts


def give_ports(lab, facts):
    ports = guard.free_ports(6)
    for site in SITES:
        facts["ports"][site] = dict(zip(("ssh", "iscsi", "eyes"), ports[:3]))
        ports = ports[3:]
    lab.keep(facts)
    for name, port in (("known_hosts", "ssh"), ("eyes_hosts", "eyes")):
        with open(name, "w", encoding="ascii") as f:
            for site in SITES:
                f.write(f"[127.0.0.1]:{facts['ports'][site][port]} {facts['host_keys'][site]}\n")


def qemu_there():
    if not shutil.which("qemu-system-x86_64"):
        raise Failure("the program qemu-system-x86_64 is not installed; its package is qemu-system-x86")
    for name in ("ssh", "ssh-keygen"):
        if not shutil.which(name):
            raise Failure(f"the program {name} is not installed; its package is openssh-client")


def up(folder, rest):
    build, owner = words_read(list(rest))
    qemu_there()
    os.makedirs(folder, exist_ok=True)
    build = os.path.realpath(build)
    lab = Lab(folder)
    if os.path.exists("guard.sock") and lab_answers(lab):
        raise Failure(f"the lab in {lab.folder} is up already")
    facts = make(lab, build)
    began = time.monotonic()
    for attempt in range(3):
        give_ports(lab, facts)
        guard.start(lab, owner)
        try:
            boot(lab, lab.sites())
            break
        except Failure as why:
            taken = "Could not set up host forwarding" in str(why)
            down(lab)
            if not taken or attempt == 2:
                raise
    try:
        state.begin(lab)
    except Failure:
        down(lab)
        raise
    print(f"lab: up in {time.monotonic() - began:.1f} seconds: {lab.folder}")


def lab_answers(lab):
    try:
        lab.ask_guard("here")
        return True
    except Failure:
        return False


def boot(lab, sites):
    for site in sites:
        lab.ask_guard("boot", site.name)
    for site in sites:
        patiently(BOOT_SECONDS, f"the start of site-{site.name} (its console: {lab.folder}/{site.name}/console)", lambda s=site: ready(s))
    for site in sites:
        connect(site)


def ready(site):
    """The console is looked at first: a port that is forwarded takes connections before anybody listens."""
    if not site.alive():
        with open(f"{site.name}/qemu.log", errors="replace", encoding="utf-8") as f:
            said = f.read().strip()
        tail = "\n".join(site.console().splitlines()[-15:])
        raise Failure(f"the machine of site-{site.name} ended: {said}\n{tail}")
    return f"lab: site-{site.name} is ready" in site.console()


def connect(site):
    """One connection for all commands that follow: a login costs a second, a command on it a fifth."""
    words = [*site.ssh_words(), "-o", "ControlMaster=yes", "-o", "ControlPersist=yes", "-o", "ServerAliveInterval=0", "-N", "-f", "root@127.0.0.1"]
    with open(f"{site.name}/ssh.log", "wb") as log:
        done = subprocess.run(words, stdin=subprocess.DEVNULL, stdout=log, stderr=log, check=False, timeout=BOOT_SECONDS)
    if done.returncode != 0:
        with open(f"{site.name}/ssh.log", errors="replace", encoding="utf-8") as log:
            raise Failure(f"no ssh to site-{site.name}: {log.read().strip()}")


def down(lab):
    try:
        lab.ask_guard("down")
    except Failure:
        return  # it is down
    # The connections of `lab ssh` notice by themselves; nothing is left when they are gone.
    for site in lab.sites():
        patiently(30, f"the end of the ssh connection to site-{site.name}", lambda s=site: not os.path.exists(f"{s.name}/ssh"), 0.02)


def install(lab):
    """Programs that were built again, into sites that run."""
    for site in lab.sites():
        for path, source in lab.facts["programs"].items():
            if not os.path.exists(source):
                continue
            site.run(f"mkdir -p /{os.path.dirname(path)}")
            with open(source, "rb") as f:
                done = subprocess.run([*site.ssh_words(), "root@127.0.0.1", f"cat >/{path}.new && chmod 755 /{path}.new && mv /{path}.new /{path}"],
                                      stdin=f, check=False, timeout=60)
            if done.returncode != 0:
                raise Failure(f"site-{site.name} did not take {path}")


def luns(lab, site):
    """What a host sees of a site."""
    done = subprocess.run([lab.facts["host"], "luns", f"127.0.0.1:{site.ports['iscsi']}", f"iqn.2026-01.example.drstor:site-{site.name}"],
                          stdin=subprocess.DEVNULL, check=False, timeout=60)
    return done.returncode


def facts(lab, rest):
    found = lab.facts
    if rest:
        print(lab.site(rest[0]).ports[rest[1]])
        return
    print(json.dumps(found | {"folder": lab.folder, "known_hosts": f"{lab.folder}/known_hosts", "key": f"{lab.folder}/keys/drstor"}, indent=1))
