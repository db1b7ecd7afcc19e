"""E11: a sandbox, or an old kernel, refuses a system call: one after the other, each that a server
makes (G2 has the generator's). What can be done without it works; what cannot is told by its name, once, with
what to do about it, and costs nothing more."""

import os
import re
import select
import signal
import subprocess
import tempfile
import time

from kit.means import need
from kit.peers import Peer
from kit.register import Fail, drill, must


# Without these no program begins, or can say anything: the loader and the language's own start.
NEEDED = {"execve", "mmap", "munmap", "mprotect", "brk", "openat", "open", "read", "pread64", "close",
          "fstat", "newfstatat", "stat", "access", "arch_prctl", "set_tid_address", "set_robust_list", "rseq",
          "write", "exit", "exit_group", "rt_sigreturn", "futex", "restart_syscall"}
ERRORS = ("EPERM", "ENOSYS")
PATIENCE = 20


def used(command, body):
    """The system calls that a command makes while the body is done with it."""
    with tempfile.NamedTemporaryFile("r") as trace:
        child = subprocess.Popen(["strace", "-f", "-qq", "-o", trace.name, *command],
                                 stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        try:
            body(child)
        finally:
            child.kill()
            child.wait()
        return sorted(set(re.findall(r"^\d+ +([a-z_0-9]+)\(", trace.read(), re.MULTILINE)) - NEEDED)


def refusing(call, error):
    return ["strace", "-f", "-qqq", "--seccomp-bpf", "-o", "/dev/null", "-e", f"trace={call}", "-e",
            f"inject={call}:error={error}"]


class Port:
    def __init__(self, port):
        self.port = port


def first_port(child):
    """The port in what a server says; None when it ends without one."""
    text, pipe = b"", child.stdout.fileno()
    # Who says nothing for so long hangs; whoever waits for the end finds out.
    while select.select([pipe], [], [], PATIENCE)[0] and (piece := os.read(pipe, 4096)):
        text += piece
        if found := re.search(rb"listening on \S+:(\d+)", text):
            return Port(int(found.group(1))), text
    return None, text


@drill("E11", "system calls that are refused")
def refused(at):
    need("strace")
    command = [at.program, "serve", "--port", "0", "--backend", at.backend]

    def talk(child):
        port, text = first_port(child)
        must(port, f"the server does not start: {text!r}")
        Peer(port, greeted=True).ask(b"^abc$")
        child.send_signal(signal.SIGINT)

    calls = used(command, talk)
    refusals = [(command, call, error) for call in calls for error in ERRORS]
    if at.backend == "poll":  # with which the models that have no loop wait
        for model in ("sequential", "threads", "pool"):
            other = [at.program, "serve", "--port", "0", "--model", model]
            refusals += [(other, call, "EPERM") for call in ("accept4", "recvfrom", "sendto")]
    told, worked = 0, 0
    wrong = []
    for refusal in refusals:
        try:
            outcome = serve(*refusal)
        except Fail as fail:
            wrong.append(str(fail))
            continue
        told, worked = told + (outcome == "told"), worked + (outcome == "works")
    must(not wrong, f"{len(wrong)} refusals: " + "; ".join(wrong))
    at.tell(f"{len(calls)} calls: {worked} refusals cost nothing that was noticed, {told} are told")


def told_lines(text, error):
    """The lines that name a refused call and say what to do about it."""
    return [line for line in text.splitlines() if f"({error}); ".encode() in line]


def read_until(child, text, holds):
    """Reads on until something holds, or the end: everything that was said."""
    pipe, deadline = child.stdout.fileno(), time.monotonic() + PATIENCE
    while not holds(text) and time.monotonic() < deadline:
        if select.select([pipe], [], [], 0.1)[0]:
            if not (piece := os.read(pipe, 4096)):
                break
            text += piece
    return text


def is_served(port, child, text, error):
    """Whether a peer is served before the server tells that it cannot; and what it has said by then."""
    try:
        peer = Peer(port)
        while not told_lines(text, error):
            ready = select.select([peer.socket, child.stdout], [], [], PATIENCE)[0]
            must(ready, "neither served nor told")
            if peer.socket in ready:
                peer.greeted().ask(b"^abc$")
                peer.close()
                return True, text
            if not (piece := os.read(child.stdout.fileno(), 4096)):
                break
            text += piece
    except (OSError, Fail):
        pass
    return False, text


def told_why(child, text, error, what):
    """Who is not served is told of by the server, by the call's name; once, whoever comes after him; and
    the server neither spins nor stays when it is asked to end."""
    text = read_until(child, text, lambda text: told_lines(text, error))
    must(told_lines(text, error), f"{what}: nobody is served, and it says {text[-300:]!r}")
    # Without a way to wait it ends by itself, as it has said.
    if not any(b"switchboard serve: " in line for line in told_lines(text, error)):
        port = Port(int(re.search(rb"listening on \S+:(\d+)", text).group(1)))
        for _ in range(3):
            Peer(port).close()
        os.killpg(child.pid, signal.SIGTERM)
    text = read_until(child, text, lambda _: False)
    must((code := child.wait(PATIENCE)) in (0, 1), f"{what}: exit {code}")
    lines = told_lines(text, error)
    must(len(lines) <= 2, f"{what}: told {len(lines)} times: {lines[:3]}")


def serve(command, call, error):
    """Serves a peer and ends, or says why not."""
    what = f"{' '.join(command[1:])}, {call}: {error}"
    child = subprocess.Popen([*refusing(call, error), *command], stdin=subprocess.DEVNULL,
                             stdout=subprocess.PIPE, stderr=subprocess.STDOUT, start_new_session=True)
    ticking = time.monotonic()
    try:
        port, text = first_port(child)
        if port is None:
            must((code := child.wait(PATIENCE)) == 1, f"{what}: exit {code}, {text[-300:]!r}")
            must(b"switchboard serve: " in text.splitlines()[-1], f"{what}: says {text[-300:]!r}")
            return "told"
        served, text = is_served(port, child, text, error)
        if not served:
            told_why(child, text, error, what)
            return "told"
        os.killpg(child.pid, signal.SIGTERM)
        code = child.wait(PATIENCE)
        must(code in (0, 1), f"{what}: exit {code} at the end")
        return "works"
    except subprocess.TimeoutExpired:
        must(False, f"{what}: hangs after {time.monotonic() - ticking:.0f} s")
    finally:
        try:
            os.killpg(child.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        child.wait()
