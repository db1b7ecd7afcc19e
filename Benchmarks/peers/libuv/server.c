// The frames protocol in C on libuv.
//
// libuv asks for a buffer right before it reads and is done with it when the read callback
// returns, so all connections share one. uv_try_write sends the reply straight from it; a write
// request with a buffer of its own is made only for what the socket does not take, and while it
// is outstanding the connection is not read.
#include <uv.h>

#include "frames.h"
#include "server.h"


struct connection {
  uv_tcp_t tcp;  // first, so that the stream is the connection
  bool in_frame;
};

struct rest {
  uv_write_t request;  // first, likewise
  uint8_t bytes[];
};

static uint8_t buffer[65536];

static void on_readable(uv_stream_t *stream, ssize_t n, const uv_buf_t *from);

static void lend_buffer(uv_handle_t *handle, size_t suggested, uv_buf_t *out) {
  (void)handle, (void)suggested;
  *out = uv_buf_init((char *)buffer, sizeof buffer);
}

static void on_closed(uv_handle_t *handle) { free(handle); }

static void drop(uv_stream_t *stream) {
  if (!uv_is_closing((uv_handle_t *)stream)) uv_close((uv_handle_t *)stream, on_closed);
}

static void on_rest_sent(uv_write_t *request, int status) {
  uv_stream_t *stream = request->handle;
  free(request);
  if (status < 0 || uv_read_start(stream, lend_buffer, on_readable)) drop(stream);
}

static void send_later(uv_stream_t *stream, const uint8_t *bytes, size_t n) {
  struct rest *rest = malloc(sizeof *rest + n);
  if (!rest) return drop(stream);
  memcpy(rest->bytes, bytes, n);
  uv_read_stop(stream);
  uv_buf_t buf = uv_buf_init((char *)rest->bytes, (unsigned)n);
  if (uv_write(&rest->request, stream, &buf, 1, on_rest_sent)) {
    free(rest);
    drop(stream);
  }
}

static void reply(uv_stream_t *stream, const uint8_t *bytes, size_t n) {
  uv_buf_t buf = uv_buf_init((char *)bytes, (unsigned)n);
  int sent = uv_try_write(stream, &buf, 1);
  if (sent < 0 && sent != UV_EAGAIN) return drop(stream);
  if (sent < 0) sent = 0;
  if ((size_t)sent < n) send_later(stream, bytes + sent, n - (size_t)sent);
}

static void on_readable(uv_stream_t *stream, ssize_t n, const uv_buf_t *from) {
  if (n < 0) return drop(stream);
  struct connection *c = (struct connection *)stream;
  uint8_t *bytes = (uint8_t *)from->base;
  size_t m = frames_reply(&c->in_frame, bytes, (size_t)n);
  if (m) reply(stream, bytes, m);
}

static void on_connection(uv_stream_t *listener, int status) {
  if (status < 0) return;
  struct connection *c = calloc(1, sizeof *c);
  if (!c) return;
  uv_stream_t *stream = (uv_stream_t *)&c->tcp;
  uv_tcp_init(listener->loop, &c->tcp);
  if (uv_accept(listener, stream)) return drop(stream);
  uv_tcp_nodelay(&c->tcp, 1);
  reply(stream, (const uint8_t *)"*", 1);
  if (!uv_is_closing((uv_handle_t *)stream)) uv_read_start(stream, lend_buffer, on_readable);
}

int main(int argc, char **argv) {
  const int port = port_argument(argc, argv);
  raise_descriptor_limit();
  signal(SIGPIPE, SIG_IGN);
  uv_loop_t *loop = uv_default_loop();
  uv_tcp_t listener;
  struct sockaddr_in address;
  uv_tcp_init(loop, &listener);
  uv_ip4_addr("127.0.0.1", port, &address);
  int rc = uv_tcp_bind(&listener, (const struct sockaddr *)&address, 0);
  if (!rc) rc = uv_listen((uv_stream_t *)&listener, BACKLOG, on_connection);
  if (rc) die("listen", -rc);
  return uv_run(loop, UV_RUN_DEFAULT);
}
