// One connection that sends requests. What is here is shared by the kinds of traffic.
#pragma once
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct connection {
  int fd;             // -1 once it is lost
  bool greeted;       // churn: '*' has come
  bool blocked;       // the last send stopped short
  bool slow;          // reads little at a time
  uint32_t depth;     // requests that it may have in flight
  uint64_t sent;      // bytes of the request stream
  uint64_t to_send;   // ... and how far it may be sent
  uint64_t checked;   // bytes of the reply stream
  uint64_t issued;    // requests, the first one's number included
  uint64_t answered;  // likewise
  uint64_t served;    // replies while measuring
  uint64_t *since;    // when each request in flight began, by number modulo the depth
};

#define INPUT_SIZE (256u << 10)
extern uint8_t input[INPUT_SIZE];  // what was received last

void watch(struct connection *c, uint32_t events);
// Into `input`, so many bytes at most. -1 if there is nothing, or no connection any more.
ssize_t receive(struct connection *c, size_t most);
void send_allowed(struct connection *c);
// So many requests more that began at a moment.
void issue(struct connection *c, uint64_t count, uint64_t since);
// Receives once, checks, and has counted and followed what is complete. Bytes received, or -1.
ssize_t take_replies(struct connection *c, size_t most);
