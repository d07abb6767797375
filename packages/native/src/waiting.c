// SPDX-License-Identifier: MIT
// Waiting for other processes: a futex in shared memory, and poll. Both block the calling thread; a futex
// can also be waited for by a thread made for that, which then calls a function of the event loop's.

#include "addon.h"

#include <errno.h>
#include <linux/futex.h>
#include <math.h>
#include <limits.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define MAX_POLLED_COUNT 4096

static int32_t *call_word(const struct call *call) {
  size_t size_bytes;
  uint8_t *bytes = call_memory(call, 0, &size_bytes);
  int64_t offset = call_int64(call, 1, -1);
  if (bytes == NULL || offset < 0 || offset % 4 != 0 || size_bytes < 4 || (size_t)offset > size_bytes - 4) return NULL;
  return (int32_t *)(bytes + offset);
}

struct futex_sleep {
  int32_t *word;
  int32_t expected;
  bool is_endless;
  struct timespec time;
};

static bool read_sleep(const struct call *call, struct futex_sleep *sleep) {
  double timeout_ms = call_double(call, 3, -1);
  *sleep = (struct futex_sleep){
      .word = call_word(call),
      .expected = (int32_t)call_int64(call, 2, 0),
      .is_endless = !(timeout_ms >= 0 && timeout_ms < 1e12),
  };
  if (!sleep->is_endless) {
    sleep->time.tv_sec = (time_t)(timeout_ms / 1000);
    sleep->time.tv_nsec = (long)(fmod(timeout_ms, 1000) * 1e6);
  }
  return sleep->word != NULL;
}

// 0 woken, 1 changed, 2 timed out, -errno. A signal counts as being woken: the caller looks again anyway.
static int sleep_on_word(const struct futex_sleep *sleep) {
  // Not FUTEX_PRIVATE_FLAG: the word is shared between processes.
  const struct timespec *time = sleep->is_endless ? NULL : &sleep->time;
  long status = syscall(SYS_futex, sleep->word, FUTEX_WAIT, sleep->expected, time, NULL, 0);
  if (status == 0 || errno == EINTR) return 0;
  return errno == EAGAIN ? 1 : errno == ETIMEDOUT ? 2 : -errno;
}

// (memory, byteOffset, expected, timeoutMs) -> 0 woken, 1 changed, 2 timed out. A negative or
// infinite time waits for ever.
static napi_value futex_wait(napi_env env, napi_callback_info info) {
  struct call call = call_open(env, info);
  struct futex_sleep sleep;
  if (!read_sleep(&call, &sleep)) return fail(env, EINVAL, "futex");
  int result = sleep_on_word(&sleep);
  return result < 0 ? fail(env, -result, "futex") : number_of(env, result);
}

// A thread that sleeps for an event loop. It is joined before its environment is gone, so that it never
// runs code of an addon that was unloaded.
struct sleeper {
  struct futex_sleep sleep;
  napi_threadsafe_function tell;
  napi_ref memory;
  pthread_t thread;
  atomic_bool is_done;
  bool is_joined;
  int result;
};

#define SLEEPER_STACK_BYTES (64 * 1024)
#define WAKE_AGAIN_NS 200000

static void *run_sleeper(void *argument) {
  struct sleeper *sleeper = argument;
  sleeper->result = sleep_on_word(&sleeper->sleep);
  atomic_store(&sleeper->is_done, true);
  napi_call_threadsafe_function(sleeper->tell, NULL, napi_tsfn_nonblocking);
  napi_release_threadsafe_function(sleeper->tell, napi_tsfn_release);
  return NULL;
}

static void join_sleeper(void *argument) {
  struct sleeper *sleeper = argument;
  if (sleeper->is_joined) return;
  // It may stand just before its system call, so once is not always enough. Others look again, and sleep on.
  while (!atomic_load(&sleeper->is_done)) {
    syscall(SYS_futex, sleeper->sleep.word, FUTEX_WAKE, INT_MAX, NULL, NULL, 0);
    nanosleep(&(struct timespec){.tv_nsec = WAKE_AGAIN_NS}, NULL);
  }
  pthread_join(sleeper->thread, NULL);
  sleeper->is_joined = true;
}

static void finish_sleeper(napi_env env, void *argument, void *hint) {
  (void)hint;
  struct sleeper *sleeper = argument;
  if (!sleeper->is_joined) napi_remove_env_cleanup_hook(env, join_sleeper, sleeper);
  join_sleeper(sleeper);
  napi_delete_reference(env, sleeper->memory);
  free(sleeper);
}

static void tell_result(napi_env env, napi_value callback, void *context, void *data) {
  (void)data;
  struct sleeper *sleeper = context;
  napi_value receiver, result;
  if (env == NULL || callback == NULL) return;
  if (napi_get_undefined(env, &receiver) != napi_ok) return;
  result = number_of(env, sleeper->result);
  napi_call_function(env, receiver, callback, 1, &result, NULL);
}

static bool start_sleeper(struct sleeper *sleeper) {
  pthread_attr_t attributes;
  sigset_t all, before;
  if (pthread_attr_init(&attributes) != 0) return false;
  pthread_attr_setstacksize(&attributes, SLEEPER_STACK_BYTES);
  // The process's signals are for the threads that it knows of.
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  int error = pthread_create(&sleeper->thread, &attributes, run_sleeper, sleeper);
  pthread_sigmask(SIG_SETMASK, &before, NULL);
  pthread_attr_destroy(&attributes);
  errno = error;
  return error == 0;
}

// (memory, byteOffset, expected, timeoutMs, done): futexWait by a thread of its own; done(result, or -errno).
static napi_value futex_wait_async(napi_env env, napi_callback_info info) {
  struct call call = call_open(env, info);
  struct futex_sleep sleep;
  if (!read_sleep(&call, &sleep) || call.count < 5) return fail(env, EINVAL, "futex");
  struct sleeper *sleeper = calloc(1, sizeof *sleeper);
  napi_value name;
  if (sleeper == NULL) return fail(env, ENOMEM, "futex");
  sleeper->sleep = sleep;
  napi_create_string_utf8(env, "lockstep:futex", NAPI_AUTO_LENGTH, &name);
  // The memory stays as long as somebody sleeps on it.
  if (napi_create_reference(env, call.arguments[0], 1, &sleeper->memory) != napi_ok ||
      napi_create_threadsafe_function(env, call.arguments[4], NULL, name, 0, 1, sleeper, finish_sleeper, sleeper, tell_result,
                                      &sleeper->tell) != napi_ok) {
    if (sleeper->memory != NULL) napi_delete_reference(env, sleeper->memory);
    free(sleeper);
    return fail(env, EINVAL, "futex");
  }
  if (!start_sleeper(sleeper)) {
    int error = errno;
    sleeper->is_joined = true;
    napi_release_threadsafe_function(sleeper->tell, napi_tsfn_abort);
    return fail(env, error, "pthread_create");
  }
  napi_add_env_cleanup_hook(env, join_sleeper, sleeper);
  return NULL;
}

// (memory, byteOffset, count) -> number of waiters woken
static napi_value futex_wake(napi_env env, napi_callback_info info) {
  struct call call = call_open(env, info);
  int32_t *word = call_word(&call);
  if (word == NULL) return fail(env, EINVAL, "futex");
  long woken = syscall(SYS_futex, word, FUTEX_WAKE, (int)call_int64(&call, 2, 1), NULL, NULL, 0);
  return woken < 0 ? fail(env, errno, "futex") : number_of(env, (double)woken);
}

static uint32_t read_fds(napi_env env, napi_value list, uint32_t count, struct pollfd *polled) {
  for (uint32_t index = 0; index < count; index++) {
    napi_value element;
    int32_t fd = -1;
    if (napi_get_element(env, list, index, &element) == napi_ok) napi_get_value_int32(env, element, &fd);
    polled[index] = (struct pollfd){.fd = fd, .events = POLLIN};
  }
  return count;
}

// (fds, timeoutMs) -> indexes that are readable, hung up or in error. A signal ends the wait early
// with none.
static napi_value poll_fds(napi_env env, napi_callback_info info) {
  struct call call = call_open(env, info);
  uint32_t count = 0;
  if (call.count < 1 || napi_get_array_length(env, call.arguments[0], &count) != napi_ok) return fail(env, EINVAL, "poll");
  if (count > MAX_POLLED_COUNT) return fail(env, EINVAL, "poll");
  struct pollfd *polled = calloc(count == 0 ? 1 : count, sizeof *polled);
  if (polled == NULL) return fail(env, ENOMEM, "poll");
  read_fds(env, call.arguments[0], count, polled);
  double timeout_ms = call_double(&call, 1, -1);
  int ready = poll(polled, count, timeout_ms >= 0 && timeout_ms < 2e9 ? (int)timeout_ms : -1);
  int error = errno;
  napi_value result = NULL;
  if (ready < 0 && error != EINTR) {
    fail(env, error, "poll");
  } else if (napi_create_array(env, &result) == napi_ok) {
    uint32_t length = 0;
    for (uint32_t index = 0; ready > 0 && index < count; index++) {
      if (polled[index].revents != 0) napi_set_element(env, result, length++, number_of(env, index));
    }
  }
  free(polled);
  return result;
}

void register_waiting(napi_env env, napi_value exports) {
  set_function(env, exports, "futexWait", futex_wait);
  set_function(env, exports, "futexWaitAsync", futex_wait_async);
  set_function(env, exports, "futexWake", futex_wake);
  set_function(env, exports, "poll", poll_fds);
}
