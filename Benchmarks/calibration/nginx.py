"""A web server of others: nginx as one process, with a page of so many bytes."""

import shutil
import tempfile
from contextlib import contextmanager
from pathlib import Path

from harness.process import running
from harness.servers import Server

PAGE = 612  # bytes, as many as the page has that comes with nginx
MODULES = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")  # each wants a folder

# Everything else is as nginx has it: after a thousand requests it closes a connection.
SETTINGS = """daemon off;
master_process off;
worker_processes 1;
pid {folder}/pid;
events {{ worker_connections 1024; }}
http {{
  access_log off;
{temporary}
  server {{ listen 127.0.0.1:{port} backlog=1024; root {folder}/pages; }}
}}
"""


def missing():
    """What is not here, in words, or None."""
    for program, package in (("nginx", "nginx-light"), ("wrk", "wrk")):
        if not shutil.which(program):
            return f"there is no {program} here; Debian's package is called {package}"
    return None


@contextmanager
def nginx(port, cpu):
    """Its process, from when it can be reached to its end."""
    with tempfile.TemporaryDirectory() as folder:
        pages = Path(folder) / "pages"
        pages.mkdir()
        (pages / "index.html").write_text("x" * PAGE)
        temporary = "\n".join(f"  {name}_temp_path {folder}/{name};" for name in MODULES)
        settings = Path(folder) / "nginx.conf"
        settings.write_text(SETTINGS.format(folder=folder, temporary=temporary, port=port))
        # The port, which is in the settings, becomes the shell's $0.
        command = ["sh", "-c", f"exec nginx -e stderr -p {folder} -c {settings}"]
        with running(Server("nginx", command, greets=False), port, cpu) as process:
            yield process
