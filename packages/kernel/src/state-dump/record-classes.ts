// SPDX-License-Identifier: MIT
// The records of a state dump: one table -> their CTF classes and what the writer needs to encode them.
// Names, fields and their order are those of lttng-modules (include/instrumentation/events/
// lttng-statedump.h), plain integers where that has plain integers, since tools made for LTTng read them
// as such. What LTTng has no event for is named lockstep_statedump_*.

import {
  nullTerminatedString,
  signedInteger,
  staticLengthString,
  structure,
  unsignedInteger,
  type EventRecordClass,
  type FieldClass,
} from '@lockstep/ctf/write';

export const NAME_SIZE_BYTES = 16;

/** Bytes of a field, 0 for a string; how it is declared. Nothing within a record is aligned. */
type Kind = { readonly sizeBytes: number; readonly fieldClass: FieldClass };
export type FieldKind =
  | 'i32'
  | 'u8'
  | 'u16'
  | 'u32'
  | 'hex32'
  | 'octal32'
  | 'network32'
  | 'u64'
  | 'hex64'
  | 'taskName'
  | 'string';
const KINDS: Readonly<Record<FieldKind, Kind>> = {
  i32: { sizeBytes: 4, fieldClass: signedInteger(32, { alignment: 8 }) },
  u8: { sizeBytes: 1, fieldClass: unsignedInteger(8) },
  u16: { sizeBytes: 2, fieldClass: unsignedInteger(16, { alignment: 8 }) },
  u32: { sizeBytes: 4, fieldClass: unsignedInteger(32, { alignment: 8 }) },
  hex32: { sizeBytes: 4, fieldClass: unsignedInteger(32, { alignment: 8, displayBase: 16 }) },
  octal32: { sizeBytes: 4, fieldClass: unsignedInteger(32, { alignment: 8, displayBase: 8 }) },
  /** An IPv4 address as it travels: first byte first. */
  network32: {
    sizeBytes: 4,
    fieldClass: unsignedInteger(32, { alignment: 8, displayBase: 16, byteOrder: 'big-endian' }),
  },
  u64: { sizeBytes: 8, fieldClass: unsignedInteger(64, { alignment: 8 }) },
  hex64: { sizeBytes: 8, fieldClass: unsignedInteger(64, { alignment: 8, displayBase: 16 }) },
  /** The kernel's name of a task: at most 15 bytes and a NUL. */
  taskName: { sizeBytes: NAME_SIZE_BYTES, fieldClass: staticLengthString(NAME_SIZE_BYTES) },
  string: { sizeBytes: 0, fieldClass: nullTerminatedString() },
};

export interface RecordClass {
  readonly id: number;
  readonly name: string;
  readonly fields: readonly (readonly [name: string, kind: FieldKind])[];
  /** Without the strings. */
  readonly fixedSizeBytes: number;
}

let classCount = 0;

function recordClass(name: string, fields: Readonly<Record<string, FieldKind>>): RecordClass {
  const entries = Object.entries(fields);
  const fixedSizeBytes = entries.reduce((size, [, kind]) => size + KINDS[kind].sizeBytes, 0);
  return { id: classCount++, name, fields: entries, fixedSizeBytes };
}

const namespace = { tid: 'i32', ns_inum: 'u32' } as const;

export const START = recordClass('lttng_statedump_start', {});
export const END = recordClass('lttng_statedump_end', {});
export const PROCESS_STATE = recordClass('lttng_statedump_process_state', {
  tid: 'i32',
  pid: 'i32',
  ppid: 'i32',
  name: 'taskName',
  type: 'i32',
  mode: 'i32',
  submode: 'i32',
  status: 'i32',
  cpu: 'u32',
  file_table_address: 'hex64',
});
export const PROCESS_PID_NS = recordClass('lttng_statedump_process_pid_ns', {
  tid: 'i32',
  vtid: 'i32',
  vpid: 'i32',
  vppid: 'i32',
  ns_level: 'i32',
  ns_inum: 'u32',
});
export const PROCESS_USER_NS = recordClass('lttng_statedump_process_user_ns', {
  tid: 'i32',
  vuid: 'u32',
  vgid: 'u32',
  ns_level: 'i32',
  ns_inum: 'u32',
});
export const PROCESS_CGROUP_NS = recordClass('lttng_statedump_process_cgroup_ns', namespace);
export const PROCESS_IPC_NS = recordClass('lttng_statedump_process_ipc_ns', namespace);
export const PROCESS_MNT_NS = recordClass('lttng_statedump_process_mnt_ns', namespace);
export const PROCESS_NET_NS = recordClass('lttng_statedump_process_net_ns', namespace);
export const PROCESS_UTS_NS = recordClass('lttng_statedump_process_uts_ns', namespace);
export const PROCESS_TIME_NS = recordClass('lttng_statedump_process_time_ns', namespace);
export const FILE_DESCRIPTOR = recordClass('lttng_statedump_file_descriptor', {
  file_table_address: 'hex64',
  fd: 'i32',
  flags: 'octal32',
  fmode: 'hex32',
  filename: 'string',
  // As LTTng had it before file tables; readers of those traces know nothing else.
  pid: 'i32',
});
/** LTTng defines it and never writes it; `filename` is ours, without it the inode says little. */
export const VM_MAP = recordClass('lttng_statedump_vm_map', {
  pid: 'i32',
  start: 'hex64',
  end: 'hex64',
  flags: 'hex64',
  inode: 'u64',
  pgoff: 'u64',
  filename: 'string',
});
export const INTERRUPT = recordClass('lttng_statedump_interrupt', {
  irq: 'u32',
  name: 'string',
  action: 'string',
  tid: 'i32',
});
export const NETWORK_INTERFACE = recordClass('lttng_statedump_network_interface', {
  name: 'string',
  address_ipv4: 'network32',
});
export const BLOCK_DEVICE = recordClass('lttng_statedump_block_device', { dev: 'u32', diskname: 'string' });
export const CPU_TOPOLOGY = recordClass('lttng_statedump_cpu_topology', {
  architecture: 'string',
  cpu_id: 'u16',
  vendor: 'string',
  family: 'u8',
  model: 'u8',
  model_name: 'string',
  physical_id: 'u16',
  core_id: 'u16',
  cores: 'u16',
});
/** One line of mountinfo, once for each mount namespace. */
export const MOUNT = recordClass('lockstep_statedump_mount', {
  mnt_ns: 'u32',
  mount_id: 'i32',
  parent_id: 'i32',
  dev: 'u32',
  root: 'string',
  mount_point: 'string',
  fs_type: 'string',
  source: 'string',
  options: 'string',
});
/** `hierarchy` 0 is the unified one (cgroup v2). */
export const PROCESS_CGROUP = recordClass('lockstep_statedump_process_cgroup', {
  pid: 'i32',
  hierarchy: 'u32',
  controllers: 'string',
  path: 'string',
});
/** `id` is what the kernel's cgroup events carry. */
export const CGROUP = recordClass('lockstep_statedump_cgroup', { hierarchy: 'u32', id: 'u64', path: 'string' });
/** What other clocks showed at this record's time, and what the kernel keeps time with. */
export const CLOCK = recordClass('lockstep_statedump_clock', {
  monotonic: 'u64',
  boottime: 'u64',
  realtime: 'u64',
  clocksource: 'string',
  available_clocksources: 'string',
});
/** Something was left out; `subject` says of what, `reason` why. */
export const INCOMPLETE = recordClass('lockstep_statedump_incomplete', {
  subject: 'string',
  reason: 'string',
  count: 'u64',
});

const RECORD_CLASSES: readonly RecordClass[] = [
  START,
  END,
  PROCESS_STATE,
  PROCESS_PID_NS,
  PROCESS_USER_NS,
  PROCESS_CGROUP_NS,
  PROCESS_IPC_NS,
  PROCESS_MNT_NS,
  PROCESS_NET_NS,
  PROCESS_UTS_NS,
  PROCESS_TIME_NS,
  FILE_DESCRIPTOR,
  VM_MAP,
  INTERRUPT,
  NETWORK_INTERFACE,
  BLOCK_DEVICE,
  CPU_TOPOLOGY,
  MOUNT,
  PROCESS_CGROUP,
  CGROUP,
  CLOCK,
  INCOMPLETE,
];

export const STATE_DUMP_EVENT_CLASSES: readonly EventRecordClass[] = RECORD_CLASSES.map(({ id, name, fields }) => ({
  id: BigInt(id),
  name,
  payload: structure(Object.fromEntries(fields.map(([field, kind]) => [field, KINDS[kind].fieldClass]))),
}));
