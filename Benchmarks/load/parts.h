// What makes a closed loop uneven: requests that go out in two parts, and replies that are read in
// many.
#pragma once
#include <stdint.h>

#include "connection.h"

// Requests in flight on a connection that reads slowly: with 64 KiB each, more than the buffers of
// both sockets hold, so that its server has to keep what it cannot send, or stop reading.
#define SLOW_DEPTH 64
#define SLOW_BUFFER (32 << 10)

void parts_start(struct connection *connections, int count);
// A request begins: how many of its bytes may go at once. The others follow when they are due.
uint64_t cut_request(struct connection *c, uint64_t frame_size, uint64_t now);
// When the next part is due; UINT64_MAX if none is.
uint64_t parts_next(void);
// Sends and reads what is due by now.
void parts_take(uint64_t now);
