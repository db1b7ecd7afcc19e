"""F: what comes at the same time."""

import random
import re
import signal
import subprocess
from pathlib import Path

from kit.peers import Peer, close_all
from kit.register import Fail, drill, must

PACKAGE = Path(__file__).resolve().parents[2]


@drill("F11", "races of the ring", backends=("io_uring",), quick=False)
def ring(at):
    """In the library's own tests, which can make a ring's queues and buffers tiny and cancel at each
    step; here with the address sanitizer."""
    made = subprocess.run([PACKAGE / "Drills/sanitize", "address", "--filter", "RingRace|RingTests"],
                          capture_output=True, text=True)
    lines = (made.stdout + made.stderr).strip().splitlines()
    if made.returncode:
        raise Fail(" | ".join(lines[-3:]))
    count = re.search(r"Test run with (\d+) tests?.* passed", made.stdout)
    must(count and int(count[1]) > 10, f"no tests were run: {lines[-1]}")
    at.tell(f"{count[1]} tests on tiny queues and buffers; {lines[-1].split(' (')[0]}")


@drill("F12", "descriptors used again at once")
def reuse(at):
    rounds = at.pick(150, 3000)
    dice = random.Random(12)
    with at.serve("echo") as server:
        peers = {}

        def one_round(number):
            """Half of the peers go and others come in one batch, and all that is to be said is said
            before the server looks again: it must reach the right ones."""
            server.signal(signal.SIGSTOP)
            for place in range(32):
                if place in peers and dice.random() < 0.5:
                    peer = peers.pop(place)
                    peer.sent(b"never to be seen by another")
                    peer.reset() if dice.random() < 0.5 else peer.close()
                if place not in peers:
                    peers[place] = Peer(server)
                peers[place].sent(b"%d of %d;" % (place, number))
            server.signal(signal.SIGCONT)
            for place, peer in peers.items():
                wanted = b"%d of %d;" % (place, number)
                got = peer.take(len(wanted))
                must(got == wanted, f"{got!r} came to {wanted!r}")

        def body():
            for number in range(rounds):
                one_round(number)
            close_all(peers.values())
            peers.clear()
        at.steady(server, body)
        at.tell(f"{2 * rounds * 32} messages in {2 * rounds} rounds, each to its own peer")
