// The whole of CKernel is in its header; this file only proves that it compiles by itself.
#include "ckernel.h"
