// SPDX-License-Identifier: MIT
// Records of the capturing programs, in the order they were made -> the one that belongs to an event of
// a thread. A thread makes one system call at a time, so its records and the kernel's events of it come
// in the same order; either may be lost, so number and time have to fit as well.

import { chunkClock, CHUNK_HEADER_SIZE_BYTES } from './capture-chunk.ts';
import {
  ARGUMENTS_OFFSET,
  FLAG_EXIT,
  FLAG_LATE,
  ITEM_HEADER_SIZE_BYTES,
  RECORD_HEADER_SIZE_BYTES,
  RESULT_OFFSET,
} from './capture-record.ts';
import { WaitingCalls } from './waiting-calls.ts';

/** Of one record; `bytes` are its own. */
export interface CapturedCall {
  readonly tid: number;
  readonly cpu: number;
  readonly number: number;
  readonly flags: number;
  /** In the trace's clock; undefined: unknown. */
  readonly time: bigint | undefined;
  /** The same as a number: exact enough to compare, within 2^53 cycles to the cycle. */
  readonly order: number;
  readonly bytes: Uint8Array;
}

export interface CaptureLosses {
  /** Records for which no event came: the event was lost, or the thread is not recorded. */
  unclaimedCount: number;
  /** Strings or structures in memory that could not be read when they were to be. */
  faultCount: number;
  /** Strings longer than what is captured of one. */
  truncatedCount: number;
  /** Events that should have a record and have none. */
  missingCount: number;
}

/** Of one thread: a full ring buffer holds fewer. */
const MAX_WAITING_PER_THREAD = 262_144;
/** Of all threads; more means that their events do not come at all. */
const MAX_WAITING_BYTES = 64 << 20;
/** A record is made before its event is stamped, some hundred ns; the conversion of its time errs by some ten. */
const TIME_TOLERANCE = 200;
/** Where nothing fits within the other. */
const WIDE_TIME_TOLERANCE = 5_000;

/** The thread's next call may have begun within the tolerance. */
const MAX_STEPS_BACK = 4;

/** The records of a chunk, their bytes copied. Ends on any bytes. */
export function readCapturedCalls(bytes: Uint8Array, offset: number, sizeBytes: number): CapturedCall[] {
  const calls: CapturedCall[] = [];
  if (sizeBytes < CHUNK_HEADER_SIZE_BYTES) return calls;
  const view = new DataView(bytes.buffer, bytes.byteOffset + offset, sizeBytes);
  const toClock = chunkClock(view, 0);
  let at = CHUNK_HEADER_SIZE_BYTES;
  while (at + RECORD_HEADER_SIZE_BYTES <= sizeBytes) {
    const size = view.getUint32(at, true);
    if (size < RECORD_HEADER_SIZE_BYTES || size % 8 !== 0 || at + size > sizeBytes) break;
    const time = toClock?.(view.getBigUint64(at + 8, true));
    calls.push({
      tid: view.getInt32(at + 4, true),
      cpu: view.getUint32(at + 24, true),
      number: view.getInt32(at + 16, true),
      flags: view.getUint32(at + 20, true),
      time,
      order: time === undefined ? 0 : Number(time),
      bytes: bytes.slice(offset + at, offset + at + size),
    });
    at += size;
  }
  return calls;
}

export class CaptureStore {
  readonly losses: CaptureLosses = { unclaimedCount: 0, faultCount: 0, truncatedCount: 0, missingCount: 0 };
  readonly #byTid = new Map<number, WaitingCalls<CapturedCall>>();
  #waitingBytes = 0;

  add(call: CapturedCall): void {
    let calls = this.#byTid.get(call.tid);
    if (calls === undefined) this.#byTid.set(call.tid, (calls = new WaitingCalls()));
    calls.add(call);
    this.#waitingBytes += call.bytes.length;
    if (calls.count > MAX_WAITING_PER_THREAD) this.#drop(calls, calls.count / 2);
    if (this.#waitingBytes > MAX_WAITING_BYTES) {
      for (const waiting of this.#byTid.values()) this.#drop(waiting, waiting.count);
      this.#byTid.clear();
    }
  }

  #drop(calls: WaitingCalls<CapturedCall>, count: number): void {
    for (const call of calls.drop(count)) {
      this.#waitingBytes -= call.bytes.length;
      this.losses.unclaimedCount++;
    }
  }

  /**
   * The record of an event of thread `tid` at a time, and whose arguments, or at an exit whose
   * result, are `bytes` from `at` on. Where times are unknown it is the first of the same words.
   */
  take(
    tid: number,
    number: number,
    isExit: boolean,
    time: number,
    bytes: Uint8Array,
    at: number,
    sizeBytes: number,
  ): CapturedCall | undefined {
    const calls = this.#byTid.get(tid);
    if (calls === undefined) return undefined;
    // By its words too: another call's record may lie before the event, whose own event is in a page that is
    // converted later, and an exit that failed has no record of its own.
    const isSame = (call: CapturedCall): boolean =>
      call.number === number &&
      ((call.flags & FLAG_EXIT) !== 0) === isExit &&
      hasWords(call, isExit, bytes, at, sizeBytes);
    let found: number;
    if (calls.first?.time === undefined) {
      found = calls.find(isSame);
    } else {
      found = calls.findBefore(time, TIME_TOLERANCE, MAX_STEPS_BACK, isSame);
      // Clocks that are read one after the other may be read further apart than that.
      if (found < 0) found = calls.findBefore(time, WIDE_TIME_TOLERANCE, MAX_STEPS_BACK, isSame);
    }
    if (found < 0) return undefined;
    // Older ones may belong to events of another CPU's pages, which are converted later: they stay.
    const call = calls.take(found);
    this.#waitingBytes -= call.bytes.length;
    if (calls.count === 0) this.#byTid.delete(tid);
    return call;
  }

  /** The record at the exit of the same call, if it carries strings that could not be read at the entry. */
  lateStringsOf(call: CapturedCall): CapturedCall | undefined {
    const calls = this.#byTid.get(call.tid);
    const isLate = (late: CapturedCall): boolean =>
      late.number === call.number && (late.flags & (FLAG_EXIT | FLAG_LATE)) === (FLAG_EXIT | FLAG_LATE);
    if (calls === undefined) return undefined;
    if (call.time === undefined) return calls.at(calls.find(isLate));
    const late = calls.after(call.order);
    return late !== undefined && isLate(late) ? late : undefined;
  }
}

/** Whether a record has the arguments that its entry had, or the result of its exit: in both as in the registers. */
function hasWords(call: CapturedCall, isExit: boolean, bytes: Uint8Array, at: number, sizeBytes: number): boolean {
  const from = isExit ? RESULT_OFFSET : ARGUMENTS_OFFSET;
  for (let index = 0; index < sizeBytes; index++) if (call.bytes[from + index] !== bytes[at + index]) return false;
  return true;
}

/** Byte of the next item of argument `arg` at or after byte `at` of a record; -1: none. */
export function findItem(bytes: Uint8Array, arg: number, at: number = RECORD_HEADER_SIZE_BYTES): number {
  while (at + ITEM_HEADER_SIZE_BYTES <= bytes.length) {
    if (bytes[at] === arg) return at;
    at = nextItem(bytes, at);
  }
  return -1;
}

export function nextItem(bytes: Uint8Array, at: number): number {
  return at + ITEM_HEADER_SIZE_BYTES + ((Math.max(0, itemLength(bytes, at)) + 7) & -8);
}

/** Bytes that were read; negative: an errno. Never more than there are. */
export function itemLength(bytes: Uint8Array, at: number): number {
  const length =
    (bytes[at + 4] as number) |
    ((bytes[at + 5] as number) << 8) |
    ((bytes[at + 6] as number) << 16) |
    ((bytes[at + 7] as number) << 24);
  return Math.min(length, bytes.length - at - ITEM_HEADER_SIZE_BYTES);
}
