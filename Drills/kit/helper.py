"""The program of the tests that connects, broadcasts and reads: what drills of connecting out drive."""

from pathlib import Path

from .register import Skip
from .server import Server


def helper(at, *arguments, listens=False, **how):
    """The program that connects: built beside the command."""
    path = Path(at.program).parent / "EngineHelper"
    if not path.is_file():
        raise Skip("no EngineHelper beside the program (swift build --product EngineHelper)")
    command = [str(path), *(str(one) for one in arguments), at.backend]
    return Server(at.program, command=command, ready=listens, asked=True, **how)


def network(at):
    if at.no_namespace:
        raise Skip(at.no_namespace)
