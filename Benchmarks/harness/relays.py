"""Relays of TCP connections before one server: the processor time that passing on costs.

The server behind and the load share one processor, the relay has the other. Every reply is checked by the load, so what
a relay loses or mixes up is an error."""

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from statistics import median

from . import servers
from .process import Ports, Trouble, running
from .measure import LOAD_CPU, SERVER_CPU, prepare, run_load

# What passes through a relay for a request: the request and its reply, each with the load's frame around it.
CELLS = {
    "64 pairs, 16 KiB": (["--connections", "64", "--payload", "16384"], 2 * 16384 + 2),
    "1,000 pairs, 64 bytes": (["--connections", "1000", "--payload", "64"], 2 * 64 + 2),
}

HAPROXY = """global
  nbthread 1
  maxconn 4096
defaults
  mode tcp
  timeout connect 10s
  timeout client 1m
  timeout server 1m
listen relay
  bind 127.0.0.1:PORT
  server behind 127.0.0.1:BEHIND
"""

NGINX = """{load}daemon off;
master_process off;
pid {folder}/pid;
error_log stderr;
worker_rlimit_nofile 16384;
events {{ worker_connections 8192; }}
stream {{
  server {{
    listen 127.0.0.1:PORT;
    proxy_pass 127.0.0.1:BEHIND;
  }}
}}
"""

# A process for each connection: what they used is what was used of the processor that they have for themselves.
SOCAT = ("exec socat -b 65536 TCP-LISTEN:$0,bind=127.0.0.1,fork,reuseaddr,backlog=1024,nodelay "
         "TCP:127.0.0.1:{behind},nodelay")
FORKING = {"socat"}

STREAM_MODULE = Path("/usr/lib/nginx/modules/ngx_stream_module.so")


def configured(name, text, command, folder, behind):
    """A server whose configuration gets its port when it starts."""
    template = Path(folder, f"{name}.template")
    template.write_text(text.replace("BEHIND", str(behind)))
    script = f'sed "s/PORT/$0/" {template} > {folder}/{name}.conf && exec {command} {folder}/{name}.conf'
    return servers.Server(name, ["sh", "-c", script])


def relays(program, folder, behind):
    """All that are there, and why others are not."""
    there, absent = [], []
    for backend in ("epoll", "io_uring"):
        script = f'exec {program} relay $0 {behind} --backend {backend} --log-level error'
        there.append(servers.Server(f"switchboard-{backend}", ["sh", "-c", script]))
    if shutil.which("haproxy"):
        there.append(configured("haproxy", HAPROXY, "haproxy -db -f", folder, behind))
    else:
        absent.append("haproxy")
    if shutil.which("nginx"):
        load = f"load_module {STREAM_MODULE};\n" if STREAM_MODULE.exists() else ""
        text = NGINX.format(load=load, folder=folder)
        there.append(configured("nginx-stream", text, "nginx -c", folder, behind))
    else:
        absent.append("nginx with its stream module")
    if shutil.which("socat"):
        there.append(servers.Server("socat", ["sh", "-c", SOCAT.format(behind=behind)]))
    else:
        absent.append("socat")
    return there, absent


def measure(options):
    prepare()
    ports, figures = Ports(), {}
    origin = servers.peers()["c-epoll"]
    with tempfile.TemporaryDirectory() as folder:
        for repeat in range(options.repeats):
            for cell, (arguments, size) in CELLS.items():
                # Anew for each cell: what a relay leaves open is nobody else's burden.
                behind = ports.free()
                with running(origin, behind, LOAD_CPU):
                    there, absent = relays(options.bin, folder, behind)
                    first = repeat % len(there)
                    for relay in there[first:] + there[:first]:
                        run(relay, cell, arguments, ports.free(), options, figures, repeat)
    for name in absent:
        print(f"left out: {name} is not here", file=sys.stderr)
    return figures


def run(relay, cell, arguments, port, options, figures, repeat):
    try:
        report = run_load(relay, arguments, port, options)
    except (Trouble, subprocess.TimeoutExpired) as trouble:
        print(f"{cell}, {relay.name}: FAILED: {trouble}", file=sys.stderr)
        return
    cost = report["server_cpu_us_per_request"]
    if relay.name in FORKING:
        share = report["server_cpu_share"] + report["server_cpu_others_share"]
        cost = share * 1e6 / report["requests_per_s"]
    figures.setdefault(cell, {}).setdefault(relay.name, []).append(
        (cost, report["requests_per_s"], report.get("latency_us", {}).get("p99")))
    print(f"{repeat + 1} {cell:22} {relay.name:22} {cost:8.2f} us a request "
          f"{report['requests_per_s']:10,.0f} requests/s", file=sys.stderr, flush=True)


def show(figures):
    """As Markdown."""
    for cell, (_, size) in CELLS.items():
        rows = figures.get(cell, {})
        others = [median(cost for cost, *_ in runs) for name, runs in rows.items()
                  if not name.startswith("switchboard")]
        best = min(others) if others else None
        print(f"\n{cell}\n\n| relay | us a request | ns a byte | requests/s | to the best other |\n|---|---|---|---|---|")
        for name, runs in rows.items():
            cost = median(cost for cost, *_ in runs)
            rate = median(rate for _, rate, *_ in runs)
            ratio = f"{cost / best:.2f}" if best else "-"
            print(f"| {name} | {cost:.2f} | {cost * 1000 / size:.2f} | {rate:,.0f} | {ratio} |")
