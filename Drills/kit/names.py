"""A name server that answers as a script says, and a machine that asks it alone."""

import contextlib
import os
import socket
import struct
import tempfile
import threading

from .commands import own_mounts, unmounting
from .means import LIBC
from .register import Skip

MS_BIND = 4096
TYPES = {"A": (1, socket.AF_INET), "AAAA": (28, socket.AF_INET6)}


class NameServer:
    """Answers at 127.0.0.1:53 of this network. The script has, by name and type, after how many seconds and with
    which addresses; what it does not have is never answered."""

    def __init__(self, script):
        self.script, self.asked = script, 0
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.1", 53))
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        while True:
            question, peer = self.socket.recvfrom(1500)
            self.asked += 1
            name, kind = self.question(question)
            if (answer := self.script.get((name, kind))) is None:
                continue
            delay, addresses = answer
            reply = self.reply(question, kind, addresses)
            if delay:
                threading.Timer(delay, self.socket.sendto, (reply, peer)).start()
            else:
                self.socket.sendto(reply, peer)

    @staticmethod
    def question(data):
        """The name and the type that is asked for (RFC 1035, 4.1.2)."""
        labels, place = [], 12
        while length := data[place]:
            labels.append(data[place + 1:place + 1 + length].decode())
            place += 1 + length
        number, = struct.unpack_from("!H", data, place + 1)
        kind = next((kind for kind, (value, _) in TYPES.items() if value == number), None)
        return ".".join(labels), kind

    @staticmethod
    def reply(question, kind, addresses):
        end = question.index(0, 12) + 5
        head = question[:2] + struct.pack("!HHHHH", 0x8180, 1, len(addresses), 0, 0)
        number, family = TYPES[kind]
        records = b""
        for address in addresses:
            data = socket.inet_pton(family, address)
            records += struct.pack("!HHHIH", 0xC00C, number, 1, 60, len(data)) + data
        return head + question[12:end] + records


@contextlib.contextmanager
def asking_here(timeout=5):
    """This process, and what it starts, asks a name server at 127.0.0.1 and no other, twice for so many seconds."""
    own_mounts()
    with tempfile.TemporaryDirectory() as folder:
        files = {"/etc/resolv.conf": f"nameserver 127.0.0.1\noptions timeout:{timeout} attempts:2\n",
                 "/etc/nsswitch.conf": "hosts: files dns\n"}
        with unmounting(*files):
            for path, text in files.items():
                ours = os.path.join(folder, os.path.basename(path))
                with open(ours, "w") as file:
                    file.write(text)
                if LIBC.mount(ours.encode(), path.encode(), None, MS_BIND, None) != 0:
                    raise Skip(f"{path} cannot be put in the place of the machine's")
            yield
