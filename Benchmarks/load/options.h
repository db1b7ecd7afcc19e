#pragma once
#include <netinet/in.h>
#include <stdbool.h>

struct options {
  int connections;  // that send requests
  int payload;      // bytes in a frame
  int pipeline;     // requests in flight per connection
  int idle;         // connections that are opened before and stay silent
  bool churn;       // connect, one request, close, again
  int cut;          // microseconds between a request's first and second half, 0 for one write
  int slow;         // one connection in so many reads its replies slowly, 0 for none
  long rate;        // requests a second, due whatever the server does; 0 for a closed loop
  long burst;       // with a rate: so many are due at the same moment
  long requests;    // exactly so many, 0 for as many as the time allows
  double seconds;   // measured
  double warm_up;   // before that
  double patience;  // seconds without any reply before the server counts as stalled
  int pid;          // the server's process, 0 if unknown
  int server_cpu;   // the processor the server is pinned to, -1 if unknown
  struct sockaddr_in server;
};

extern struct options options;

// Fills in `options`; ends the program if they make no sense or the host is not this machine.
void parse_options(int argc, char **argv);
