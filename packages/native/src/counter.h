// SPDX-License-Identifier: MIT
// The CPU's fast counter that user space may read, one file for each architecture. Each defines
//   COUNTER_NAME, COUNTER_BITS        what it is called; how many bits of a reading count
//   read_counter()                    a reading that may move among neighbouring instructions
//   read_counter_fenced()             one that may not
//   HAS_COUNTER_WITH_CPU              1: read_counter_with_cpu(&cpu), one instruction for both,
//                                     where can_read_counter_with_cpu() says so
// An architecture without a file has none: HAS_COUNTER is 0 and CLOCK_MONOTONIC is what is left.
#ifndef LOCKSTEP_COUNTER_H
#define LOCKSTEP_COUNTER_H

#include <stdint.h>

#if defined(__x86_64__)
#include "counter-x86-64.h"
#define HAS_COUNTER 1
#elif defined(__aarch64__)
#include "counter-arm64.h"
#define HAS_COUNTER 1
#elif defined(__riscv) && __riscv_xlen == 64
#include "counter-riscv64.h"
#define HAS_COUNTER 1
#elif defined(__powerpc64__)
#include "counter-ppc64.h"
#define HAS_COUNTER 1
#else
#define HAS_COUNTER 0
#endif

#endif
