// SPDX-License-Identifier: MIT
// Clock readings. The hot functions take no argument and return nothing: a Node-API call with
// neither costs about a third of one with both, so they write into the thread's slot, which
// JavaScript sees as an Int32Array.
//
//   slot word  0 1   cycles or ns, low and high      readTsc, readTscAndCpu, readMonotonic…
//              2     CPU number                      …AndCpu
//              3     width of the winning try, TSC cycles        readPair
//              4 5   CLOCK_MONOTONIC ns              readPair
//              6 7   TSC at that moment              readPair
//              8 9   CLOCK_REALTIME ns at that moment            readPair
//             10…15  unused
//
// readTsc… and readPair read the CPU's fast counter, whatever it is called there (counter.h).

#include "addon.h"
#include "clock-slot.h"
#include "counter.h"

#include <errno.h>
#include <sched.h>
#include <time.h>

#define PAIR_TRY_COUNT 16

__thread union clock_slot clock_slot __attribute__((aligned(SLOT_SIZE_BYTES)));

static inline int64_t now_ns(clockid_t clock) {
  struct timespec time;
  clock_gettime(clock, &time);
  return (int64_t)time.tv_sec * 1000000000 + time.tv_nsec;
}

// Each reading twice: with and without the CPU's number. clock_gettime of these needs no system call (vDSO).
#define DEFINE_CLOCK(NAME, ID)                                               \
  static napi_value read_##NAME(napi_env env, napi_callback_info info) {         \
    (void)env, (void)info;                                                   \
    clock_slot.quads[0] = now_ns(ID);                                        \
    return NULL;                                                             \
  }                                                                          \
  static napi_value read_##NAME##_and_cpu(napi_env env, napi_callback_info info) { \
    (void)env, (void)info;                                                   \
    clock_slot.quads[0] = now_ns(ID);                                        \
    clock_slot.words[2] = sched_getcpu();                                    \
    return NULL;                                                             \
  }

DEFINE_CLOCK(monotonic, CLOCK_MONOTONIC)
DEFINE_CLOCK(monotonic_raw, CLOCK_MONOTONIC_RAW)
DEFINE_CLOCK(boottime, CLOCK_BOOTTIME)

#if HAS_COUNTER
// No fence: the kernel's own reading is fenced (rdtsc_ordered), and between a reading here and one
// there lies a system call, more instructions than any CPU reorders over.
static napi_value read_tsc(napi_env env, napi_callback_info info) {
  (void)env, (void)info;
  clock_slot.quads[0] = (int64_t)read_counter();
  return NULL;
}

// Not rdtscp, which gives both at once: it waits for all earlier instructions and costs 43 ns a call
// where rdtsc and sched_getcpu (since glibc 2.35 a load from the thread's rseq area) cost 28
// (bench/hot-calls). The thread may change its CPU between the two; the number tells where a record
// was made, not in which order.
static napi_value read_tsc_and_cpu(napi_env env, napi_callback_info info) {
  (void)env, (void)info;
  clock_slot.quads[0] = (int64_t)read_counter();
  clock_slot.words[2] = sched_getcpu();
  return NULL;
}

// The monotonic reading happened between two readings of the TSC: their middle is at most half
// their distance wrong. An interrupt widens a try, so the tightest of several is taken.
static void pair_tsc(void) {
  uint64_t best = UINT64_MAX;
  for (int try = 0; try < PAIR_TRY_COUNT; try++) {
    uint64_t before = read_counter_fenced();
    int64_t ns = now_ns(CLOCK_MONOTONIC);
    uint64_t width = read_counter_fenced() - before;
    if (width >= best) continue;
    best = width;
    clock_slot.quads[2] = ns;
    clock_slot.quads[3] = (int64_t)(before + width / 2);
  }
  clock_slot.words[3] = best > INT32_MAX ? INT32_MAX : (int32_t)best;
}

static void pair_realtime(void) {
  int64_t best = INT64_MAX;
  for (int try = 0; try < PAIR_TRY_COUNT; try++) {
    int64_t before = now_ns(CLOCK_MONOTONIC);
    int64_t realtime = now_ns(CLOCK_REALTIME);
    int64_t width = now_ns(CLOCK_MONOTONIC) - before;
    if (width >= best) continue;
    best = width;
    clock_slot.quads[4] = clock_slot.quads[2] + (realtime - (before + width / 2));
  }
}

static napi_value read_pair(napi_env env, napi_callback_info info) {
  (void)env, (void)info;
  pair_tsc();
  pair_realtime();
  return NULL;
}
#endif

// (clockId) -> ns as bigint
static napi_value clock_ns(napi_env env, napi_callback_info info) {
  struct call call = call_open(env, info);
  struct timespec time;
  if (clock_gettime((clockid_t)call_int64(&call, 0, -1), &time) != 0) return fail(env, EINVAL, "clock_gettime");
  napi_value result = NULL;
  napi_create_bigint_int64(env, (int64_t)time.tv_sec * 1000000000 + time.tv_nsec, &result);
  return result;
}

void register_clocks(napi_env env, napi_value exports) {
  napi_value buffer, words;
  if (napi_create_external_arraybuffer(env, clock_slot.words, SLOT_SIZE_BYTES, NULL, NULL, &buffer) != napi_ok) return;
  if (napi_create_typedarray(env, napi_int32_array, SLOT_SIZE_BYTES / 4, buffer, 0, &words) != napi_ok) return;
  napi_set_named_property(env, exports, "slot", words);
  set_function(env, exports, "readMonotonic", read_monotonic);
  set_function(env, exports, "readMonotonicAndCpu", read_monotonic_and_cpu);
  set_function(env, exports, "readMonotonicRaw", read_monotonic_raw);
  set_function(env, exports, "readMonotonicRawAndCpu", read_monotonic_raw_and_cpu);
  set_function(env, exports, "readBoottime", read_boottime);
  set_function(env, exports, "readBoottimeAndCpu", read_boottime_and_cpu);
  set_function(env, exports, "clockNs", clock_ns);
#if HAS_COUNTER
  napi_value name;
  if (napi_create_string_utf8(env, COUNTER_NAME, NAPI_AUTO_LENGTH, &name) == napi_ok) napi_set_named_property(env, exports, "counterName", name);
  set_function(env, exports, "readTsc", read_tsc);
  set_function(env, exports, "readPair", read_pair);
  set_function(env, exports, "readTscAndCpu", read_tsc_and_cpu);
#endif
}
