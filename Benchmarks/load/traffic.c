#define _GNU_SOURCE  // epoll_pwait2
#include "traffic.h"

#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/socket.h>

#include "churn.h"
#include "connection.h"
#include "failures.h"
#include "open.h"
#include "options.h"
#include "parts.h"
#include "sockets.h"
#include "tape.h"
#include "usage.h"

#define EVENTS 1024
#define LONGEST_WAIT 20000000u  // nanoseconds, after which a stall is looked for
#define LONGEST 600.0           // seconds that requests whose number is given may take

struct traffic traffic = {.left = UINT64_MAX};
uint8_t input[INPUT_SIZE];

static int epoll;
static struct connection *connections;
static uint64_t started;

// MARK: one connection

void watch(struct connection *c, uint32_t events) {
  struct epoll_event interest = {.events = events | EPOLLET, .data.ptr = c};
  if (epoll_ctl(epoll, EPOLL_CTL_ADD, c->fd, &interest)) broken("epoll_ctl");
}

ssize_t receive(struct connection *c, size_t most) {
  const ssize_t n = recv(c->fd, input, most, 0);
  if (n > 0 || (n < 0 && errno == EAGAIN)) return n;
  if (options.rate) {
    open_lose(c);
    return -1;
  }
  if (n == 0) wrong("the server closed a connection");
  broken("recv");
  return -1;
}

void send_allowed(struct connection *c) {
  c->blocked = false;
  while (c->sent < c->to_send) {
    uint64_t n = c->to_send - c->sent;
    if (n > tape.request_size) n = tape.request_size;
    const ssize_t sent =
        send(c->fd, tape.requests + c->sent % tape.request_size, n, MSG_NOSIGNAL);
    if (sent < 0) {
      // Of a connection that is broken an open loop hears when it reads.
      if (errno != EAGAIN && !options.rate) broken("send");
      c->blocked = true;
      return;
    }
    c->sent += (uint64_t)sent;
  }
}

void issue(struct connection *c, uint64_t count, uint64_t since) {
  if (count > traffic.left) count = traffic.left;
  if (!count) return;
  traffic.left -= count;
  for (uint64_t i = 0; i < count; i++) c->since[(c->issued + i) % c->depth] = since;
  c->issued += count;
  traffic.owed += count;
  c->to_send +=
      options.cut ? cut_request(c, tape.frame_size, since) : count * tape.frame_size;
  send_allowed(c);
}

// Each complete reply lets the next request go.
static void closed_answered(struct connection *c, uint64_t answered, uint64_t now) {
  const uint64_t fresh = answered - c->answered;
  for (uint64_t i = c->answered; traffic.measuring && !c->slow && i < answered; i++)
    histogram_add(&traffic.latency, now - c->since[i % c->depth]);
  c->answered = answered;
  traffic.owed -= fresh;
  issue(c, fresh, now);
}

static void replies_complete(struct connection *c) {
  const uint64_t answered = c->checked / (uint64_t)options.payload;
  if (c->checked > c->issued * (uint64_t)options.payload) wrong("a reply byte too many");
  const uint64_t fresh = answered - c->answered;
  if (!fresh) return;
  if (traffic.measuring) {
    traffic.replies += fresh;
    c->served += fresh;
  }
  const uint64_t now = now_ns();
  if (options.rate)
    open_answered(c, answered, now);
  else
    closed_answered(c, answered, now);
}

ssize_t take_replies(struct connection *c, size_t most) {
  const ssize_t n = receive(c, most);
  if (n < 0) return n;
  if (traffic.measuring) traffic.reply_bytes += (uint64_t)n;
  check_reply(c->checked, input, (size_t)n);
  c->checked += (uint64_t)n;
  replies_complete(c);
  return n;
}

static void on_event(struct connection *c, uint32_t ready) {
  if (c->fd < 0) return;
  if (ready & (EPOLLIN | EPOLLHUP | EPOLLERR)) {
    if (options.churn)
      churn_readable(c);
    else if (!c->slow)
      // A short read has emptied it: the next byte is a new edge.
      while (take_replies(c, sizeof input) == (ssize_t)sizeof input) {}
  }
  if (c->fd >= 0 && c->blocked && (ready & EPOLLOUT)) send_allowed(c);
}

// MARK: the loop

// Events, or none when the time has come for what is due or for a look at the clock.
static int wait_for_events(struct epoll_event *events, uint64_t now, uint64_t until) {
  uint64_t wake = now + LONGEST_WAIT;
  if (until < wake) wake = until;
  const uint64_t due = options.rate ? open_next() : parts_next();
  if (due < wake) wake = due;
  const uint64_t wait = wake > now ? wake - now : 0;
  // A request that is sent late by a rounded millisecond would be all that is measured.
  const struct timespec time = {.tv_sec = (time_t)(wait / NS_PER_S),
                                .tv_nsec = (long)(wait % NS_PER_S)};
  const int n = epoll_pwait2(epoll, events, EVENTS, &time, NULL);
  if (n < 0 && errno != EINTR) broken("epoll_pwait2");
  return n;
}

void run_traffic(uint64_t until) {
  static struct epoll_event events[EVENTS];
  uint64_t heard = now_ns();
  while (traffic.left || traffic.owed) {
    const uint64_t now = now_ns();
    if (now >= until) break;
    if (options.rate)
      open_send_due(now);
    else
      parts_take(now);
    if (!options.rate && now - heard > (uint64_t)(options.patience * NS_PER_S))
      wrong("stalled: no reply within the patience");
    const int n = wait_for_events(events, now, until);
    if (n > 0) heard = now;
    for (int i = 0; i < n; i++) on_event(events[i].data.ptr, events[i].events);
  }
}

// MARK: beginning and end

static uint64_t *moments(uint32_t depth) {
  uint64_t *since = calloc(depth, sizeof *since);
  if (!since) broken("calloc");
  return since;
}

// Each begins at another frame, so that at any moment all byte values are on the wire.
static void start_connection(struct connection *c, int number) {
  const uint64_t frame = (uint64_t)number % tape.frames;
  c->slow = options.slow && number % options.slow == 0;
  c->depth = c->slow ? SLOW_DEPTH : (uint32_t)options.pipeline;
  c->since = moments(c->depth);
  c->fd = open_greeted(c->slow ? SLOW_BUFFER : 0);
  c->sent = c->to_send = frame * tape.frame_size;
  c->checked = frame * (uint64_t)options.payload;
  c->issued = c->answered = frame;
  watch(c, c->slow ? EPOLLOUT : EPOLLIN | EPOLLOUT);
}

static void start_churn(void) {
  for (int i = 0; i < options.connections; i++) {
    connections[i].since = moments(1);
    churn_open(&connections[i], now_ns());
  }
}

void start_traffic(void) {
  if (options.requests) traffic.left = (uint64_t)options.requests;
  prctl(PR_SET_TIMERSLACK, 1);
  make_tape(options.payload, options.slow ? SLOW_DEPTH : options.pipeline);
  epoll = epoll_create1(EPOLL_CLOEXEC);
  connections = calloc((size_t)options.connections, sizeof *connections);
  if (epoll < 0 || !connections) broken("start");
  if (options.churn) return start_churn();
  for (int i = 0; i < options.connections; i++) start_connection(&connections[i], i);
  parts_start(connections, options.connections);
  if (options.rate) return open_start(connections, options.connections);
  for (int i = 0; i < options.connections; i++)
    issue(&connections[i], connections[i].depth, now_ns());
}

void measured_time(uint64_t *from, uint64_t *to) {
  if (!started) started = now_ns();
  *from = started + (options.requests ? 0 : (uint64_t)(options.warm_up * NS_PER_S));
  *to = *from + (uint64_t)((options.requests ? LONGEST : options.seconds) * NS_PER_S);
  if (!options.rate || options.requests) return;
  const struct schedule schedule = open_schedule();
  *from = schedule.from;
  *to = schedule.to;
}

void finish_traffic(void) {
  const uint64_t now = now_ns();
  if (options.rate) open_stop(now);
  traffic.left = 0;
  run_traffic(now + (uint64_t)(options.patience * NS_PER_S));
  if (!traffic.owed) return;
  if (!options.rate) wrong("stalled: requests were left without a reply");
  open_give_up(now_ns());
}

void served(uint64_t *least, uint64_t *most) {
  *least = UINT64_MAX;
  *most = 0;
  for (int i = 0; i < options.connections; i++) {
    const struct connection *c = &connections[i];
    if (c->slow) continue;
    if (c->served < *least) *least = c->served;
    if (c->served > *most) *most = c->served;
  }
}
