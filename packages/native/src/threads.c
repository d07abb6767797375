// SPDX-License-Identifier: MIT
// Threads as the kernel knows them.

#include "addon.h"

#include <errno.h>
#include <sched.h>
#include <sys/syscall.h>
#include <unistd.h>

static napi_value get_tid(napi_env env, napi_callback_info info) {
  (void)info;
  // The system call, not glibc's wrapper of it, which is younger than the glibc we support.
  return number_of(env, (double)syscall(SYS_gettid));
}

// (tid, cpu)
static napi_value pin_to_cpu(napi_env env, napi_callback_info info) {
  struct call call = call_open(env, info);
  int64_t cpu = call_int64(&call, 1, -1);
  if (cpu < 0 || cpu >= CPU_SETSIZE) return fail(env, EINVAL, "sched_setaffinity");
  cpu_set_t cpus;
  CPU_ZERO(&cpus);
  CPU_SET((size_t)cpu, &cpus);
  if (sched_setaffinity((pid_t)call_int64(&call, 0, 0), sizeof cpus, &cpus) != 0) return fail(env, errno, "sched_setaffinity");
  return NULL;
}

void register_threads(napi_env env, napi_value exports) {
  set_function(env, exports, "gettid", get_tid);
  set_function(env, exports, "pinToCpu", pin_to_cpu);
}
