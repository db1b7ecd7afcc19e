// When each request of an open loop is due: by the rate alone, whatever became of those before it.
// So a server that stalls slows nothing down, and each request that it kept waiting shows that in
// its latency.
#pragma once
#include <stdbool.h>
#include <stdint.h>

#define NS_PER_S 1000000000u

struct schedule {
  uint64_t begin;       // nanoseconds, of the clock
  uint64_t rate;        // a second
  uint64_t burst;       // so many are due at the same moment
  uint64_t next;        // the first request that has not been taken
  uint64_t from, to;    // those due in between are measured
};

static inline uint64_t due_at(const struct schedule *s, uint64_t request) {
  const uint64_t first = request / s->burst * s->burst;
  return s->begin + (uint64_t)((unsigned __int128)first * NS_PER_S / s->rate);
}

static inline bool is_measured(const struct schedule *s, uint64_t due) {
  return due >= s->from && due < s->to;
}
