// SPDX-License-Identifier: MIT
// The clock page: what turns a reading of a CPU's fast counter into ns, in memory that one process
// writes and any process reads, without a system call and without a lock. It answers for counters that
// each CPU runs at its own, changing rate. docs/clock-page.md
//
//   byte                                                     who writes, when
//   ----- ------------------------------------------------- ------------------------------------------
//     0   magic u32 'LSCP'                                  keeper, last of all at creation
//     4   version u32                                       keeper, at creation
//     8   CPU count u32                                     keeper, at creation
//    12   bits of a reading that count u32                  keeper, at creation
//    16   origin, cycles u64: positions count from here     keeper, at creation
//    24   origin, ns i64: times count from here             keeper, at creation
//   256 + cpu * 256:
//     0   SEQUENCE u32: 0 until the CPU was seen            keeper, after the copy that it names
//    64   copy 0: before {start position f64, start ns f64, ns per cycle f64}, after {the same}
//   112   copy 1: the same
//
// The copy of a sequence is its low bit. A change: fill the other copy, then count SEQUENCE up by one,
// so a keeper that dies in between leaves a page that still answers. A reader: load SEQUENCE, the copy,
// SEQUENCE again; repeat when it moved.
//
// A copy holds two segments, and the later one starts a little after it was published. So what a
// counter's reading means never depends on when its reader looked at the page: every reader, and the
// converter of kernel records later, gets the same number for it.
//
// Positions and times are doubles, exact to 2^53: 52 days of cycles at 2 GHz, 104 days of ns.

import { ProtocolError } from '@lockstep/base';

export const CLOCK_PAGE_MAGIC = 0x5043534c; // 'LSCP', little-endian
export const CLOCK_PAGE_VERSION = 1;
const HEADER_SIZE_BYTES = 256;
const SLOT_SIZE_BYTES = 256;
const COPY_OFFSET_BYTES = 64;
const COPY_SIZE_BYTES = 48;
const MIN_COUNTER_BITS = 8;
const MAX_CPU_COUNT = 8192;

/** A straight piece of a CPU's clock: from `startCycles` on, until the next one. */
export interface ClockSegment {
  /** Position: cycles since the page's origin. An integer. */
  readonly startCycles: number;
  /** ns since the page's origin. An integer. */
  readonly startNs: number;
  readonly nsPerCycle: number;
}

export interface ClockPageOrigin {
  readonly cycles: bigint;
  readonly ns: bigint;
}

export function clockPageSize(cpuCount: number): number {
  return HEADER_SIZE_BYTES + cpuCount * SLOT_SIZE_BYTES;
}

/** ns that `segment` gives at a position of it: multiplied, then rounded down, exactly as clock-page.c does. */
export function applySegment(segment: ClockSegment, position: number): number {
  return segment.startNs + Math.floor((position - segment.startCycles) * segment.nsPerCycle);
}

/** The position nearest to `startCycles` whose low `counterBits` are those of `reading`. */
export function expandReading(reading: bigint, origin: bigint, startCycles: number, counterBits: number): number {
  const distance = BigInt.asIntN(counterBits, reading - origin - BigInt(startCycles));
  return startCycles + Number(distance);
}

/** The page as its keeper has it. */
export class ClockPageWriter {
  readonly origin: ClockPageOrigin;
  readonly #words: Int32Array;
  readonly #doubles: Float64Array;

  /** Fills zeroed memory of `clockPageSize(cpuCount)` bytes. */
  constructor(memory: ArrayBufferLike, cpuCount: number, counterBits: number, origin: ClockPageOrigin) {
    this.#words = new Int32Array(memory);
    this.#doubles = new Float64Array(memory);
    this.origin = origin;
    const quads = new BigInt64Array(memory);
    this.#words[1] = CLOCK_PAGE_VERSION;
    this.#words[2] = cpuCount;
    this.#words[3] = counterBits;
    quads[2] = BigInt.asIntN(64, origin.cycles);
    quads[3] = origin.ns;
    Atomics.store(this.#words, 0, CLOCK_PAGE_MAGIC);
  }

  /** From now on `before` holds until `after.startCycles`, then `after`. */
  publish(cpu: number, before: ClockSegment, after: ClockSegment): void {
    const slot = HEADER_SIZE_BYTES + cpu * SLOT_SIZE_BYTES;
    const sequence = ((this.#words[slot >> 2] as number) + 1) | 0;
    // 0 says that the CPU was never seen.
    const next = sequence === 0 ? 2 : sequence;
    const at = (slot + COPY_OFFSET_BYTES + (next & 1) * COPY_SIZE_BYTES) >> 3;
    const doubles = this.#doubles;
    doubles[at] = before.startCycles;
    doubles[at + 1] = before.startNs;
    doubles[at + 2] = before.nsPerCycle;
    doubles[at + 3] = after.startCycles;
    doubles[at + 4] = after.startNs;
    doubles[at + 5] = after.nsPerCycle;
    // After the copy, so that who sees this sequence sees all of it.
    Atomics.store(this.#words, slot >> 2, next);
  }
}

/**
 * A page read in JavaScript: what the addon's `readClockPage` does, for tests, for simulated counters,
 * and where the counter's reading is at hand already.
 */
export class ClockPageReader {
  readonly cpuCount: number;
  readonly counterBits: number;
  readonly origin: ClockPageOrigin;
  readonly #words: Int32Array;
  readonly #doubles: Float64Array;

  /** Throws ProtocolError when the memory holds no clock page. */
  constructor(memory: ArrayBufferLike) {
    const words = new Int32Array(memory, 0, memory.byteLength >> 2);
    this.#words = words;
    if (memory.byteLength < HEADER_SIZE_BYTES || Atomics.load(words, 0) !== CLOCK_PAGE_MAGIC)
      throw new ProtocolError('The clock page is not one of Lockstep');
    const version = words[1] as number;
    if (version !== CLOCK_PAGE_VERSION)
      throw new ProtocolError('The clock page is of another version of Lockstep', {
        version,
        expected: CLOCK_PAGE_VERSION,
      });
    this.cpuCount = words[2] as number;
    this.counterBits = words[3] as number;
    if (
      this.cpuCount < 1 ||
      this.cpuCount > MAX_CPU_COUNT ||
      this.counterBits < MIN_COUNTER_BITS ||
      this.counterBits > 64 ||
      memory.byteLength < clockPageSize(this.cpuCount)
    )
      throw new ProtocolError('The clock page is damaged', { cpuCount: this.cpuCount, counterBits: this.counterBits });
    this.#doubles = new Float64Array(memory, 0, memory.byteLength >> 3);
    const quads = new BigInt64Array(memory, 0, 4);
    this.origin = { cycles: BigInt.asUintN(64, quads[2] as bigint), ns: quads[3] as bigint };
  }

  /**
   * ns, absolute, at which the counter of `cpu` showed `reading`. Undefined: the CPU is unknown, the page
   * was changed meanwhile, or the reading is older than what the page still tells; read the counter anew.
   */
  tryRead(cpu: number, reading: bigint): bigint | undefined {
    if (cpu < 0 || cpu >= this.cpuCount) return undefined;
    const word = (HEADER_SIZE_BYTES + cpu * SLOT_SIZE_BYTES) >> 2;
    const sequence = Atomics.load(this.#words, word);
    if (sequence === 0) return undefined;
    const at = ((word << 2) + COPY_OFFSET_BYTES + (sequence & 1) * COPY_SIZE_BYTES) >> 3;
    const before = this.#segment(at);
    const after = this.#segment(at + 3);
    if (Atomics.load(this.#words, word) !== sequence) return undefined;
    const position = expandReading(reading, this.origin.cycles, after.startCycles, this.counterBits);
    if (position < before.startCycles) return undefined;
    return this.origin.ns + BigInt(applySegment(position < after.startCycles ? before : after, position));
  }

  #segment(at: number): ClockSegment {
    const doubles = this.#doubles;
    return {
      startCycles: doubles[at] as number,
      startNs: doubles[at + 1] as number,
      nsPerCycle: doubles[at + 2] as number,
    };
  }
}
