// SPDX-License-Identifier: MIT
// Observing an event loop: libuv's prepare handle runs just before the loop polls for events, its
// check handle just after. Both are unreferenced: observing keeps no program alive.
//
// libuv's header does not come with Node-API's. The functions used here are part of its stable ABI
// and exported by every Node; a handle's size is asked for, and the number of its type is found by
// its name.

#include "addon.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

struct uv_loop_s;
typedef struct uv_handle_s uv_handle_t;
extern size_t uv_handle_size(int type);
extern const char *uv_handle_type_name(int type);
extern void uv_handle_set_data(uv_handle_t *handle, void *data);
extern void *uv_handle_get_data(const uv_handle_t *handle);
extern void uv_unref(uv_handle_t *handle);
extern void uv_close(uv_handle_t *handle, void (*closed)(uv_handle_t *));
extern int uv_prepare_init(struct uv_loop_s *loop, uv_handle_t *handle);
extern int uv_prepare_start(uv_handle_t *handle, void (*callback)(uv_handle_t *));
extern int uv_check_init(struct uv_loop_s *loop, uv_handle_t *handle);
extern int uv_check_start(uv_handle_t *handle, void (*callback)(uv_handle_t *));

extern int uv_loop_configure(struct uv_loop_s *loop, int option, ...);

#define MAX_HANDLE_TYPE 64
// uv_loop_option; stable ABI.
#define UV_LOOP_BLOCK_SIGNAL 0

// One observation. Freed when both handles are closed.
struct watch {
  napi_env env;
  napi_ref on_prepare;
  napi_ref on_check;
  napi_async_cleanup_hook_handle cleanup;
  uv_handle_t *prepare;
  uv_handle_t *check;
  int open_handle_count;
  bool is_closing;
  bool is_collected; // its JavaScript object is gone
};

static uv_handle_t *make_handle(const char *type_name) {
  for (int type = 1; type < MAX_HANDLE_TYPE; type++) {
    const char *name = uv_handle_type_name(type);
    if (name != NULL && strcmp(name, type_name) == 0) return calloc(1, uv_handle_size(type));
  }
  return NULL;
}

// A bare call: no callback scope, so neither microtasks nor ticks run, which would change the
// program's order of things. An exception is swallowed: observing never throws into the program.
static void call_reference(napi_env env, napi_ref reference) {
  napi_handle_scope scope;
  if (napi_open_handle_scope(env, &scope) != napi_ok) return;
  napi_value function, receiver;
  if (napi_get_reference_value(env, reference, &function) == napi_ok && function != NULL && napi_get_undefined(env, &receiver) == napi_ok &&
      napi_call_function(env, receiver, function, 0, NULL, NULL) == napi_pending_exception) {
    napi_value ignored;
    napi_get_and_clear_last_exception(env, &ignored);
  }
  napi_close_handle_scope(env, scope);
}

static void on_prepare(uv_handle_t *handle) {
  struct watch *watch = uv_handle_get_data(handle);
  if (!watch->is_closing) call_reference(watch->env, watch->on_prepare);
}

static void on_check(uv_handle_t *handle) {
  struct watch *watch = uv_handle_get_data(handle);
  if (!watch->is_closing) call_reference(watch->env, watch->on_check);
}

static void free_when_done(struct watch *watch) {
  if (watch->open_handle_count == 0 && watch->is_collected) free(watch);
}

static void on_closed(uv_handle_t *handle) {
  struct watch *watch = uv_handle_get_data(handle);
  free(handle);
  if (--watch->open_handle_count > 0) return;
  napi_remove_async_cleanup_hook(watch->cleanup);
  free_when_done(watch);
}

static void close_watch(struct watch *watch) {
  if (watch->is_closing) return;
  watch->is_closing = true;
  if (watch->prepare != NULL) uv_close(watch->prepare, on_closed);
  if (watch->check != NULL) uv_close(watch->check, on_closed);
}

static void on_cleanup(napi_async_cleanup_hook_handle handle, void *context) {
  (void)handle;
  struct watch *watch = context;
  // Closing runs on the loop, which the ending environment turns until the handles are closed.
  close_watch(watch);
}

static void on_collected(napi_env env, void *content, void *hint) {
  (void)env, (void)hint;
  struct watch *watch = content;
  watch->is_collected = true;
  free_when_done(watch);
}

// (onPrepare, onCheck | undefined) -> watch. The watch goes on when its object is collected: only
// unwatchLoop or the end of the environment ends it.
static napi_value watch_loop(napi_env env, napi_callback_info info) {
  struct call call = call_open(env, info);
  napi_valuetype type = napi_undefined;
  struct uv_loop_s *loop = NULL;
  if (call.count < 1 || napi_typeof(env, call.arguments[0], &type) != napi_ok || type != napi_function) return fail(env, EINVAL, "uv_prepare_init");
  if (napi_get_uv_event_loop(env, &loop) != napi_ok || loop == NULL) return fail(env, ENOTSUP, "uv_prepare_init");
  bool has_check = call.count > 1 && napi_typeof(env, call.arguments[1], &type) == napi_ok && type == napi_function;

  struct watch *watch = calloc(1, sizeof *watch);
  uv_handle_t *prepare = make_handle("prepare");
  uv_handle_t *check = has_check ? make_handle("check") : NULL;
  napi_value result = NULL;
  if (watch == NULL || prepare == NULL || (has_check && check == NULL) ||
      napi_create_external(env, watch, on_collected, NULL, &result) != napi_ok) {
    free(watch), free(prepare), free(check);
    return fail(env, ENOMEM, "uv_prepare_init");
  }
  // V8's sampler sends SIGPROF; one that interrupts the poll makes libuv start its count of idle time
  // anew and wakes an idle program a thousand times a second. Held back while polling, it is neither.
  uv_loop_configure(loop, UV_LOOP_BLOCK_SIGNAL, SIGPROF);
  watch->env = env;
  napi_create_reference(env, call.arguments[0], 1, &watch->on_prepare);
  uv_prepare_init(loop, watch->prepare = prepare);
  uv_handle_set_data(prepare, watch);
  uv_prepare_start(prepare, on_prepare);
  uv_unref(prepare);
  watch->open_handle_count = 1;
  if (has_check) {
    napi_create_reference(env, call.arguments[1], 1, &watch->on_check);
    uv_check_init(loop, watch->check = check);
    uv_handle_set_data(check, watch);
    uv_check_start(check, on_check);
    uv_unref(check);
    watch->open_handle_count = 2;
  }
  napi_add_async_cleanup_hook(env, on_cleanup, watch, &watch->cleanup);
  return result;
}

// (watch)
static napi_value unwatch_loop(napi_env env, napi_callback_info info) {
  struct call call = call_open(env, info);
  void *content = NULL;
  if (call.count < 1 || napi_get_value_external(env, call.arguments[0], &content) != napi_ok) return NULL;
  struct watch *watch = content;
  if (watch->is_closing) return NULL;
  napi_delete_reference(env, watch->on_prepare);
  if (watch->on_check != NULL) napi_delete_reference(env, watch->on_check);
  close_watch(watch);
  return NULL;
}

void register_loop(napi_env env, napi_value exports) {
  set_function(env, exports, "watchLoop", watch_loop);
  set_function(env, exports, "unwatchLoop", unwatch_loop);
}
