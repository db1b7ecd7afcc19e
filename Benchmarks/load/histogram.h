// Latencies in nanoseconds, log-linear: 64 steps per power of two, so 1.6 % at most is lost.
#pragma once
#include <stdint.h>

#define STEPS 64
#define STEPS_LOG2 6

struct histogram {
  uint64_t counts[(64 - STEPS_LOG2 + 1) * STEPS];
  uint64_t total, highest;
};

static inline unsigned histogram_index(uint64_t v) {
  if (v < STEPS) return (unsigned)v;
  const unsigned power = 63u - (unsigned)__builtin_clzll(v) - STEPS_LOG2;
  return (power + 1) * STEPS + (unsigned)((v >> power) - STEPS);
}

// The middle of the values that fall on an index.
static inline double histogram_value(unsigned index) {
  if (index < STEPS) return index;
  const unsigned power = index / STEPS - 1;
  const uint64_t lowest = ((uint64_t)(index % STEPS) + STEPS) << power;
  return (double)lowest + (double)(1ull << power) / 2;
}

static inline void histogram_add(struct histogram *h, uint64_t v) {
  h->counts[histogram_index(v)]++;
  h->total++;
  if (v > h->highest) h->highest = v;
}

// The value that the share `q` of all values does not exceed.
static inline double histogram_at(const struct histogram *h, double q) {
  const double wanted = q * (double)h->total;
  uint64_t seen = 0;
  for (unsigned i = 0; i < sizeof h->counts / sizeof *h->counts; i++) {
    seen += h->counts[i];
    if (seen && (double)seen >= wanted) {
      const double v = histogram_value(i);
      return v < (double)h->highest ? v : (double)h->highest;
    }
  }
  return 0;
}
