// SPDX-License-Identifier: MIT
// Surviving a mapping whose file was made shorter by another process: an access to a page that is
// gone raises SIGBUS. Two ways out, in one process-wide handler that is installed when a program
// first asks for either, and never before:
//
//   tryCopy        the copying thread jumps back out of its copy and returns false
//   guardMappings  the handler puts a page of zeros where the page was, counts it in the mapping,
//                  and the access is repeated: plain JavaScript loads and Atomics survive it
//
// Everything else goes to the handler that was there before, or to the default action.
// The handler stays installed: installing it around each copy would race between threads, since
// signal actions belong to the process.

#include "addon.h"
#include "mapping.h"

#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static pthread_once_t once = PTHREAD_ONCE_INIT;
static struct sigaction previous;
static uintptr_t page_size;
static int install_error;
static _Atomic(bool) is_guarding;

// Where to go on when the copy of this thread faults; NULL outside of a copy.
static __thread sigjmp_buf *volatile landing;

static bool replace_page(uintptr_t address) {
  if (!atomic_load(&is_guarding)) return false;
  struct mapped_range *range = find_mapped_range(address);
  if (range == NULL) return false;
  void *page = (void *)(address & ~(page_size - 1));
  int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED;
  // mmap is not on POSIX's list of async-signal-safe functions; on Linux it is a bare system call.
  if (mmap(page, page_size, atomic_load(&range->protection), flags, -1, 0) == MAP_FAILED) return false;
  atomic_fetch_add(&range->fault_count, 1);
  return true;
}

static void pass_on(int number, siginfo_t *info, void *context) {
  if ((previous.sa_flags & SA_SIGINFO) != 0) {
    previous.sa_sigaction(number, info, context);
  } else if (previous.sa_handler != SIG_DFL && previous.sa_handler != SIG_IGN) {
    previous.sa_handler(number);
  } else {
    // Back to the default: the faulting instruction is repeated and ends the process, core and all.
    struct sigaction fallback = {.sa_handler = SIG_DFL};
    sigaction(SIGBUS, &fallback, NULL);
    // Not raised by a fault (kill -BUS): nothing would repeat it.
    if (info->si_code <= 0) raise(SIGBUS);
  }
}

static void on_bus_error(int number, siginfo_t *info, void *context) {
  int saved = errno;
  // si_code > 0: raised by the kernel for a fault, so si_addr means something.
  if (info->si_code > 0) {
    sigjmp_buf *target = landing;
    if (target != NULL) {
      landing = NULL;
      siglongjmp(*target, 1);
    }
    if (replace_page((uintptr_t)info->si_addr)) {
      errno = saved;
      return;
    }
  }
  pass_on(number, info, context);
  errno = saved;
}

static void install(void) {
  page_size = (uintptr_t)sysconf(_SC_PAGESIZE);
  struct sigaction action = {.sa_sigaction = on_bus_error};
  // NODEFER: siglongjmp leaves the handler without returning, so SIGBUS must not stay blocked.
  action.sa_flags = SA_SIGINFO | SA_NODEFER | SA_ONSTACK;
  sigemptyset(&action.sa_mask);
  if (sigaction(SIGBUS, &action, &previous) != 0) install_error = errno;
}

static napi_value guard_mappings(napi_env env, napi_callback_info info) {
  (void)info;
  pthread_once(&once, install);
  if (install_error != 0) return fail(env, install_error, "sigaction");
  atomic_store(&is_guarding, true);
  return NULL;
}

static bool copy_guarded(uint8_t *target, const uint8_t *source, size_t size_bytes) {
  sigjmp_buf here;
  if (sigsetjmp(here, 0) != 0) return false;
  landing = &here;
  // The compiler must not move the copy out of the armed stretch.
  __asm__ volatile("" ::: "memory");
  memcpy(target, source, size_bytes);
  __asm__ volatile("" ::: "memory");
  landing = NULL;
  return true;
}

// (source, sourceOffset, target, targetOffset, sizeBytes) -> whether it was copied
static napi_value try_copy(napi_env env, napi_callback_info info) {
  struct call call = call_open(env, info);
  size_t source_size, target_size;
  uint8_t *source = call_memory(&call, 0, &source_size);
  int64_t source_offset = call_int64(&call, 1, -1);
  uint8_t *target = call_memory(&call, 2, &target_size);
  int64_t target_offset = call_int64(&call, 3, -1);
  int64_t size = call_int64(&call, 4, -1);
  bool is_copied = false;
  pthread_once(&once, install);
  if (install_error == 0 && source != NULL && target != NULL && size >= 0 && source_offset >= 0 && target_offset >= 0 &&
      (size_t)size <= source_size && (size_t)source_offset <= source_size - (size_t)size &&
      (size_t)size <= target_size && (size_t)target_offset <= target_size - (size_t)size) {
    is_copied = copy_guarded(target + target_offset, source + source_offset, (size_t)size);
  }
  napi_value result = NULL;
  napi_get_boolean(env, is_copied, &result);
  return result;
}

void register_guard(napi_env env, napi_value exports) {
  set_function(env, exports, "guardMappings", guard_mappings);
  set_function(env, exports, "tryCopy", try_copy);
}
