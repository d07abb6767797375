// SPDX-License-Identifier: MIT
// The control page: the file by which a session tells traced programs what it wants, and by which a
// later change reaches them even when their event loop is blocked. Written by the session only; a
// tracepoint call compares one word of it.
//
//   byte        word (i32)                         who writes, when
//   ----------- ---------------------------------- -------------------------------------------------
//        0   0  MAGIC                              session, last of all at creation
//        4   1  ABI_VERSION                        session, at creation
//        8   2  GENERATION                         session, after everything that it announces
//       12   3  STATE                              session: INACTIVE, ACTIVE, ENDED
//       16   4  CLOCK_KIND                         session, at creation: CLOCK_KIND_WORDS
//       20   5  OWNER_PID                          session, at creation
//       24   6  FREQUENCY low, 28 7 high           session, at creation; Hz of the trace clock
//       32   8  AREA_SIZE                          session, at creation; bytes of each rules area
//       36   9  AREA_0_LENGTH, 40 10 AREA_1_LENGTH session, before GENERATION
//       44  11  IS_READ_LIVE                       session, before GENERATION; 1: threads deliver what
//                                                  they have each time before their event loop sleeps
//       48  12  CONSUMER_COUNT                     session, at creation: consumer threads; 0 = one
//     4096      rules area 0 (generation even)     session; UTF-8 JSON of TracingPlan
//     4096+AREA_SIZE  rules area 1 (generation odd)
//
// A change: write the area of generation+1, its length, STATE, then GENERATION (Atomics.store). A
// reader: load GENERATION, copy the area, load GENERATION again; repeat while it moved by two.
// The memory may be a mapping or a copy read from the file (no addon): every function takes a view.

import { decodeUtf8, encodeUtf8, ProtocolError } from '@lockstep/base';
import type { TracingPlan } from './tracing-plan.ts';

export const CONTROL_MAGIC = 0x4c_53_43_31; // 'LSC1'
export const CONTROL_ABI_VERSION = 1;
export const CONTROL_MAGIC_WORD = 0;
export const CONTROL_ABI_VERSION_WORD = 1;
export const CONTROL_GENERATION_WORD = 2;
export const CONTROL_STATE_WORD = 3;
export const CONTROL_CLOCK_KIND_WORD = 4;
export const CONTROL_OWNER_PID_WORD = 5;
export const CONTROL_FREQUENCY_LOW_WORD = 6;
export const CONTROL_FREQUENCY_HIGH_WORD = 7;
export const CONTROL_AREA_SIZE_WORD = 8;
export const CONTROL_AREA_0_LENGTH_WORD = 9;
export const CONTROL_AREA_1_LENGTH_WORD = 10;
export const CONTROL_IS_READ_LIVE_WORD = 11;
export const CONTROL_CONSUMER_COUNT_WORD = 12;

export const CONTROL_STATE_INACTIVE = 0;
export const CONTROL_STATE_ACTIVE = 1;
export const CONTROL_STATE_ENDED = 2;

/** Clock kind -> word. A kind that a program does not know keeps it from recording. */
export const CLOCK_KIND_WORDS = { tsc: 1, mono: 2, mono_raw: 3, boot: 4, synthetic: 5 } as const;

export const CONTROL_HEADER_SIZE_BYTES = 4096;
/** Room for some 4 000 rules. The file is sparse. */
export const CONTROL_AREA_SIZE_BYTES = 512 * 1024;
export const CONTROL_SIZE_BYTES = CONTROL_HEADER_SIZE_BYTES + 2 * CONTROL_AREA_SIZE_BYTES;

export type ClockKind = keyof typeof CLOCK_KIND_WORDS;
export type ControlState = 'inactive' | 'active' | 'ended';

export interface ControlIdentity {
  readonly clockKind: ClockKind;
  /** Hz. */
  readonly frequency: bigint;
  readonly ownerPid: number;
  /** Threads that consume what programs record; default 1. */
  readonly consumerCount?: number;
}

export interface ControlReading {
  readonly generation: number;
  readonly state: ControlState;
  readonly clockKind: ClockKind;
  readonly frequency: bigint;
  readonly ownerPid: number;
  readonly plan: TracingPlan;
}

/** Fills a zeroed control page of `CONTROL_SIZE_BYTES`; the first generation is 1, its state inactive. */
export function initializeControlPage(memory: ArrayBufferLike, identity: ControlIdentity, plan: TracingPlan): void {
  const words = new Int32Array(memory, 0, CONTROL_HEADER_SIZE_BYTES / 4);
  words[CONTROL_ABI_VERSION_WORD] = CONTROL_ABI_VERSION;
  words[CONTROL_CLOCK_KIND_WORD] = CLOCK_KIND_WORDS[identity.clockKind];
  words[CONTROL_OWNER_PID_WORD] = identity.ownerPid;
  words[CONTROL_FREQUENCY_LOW_WORD] = Number(identity.frequency & 0xffff_ffffn) | 0;
  words[CONTROL_FREQUENCY_HIGH_WORD] = Number(identity.frequency >> 32n) | 0;
  words[CONTROL_AREA_SIZE_WORD] = CONTROL_AREA_SIZE_BYTES;
  words[CONTROL_CONSUMER_COUNT_WORD] = identity.consumerCount ?? 1;
  publishPlan(memory, 'inactive', plan);
  Atomics.store(words, CONTROL_MAGIC_WORD, CONTROL_MAGIC);
}

/** Announces a new plan and state to every program that maps the page. Only the session calls this. */
export function publishPlan(
  memory: ArrayBufferLike,
  state: ControlState,
  plan: TracingPlan,
  isReadLive: boolean = false,
): void {
  const words = new Int32Array(memory, 0, CONTROL_HEADER_SIZE_BYTES / 4);
  const generation = ((words[CONTROL_GENERATION_WORD] ?? 0) + 1) | 0;
  const area = generation & 1;
  const text = encodeUtf8(JSON.stringify(plan));
  if (text.length > CONTROL_AREA_SIZE_BYTES) {
    throw new ProtocolError('The event rules do not fit into the control page; use fewer or shorter rules', {
      sizeBytes: text.length,
      limitBytes: CONTROL_AREA_SIZE_BYTES,
    });
  }
  new Uint8Array(memory, areaOffset(area), CONTROL_AREA_SIZE_BYTES).set(text);
  words[CONTROL_AREA_0_LENGTH_WORD + area] = text.length;
  words[CONTROL_STATE_WORD] =
    state === 'active' ? CONTROL_STATE_ACTIVE : state === 'ended' ? CONTROL_STATE_ENDED : CONTROL_STATE_INACTIVE;
  words[CONTROL_IS_READ_LIVE_WORD] = isReadLive ? 1 : 0;
  Atomics.store(words, CONTROL_GENERATION_WORD, generation);
}

/** Reads what the session wants now. Throws ProtocolError when the bytes are no control page of this version. */
export function readControlPage(memory: ArrayBufferLike): ControlReading {
  if (memory.byteLength < CONTROL_SIZE_BYTES) {
    throw new ProtocolError('The control file is shorter than a control page', { sizeBytes: memory.byteLength });
  }
  const words = new Int32Array(memory, 0, CONTROL_HEADER_SIZE_BYTES / 4);
  if (Atomics.load(words, CONTROL_MAGIC_WORD) !== CONTROL_MAGIC)
    throw new ProtocolError('The control file is not one of Lockstep');
  const version = words[CONTROL_ABI_VERSION_WORD];
  if (version !== CONTROL_ABI_VERSION) {
    throw new ProtocolError('The control file is of another version of Lockstep', {
      version,
      expected: CONTROL_ABI_VERSION,
    });
  }
  // The session may publish while the area is copied; two publications overwrite it.
  for (let attempt = 0; attempt < 1000; attempt++) {
    const generation = Atomics.load(words, CONTROL_GENERATION_WORD);
    const area = generation & 1;
    const length = words[CONTROL_AREA_0_LENGTH_WORD + area] ?? 0;
    const stateWord = words[CONTROL_STATE_WORD];
    if (length < 0 || length > CONTROL_AREA_SIZE_BYTES)
      throw new ProtocolError('The control file is damaged', { length });
    const text = decodeUtf8(new Uint8Array(memory, areaOffset(area), length).slice());
    if (Atomics.load(words, CONTROL_GENERATION_WORD) !== generation) continue;
    const low = words[CONTROL_FREQUENCY_LOW_WORD] ?? 0;
    const high = words[CONTROL_FREQUENCY_HIGH_WORD] ?? 0;
    return {
      generation,
      state: stateWord === CONTROL_STATE_ACTIVE ? 'active' : stateWord === CONTROL_STATE_ENDED ? 'ended' : 'inactive',
      clockKind: readClockKind(words[CONTROL_CLOCK_KIND_WORD]),
      frequency: (BigInt(high >>> 0) << 32n) | BigInt(low >>> 0),
      ownerPid: words[CONTROL_OWNER_PID_WORD] ?? 0,
      plan: parsePlan(text),
    };
  }
  throw new ProtocolError('The control page changes faster than it can be read');
}

function readClockKind(word: number | undefined): ClockKind {
  const found = Object.entries(CLOCK_KIND_WORDS).find(([, value]) => value === word);
  if (found === undefined)
    throw new ProtocolError('The session records with a clock that this version of Lockstep does not know', { word });
  return found[0] as ClockKind;
}

function parsePlan(text: string): TracingPlan {
  try {
    return JSON.parse(text) as TracingPlan;
  } catch (error) {
    throw new ProtocolError('The rules in the control file are damaged', {}, { cause: error });
  }
}

function areaOffset(area: number): number {
  return CONTROL_HEADER_SIZE_BYTES + area * CONTROL_AREA_SIZE_BYTES;
}
