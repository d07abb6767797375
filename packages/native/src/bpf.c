// SPDX-License-Identifier: MIT
// bpf(2), one command a function: maps, programs, attaching them to raw tracepoints, and reading a
// BPF ring buffer. What the programs do, and what their records mean, is @lockstep/kernel's.

#include "addon.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifndef __NR_bpf
#define __NR_bpf (-1)
#endif

// enum bpf_cmd and the parts of union bpf_attr that are used (include/uapi/linux/bpf.h). Written out,
// so that headers older than the kernel do.
#define BPF_MAP_CREATE 0
#define BPF_MAP_LOOKUP_ELEM 1
#define BPF_MAP_UPDATE_ELEM 2
#define BPF_PROG_LOAD 5
#define BPF_RAW_TRACEPOINT_OPEN 17

#define NAME_SIZE_BYTES 16
#define INSTRUCTION_SIZE_BYTES 8

struct map_attr {
  uint32_t type, key_size, value_size, max_entries, flags, inner_fd, numa_node;
  char name[NAME_SIZE_BYTES];
};

struct element_attr {
  uint32_t fd, padding;
  uint64_t key, value, flags;
};

struct program_attr {
  uint32_t type, instruction_count;
  uint64_t instructions, license;
  uint32_t log_level, log_size;
  uint64_t log;
  uint32_t kernel_version, flags;
  char name[NAME_SIZE_BYTES];
  uint32_t interface_index, expected_attach_type, btf_fd, func_info_record_size;
  uint64_t func_info;
  uint32_t func_info_count, line_info_record_size;
  uint64_t line_info;
  uint32_t line_info_count, attach_btf_id, attach_program_fd, padding;
};

struct raw_tracepoint_attr {
  uint64_t name;
  uint32_t program_fd, padding;
};

static int call_bpf(int command, void *attr, size_t size_bytes) {
  return (int)syscall(__NR_bpf, command, attr, (unsigned int)size_bytes);
}

// (type, keySize, valueSize, maxEntries, flags) -> descriptor.
static napi_value bpf_create_map(napi_env env, napi_callback_info info) {
  struct call call = call_open(env, info);
  struct map_attr attr = {
      .type = (uint32_t)call_int64(&call, 0, 0),
      .key_size = (uint32_t)call_int64(&call, 1, 0),
      .value_size = (uint32_t)call_int64(&call, 2, 0),
      .max_entries = (uint32_t)call_int64(&call, 3, 0),
      .flags = (uint32_t)call_int64(&call, 4, 0),
      .name = "lockstep",
  };
  int fd = call_bpf(BPF_MAP_CREATE, &attr, sizeof attr);
  return fd < 0 ? fail(env, errno, "bpf") : number_of(env, fd);
}

// (descriptor, key, value): the caller's buffers have the map's sizes. A map's sizes are the kernel's
// to know; buffers that are too short would let it read beyond them, so they are padded here.
#define MAX_KEY_SIZE_BYTES 256
#define MAX_VALUE_SIZE_BYTES 65536

static napi_value access_element(napi_env env, napi_callback_info info, int command) {
  struct call call = call_open(env, info);
  uint8_t key[MAX_KEY_SIZE_BYTES] = {0};
  size_t key_size, value_size;
  uint8_t *key_bytes = call_memory(&call, 1, &key_size);
  uint8_t *value_bytes = call_memory(&call, 2, &value_size);
  if (key_bytes == NULL || value_bytes == NULL || key_size > sizeof key || value_size > MAX_VALUE_SIZE_BYTES)
    return fail(env, EINVAL, "bpf");
  uint8_t *value = calloc(1, MAX_VALUE_SIZE_BYTES);
  if (value == NULL) return fail(env, ENOMEM, "calloc");
  memcpy(key, key_bytes, key_size);
  memcpy(value, value_bytes, value_size);
  struct element_attr attr = {
      .fd = (uint32_t)call_int64(&call, 0, -1),
      .key = (uintptr_t)key,
      .value = (uintptr_t)value,
  };
  int status = call_bpf(command, &attr, sizeof attr);
  int error = errno;
  if (status == 0) memcpy(value_bytes, value, value_size);
  free(value);
  return status == 0 ? NULL : fail(env, error, "bpf");
}

static napi_value bpf_update(napi_env env, napi_callback_info info) {
  return access_element(env, info, BPF_MAP_UPDATE_ELEM);
}

// Fills `value`.
static napi_value bpf_lookup(napi_env env, napi_callback_info info) {
  return access_element(env, info, BPF_MAP_LOOKUP_ELEM);
}

// (type, expectedAttachType, attachBtfId, instructions, log) -> descriptor. `log` gets the verifier's
// text when the program is refused; empty: none is asked for.
static napi_value bpf_load_program(napi_env env, napi_callback_info info) {
  struct call call = call_open(env, info);
  size_t size_bytes, log_size;
  uint8_t *instructions = call_memory(&call, 3, &size_bytes);
  uint8_t *log = call_memory(&call, 4, &log_size);
  if (instructions == NULL || size_bytes % INSTRUCTION_SIZE_BYTES != 0) return fail(env, EINVAL, "bpf");
  struct program_attr attr = {
      .type = (uint32_t)call_int64(&call, 0, 0),
      .instruction_count = (uint32_t)(size_bytes / INSTRUCTION_SIZE_BYTES),
      .instructions = (uintptr_t)instructions,
      // The helpers that read user memory are for programs under the GPL; ours is under both.
      .license = (uintptr_t) "Dual MIT/GPL",
      .log_level = log_size > 0 ? 1 : 0,
      .log_size = (uint32_t)log_size,
      .log = log_size > 0 ? (uintptr_t)log : 0,
      .name = "lockstep",
      .expected_attach_type = (uint32_t)call_int64(&call, 1, 0),
      .attach_btf_id = (uint32_t)call_int64(&call, 2, 0),
  };
  int fd = call_bpf(BPF_PROG_LOAD, &attr, sizeof attr);
  return fd < 0 ? fail(env, errno, "bpf") : number_of(env, fd);
}

// (programDescriptor) -> descriptor; the program runs until it is closed. The tracepoint is the one
// that the program was loaded for (attachBtfId).
static napi_value bpf_attach(napi_env env, napi_callback_info info) {
  struct call call = call_open(env, info);
  struct raw_tracepoint_attr attr = {.program_fd = (uint32_t)call_int64(&call, 0, -1)};
  int fd = call_bpf(BPF_RAW_TRACEPOINT_OPEN, &attr, sizeof attr);
  return fd < 0 ? fail(env, errno, "bpf") : number_of(env, fd);
}

// A BPF ring buffer (kernel/bpf/ringbuf.c): a page that we write (how far we have read), a page that
// the kernel writes (how far it has written), and the data, mapped twice in a row so that no record
// is cut. A record begins with its length, whose two upper bits say "not finished" and "give up".
#define RECORD_BUSY (1u << 31)
#define RECORD_DISCARDED (1u << 30)
#define RECORD_HEADER_SIZE_BYTES 8

struct ring {
  uint8_t *consumer;
  uint8_t *producer;
  size_t page_size, size_bytes;
};

static void close_ring(napi_env env, void *data, void *hint) {
  (void)env;
  (void)hint;
  struct ring *ring = data;
  if (ring->consumer != NULL) munmap(ring->consumer, ring->page_size);
  if (ring->producer != NULL) munmap(ring->producer, ring->page_size + 2 * ring->size_bytes);
  free(ring);
}

// (mapDescriptor, sizeBytes) -> ring. Unmapped when it is collected.
static napi_value bpf_open_ring(napi_env env, napi_callback_info info) {
  struct call call = call_open(env, info);
  int fd = (int)call_int64(&call, 0, -1);
  size_t size_bytes = (size_t)call_int64(&call, 1, 0);
  struct ring *ring = calloc(1, sizeof *ring);
  if (ring == NULL) return fail(env, ENOMEM, "calloc");
  ring->page_size = (size_t)sysconf(_SC_PAGESIZE);
  ring->size_bytes = size_bytes;
  void *consumer = mmap(NULL, ring->page_size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  void *producer = MAP_FAILED;
  if (consumer != MAP_FAILED) {
    ring->consumer = consumer;
    producer = mmap(NULL, ring->page_size + 2 * size_bytes, PROT_READ, MAP_SHARED, fd, (off_t)ring->page_size);
    if (producer != MAP_FAILED) ring->producer = producer;
  }
  napi_value result = NULL;
  int error = errno;
  if (producer == MAP_FAILED || napi_create_external(env, ring, close_ring, NULL, &result) != napi_ok) {
    close_ring(env, ring, NULL);
    return fail(env, error, "mmap");
  }
  return result;
}

// (ring, target, offset, capacity) -> bytes copied: whole records without the kernel's headers, each
// padded to eight bytes, as many as are there and fit. Does not wait.
static napi_value bpf_read_ring(napi_env env, napi_callback_info info) {
  struct call call = call_open(env, info);
  struct ring *ring = NULL;
  size_t target_size;
  uint8_t *target = call_memory(&call, 1, &target_size);
  size_t offset = (size_t)call_int64(&call, 2, 0);
  size_t capacity = (size_t)call_int64(&call, 3, 0);
  if (call.count < 4 || napi_get_value_external(env, call.arguments[0], (void **)&ring) != napi_ok || target == NULL ||
      offset > target_size || capacity > target_size - offset)
    return fail(env, EINVAL, "read");
  uint64_t *consumed = (uint64_t *)ring->consumer;
  uint64_t at = *consumed;
  uint64_t produced = __atomic_load_n((uint64_t *)ring->producer, __ATOMIC_ACQUIRE);
  uint8_t *records = ring->producer + ring->page_size;
  size_t copied = 0;
  while (at < produced) {
    uint8_t *record = records + (at & (ring->size_bytes - 1));
    uint32_t length = __atomic_load_n((uint32_t *)record, __ATOMIC_ACQUIRE);
    if (length & RECORD_BUSY) break;
    size_t data_size = length & ~(RECORD_BUSY | RECORD_DISCARDED);
    size_t padded = (data_size + 7) & ~(size_t)7;
    if (padded + RECORD_HEADER_SIZE_BYTES > ring->size_bytes) break;
    if (!(length & RECORD_DISCARDED)) {
      if (padded > capacity - copied) break;
      memcpy(target + offset + copied, record + RECORD_HEADER_SIZE_BYTES, padded);
      copied += padded;
    }
    at += padded + RECORD_HEADER_SIZE_BYTES;
    // The kernel may use the room from now on.
    __atomic_store_n(consumed, at, __ATOMIC_RELEASE);
  }
  return number_of(env, (double)copied);
}

// (ring) -> bytes that wait.
static napi_value bpf_ring_fill(napi_env env, napi_callback_info info) {
  struct call call = call_open(env, info);
  struct ring *ring = NULL;
  if (call.count < 1 || napi_get_value_external(env, call.arguments[0], (void **)&ring) != napi_ok)
    return fail(env, EINVAL, "read");
  uint64_t produced = __atomic_load_n((uint64_t *)ring->producer, __ATOMIC_ACQUIRE);
  return number_of(env, (double)(produced - *(uint64_t *)ring->consumer));
}

void register_bpf(napi_env env, napi_value exports) {
  set_function(env, exports, "bpfCreateMap", bpf_create_map);
  set_function(env, exports, "bpfUpdate", bpf_update);
  set_function(env, exports, "bpfLookup", bpf_lookup);
  set_function(env, exports, "bpfLoadProgram", bpf_load_program);
  set_function(env, exports, "bpfAttach", bpf_attach);
  set_function(env, exports, "bpfOpenRing", bpf_open_ring);
  set_function(env, exports, "bpfReadRing", bpf_read_ring);
  set_function(env, exports, "bpfRingFill", bpf_ring_fill);
}
