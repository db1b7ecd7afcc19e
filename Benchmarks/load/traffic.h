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

void open_idle(int count);    // opens connections, waits for each one's '*' and leaves them be
void start_traffic(void);     // opens the busy connections and sends their first requests
void run_traffic(double seconds);
void finish_traffic(void);    // sends nothing new and waits for every reply still owed
