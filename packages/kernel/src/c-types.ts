// SPDX-License-Identifier: MIT
// C type names as format files spell them -> their size and sign on a 64-bit kernel.

/** Signed C types that appear as arguments of system calls and as elements. */
const SIGNED_TYPES: ReadonlySet<string> = new Set([
  'char',
  'signed char',
  'short',
  'int',
  'long',
  'long long',
  'long int',
  'pid_t',
  'ssize_t',
  'loff_t',
  'off_t',
  'time_t',
  'key_t',
  'clockid_t',
  'timer_t',
  's8',
  's16',
  's32',
  's64',
  '__s8',
  '__s16',
  '__s32',
  '__s64',
  'int32_t',
  'int64_t',
  'key_serial_t',
  'mqd_t',
  'long signed int',
  '__kernel_time_t',
  '__kernel_long_t',
]);

export function isSignedType(typeName: string): boolean {
  return SIGNED_TYPES.has(plainType(typeName));
}

const SIZES: Readonly<Record<string, number>> = {
  bool: 1,
  char: 1,
  'signed char': 1,
  'unsigned char': 1,
  u8: 1,
  s8: 1,
  __u8: 1,
  __s8: 1,
  uint8_t: 1,
  short: 2,
  'unsigned short': 2,
  u16: 2,
  s16: 2,
  __u16: 2,
  __s16: 2,
  __be16: 2,
  __le16: 2,
  uint16_t: 2,
  umode_t: 2,
  old_uid_t: 2,
  old_gid_t: 2,
  int: 4,
  unsigned: 4,
  'unsigned int': 4,
  u32: 4,
  s32: 4,
  __u32: 4,
  __s32: 4,
  __be32: 4,
  __le32: 4,
  uint32_t: 4,
  int32_t: 4,
  pid_t: 4,
  uid_t: 4,
  gid_t: 4,
  qid_t: 4,
  dev_t: 4,
  key_t: 4,
  key_serial_t: 4,
  clockid_t: 4,
  timer_t: 4,
  mqd_t: 4,
  rwf_t: 4,
  long: 8,
  'unsigned long': 8,
  'long long': 8,
  'unsigned long long': 8,
  u64: 8,
  s64: 8,
  __u64: 8,
  __s64: 8,
  uint64_t: 8,
  int64_t: 8,
  size_t: 8,
  ssize_t: 8,
  loff_t: 8,
  off_t: 8,
  sector_t: 8,
  ino_t: 8,
  aio_context_t: 8,
  cap_user_header_t: 8,
  cap_user_data_t: 8,
};

/** Bytes; undefined for a type that is not known. */
export function sizeOfType(typeName: string): number | undefined {
  const plain = plainType(typeName);
  if (plain.includes('*')) return 8;
  return plain.startsWith('enum ') ? 4 : SIZES[plain];
}

function plainType(typeName: string): string {
  return typeName
    .replace(/\b(?:const|volatile|__user)\b/g, ' ')
    .replace(/\s+/g, ' ')
    .trim();
}
