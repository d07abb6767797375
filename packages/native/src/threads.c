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

#define KCMP_FILES 2

// (tid, tid): 0 when both have the same table of open files, 1 or 2 when the first comes before or behind the
// other in an order that holds as long as they live; -1 where the kernel does not tell.
static napi_value compare_files(napi_env env, napi_callback_info info) {
  struct call call = call_open(env, info);
  long order = syscall(SYS_kcmp, (pid_t)call_int64(&call, 0, 0), (pid_t)call_int64(&call, 1, 0), KCMP_FILES, 0L, 0L);
  return number_of(env, order < 0 ? -1 : (double)order);
}

void register_threads(napi_env env, napi_value exports) {
  set_function(env, exports, "gettid", get_tid);
  set_function(env, exports, "pinToCpu", pin_to_cpu);
  set_function(env, exports, "compareFiles", compare_files);
}
