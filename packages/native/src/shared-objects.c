// SPDX-License-Identifier: MIT
// The shared objects of this process: where each lies, how much it takes, which build it is.

#include "addon.h"

#include <elf.h>
#include <link.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define MAX_BUILD_ID_BYTES 64

struct object {
  char *path;
  uint64_t base;
  uint64_t size_bytes;
  char build_id[2 * MAX_BUILD_ID_BYTES + 1];
};

struct object_list {
  struct object *objects;
  size_t count;
  size_t capacity;
};

static size_t round_up_to_4(size_t value) {
  return (value + 3) & ~(size_t)3;
}

// A note segment is a row of {name size, content size, type, name, content}, each padded to 4 bytes.
static void read_build_id(const char *note, size_t size_bytes, char *text) {
  while (size_bytes >= sizeof(ElfW(Nhdr))) {
    const ElfW(Nhdr) *header = (const void *)note;
    size_t name_size = round_up_to_4(header->n_namesz);
    size_t total = sizeof *header + name_size + round_up_to_4(header->n_descsz);
    if (total > size_bytes) return;
    const unsigned char *content = (const void *)(note + sizeof *header + name_size);
    bool is_gnu = header->n_namesz == 4 && memcmp(note + sizeof *header, "GNU", 4) == 0;
    if (is_gnu && header->n_type == NT_GNU_BUILD_ID && header->n_descsz <= MAX_BUILD_ID_BYTES) {
      for (size_t index = 0; index < header->n_descsz; index++) sprintf(text + 2 * index, "%02x", content[index]);
      return;
    }
    note += total;
    size_bytes -= total;
  }
}

// Called under the dynamic linker's lock: collects only, and makes no JavaScript value.
static int collect(struct dl_phdr_info *info, size_t size, void *context) {
  (void)size;
  struct object_list *list = context;
  if (list->count == list->capacity) {
    size_t capacity = list->capacity == 0 ? 32 : list->capacity * 2;
    struct object *grown = realloc(list->objects, capacity * sizeof *grown);
    if (grown == NULL) return 1;
    list->objects = grown;
    list->capacity = capacity;
  }
  struct object object = {0};
  uint64_t low = UINT64_MAX, high = 0;
  for (int index = 0; index < info->dlpi_phnum; index++) {
    const ElfW(Phdr) *segment = &info->dlpi_phdr[index];
    if (segment->p_type == PT_LOAD) {
      if (segment->p_vaddr < low) low = segment->p_vaddr;
      if (segment->p_vaddr + segment->p_memsz > high) high = segment->p_vaddr + segment->p_memsz;
    } else if (segment->p_type == PT_NOTE && object.build_id[0] == 0) {
      read_build_id((const char *)(info->dlpi_addr + segment->p_vaddr), segment->p_memsz, object.build_id);
    }
  }
  if (high <= low) return 0;
  object.base = info->dlpi_addr + low;
  object.size_bytes = high - low;
  object.path = strdup(info->dlpi_name == NULL ? "" : info->dlpi_name);
  if (object.path != NULL) list->objects[list->count++] = object;
  return 0;
}

static void set_text(napi_env env, napi_value target, const char *name, const char *text) {
  napi_value value;
  if (napi_create_string_utf8(env, text, NAPI_AUTO_LENGTH, &value) == napi_ok) napi_set_named_property(env, target, name, value);
}

static void set_uint64(napi_env env, napi_value target, const char *name, uint64_t number) {
  napi_value value;
  if (napi_create_bigint_uint64(env, number, &value) == napi_ok) napi_set_named_property(env, target, name, value);
}

// () -> [{path, baseAddress, sizeBytes, buildId}]; the program itself has the path ''.
static napi_value shared_objects(napi_env env, napi_callback_info info) {
  (void)info;
  struct object_list list = {0};
  dl_iterate_phdr(collect, &list);
  napi_value result = NULL;
  bool is_made = napi_create_array(env, &result) == napi_ok;
  for (size_t index = 0; index < list.count; index++) {
    struct object *object = &list.objects[index];
    napi_value entry;
    if (is_made && napi_create_object(env, &entry) == napi_ok) {
      set_text(env, entry, "path", object->path);
      set_uint64(env, entry, "baseAddress", object->base);
      set_uint64(env, entry, "sizeBytes", object->size_bytes);
      set_text(env, entry, "buildId", object->build_id);
      napi_set_element(env, result, (uint32_t)index, entry);
    }
    free(object->path);
  }
  free(list.objects);
  return result;
}

void register_shared_objects(napi_env env, napi_value exports) {
  set_function(env, exports, "sharedObjects", shared_objects);
}
