// SPDX-License-Identifier: MIT
// Waiting for many descriptors by epoll, so that what arrives wakes one of several threads: either each
// has a set of its own and adds the descriptors EPOLLEXCLUSIVE, or all wait on one set whose descriptors
// are EPOLLONESHOT and are armed again by whoever has read them. And eventfd, to end such a wait.

#include "addon.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

// The same numbers in addon.ts.
#define MODE_EXCLUSIVE 1
#define MODE_ONE_SHOT 2

#define MAX_READY_COUNT 64

static uint32_t events_of(int64_t mode) {
  uint32_t events = EPOLLIN;
  if (mode == MODE_EXCLUSIVE) events |= EPOLLEXCLUSIVE;
  if (mode == MODE_ONE_SHOT) events |= EPOLLONESHOT;
  return events;
}

// (fds, mode) -> descriptor of the set. Elements below 0 are left out.
static napi_value open_wait_set(napi_env env, napi_callback_info info) {
  struct call call = call_open(env, info);
  uint32_t count = 0;
  if (call.count < 1 || napi_get_array_length(env, call.arguments[0], &count) != napi_ok) return fail(env, EINVAL, "epoll_ctl");
  int64_t mode = call_int64(&call, 1, 0);
  int set = epoll_create1(EPOLL_CLOEXEC);
  if (set < 0) return fail(env, errno, "epoll_create1");
  for (uint32_t index = 0; index < count; index++) {
    napi_value element;
    int32_t fd = -1;
    if (napi_get_element(env, call.arguments[0], index, &element) == napi_ok) napi_get_value_int32(env, element, &fd);
    if (fd < 0) continue;
    struct epoll_event event = {.events = events_of(mode), .data.u32 = index};
    if (epoll_ctl(set, EPOLL_CTL_ADD, fd, &event) != 0) {
      int error = errno;
      close(set);
      return fail(env, error, "epoll_ctl");
    }
  }
  return number_of(env, set);
}

// (set, timeoutMs) -> indexes of what is ready. A signal ends the wait early with none.
static napi_value wait_for_set(napi_env env, napi_callback_info info) {
  struct call call = call_open(env, info);
  struct epoll_event events[MAX_READY_COUNT];
  double timeout_ms = call_double(&call, 1, -1);
  int timeout = timeout_ms >= 0 && timeout_ms < 2e9 ? (int)timeout_ms : -1;
  int ready = epoll_wait((int)call_int64(&call, 0, -1), events, MAX_READY_COUNT, timeout);
  if (ready < 0 && errno != EINTR) return fail(env, errno, "epoll_wait");
  napi_value result = NULL;
  if (napi_create_array(env, &result) != napi_ok) return NULL;
  for (int index = 0; index < ready; index++) napi_set_element(env, result, (uint32_t)index, number_of(env, events[index].data.u32));
  return result;
}

// (set, fd, index): a descriptor of a one-shot set counts again; ready at once if there is something to read.
static napi_value rearm_in_set(napi_env env, napi_callback_info info) {
  struct call call = call_open(env, info);
  struct epoll_event event = {.events = events_of(MODE_ONE_SHOT), .data.u32 = (uint32_t)call_int64(&call, 2, 0)};
  if (epoll_ctl((int)call_int64(&call, 0, -1), EPOLL_CTL_MOD, (int)call_int64(&call, 1, -1), &event) != 0) return fail(env, errno, "epoll_ctl");
  return NULL;
}

// () -> descriptor that becomes readable when 8 bytes, not all zero, are written to it
static napi_value open_event(napi_env env, napi_callback_info info) {
  (void)info;
  int fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  return fd < 0 ? fail(env, errno, "eventfd") : number_of(env, fd);
}

void register_wait_sets(napi_env env, napi_value exports) {
  set_function(env, exports, "openWaitSet", open_wait_set);
  set_function(env, exports, "waitForSet", wait_for_set);
  set_function(env, exports, "rearmInSet", rearm_in_set);
  set_function(env, exports, "openEvent", open_event);
}
