"""The process that owns a lab's machines. It ends with its owner, and they end with it, however it ends."""
import fcntl
import os
import random
import select
import shutil
import signal
import socket
import subprocess

from control.base import HERE, SITES, Failure, die_with_parent
from control.cpio import Tree

DISK_BYTES = 768 << 20
MEMORY_MB = int(os.environ.get("DRSTOR_LAB_MEMORY", "224"))
# Without a size QEMU's translations fill a gigabyte each.
ACCEL = os.environ.get("DRSTOR_LAB_ACCEL", "tcg,tb-size=128")
# Below what the kernel takes by itself for other connections.
PORTS = range(20000, 32000)


def free_ports(n):
    """Ports of 127.0.0.1 that nobody has now. Whoever starts a machine with them may still come second,
    and takes others then."""
    found = []
    while len(found) < n:
        port = random.choice(PORTS)
        with socket.socket() as s:
            try:
                s.bind(("127.0.0.1", port))
                found.append(port)
            except OSError:
                pass
    return found


def overlay(lab, site):
    """What is put behind the image: the guest's own scripts and settings, keys, the program under test."""
    tree = Tree()
    own = os.path.join(HERE, "guest", "root")
    for top, _, names in os.walk(own):
        for name in names:
            path = os.path.relpath(os.path.join(top, name), own)
            tree.file(path, os.path.join(top, name), 0o440 if path == "etc/sudoers" else None)
    tree.file("etc/ssh/host_key", f"{site}/host_key", 0o600)
    tree.file("etc/ssh/keys/root", "keys/eyes.pub", 0o644)
    with open("keys/drstor.pub", encoding="ascii") as f:
        forced = 'restrict,command="sudo -n /usr/libexec/drstor/drstor-lvm-drbd-shim" ' + f.read()
    tree.bytes("etc/ssh/keys/drstor", forced.encode())
    for path, source in lab.facts["programs"].items():
        if os.path.exists(source):
            tree.file(path, source, 0o755)
    return tree.cpio()


def machine(lab, site):
    """QEMU's words. The management and the tests' network are user networks that lead nowhere but to the
    forwarded ports; replication is a datagram socket, so either end may go and come back."""
    ports, other = lab.facts["ports"][site], SITES[1 - SITES.index(site)]
    forward = ",".join([f"hostfwd=tcp:127.0.0.1:{ports['ssh']}-10.0.2.15:22", f"hostfwd=tcp:127.0.0.1:{ports['iscsi']}-10.0.2.15:3260"])
    words = ["qemu-system-x86_64", "-name", f"drstor-lab-{site}", "-machine", "pc", "-accel", ACCEL,
             "-cpu", "max", "-smp", "2", "-m", str(MEMORY_MB), "-nodefaults", "-no-user-config", "-display", "none", "-no-reboot",
             "-kernel", "kernel", "-initrd", f"{site}/initrd",
             "-append", f"console=ttyS0 quiet panic=-1 mitigations=off random.trust_cpu=on lab.site={site}",
             "-drive", f"file={site}/disk,if=none,id=d0,format=raw,cache=unsafe,discard=unmap", "-device", "virtio-blk-pci,drive=d0",
             "-netdev", f"user,id=mgmt,restrict=on,net=10.0.2.0/24,{forward}", "-device", "virtio-net-pci,netdev=mgmt,id=mgmt0",
             "-netdev", f"dgram,id=repl,local.type=unix,local.path={site}/wire,remote.type=unix,remote.path={other}/wire",
             "-device", f"virtio-net-pci,netdev=repl,id=repl0,mac=52:54:00:77:00:0{1 + SITES.index(site)}",
             "-netdev", f"user,id=eyes,restrict=on,net=10.0.3.0/24,hostfwd=tcp:127.0.0.1:{ports['eyes']}-10.0.3.15:22",
             "-device", "virtio-net-pci,netdev=eyes,id=eyes0", "-device", "virtio-rng-pci", "-device", "virtio-serial-pci",
             "-serial", f"file:{site}/console", "-monitor", f"unix:{site}/monitor,server=on,wait=off"]
    for name in ("r0", "r1", "r2"):
        words += ["-chardev", f"file,id={name},path={site}/acks.{name},append=on", "-device", f"virtserialport,chardev={name},name={name}"]
    return words


class Guard:
    def __init__(self, lab, owner):
        self.lab, self.machines, self.writers = lab, {}, {}
        self.owner = os.pidfd_open(owner) if owner else None
        self.listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.signals, self.signal_writer = os.pipe2(os.O_CLOEXEC | os.O_NONBLOCK)

    def boot(self, site):
        if site in self.machines:
            raise Failure(f"site-{site} is running")
        for name in ("wire", "monitor", "ssh", "pid"):
            if os.path.lexists(f"{site}/{name}"):
                os.unlink(f"{site}/{name}")
        with open(f"{site}/initrd.new", "wb") as out, open("root.cpio", "rb") as image:
            shutil.copyfileobj(image, out)
            out.write(overlay(self.lab, site))
        os.rename(f"{site}/initrd.new", f"{site}/initrd")
        with open(f"{site}/console", "wb"), open(f"{site}/qemu.log", "wb") as log:
            process = subprocess.Popen(machine(self.lab, site), stdin=subprocess.DEVNULL, stdout=log, stderr=log, preexec_fn=die_with_parent)
        self.machines[site] = process
        with open(f"{site}/pid.new", "w", encoding="ascii") as f:
            f.write(str(process.pid))
        os.rename(f"{site}/pid.new", f"{site}/pid")

    def host(self, verb, res, *words):
        """A writer outside of both sites; its connections are its own, but its end is ours."""
        old = self.writers.pop(res, None)
        if old:
            old.terminate()
            old.wait()
        if verb == "start":
            program = self.lab.facts["host"]
            with open(f"host.{res}.log", "wb") as log:
                self.writers[res] = subprocess.Popen([program, *words], stdin=subprocess.DEVNULL, stdout=log, stderr=log, preexec_fn=die_with_parent)

    def reap(self):
        for site, process in list(self.machines.items()):
            if process.poll() is not None:
                del self.machines[site]
                os.unlink(f"{site}/pid")

    def serve(self):
        """One request. Answers False when it was the last one."""
        connection, _ = self.listener.accept()
        with connection:
            connection.settimeout(10)
            try:
                words = connection.makefile().readline().split()
                self.reap()
                if words[:1] == ["boot"]:
                    self.boot(words[1])
                elif words[:1] == ["host"]:
                    self.host(*words[1:])
                answer = "ok"
            except (Failure, OSError) as why:
                words, answer = [], str(why)
            if words == ["down"]:
                self.end()
            try:
                connection.sendall(answer.encode())
            except OSError:
                pass
        return words != ["down"]

    def end(self):
        everything = [*self.machines.values(), *self.writers.values()]
        for process in everything:
            process.kill()
        for process in everything:
            process.wait()
        self.reap()
        if os.path.exists("guard.sock"):
            os.unlink("guard.sock")

    def run(self, ready):
        signal.set_wakeup_fd(self.signal_writer)
        told = []
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(number, lambda n, _: told.append(n))
        signal.signal(signal.SIGCHLD, lambda n, _: None)
        if os.path.exists("guard.sock"):
            os.unlink("guard.sock")
        self.listener.bind("guard.sock")
        self.listener.listen(8)
        with open("guard.pid", "w", encoding="ascii") as f:
            f.write(str(os.getpid()))
        ready()
        wait = [self.listener, self.signals] + ([self.owner] if self.owner else [])
        try:
            while not told:
                can = select.select(wait, [], [])[0]
                if self.signals in can:
                    os.read(self.signals, 512)
                    self.reap()
                if self.owner in can:
                    break
                if self.listener in can and not self.serve():
                    break
        finally:
            self.end()


def start(lab, owner):
    """Leaves a guard behind, in a session of its own. Answers when it listens."""
    reader, writer = os.pipe()
    child = os.fork()
    if child:
        os.close(writer)
        os.waitpid(child, 0)
        said = os.read(reader, 4096)
        os.close(reader)
        if said != b"ok":
            raise Failure(said.decode() or "the lab's guard did not start; see guard.log")
        return
    os.setsid()
    if os.fork():
        os._exit(0)
    status = 1
    try:
        os.close(reader)
        lock = os.open("lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        null, log = os.open(os.devnull, os.O_RDONLY), os.open("guard.log", os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        for fd, to in ((null, 0), (log, 1), (log, 2)):
            os.dup2(fd, to)
        # What the caller had open is not for us to keep: it may wait for the end of a pipe.
        keep = {0, 1, 2, lock, writer}
        for fd in map(int, os.listdir("/proc/self/fd")):
            if fd not in keep:
                try:
                    os.close(fd)
                except OSError:
                    pass
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            guard = Guard(lab, owner)
        except BlockingIOError:
            raise Failure(f"the lab in {lab.folder} is up already") from None
        except ProcessLookupError:
            raise Failure(f"the owner {owner} has ended already") from None
        guard.run(lambda: (os.write(writer, b"ok"), os.close(writer)))
        status = 0
    except Failure as why:
        os.write(writer, str(why).encode())
    except BaseException:  # pylint: disable=broad-except
        import traceback
        traceback.print_exc()
    finally:
        os._exit(status)
