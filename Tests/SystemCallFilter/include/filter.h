// A seccomp(2) filter that answers one system call with an error number, for this thread and what it
// executes: what sandboxes do to io_uring.
#pragma once

// 0, or the error negated.
long filter_system_call(unsigned number, unsigned error);
// The number of io_uring_setup(2).
unsigned filter_ring_setup(void);
// From now on getrlimit(2) answers this many descriptors; 0 for the truth.
void pretend_descriptor_limit(unsigned long count);
