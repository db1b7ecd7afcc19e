// The connections, what they send and the check of what comes back.
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "histogram.h"

// What was seen while `measuring`.
struct traffic {
  bool measuring;
  uint64_t replies, reply_bytes;
  struct histogram latency;
};

extern struct traffic traffic;

// All of these end the program with a message if the server errs: a wrong byte, a byte too many,
// a closed connection, or no reply for three seconds.

// Opens connections, waits for each one's '*' and leaves them be.
void open_idle(int count);
// Opens the busy connections and sends their first requests. `requests` in all, 0: without end.
void start_traffic(uint64_t requests);
// Until the time is up, or no request is left to send and none is owed.
void run_traffic(double seconds);
// Sends nothing new and waits for every reply still owed.
void finish_traffic(void);
