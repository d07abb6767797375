// SPDX-License-Identifier: MIT
// bpf(2) in types: maps, programs, ring buffers. Descriptors are plain numbers, closed by fs.closeSync;
// with the last one of a program or an attachment the kernel forgets it, so nothing outlives a process.

import type { Addon } from './addon.ts';

/** enum bpf_map_type, those that are used. */
export const BPF_MAP_TYPES = { hash: 1, array: 2, 'percpu-array': 6, 'ring-buffer': 27 } as const;

export interface BpfMapOptions {
  readonly type: keyof typeof BPF_MAP_TYPES;
  readonly keySizeBytes: number;
  readonly valueSizeBytes: number;
  readonly maxEntries: number;
  /** Entries get memory when they are made; default: all at once. */
  readonly isAllocatedLater?: boolean;
}

export interface BpfProgramOptions {
  /** Encoded instructions, eight bytes each, map descriptors filled in. */
  readonly instructions: Uint8Array;
  /** BTF type id of the tracepoint's `btf_trace_NAME`. */
  readonly tracepointBtfId: number;
  /** Gets the verifier's text when the program is refused. */
  readonly log?: Uint8Array;
}

export interface BpfRing {
  /** Copies whole records to `target`, each padded to eight bytes; returns how many bytes. Does not wait. */
  read(target: Uint8Array, offset: number, capacity: number): number;
  /** Bytes that wait, the kernel's record headers included. */
  fillBytes(): number;
}

/** All throw SystemError. */
export interface Bpf {
  createMap(options: BpfMapOptions): number;
  /** Key and value have the map's sizes, 256 bytes and 64 KiB at most. */
  update(mapFd: number, key: Uint8Array, value: Uint8Array): void;
  /** Fills `value`. */
  lookup(mapFd: number, key: Uint8Array, value: Uint8Array): void;
  /** A program for a tracepoint with BTF (`tp_btf`). */
  loadProgram(options: BpfProgramOptions): number;
  /** Runs the program at its tracepoint until the descriptor is closed. */
  attach(programFd: number): number;
  openRing(mapFd: number, sizeBytes: number): BpfRing;
}

type CallSystem = <T>(sentence: string, path: string | undefined, call: () => T) => T;

const NO_PREALLOC = 1;
const TYPE_TRACING = 26;
const ATTACH_TRACE_RAW_TP = 23;
const NO_LOG = new Uint8Array(0);

export function wrapBpf(addon: Addon, callSystem: CallSystem): Bpf {
  return {
    createMap: (options) =>
      callSystem('The kernel makes no BPF map', undefined, () =>
        addon.bpfCreateMap(
          BPF_MAP_TYPES[options.type],
          options.keySizeBytes,
          options.valueSizeBytes,
          options.maxEntries,
          options.isAllocatedLater === true ? NO_PREALLOC : 0,
        ),
      ),
    update: (mapFd, key, value) =>
      callSystem('The BPF map cannot be changed', undefined, () => addon.bpfUpdate(mapFd, key, value)),
    lookup: (mapFd, key, value) =>
      callSystem('The BPF map cannot be read', undefined, () => addon.bpfLookup(mapFd, key, value)),
    loadProgram: (options) =>
      callSystem('The kernel refuses a BPF program', undefined, () =>
        addon.bpfLoadProgram(
          TYPE_TRACING,
          ATTACH_TRACE_RAW_TP,
          options.tracepointBtfId,
          options.instructions,
          options.log ?? NO_LOG,
        ),
      ),
    attach: (programFd) =>
      callSystem('The kernel does not attach a BPF program', undefined, () => addon.bpfAttach(programFd)),
    openRing(mapFd, sizeBytes) {
      const ring = callSystem('The BPF ring buffer cannot be mapped', undefined, () =>
        addon.bpfOpenRing(mapFd, sizeBytes),
      );
      return {
        read: (target, offset, capacity) => addon.bpfReadRing(ring, target, offset, capacity),
        fillBytes: () => addon.bpfRingFill(ring),
      };
    },
  };
}
