// SPDX-License-Identifier: MIT
// What has to be asked while it is true to name the addresses of stacks later: the memory maps of the
// processes, V8's list of its code (/tmp/perf-PID.map), and the names of the kernel's addresses that were seen.
// All goes to DIR/.lockstep/ when the recording ends; @lockstep/symbols reads it.

import { closeSync, constants, fstatSync, openSync, readFileSync, readSync, writeFileSync } from 'node:fs';
import { parseKallsyms, STACK_PLACES_NAME, STACK_PLACES_VERSION, type StackPlaces } from '@lockstep/symbols';
import type { Stack } from './stack-joiner.ts';

type Mapping = readonly [begin: string, end: string, offset: string, path: string];

interface ProcessPlaces {
  mappings: readonly Mapping[];
  /** Numbers of the mappings' bounds, for looking whether an address is known. */
  bounds: readonly (readonly [begin: number, end: number])[];
  nextReadMs: number;
}

const MAX_PROCESSES = 10_000;
const MAX_KERNEL_ADDRESSES = 200_000;
const MAX_PERF_MAP_BYTES = 256 << 20;
/** A process whose stacks hold addresses of no file (code made at run time) is not read again for each. */
const MIN_READ_INTERVAL_MS = 100;

export class StackPlaceRecorder {
  readonly #processes = new Map<number, ProcessPlaces>();
  readonly #kernel = new Set<bigint>();

  noteKernel(stack: Stack): void {
    if (this.#kernel.size >= MAX_KERNEL_ADDRESSES) return;
    for (let index = 0; index < stack.count; index++) this.#kernel.add(addressOf(stack, index));
  }

  noteUser(pid: number, stack: Stack): void {
    if (pid <= 0 || stack.count === 0) return;
    let places = this.#processes.get(pid);
    if (places === undefined) {
      if (this.#processes.size >= MAX_PROCESSES) return;
      places = { mappings: [], bounds: [], nextReadMs: 0 };
      this.#processes.set(pid, places);
    }
    for (let index = 0; index < stack.count; index++) {
      const address = Number(addressOf(stack, index));
      if (places.bounds.some(([begin, end]) => address >= begin && address < end)) continue;
      const now = performance.now();
      if (now < places.nextReadMs) return;
      places.nextReadMs = now + MIN_READ_INTERVAL_MS;
      readMappings(pid, places);
      return;
    }
  }

  /** Writes everything to `directory`, when there is anything. */
  write(directory: string): void {
    if (this.#processes.size === 0 && this.#kernel.size === 0) return;
    const places: StackPlaces = {
      version: STACK_PLACES_VERSION,
      kernel: this.#nameKernel(),
      processes: Object.fromEntries([...this.#processes].map(([pid, { mappings }]) => [String(pid), mappings])),
    };
    writeFileSync(`${directory}/${STACK_PLACES_NAME}`, JSON.stringify(places));
    for (const pid of this.#processes.keys()) copyPerfMap(pid, directory);
  }

  #nameKernel(): Record<string, string> {
    const names: Record<string, string> = {};
    if (this.#kernel.size === 0) return names;
    const table = parseKallsyms(readFileSync('/proc/kallsyms', 'latin1'));
    for (const address of this.#kernel) {
      const place = table.find(address);
      if (place !== undefined) names[address.toString(16)] = `${place.name}+0x${place.offset.toString(16)}`;
    }
    return names;
  }
}

function addressOf(stack: Stack, index: number): bigint {
  const low = (stack.words[2 * index] as number) >>> 0;
  const high = (stack.words[2 * index + 1] as number) >>> 0;
  return (BigInt(high) << 32n) | BigInt(low);
}

/** `7f12-7f34 r-xp 00001000 fe:00 1234 /usr/lib/libc.so.6`. What a process that is gone had, stays. */
function readMappings(pid: number, places: ProcessPlaces): void {
  let text: string;
  try {
    text = readFileSync(`/proc/${pid}/maps`, 'utf8');
  } catch {
    return;
  }
  const mappings: Mapping[] = [];
  for (const match of text.matchAll(/^([0-9a-f]+)-([0-9a-f]+) ..x. ([0-9a-f]+) \S+ \d+ +(\/.*)$/gm))
    mappings.push([match[1] ?? '', match[2] ?? '', match[3] ?? '', match[4] ?? '']);
  places.mappings = mappings;
  places.bounds = mappings.map(([begin, end]) => [Number.parseInt(begin, 16), Number.parseInt(end, 16)]);
}

/** The name is anybody's to take: only a file of the process's own making is, and no link is followed. */
function copyPerfMap(pid: number, directory: string): void {
  let fd: number | undefined;
  try {
    fd = openSync(`/tmp/perf-${pid}.map`, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
    const status = fstatSync(fd);
    if (!status.isFile() || status.size > MAX_PERF_MAP_BYTES) return;
    const bytes = Buffer.alloc(status.size);
    const size = readSync(fd, bytes, 0, bytes.length, 0);
    writeFileSync(`${directory}/perf-${pid}.map`, bytes.subarray(0, size));
  } catch {
    // It has none.
  } finally {
    if (fd !== undefined) closeSync(fd);
  }
}
