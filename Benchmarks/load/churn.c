#include "churn.h"

#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "failures.h"
#include "options.h"
#include "sockets.h"
#include "tape.h"
#include "traffic.h"
#include "usage.h"

void churn_open(struct connection *c, uint64_t now) {
  if (!traffic.left) return;
  traffic.left--;
  uint64_t *since = c->since;
  *c = (struct connection){
      .since = since, .depth = 1, .issued = 1, .to_send = tape.frame_size};
  *since = now;
  traffic.owed++;
  c->fd = open_socket(SOCK_NONBLOCK, 0);
  // Not EPOLLOUT: it would wake us for every connect, and a request of this size always fits.
  watch(c, EPOLLIN);
}

void churn_readable(struct connection *c) {
  const uint8_t *bytes = input;
  ssize_t n = receive(c, sizeof input);
  if (n < 0) return;
  if (traffic.measuring) traffic.reply_bytes += (uint64_t)n;
  if (!c->greeted) {
    if (*bytes != '*') wrong("no '*' on connect");
    c->greeted = true;
    bytes++;
    n--;
    send_allowed(c);
  }
  check_reply(c->checked, bytes, (size_t)n);
  c->checked += (uint64_t)n;
  if (c->checked > (uint64_t)options.payload) wrong("a reply byte too many");
  if (c->checked < (uint64_t)options.payload) return;
  const uint64_t now = now_ns();
  if (traffic.measuring) {
    traffic.replies++;
    histogram_add(&traffic.latency, now - *c->since);
  }
  traffic.owed--;
  close(c->fd);
  churn_open(c, now);
}
