#define _GNU_SOURCE
#include "traffic.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "options.h"
#include "usage.h"

#define EVENTS 1024
#define PATIENCE 3.0  // seconds without any reply before the server counts as stalled

struct connection {
  int fd;
  bool greeted;        // churn: '*' has come
  bool blocked;        // the last send stopped short
  uint64_t sent;       // bytes of the request stream
  uint64_t to_send;    // ... and how far it may be sent
  uint64_t checked;    // bytes of the reply stream
  uint64_t issued;     // requests, the first one's number included
  uint64_t answered;   // likewise
  uint64_t *sent_at;   // start times of the requests in flight, by number modulo the pipeline
};

struct traffic traffic;

static int epoll;
static struct connection *connections;
static uint64_t left = UINT64_MAX;  // requests that may still be sent
static uint64_t owed;               // requests in flight, all connections together
static uint8_t input[256 << 10];

static void broken(const char *what) {
  fprintf(stderr, "frameload: %s: %s\n", what, strerror(errno));
  exit(1);
}

static void wrong(const char *what) {
  fprintf(stderr, "frameload: %s\n", what);
  exit(2);
}

// MARK: the streams

// A connection's requests are these frames over and over, its replies their payloads. Every byte
// value except the delimiter occurs. The requests are laid out twice in a row, so that a send of
// up to `request_size` bytes is contiguous from anywhere.
static uint8_t *requests, *replies;
static uint64_t frames, frame_size, request_size, reply_size;

static void make_streams(void) {
  frames = options.payload > 4096 ? 16 : 64;
  while (frames < (uint64_t)options.pipeline) frames *= 2;
  frame_size = (uint64_t)options.payload + 2;
  request_size = frames * frame_size;
  reply_size = frames * (uint64_t)options.payload;
  requests = malloc(2 * request_size);
  replies = malloc(reply_size);
  if (!requests || !replies) broken("malloc");
  uint8_t *request = requests, *reply = replies, value = 1;
  for (uint64_t frame = 0; frame < frames; frame++) {
    *request++ = '^';
    for (int i = 0; i < options.payload; i++) {
      if (value == '$') value++;
      *request++ = value;
      *reply++ = (uint8_t)(value + 1);
      value = (uint8_t)(value * 5 + 13);  // its period is all 256 values
    }
    *request++ = '$';
  }
  memcpy(request, requests, request_size);
}

static void check(struct connection *c, const uint8_t *bytes, size_t n) {
  while (n) {
    const uint64_t at = c->checked % reply_size;
    const size_t run = n < reply_size - at ? n : reply_size - at;
    if (memcmp(replies + at, bytes, run)) wrong("a reply byte is wrong");
    c->checked += run;
    bytes += run;
    n -= run;
  }
}

// MARK: sockets

static void watch(struct connection *c, uint32_t events) {
  struct epoll_event interest = {.events = events | EPOLLET, .data.ptr = c};
  if (epoll_ctl(epoll, EPOLL_CTL_ADD, c->fd, &interest)) broken("epoll_ctl");
}

// Source addresses alternate over 127.0.0.1 to .32: one alone has too few ports for churn, whose
// closed connections keep theirs for a while.
static int open_socket(int type_flags) {
  static uint32_t opened;
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | type_flags, 0), on = 1;
  if (fd < 0) broken("socket");
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof on);
  struct sockaddr_in source = {.sin_family = AF_INET};
  source.sin_addr.s_addr = htonl(INADDR_LOOPBACK + opened++ % 32);
  if (bind(fd, (struct sockaddr *)&source, sizeof source)) broken("bind");
  const struct sockaddr *server = (const struct sockaddr *)&options.server;
  if (connect(fd, server, sizeof options.server) && errno != EINPROGRESS) broken("connect");
  return fd;
}

// One at a time, so that no server's accept queue overflows.
static int open_greeted(void) {
  const int fd = open_socket(0);
  const struct timeval patience = {.tv_sec = (time_t)PATIENCE};
  setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  char greeting;
  if (recv(fd, &greeting, 1, 0) != 1 || greeting != '*') wrong("no '*' on connect");
  if (fcntl(fd, F_SETFL, O_NONBLOCK)) broken("fcntl");
  return fd;
}

void open_idle(int count) {
  for (int i = 0; i < count; i++) open_greeted();
}

static ssize_t receive(struct connection *c) {
  const ssize_t n = recv(c->fd, input, sizeof input, 0);
  if (n == 0) wrong("the server closed a connection");
  if (n < 0 && errno != EAGAIN) broken("recv");
  return n;
}

// MARK: the closed loop

static void send_allowed(struct connection *c) {
  c->blocked = false;
  while (c->sent < c->to_send) {
    uint64_t n = c->to_send - c->sent;
    if (n > request_size) n = request_size;
    const ssize_t sent = send(c->fd, requests + c->sent % request_size, n, MSG_NOSIGNAL);
    if (sent < 0) {
      if (errno != EAGAIN) broken("send");
      c->blocked = true;
      return;
    }
    c->sent += (uint64_t)sent;
  }
}

static void issue(struct connection *c, uint64_t count, uint64_t now) {
  if (count > left) count = left;
  if (!count) return;
  left -= count;
  for (uint64_t i = 0; i < count; i++)
    c->sent_at[(c->issued + i) % (uint64_t)options.pipeline] = now;
  c->issued += count;
  owed += count;
  c->to_send += count * frame_size;
  send_allowed(c);
}

// Each complete reply lets the next request go.
static void replies_complete(struct connection *c) {
  const uint64_t answered = c->checked / (uint64_t)options.payload;
  if (c->checked > c->issued * (uint64_t)options.payload) wrong("a reply byte too many");
  const uint64_t fresh = answered - c->answered;
  if (!fresh) return;
  const uint64_t now = now_ns();
  for (uint64_t i = c->answered; traffic.measuring && i < answered; i++)
    histogram_add(&traffic.latency, now - c->sent_at[i % (uint64_t)options.pipeline]);
  if (traffic.measuring) traffic.replies += fresh;
  c->answered = answered;
  owed -= fresh;
  issue(c, fresh, now);
}

static void on_readable(struct connection *c) {
  for (;;) {
    const ssize_t n = receive(c);
    if (n < 0) return;
    if (traffic.measuring) traffic.reply_bytes += (uint64_t)n;
    check(c, input, (size_t)n);
    replies_complete(c);
    if ((size_t)n < sizeof input) return;  // emptied: the next byte is a new edge
  }
}

// Each begins at another frame, so that at any moment all byte values are on the wire.
static void start_connection(struct connection *c, uint64_t frame) {
  c->fd = open_greeted();
  c->sent_at = calloc((size_t)options.pipeline, sizeof *c->sent_at);
  if (!c->sent_at) broken("calloc");
  c->sent = c->to_send = frame * frame_size;
  c->checked = frame * (uint64_t)options.payload;
  c->issued = c->answered = frame;
  watch(c, EPOLLIN | EPOLLOUT);
}

// MARK: churn

static void churn_open(struct connection *c, uint64_t now) {
  if (!left) return;
  left--;
  uint64_t *sent_at = c->sent_at;
  *c = (struct connection){.sent_at = sent_at, .issued = 1, .to_send = frame_size};
  *sent_at = now;
  owed++;
  c->fd = open_socket(SOCK_NONBLOCK);
  // Not EPOLLOUT: it would wake us for every connect, and a request of this size always fits.
  watch(c, EPOLLIN);
}

static void churn_readable(struct connection *c) {
  const uint8_t *bytes = input;
  ssize_t n = receive(c);
  if (n < 0) return;
  if (traffic.measuring) traffic.reply_bytes += (uint64_t)n;
  if (!c->greeted) {
    if (*bytes != '*') wrong("no '*' on connect");
    c->greeted = true;
    bytes++;
    n--;
    send_allowed(c);
  }
  check(c, bytes, (size_t)n);
  if (c->checked > (uint64_t)options.payload) wrong("a reply byte too many");
  if (c->checked < (uint64_t)options.payload) return;
  const uint64_t now = now_ns();
  if (traffic.measuring) {
    traffic.replies++;
    histogram_add(&traffic.latency, now - *c->sent_at);
  }
  owed--;
  close(c->fd);
  churn_open(c, now);
}

// MARK: the loop

static void on_event(struct connection *c, uint32_t ready) {
  if (ready & (EPOLLIN | EPOLLHUP | EPOLLERR)) {
    if (options.churn)
      churn_readable(c);
    else
      on_readable(c);
  }
  if (c->blocked && (ready & EPOLLOUT)) send_allowed(c);
}

void start_traffic(uint64_t requests) {
  if (requests) left = requests;
  make_streams();
  epoll = epoll_create1(EPOLL_CLOEXEC);
  connections = calloc((size_t)options.connections, sizeof *connections);
  if (epoll < 0 || !connections) broken("start");
  for (int i = 0; i < options.connections && !options.churn; i++)
    start_connection(&connections[i], (uint64_t)i % frames);
  for (int i = 0; i < options.connections; i++) {
    struct connection *c = &connections[i];
    if (options.churn) {
      c->sent_at = calloc(1, sizeof *c->sent_at);
      if (!c->sent_at) broken("calloc");
      churn_open(c, now_ns());
    } else {
      issue(c, (uint64_t)options.pipeline, now_ns());
    }
  }
}

void run_traffic(double seconds) {
  static struct epoll_event events[EVENTS];
  const uint64_t end = now_ns() + (uint64_t)(seconds * 1e9);
  uint64_t heard = now_ns();
  while (left || owed) {
    const uint64_t now = now_ns();
    if (now >= end) break;
    if (now - heard > (uint64_t)(PATIENCE * 1e9)) wrong("stalled: no reply for 3 s");
    const int n = epoll_wait(epoll, events, EVENTS, 20);
    if (n < 0 && errno != EINTR) broken("epoll_wait");
    if (n > 0) heard = now;
    for (int i = 0; i < n; i++) on_event(events[i].data.ptr, events[i].events);
  }
}

void finish_traffic(void) {
  left = 0;
  run_traffic(PATIENCE);
  if (owed) wrong("stalled: requests were left without a reply");
}
