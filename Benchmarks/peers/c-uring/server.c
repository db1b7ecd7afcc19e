// The frames protocol in C on io_uring (Linux 6.12): one io_uring_enter a turn, whatever the
// number of connections.
//
// This file is about connections; ring.h beside it has the ring and its receive buffers. Accept
// and receive are multishot, so they are submitted once. A reply is made in place in the receive
// buffer and sent from there.
//
// The usual send leaves no completion. CQE_SKIP_SUCCESS with MSG_DONTWAIT | MSG_WAITALL either
// sends everything while it is being submitted, or fails at once and tells how much went: so
// when the next enter is back, silence means sent. Three rules follow.
//   1. A connection has at most one such send a turn; what more it has to say is kept aside.
//   2. A receive buffer that is used up goes back to the kernel one turn later.
//   3. Kept output, a close or a buffer that waits for "one turn later" must not be slept on.
#include "ring.h"

#define KEPT_MOST (256u << 10)  // output kept for a client before it is no longer read

enum operation { ACCEPT, RECEIVE, SEND_NOW, SEND_KEPT, OTHER };

struct bytes {
  uint8_t *at;
  uint32_t size, capacity;
};

struct connection {
  bool in_frame;
  bool receiving;      // its multishot receive is alive, or waits on the list `starved`
  bool paused;         // ... and is to stay dead: the client does not read its replies
  bool ended;          // the client is gone or done: close once nothing is outstanding
  bool sending_kept;   // a SEND_KEPT is outstanding
  bool listed;         // on the list `next_turn`
  uint32_t sent_turn;  // the turn that submitted its last SEND_NOW
  uint32_t now_size;
  const uint8_t *now;  // what that SEND_NOW sends
  struct bytes kept, leaving;  // output to send later; output a SEND_KEPT is sending
};

struct list {
  uint32_t *slots, count;
};

static struct connection *connections;  // by slot in the ring's table of direct descriptors
static struct list next_turn;           // connections waiting for their SEND_NOW to be settled
static struct list starved;             // connections whose receive found no buffer
static uint32_t turn = 1;
static int listener;

// MARK: submissions

static struct io_uring_sqe *submission(enum operation operation, uint32_t slot) {
  struct io_uring_sqe *s;
  while (!(s = io_uring_get_sqe(&ring))) io_uring_submit(&ring);
  // The prep functions leave user_data alone, so it can be set first.
  io_uring_sqe_set_data64(s, (uint64_t)slot << 8 | operation);
  return s;
}

static void submit_accept(void) {
  struct io_uring_sqe *s = submission(ACCEPT, 0);
  io_uring_prep_multishot_accept_direct(s, listener, NULL, NULL, 0);
}

// `poll_first`: a connection that has just been greeted has nothing to read yet.
static void submit_receive(uint32_t slot, bool poll_first) {
  struct io_uring_sqe *s = submission(RECEIVE, slot);
  io_uring_prep_recv_multishot(s, (int)slot, NULL, 0, 0);
  s->flags |= IOSQE_FIXED_FILE | IOSQE_BUFFER_SELECT;
  s->buf_group = BUFFER_GROUP;
  if (poll_first) s->ioprio |= IORING_RECVSEND_POLL_FIRST;
  connections[slot].receiving = true;
}

static void submit_send_now(uint32_t slot, const uint8_t *bytes, uint32_t n) {
  struct connection *c = &connections[slot];
  struct io_uring_sqe *s = submission(SEND_NOW, slot);
  io_uring_prep_send(s, (int)slot, bytes, n, MSG_DONTWAIT | MSG_WAITALL | MSG_NOSIGNAL);
  s->flags |= IOSQE_FIXED_FILE | IOSQE_CQE_SKIP_SUCCESS;
  c->sent_turn = turn;
  c->now = bytes;
  c->now_size = n;
}

static void submit_send_kept(uint32_t slot) {
  struct connection *c = &connections[slot];
  c->leaving = c->kept;
  c->kept = (struct bytes){0};
  c->sending_kept = true;
  struct io_uring_sqe *s = submission(SEND_KEPT, slot);
  io_uring_prep_send(s, (int)slot, c->leaving.at, c->leaving.size, MSG_WAITALL | MSG_NOSIGNAL);
  s->flags |= IOSQE_FIXED_FILE;
}

static void submit_pause(uint32_t slot) {
  connections[slot].paused = true;
  struct io_uring_sqe *s = submission(OTHER, slot);
  io_uring_prep_cancel64(s, (uint64_t)slot << 8 | RECEIVE, 0);
  s->flags |= IOSQE_CQE_SKIP_SUCCESS;
}

static void submit_close(uint32_t slot) {
  struct io_uring_sqe *s = submission(OTHER, slot);
  io_uring_prep_close_direct(s, slot);
  s->flags |= IOSQE_CQE_SKIP_SUCCESS;
}

// MARK: connections

static void forget(struct bytes *bytes) {
  free(bytes->at);
  *bytes = (struct bytes){0};
}

// Takes a connection one step further: what is kept is sent, then it is closed or read again.
static void advance(uint32_t slot) {
  struct connection *c = &connections[slot];
  if (c->sending_kept || c->listed) return;  // comes back here when that is over
  if (c->sent_turn == turn) {
    c->listed = true;
    next_turn.slots[next_turn.count++] = slot;
  } else if (c->kept.size) {
    submit_send_kept(slot);
  } else if (c->ended) {
    if (!c->receiving) submit_close(slot);
  } else if (c->paused && !c->receiving) {
    c->paused = false;
    submit_receive(slot, false);
  }
}

static void keep(uint32_t slot, const uint8_t *bytes, uint32_t n) {
  struct bytes *kept = &connections[slot].kept;
  if (kept->size + n > kept->capacity) {
    kept->capacity = 2 * (kept->size + n);
    kept->at = realloc(kept->at, kept->capacity);
    if (!kept->at) die("realloc", ENOMEM);
  }
  memcpy(kept->at + kept->size, bytes, n);
  kept->size += n;
}

static void reply(uint32_t slot, const uint8_t *bytes, uint32_t n) {
  struct connection *c = &connections[slot];
  if (!c->sending_kept && !c->listed && c->sent_turn != turn)
    return submit_send_now(slot, bytes, n);
  keep(slot, bytes, n);
  if (c->kept.size > KEPT_MOST && c->receiving && !c->paused) submit_pause(slot);
  advance(slot);
}

// MARK: completions

static void accepted(int result, bool more) {
  if (result >= 0) {
    const uint32_t slot = (uint32_t)result;
    connections[slot] = (struct connection){0};
    submit_send_now(slot, (const uint8_t *)"*", 1);
    submit_receive(slot, true);
  }
  if (!more) submit_accept();
}

static void received(uint32_t slot, int result, unsigned flags) {
  struct connection *c = &connections[slot];
  if (result > 0) {
    uint8_t *bytes = buffers_received((uint32_t)result, flags);
    const size_t n = frames_reply(&c->in_frame, bytes, (size_t)result);
    if (n && !c->ended) reply(slot, bytes, (uint32_t)n);
  }
  if (flags & IORING_CQE_F_MORE) return;
  if (result > 0 || result == -ENOBUFS) {
    starved.slots[starved.count++] = slot;
    return;
  }
  // The end, an error, or the pause that was asked for.
  c->receiving = false;
  if (!c->paused || result != -ECANCELED) c->ended = true;
  advance(slot);
}

// A SEND_NOW that did not send everything: `result` bytes went, or none.
static void send_fell_short(uint32_t slot, int result) {
  struct connection *c = &connections[slot];
  if (result < 0 && result != -EAGAIN) return;  // broken: the receive says so too
  const uint32_t went = result > 0 ? (uint32_t)result : 0;
  // Older than anything kept since, so it leaves first.
  const struct bytes newer = c->kept;
  c->kept = (struct bytes){0};
  keep(slot, c->now + went, c->now_size - went);
  submit_send_kept(slot);
  c->kept = newer;
}

static void sent_kept(uint32_t slot, int result) {
  struct connection *c = &connections[slot];
  c->sending_kept = false;
  if (result != (int)c->leaving.size) {
    c->ended = true;  // broken: MSG_WAITALL stops short for nothing less
    forget(&c->kept);
  }
  forget(&c->leaving);
  advance(slot);
}

static void completed(const struct io_uring_cqe *cqe) {
  const uint32_t slot = (uint32_t)(cqe->user_data >> 8);
  switch ((enum operation)(cqe->user_data & 0xff)) {
  case ACCEPT: return accepted(cqe->res, cqe->flags & IORING_CQE_F_MORE);
  case RECEIVE: return received(slot, cqe->res, cqe->flags);
  case SEND_NOW: return send_fell_short(slot, cqe->res);
  case SEND_KEPT: return sent_kept(slot, cqe->res);
  case OTHER: return;  // a cancel that came too late
  }
}

// MARK: the loop

// The first `count` of the list go on; those listed meanwhile stay for the next turn.
static void advance_listed(uint32_t count) {
  for (uint32_t i = 0; i < count; i++) {
    connections[next_turn.slots[i]].listed = false;
    advance(next_turn.slots[i]);
  }
  next_turn.count -= count;
  memmove(next_turn.slots, next_turn.slots + count, next_turn.count * sizeof *next_turn.slots);
}

static void feed_starved(void) {
  for (uint32_t i = 0; i < starved.count; i++) {
    struct connection *c = &connections[starved.slots[i]];
    c->receiving = false;
    if (c->paused || c->ended)
      advance(starved.slots[i]);
    else
      submit_receive(starved.slots[i], false);
  }
  starved.count = 0;
}

static void take_turn(void) {
  const bool may_sleep = !next_turn.count && !starved.count;
  ring_enter(may_sleep ? 1 : 0);
  turn++;
  const uint32_t listed = next_turn.count;
  const unsigned spent = buffers_spent();
  ring_for_each_completion(completed);
  // Every send of the turn before is settled by now (rules 1 and 2).
  advance_listed(listed);
  buffers_give_back(spent);
  if (buffers_available()) feed_starved();
}

int main(int argc, char **argv) {
  const int port = port_argument(argc, argv);
  const uint32_t slots = raise_descriptor_limit() - 16;
  listener = listen_on(port, 0);
  connections = map_memory(slots * sizeof *connections);
  next_turn.slots = map_memory(slots * sizeof *next_turn.slots);
  starved.slots = map_memory(slots * sizeof *starved.slots);
  ring_set_up(slots);
  buffers_set_up();
  submit_accept();
  for (;;) take_turn();
}
