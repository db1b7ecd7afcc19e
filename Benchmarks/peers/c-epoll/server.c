// The frames protocol in C on epoll: the fewest system calls readiness allows.
//
// Edge triggered, each connection registered once and its registration never changed. A request
// is one recv into a buffer all connections share and one send straight from it (optimistic: the
// socket nearly always takes it). Only what the socket refuses is copied to a buffer of the
// connection's own, and until that is out the connection is not read: a client that does not
// read its replies stops being heard, and costs at most one buffer.
#define _GNU_SOURCE
#include <sys/epoll.h>
#include <sys/mman.h>

#include "frames.h"
#include "server.h"

#define EVENTS 1024
#define BUFFER 65536

struct connection {
  bool in_frame;
  bool unread;         // an edge came while output was blocked: read again once it is out
  uint32_t rest_size;  // of `rest`
  uint32_t rest_sent;
  uint8_t *rest;       // output the socket did not take; NULL for nearly everybody
};

static struct connection *connections;  // by descriptor; untouched pages cost nothing
static uint8_t buffer[BUFFER];

static void drop(int fd) {
  free(connections[fd].rest);
  connections[fd].rest = NULL;
  close(fd);
}

// Sends, keeping what does not fit. False if the connection is broken.
static bool reply(int fd, const uint8_t *bytes, size_t n) {
  ssize_t sent = send(fd, bytes, n, MSG_NOSIGNAL);
  if (sent < 0 && errno != EAGAIN) return false;
  if (sent < 0) sent = 0;
  if ((size_t)sent == n) return true;
  struct connection *c = &connections[fd];
  c->rest_sent = 0;
  c->rest_size = (uint32_t)(n - (size_t)sent);
  c->rest = malloc(c->rest_size);
  if (!c->rest) return false;
  memcpy(c->rest, bytes + sent, c->rest_size);
  return true;
}

// `to_the_end`: a hang-up may be waiting behind the data, and no edge will come for it again.
static void on_readable(int fd, bool to_the_end) {
  struct connection *c = &connections[fd];
  for (;;) {
    if (c->rest) {
      c->unread = true;
      return;
    }
    ssize_t n = recv(fd, buffer, sizeof buffer, 0);
    if (n < 0 && errno == EAGAIN) return;
    if (n <= 0) return drop(fd);
    size_t m = frames_reply(&c->in_frame, buffer, (size_t)n);
    if (m && !reply(fd, buffer, m)) return drop(fd);
    // A short read emptied the socket: whatever comes next is a new edge, so the recv that
    // would only say EAGAIN is saved.
    if ((size_t)n < sizeof buffer && !to_the_end) return;
  }
}

static void on_writable(int fd) {
  struct connection *c = &connections[fd];
  while (c->rest_sent < c->rest_size) {
    ssize_t sent = send(fd, c->rest + c->rest_sent, c->rest_size - c->rest_sent, MSG_NOSIGNAL);
    if (sent < 0 && errno == EAGAIN) return;
    if (sent < 0) return drop(fd);
    c->rest_sent += (uint32_t)sent;
  }
  free(c->rest);
  c->rest = NULL;
  if (c->unread) {
    c->unread = false;
    on_readable(fd, true);
  }
}

static void accept_all(int epoll, int listener) {
  int fd;
  while ((fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0) {
    connections[fd] = (struct connection){0};
    struct epoll_event interest = {
        .events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET, .data.fd = fd};
    if (send(fd, "*", 1, MSG_NOSIGNAL) != 1 ||
        epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &interest))
      drop(fd);
  }
}

int main(int argc, char **argv) {
  const int port = port_argument(argc, argv);
  const unsigned most = raise_descriptor_limit();
  connections = mmap(NULL, most * sizeof *connections, PROT_READ | PROT_WRITE,
                     MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (connections == MAP_FAILED) die("mmap", errno);
  const int listener = listen_on(port, SOCK_NONBLOCK), epoll = epoll_create1(EPOLL_CLOEXEC);
  struct epoll_event interest = {.events = EPOLLIN, .data.fd = listener};
  if (epoll < 0 || epoll_ctl(epoll, EPOLL_CTL_ADD, listener, &interest)) die("epoll", errno);

  static struct epoll_event events[EVENTS];
  for (;;) {
    const int n = epoll_wait(epoll, events, EVENTS, -1);
    for (int i = 0; i < n; i++) {
      const int fd = events[i].data.fd;
      const uint32_t ready = events[i].events;
      // No event is ever stale: a batch names each descriptor once, and only a connection's own
      // event closes it.
      if (fd == listener)
        accept_all(epoll, listener);
      else if (connections[fd].rest && (ready & (EPOLLOUT | EPOLLHUP | EPOLLERR)))
        on_writable(fd);
      else if (ready & (EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR))
        on_readable(fd, ready & (EPOLLRDHUP | EPOLLHUP | EPOLLERR));
    }
  }
}
