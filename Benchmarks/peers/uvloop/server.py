"""The frames protocol in Python on uvloop, with asyncio's callbacks (no stream, no coroutine per
read: a Protocol is asyncio's fast path)."""

import asyncio
import sys

import uvloop

# One call adds one to every byte, wrapping: no Python loop ever touches a byte.
PLUS_ONE = bytes((byte + 1) % 256 for byte in range(256))


class Frames(asyncio.Protocol):
    __slots__ = ("transport", "inside")

    def connection_made(self, transport):
        self.transport = transport
        self.inside = False
        transport.write(b"*")  # TCP_NODELAY is uvloop's default

    def data_received(self, data):
        payloads = []
        at = 0
        while at < len(data):
            if not self.inside:
                at = data.find(b"^", at) + 1
                if at == 0:
                    break
                self.inside = True
            stop = data.find(b"$", at)
            if stop < 0:
                payloads.append(data[at:])
                break
            payloads.append(data[at:stop])
            at = stop + 1
            self.inside = False
        if reply := b"".join(payloads).translate(PLUS_ONE):
            self.transport.write(reply)

    # A client that does not read its replies is not read either.

    def pause_writing(self):
        self.transport.pause_reading()

    def resume_writing(self):
        self.transport.resume_reading()


async def serve(port):
    loop = asyncio.get_running_loop()
    server = await loop.create_server(Frames, "127.0.0.1", port, backlog=4096)
    await server.serve_forever()


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(f"usage: {sys.argv[0]} PORT")
    uvloop.run(serve(int(sys.argv[1])))
