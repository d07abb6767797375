// SPDX-License-Identifier: MIT
// Files without a name: they live in memory, are mapped like others through /proc/PID/fd/N, and are
// gone with the last process that has them open or mapped.

#include "addon.h"

#include <errno.h>
#include <sys/mman.h>
#include <unistd.h>

#define MAX_NAME_BYTES 250

// (name, sizeBytes) -> file descriptor, closed on exec
static napi_value create_memory_file(napi_env env, napi_callback_info info) {
  struct call call = call_open(env, info);
  char name[MAX_NAME_BYTES];
  size_t length = 0;
  int64_t size_bytes = call_int64(&call, 1, 0);
  if (call.count < 2 || size_bytes <= 0) return fail(env, EINVAL, "memfd_create");
  if (napi_get_value_string_utf8(env, call.arguments[0], name, sizeof name, &length) != napi_ok)
    return fail(env, EINVAL, "memfd_create");
  int fd = memfd_create(name, MFD_CLOEXEC);
  if (fd < 0) return fail(env, errno, "memfd_create");
  if (ftruncate(fd, size_bytes) == 0) return number_of(env, fd);
  int error = errno;
  close(fd);
  return fail(env, error, "ftruncate");
}

void register_memory_files(napi_env env, napi_value exports) {
  set_function(env, exports, "createMemoryFile", create_memory_file);
}
