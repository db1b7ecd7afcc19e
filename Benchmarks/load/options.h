#pragma once
#include <netinet/in.h>
#include <stdbool.h>

struct options {
  int connections;  // that send requests
  int payload;      // bytes in a frame
  int pipeline;     // requests in flight per connection
  int idle;         // connections that are opened before and stay silent
  bool churn;       // connect, one request, close, again
  long requests;    // exactly so many, 0 for as many as the time allows
  double seconds;   // measured
  double warm_up;   // before that
  int pid;          // the server's process, 0 if unknown
  int server_cpu;   // the processor the server is pinned to, -1 if unknown
  struct sockaddr_in server;
};

extern struct options options;

// Fills in `options`; ends the program if they make no sense or the host is not this machine.
void parse_options(int argc, char **argv);
