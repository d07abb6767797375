// SPDX-License-Identifier: MIT
// Namespaces that lie in each other (ioctl_ns(2)).

#include "addon.h"

#include <fcntl.h>
#include <linux/nsfs.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

// The kernel nests at most 32.
#define MAX_DEPTH 33

// (path of /proc/PID/ns/pid or …/user) -> inodes of the namespaces around it, the nearest first, as
// far out as we may see
static napi_value namespace_ancestors(napi_env env, napi_callback_info info) {
  struct call call = call_open(env, info);
  napi_value result = NULL;
  if (napi_create_array(env, &result) != napi_ok) return NULL;
  char path[4096];
  size_t length = 0;
  if (call.count < 1 || napi_get_value_string_utf8(env, call.arguments[0], path, sizeof path, &length) != napi_ok)
    return result;
  int fd = open(path, O_RDONLY | O_CLOEXEC);
  for (uint32_t depth = 0; fd >= 0 && depth < MAX_DEPTH; depth++) {
    int parent = ioctl(fd, NS_GET_PARENT);
    close(fd);
    fd = parent;
    struct stat status;
    if (fd < 0 || fstat(fd, &status) != 0) break;
    napi_set_element(env, result, depth, number_of(env, (double)status.st_ino));
  }
  if (fd >= 0) close(fd);
  return result;
}

void register_namespaces(napi_env env, napi_value exports) {
  set_function(env, exports, "namespaceAncestors", namespace_ancestors);
}
