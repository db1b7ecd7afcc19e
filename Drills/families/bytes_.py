"""B: what peers send, cut in any way, and meant ill."""

import random
import subprocess
import time
from pathlib import Path

from kit.figures import micro
from kit.peers import Peer, barrier, close_all, open_many, readable, replies
from kit.register import Fail, drill, must

PACKAGE = Path(__file__).resolve().parents[2]
HINT = b"ERR say PING, ECHO text, REVERSE text, SLEEP ms, HASH text or QUIT\n"
SLEEPS = b"ERR say SLEEP and milliseconds from 0 to 60000\n"
TOO_LONG = b"ERR a line may have 1024 bytes; connect again\n"


@drill("B1", "fuzzing", backends=("all",), quick=False)
def fuzzing(at):
    made = subprocess.run([PACKAGE / "Fuzz/fuzz", "all", "--seconds", str(at.pick(12, 60))],
                          capture_output=True, text=True)
    lines = [" ".join(line.split()) for line in made.stdout.splitlines() if " runs " in line]
    if made.returncode:
        raise Fail((made.stdout or made.stderr).strip().splitlines()[-1])
    at.tell("; ".join(lines))


# A message of each protocol, and what answers it.
FRAMES = b"xx^abc$^\x00\xff^$$^0123456789abcdef0123456789$y"
LINES = b"PING\nECHO two words\r\nREVERSE abc\n\nECHO caf\xc3\xa9\nHASH x\nSLEEP 0\n"


@drill("B2", "each message cut at each byte")
def splits(at):
    with at.serve() as server:
        at.steady(server, lambda: cut_everywhere(server, FRAMES, replies(FRAMES), greeted=True))
    with at.serve("line") as lines:
        whole = Peer(lines)
        whole.sent(LINES)
        wanted = b"".join(whole.next_line() for _ in range(LINES.count(b"\n")))
        whole.close()
        must(wanted.startswith(b"OK PONG\nOK two words\nOK cba\nERR "), f"answered {wanted!r}")
        at.steady(lines, lambda: cut_everywhere(lines, LINES, wanted, greeted=False))
    at.tell(f"{len(FRAMES) + len(LINES)} cuts, and byte by byte")


def cut_everywhere(server, message, wanted, greeted):
    """A connection for each place to cut. A further peer's round trips between the two parts see to
    it that the server has received the first before the second is sent."""
    between = Peer(server, greeted=greeted)
    wait = (lambda: barrier(between)) if greeted else (lambda: lines_barrier(between))
    peers = open_many(server, len(message), greeted)
    for place, peer in enumerate(peers):
        peer.sent(message[:place])
    wait()
    for place, peer in enumerate(peers):
        peer.sent(message[place:])
    for place, peer in enumerate(peers):
        got = peer.take(len(wanted))
        must(got == wanted, f"cut at {place}: {got!r}, not {wanted!r}")
    slow = Peer(server, greeted=greeted)
    for place in range(len(message)):
        slow.sent(message[place:place + 1])
        wait()
    must(slow.take(len(wanted)) == wanted, "other replies byte by byte")
    must(not readable([one.socket for one in [*peers, slow]], 0), "more replies than are due")
    close_all([*peers, slow, between], reset=False)


def lines_barrier(peer):
    for _ in range(2):
        must(peer.line("PING") == b"OK PONG\n", "no PONG")


@drill("B3", "hostile lengths")
def lengths(at):
    cases = [(b"", HINT), (b"ECHO " + b"a" * 1019, b"OK " + b"a" * 1019 + b"\n"),
             (b"ECHO " + b"a" * 1019 + b"\r", b"OK " + b"a" * 1019 + b"\n"),
             (b"ECHO " + b"a" * 1020, TOO_LONG), (b"a" * 1025, TOO_LONG),
             (b"a" * 60_000, TOO_LONG), (b"SLEEP -1", SLEEPS), (b"SLEEP 60001", SLEEPS),
             (b"SLEEP 4294967295", SLEEPS), (b"SLEEP 18446744073709551616", SLEEPS),
             (b"SLEEP " + b"9" * 1000, SLEEPS), (b"SLEEP -9223372036854775808", SLEEPS),
             (b"SLEEP 0x7f", SLEEPS), (b"SLEEP  1", SLEEPS), (b"SLEEP 1e3", SLEEPS)]
    slowest = 0.0

    def body():
        nonlocal slowest
        for line, wanted in cases:
            times = []
            while len(times) < 5 or min(times) > 0.001 and len(times) < 30:
                peer = Peer(server)
                begin = time.perf_counter()
                got = peer.line(line + b"\n")
                times.append(time.perf_counter() - begin)
                must(got == wanted, f"{line[:40]!r} was answered by {got[:60]!r}")
                if wanted == TOO_LONG:
                    must(peer.to_end()[0] == b"", "an answer after the last one")
                peer.close()
            slowest = max(slowest, min(times))
    with at.serve("line") as server:
        at.steady(server, body)
    at.tell(f"{len(cases)} lengths, each answered within {micro(slowest)}")
    must(slowest <= 0.001, f"an answer took {micro(slowest)}, more than 1 ms at each of thirty tries")


@drill("B4", "every byte there is")
def every_byte(at):
    dice = random.Random(4)
    streams = [bytes(range(256)) * 4, b"\xff" * 5000, bytes(5000), b"^" + bytes(range(256)),
               b"^" + b"\xff" * 3000 + b"$" + bytes(100), b"\r\n" * 100, b"$^" * 1000,
               b"\xc3\x28\xa0\xa1\xe2\x28\xa1\xf0\x28\x8c\xbc\xf8\xa1\xa1\xa1\xa1\xed\xa0\x80",
               *(dice.randbytes(dice.randrange(1, 4000)) for _ in range(20))]
    with at.serve() as frames, at.serve("echo") as echo, at.serve("line") as lines:
        def body():
            for data in streams:
                exchange(frames, data, replies(data), greeted=True)
                exchange(echo, data, data)
                echo_lines(lines, data)
        for server in (frames, echo, lines):
            at.steady(server, body, rounds=2 if server is frames else 1)
    with at.serve("chat") as chat:
        talk(chat, streams)
        must(chat.is_alive(), f"the chat ended: {chat.tail()}")
    at.tell(f"{len(streams)} streams to each protocol")


def exchange(server, data, wanted, greeted=False):
    peer = Peer(server, greeted=greeted)
    peer.sent(data)
    peer.finish()
    got, how = peer.to_end()
    must(got == wanted and how == "end", f"{data[:20]!r}...: {len(got)} bytes, {len(wanted)} are due")
    peer.close()


def echo_lines(server, data):
    """The stream as arguments of ECHO: bad UTF-8 comes back as U+FFFD."""
    peer = Peer(server)
    for piece in data.split(b"\n")[:20]:
        text = piece[:1000].removesuffix(b"\r")
        wanted = b"OK " + text.decode(errors="replace").encode() + b"\n"
        got = peer.line(b"ECHO " + text + b"\n")
        must(got == wanted, f"ECHO {text[:30]!r} was answered by {got[:40]!r}")
    peer.close()


def talk(server, streams):
    """The chat may say or close what it likes, and goes on."""
    for data in streams:
        peer = Peer(server)
        try:
            peer.sent(b"someone\n" + data + b"\n")
            peer.finish()
            peer.to_end()
        except OSError:
            pass
        peer.close()
    last = Peer(server)
    last.sent(b"last\n")
    must(last.next_line() != b"", "the chat says nothing any more")
    last.close()


@drill("B6", "a flood of tiny messages")
def tiny(at):
    count = at.pick(60_000, 1_000_000)
    with at.serve() as frames:
        def frames_body():
            pump(frames, b"^a$" * 1000, count // 1000, b"b" * 1000, greeted=True)
        at.steady(frames, frames_body)
    with at.serve("line") as lines:
        before = lines.rss()

        def lines_body():
            pump(lines, b"\n" * 1000, count // 4000, HINT * 1000)
        at.steady(lines, lines_body)
        # One who sends and does not read: the server stops reading from it.
        peer = Peer(lines, receive=4096)
        sent = peer.fill(b"\n" * 65536)
        held = lines.rss() - before
        peer.reset()
        at.tell(f"{count} frames, {count // 4} lines; {held >> 10} KiB for {sent >> 10} KiB of "
                "empty lines whose answers nobody reads")
        must(held < 24 << 20, f"{held >> 20} MiB for a peer that does not read")


def pump(server, block, count, answer, greeted=False):
    """Sends many blocks and checks as many answers, with a few under way."""
    peer = Peer(server, greeted=greeted)
    sent = 0
    for done in range(count):
        while sent < count and sent - done < 3:
            peer.sent(block)
            sent += 1
        got = peer.take(len(answer))
        must(got == answer, f"answer {done} is another one: {got[:60]!r}")
    peer.close()
