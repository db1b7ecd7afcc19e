"""E11: a sandbox, or an old kernel, refuses a system call: one after the other, each that a server
makes (G2 has the generator's). What can be done without it works; what cannot says so in a line and ends."""

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
    while select.select([pipe], [], [], 20)[0] and (piece := os.read(pipe, 4096)):
        text += piece
        if found := re.search(rb"listening on \S+:(\d+)", text):
            return Port(int(found.group(1))), text
    return None, text


@drill("E11", "system calls that are refused", quick=False)
def refused(at):
    need("strace")
    command = [at.program, "serve", "--port", "0", "--backend", at.backend]

    def talk(child):
        port, text = first_port(child)
        must(port, f"the server does not start: {text!r}")
        Peer(port, greeted=True).ask(b"^abc$")
        child.send_signal(signal.SIGINT)

    told, worked = 0, 0
    wrong = []
    for call in used(command, talk):
        for error in ERRORS:
            try:
                outcome = serve(command, call, error)
            except Fail as fail:
                wrong.append(str(fail))
                continue
            told, worked = told + (outcome == "told"), worked + (outcome == "works")
    must(not wrong, f"{len(wrong)} refusals: " + "; ".join(wrong))
    at.tell(f"{worked} refusals cost nothing that was noticed, {told} are told")


def check(what, code, text):
    must(code in (0, 1), f"{what}: exit {code}, {text[-300:]!r}")
    if code == 1:
        must(text.strip(), f"{what}: exit 1 and no word")


def serve(command, call, error):
    """Serves a peer and ends, or says why not."""
    what = f"serve, {call}: {error}"
    child = subprocess.Popen([*refusing(call, error), *command], stdin=subprocess.DEVNULL,
                             stdout=subprocess.PIPE, stderr=subprocess.STDOUT, start_new_session=True)
    ticking = time.monotonic()
    try:
        port, text = first_port(child)
        if port is None:
            check(what, child.wait(20), text)
            must(b"switchboard serve: " in text, f"{what}: says {text[-300:]!r}")
            return "told"
        try:
            peer = Peer(port, greeted=True)
            peer.ask(b"^abc$")
            peer.close()
        except OSError as reason:
            # Not served, and then it must have said why.
            os.killpg(child.pid, signal.SIGTERM)
            rest = text + child.communicate(timeout=20)[0]
            must(b"warning" in rest or b"switchboard serve: " in rest, f"{what}: {reason}, says {rest[-300:]!r}")
            return "told"
        os.killpg(child.pid, signal.SIGTERM)
        code = child.wait(20)
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
