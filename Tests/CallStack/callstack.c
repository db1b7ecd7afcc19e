#include "include/callstack.h"

#include <execinfo.h>

int call_stack(void **addresses, int room) { return backtrace(addresses, room); }
