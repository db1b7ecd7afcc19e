#include "parts.h"

#include "failures.h"
#include "options.h"

#define SIP (16u << 10)               // bytes that a slow reader takes at a time
#define SIP_INTERVAL 1000000u         // nanoseconds between two of them
#define NS_PER_US 1000u

static struct connection *connections;
static int connection_count;

// MARK: second halves

struct half {
  struct connection *connection;
  uint64_t at, bytes;
};

static struct half *halves;  // one a connection at most: the delay is the same for all, so in order
static uint64_t first_half, half_count;

uint64_t cut_request(struct connection *c, uint64_t frame_size, uint64_t now) {
  const uint64_t second = frame_size / 2;
  halves[(first_half + half_count++) % (uint64_t)connection_count] = (struct half){
      .connection = c, .at = now + (uint64_t)options.cut * NS_PER_US, .bytes = second};
  return frame_size - second;
}

static void send_halves(uint64_t now) {
  while (half_count && halves[first_half].at <= now) {
    const struct half half = halves[first_half];
    first_half = (first_half + 1) % (uint64_t)connection_count;
    half_count--;
    half.connection->to_send += half.bytes;
    send_allowed(half.connection);
  }
}

// MARK: slow readers

static uint64_t next_sip = UINT64_MAX;

static void sip(uint64_t now) {
  if (now < next_sip) return;
  next_sip = now + SIP_INTERVAL;
  for (int i = 0; i < connection_count; i++)
    if (connections[i].slow) take_replies(&connections[i], SIP);
}

// MARK: both

void parts_start(struct connection *all, int count) {
  connections = all;
  connection_count = count;
  if (options.slow) next_sip = 0;
  if (options.cut) {
    halves = calloc((size_t)count, sizeof *halves);
    if (!halves) broken("calloc");
  }
}

uint64_t parts_next(void) {
  const uint64_t half = half_count ? halves[first_half].at : UINT64_MAX;
  return half < next_sip ? half : next_sip;
}

void parts_take(uint64_t now) {
  send_halves(now);
  sip(now);
}
