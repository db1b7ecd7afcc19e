"""Builds the load generator and the peers. A missing toolchain costs one line, not the run."""

import subprocess

from . import servers


def build_one(server):
    """None if the server was built, else one line that says why not."""
    missing = server.missing()
    if missing:
        return f"skipped {server.name}: {missing}"
    log = servers.BUILD / f"{server.name}.log"
    (servers.BUILD / server.name).mkdir(parents=True, exist_ok=True)
    with open(log, "w") as out:
        for argv, folder in server.steps:
            try:
                step = subprocess.run(argv, cwd=folder, stdin=subprocess.DEVNULL, stdout=out,
                                      stderr=subprocess.STDOUT, timeout=1800)
            except subprocess.TimeoutExpired:
                return f"FAILED {server.name}: {argv[0]} took more than half an hour; see {log}"
            if step.returncode:
                return f"FAILED {server.name}: {argv[0]} said no; see {log}"
    return None


def build(names):
    """Builds the load generator and the named peers; True unless one that could be built failed."""
    known = servers.peers()
    sound = True
    for server in [servers.load_generator()] + [known[name] for name in names]:
        print(f"building {server.name} ...", end=" ", flush=True)
        trouble = build_one(server)
        print(trouble or "done", flush=True)
        sound = sound and not (trouble and trouble.startswith("FAILED"))
    return sound
