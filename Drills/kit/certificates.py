"""Authorities of one's own and certificates of theirs, made with `openssl`."""

import os
import subprocess
from pathlib import Path

from .means import need
from .register import must

CURVE = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"]


def openssl(*arguments, given=b"", codes=(0,), seconds=60):
    """What it says, on both of its outputs."""
    done = subprocess.run(["openssl", *map(str, arguments)], input=given, capture_output=True, timeout=seconds)
    said = (done.stdout + done.stderr).decode(errors="replace")
    must(done.returncode in codes, f"openssl {arguments[0]} ended with {done.returncode}: {said[-300:]}")
    return said


class Identity:
    """A certificate and its key, in files: `chain`, `key`, and `both` in one, as some tools want it."""

    def __init__(self, folder):
        self.folder = Path(folder)
        self.chain, self.key, self.both = (self.folder / name for name in ("chain.pem", "key.pem", "both.pem"))


class Authority:
    """One that signs: `file` is its certificate."""

    def __init__(self, folder, name="Authority of a drill"):
        need("openssl")
        self.folder = Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.file, self.key = self.folder / "authority.pem", self.folder / "authority.key"
        openssl("req", "-x509", *CURVE, "-nodes", "-days", "2", "-keyout", self.key, "-out", self.file,
                "-subj", f"/CN={name}")

    def certify(self, folder, name="localhost", also="DNS:localhost,IP:127.0.0.1"):
        """Makes a new key and a certificate, in the place of what was there before."""
        one = Identity(folder)
        one.folder.mkdir(parents=True, exist_ok=True)
        new = {path: path.with_suffix(".new") for path in (one.chain, one.key, one.both)}
        openssl("req", "-x509", "-CA", self.file, "-CAkey", self.key, *CURVE, "-nodes", "-days", "2",
                "-keyout", new[one.key], "-out", new[one.chain], "-subj", f"/CN={name}",
                "-addext", f"subjectAltName={also}", "-addext", "basicConstraints=critical,CA:FALSE")
        new[one.both].write_bytes(new[one.chain].read_bytes() + new[one.key].read_bytes())
        for path, fresh in new.items():
            os.replace(fresh, path)
        return one
