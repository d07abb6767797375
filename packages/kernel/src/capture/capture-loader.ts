// SPDX-License-Identifier: MIT
// The capturing programs and their table -> running in the kernel, until `close` or the end of the process.

import { close, closeSync } from 'node:fs';
import { SystemError } from '@lockstep/base';
import { loadNative, type Bpf } from '@lockstep/native';
import { link } from './bpf-assembler.ts';
import { MAPS, SCRATCH_SIZE_BYTES } from './capture-memory.ts';
import { COUNTER_LOST, COUNTERS_SIZE_BYTES } from './capture-programs.ts';
import type { Attachment, CaptureSet, EncodedProgram } from './capture-set.ts';
import { TABLE_SIZE_BYTES } from './capture-table.ts';

/** Room for what is captured between two visits of the reader, 50 ms apart: 50 000 paths. */
export const RING_SIZE_BYTES = 8 << 20;
/** Threads of a recording at one time. */
const MAX_TID_COUNT = 65_536;
const LOG_SIZE_BYTES = 1 << 20;

/** What one thread of a process needs to go on with what another one loaded: descriptors are the process's. */
export interface CaptureHandle {
  /** While they are open the programs run. */
  readonly links: readonly number[];
  /** Of maps and programs. */
  readonly descriptors: readonly number[];
  readonly maps: readonly (readonly [name: string, fd: number])[];
  readonly isFiltered: boolean;
}

export class Capture {
  readonly #bpf: Bpf;
  readonly #maps: Map<string, number>;
  readonly #links: number[];
  readonly #descriptors: number[];
  readonly #isFiltered: boolean;

  private constructor(bpf: Bpf, handle: CaptureHandle) {
    this.#bpf = bpf;
    this.#isFiltered = handle.isFiltered;
    this.#links = [...handle.links];
    this.#descriptors = [...handle.descriptors];
    this.#maps = new Map(handle.maps);
  }

  /** Throws SystemError with the kernel's reason when it refuses. */
  static load(bpf: Bpf, set: CaptureSet): Capture {
    const capture = new Capture(bpf, { links: [], descriptors: [], maps: [], isFiltered: set.isFiltered });
    try {
      capture.#load(set);
    } catch (error) {
      capture.close();
      throw error;
    }
    return capture;
  }

  /** What another thread loaded is this one's from now on: it closes it. */
  static adopt(bpf: Bpf, handle: CaptureHandle): Capture {
    return new Capture(bpf, handle);
  }

  get handle(): CaptureHandle {
    return {
      links: [...this.#links],
      descriptors: [...this.#descriptors],
      maps: [...this.#maps],
      isFiltered: this.#isFiltered,
    };
  }

  #load(set: CaptureSet): void {
    this.#makeMaps();
    const table = new Uint8Array(TABLE_SIZE_BYTES);
    table.set(Buffer.from(set.table, 'base64'));
    this.#bpf.update(this.#map(MAPS.table), u32(0), table);
    // Forks first: a thread that is added must not slip through.
    const order: readonly Attachment[] = ['sched_process_exit', 'sched_process_fork', 'sys_exit', 'sys_enter'];
    for (const name of order) {
      if (!set.isFiltered && name === 'sched_process_fork') continue;
      const fd = this.#loadProgram(set.programs[name], set.btfIds[name]);
      this.#links.push(this.#bpf.attach(fd));
    }
  }

  #makeMaps(): void {
    const make = (name: string, options: Parameters<Bpf['createMap']>[0]) =>
      this.#maps.set(name, this.#keep(this.#bpf.createMap(options)));
    const u32Key = { keySizeBytes: 4, valueSizeBytes: 4 } as const;
    make(MAPS.tids, { type: 'hash', ...u32Key, maxEntries: MAX_TID_COUNT, isAllocatedLater: true });
    make(MAPS.late, { type: 'hash', ...u32Key, maxEntries: MAX_TID_COUNT, isAllocatedLater: true });
    make(MAPS.scratch, { type: 'percpu-array', keySizeBytes: 4, valueSizeBytes: SCRATCH_SIZE_BYTES, maxEntries: 1 });
    make(MAPS.ring, { type: 'ring-buffer', keySizeBytes: 0, valueSizeBytes: 0, maxEntries: RING_SIZE_BYTES });
    make(MAPS.counters, { type: 'array', keySizeBytes: 4, valueSizeBytes: COUNTERS_SIZE_BYTES, maxEntries: 1 });
    make(MAPS.table, { type: 'array', keySizeBytes: 4, valueSizeBytes: TABLE_SIZE_BYTES, maxEntries: 1 });
  }

  #loadProgram(program: EncodedProgram, tracepointBtfId: number): number {
    const assembled = { bytes: new Uint8Array(Buffer.from(program.code, 'base64')), maps: program.maps };
    const instructions = link(assembled, this.#maps);
    try {
      return this.#keep(this.#bpf.loadProgram({ instructions, tracepointBtfId }));
    } catch (error) {
      if (!(error instanceof SystemError) || error.code === 'EPERM') throw error;
      // Once more for the verifier's own words, which nobody pays for while all is well.
      const log = new Uint8Array(LOG_SIZE_BYTES);
      try {
        return this.#keep(this.#bpf.loadProgram({ instructions, tracepointBtfId, log }));
      } catch {
        const text = Buffer.from(log.subarray(0, log.indexOf(0)))
          .toString('latin1')
          .trim();
        throw new SystemError(
          `The kernel refuses a program that captures what pointers point to: ${lastLines(text)}`,
          error.code,
          'bpf',
        );
      }
    }
  }

  /** Records this thread's calls, and those of the threads and processes it makes. */
  addThread(tid: number): void {
    if (this.#isFiltered) this.#bpf.update(this.#map(MAPS.tids), u32(tid), u32(1));
  }

  get ringFd(): number {
    return this.#map(MAPS.ring);
  }

  /** Records that found no room in the ring buffer. */
  lostCount(): number {
    const value = new Uint8Array(COUNTERS_SIZE_BYTES);
    this.#bpf.lookup(this.#map(MAPS.counters), u32(0), value);
    return Number(new DataView(value.buffer).getBigUint64(COUNTER_LOST, true));
  }

  /**
   * The programs run no more; what they wrote stays to be read. In threads of the pool, one after the other: the
   * kernel waits for its CPUs at each, some 30 ms in all.
   */
  async detach(): Promise<void> {
    for (const fd of this.#links.splice(0)) await new Promise<void>((resolve) => close(fd, () => resolve()));
  }

  close(): void {
    for (const fd of this.#links.splice(0)) closeSync(fd);
    for (const fd of this.#descriptors.splice(0)) closeSync(fd);
    this.#maps.clear();
  }

  #map(name: string): number {
    return this.#maps.get(name) ?? -1;
  }
  #keep(fd: number): number {
    this.#descriptors.push(fd);
    return fd;
  }
}

/** Throws SystemError when the kernel refuses; undefined without the native addon. */
export function startCapture(set: CaptureSet): Capture | undefined {
  const native = loadNative();
  return native === undefined ? undefined : Capture.load(native.bpf, set);
}

function u32(value: number): Uint8Array {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setUint32(0, value, true);
  return bytes;
}

function lastLines(text: string): string {
  return text.split('\n').slice(-8).join(' | ');
}
