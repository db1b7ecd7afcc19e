"""The servers: what each peer needs, how it is built and started."""

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BUILD = ROOT / ".build"
PEERS = ROOT / "peers"
LOAD = BUILD / "load" / "frameload"
SWITCHBOARD = ROOT.parent / ".build" / "release" / "switchboard"

CC = os.environ.get("CC", "gcc")
C_FLAGS = ["-std=gnu11", "-O3", "-Wall", "-Wextra"]
DEBIAN_CRATES = Path("/usr/share/cargo/registry")


@dataclass(frozen=True)
class Server:
    name: str
    command: list  # the port is appended
    steps: list = field(default_factory=list)  # commands that build it, each (argv, folder)
    tools: tuple = ()  # programs the steps need
    headers: tuple = ()  # C headers they need
    modules: tuple = ()  # Python modules they need
    greets: bool = True  # sends '*' to whoever connects

    def missing(self):
        """What building lacks, in words, or None."""
        for tool in self.tools:
            if not shutil.which(tool):
                return f"no {tool} here"
        for header in self.headers:
            if not has_header(header):
                return f"no <{header}> here"
        for module in self.modules:
            if subprocess.run([sys.executable, "-c", f"import {module}"],
                              capture_output=True).returncode:
                return f"no Python module {module} here"
        return None

    def is_built(self):
        return Path(self.command[0]).exists()


def has_header(header):
    probe = subprocess.run([CC, "-E", "-xc", "-"], input=f"#include <{header}>\n".encode(),
                           capture_output=True)
    return probe.returncode == 0


def c_peer(name, library=None, header=None):
    program = str(BUILD / name / "server")
    compile_it = [CC, *C_FLAGS, "-I", str(PEERS / "common"), "-o", program,
                  str(PEERS / name / "server.c")]
    if library:
        compile_it.append(f"-l{library}")
    return Server(name, [program], [(compile_it, ROOT)], tools=(CC,),
                  headers=(header,) if header else ())


def nio_peer():
    folder = BUILD / "nio"
    build = ["swift", "build", "-c", "release", "--scratch-path", str(folder)]
    return Server("nio", [str(folder / "release" / "nio-peer")], [(build, PEERS / "nio")],
                  tools=("swift",))


def go_peer():
    program = str(BUILD / "go" / "server")
    build = ["go", "build", "-o", program, "."]
    return Server("go", [program], [(build, PEERS / "go")], tools=("go",))


def tokio_peer():
    folder = BUILD / "tokio"
    build = ["cargo", "build", "--release", "--target-dir", str(folder)]
    # Debian's packages hold the crates' sources: where they are, no network is needed.
    if any(DEBIAN_CRATES.glob("tokio-1.*")):
        build += ["--offline", "--config", 'source.crates-io.replace-with="debian"',
                  "--config", f'source.debian.directory="{DEBIAN_CRATES}"']
    return Server("tokio", [str(folder / "release" / "frames")], [(build, PEERS / "tokio")],
                  tools=("cargo",))


def uvloop_peer():
    folder = BUILD / "uvloop"
    python = str(folder / "bin" / "python")
    # Where it is installed already, no package index is asked again; where that fails, nothing is
    # left that looks built.
    install = ('"$0" -c "import uvloop" 2>&- || "$0" -m pip install --quiet "uvloop>=0.18" ||'
               ' { rm -rf "$1"; exit 1; }')
    steps = [([sys.executable, "-m", "venv", str(folder)], ROOT),
             (["sh", "-c", install, python, str(folder)], ROOT)]
    return Server("uvloop", [python, str(PEERS / "uvloop" / "server.py")], steps,
                  modules=("venv", "ensurepip"))


def load_generator():
    sources = sorted(str(path) for path in (ROOT / "load").glob("*.c"))
    compile_it = [CC, *C_FLAGS, "-o", str(LOAD), *sources]
    return Server("load", [str(LOAD)], [(compile_it, ROOT)], tools=(CC,))


def peers():
    """Every peer, by name, in the order of the tables."""
    every = [
        c_peer("c-epoll"),
        c_peer("c-uring", "uring", "liburing.h"),
        c_peer("libuv", "uv", "uv.h"),
        tokio_peer(),
        go_peer(),
        nio_peer(),
        uvloop_peer(),
    ]
    return {peer.name: peer for peer in every}


def ours(program=SWITCHBOARD):
    """The product's own servers; without a program, where `swift build -c release` has left it."""
    return {
        f"switchboard-{backend}": Server(
            f"switchboard-{backend}",
            [str(program), "serve", "--protocol", "frames", "--backend", backend,
             "--host", "127.0.0.1", "--log-level", "error", "--port"])
        for backend in ("epoll", "io_uring")
    }
