"""The archive that a Linux kernel unpacks as its first root. Everything in it belongs to root."""
import os
import re
import stat


class Tree:
    """What the guest's root will hold: path -> (mode, bytes)."""

    def __init__(self):
        self.nodes = {}

    def add(self, path, mode, data=b""):
        path = re.sub(r"^(bin|sbin|lib|lib64)/", r"usr/\1/", path.strip("/"))
        parent = os.path.dirname(path)
        if parent and parent not in self.nodes:
            self.folder(parent)
        self.nodes[path] = (mode, data)

    def folder(self, path, mode=0o755):
        self.add(path, stat.S_IFDIR | mode)

    def link(self, path, target):
        self.add(path, stat.S_IFLNK | 0o777, target.encode())

    def bytes(self, path, data, mode=0o644):
        self.add(path, stat.S_IFREG | mode, data)

    def file(self, path, source, mode=None):
        with open(source, "rb") as f:
            data = f.read()
        self.bytes(path, data, mode or (0o755 if os.access(source, os.X_OK) else 0o644))

    def cpio(self):
        out = [entry(n, path, *self.nodes[path]) for n, path in enumerate(sorted(self.nodes), 1)]
        return b"".join(out) + entry(0, "TRAILER!!!", 0, b"")


def entry(number, path, mode, data):
    name = path.encode() + b"\0"
    fields = (number, mode, 0, 0, 2 if stat.S_ISDIR(mode) else 1, 0, len(data), 0, 0, 0, 0, len(name), 0)
    head = b"070701" + b"".join(b"%08X" % f for f in fields) + name
    return head + b"\0" * (-len(head) % 4) + data + b"\0" * (-len(data) % 4)
