// The system calls that Switchboard makes, one inline function each, in files by what they know.
//
// Every function answers the call's value, or the errno negated. So errno is read in C, directly
// behind the call, where no Swift runtime function can have changed it, and a failed call is a
// plain negative number. Nothing here retries or decides: that is the Swift side's work.
#pragma once

#include "cklinux.h"
#include "ckposix.h"
#include "ckring.h"
