// SPDX-License-Identifier: MIT
// Reader of the shared clock page: the CPU's fast counter and what the page says of this CPU -> ns, with
// no system call and no lock. Layout, writer and the reader in JavaScript that proves this one:
// packages/clock/src/clock-page.ts; docs/clock-page.md.

#include "addon.h"
#include "clock-slot.h"
#include "counter.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define PAGE_MAGIC 0x5043534c
#define PAGE_VERSION 1
#define PAGE_HEADER_BYTES 256
#define PAGE_SLOT_BYTES 256
#define MAX_PATH_BYTES 4096
// A writer that keeps publishing makes a reader try again; after so many the slow clock answers.
#define MAX_TRY_COUNT 64

struct page_header {
  uint32_t magic, version, cpu_count, counter_bits;
  uint64_t origin_cycles;
  int64_t origin_ns;
};

struct segment {
  double start_cycles, start_ns, ns_per_cycle;
};

struct page_slot {
  _Atomic uint32_t sequence;
  uint32_t padding[15];
  // The copy of a sequence is its low bit; the writer fills the other one, then counts the sequence up.
  struct {
    struct segment before, after;
  } copies[2];
};

// Of the thread, as the slot is: a worker may belong to another session than its process's main thread.
static __thread const struct page_header *bound_page;
static __thread int64_t last_ns;

#if HAS_COUNTER
static inline uint64_t counter_and_cpu(unsigned *cpu) {
#if HAS_COUNTER_WITH_CPU
  static int is_possible = -1;
  if (is_possible < 0) is_possible = can_read_counter_with_cpu();
  if (is_possible != 0) return read_counter_with_cpu(cpu);
#endif
  for (;;) {
    int before = sched_getcpu();
    uint64_t cycles = read_counter_fenced();
    if (sched_getcpu() != before) continue;
    *cpu = (unsigned)before;
    return cycles;
  }
}

static inline double load_double(const double *place) {
  uint64_t bits = __atomic_load_n((const uint64_t *)place, __ATOMIC_RELAXED);
  double value;
  __builtin_memcpy(&value, &bits, sizeof value);
  return value;
}

static inline struct segment load_segment(const struct segment *place) {
  struct segment segment = {load_double(&place->start_cycles), load_double(&place->start_ns), load_double(&place->ns_per_cycle)};
  return segment;
}

// The reading that a segment gives at `cycles` (relative to the page's origin). Multiplied and then
// rounded down in doubles, as JavaScript does it: the converter of kernel pages gets the same number.
static inline double apply_segment(const struct segment *segment, double cycles) {
  // Never negative here, so cutting off is rounding down.
  return segment->start_ns + (double)(int64_t)((cycles - segment->start_cycles) * segment->ns_per_cycle);
}

enum outcome { FOUND, TRY_AGAIN, NOT_THERE };

static enum outcome try_read_page(const struct page_header *page, int64_t *ns, unsigned *cpu) {
  uint64_t cycles = counter_and_cpu(cpu);
  if (*cpu >= page->cpu_count) return NOT_THERE;
  const struct page_slot *slot = (const struct page_slot *)((const char *)page + PAGE_HEADER_BYTES + (size_t)*cpu * PAGE_SLOT_BYTES);
  uint32_t sequence = atomic_load_explicit(&slot->sequence, memory_order_acquire);
  if (sequence == 0) return NOT_THERE;
  struct segment before = load_segment(&slot->copies[sequence & 1].before);
  struct segment after = load_segment(&slot->copies[sequence & 1].after);
  atomic_thread_fence(memory_order_acquire);
  if (atomic_load_explicit(&slot->sequence, memory_order_relaxed) != sequence) return TRY_AGAIN;
  // A narrow counter names only the low bits: the whole reading is the one nearest to the segment's start.
  unsigned unused = 64 - page->counter_bits;
  int64_t start = (int64_t)after.start_cycles;
  int64_t distance = (int64_t)((cycles - page->origin_cycles - (uint64_t)start) << unused) >> unused;
  double position = (double)start + (double)distance;
  // Older than what the page still tells: this thread slept between reading the counter and the page.
  if (position < before.start_cycles) return TRY_AGAIN;
  double relative = apply_segment(position < after.start_cycles ? &before : &after, position);
  *ns = page->origin_ns + (int64_t)relative;
  return FOUND;
}
#endif

static napi_value read_clock_page(napi_env env, napi_callback_info info) {
  (void)env, (void)info;
  const struct page_header *page = bound_page;
  int64_t ns;
  unsigned cpu = 0;
#if HAS_COUNTER
  if (page != NULL) {
    enum outcome outcome = TRY_AGAIN;
    for (int try = 0; try < MAX_TRY_COUNT && outcome == TRY_AGAIN; try++) outcome = try_read_page(page, &ns, &cpu);
    if (outcome == FOUND) goto found;
  }
#endif
  // No page, a CPU that the keeper never saw, a counter that is not there: the clock that the page follows.
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  ns = (int64_t)time.tv_sec * 1000000000 + time.tv_nsec;
  cpu = (unsigned)sched_getcpu();
#if HAS_COUNTER
found:
#endif
  // The CPUs' counters are each kept true by themselves: a thread that moved must not see time go back.
  if (ns < last_ns) ns = last_ns;
  last_ns = ns;
  clock_slot.quads[0] = ns;
  clock_slot.words[2] = (int32_t)cpu;
  return NULL;
}

// (path). Mapped by this file and never unmapped: a session has one page, and a thread that reads it
// must not depend on when a buffer is collected.
static napi_value bind_clock_page(napi_env env, napi_callback_info info) {
  struct call call = call_open(env, info);
  char path[MAX_PATH_BYTES];
  size_t length = 0;
  if (call.count < 1 || napi_get_value_string_utf8(env, call.arguments[0], path, sizeof path, &length) != napi_ok) return fail(env, EINVAL, "open");
  int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
  if (fd < 0) return fail(env, errno, "open");
  struct stat status;
  void *bytes = MAP_FAILED;
  int error = fstat(fd, &status) != 0 ? errno : 0;
  if (error == 0 && (!S_ISREG(status.st_mode) || status.st_size < PAGE_HEADER_BYTES)) error = EINVAL;
  if (error == 0 && (bytes = mmap(NULL, (size_t)status.st_size, PROT_READ, MAP_SHARED | MAP_POPULATE, fd, 0)) == MAP_FAILED) error = errno;
  close(fd);
  if (error != 0) return fail(env, error, "mmap");
  const struct page_header *page = bytes;
  if (page->magic != PAGE_MAGIC || page->version != PAGE_VERSION || page->counter_bits < 8 || page->counter_bits > 64 ||
      page->cpu_count == 0 || (uint64_t)status.st_size < PAGE_HEADER_BYTES + (uint64_t)page->cpu_count * PAGE_SLOT_BYTES) {
    munmap(bytes, (size_t)status.st_size);
    return fail(env, EINVAL, "mmap");
  }
  bound_page = page;
  last_ns = 0;
  return NULL;
}

void register_clock_page(napi_env env, napi_value exports) {
  set_function(env, exports, "bindClockPage", bind_clock_page);
  set_function(env, exports, "readClockPage", read_clock_page);
}
