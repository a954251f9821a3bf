"""The state of both sites: the first one, the one that every case begins with, and what people want to see."""
import threading
import time

from control import life
from control.base import Failure, patiently

PRIMARY_AT_A = ("r0", "r1")


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
    a, b = lab.sites()
    if all("with new disks" in site.console() for site in (a, b)):
        both((a, b), "/etc/lab/heal connected r0 r1 r2")
        a.run("for volume in r0/0 r0/1 r1/0 r2/0; do drbdadm new-current-uuid --clear-bitmap $volume || exit 1; done")
    heal(lab)


def heal(lab):
    """The quick way first: what is well already is left alone."""
    began = time.monotonic()
    a, b = lab.sites()
    wake(lab, (a, b))
    try:
        both((a, b), "/etc/lab/heal clean")
        mend(a, b)
    except Failure as why:
        print(f"lab: the quick way did not heal ({why}); starting anew with empty disks")
        anew(lab, (a, b))
    print(f"lab: healed in {time.monotonic() - began:.1f} seconds")


def wake(lab, sites):
    import signal
    for site in sites:
        if site.alive():
            site.send(signal.SIGCONT)
            site.monitor("set_link repl0 on")
            site.monitor("set_link mgmt0 on")
    gone = [site for site in sites if not site.alive()]
    if gone:
        life.boot(lab, gone)


def mend(a, b):
    """The resources that are not as they should be: who is right decides once for all volumes of one."""
    seen = both((a, b), "/etc/lab/heal look")
    bad = [res for res in ("r0", "r1", "r2") if not well(seen, res)]
    if bad:
        good = {res: right(seen, res) for res in bad}
        for site in (b, a):
            mine = [res for res in bad if good[res] == site.name]
            other = [res for res in bad if good[res] != site.name]
            words = (["victim " + " ".join(other)] if other else []) + (["right " + " ".join(mine)] if mine else [])
            for word in words:
                site.run("/etc/lab/heal " + word)
        both((a, b), "/etc/lab/heal synced " + " ".join(bad))
    b.run("/etc/lab/heal secondary r0 r1 r2")
    a.run("/etc/lab/heal secondary r2 && /etc/lab/heal primary r0 r1")
    seen = both((a, b), "/etc/lab/heal look")
    wrong = [res for res in ("r0", "r1", "r2") if not well(seen, res)]
    if wrong:
        raise Failure(f"{' '.join(wrong)}: {seen}")


def rows(seen, site, res):
    return [line.split() for line in seen[site].splitlines() if line.split()[0] == res]


def well(seen, res):
    """Every volume at both sites: connected, UpToDate here and there. A row is RES CSTATE DISK/PEER ROLE/PEER."""
    lines = rows(seen, "a", res) + rows(seen, "b", res)
    return len(lines) == (4 if res == "r0" else 2) and all(row[1] == "Connected" and row[2] == "UpToDate/UpToDate" and row[4] == "no" for row in lines)


def right(seen, res):
    """site-a, unless only site-b has good data."""
    def good(site):
        lines = rows(seen, site, res)
        return bool(lines) and all(row[2].startswith("UpToDate/") for row in lines)
    return "b" if good("b") and not good("a") else "a"


def anew(lab, sites):
    for site in sites:
        if site.alive():
            site.kill()
        with open(f"{site.name}/disk", "wb") as f:
            f.truncate(life.guard.DISK_BYTES)
    life.boot(lab, sites)
    both(sites, "/etc/lab/heal connected r0 r1 r2")
    sites[0].run("for volume in r0/0 r0/1 r1/0 r2/0; do drbdadm new-current-uuid --clear-bitmap $volume || exit 1; done")
    sites[0].run("/etc/lab/heal primary r0 r1")


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
