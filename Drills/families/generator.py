"""G: the load generator, where the system is against it."""

import os
import re
import signal
import subprocess
import tempfile
import time

from kit.means import filter_call, need
from kit.register import Skip, drill, eventually, must
from kit.server import Server

# Without these no program begins, in whatever language; the locks of Swift's library need gettid.
BEGINNING = {
    "execve", "brk", "mmap", "munmap", "mprotect", "madvise", "openat", "read", "pread64", "close", "fstat",
    "newfstatat", "access", "arch_prctl", "set_tid_address", "set_robust_list", "rseq", "futex", "write",
    "gettid", "exit", "exit_group", "rt_sigprocmask", "rt_sigreturn", "restart_syscall"}
# What a sandbox answers where it does not kill: EPERM, ENOSYS.
REFUSALS = {"EPERM": 1, "ENOSYS": 38}


class Load:
    """`switchboard load` as a process; ends with the `with` block."""

    def __init__(self, program, *options, prepare=None, wrapper=()):
        self.child = subprocess.Popen(
            [*wrapper, program, "load", *options], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, preexec_fn=prepare)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.child.poll() is None:
            self.child.kill()
        self.child.communicate()

    def end(self, seconds=60):
        """The exit code, None where it does not end, and the lines of both outputs."""
        try:
            out, errors = self.child.communicate(timeout=seconds)
        except subprocess.TimeoutExpired:
            return None, [], []
        return self.child.returncode, *(text.decode(errors="replace").splitlines() for text in (out, errors))


@drill("G1", "nobody listens any more", backends=("all",))
def itself(at):
    """A port from which connections are made, too: in the end an attempt would be given just that."""
    if at.no_namespace:
        raise Skip(at.no_namespace)
    with open("/proc/sys/net/ipv4/ip_local_port_range", "w") as ports:
        ports.write("40000 40099")
    # Half of the ports are even, and connect(2) takes those first.
    port = 40050
    options = ("--connections", "30", "--duration", "6s", "--warm-up", "0s")
    for protocol in ("echo", "frames"):
        with at.serve(protocol, backend="epoll", port=port) as server:
            with Load(at.program, f"127.0.0.1:{port}", "--protocol", protocol, *options) as load:
                eventually(lambda: server.connections() >= 30, 30, "the generator does not connect")
                server.signal(signal.SIGKILL)
                server.wait(10)
                seen = 0
                for _ in range(60):
                    if load.child.poll() is not None:
                        break
                    seen += len(subprocess.run(
                        ["ss", "-Htn", "state", "established", f"sport = :{port}"],
                        capture_output=True).stdout.splitlines())
                    time.sleep(0.05)
                must(seen < 3, f"{seen} connections with itself stood")
                with Server(at.program, protocol, backend="epoll", port=port):
                    pass
                code, out, errors = load.end()
        must(code == 1, f"exit {code}: {errors[-1:]}")
        later = [line for line in errors if (found := re.match(r" *(\d+) s ", line)) and int(found[1]) >= 3]
        must(later and all(re.match(r" *\d+ s +0/s ", line) for line in later),
             f"requests are counted while nobody serves: {later}")
        refused = [line for line in out if "connection refused" in line]
        must(refused, "refusals are not told")
    at.tell("no connection with itself stands, the server can come back")


@drill("G2", "a sandbox refuses a call", backends=("all",))
def sandbox(at):
    """Each call that the generator makes, refused: it falls back, or says so in one line."""
    need("strace")
    with at.serve("echo", backend="epoll") as server:
        target = f"127.0.0.1:{server.port}"
        options = (target, "--protocol", "echo", "--quiet", "--connections", "4", "--threads", "2",
                   "--requests", "400", "--timeout", "2s")
        fine, told = [], []
        for name, number in sorted(calls(at.program, options).items()):
            for refusal, errno in REFUSALS.items():
                with Load(at.program, *options, prepare=filter_call(number, errno)) as load:
                    code, out, errors = load.end()
                what = f"{name} answers {refusal}: exit {code}, {errors or out}"
                must(code is not None, f"{name} answers {refusal}: it does not end")
                must(code in (0, 1), what)
                if code == 0:
                    must(any("400 requests due, all answered, every reply checked" in line for line in out), what)
                    fine.append(name)
                else:
                    said = errors or [line for line in out if line.startswith(("error", "own limit"))]
                    must(len(errors) <= 1 and said, what)
                    told.append(name)
        must("sendto" in told and "epoll_pwait2" in fine, f"only {sorted(set(told))} are told")
        at.tell(f"{len(set(fine + told))} calls, {len(fine)} refusals that nobody notices, "
                f"{len(told)} told in a line")


def calls(program, options):
    """The numbers of the calls that it makes once it has begun, by name."""
    with tempfile.TemporaryDirectory() as folder:
        trace = os.path.join(folder, "trace")
        wrapper = ("strace", "-f", "-n", "-qqq", "-o", trace)
        with Load(program, *options, wrapper=wrapper) as load:
            code, _, errors = load.end()
        must(code == 0, f"exit {code} under strace: {errors}")
        with open(trace) as lines:
            found = re.findall(r"^\d+ +\[ *(\d+)\] (\w+)\(", lines.read(), re.M)
    return {name: int(number) for number, name in found if name not in BEGINNING}
