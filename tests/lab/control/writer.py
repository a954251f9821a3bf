"""Writers in a guest, whose acknowledged numbers arrive outside of it, and the check that they are there."""
import json
import os
import secrets

from control.base import Failure, patiently

# A host outside of both sites that writes by iSCSI; its acknowledgements do not pass through a guest's port.
HOST = "host"
IQN = "iqn.2026-01.example.drstor:site-"

DEVICES = {"r0": ["/dev/drbd0", "/dev/drbd1"], "r1": ["/dev/drbd10"], "r2": ["/dev/drbd20"]}


def acked(res):
    """(highest acknowledged number, why it failed or None) of the last writer of RES."""
    facts = last(res)
    number, failed = 0, None
    with open(acks_of(facts), encoding="utf-8", errors="replace") as f:
        # A machine that was killed may have left half a line.
        for line in f:
            words = line.split(maxsplit=3)
            if not line.endswith("\n") or len(words) < 2 or words[0] != facts["run"]:
                continue
            if words[1] == "failed":
                failed = words[3].strip()
            else:
                number = max(number, int(words[1]))
    return number, failed


def acks_of(facts):
    return f"{facts['site']}.acks.{facts['res']}" if facts["site"] == HOST else f"{facts['site']}/acks.{facts['res']}"


def last(res):
    try:
        with open(f"writer.{res}", encoding="utf-8") as f:
            return json.load(f)
    except FileNotFoundError:
        raise Failure(f"no writer was started for {res}") from None


def command(lab, site, rest):
    verb, res = rest[0], rest[1]
    if res not in DEVICES:
        raise Failure(f"there is no resource {res}; there are {' '.join(DEVICES)}")
    if verb == "start":
        start(site, res)
    elif verb == "stop":
        stop(site, res)
    elif verb == "acked":
        number, failed = acked(res)
        print(number, *([failed] if failed else []))
    elif verb == "wait":
        wait(res, int(rest[2]))
    elif verb == "check":
        return check(site, res, rest[2:] or DEVICES[res])
    else:
        raise Failure(f"a writer has start, stop, acked, wait and check, not {verb}")
    return 0


def host_command(lab, rest):
    """The same, of the host. Devices are found by the serials under which they are exported now."""
    verb, res = rest[0], rest[1]
    if verb == "start":
        facts = begin(HOST, res)
        open(acks_of(facts), "a", encoding="ascii").close()
        words = ["write", facts["run"], acks_of(facts), ",".join(serial(lab, device) for device in DEVICES[res])]
        for site in lab.sites():
            words += [f"127.0.0.1:{site.ports['iscsi']}", IQN + site.name]
        lab.ask_guard("host", "start", res, *words)
        wait(res, 1)
    elif verb == "stop":
        lab.ask_guard("host", "stop", res)
    elif verb == "gap":
        print(longest_gap(res))
    else:
        return command(lab, None, rest)
    return 0


def serial(lab, device):
    for site in lab.sites():
        found = site.run(f"/etc/lab/lio serial {device} 2>/dev/null", check=False).strip() if site.alive() else ""
        if found:
            return found
    raise Failure(f"no site exports {device}")


def longest_gap(res):
    """The longest time between two acknowledgements, in milliseconds."""
    facts, times = last(res), []
    with open(acks_of(facts), encoding="utf-8") as f:
        for line in f:
            words = line.split()
            if len(words) == 3 and words[0] == facts["run"]:
                times.append(int(words[2]))
    return max((b - a for a, b in zip(times, times[1:])), default=0)


def begin(where, res):
    facts = {"run": secrets.token_hex(8), "site": where, "res": res}
    with open(f"writer.{res}.new", "w", encoding="utf-8") as f:
        json.dump(facts, f)
    os.rename(f"writer.{res}.new", f"writer.{res}")
    return facts


def start(site, res):
    facts = begin(site.name, res)
    words = f"lab-io write {facts['run']} 1 /dev/acks/{res} {' '.join(DEVICES[res])}"
    site.run(f"setsid {words} </dev/null >/run/lab/writer.{res}.log 2>&1 & echo $! >/run/lab/writer.{res}.pid")
    try:
        wait(res, 1)
    except Failure:
        raise Failure(f"site-{site.name}: the writer of {res} does not write: {site.run(f'cat /run/lab/writer.{res}.log')}") from None


def stop(site, res):
    site.run(f"pid=$(cat /run/lab/writer.{res}.pid) && kill $pid && while kill -0 $pid 2>/dev/null; do usleep 20000; done", check=False)


def wait(res, more):
    """Until so many more numbers are acknowledged."""
    begin = acked(res)[0] if more > 1 else 0

    def enough():
        number, failed = acked(res)
        if failed:
            raise Failure(f"the writer of {res} ended at {number}: {failed}")
        return number >= begin + more
    patiently(60, f"{more} more acknowledged blocks of {res}", enough, 0.05)


def check(site, res, devices):
    number, _ = acked(res)
    said = site.run(f"lab-io check {last(res)['run']} {number} {' '.join(devices)}; echo end $?")
    print(said.rsplit("end", 1)[0], end="")
    return 0 if said.rstrip().endswith("end 0") else 1
