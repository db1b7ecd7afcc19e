// Where a call comes from, as return addresses.
#pragma once

// Writes at most `room` return addresses of the calling thread, the innermost first: how many.
int call_stack(void **addresses, int room);
