"""T1: TLS from outside: OpenSSL's own client and server, curl, certificates renewed under load."""

import os
import signal
import subprocess
import tempfile
from pathlib import Path

from kit.means import need_tls
from kit.register import drill, must
from kit.server import Server

SUBJECT = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"]


def openssl(*arguments, given=b"", codes=(0,)):
    done = subprocess.run(["openssl", *arguments], input=given, capture_output=True, timeout=60)
    said = (done.stdout + done.stderr).decode(errors="replace")
    must(done.returncode in codes, f"openssl {arguments[0]} ended with {done.returncode}: {said[-300:]}")
    return said


def make_certificate(folder):
    openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
            "-keyout", f"{folder}/key.pem", "-out", f"{folder}/chain.pem", *SUBJECT)


def load(at, port, folder, *options):
    done = subprocess.run(
        [at.program, "load", f"localhost:{port}", "--protocol", "echo", "--tls", "--tls-ca", f"{folder}/chain.pem", *options],
        capture_output=True, text=True, timeout=120)
    must(done.returncode == 0, f"load ended with {done.returncode}: {(done.stdout + done.stderr)[-400:]}")
    return done


@drill("T1", "TLS, spoken with others")
def spoken_with_others(at):
    said = need_tls(at.program)
    must(said.returncode != 0 and "x" in said.stderr and said.stderr.count("\n") == 1, f"a wrong file was told by {said.stderr!r}")
    with tempfile.TemporaryDirectory() as folder:
        make_certificate(folder)
        speaking = ("--tls-cert", f"{folder}/chain.pem", "--tls-key", f"{folder}/key.pem")
        with at.serve("echo", *speaking, log="notice") as server:
            own_client(server, folder)
            renewed(at, server, folder)
            relayed(at, server, folder, speaking)
        make_certificate(folder)
        with at.serve("echo", *speaking, "--tls-threads", "2", log="notice") as server:
            renewed(at, server, folder)
        make_certificate(folder)
        with at.serve("frames", *speaking, "--tls-threads", "2", log="notice") as server:
            articles_client(at, server, folder)


def articles_client(at, server, folder):
    command = [at.program, "client", "-n", "3", f"localhost:{server.port}", "--quiet", "--tls"]
    done = subprocess.run([*command, "--tls-ca", f"{folder}/chain.pem"], capture_output=True, text=True, timeout=60)
    must(done.returncode == 0, f"the client ended with {done.returncode}: {(done.stdout + done.stderr)[-300:]}")
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    must(done.returncode == 1 and "is not believed" in done.stderr, f"whom it does not know it tells by {done.stderr[-300:]!r}")


def own_client(server, folder):
    for version in "-tls1_2", "-tls1_3":
        said = openssl("s_client", version, "-connect", f"127.0.0.1:{server.port}", "-CAfile", f"{folder}/chain.pem",
                       "-verify_return_error", "-sess_out", f"{folder}/session", given=b"")
        must("Verify return code: 0 (ok)" in said, f"{version}: {said[-300:]}")
    said = openssl("s_client", "-tls1_1", "-cipher", "ALL:@SECLEVEL=0", "-connect", f"127.0.0.1:{server.port}", codes=(0, 1))
    must("alert protocol version" in said, f"TLS 1.1 was answered by {said[-300:]}")


def renewed(at, server, folder):
    """Certificates are renewed while connections come and go: none fails, and a bad file changes nothing."""
    worker = subprocess.Popen(
        [at.program, "load", f"localhost:{server.port}", "--protocol", "echo", "--tls", "--tls-anybody", "-c", "4",
         "--churn", "1", "--requests", str(at.pick(300, 100_000)), "--quiet"],
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    try:
        make_certificate(folder)
        os.kill(server.pid, signal.SIGHUP)
        must(server.wait_said("were read anew", seconds=20), "the certificates were not read anew")
        Path(folder, "key.pem").write_text("rubbish")
        os.kill(server.pid, signal.SIGHUP)
        must(server.wait_said("stay as they were", seconds=20), "a bad key was not told of")
        said, _ = worker.communicate(timeout=300)
    finally:
        worker.kill()
    must(worker.returncode == 0, f"under renewal: {said[-400:]}")
    openssl("s_client", "-connect", f"127.0.0.1:{server.port}", "-CAfile", f"{folder}/chain.pem", "-verify_return_error")


def relayed(at, server, folder, speaking):
    """A relay speaks it on both sides."""
    front = tempfile.mkdtemp(dir=folder)
    make_certificate(front)
    command = [at.program, "relay", "127.0.0.1:0", f"localhost:{server.port}", "--backend", at.backend, "--tls",
               "--tls-ca", f"{folder}/chain.pem", "--tls-cert", f"{front}/chain.pem", "--tls-key", f"{front}/key.pem"]
    with Server(at.program, command=command) as relay:
        load(at, relay.port, front, "-c", "4", "--size", "20000", "--requests", "200", "--quiet")
