"""Writers in a guest, whose acknowledged numbers arrive outside of it, and the check that they are there."""
import json
import os
import secrets

from control.base import Failure, patiently

DEVICES = {"r0": ["/dev/drbd0", "/dev/drbd1"], "r1": ["/dev/drbd10"], "r2": ["/dev/drbd20"]}


def acked(res):
    """(highest acknowledged number, why it failed or None) of the last writer of RES."""
    facts = last(res)
    number, failed = 0, None
    with open(f"{facts['site']}/acks.{res}", encoding="utf-8", errors="replace") as f:
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


def start(site, res):
    facts = {"run": secrets.token_hex(8), "site": site.name, "res": res}
    with open(f"writer.{res}.new", "w", encoding="utf-8") as f:
        json.dump(facts, f)
    os.rename(f"writer.{res}.new", f"writer.{res}")
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
