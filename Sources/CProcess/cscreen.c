#define _GNU_SOURCE
#include "cscreen.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

enum { KEYS = 0, PICTURE = 2 };

static const int ends[] = {SIGINT,  SIGTERM, SIGHUP, SIGQUIT, SIGABRT, SIGSEGV,
                           SIGBUS, SIGILL,  SIGTRAP, SIGFPE};
enum { ENDS = sizeof ends / sizeof *ends };
static struct sigaction ends_before[ENDS];
static atomic_int is_handled[ENDS];
static struct sigaction stop_before;
static atomic_int stop_is_handled;

// Whether a program wants the screen; whether it has it now; whether it was taken since somebody asked.
static atomic_int is_wanted, is_shown, is_new;
// A signal is about to stop the process: nobody takes the screen before it goes on.
static atomic_int is_stopping;
// Held while the terminal is changed or drawn on.
static atomic_flag is_busy = ATOMIC_FLAG_INIT;
static struct termios before;
static atomic_int has_keys;

static const char show[] = "\033[?1049h\033[?25l\033[2J\033[H";
static const char hide[] = "\033[?25h\033[?1049l";

static void put(const char *text, size_t size) {
  while (size > 0) {
    ssize_t count = write(PICTURE, text, size);
    if (count <= 0) return;
    text += count;
    size -= (size_t)count;
  }
}

int cs_size(void) {
  struct winsize size;
  if (!isatty(PICTURE) || ioctl(PICTURE, TIOCGWINSZ, &size) != 0) return 0;
  return size.ws_col << 16 | size.ws_row;
}

int cs_is_foreground(void) {
  pid_t group = tcgetpgrp(PICTURE);
  // Where it is not this process's own terminal nobody stops it for what it does there.
  return group < 0 || group == getpgrp();
}

// Keeps the handlers below out of this thread: they wait for what it holds.
static void hold(sigset_t *mask) {
  sigset_t all;
  sigfillset(&all);
  pthread_sigmask(SIG_BLOCK, &all, mask);
  while (atomic_flag_test_and_set(&is_busy)) sched_yield();
}

static void release(const sigset_t *mask) {
  atomic_flag_clear(&is_busy);
  pthread_sigmask(SIG_SETMASK, mask, NULL);
}

// Whoever holds it is another thread, for a moment; a terminal that takes nothing must not keep a signal waiting.
static int hold_for_a_moment(void) {
  struct timespec pause = {0, 1000000};
  for (int i = 0; i < 200; i++) {
    if (!atomic_flag_test_and_set(&is_busy)) return 1;
    nanosleep(&pause, NULL);
  }
  return 0;
}

static void enter(void) {
  if (atomic_load(&is_shown) || atomic_load(&is_stopping) || !cs_is_foreground()) return;
  int reads = isatty(KEYS) && tcgetattr(KEYS, &before) == 0;
  if (reads) {
    struct termios keys = before;
    keys.c_lflag &= ~(tcflag_t)(ICANON | ECHO);
    keys.c_cc[VMIN] = 1;
    keys.c_cc[VTIME] = 0;
    reads = tcsetattr(KEYS, TCSANOW, &keys) == 0;
  }
  atomic_store(&has_keys, reads);
  atomic_store(&is_shown, 1);
  atomic_store(&is_new, 1);
  put(show, sizeof show - 1);
}

// May be called by a handler of a signal.
static void leave(void) {
  if (!atomic_exchange(&is_shown, 0)) return;
  sigset_t set, mask;
  sigemptyset(&set);
  sigaddset(&set, SIGTTOU);
  // From the background it is done all the same.
  pthread_sigmask(SIG_BLOCK, &set, &mask);
  put(hide, sizeof hide - 1);
  if (atomic_exchange(&has_keys, 0)) tcsetattr(KEYS, TCSANOW, &before);
  pthread_sigmask(SIG_SETMASK, &mask, NULL);
}

static void leave_at_once(void) {
  int held = hold_for_a_moment();
  leave();
  if (held) atomic_flag_clear(&is_busy);
}

// Does what the signal would have done, and comes back only if that is nothing.
static void pass_on(int number) {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, number);
  pthread_sigmask(SIG_UNBLOCK, &set, NULL);
  raise(number);
}

static void ended(int number) {
  int saved = errno;
  atomic_store(&is_wanted, 0);
  leave_at_once();
  for (int i = 0; i < ENDS; i++)
    if (ends[i] == number) sigaction(number, &ends_before[i], NULL);
  pass_on(number);
  errno = saved;
}

static void stopped(int number) {
  int saved = errno;
  struct sigaction ours;
  atomic_store(&is_stopping, 1);
  leave_at_once();
  sigaction(number, &stop_before, &ours);
  // Here the process stands until somebody lets it go on; `cs_begin` takes the screen again.
  pass_on(number);
  if (atomic_load(&stop_is_handled)) sigaction(number, &ours, NULL);
  atomic_store(&is_stopping, 0);
  errno = saved;
}

// What is ignored stays so, and who handles SIGINT or SIGTERM knows what follows. Other handlers, such as those that tell
// of a crash, come behind ours.
static int handle(int number, void (*handler)(int), struct sigaction *known) {
  struct sigaction action;
  if (sigaction(number, NULL, known) != 0 || known->sa_handler == SIG_IGN) return 0;
  int is_asking = number == SIGINT || number == SIGTERM || number == SIGTSTP;
  if (known->sa_handler != SIG_DFL && is_asking) return 0;
  memset(&action, 0, sizeof action);
  action.sa_handler = handler;
  action.sa_flags = SA_RESTART | SA_ONSTACK;
  sigemptyset(&action.sa_mask);
  return sigaction(number, &action, NULL) == 0;
}

int cs_take(void) {
  static atomic_flag is_registered = ATOMIC_FLAG_INIT;
  sigset_t mask;
  if (!isatty(PICTURE)) return ENOTTY;
  if (!atomic_flag_test_and_set(&is_registered)) atexit(cs_give_back);
  hold(&mask);
  atomic_store(&is_wanted, 1);
  for (int i = 0; i < ENDS; i++)
    if (!atomic_load(&is_handled[i]))
      atomic_store(&is_handled[i], handle(ends[i], ended, &ends_before[i]));
  if (!atomic_load(&stop_is_handled))
    atomic_store(&stop_is_handled, handle(SIGTSTP, stopped, &stop_before));
  enter();
  release(&mask);
  return 0;
}

static sigset_t mask_of_drawing;

int cs_begin(void) {
  sigset_t mask;
  if (!atomic_load(&is_wanted)) return 0;
  hold(&mask);
  if (atomic_load(&is_wanted)) enter();
  if (!atomic_load(&is_shown)) {
    release(&mask);
    return 0;
  }
  // Who started the process may have left them blocked. Here they are let through, in the thread that draws.
  for (int i = 0; i < ENDS; i++)
    if (atomic_load(&is_handled[i])) sigdelset(&mask, ends[i]);
  if (atomic_load(&stop_is_handled)) sigdelset(&mask, SIGTSTP);
  mask_of_drawing = mask;
  return 1;
}

void cs_end(void) {
  sigset_t mask = mask_of_drawing;
  release(&mask);
}

int cs_is_new(void) { return atomic_exchange(&is_new, 0); }

int cs_key(int milliseconds, int wake) {
  struct pollfd both[2] = {{wake, POLLIN, 0}, {KEYS, POLLIN, 0}};
  // From the background a read would stop the process.
  int reads = atomic_load(&has_keys) && cs_is_foreground();
  if (poll(both, reads ? 2 : 1, milliseconds) <= 0 || !reads || !both[1].revents) return 0;
  unsigned char key = 0;
  if (read(KEYS, &key, 1) == 1) return key;
  // The terminal has gone: nothing more comes from it, and it must not be asked again and again.
  if (errno != EINTR && errno != EAGAIN) atomic_store(&has_keys, 0);
  return 0;
}

void cs_give_back(void) {
  sigset_t mask;
  hold(&mask);
  atomic_store(&is_wanted, 0);
  leave();
  for (int i = 0; i < ENDS; i++)
    if (atomic_exchange(&is_handled[i], 0)) sigaction(ends[i], &ends_before[i], NULL);
  if (atomic_exchange(&stop_is_handled, 0)) sigaction(SIGTSTP, &stop_before, NULL);
  release(&mask);
}
