"""The situations servers are measured in, as arguments of the load generator."""

CELLS = {
    "c1": "--connections 1",
    "c64": "--connections 64",
    "c1000": "--connections 1000",
    "c10000": "--connections 10000",
    "p16": "--connections 64 --pipeline 16",
    "s16384": "--connections 64 --payload 16384",
    "churn": "--connections 64 --churn",
    "mix": "--connections 1000 --idle 9000",
}

# Also the tables' headings.
MEANING = {
    "c1": "one connection, 16-byte frames, one request in flight",
    "c64": "64 connections, 16-byte frames, one request in flight on each",
    "c1000": "1,000 connections, 16-byte frames, one request in flight on each",
    "c10000": "10,000 connections, 16-byte frames, one request in flight on each",
    "p16": "64 connections, 16-byte frames, 16 requests in flight on each",
    "s16384": "64 connections, 16 KiB frames, one request in flight on each",
    "churn": "64 at a time: connect, one request of 16 bytes, close",
    "mix": "1,000 connections as in c1000 beside 9,000 silent ones",
}
