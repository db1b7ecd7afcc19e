"""L5: more connections at once than a listener's queue holds."""

import select
import socket
import time
from pathlib import Path

from kit.register import Skip, drill, must


@drill("L5", "storm of connections")
def storm(at):
    if at.no_namespace:
        raise Skip(at.no_namespace)
    Path("/proc/sys/net/core/somaxconn").write_text("128")
    count = at.pick(3000, 15_000)
    with at.serve() as server:
        def body():
            begin, before = time.monotonic(), overflows()
            refused = longest = 0
            for number in range(0, count, 500):
                batch = Storm(server, 500)
                batch.run()
                refused, longest = refused + batch.refused, max(longest, batch.longest_queue)
            return time.monotonic() - begin, overflows() - before, refused, longest
        seconds, dropped, refused, longest = at.steady(server, body)
        at.tell(f"{count} connects on a queue of 128 in {seconds:.1f} s, {dropped} ListenOverflows, "
                f"{refused} refused; somebody in the queue for {longest * 1000:.0f} ms without a pause")
        # The kernel refuses those whose handshake it forgot while the queue was full, and no others.
        must(refused <= dropped, f"{refused} were refused, and the queue was full {dropped} times")
        must(longest <= 0.25, f"for {longest:.2f} s there was always somebody to accept")
        # A client's kernel tries again after 1 s, 2 s, 3 s, 4 s and 6 s when the queue was full.
        allowed = at.pick(5, 60) + (count // 500 * 2 if dropped else 0)
        must(seconds <= allowed, f"took {seconds:.1f} s, {dropped} ListenOverflows")


class Storm:
    """Many connects at once; each asks once when it is connected, and goes.

    They must not wait for the greeting: where the queue was full when a handshake ended, the client is
    connected and the server's kernel may have forgotten it. Only what is sent then brings it back, or
    brings the refusal."""

    def __init__(self, server, count):
        self.server, self.refused, self.longest_queue = server, 0, 0.0
        self.poller, self.waiting = select.poll(), {}
        self.queued_since, self.next_look = None, 0.0
        for _ in range(count):
            made = socket.socket()
            made.setblocking(False)
            made.connect_ex(("127.0.0.1", server.port))
            self.waiting[made.fileno()] = [made, b""]
            self.poller.register(made, select.POLLOUT)

    def run(self, patience=10):
        end = time.monotonic() + patience
        while self.waiting:
            must(time.monotonic() < end,
                 f"{len(self.waiting)} neither served nor refused in {patience} s; "
                 f"{self.server.queued()} in the queue")
            for number, _ in self.poller.poll(50):
                self.go_on(number)
            self.look_at_queue()

    def go_on(self, number):
        one, got = self.waiting[number]
        try:
            if not got:
                one.send(b"^a$")
                self.waiting[number][1] = b"sent"
                return self.poller.modify(one, select.POLLIN)
            got = self.waiting[number][1] = got + one.recv(4)
        except BlockingIOError:
            return None
        except ConnectionError:
            self.refused += 1
            return self.end(number)
        must(b"sent*b".startswith(got) and got != b"sent", f"{got[4:]!r} came instead of a reply")
        if got == b"sent*b":
            self.end(number)

    def end(self, number):
        self.poller.unregister(number)
        self.waiting.pop(number)[0].close()

    def look_at_queue(self):
        """For how long the server had something to accept, without a pause."""
        now = time.monotonic()
        if now < self.next_look:
            return
        self.next_look = now + 0.05
        if not self.server.queued():
            self.queued_since = None
        elif self.queued_since is None:
            self.queued_since = now
        else:
            self.longest_queue = max(self.longest_queue, now - self.queued_since)


def overflows():
    """The kernel's count of connections that found a listener's queue full."""
    lines = Path("/proc/net/netstat").read_text().splitlines()
    for names, values in zip(lines[::2], lines[1::2]):
        if names.startswith("TcpExt:"):
            return int(dict(zip(names.split(), values.split()))["ListenOverflows"])
    return 0
