"""What every part of the lab's control shares: errors, one site's files, its monitor, its ssh."""
import json
import os
import select
import signal
import socket
import subprocess
import time

HERE = os.path.dirname(os.path.dirname(os.path.realpath(__file__)))
SITES = ("a", "b")
BOOT_SECONDS = int(os.environ.get("DRSTOR_LAB_BOOT_SECONDS", "240"))


class Failure(Exception):
    """Said to the person and nothing more; the command ends with 1."""


def patiently(seconds, what, look, every=0.1):
    """What LOOK answers, as soon as it is true."""
    end = time.monotonic() + seconds
    while True:
        found = look()
        if found:
            return found
        if time.monotonic() > end:
            raise Failure(f"{what} did not happen within {seconds} seconds")
        time.sleep(every)


def die_with_parent():
    """In a child, before its program starts: whoever started it takes it along."""
    import ctypes  # only where a program is started
    ctypes.CDLL(None).prctl(1, signal.SIGKILL)


class Lab:
    """A lab's folder. Everything in it is reached by names relative to it, since sockets' names are short:
    whoever works on a lab is in its folder."""

    def __init__(self, folder):
        self.folder = os.path.realpath(folder)
        os.chdir(self.folder)

    @property
    def facts(self):
        try:
            with open("lab.json", encoding="utf-8") as f:
                return json.load(f)
        except FileNotFoundError:
            raise Failure(f"there is no lab in {self.folder}: lab up {self.folder}") from None

    def keep(self, facts):
        with open("lab.json.new", "w", encoding="utf-8") as f:
            json.dump(facts, f, indent=1)
        os.rename("lab.json.new", "lab.json")

    def site(self, name):
        name = name.removeprefix("site-")
        if name not in SITES:
            raise Failure(f"there is no site {name}; there are a and b")
        return Site(self, name)

    def sites(self):
        return [self.site(name) for name in SITES]

    def ask_guard(self, *words):
        """The guard owns the machines: it starts them, and they end with it."""
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as s:
            try:
                s.connect("guard.sock")
            except OSError:
                raise Failure(f"the lab in {self.folder} is down: lab up {self.folder}") from None
            s.sendall((" ".join(words) + "\n").encode())
            s.shutdown(socket.SHUT_WR)
            answer = s.makefile().read().strip()
        if answer != "ok":
            raise Failure(answer or "the lab's guard ended")


class Site:
    def __init__(self, lab, name):
        self.lab, self.name = lab, name

    @property
    def ports(self):
        return self.lab.facts["ports"][self.name]

    # ---- the machine

    def pid(self):
        try:
            with open(f"{self.name}/pid", encoding="ascii") as f:
                return int(f.read())
        except FileNotFoundError:
            return None

    def alive(self):
        return self.pid() is not None

    def running(self):
        """The pid, known to be its own: the guard is there, and takes away the pid of what has ended."""
        self.lab.ask_guard("here")
        pid = self.pid()
        if pid is None:
            raise Failure(f"site-{self.name} is not running")
        return pid

    def send(self, signal_number):
        os.kill(self.running(), signal_number)

    def kill(self):
        """The site is lost, from one moment to the next. Ends when the machine has ended."""
        fd = os.pidfd_open(self.running())
        try:
            signal.pidfd_send_signal(fd, signal.SIGKILL)
            if not select.select([fd], [], [], 30)[0]:
                raise Failure(f"site-{self.name} did not end")
        finally:
            os.close(fd)
        patiently(30, f"the end of site-{self.name}", lambda: not self.alive(), 0.01)

    def monitor(self, command):
        """A line to QEMU's monitor, and what it answered."""
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as s:
            s.settimeout(30)
            s.connect(f"{self.name}/monitor")
            said = monitor_read(s)
            s.sendall(command.encode() + b"\n")
            said = monitor_read(s)
        lines = [line for line in said.replace("\r", "").split("\n")[1:] if line and not line.startswith("(qemu)")]
        if lines:
            raise Failure(f"site-{self.name}: {command}: {' '.join(lines)}")

    def console(self):
        with open(f"{self.name}/console", errors="replace", encoding="utf-8") as f:
            return f.read()

    # ---- its inside, by the tests' own way: neither the management network nor drstor's key

    def ssh_words(self):
        return ["ssh", "-F", "none", "-i", "keys/eyes", "-p", str(self.ports["eyes"]), "-o", f"ControlPath={self.name}/ssh",
                "-o", "UserKnownHostsFile=eyes_hosts", "-o", "StrictHostKeyChecking=yes", "-o", "IdentitiesOnly=yes",
                "-o", "BatchMode=yes", "-o", "LogLevel=ERROR", "-o", "ConnectTimeout=60"]

    def run(self, command, check=True, stdin=None, seconds=120):
        """Standard output of a shell command in the guest."""
        try:
            done = subprocess.run([*self.ssh_words(), "root@127.0.0.1", command], input=stdin, stdin=None if stdin else subprocess.DEVNULL,
                                  stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=seconds, check=False)
        except subprocess.TimeoutExpired:
            raise Failure(f"site-{self.name}: no answer within {seconds} seconds to: {command}") from None
        if check and done.returncode != 0:
            raise Failure(f"site-{self.name}: {command}: exit {done.returncode}: {done.stderr.strip() or done.stdout.strip()}")
        return done.stdout


def monitor_read(s):
    said = b""
    while not said.rstrip().endswith(b"(qemu)"):
        part = s.recv(4096)
        if not part:
            break
        said += part
    return said.decode(errors="replace")
