// A load generator for the frames protocol: one thread, one epoll set, a closed or an open loop,
// and every reply byte checked. A server that errs once fails the run.
#define _GNU_SOURCE  // sched_getcpu
#include <inttypes.h>
#include <sched.h>
#include <sys/resource.h>

#include "failures.h"
#include "options.h"
#include "schedule.h"
#include "sockets.h"
#include "traffic.h"
#include "usage.h"

#define SPARE_DESCRIPTORS 16

struct sample {
  uint64_t at;
  double own, server, server_user, server_system;
  double server_cpu_busy, own_cpu_busy;
};

static int own_cpu;

static struct sample take_sample(void) {
  struct sample s = {.own = process_cpu(getpid()), .own_cpu_busy = processor_busy(own_cpu)};
  if (options.pid) {
    s.server = process_cpu(options.pid);
    if (s.server < 0 || !process_times(options.pid, &s.server_user, &s.server_system)) {
      fprintf(stderr, "frameload: process %d is gone\n", options.pid);
      exit(2);
    }
  }
  if (options.server_cpu >= 0) s.server_cpu_busy = processor_busy(options.server_cpu);
  s.at = now_ns();
  return s;
}

static void need_descriptors(int count) {
  struct rlimit limit;
  getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
  if ((rlim_t)count <= limit.rlim_max) return;
  fprintf(stderr, "frameload: needs %d descriptors, the limit is %lu\n", count,
          (unsigned long)limit.rlim_max);
  exit(3);
}

static void print_server(const struct sample *a, const struct sample *b, double seconds) {
  const double requests = (double)traffic.replies;
  const double user = b->server_user - a->server_user;
  const double system = b->server_system - a->server_system;
  const double used = b->server - a->server;
  // The split is in ticks and the total is exact, so the split is applied to the total.
  const double user_share = user + system > 0 ? user / (user + system) : 0;
  printf(",\"server_cpu_us_per_request\":%.4f", used * 1e6 / requests);
  printf(",\"server_user_us_per_request\":%.4f", user_share * used * 1e6 / requests);
  printf(",\"server_user_s\":%.2f,\"server_system_s\":%.2f", user, system);
  printf(",\"server_cpu_share\":%.4f", used / seconds);
  if (options.server_cpu >= 0)
    printf(",\"server_cpu_others_share\":%.4f",
           (b->server_cpu_busy - a->server_cpu_busy - used) / seconds);
}

static void print_memory(long before, long with_idle) {
  printf(",\"rss_kib\":{\"before\":%ld,\"with_idle\":%ld,\"at_end\":%ld}", before, with_idle,
         process_rss(options.pid));
  if (options.idle)
    printf(",\"rss_bytes_per_idle\":%.1f", (double)(with_idle - before) * 1024 / options.idle);
}

static void print_work(void) {
  printf("{\"connections\":%d,\"payload\":%d,\"pipeline\":%d,\"idle\":%d,\"churn\":%s",
         options.connections, options.payload, options.pipeline, options.idle,
         options.churn ? "true" : "false");
  if (options.cut) printf(",\"cut_us\":%d", options.cut);
  if (options.slow) printf(",\"slow_one_in\":%d", options.slow);
}

static void print_percentiles(const char *name, const struct histogram *h) {
  printf(",\"%s\":{\"p50\":%.2f,\"p90\":%.2f,\"p99\":%.2f,\"p99.9\":%.2f,\"max\":%.2f}", name,
         histogram_at(h, .5) / 1e3, histogram_at(h, .9) / 1e3, histogram_at(h, .99) / 1e3,
         histogram_at(h, .999) / 1e3, (double)h->highest / 1e3);
}

static void print_account(void) {
  if (traffic.due != traffic.answered + traffic.lost + traffic.unsent) {
    fputs("frameload: the account of requests does not close: a defect of this program\n", stderr);
    exit(1);
  }
  printf(",\"rate\":%ld,\"burst\":%ld,\"due\":%" PRIu64 ",\"answered\":%" PRIu64, options.rate,
         options.burst, traffic.due, traffic.answered);
  printf(",\"lost\":%" PRIu64 ",\"unsent\":%" PRIu64 ",\"lost_before\":%" PRIu64, traffic.lost,
         traffic.unsent, traffic.lost_before);
  printf(",\"connections_lost\":%d", traffic.connections_lost);
  print_percentiles("late_us", &traffic.late);
}

static void print_served(void) {
  uint64_t least, most;
  served(&least, &most);
  printf(",\"served_least\":%" PRIu64 ",\"served_most\":%" PRIu64, least, most);
}

static void print_report(const struct sample *a, const struct sample *b) {
  const double seconds = (double)(b->at - a->at) / NS_PER_S, requests = (double)traffic.replies;
  print_work();
  printf(",\"seconds\":%.3f,\"requests\":%" PRIu64 ",\"requests_per_s\":%.1f", seconds,
         traffic.replies, requests / seconds);
  printf(",\"reply_bytes_per_s\":%.0f", (double)traffic.reply_bytes / seconds);
  print_percentiles("latency_us", &traffic.latency);
  if (options.rate)
    print_account();
  else if (!options.churn)
    print_served();
  const double own = b->own - a->own;
  printf(",\"load_cpu_share\":%.4f,\"load_cpu_others_share\":%.4f", own / seconds,
         (b->own_cpu_busy - a->own_cpu_busy - own) / seconds);
  printf(",\"load_cpu_us_per_request\":%.4f", own * 1e6 / requests);
  if (options.pid) print_server(a, b, seconds);
}

static void need_replies(void) {
  if (traffic.replies) return;
  fputs("frameload: no reply in the measured time", stderr);
  if (options.rate)
    fprintf(stderr, ", of %" PRIu64 " requests that were due in it", traffic.due);
  fputs("\n", stderr);
  exit(2);
}

int main(int argc, char **argv) {
  parse_options(argc, argv);
  need_descriptors(options.connections + options.idle + SPARE_DESCRIPTORS);
  own_cpu = sched_getcpu();

  const long rss_before = options.pid ? process_rss(options.pid) : -1;
  open_idle(options.idle);
  if (options.idle) usleep(300000);  // servers may finish accepting after the greeting
  const long rss_with_idle = options.pid ? process_rss(options.pid) : -1;

  uint64_t from, to;
  start_traffic();
  measured_time(&from, &to);
  run_traffic(from);
  const struct sample before = take_sample();
  traffic.measuring = true;
  run_traffic(to);
  traffic.measuring = false;
  const struct sample after = take_sample();
  finish_traffic();
  need_replies();
  print_report(&before, &after);
  if (options.pid) print_memory(rss_before, rss_with_idle);
  puts("}");
  return 0;
}
