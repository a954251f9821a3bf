"""The state of both sites: the first one, the one that every case begins with, and what people want to see."""
import signal
import threading
import time

from control import life
from control.base import Failure, patiently

PRIMARY_AT_A = ("r0", "r1")
VOLUMES = {"r0": 2, "r1": 1, "r2": 1}


def both(sites, command, seconds=120):
    """The same at every site at the same time; their outputs."""
    said, wrong = {}, []

    def at(site):
        try:
            said[site.name] = site.run(command, seconds=seconds)
        except Failure as why:
            wrong.append(why)
    threads = [threading.Thread(target=at, args=(site,)) for site in sites]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if wrong:
        raise wrong[0]
    return said


def begin(lab):
    """A new lab is declared to be in sync: both sides are equally empty. One that was there is healed."""
    sites = lab.sites()
    if all("with new disks" in site.console() for site in sites):
        declare(sites)
    heal(lab)


def declare(sites):
    both(sites, "/etc/lab/heal connected r0 r1 r2")
    sites[0].run("for volume in r0/0 r0/1 r1/0 r2/0; do drbdadm new-current-uuid --clear-bitmap $volume || exit 1; done")


def heal(lab):
    """The quick way first: what is well already is left alone."""
    began = time.monotonic()
    sites = lab.sites()
    wake(lab, sites)
    try:
        seen = both(sites, "/etc/lab/heal clean")
        roles(sites, mend(sites, seen))
    except Failure as why:
        print(f"lab: the quick way did not heal ({why}); starting anew with empty disks")
        anew(lab, sites)
    print(f"lab: healed in {time.monotonic() - began:.1f} seconds")


def wake(lab, sites):
    for res in VOLUMES:
        lab.ask_guard("host", "stop", res)
    for site in sites:
        if site.alive():
            site.send(signal.SIGCONT)
            site.monitor("set_link repl0 on")
            site.monitor("set_link mgmt0 on")
    gone = [site for site in sites if not site.alive()]
    if gone:
        life.boot(lab, gone)


class Row:
    """A volume at one site."""

    def __init__(self, line):
        self.res, self.minor, self.connection, roles_, disks, self.flags = line.split()
        self.role, self.peer_role = roles_.split("/")
        self.disk, self.peer_disk = disks.split("/")


def rows(seen, res):
    """{site: [Row]} of a resource."""
    return {site: [Row(line) for line in said.splitlines() if line.startswith(res + " ")] for site, said in seen.items()}


def well(seen, res):
    found = rows(seen, res)
    return all(len(at) == VOLUMES[res] and all((r.connection, r.disk, r.peer_disk, r.flags[0]) == ("Connected", "UpToDate", "UpToDate", "r") for r in at)
               for at in found.values())


def right(seen, res):
    """Who keeps its data when they differ: site-a, unless only site-b has good ones. One answer for all volumes."""
    good = {site: bool(at) and all(r.disk == "UpToDate" for r in at) for site, at in rows(seen, res).items()}
    return "b" if good["b"] and not good["a"] else "a"


def mend(sites, seen):
    bad = [res for res in VOLUMES if not well(seen, res)]
    if not bad:
        return seen
    stuck = [r for res in bad for at in rows(seen, res).values() for r in at
             if r.connection == "StandAlone" or r.connection.startswith("Paused") or (r.connection == "Connected" and r.disk != "UpToDate")]
    if not stuck:
        # A sync that runs, a link that was cut a moment ago: these mend themselves.
        try:
            both(sites, "/etc/lab/heal connected " + " ".join(bad))
            return both(sites, "/etc/lab/heal synced " + " ".join(bad))
        except Failure:
            pass
    for res in bad:
        keeps = right(seen, res)
        for word, names in (("victim", [s for s in sites if s.name != keeps]), ("right", [s for s in sites if s.name == keeps])):
            names[0].run(f"/etc/lab/heal {word} {res}")
    return both(sites, "/etc/lab/heal synced " + " ".join(bad))


def roles(sites, seen):
    """r0 and r1 are primary at site-a, r2 nowhere."""
    a, b = sites
    for site, verb, wrong in ((b, "secondary", [res for res in VOLUMES if any(r.role != "Secondary" for r in rows(seen, res)["b"])]),
                              (a, "secondary", ["r2"] if any(r.role != "Secondary" for r in rows(seen, "r2")["a"]) else []),
                              (a, "primary", [res for res in PRIMARY_AT_A if any(r.role != "Primary" for r in rows(seen, res)["a"])])):
        if wrong:
            site.run(f"/etc/lab/heal {verb} " + " ".join(wrong))


def anew(lab, sites):
    for site in sites:
        if site.alive():
            site.kill()
        with open(f"{site.name}/disk", "wb") as f:
            f.truncate(life.guard.DISK_BYTES)
    life.boot(lab, sites)
    declare(sites)
    sites[0].run("/etc/lab/heal primary " + " ".join(PRIMARY_AT_A))


def hold(site, device):
    site.run(f"setsid lab-io hold {device} </dev/null >/run/lab/hold.log 2>&1 & echo $! >>/run/lab/holders")
    patiently(20, f"an open {device} at site-{site.name}", lambda: "held" in site.run("cat /run/lab/hold.log"))


def release(site):
    site.run("for pid in $(cat /run/lab/holders 2>/dev/null); do kill $pid; while kill -0 $pid 2>/dev/null; do usleep 20000; done; done; rm -f /run/lab/holders")


def show(lab):
    for site in lab.sites():
        print(f"---- site-{site.name}")
        if not site.alive():
            print("not running; the last lines of its console:")
            print("\n".join(site.console().splitlines()[-10:]))
            continue
        try:
            print(site.run("/etc/lab/heal show", check=False, seconds=60))
        except Failure as why:
            print(why)
