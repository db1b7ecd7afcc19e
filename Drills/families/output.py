"""E: where results go. Every kind of file for each option that names one, and every state of the
standard streams: written whole, or an error and an exit code that tells."""

import os
import resource
import signal
import stat
import subprocess
import tempfile
import time
from pathlib import Path

from kit.commands import (
    Ended, make_read_only, mount_memory, must_end, must_refuse, own_mounts, read_all, run,
    small_pipe, unmounting, wait)
from kit.peers import Peer
from kit.register import drill, is_root, must

FULL = "/dev/full"


class Samples:
    """A recording, a result, and the commands that make files of them."""

    def __init__(self, at, folder):
        self.program, self.folder = at.program, Path(folder)
        recording = self.folder / "sample.rec"
        with at.serve("frames", "--record", str(recording), backend="epoll") as server:
            for _ in range(3):
                Peer(server, greeted=True).ask(b"^abc$")
            self.result = self.folder / "sample.json"
            ended = run([at.program, "load", f"127.0.0.1:{server.port}", "--duration", "200ms",
                         "--warm-up", "0s", "--quiet", "--json", str(self.result)])
            must_end(ended, 0, "load")
            server.signal(signal.SIGTERM)
            must(server.wait(10)[0] == 0, "the server did not end with 0")
        merge, timeline = [at.program, "load", "merge", str(self.result)], [at.program, "timeline", str(recording)]
        self.writers = {"--json": merge, "--csv": merge, "--output": timeline, "--trace": timeline,
                        "--svg": timeline}
        self.reports = {
            "backends": [at.program, "backends"], "experiment list": [at.program, "experiment", "list"],
            "--help": [at.program, "--help"], "serve --help": [at.program, "serve", "--help"],
            "--version": [at.program, "--version"],
            "simulate": [at.program, "simulate", "--seeds", "5"],
            "simulate --digests": [at.program, "simulate", "--seeds", "50", "--digests"],
            "simulate --trace": [at.program, "simulate", "--seed", "3", "--faults", "none", "--trace"],
            "timeline": timeline, "load merge": merge,
        }

    def wanted(self, option):
        """What an ordinary file gets."""
        path = self.folder / f"wanted{option}"
        must_end(run([*self.writers[option], option, str(path)]), 0, option)
        content = path.read_bytes()
        must(len(content) > 100, f"{option} writes {len(content)} bytes")
        return content


def with_samples(body):
    def drilled(at):
        with tempfile.TemporaryDirectory() as folder:
            body(at, Samples(at, folder), Path(folder))
    return drilled


@drill("E1", "results into every kind of file", backends=("all",))
@with_samples
def kinds(at, samples, folder):
    for option, command in samples.writers.items():
        wanted = samples.wanted(option)
        place = folder / option.strip("-")
        place.mkdir()
        for name, make in KINDS.items():
            path = place / name
            check = make(path)
            ended = run([*command, option, str(path)])
            must_end(ended, 0, f"{option} into {name}")
            must(check() == wanted, f"{option} into {name}: not what an ordinary file gets")
        left = sorted(path.name for path in place.iterdir() if path.name.startswith("."))
        must(not left, f"{option} leaves {left}")
        streams(option, command, wanted, folder)
        refusals(option, command, wanted, folder)
    at.tell(f"{len(samples.writers)} options, {len(KINDS)} kinds of files, three streams")


def new_file(path):
    return path.read_bytes


def old_file(path):
    path.write_bytes(b"o" * 1_000_000)
    path.chmod(0o640)
    if is_root():
        os.chown(path, 1234, 1235)
    before = path.stat()

    def check():
        after = path.stat()
        must((after.st_mode, after.st_uid, after.st_gid) == (before.st_mode, before.st_uid, before.st_gid),
             "mode or owner changed")
        return path.read_bytes()
    return check


def two_names(path):
    path.write_bytes(b"old")
    other = path.with_name("other name")
    os.link(path, other)

    def check():
        must(path.stat().st_nlink == 2, "its other name is another file now")
        return other.read_bytes()
    return check


def link(path):
    path.with_name("there").mkdir(exist_ok=True)
    real = path.with_name("there") / "real"
    real.write_bytes(b"old")
    path.symlink_to("there/real")

    def check():
        must(path.is_symlink(), "the link is none any more")
        return real.read_bytes()
    return check


def link_to_nothing(path):
    path.symlink_to("later")

    def check():
        must(path.is_symlink(), "the link is none any more")
        return path.with_name("later").read_bytes()
    return check


def pipe_with_reader(path, delay=0.0):
    os.mkfifo(path)
    # Opened for both, so that neither waits for the other.
    got = tempfile.TemporaryFile()
    reader = subprocess.Popen(["sh", "-c", f"sleep {delay}; exec cat '{path}'"], stdout=got)

    def check():
        must(wait(reader, 20) == 0, "the pipe's reader waits still")
        must(stat.S_ISFIFO(path.stat().st_mode), "the pipe is none any more")
        got.seek(0)
        return got.read()
    return check


KINDS = {"new": new_file, "old": old_file, "two names": two_names, "link": link,
         "link to nothing": link_to_nothing, "pipe": pipe_with_reader,
         "pipe read later": lambda path: pipe_with_reader(path, 0.3), "n" * 255: new_file}


def streams(option, command, wanted, folder):
    """Open files by their other names: >(…), standard output, standard error."""
    reading, writing = os.pipe()
    child = subprocess.Popen([*command, option, f"/dev/fd/{writing}"], pass_fds=(writing,),
                             stdout=subprocess.DEVNULL)
    os.close(writing)
    must(read_all(reading) == wanted, f"{option} >(...): not what an ordinary file gets")
    os.close(reading)
    must(wait(child, 20) == 0, f"{option} >(...): exit {child.returncode}")
    ended = run([*command, option, "/dev/stdout"])
    must_end(ended, 0, f"{option} /dev/stdout")
    must(ended.out == wanted, f"{option} /dev/stdout: {ended.out[:80]!r} first")
    # Into a file that has something already: behind it.
    path = folder / "appended"
    path.write_bytes(b"before\n")
    with open(path, "ab") as file:
        must_end(run([*command, option, "/dev/stdout"], stdout=file), 0, option)
    must(path.read_bytes() == b"before\n" + wanted, f"{option} /dev/stdout >> FILE")
    ended = run([*command, option, "/dev/stderr"])
    must(ended.code == 0 and ended.err == wanted, f"{option} /dev/stderr: {ended.err[:80]!r} first")


def refusals(option, command, wanted, folder):
    """What cannot be written is named; what was there stays."""
    at = folder / "refused"
    at.mkdir(exist_ok=True)
    (at / "file").write_bytes(b"old")
    # A result of loads in a folder is a page and its data: that is no mistake there.
    mistaken = [] if option == "--json" else [(at, "it is a folder")]
    cases = [*mistaken, (at / "none" / "x", "no folder"),
             (at / "file" / "x", "no folder"), (at / ("n" * 256), "too long"), (FULL, "no space"),
             ("/dev/fd/777", "not open")]
    for path, words in cases:
        must_refuse(run([*command, option, str(path)]), f"{option} {path}", words)

    def limited():
        resource.setrlimit(resource.RLIMIT_FSIZE, (64, 64))
    ended = run([*command, option, str(at / "file")], prepare=limited)
    must_refuse(ended, f"{option} beyond ulimit -f", "ulimit -f")
    must((at / "file").read_bytes() == b"old", f"{option} beyond ulimit -f: the old file is gone")
    must(os.listdir(at) == ["file"], f"{option}: left over: {os.listdir(at)}")


@drill("E2", "full and read-only disks, devices", backends=("all",))
@with_samples
def disks(at, samples, folder):
    own_mounts()
    with unmounting(folder / "full", folder / "fixed", folder / "devices"):
        on_disks(at, samples, folder)


def on_disks(at, samples, folder):
    for name in ("full", "fixed"):
        mount_memory(folder / name)
        (folder / name / "old").write_bytes(b"old")
    filler = folder / "full" / "filler"
    with open(filler, "wb", buffering=0) as file:
        try:
            while file.write(b"f" * 4096):
                pass
        except OSError:
            pass
    make_read_only(folder / "fixed")
    mount_memory(folder / "devices", flags=0)
    device = folder / "devices" / "null"
    os.mknod(device, 0o666 | stat.S_IFCHR, os.makedev(1, 3))
    for option, command in samples.writers.items():
        for name, words in (("full", "no space"), ("fixed", "read-only")):
            for file in ("old", "new"):
                must_refuse(run([*command, option, str(folder / name / file)]),
                            f"{option} on a disk that is {name}", words)
            must((folder / name / "old").read_bytes() == b"old", f"{option}: the old file is gone")
        must(sorted(os.listdir(folder / "full")) == ["filler", "old"], "something is left on the disk")
        must_end(run([*command, option, str(device)]), 0, f"{option} into a device")
        must(stat.S_ISCHR(device.stat().st_mode), f"{option} replaced a device")
    for name in ("full", "fixed"):
        words = "no space" if name == "full" else "read-only"
        must_refuse(run([at.program, "compare", "--models", "epoll", "--connections", "1", "--rounds", "1",
                         "--duration", "100ms", "--out", str(folder / name / "report")]).last(),
                    f"compare --out on a disk that is {name}", words)
    at.tell("full, read-only, a device: told, or written; what was there stays")


def last(ended):
    """Without what it said of its progress before."""
    lines = ended.err.splitlines(keepends=True)
    return Ended(ended.code, ended.out, lines[-1] if lines else b"")


Ended.last = last


@drill("E3", "standard output in every state", backends=("all",))
@with_samples
def states(at, samples, folder):
    def limited():
        resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    for name, command in samples.reports.items():
        what = f"{name} > /dev/full"
        with open(FULL, "wb") as full:
            must_refuse(run(command, stdout=full), what, "cannot write standard output", "no space")
        silent = name == "load merge"  # its verdict is its exit code
        ended = run(command, stdout=None, closed=(1,))
        if silent:
            must_end(ended, 0, f"{name} >&-")
        else:
            must_refuse(ended, f"{name} >&-", "cannot write standard output: it is closed")
        with open("/dev/null", "rb") as null:
            must_refuse(run(command, stdout=null), f"{name} 1< /dev/null", "cannot write standard output")
        with open(folder / "limited", "wb") as file:
            must_refuse(run(command, stdout=file, prepare=limited), f"{name} beyond ulimit -f", "ulimit -f")
        whole = run(command)
        must_end(whole, 0, name)
        slow_reader(command, name, len(whole.out.splitlines()))
        quits(command, name)
    at.tell(f"{len(samples.reports)} commands: full, closed, not for writing, limited, slow, gone")
    files_first(at, samples, folder)
    at.tell("files are whole whatever becomes of the terminal")


def slow_reader(command, name, lines):
    """A pipe that somebody has made non-blocking, and that is read late."""
    reading, writing = small_pipe()
    os.set_blocking(writing, False)
    child = subprocess.Popen(command, stdout=writing, stderr=subprocess.DEVNULL)
    os.close(writing)
    time.sleep(0.05)
    got = read_all(reading)
    os.close(reading)
    must(wait(child, 20) == 0, f"{name}, slow reader: exit {child.returncode}")
    must(len(got.splitlines()) == lines, f"{name}, slow reader: {len(got.splitlines())} of {lines} lines")


def quits(command, name):
    """The reader goes before anything is written: as quiet as whom SIGPIPE ends."""
    reading, writing = os.pipe()
    os.close(reading)
    ended = run(command, stdout=writing)
    os.close(writing)
    must(ended.code == 141 and ended.err == b"", f"{name} | true: exit {ended.code}, {ended.err[:200]!r}")


def files_first(at, samples, folder):
    """A run, and a report that nobody can read: what was asked for as a file is there."""
    with at.serve("frames", backend="epoll") as server:
        load = [at.program, "load", f"127.0.0.1:{server.port}", "--duration", "100ms", "--warm-up", "0s",
                "--quiet", "--assert", "errors==0"]
        for processes in ("1", "2"):
            for code, output in ((141, "gone"), (1, "full")):
                json, csv = folder / f"{output}{processes}.json", folder / f"{output}{processes}.csv"
                command = [*load, "--processes", processes, "--json", str(json), "--csv", str(csv)]
                if output == "gone":
                    reading, stdout = os.pipe()
                    os.close(reading)
                else:
                    stdout = os.open(FULL, os.O_WRONLY)
                ended = run(command, stdout=stdout)
                os.close(stdout)
                must_end(ended, code, f"load, output {output}, {processes} processes")
                must(json.read_bytes().startswith(b'{"format"') and csv.read_bytes().startswith(b"start_s,"),
                     f"load, output {output}: the files are not whole")
        # A verdict is told by the exit code also to who does not read the report.
        reading, stdout = os.pipe()
        os.close(reading)
        ended = run([*load, "--assert", "p99<1ns"], stdout=stdout)
        os.close(stdout)
        must(ended.code == 99, f"load --assert ... | true: exit {ended.code}")
    report = folder / "report"
    reading, stdout = os.pipe()
    os.close(reading)
    run([at.program, "experiment", "epoll-control-calls", "--quick", "--out", str(report)], stdout=stdout)
    os.close(stdout)
    must((report / "report.html").stat().st_size > 1000, "no report where its reader has gone")
