// CKernel is in its headers, but for what a process has one of: its handlers of signals.
#include "ckernel.h"

#include <sched.h>
#include <stdatomic.h>

// ------------------------------------------------------------------ asked to end
//
// The handler may run in any thread, between any two instructions, also while a callback hangs or a
// write blocks. So it calls only what signal-safety(7) allows and takes no lock: places are atomics,
// and whoever gives one up waits until no handler is inside.

// Servers and reactors of one process that drain on signals at once.
enum { CK_PLACES = 64 };
// Two signals this close are one wish told twice: timeout(1) signals its child and then its group, and
// a supervisor passes on the Ctrl-C that the terminal has sent to everybody.
static const uint64_t CK_MOMENT = 100000000;

static const int ck_ending_signals[] = {SIGINT, SIGTERM};
static pthread_mutex_t ck_ending_lock = PTHREAD_MUTEX_INITIALIZER;
// Under the lock: how many places are taken, and what the signals did before.
static int ck_ending_users;
static struct sigaction ck_ending_before[2];
// For the handler: event descriptors plus one, 0 for a free place.
static atomic_int ck_ending_places[CK_PLACES];
static atomic_int ck_handlers_inside;
// When the first signal came, on the monotonic clock; 0 for none. And which it was.
static _Atomic uint64_t ck_ending_since;
static atomic_int ck_ending_first;

// Ends the process by the signal, so that whoever waits for it sees which one; a process 1, which
// survives its own, by the exit code that shells give for it.
static void ck_end_at_once(int number) {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, number);
  signal(number, SIG_DFL);
  pthread_sigmask(SIG_UNBLOCK, &set, NULL);
  raise(number);
  _exit(128 + number);
}

static void ck_asked_to_end(int number) {
  int saved = errno;
  atomic_fetch_add(&ck_handlers_inside, 1);
  uint64_t now = ck_monotonic_nanoseconds(), since = 0;
  if (atomic_compare_exchange_strong(&ck_ending_since, &since, now ? now : 1)) {
    atomic_store(&ck_ending_first, number);
    uint64_t one = 1;
    for (int place = 0; place < CK_PLACES; place++) {
      int fd = atomic_load(&ck_ending_places[place]) - 1;
      if (fd >= 0 && write(fd, &one, sizeof one) < 0) continue;
    }
  } else if (now > since && now - since > CK_MOMENT) {
    ck_end_at_once(number);
  }
  atomic_fetch_sub(&ck_handlers_inside, 1);
  errno = saved;
}

// All of them or none: a sandbox may refuse it.
static long ck_handle(void (*handler)(int), const int *signals, int count, struct sigaction *before) {
  struct sigaction action;
  memset(&action, 0, sizeof action);
  action.sa_handler = handler;
  action.sa_flags = SA_RESTART;
  sigemptyset(&action.sa_mask);
  for (int i = 0; i < count; i++) {
    if (sigaction(signals[i], &action, before ? &before[i] : NULL) == 0) continue;
    long error = -(long)errno;
    while (before && i-- > 0) sigaction(signals[i], &before[i], NULL);
    return error;
  }
  return 0;
}

long ck_ending_open(int fd) {
  pthread_mutex_lock(&ck_ending_lock);
  long place = 0;
  while (place < CK_PLACES && atomic_load(&ck_ending_places[place]) != 0) place++;
  if (place == CK_PLACES) {
    pthread_mutex_unlock(&ck_ending_lock);
    return -(long)EUSERS;
  }
  // Who comes when the process has been asked already hears of it too.
  atomic_store(&ck_ending_places[place], fd + 1);
  long failure = 0;
  if (ck_ending_users == 0) {
    failure = ck_handle(ck_asked_to_end, ck_ending_signals, 2, ck_ending_before);
  } else if (atomic_load(&ck_ending_since) != 0) {
    uint64_t one = 1;
    if (write(fd, &one, sizeof one) < 0) errno = 0;
  }
  if (failure == 0) ck_ending_users++;
  else atomic_store(&ck_ending_places[place], 0);
  pthread_mutex_unlock(&ck_ending_lock);
  return failure == 0 ? place : failure;
}

void ck_ending_close(long place) {
  pthread_mutex_lock(&ck_ending_lock);
  if (--ck_ending_users == 0)
    for (int i = 0; i < 2; i++) sigaction(ck_ending_signals[i], &ck_ending_before[i], NULL);
  atomic_store(&ck_ending_places[place], 0);
  // A handler that has read the place still writes to the descriptor, which is closed after this.
  while (atomic_load(&ck_handlers_inside) > 0) sched_yield();
  if (ck_ending_users == 0) {
    atomic_store(&ck_ending_since, 0);
    atomic_store(&ck_ending_first, 0);
  }
  pthread_mutex_unlock(&ck_ending_lock);
}

int ck_ending_number(void) { return atomic_load(&ck_ending_first); }

void ck_end_first_process(void) {
  static const int signals[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT};
  if (getpid() != 1) return;
  for (int i = 0; i < 4; i++) {
    struct sigaction found;
    // What was made to be ignored stays so.
    if (sigaction(signals[i], NULL, &found) == 0 && found.sa_handler == SIG_DFL)
      ck_handle(ck_end_at_once, &signals[i], 1, NULL);
  }
}
