"""Means that a drill needs and a machine may lack: namespaces, filters, tracing, tools."""

import ctypes
import errno
import os
import shutil
import struct
import subprocess

from .register import Skip, is_root

LIBC = ctypes.CDLL(None, use_errno=True)
CLONE_NEWNET = 0x40000000
PR_SET_SECCOMP, PR_SET_NO_NEW_PRIVS = 22, 38


def enter_namespace():
    """Puts this process and what it starts into a network of its own, which the kernel removes with
    the last of them: also when a drill is killed. Nil, or why not."""
    if not is_root():
        return "no root: no network of its own"
    if LIBC.unshare(CLONE_NEWNET) != 0:
        return f"no network of its own: unshare {errno.errorcode.get(ctypes.get_errno())}"
    if not shutil.which("ip"):
        return "no ip (iproute2): no network of its own"
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    return None


def need(tool, package=None):
    if not shutil.which(tool):
        raise Skip(f"no {tool} here (apt-get install {package or tool})")


def need_tls(program):
    """What the program says of certificates that are not there, if it can speak TLS at all."""
    said = subprocess.run([program, "serve", "--tls-cert", "x", "--tls-key", "x", "0"], capture_output=True, text=True)
    if "built without TLS" in said.stderr:
        raise Skip("this program was built without TLS (--traits default,TLS)")
    return said


def filter_call(number, error):
    """To be called in a child before it becomes the program: makes a system call answer an error."""
    def install():
        def step(code, yes, no, value):
            return struct.pack("HBBI", code, yes, no, value)
        program = (step(0x20, 0, 0, 0)                      # load the call's number
                   + step(0x15, 0, 1, number)               # is it the one?
                   + step(0x06, 0, 0, 0x00050000 | error)   # then the error
                   + step(0x06, 0, 0, 0x7FFF0000))          # otherwise go on
        buffer = ctypes.create_string_buffer(program)
        prog = struct.pack("HxxxxxxQ", 4, ctypes.addressof(buffer))
        LIBC.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
        if LIBC.prctl(PR_SET_SECCOMP, 2, ctypes.create_string_buffer(prog), 0, 0) != 0:
            os._exit(99)
    return install


def injecting(*injections):
    """A wrapper that makes system calls fail (strace's own notation), as fast as none where nothing
    is injected."""
    need("strace")
    calls = ",".join(sorted({one.split(":")[0] for one in injections}))
    return ["strace", "-f", "-qqq", "--seccomp-bpf", "-o", "/dev/null", "-e", f"trace={calls}",
            *(part for one in injections for part in ("-e", f"inject={one}"))]


def come_first():
    """What is timed comes before what else runs here, as far as the system lets it."""
    try:
        os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(1))
    except OSError:
        if is_root():
            os.nice(-10)


def come_last():
    """For what only makes work for others."""
    os.sched_setscheduler(0, os.SCHED_OTHER, os.sched_param(0))
    os.nice(19)


def processors():
    """One for the server and one for the peers, or None for both where there is only one."""
    allowed = sorted(os.sched_getaffinity(0))
    return (allowed[0], allowed[1]) if len(allowed) > 1 else (None, None)
