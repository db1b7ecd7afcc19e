#include "open.h"

#include <unistd.h>

#include "failures.h"
#include "options.h"
#include "traffic.h"
#include "usage.h"

static struct schedule schedule;
static uint64_t next_due;
static struct connection *connections;
static int connection_count;

// MARK: free connections, a queue

// A connection stands here once for each request that it may still have in flight.
static struct connection **free_places;
static uint64_t places, first_free, free_count;
static bool is_behind;  // requests have been waiting for a connection

static void set_free(struct connection *c) {
  free_places[(first_free + free_count++) % places] = c;
}

static struct connection *take_free(void) {
  struct connection *c = free_places[first_free];
  first_free = (first_free + 1) % places;
  free_count--;
  return c;
}

// MARK: the account

static void count_lost(uint64_t due, uint64_t now) {
  if (!is_measured(&schedule, due)) {
    traffic.lost_before++;
    return;
  }
  traffic.lost++;
  histogram_add(&traffic.latency, now - due);
}

static void lose_all(struct connection *c, uint64_t now) {
  for (; c->answered < c->issued; c->answered++) {
    count_lost(c->since[c->answered % c->depth], now);
    traffic.owed--;
  }
}

void open_answered(struct connection *c, uint64_t answered, uint64_t now) {
  for (; c->answered < answered; c->answered++) {
    const uint64_t due = c->since[c->answered % c->depth];
    if (is_measured(&schedule, due)) {
      traffic.answered++;
      histogram_add(&traffic.latency, now - due);
    }
    traffic.owed--;
    set_free(c);
  }
  open_send_due(now);
}

void open_lose(struct connection *c) {
  lose_all(c, now_ns());
  close(c->fd);
  c->fd = -1;
  traffic.connections_lost++;
}

// MARK: sending

static void take_request(void) {
  if (is_measured(&schedule, next_due)) traffic.due++;
  next_due = due_at(&schedule, ++schedule.next);
}

static bool is_anything_left(void) { return traffic.left && next_due < schedule.to; }

void open_send_due(uint64_t now) {
  while (is_anything_left() && next_due <= now) {
    if (!free_count) {
      is_behind = true;
      return;
    }
    struct connection *c = take_free();
    if (c->fd < 0) continue;
    const uint64_t due = next_due;
    if (!is_behind && is_measured(&schedule, due)) histogram_add(&traffic.late, now - due);
    take_request();
    issue(c, 1, due);
  }
  is_behind = false;
}

uint64_t open_next(void) { return free_count && is_anything_left() ? next_due : UINT64_MAX; }

// MARK: beginning and end

void open_start(struct connection *all, int count) {
  connections = all;
  connection_count = count;
  places = (uint64_t)count * (uint64_t)options.pipeline;
  free_places = calloc(places, sizeof *free_places);
  if (!free_places) broken("calloc");
  for (uint64_t i = 0; i < places; i++) set_free(&connections[i % (uint64_t)count]);

  schedule = (struct schedule){
      .begin = now_ns(), .rate = (uint64_t)options.rate, .burst = (uint64_t)options.burst};
  schedule.from = schedule.begin;
  schedule.to = UINT64_MAX;
  if (!options.requests) {
    schedule.from += (uint64_t)(options.warm_up * NS_PER_S);
    schedule.to = schedule.from + (uint64_t)(options.seconds * NS_PER_S);
  }
  next_due = schedule.begin;
}

struct schedule open_schedule(void) { return schedule; }

void open_stop(uint64_t now) {
  open_send_due(now);
  for (; is_anything_left() && next_due <= now; traffic.left--) {
    if (is_measured(&schedule, next_due)) {
      traffic.unsent++;
      histogram_add(&traffic.latency, now - next_due);
    }
    take_request();
  }
}

void open_give_up(uint64_t now) {
  for (int i = 0; i < connection_count; i++) lose_all(&connections[i], now);
}
