// An echo server whose every reply comes a constant time after its request: a server of which is known how
// much slower it is than another one. A thread for each connection, which sleeps to an absolute moment: the
// time does not add up with what the machine does meanwhile, and no processor is used for it.
//
//   delayed MICROSECONDS PORT
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

static long delay_ns;

static void *serve(void *argument) {
  const int fd = (int)(long)argument;
  prctl(PR_SET_TIMERSLACK, 1UL, 0, 0, 0);
  char bytes[65536];
  ssize_t count;
  while ((count = recv(fd, bytes, sizeof bytes, 0)) > 0) {
    struct timespec due;
    clock_gettime(CLOCK_MONOTONIC, &due);
    due.tv_nsec += delay_ns;
    due.tv_sec += due.tv_nsec / 1000000000;
    due.tv_nsec %= 1000000000;
    while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &due, NULL) == EINTR) {}
    for (ssize_t sent = 0; sent < count;) {
      const ssize_t more = send(fd, bytes + sent, (size_t)(count - sent), MSG_NOSIGNAL);
      if (more <= 0) goto end;
      sent += more;
    }
  }
end:
  close(fd);
  return NULL;
}

static int fail(const char *what) {
  perror(what);
  return 1;
}

int main(int argc, char **argv) {
  const long delay = argc == 3 ? atol(argv[1]) : -1, port = argc == 3 ? atol(argv[2]) : 0;
  if (delay < 0 || delay > 900000 || port < 1 || port > 65535) {
    fputs("usage: delayed MICROSECONDS PORT    (up to 900000)\n", stderr);
    return 64;
  }
  delay_ns = delay * 1000;
  const int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), yes = 1;
  const struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port),
                                      .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
  if (bind(listener, (const struct sockaddr *)&address, sizeof address)) return fail("bind");
  if (listen(listener, 128)) return fail("listen");
  for (;;) {
    const int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
    if (fd < 0) return fail("accept");
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
    pthread_t thread;
    if (pthread_create(&thread, NULL, serve, (void *)(long)fd)) return fail("pthread_create");
    pthread_detach(thread);
  }
}
