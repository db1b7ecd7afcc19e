#include "options.h"

#include <arpa/inet.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BAD_USAGE 64            // EX_USAGE
#define CHURN_PAYLOAD 4096      // the largest request that a fresh socket always takes whole
#define LONGEST_SECONDS 600     // of one run
#define MOST_RATE 10000000      // requests a second: more than one processor can send

struct options options = {.connections = 64, .payload = 16, .pipeline = 1, .burst = 1, .seconds = 5,
                          .warm_up = 1, .patience = 3, .server_cpu = -1};

static const char usage_text[] =
    "usage: frameload [options] HOST PORT\n"
    "  -c, --connections N  connections that send requests (64)\n"
    "  -s, --payload N      bytes in a frame (16)\n"
    "  -p, --pipeline N     requests in flight on each connection (1)\n"
    "  -i, --idle N         silent connections held besides (0)\n"
    "  -r, --rate N         open loop: N requests a second, each counted from when it was due\n"
    "  -b, --burst N        with --rate: N requests are due at the same moment (1)\n"
    "      --churn          connect, read '*', one request, close, again (payload up to 4096)\n"
    "      --cut US         each request in two writes, the second so many microseconds later\n"
    "      --slow N         one connection in N has many requests in flight and reads slowly\n"
    "  -n, --requests N     exactly N requests in all, however long that takes, and no warm-up\n"
    "  -d, --seconds S      how long to measure (5)\n"
    "  -w, --warm-up S      how long to run before that (1)\n"
    "      --patience S     how long a server may send nothing, or a last reply may take (3)\n"
    "      --pid PID        report CPU time and memory of the server's process\n"
    "      --server-cpu N   report what others used of the server's processor\n"
    "HOST must be a loopback address, 127.0.0.0/8. The report is one line of JSON.\n";

static void usage(void) {
  fputs(usage_text, stderr);
  exit(BAD_USAGE);
}

static void refuse(const char *why) {
  fprintf(stderr, "frameload: %s\n", why);
  exit(BAD_USAGE);
}

static double number(const char *text, double lowest, double highest) {
  char *end;
  const double value = strtod(text, &end);
  if (end == text || *end || !(value >= lowest && value <= highest)) {
    fprintf(stderr, "frameload: %s is not a number from %g to %g\n", text, lowest, highest);
    exit(BAD_USAGE);
  }
  return value;
}

// A load generator that reaches other machines is a weapon: this one cannot.
static void set_server(const char *host, const char *port) {
  options.server.sin_family = AF_INET;
  options.server.sin_port = htons((uint16_t)number(port, 1, 65535));
  if (inet_pton(AF_INET, strcmp(host, "localhost") ? host : "127.0.0.1",
                &options.server.sin_addr) != 1 ||
      ntohl(options.server.sin_addr.s_addr) >> 24 != 127) {
    fprintf(stderr, "frameload: %s is not a loopback address (127.0.0.0/8)\n", host);
    exit(BAD_USAGE);
  }
}

static void check_together(void) {
  if (options.churn && (options.pipeline != 1 || options.payload > CHURN_PAYLOAD))
    refuse("--churn goes with one request in flight and at most 4096 bytes");
  if (options.churn + (options.cut > 0) + (options.slow > 0) + (options.rate > 0) > 1)
    refuse("--churn, --cut, --slow and --rate exclude each other");
  if (options.cut && (options.pipeline != 1 || options.payload < 2))
    refuse("--cut goes with one request in flight and at least 2 bytes");
  if (options.burst > 1 && !options.rate) refuse("--burst needs --rate");
}

void parse_options(int argc, char **argv) {
  enum { CHURN = 256, CUT, SLOW, PATIENCE, PID, SERVER_CPU };
  static const struct option known[] = {
      {"connections", required_argument, NULL, 'c'}, {"payload", required_argument, NULL, 's'},
      {"pipeline", required_argument, NULL, 'p'},    {"idle", required_argument, NULL, 'i'},
      {"rate", required_argument, NULL, 'r'},        {"burst", required_argument, NULL, 'b'},
      {"requests", required_argument, NULL, 'n'},    {"seconds", required_argument, NULL, 'd'},
      {"warm-up", required_argument, NULL, 'w'},     {"churn", no_argument, NULL, CHURN},
      {"cut", required_argument, NULL, CUT},         {"slow", required_argument, NULL, SLOW},
      {"patience", required_argument, NULL, PATIENCE}, {"pid", required_argument, NULL, PID},
      {"server-cpu", required_argument, NULL, SERVER_CPU}, {NULL, 0, NULL, 0}};
  int option;
  while ((option = getopt_long(argc, argv, "c:s:p:i:r:b:n:d:w:", known, NULL)) != -1) {
    switch (option) {
    case 'c': options.connections = (int)number(optarg, 1, 1e6); break;
    case 's': options.payload = (int)number(optarg, 1, 1 << 20); break;
    case 'p': options.pipeline = (int)number(optarg, 1, 4096); break;
    case 'i': options.idle = (int)number(optarg, 0, 1e6); break;
    case 'r': options.rate = (long)number(optarg, 1, MOST_RATE); break;
    case 'b': options.burst = (long)number(optarg, 1, 1e6); break;
    case 'n': options.requests = (long)number(optarg, 1, 1e9); break;
    case 'd': options.seconds = number(optarg, 0.1, LONGEST_SECONDS); break;
    case 'w': options.warm_up = number(optarg, 0, LONGEST_SECONDS); break;
    case CHURN: options.churn = true; break;
    case CUT: options.cut = (int)number(optarg, 1, 1e6); break;
    case SLOW: options.slow = (int)number(optarg, 1, 1e6); break;
    case PATIENCE: options.patience = number(optarg, 0.1, LONGEST_SECONDS); break;
    case PID: options.pid = (int)number(optarg, 1, 1 << 30); break;
    case SERVER_CPU: options.server_cpu = (int)number(optarg, 0, 4095); break;
    default: usage();
    }
  }
  if (argc - optind != 2) usage();
  check_together();
  set_server(argv[optind], argv[optind + 1]);
}
