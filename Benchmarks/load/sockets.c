#include "sockets.h"

#include <fcntl.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/time.h>

#include "failures.h"
#include "options.h"

#define SOURCES 32  // addresses from 127.0.0.1 on: one has too few ports for churn, whose
                    // closed connections keep theirs for a while

int open_socket(int type_flags, int receive_buffer) {
  static uint32_t opened;
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | type_flags, 0), on = 1;
  if (fd < 0) broken("socket");
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof on);
  if (receive_buffer)
    setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &receive_buffer, sizeof receive_buffer);
  struct sockaddr_in source = {.sin_family = AF_INET};
  source.sin_addr.s_addr = htonl(INADDR_LOOPBACK + opened++ % SOURCES);
  if (bind(fd, (struct sockaddr *)&source, sizeof source)) broken("bind");
  const struct sockaddr *server = (const struct sockaddr *)&options.server;
  if (connect(fd, server, sizeof options.server) && errno != EINPROGRESS) broken("connect");
  return fd;
}

int open_greeted(int receive_buffer) {
  const int fd = open_socket(0, receive_buffer);
  const struct timeval patience = {
      .tv_sec = (time_t)options.patience,
      .tv_usec = (suseconds_t)((options.patience - (double)(time_t)options.patience) * 1e6)};
  setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  char greeting;
  if (recv(fd, &greeting, 1, 0) != 1 || greeting != '*') wrong("no '*' on connect");
  if (fcntl(fd, F_SETFL, O_NONBLOCK)) broken("fcntl");
  return fd;
}

void open_idle(int count) {
  for (int i = 0; i < count; i++) open_greeted(0);
}
