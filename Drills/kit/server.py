"""`switchboard serve` as a process, looked at from outside: its output and what /proc says."""

import os
import re
import resource
import signal
import subprocess
import threading
import time
from pathlib import Path

# tcp(7)'s states that a connection has while a process holds it.
HELD = {"01", "03", "04", "05", "08", "09", "0B"}
LISTEN = "0A"


class Trouble(Exception):
    """The server did not do what every drill takes for granted."""


class Server:
    """Ends with the `with` block, whatever happened in it."""

    def __init__(self, program, protocol="frames", *options, backend="auto", log="warning",
                 wrapper=(), nofile=None, prepare=None, port=0, fds=(), ready=True, command=None,
                 processor=None, asked=False):
        command = command or [program, "serve", "--backend", backend, "--protocol", protocol,
                              "--port", str(port), "--log-level", log, *options]
        self.changes = (nofile, prepare, processor)
        self.begun = time.monotonic()
        self.child = subprocess.Popen(
            [*wrapper, *command], stdin=subprocess.PIPE if asked else subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, pass_fds=fds, preexec_fn=self.prepare)
        self.lines, self.changed = [], threading.Condition()
        self.readers = [threading.Thread(target=self.read, args=(pipe,), daemon=True)
                        for pipe in (self.child.stdout, self.child.stderr)]
        for reader in self.readers:
            reader.start()
        self.pid = self.child.pid
        if wrapper:
            self.pid = self.find(Path(command[0]).name)
        self.port = self.wait_listening() if ready else None

    def prepare(self):
        nofile, prepare, processor = self.changes
        if processor is not None:
            os.sched_setaffinity(0, {processor})
        if nofile:
            resource.setrlimit(resource.RLIMIT_NOFILE, (nofile, nofile))
        if prepare:
            prepare()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for pid in {self.pid, self.child.pid}:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
        self.child.wait()

    # ------------------------------------------------------------------ what it says

    def read(self, pipe):
        for line in pipe:
            with self.changed:
                self.lines.append((time.monotonic(), line.decode(errors="replace").rstrip()))
                self.changed.notify_all()

    def said(self, pattern):
        """The lines that match, with when they came."""
        with self.changed:
            return [(at, found) for at, line in self.lines if (found := re.search(pattern, line))]

    def wait_said(self, pattern, count=1, seconds=5):
        """Waits for so many such lines."""
        deadline = time.monotonic() + seconds
        while True:
            found = self.said(pattern)
            left = deadline - time.monotonic()
            if len(found) >= count or left <= 0:
                return found
            with self.changed:
                self.changed.wait(min(left, 0.1))

    def ask(self, line, pattern, seconds=20):
        """Gives a line to one that reads its standard input, and waits for what it says to that."""
        with self.changed:
            before = len(self.lines)
        self.tell(line)
        return self.next_said(pattern, before, seconds)

    def tell(self, line):
        self.child.stdin.write(line.encode() + b"\n")
        self.child.stdin.flush()

    def next_said(self, pattern, after=0, seconds=20):
        """The first such line behind so many, waited for."""
        return self.next_said_at(pattern, after, seconds)[1]

    def next_said_at(self, pattern, after=0, seconds=20):
        """The same, and when it came."""
        deadline = time.monotonic() + seconds
        with self.changed:
            while True:
                for at, line in self.lines[after:]:
                    if found := re.search(pattern, line):
                        return at, found
                left = deadline - time.monotonic()
                if left <= 0 or (self.child.poll() is not None and left < seconds - 1):
                    said = " | ".join(line for _, line in self.lines[after:][-4:])
                    raise Trouble(f"it does not say '{pattern}' in {seconds} s, but '{said}'")
                self.changed.wait(min(left, 0.1))

    def tail(self, count=4):
        with self.changed:
            return " | ".join(line for _, line in self.lines[-count:])

    # ------------------------------------------------------------------ what it does

    def find(self, name):
        """The process that a wrapper has started."""
        deadline = time.monotonic() + 10
        while time.monotonic() < deadline and self.child.poll() is None:
            for entry in Path(f"/proc/{self.child.pid}/task").glob("*/children"):
                for pid in entry.read_text().split():
                    try:
                        if Path(f"/proc/{pid}/comm").read_text().strip() == name[:15]:
                            return int(pid)
                    except (FileNotFoundError, ProcessLookupError):
                        pass
            time.sleep(0.01)
        raise Trouble(f"no {name} under the wrapper: {self.tail()}")

    def sockets(self):
        """Local port, state and inode of each TCP socket in the server's network."""
        for name in ("tcp", "tcp6"):
            with open(f"/proc/{self.pid}/net/{name}") as table:
                next(table)
                for line in table:
                    fields = line.split()
                    address, _, port = fields[1].rpartition(":")
                    yield address, int(port, 16), fields[3], fields[9]

    def inodes(self):
        found = set()
        for entry in os.scandir(f"/proc/{self.pid}/fd"):
            try:
                link = os.readlink(entry.path)
            except FileNotFoundError:
                continue
            if link.startswith("socket:["):
                found.add(link[8:-1])
        return found

    def listening(self):
        """The addresses, as /proc writes them, and ports that this process listens on."""
        inodes = self.inodes()
        return [(address, port) for address, port, state, inode in self.sockets()
                if state == LISTEN and inode in inodes]

    def queued(self):
        """How many connections wait in the listener's queue: /proc's receive queue."""
        with open(f"/proc/{self.pid}/net/tcp") as table:
            next(table)
            for line in table:
                fields = line.split()
                if fields[3] == LISTEN and int(fields[1].rpartition(":")[2], 16) == self.port:
                    return int(fields[4].partition(":")[2], 16)
        return 0

    def wait_listening(self):
        deadline = time.monotonic() + 10
        while time.monotonic() < deadline:
            if self.child.poll() is not None:
                raise Trouble(f"the server ended with {self.code()}: {self.tail()}")
            try:
                if found := self.listening():
                    self.ready_after = time.monotonic() - self.begun
                    return found[0][1]
            except (FileNotFoundError, ProcessLookupError):
                pass
            time.sleep(0.002)
        raise Trouble(f"the server does not listen: {self.tail()}")

    def connections(self):
        """Connections that a process still holds on the server's port."""
        return sum(port == self.port and state in HELD and inode != "0"
                   for _, port, state, inode in self.sockets())

    def descriptors(self):
        return len(os.listdir(f"/proc/{self.pid}/fd"))

    def rss(self):
        return int(Path(f"/proc/{self.pid}/statm").read_text().split()[1]) * 4096

    def cpu(self):
        """Seconds of processor time so far, to the nanosecond."""
        total = 0
        for entry in Path(f"/proc/{self.pid}/task").glob("*/schedstat"):
            try:
                total += int(entry.read_text().split()[0])
            except FileNotFoundError:
                pass
        return total / 1e9

    def load(self, window):
        """The share of a processor used over a time."""
        begin, used = time.monotonic(), self.cpu()
        time.sleep(window)
        return (self.cpu() - used) / (time.monotonic() - begin)

    def is_alive(self):
        return self.child.poll() is None

    def code(self):
        return self.child.poll()

    def signal(self, number):
        os.kill(self.pid, number)

    def wait(self, seconds):
        """Waits for its end: the exit code, and how long it took."""
        begin = time.monotonic()
        try:
            code = self.child.wait(seconds)
        except subprocess.TimeoutExpired:
            return None, time.monotonic() - begin
        for reader in self.readers:
            reader.join(2)
        return code, time.monotonic() - begin
