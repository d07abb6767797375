// SPDX-License-Identifier: MIT
// Entry of the addon: registers the functions of the other files on `exports`. Loaded once per
// thread that asks (each worker thread has its own Node-API environment and its own exports).

#include "addon.h"

#include <stdio.h>

struct call call_open(napi_env env, napi_callback_info info) {
  struct call call = {.env = env, .count = MAX_ARGUMENT_COUNT};
  if (napi_get_cb_info(env, info, &call.count, call.arguments, NULL, NULL) != napi_ok) call.count = 0;
  if (call.count > MAX_ARGUMENT_COUNT) call.count = MAX_ARGUMENT_COUNT;
  return call;
}

int64_t call_int64(const struct call *call, size_t index, int64_t otherwise) {
  int64_t value;
  if (index >= call->count || napi_get_value_int64(call->env, call->arguments[index], &value) != napi_ok) return otherwise;
  return value;
}

double call_double(const struct call *call, size_t index, double otherwise) {
  double value;
  if (index >= call->count || napi_get_value_double(call->env, call->arguments[index], &value) != napi_ok) return otherwise;
  return value;
}

uint8_t *call_memory(const struct call *call, size_t index, size_t *size_bytes) {
  void *bytes = NULL;
  bool is_memory = false;
  *size_bytes = 0;
  if (index >= call->count) return NULL;
  napi_value value = call->arguments[index];
  if (napi_is_arraybuffer(call->env, value, &is_memory) == napi_ok && is_memory) {
    if (napi_get_arraybuffer_info(call->env, value, &bytes, size_bytes) != napi_ok) return NULL;
    return bytes;
  }
  if (napi_is_typedarray(call->env, value, &is_memory) != napi_ok || !is_memory) return NULL;
  napi_typedarray_type type;
  size_t length = 0;
  if (napi_get_typedarray_info(call->env, value, &type, &length, &bytes, NULL, NULL) != napi_ok) return NULL;
  // Only byte arrays are passed: their length in elements is their size.
  if (type != napi_uint8_array && type != napi_int8_array) return NULL;
  *size_bytes = length;
  return bytes;
}

napi_value fail(napi_env env, int error, const char *system_call) {
  char code[16];
  snprintf(code, sizeof code, "%d", error);
  napi_throw_error(env, code, system_call);
  return NULL;
}

void set_function(napi_env env, napi_value target, const char *name, napi_callback callback) {
  napi_value function;
  if (napi_create_function(env, name, NAPI_AUTO_LENGTH, callback, NULL, &function) != napi_ok) return;
  napi_set_named_property(env, target, name, function);
}

napi_value number_of(napi_env env, double value) {
  napi_value result = NULL;
  napi_create_double(env, value, &result);
  return result;
}

NAPI_MODULE_INIT() {
  register_clocks(env, exports);
  register_clock_page(env, exports);
  register_mappings(env, exports);
  register_guard(env, exports);
  register_waiting(env, exports);
  register_wait_sets(env, exports);
  register_threads(env, exports);
  register_namespaces(env, exports);
  register_shared_objects(env, exports);
  register_loop(env, exports);
  register_bpf(env, exports);
  register_memory_files(env, exports);
  return exports;
}
