// SPDX-License-Identifier: MIT
// The list of mapped ranges, which the SIGBUS handler walks.
#ifndef LOCKSTEP_MAPPING_H
#define LOCKSTEP_MAPPING_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// One mapping. Entries are never freed and never leave the list, so that a signal handler may walk
// it at any moment without a lock; an entry whose `start` is 0 is free and is used again.
struct mapped_range {
  struct mapped_range *next;    // written once, before the entry is published
  _Atomic(uintptr_t) start;     // written last when mapping, first when unmapping
  _Atomic(size_t) size_bytes;   // of whole pages
  _Atomic(int) protection;      // PROT_READ, PROT_WRITE
  _Atomic(uint32_t) fault_count;
  bool is_taken;                // under the list's lock
  bool is_mapped;               // by the owning thread
};

// The range that holds `address`, or NULL. Async-signal-safe.
struct mapped_range *find_mapped_range(uintptr_t address);

#endif
