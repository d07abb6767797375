// SPDX-License-Identifier: MIT
// Waiting for other processes: a futex in shared memory, and poll. Both block the calling thread.

#include "addon.h"

#include <errno.h>
#include <linux/futex.h>
#include <math.h>
#include <poll.h>
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

// (memory, byteOffset, expected, timeoutMs) -> 0 woken, 1 changed, 2 timed out. A negative or
// infinite time waits for ever. A signal counts as being woken: the caller looks again anyway.
static napi_value futex_wait(napi_env env, napi_callback_info info) {
  struct call call = call_open(env, info);
  int32_t *word = call_word(&call);
  if (word == NULL) return fail(env, EINVAL, "futex");
  int32_t expected = (int32_t)call_int64(&call, 2, 0);
  double timeout_ms = call_double(&call, 3, -1);
  bool is_endless = !(timeout_ms >= 0 && timeout_ms < 1e12);
  struct timespec time = {0};
  if (!is_endless) {
    time.tv_sec = (time_t)(timeout_ms / 1000);
    time.tv_nsec = (long)(fmod(timeout_ms, 1000) * 1e6);
  }
  // Not FUTEX_PRIVATE_FLAG: the word is shared between processes.
  long status = syscall(SYS_futex, word, FUTEX_WAIT, expected, is_endless ? NULL : &time, NULL, 0);
  if (status == 0 || errno == EINTR) return number_of(env, 0);
  if (errno == EAGAIN) return number_of(env, 1);
  if (errno == ETIMEDOUT) return number_of(env, 2);
  return fail(env, errno, "futex");
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
  set_function(env, exports, "futexWake", futex_wake);
  set_function(env, exports, "poll", poll_fds);
}
