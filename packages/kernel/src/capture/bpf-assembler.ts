// SPDX-License-Identifier: MIT
// BPF instructions, written down one after the other with labels, -> their eight bytes each
// (Documentation/bpf/standardization/instruction-set.rst). Only what the capturing programs need.
//
//   byte 0      operation: class in bits 0-2, source in bit 3, code in bits 4-7
//   byte 1      destination register in bits 0-3, source register in bits 4-7
//   bytes 2-3   offset: of memory, or of a jump in instructions
//   bytes 4-7   immediate value
//
// Registers: r0 result, r1-r5 arguments (lost by a call), r6-r9 kept by a call, r10 end of the stack.

import { assert } from '@lockstep/base';

export type Register = 0 | 1 | 2 | 3 | 4 | 5 | 6 | 7 | 8 | 9 | 10;

const SIZES = { 4: 0x00, 2: 0x08, 1: 0x10, 8: 0x18 } as const;
type AccessSize = keyof typeof SIZES;

const ARITHMETIC = { '+': 0x00, '*': 0x20, '&': 0x50, '<<': 0x60, '>>': 0x70, 's>>': 0xc0, '=': 0xb0 } as const;
const JUMPS = { '==': 0x10, '>': 0x20, '>=': 0x30, '!=': 0x50, 's<': 0xc0, 's<=': 0xd0 } as const;

/** Helpers of the kernel by number (include/uapi/linux/bpf.h). */
export const HELPERS = {
  mapLookup: 1,
  mapUpdate: 2,
  mapDelete: 3,
  ktimeGetNs: 5,
  getSmpProcessorId: 8,
  getCurrentPidTgid: 14,
  probeReadUser: 112,
  probeReadUserString: 114,
  ringBufferOutput: 130,
  getCurrentTaskBtf: 158,
} as const;

/** Where a map's descriptor is to be put once the map exists. */
export interface MapReference {
  readonly instruction: number;
  readonly map: string;
}

export interface AssembledProgram {
  readonly bytes: Uint8Array;
  readonly maps: readonly MapReference[];
}

export class BpfAssembler {
  readonly #bytes: number[] = [];
  readonly #labels = new Map<string, number>();
  readonly #jumps: { readonly instruction: number; readonly label: string }[] = [];
  readonly #maps: MapReference[] = [];
  #labelCount = 0;

  get #count(): number {
    return this.#bytes.length / 8;
  }

  /** A name that no other label has. */
  freshLabel(): string {
    return `.${this.#labelCount++}`;
  }

  label(name: string): void {
    assert(!this.#labels.has(name), 'a label stands once');
    this.#labels.set(name, this.#count);
  }

  /** `destination operation= source`, 64 bits. */
  alu(operation: keyof typeof ARITHMETIC, destination: Register, source: Register): void {
    this.#emit(0x0f | ARITHMETIC[operation], destination, source, 0, 0);
  }

  /** `destination operation= value`, 64 bits, the value sign-extended from 32. */
  aluValue(operation: keyof typeof ARITHMETIC, destination: Register, value: number): void {
    this.#emit(0x07 | ARITHMETIC[operation], destination, 0, 0, value);
  }

  /** Keeps the lower 32 bits. */
  zeroExtend(register: Register): void {
    this.#emit(0xbc, register, register, 0, 0);
  }

  load(size: AccessSize, destination: Register, base: Register, offset: number): void {
    this.#emit(0x61 | SIZES[size], destination, base, offset, 0);
  }

  store(size: AccessSize, base: Register, offset: number, source: Register): void {
    this.#emit(0x63 | SIZES[size], base, source, offset, 0);
  }

  storeValue(size: AccessSize, base: Register, offset: number, value: number): void {
    this.#emit(0x62 | SIZES[size], base, 0, offset, value);
  }

  /** Adds to the 64-bit word in memory, atomically. */
  atomicAdd(base: Register, offset: number, source: Register): void {
    this.#emit(0xdb, base, source, offset, 0);
  }

  /** The address of a map: two instructions, its descriptor filled in by `link`. */
  loadMap(destination: Register, map: string): void {
    this.#maps.push({ instruction: this.#count, map });
    const PSEUDO_MAP_FD = 1;
    this.#emit(0x18, destination, PSEUDO_MAP_FD, 0, 0);
    this.#emit(0, 0, 0, 0, 0);
  }

  call(helper: keyof typeof HELPERS): void {
    this.#emit(0x85, 0, 0, 0, HELPERS[helper]);
  }

  jump(label: string): void {
    this.#jumps.push({ instruction: this.#count, label });
    this.#emit(0x05, 0, 0, 0, 0);
  }

  jumpIf(condition: keyof typeof JUMPS, register: Register, value: number, label: string): void {
    this.#jumps.push({ instruction: this.#count, label });
    this.#emit(0x05 | JUMPS[condition], register, 0, 0, value);
  }

  jumpIfRegister(condition: keyof typeof JUMPS, register: Register, other: Register, label: string): void {
    this.#jumps.push({ instruction: this.#count, label });
    this.#emit(0x0d | JUMPS[condition], register, other, 0, 0);
  }

  exit(): void {
    this.aluValue('=', 0, 0);
    this.#emit(0x95, 0, 0, 0, 0);
  }

  assemble(): AssembledProgram {
    const bytes = Uint8Array.from(this.#bytes);
    const view = new DataView(bytes.buffer);
    for (const { instruction, label } of this.#jumps) {
      const target = this.#labels.get(label);
      assert(target !== undefined, 'a jump has a label to go to');
      view.setInt16(instruction * 8 + 2, target - instruction - 1, true);
    }
    return { bytes, maps: this.#maps };
  }

  #emit(operation: number, destination: number, source: number, offset: number, value: number): void {
    const v = value | 0;
    this.#bytes.push(operation, destination | (source << 4), offset & 0xff, (offset >> 8) & 0xff);
    this.#bytes.push(v & 0xff, (v >> 8) & 0xff, (v >> 16) & 0xff, (v >> 24) & 0xff);
  }
}

/** Fills in the descriptors of the maps, in a copy. */
export function link(program: AssembledProgram, descriptors: ReadonlyMap<string, number>): Uint8Array {
  const bytes = program.bytes.slice();
  const view = new DataView(bytes.buffer);
  for (const { instruction, map } of program.maps) {
    const fd = descriptors.get(map);
    assert(fd !== undefined, 'every map that a program names exists');
    view.setInt32(instruction * 8 + 4, fd, true);
  }
  return bytes;
}
