"""The situations servers are measured in, as arguments of the load generator."""

import shlex
from dataclasses import dataclass

# Requests a second of the cell in which all servers do the same at the same moment: a rate that the
# dearest of them can carry. Each request comes nearly alone then and costs 15 to 40 µs.
RATE = 20_000
BURST_RATE = 10_000
BURST = 1_000


@dataclass(frozen=True)
class Cell:
    options: str
    meaning: str  # also the table's heading; {rate} is what was asked for

    def arguments(self, rate):
        return shlex.split(self.options.format(rate=rate))

    def heading(self, rate):
        return self.meaning.format(rate=f"{rate:,}")


CELLS = {
    "c1": Cell("--connections 1", "one connection, 16-byte frames, one request in flight"),
    "c4": Cell("--connections 4", "4 connections, 16-byte frames, one request in flight on each"),
    "c64": Cell("--connections 64",
                "64 connections, 16-byte frames, one request in flight on each"),
    "c1000": Cell("--connections 1000",
                  "1,000 connections, 16-byte frames, one request in flight on each"),
    "c10000": Cell("--connections 10000",
                   "10,000 connections, 16-byte frames, one request in flight on each"),
    "p16": Cell("--connections 64 --pipeline 16",
                "64 connections, 16-byte frames, 16 requests in flight on each"),
    "c32p64": Cell("--connections 32 --pipeline 64",
                   "32 connections, 16-byte frames, 64 requests in flight on each"),
    "s200c300": Cell("--connections 300 --payload 200",
                     "300 connections, 200-byte frames, one request in flight on each"),
    "s3000c100": Cell("--connections 100 --payload 3000",
                      "100 connections, 3,000-byte frames, one request in flight on each"),
    "s16384": Cell("--connections 64 --payload 16384",
                   "64 connections, 16 KiB frames, one request in flight on each"),
    "s65536": Cell("--connections 16 --payload 65536",
                   "16 connections, 64 KiB frames, one request in flight on each"),
    "churn": Cell("--connections 64 --churn",
                  "64 at a time: connect, one request of 16 bytes, close"),
    "mix": Cell("--connections 1000 --idle 9000",
                "1,000 connections as in c1000 beside 9,000 silent ones"),
    "rate": Cell("--connections 64 --rate {rate}",
                 "{rate} requests a second, whatever the server does, on 64 connections, "
                 "16-byte frames"),
    "burst": Cell(f"--connections {BURST} --rate {BURST_RATE} --burst {BURST}",
                  f"{BURST:,} connections, one 16-byte request on each at the same moment, "
                  f"{BURST_RATE // BURST} times a second"),
    "cut": Cell("--connections 256 --cut 200",
                "256 connections, each request of 16 bytes in two writes, the second 200 µs after "
                "the first"),
    "slow": Cell("--connections 60 --payload 65536 --slow 10",
                 "60 connections, 64 KiB frames, one request in flight on each; on one in ten 64, "
                 "whose replies it reads at 16 KiB a millisecond"),
}
