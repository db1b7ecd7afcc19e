"""Programs that speak TLS on one side and plain TCP on the other: each as the client of a server, and as a server
before another."""

import contextlib
import shutil
import subprocess
import tempfile
from pathlib import Path

from .daemons import free_port, running
from .register import Fail

PEERS = Path(__file__).resolve().parent.parent / "peers"
NGINX_STREAM = Path("/usr/lib/nginx/modules/ngx_stream_module.so")
VERSIONS = ("1.2", "1.3")


def written(folder, name, text):
    path = Path(tempfile.mkdtemp(dir=folder)) / name
    path.write_text(text)
    return path


class Conduit:
    """A kind of them. `name` is what it is called in results, `tool` the program that is needed."""

    name = tool = ""
    #: Passes an end of one direction on, and the other goes on.
    halves = True
    #: Says that it ends: what it does not say is told as cut off.
    says_end = True

    def __init__(self, folder, authority):
        self.folder, self.authority = folder, authority

    def lacking(self):
        """What is missing for it, or nothing."""
        return None if shutil.which(self.tool) else self.tool

    def client(self, server, version, own=None):
        """A plain port that leads to a TLS server's."""
        port = free_port()
        return self.started(self.client_command(port, server, version, own), port)

    def server(self, behind, version, own):
        """A TLS port that leads to a plain one, or to an echo."""
        port = free_port()
        return self.started(self.server_command(port, behind, version, own), port)

    @contextlib.contextmanager
    def started(self, command, port):
        with running(command, port, self.folder) as child:
            self.child = child
            yield port


class Stunnel(Conduit):
    name, tool = "stunnel", "stunnel4"

    def command(self, text):
        return [self.tool, written(self.folder, "stunnel.conf", "foreground = yes\npid =\nsocket = r:TCP_NODELAY=1\n"
                                   "socket = l:TCP_NODELAY=1\n[one]\n" + text)]

    def client_command(self, port, server, version, own):
        identity = f"cert = {own.chain}\nkey = {own.key}\n" if own else ""
        return self.command(
            f"client = yes\naccept = 127.0.0.1:{port}\nconnect = 127.0.0.1:{server}\nCAfile = {self.authority.file}\n"
            f"verifyChain = yes\ncheckHost = localhost\nsni = localhost\nsslVersion = TLSv{version}\n{identity}")

    def server_command(self, port, behind, version, own):
        return self.command(f"accept = 127.0.0.1:{port}\nconnect = 127.0.0.1:{behind}\ncert = {own.chain}\n"
                            f"key = {own.key}\nsslVersion = TLSv{version}\n")


class Nginx(Conduit):
    name = tool = "nginx"
    # With `proxy_half_close` it ends a direction without saying so in TLS.
    halves = False

    def lacking(self):
        return super().lacking() or (None if NGINX_STREAM.is_file() else "libnginx-mod-stream")

    def command(self, text):
        return [self.tool, "-p", self.folder, "-c", written(
            self.folder, "nginx.conf",
            f"load_module {NGINX_STREAM};\ndaemon off;\nmaster_process off;\npid nginx-{free_port()}.pid;\n"
            "error_log stderr;\nevents { worker_connections 4096; }\n"
            f"stream {{ server {{ {text} tcp_nodelay on; }} }}\n")]

    def client_command(self, port, server, version, own):
        identity = (f"proxy_ssl_certificate {own.chain}; proxy_ssl_certificate_key {own.key};" if own else "")
        return self.command(
            f"listen 127.0.0.1:{port}; proxy_pass 127.0.0.1:{server}; proxy_ssl on; proxy_ssl_verify on; "
            f"proxy_ssl_protocols TLSv{version}; proxy_ssl_trusted_certificate {self.authority.file}; "
            f"proxy_ssl_name localhost; proxy_ssl_server_name on; {identity}")

    def server_command(self, port, behind, version, own):
        return self.command(
            f"listen 127.0.0.1:{port} ssl; proxy_pass 127.0.0.1:{behind}; ssl_protocols TLSv{version}; "
            f"ssl_certificate {own.chain}; ssl_certificate_key {own.key};")


class Haproxy(Conduit):
    name = tool = "haproxy"

    def command(self, text):
        return [self.tool, "-db", "-f", written(
            self.folder, "haproxy.cfg",
            "global\n  nbthread 1\n  maxconn 2048\ndefaults\n  mode tcp\n  retries 0\n  timeout connect 10s\n  timeout client 1m\n"
            f"  timeout server 1m\nlisten one\n{text}")]

    def client_command(self, port, server, version, own):
        identity = f" crt {own.both}" if own else ""
        return self.command(
            f"  bind 127.0.0.1:{port}\n  server one 127.0.0.1:{server} ssl verify required ca-file {self.authority.file} "
            f"sni str(localhost) verifyhost localhost ssl-min-ver TLSv{version} ssl-max-ver TLSv{version}{identity}\n")

    def server_command(self, port, behind, version, own):
        return self.command(f"  bind 127.0.0.1:{port} ssl crt {own.both} ssl-min-ver TLSv{version} ssl-max-ver TLSv{version}\n"
                            f"  server one 127.0.0.1:{behind}\n")


class Socat(Conduit):
    name = tool = "socat"

    def versions(self, version):
        return f"openssl-min-proto-version=TLS{version},openssl-max-proto-version=TLS{version}"

    def client_command(self, port, server, version, own):
        identity = f",cert={own.chain},key={own.key}" if own else ""
        return [self.tool, "-t10", f"TCP4-LISTEN:{port},bind=127.0.0.1,fork,reuseaddr,backlog=64",
                f"OPENSSL:localhost:{server},pf=ip4,cafile={self.authority.file},{self.versions(version)}{identity}"]

    def server_command(self, port, behind, version, own):
        return [self.tool, "-t10", f"OPENSSL-LISTEN:{port},pf=ip4,bind=127.0.0.1,fork,reuseaddr,backlog=64,verify=0,"
                f"cert={own.chain},key={own.key},{self.versions(version)}", f"TCP4:127.0.0.1:{behind}"]


class Go(Conduit):
    name, tool = "Go crypto/tls", "go"

    def __init__(self, folder, authority):
        super().__init__(folder, authority)
        self.program = Path(folder, "tls-peer")

    def built(self):
        if not self.program.is_file():
            made = subprocess.run([self.tool, "build", "-o", self.program, PEERS / "tls-peer.go"], capture_output=True,
                                  text=True, timeout=60, cwd=self.folder)
            if made.returncode:
                raise Fail(f"the Go peer is not built: {made.stderr.strip()[-300:]}")
        return self.program

    def client_command(self, port, server, version, own):
        identity = [own.chain, own.key] if own else []
        return [self.built(), "client", port, server, version, self.authority.file, *identity]

    def server_command(self, port, behind, version, own):
        return [self.built(), "server", port, version, own.chain, own.key]


class Node(Conduit):
    name, tool = "node", "node"

    def client_command(self, port, server, version, own):
        identity = [own.chain, own.key] if own else []
        return [self.tool, PEERS / "tls-peer.js", "client", port, server, version, self.authority.file, *identity]

    def server_command(self, port, behind, version, own):
        return [self.tool, PEERS / "tls-peer.js", "server", port, version, own.chain, own.key]


ALL = (Stunnel, Nginx, Haproxy, Socat, Go, Node)
