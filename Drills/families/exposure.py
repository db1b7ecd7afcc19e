"""X: what is open to whom."""

import json
import re
import socket
import subprocess
from pathlib import Path

from kit.peers import Peer, close_all
from kit.register import Fail, Skip, drill, eventually, must
from kit.server import Server

PACKAGE = Path(__file__).resolve().parents[2]
CEILINGS = PACKAGE / "Drills/unsafe.json"
# What the demo and the examples are made of: no load generator, no experiment, no other package.
FOR_EXAMPLES = {"Switchboard", "SwitchboardProtocols", "SwitchboardBase", "SwitchboardArticle",
                "SwitchboardTimeline", "ChatRoom", "KeyValueStore", "FileServing", "CKernel",
                "CProcess"}
LOOPBACK = {"0100007F", "00000000000000000000000001000000"}


@drill("X1", "who can reach it by default", backends=("all",))
def default(at):
    folder = Path(at.program).parent
    commands = {"switchboard serve": [at.program, "serve", "--port", "0"],
                "switchboard demo": [at.program, "demo", "--transcript"]}
    if (folder / "demo").is_file():
        commands["demo"] = [str(folder / "demo"), "--transcript"]
    for name in ("select-server", "poll-server", "epoll-server", "echo-server", "chat-server", "key-value-server",
                 "file-server"):
        if (folder / name).is_file():
            commands[name] = [str(folder / name), "0"]
    for name, command in commands.items():
        with Server(at.program, command=command) as server:
            must(server.listening(), f"{name} does not listen")
            for address, _ in server.listening():
                must(address in LOOPBACK, f"{name} listens on {address} (as /proc writes it)")
    must(len(commands) >= 2, "nothing was looked at")
    with at.serve("frames", "--host", "0.0.0.0", backend="auto") as server:
        must(server.wait_said("warning: other machines can reach"), "no warning for 0.0.0.0")
    at.tell(f"{', '.join(commands)}: loopback alone; --host 0.0.0.0 is told")


@drill("X2", "connections of one address")
def per_address(at):
    options = ("--max-connections-per-address", "3")
    with at.serve("frames", *options) as server:
        fds = server.descriptors()
        ours = [Peer(server, source="127.0.0.2", greeted=True) for _ in range(3)]
        refused(server, "127.0.0.2")
        others = [Peer(server, source="127.0.0.3", greeted=True) for _ in range(3)]
        for peer in ours + others:
            peer.ask(b"^served$")
        for _ in range(20):
            refused(server, "127.0.0.2")
        told = server.wait_said("refusing 127.0.0.2")
        must(len(told) == 1 and len(server.said("refusing")) == 1, f"{len(told)} lines, one is right")
        ours.pop().close()
        eventually(lambda: is_served(server, "127.0.0.2"), 2, "refused with one fewer")
        close_all(ours + others)
        at.settle(server, fds)
    at.tell("the fourth of one address is closed, another address is served; one line for 21")
    if not socket.has_ipv6 or not Path("/proc/net/if_inet6").exists():
        raise Skip("no IPv6 here: addresses mapped into it are left out")
    with at.serve("frames", "--host", "::", "--dual-stack", *options) as server:
        mapped = [Peer(server, greeted=True) for _ in range(3)]
        refused(server, None)
        six = [Peer(server, host="::1", greeted=True) for _ in range(3)]
        must(Peer(server, host="::1").to_end()[0] == b"", "a fourth from ::1 was served")
        must(server.wait_said("refusing 127.0.0.1:?"), "a mapped address is not told as IPv4")
        close_all(mapped + six)
        eventually(lambda: server.connections() == 0, 2, "connections are left")
    at.tell("mapped addresses count as IPv4")


def refused(server, source):
    peer = Peer(server, source=source)
    got, _ = peer.to_end()
    must(got == b"", f"one too many was answered by {got!r}")
    peer.close()


def is_served(server, source):
    peer = Peer(server, source=source)
    got = peer.take(1)
    peer.reset()
    return got == b"*"


def reached(description, name):
    """All that a target depends on, by name."""
    targets = {one["name"]: one for one in description["targets"]}
    found, waiting = set(), [name]
    while waiting:
        for one in targets.get(waiting.pop(), {}).get("dependencies", []):
            needed = next(iter(one.values()))[0]
            if needed not in found:
                found.add(needed)
                waiting.append(needed)
    return found


@drill("X5", "rules of the sources", backends=("all",))
def rules(at):
    files = [path for folder in ("Sources", "Examples", "Tests", "Benchmarks", "Fuzz")
             for path in (PACKAGE / folder).rglob("*.swift") if ".build" not in path.parts]
    files.append(PACKAGE / "Package.swift")
    forbidden = re.compile(r"-Ounchecked|enforce-exclusivity=unchecked|unsafeFlags")
    for path in files:
        must(not forbidden.search(path.read_text()), f"{path.name} asks for unchecked code")
    description = json.loads(subprocess.run(
        ["swift", "package", "dump-package"], cwd=PACKAGE, check=True, capture_output=True).stdout)
    core = next(one for one in description["targets"] if one["name"] == "Switchboard")
    needs = [next(iter(one.values()))[0] for one in core["dependencies"]]
    must(needs == ["CKernel"], f"the core depends on {needs}")
    for one in description["targets"]:
        if one.get("path", "").startswith("Examples/"):
            beyond = reached(description, one["name"]) - FOR_EXAMPLES
            must(not beyond, f"{one['name']} compiles {', '.join(sorted(beyond))}, which it does not need")
    for path in (PACKAGE / "Sources/Switchboard").rglob("*.swift"):
        must("import Foundation" not in path.read_text(), f"{path.name} imports Foundation")
    counts = dict.fromkeys(sorted(one.name for one in (PACKAGE / "Sources").iterdir()), 0)
    # What serves peers apart from what is for tests.
    counts["Switchboard/Simulation"] = 0
    for path in sorted((PACKAGE / "Sources").rglob("*.swift")):
        folder = path.relative_to(PACKAGE / "Sources").parts
        name = "/".join(folder[:2]) if "/".join(folder[:2]) in counts else folder[0]
        counts[name] += len(re.findall(r"\bunsafe\b(?=[ (])", re.sub(r"//.*", "", path.read_text())))
    ceilings = json.loads(CEILINGS.read_text())
    for name, count in counts.items():
        most = ceilings.get(name, 0)
        must(count <= most, f"'unsafe' stands {count} times in {name}, {most} are allowed; if each new "
                            f"one is needed, raise {CEILINGS.relative_to(PACKAGE)}")
    listed = ", ".join(f"{name} {count}" for name, count in counts.items() if count)
    at.tell(f"no unchecked flag, the core needs CKernel alone; 'unsafe': {listed}")
