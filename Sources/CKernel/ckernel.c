// The whole of CKernel is in its headers; this file only proves that they compile by themselves.
#include "ckernel.h"
