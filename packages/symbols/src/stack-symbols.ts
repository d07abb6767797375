// SPDX-License-Identifier: MIT
// Addresses of recorded stacks -> names. What only the recording machine knew then lies in
// `stack-places.json` beside the trace (kernel/src/stack-places.ts writes it): names of the kernel's
// addresses and the memory maps of the processes. The files that those name are read when they are needed.

import { readFileSync, statSync } from 'node:fs';
import { parsePerfMap, type AddressTable } from './address-table.ts';
import { parseElf, type ElfSymbols } from './elf-symbols.ts';

export const STACK_PLACES_NAME = 'stack-places.json';
export const STACK_PLACES_VERSION = 1;

/** Addresses are hexadecimal without 0x. */
export interface StackPlaces {
  readonly version: typeof STACK_PLACES_VERSION;
  /** Address -> `name+0x12`. */
  readonly kernel: Readonly<Record<string, string>>;
  /** By pid: mappings of files that can be run, `[begin, end, offset in the file, path]`. */
  readonly processes: Readonly<Record<string, readonly (readonly [string, string, string, string])[]>>;
}

/** Node itself has 100 MB; nothing larger is read. */
const MAX_FILE_BYTES = 512 << 20;

export class StackSymbols {
  readonly #directory: string;
  readonly #places: StackPlaces | undefined;
  readonly #files = new Map<string, ElfSymbols | undefined>();
  readonly #perfMaps = new Map<number, AddressTable | undefined>();

  /** `directory`: DIR/.lockstep. */
  constructor(directory: string) {
    this.#directory = directory;
    this.#places = readPlaces(`${directory}/${STACK_PLACES_NAME}`);
  }

  kernelName(address: bigint): string {
    return this.#places?.kernel[address.toString(16)] ?? `0x${address.toString(16)}`;
  }

  userName(pid: number, address: bigint): string {
    const script = this.#perfMapOf(pid)?.find(address);
    if (script !== undefined) return script.name;
    for (const [begin, end, offset, path] of this.#places?.processes[String(pid)] ?? []) {
      const from = parseHex(begin);
      if (address < from || address >= parseHex(end)) continue;
      const file = path.slice(path.lastIndexOf('/') + 1);
      const fileOffset = address - from + parseHex(offset);
      const elf = this.#fileOf(path);
      const virtual = elf?.toVirtual(fileOffset);
      const place = virtual === undefined ? undefined : elf?.functions.find(virtual);
      return place === undefined
        ? `${file}+0x${fileOffset.toString(16)}`
        : `${place.name}+0x${place.offset.toString(16)} (${file})`;
    }
    return `0x${address.toString(16)}`;
  }

  #fileOf(path: string): ElfSymbols | undefined {
    if (!this.#files.has(path)) this.#files.set(path, readElf(path));
    return this.#files.get(path);
  }

  #perfMapOf(pid: number): AddressTable | undefined {
    if (!this.#perfMaps.has(pid)) {
      const text = tryReadText(`${this.#directory}/perf-${pid}.map`);
      this.#perfMaps.set(pid, text === undefined ? undefined : parsePerfMap(text));
    }
    return this.#perfMaps.get(pid);
  }
}

function parseHex(text: string): bigint {
  return /^[0-9a-f]{1,16}$/.test(text) ? BigInt(`0x${text}`) : 0n;
}

function readPlaces(path: string): StackPlaces | undefined {
  const text = tryReadText(path);
  if (text === undefined) return undefined;
  try {
    const places = JSON.parse(text) as Partial<StackPlaces> | null;
    const isWhole =
      places?.version === STACK_PLACES_VERSION &&
      isRecord(places.kernel) &&
      isRecord(places.processes) &&
      Object.values(places.processes ?? {}).every(
        (list) =>
          Array.isArray(list) &&
          list.every((one) => Array.isArray(one) && one.every((part) => typeof part === 'string')),
      );
    return isWhole ? (places as StackPlaces) : undefined;
  } catch {
    return undefined;
  }
}

function isRecord(value: unknown): boolean {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function tryReadText(path: string): string | undefined {
  try {
    return statSync(path).size > MAX_FILE_BYTES ? undefined : readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}

function readElf(path: string): ElfSymbols | undefined {
  try {
    const status = statSync(path);
    return !status.isFile() || status.size > MAX_FILE_BYTES ? undefined : parseElf(readFileSync(path));
  } catch {
    return undefined;
  }
}
