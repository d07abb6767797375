// SPDX-License-Identifier: MIT
// What the files of the addon share: registration of their functions, failures, argument access.
// Convention: a C function does one system call or one copy; what to do with it is decided in
// TypeScript. Arguments are checked in load.ts; C checks again only what memory safety hangs on.
#ifndef LOCKSTEP_ADDON_H
#define LOCKSTEP_ADDON_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#define NAPI_VERSION 8

#include <node_api.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define MAX_ARGUMENT_COUNT 6

// Arguments of the running call.
struct call {
  napi_env env;
  size_t count;
  napi_value arguments[MAX_ARGUMENT_COUNT];
};

struct call call_open(napi_env env, napi_callback_info info);
int64_t call_int64(const struct call *call, size_t index, int64_t otherwise);
double call_double(const struct call *call, size_t index, double otherwise);
// Memory of an ArrayBuffer or a typed array; NULL with *size_bytes 0 when it is neither or detached.
uint8_t *call_memory(const struct call *call, size_t index, size_t *size_bytes);

// Throws an Error whose `code` is errno in decimal and whose message is the system call's name;
// errors.ts makes a SystemError of it. Returns NULL, so that callers can `return fail(...)`.
napi_value fail(napi_env env, int error, const char *system_call);

void set_function(napi_env env, napi_value target, const char *name, napi_callback callback);
napi_value number_of(napi_env env, double value);

void register_clocks(napi_env env, napi_value exports);
void register_clock_page(napi_env env, napi_value exports);
void register_mappings(napi_env env, napi_value exports);
void register_guard(napi_env env, napi_value exports);
void register_waiting(napi_env env, napi_value exports);
void register_wait_sets(napi_env env, napi_value exports);
void register_threads(napi_env env, napi_value exports);
void register_namespaces(napi_env env, napi_value exports);
void register_shared_objects(napi_env env, napi_value exports);
void register_loop(napi_env env, napi_value exports);
void register_bpf(napi_env env, napi_value exports);
void register_memory_files(napi_env env, napi_value exports);

#endif
