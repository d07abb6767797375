// SPDX-License-Identifier: MIT
// Files mapped shared: path -> ArrayBuffer over the pages, and back. The mapping ends by unmapFile,
// or when the ArrayBuffer is collected, or with the thread's environment, whichever is first.

#include "addon.h"
#include "mapping.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define MAX_PATH_BYTES 4096

// Bits of mapFile's flags; the same numbers in load.ts.
#define FLAG_WRITE 1
#define FLAG_CREATE 2
#define FLAG_POPULATE 4
#define FLAG_SPARSE 8
#define FLAG_FOLLOW 16

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static _Atomic(struct mapped_range *) first_range;

struct mapped_range *find_mapped_range(uintptr_t address) {
  struct mapped_range *range = atomic_load_explicit(&first_range, memory_order_acquire);
  for (; range != NULL; range = range->next) {
    uintptr_t start = atomic_load_explicit(&range->start, memory_order_acquire);
    if (start != 0 && address >= start && address - start < atomic_load(&range->size_bytes)) return range;
  }
  return NULL;
}

static struct mapped_range *take_range(void) {
  pthread_mutex_lock(&lock);
  struct mapped_range *range = atomic_load(&first_range);
  while (range != NULL && range->is_taken) range = range->next;
  if (range == NULL && (range = calloc(1, sizeof *range)) != NULL) {
    range->next = atomic_load(&first_range);
    atomic_store_explicit(&first_range, range, memory_order_release);
  }
  if (range != NULL) range->is_taken = true;
  pthread_mutex_unlock(&lock);
  return range;
}

static void put_range(struct mapped_range *range) {
  pthread_mutex_lock(&lock);
  range->is_taken = false;
  pthread_mutex_unlock(&lock);
}

static void unmap_range(struct mapped_range *range) {
  if (!range->is_mapped) return;
  range->is_mapped = false;
  void *start = (void *)atomic_load(&range->start);
  // Forgotten before it is unmapped: another mapping may get the address in between.
  atomic_store(&range->start, 0);
  munmap(start, atomic_load(&range->size_bytes));
}

static void finalize_range(napi_env env, void *bytes, void *hint) {
  (void)env, (void)bytes;
  unmap_range(hint);
  put_range(hint);
}

// Opens or creates and sizes; -1 and errno, with the call's name in *system_call.
static int open_file(const char *path, int64_t flags, int64_t size_bytes, int64_t mode, const char **system_call) {
  // What stands at the path may be a hostile program's: no link is followed, and opening a FIFO
  // does not wait.
  int access = (flags & FLAG_WRITE) != 0 ? O_RDWR : O_RDONLY;
  int common = O_CLOEXEC | ((flags & FLAG_FOLLOW) != 0 ? 0 : O_NOFOLLOW) | O_NONBLOCK | O_NOCTTY;
  *system_call = "open";
  if ((flags & FLAG_CREATE) == 0) return open(path, access | common);

  int fd = open(path, O_RDWR | O_CREAT | O_EXCL | common, (mode_t)mode);
  if (fd < 0) return -1;
  int error = 0;
  // fchmod, since the mode given to open is cut by the umask.
  if (fchmod(fd, (mode_t)mode) != 0) error = errno, *system_call = "fchmod";
  if (error == 0 && ftruncate(fd, size_bytes) != 0) error = errno, *system_call = "ftruncate";
  // A full tmpfs must fail here, where it can be said, and not as SIGBUS at some later store.
  if (error == 0 && (flags & FLAG_SPARSE) == 0) {
    error = posix_fallocate(fd, 0, size_bytes);
    if (error != 0) *system_call = "fallocate";
  }
  if (error == 0) return fd;
  close(fd);
  unlink(path);
  errno = error;
  return -1;
}

// (path, flags, createSizeBytes, fileMode, maxSizeBytes) -> {buffer, range}
static napi_value map_file(napi_env env, napi_callback_info info) {
  struct call call = call_open(env, info);
  char path[MAX_PATH_BYTES];
  size_t length = 0;
  if (call.count < 5) return fail(env, EINVAL, "open");
  if (napi_get_value_string_utf8(env, call.arguments[0], path, sizeof path, &length) != napi_ok) return fail(env, EINVAL, "open");
  if (length >= sizeof path - 1) return fail(env, ENAMETOOLONG, "open");
  int64_t flags = call_int64(&call, 1, 0);

  const char *system_call;
  int fd = open_file(path, flags, call_int64(&call, 2, 0), call_int64(&call, 3, 0600), &system_call);
  if (fd < 0) return fail(env, errno, system_call);
  struct stat status;
  int error = fstat(fd, &status) != 0 ? errno : 0;
  if (error == 0 && (!S_ISREG(status.st_mode) || status.st_size == 0)) error = EINVAL;
  if (error == 0 && status.st_size > call_int64(&call, 4, 0)) error = EFBIG;
  if (error != 0) {
    close(fd);
    return fail(env, error, "fstat");
  }

  size_t size_bytes = (size_t)status.st_size;
  int protection = PROT_READ | ((flags & FLAG_WRITE) != 0 ? PROT_WRITE : 0);
  int populate = (flags & FLAG_POPULATE) != 0 ? MAP_POPULATE : 0;
  void *bytes = mmap(NULL, size_bytes, protection, MAP_SHARED | populate, fd, 0);
  error = errno;
  close(fd);
  if (bytes == MAP_FAILED) return fail(env, error, "mmap");

  struct mapped_range *range = take_range();
  if (range == NULL) {
    munmap(bytes, size_bytes);
    return fail(env, ENOMEM, "mmap");
  }
  size_t page_size = (size_t)sysconf(_SC_PAGESIZE);
  atomic_store(&range->fault_count, 0);
  atomic_store(&range->protection, protection);
  atomic_store(&range->size_bytes, (size_bytes + page_size - 1) / page_size * page_size);
  range->is_mapped = true;
  atomic_store_explicit(&range->start, (uintptr_t)bytes, memory_order_release);

  napi_value buffer, handle, result;
  if (napi_create_external_arraybuffer(env, bytes, size_bytes, finalize_range, range, &buffer) != napi_ok) {
    finalize_range(env, bytes, range);
    return fail(env, ENOMEM, "mmap");
  }
  if (napi_create_external(env, range, NULL, NULL, &handle) != napi_ok) return NULL;
  if (napi_create_object(env, &result) != napi_ok) return NULL;
  napi_set_named_property(env, result, "buffer", buffer);
  napi_set_named_property(env, result, "range", handle);
  return result;
}

static struct mapped_range *call_range(const struct call *call, size_t index) {
  void *range = NULL;
  if (index >= call->count || napi_get_value_external(call->env, call->arguments[index], &range) != napi_ok) return NULL;
  return range;
}

// (range, buffer): detaches first, so that a view used later is empty instead of a crash. The entry
// itself is given back by the ArrayBuffer's finalizer.
static napi_value unmap_file(napi_env env, napi_callback_info info) {
  struct call call = call_open(env, info);
  struct mapped_range *range = call_range(&call, 0);
  if (range == NULL || call.count < 2) return NULL;
  if (napi_detach_arraybuffer(env, call.arguments[1]) != napi_ok) return fail(env, EBUSY, "munmap");
  unmap_range(range);
  return NULL;
}

// (range) -> number of pages replaced by the SIGBUS handler. Only valid while mapped: the entry of
// a mapping that is gone may already belong to another.
static napi_value fault_count(napi_env env, napi_callback_info info) {
  struct call call = call_open(env, info);
  struct mapped_range *range = call_range(&call, 0);
  return number_of(env, range == NULL ? 0 : atomic_load(&range->fault_count));
}

void register_mappings(napi_env env, napi_value exports) {
  set_function(env, exports, "mapFile", map_file);
  set_function(env, exports, "unmapFile", unmap_file);
  set_function(env, exports, "faultCount", fault_count);
}
