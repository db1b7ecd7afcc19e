"""With what was measured: versions, commit, machine, command. What is missing is "not found"."""

import hashlib
import json
import os
import platform
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

from . import servers

MISSING = "not found"
PATIENCE = 30  # seconds that a program may take to tell its version


def said_by(*argv):
    """The first line that a program prints, or None."""
    if not shutil.which(argv[0]):
        return None
    try:
        done = subprocess.run(argv, capture_output=True, text=True, timeout=PATIENCE,
                              stdin=subprocess.DEVNULL)
    except (OSError, subprocess.TimeoutExpired):
        return None
    lines = (done.stdout.strip() or done.stderr.strip()).splitlines()
    return lines[0].strip() if lines and not done.returncode else None


def text_of(path):
    try:
        return Path(path).read_text(errors="replace")
    except OSError:
        return ""


def tokio():
    found = re.search(r'name = "tokio"\nversion = "([^"]+)"',
                      text_of(servers.PEERS / "tokio" / "Cargo.lock"))
    return found and found[1]


def swift_nio():
    try:
        pins = json.loads(text_of(servers.PEERS / "nio" / "Package.resolved"))["pins"]
        state = next(pin["state"] for pin in pins if pin["identity"] == "swift-nio")
    except (ValueError, LookupError, StopIteration):
        return None
    return state.get("version") or state.get("revision")


def uvloop():
    return said_by(str(servers.BUILD / "uvloop" / "bin" / "python"), "-c",
                   "import uvloop; print(uvloop.__version__)")


def versions(program):
    found = {
        "gcc": said_by(servers.CC, "--version"),
        "C library": " ".join(platform.libc_ver()).strip(),
        "liburing": said_by("pkg-config", "--modversion", "liburing"),
        "libuv": said_by("pkg-config", "--modversion", "libuv"),
        "swiftc": said_by("swiftc", "--version"),
        "swift-nio": swift_nio(),
        "go": said_by("go", "version"),
        "rustc": said_by("rustc", "--version"),
        "tokio": tokio(),
        "python": platform.python_version(),
        "uvloop": uvloop(),
        "switchboard": said_by(str(program), "--version"),
    }
    return {name: version or MISSING for name, version in found.items()}


def commit():
    """Of the checkout that this harness is in."""
    folder = str(servers.ROOT)
    found = said_by("git", "-C", folder, "rev-parse", "HEAD")
    if found and said_by("git", "-C", folder, "status", "--porcelain", "--untracked-files=no"):
        found += ", with changes that are not committed"
    return found or MISSING


def processor():
    found = re.search(r"^model name\s*:\s*(.+)$", text_of("/proc/cpuinfo"), re.MULTILINE)
    return found[1] if found else MISSING


def digest(server):
    """A server's program by its contents: of a script it is the script that counts."""
    files = [Path(word) for word in server.command if Path(word).is_file()]
    if not files:
        return MISSING
    try:
        return hashlib.sha256(files[-1].read_bytes()).hexdigest()[:16]
    except OSError:
        return MISSING


def plain(value):
    """An option's value as JSON can hold it."""
    if isinstance(value, (list, tuple)):
        return [plain(one) for one in value]
    if isinstance(value, servers.Server):
        return f"{value.name}={' '.join(value.command)}"
    return value if isinstance(value, (int, float, str, type(None))) else str(value)


def now():
    return time.strftime("%Y-%m-%d %H:%M:%S %z")


def gather(options, program, chosen):
    """Everything about a run that its figures do not say."""
    return {
        "began": now(),
        "command": " ".join(sys.argv),
        "options": {name: plain(value) for name, value in sorted(vars(options).items())},
        "commit": commit(),
        "versions": versions(program),
        "programs": {server.name: digest(server)
                     for server in [*chosen, servers.load_generator()]},
        "machine": {
            "processor": processor(),
            "processors": os.cpu_count(),
            "allowed": sorted(os.sched_getaffinity(0)),
            "kernel": f"{platform.system()} {platform.release()}",
            "architecture": platform.machine(),
        },
    }


def ended(found):
    return f"ended {found['ended']}" if "ended" in found else "not ended when this was written"


def shown(value):
    if isinstance(value, list):
        return ",".join(map(str, value)) or "none"
    return "as by default" if value is None else f"{value}"


def lines(found):
    """The same for people, as Markdown."""
    machine = found["machine"]
    allowed = ", ".join(map(str, machine["allowed"]))
    yield (f"{machine['processors']} × {machine['processor']} ({machine['architecture']}), allowed "
           f"were {allowed}; {machine['kernel']}.")
    yield (f"Begun {found['began']}, {ended(found)}, by `{found['command']}`, "
           f"commit {found['commit']}.")
    yield "Found: " + "; ".join(f"{name} {version.removeprefix(name).strip()}"
                                for name, version in found["versions"].items()) + "."
    yield "Programs: " + ", ".join(f"{name} `{one}`"
                                   for name, one in found["programs"].items()) + "."
    yield "Options: " + ", ".join(f"{name} {shown(value)}"
                                  for name, value in found["options"].items()) + "."
