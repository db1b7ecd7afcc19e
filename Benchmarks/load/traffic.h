// The connections, what they send and the check of what comes back.
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "histogram.h"

struct traffic {
  bool measuring;
  uint64_t left;  // requests that may still be sent
  uint64_t owed;  // requests in flight, all connections together

  // What came while `measuring`.
  uint64_t replies, reply_bytes;

  // Closed loop: of the replies that came while `measuring`, from the send. Open loop: of the
  // requests that were due meanwhile, from when they were; the unanswered with what they waited.
  struct histogram latency;

  // Open loop: each request that was due in the measured time is in one of the next three.
  uint64_t due;
  uint64_t answered;
  uint64_t lost;          // sent; no whole reply within the patience, or the connection broke
  uint64_t unsent;        // no connection was free for it before the end
  uint64_t lost_before;   // of those that were due before the measured time
  int connections_lost;   // broken by the server
  struct histogram late;  // how late requests were sent for which a connection was free
};

extern struct traffic traffic;

// In a closed loop all of these end the program with a message if the server errs: a wrong byte, a
// byte too many, a closed connection, or no reply for as long as the patience goes. In an open loop
// only a wrong byte does, or one too many; the others are counted.

// Opens the busy connections; a closed loop sends its first requests. Where their number is given,
// all of them are measured.
void start_traffic(void);
// When what is measured begins and ends, in nanoseconds of the clock: an open loop's as its
// schedule says, a closed loop's when the warm-up that begins now is over.
void measured_time(uint64_t *from, uint64_t *to);
// Until that moment, or no request is left to send and none is owed.
void run_traffic(uint64_t until);
// Sends nothing new and waits for every reply still owed.
void finish_traffic(void);
// Replies on the connections that had the fewest and the most of them while `measuring`; those that
// read slowly are left out.
void served(uint64_t *least, uint64_t *most);
