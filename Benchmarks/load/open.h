// The open loop: requests are due by a schedule and take whichever connection has been free the
// longest.
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "connection.h"
#include "schedule.h"

// The schedule begins; every one of these connections is free.
void open_start(struct connection *connections, int count);
struct schedule open_schedule(void);
// When the next request is due for which a connection is free; UINT64_MAX if there is none.
uint64_t open_next(void);
// Sends what is due by now, as far as connections are free.
void open_send_due(uint64_t now);
// Replies up to the request of that number are complete: counts them, and others may be sent.
void open_answered(struct connection *c, uint64_t answered, uint64_t now);
// What was in flight on it has waited in vain; it is used no more.
void open_lose(struct connection *c);
// The end of sending: what is due and unsent remains so.
void open_stop(uint64_t now);
// The end of patience: what is in flight is lost.
void open_give_up(uint64_t now);
