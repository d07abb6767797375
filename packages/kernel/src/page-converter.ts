// SPDX-License-Identifier: MIT
// Raw sub-buffers of one CPU's kernel ring buffer -> CTF packets of one data stream, given to a sink.
// The hot loop of the kernel half (bench dd): one pass, words in, words out, nothing allocated a record.
//
// A sub-buffer as trace_pipe_raw returns it (kernel/trace/ring_buffer.c, events/header_page):
//   0 time stamp u64 | 8 commit u64: bits 0-26 bytes of records, 31 events were lost before this page,
//   30 their count is stored (u64) right after the records | 16 records
// A record: word = type_len (bits 0-4), time delta (bits 5-31), then
//   0       u32 length (itself included), data        1-28   type_len words of data
//   29      discarded: u32 length, nothing of use; with a zero delta the rest of the page is void
//   30      time extend: u32 more bits of the delta    31     absolute time: u32, delta is its low 27 bits
// Data of an event: u16 common_type, u8 flags, u8 preempt count, i32 common_pid, fields.

import { assert } from '@lockstep/base';
import { KERNEL_PACKET_HEADER_SIZE_BYTES, MAX_COMPACT_EVENT_ID } from '@lockstep/ctf/write';
import {
  generateCopier,
  payloadBound,
  RESULT_WORD,
  wordMoves,
  type CopierEnvironment,
  type PayloadCopier,
} from './conversion-code.ts';
import { errnoOffset, payloadOffset, TID_END, type ConversionPlan } from './event-class.ts';
import { CaptureStore } from './capture/capture-store.ts';
import { EntryMemory, NOT_MENDABLE } from './syscalls/entry-memory.ts';
import { errnoOf, LARGEST_ERRNO } from './syscalls/errno.ts';
import type { ExitPatches } from './syscalls/exit-patches.ts';
import { exitMoves, makeSyscallCopier, type SyscallSources } from './syscalls/syscall-copier.ts';

const PAGE_HEADER_SIZE_BYTES = 16;
const COMMIT_SIZE_MASK = 0x07ff_ffff;
const COMMIT_EVENTS_LOST = 1 << 31;
const COMMIT_LOST_COUNT_STORED = 1 << 30;

const TYPE_PADDING = 29;
const TYPE_TIME_EXTEND = 30;
const TYPE_TIME_STAMP = 31;

// Words of a plan in `CopierTable.plans`.
const PLAN_WORDS = 10;
/** Bytes of a record at least. */
const MINIMUM_SIZE = 0;
/** Bytes of an event record at most, and how often the raw record's size comes on top. */
const FIXED_BOUND = 1;
const DYNAMIC_COUNT = 2;
const HOW = 3;
/** Word of the payload in an event record. */
const PAYLOAD_WORD = 4;
/** Of MOVE_RUN the first word of the record, of MOVE_WORDS the first of the moves. */
const MOVE_BEGIN = 5;
const MOVE_COUNT = 6;
/** Part in the pairing of exits with entries: CALL_NONE, CALL_ENTRY, CALL_EXIT or the exit's kind (EntryMemory.recall). */
const CALL_KIND = 7;
const CALL_NUMBER = 8;

// How a record is converted: by its copier, or here.
const CALL_COPIER = 0;
const MOVE_RUN = 1;
const MOVE_WORDS = 2;

/** Below every kind of an exit. */
const CALL_NONE = 0;
const CALL_ENTRY = -1;
/** An exit that needs nothing of its entry. */
const CALL_EXIT = -2;
/** In the kernel's records of entries. */
const FIRST_ARGUMENT_WORD = 4;

/** In this file, so that the loop sees a constant. */
const MAX_ERRNO = LARGEST_ERRNO;

/** One packet's room. Bench dd: larger ones gain nothing, smaller ones cost writes. */
export const PACKET_CAPACITY_BYTES = 1 << 20;

/** A packet's records, borrowed until the sink returns. */
export interface ConvertedPacket {
  /** Of the packet: header's room first, not yet written. */
  readonly bytes: Uint8Array;
  readonly contentSizeBytes: number;
  readonly timestampBegin: bigint;
  readonly timestampEnd: bigint;
  /** Cumulative in this stream. */
  readonly discardedCount: bigint;
  readonly recordCount: number;
}

export interface CopierOptions {
  readonly makeCopier?: typeof generateCopier | undefined;
  readonly environment?: CopierEnvironment;
  /** Where fields of system calls come from that are not in their records. */
  readonly syscalls?: SyscallSources | undefined;
  /** Bytes that a record can need beside its payload: its context. */
  readonly extraBytes?: number;
  /** Another copier around the plan's own; undefined leaves that as it is. record-hooks.ts says what one may do. */
  readonly wrap?: (plan: ConversionPlan, copier: PayloadCopier) => PayloadCopier | undefined;
}

/** The events that a set of streams can carry: type id -> copier and sizes. */
export class CopierTable {
  readonly copiers: (PayloadCopier | undefined)[] = [];
  /** PLAN_WORDS a type id; zeros for types that are not asked for. */
  readonly plans: Int32Array;
  /** Of plans that move words: which word of the record, or of a call's arguments, each word is. */
  readonly moves: Uint8Array;
  readonly memory: EntryMemory;
  readonly patches: ExitPatches | undefined;
  /** Time of the record that a copier is being called for: lower 32 bits, upper 32 bits. */
  readonly now: Int32Array;

  constructor(plans: readonly ConversionPlan[], options: CopierOptions = {}) {
    const { makeCopier = generateCopier, environment = { processOf: (tid) => tid, contextEnd: TID_END } } = options;
    const { syscalls = { store: new CaptureStore(), memory: new EntryMemory(), now: new Int32Array(2) } } = options;
    this.now = syscalls.now;
    this.memory = syscalls.memory;
    this.patches = syscalls.patches;
    const make = (plan: ConversionPlan): PayloadCopier => copierOf(plan, makeCopier, environment, syscalls);
    const size = plans.reduce((largest, plan) => Math.max(largest, plan.id), 0) + 1;
    assert(size <= MAX_COMPACT_EVENT_ID + 1, 'kernel event ids fit the compact event header');
    this.plans = new Int32Array(size * PLAN_WORDS);
    const moves: number[] = [];
    this.copiers = new Array<PayloadCopier | undefined>(size).fill(undefined);
    for (const plan of plans) {
      const lazy: PayloadCopier = (source, sourceBytes, s, sizeBytes, target, targetBytes, d) => {
        made ??= make(plan);
        return made(source, sourceBytes, s, sizeBytes, target, targetBytes, d);
      };
      // Of seven hundred system calls a recording meets thirty: code is made for those.
      let made: PayloadCopier | undefined;
      const wrapped = options.wrap?.(plan, lazy);
      this.copiers[plan.id] =
        wrapped ??
        ((source, sourceBytes, s, sizeBytes, target, targetBytes, d) => {
          const copier = make(plan);
          this.copiers[plan.id] = copier;
          return copier(source, sourceBytes, s, sizeBytes, target, targetBytes, d);
        });
      this.#setSizes(plan, options.extraBytes ?? 0);
      // A given maker of copiers is to be used: it is what a test compares.
      const own =
        makeCopier === generateCopier && wrapped === undefined && environment.contextEnd === TID_END
          ? movesOf(plan)
          : undefined;
      if (own === undefined) continue;
      const { plans } = this;
      const at = plan.id * PLAN_WORDS;
      const isRun = own.every((word, index) => index === 0 || word === (own[index - 1] as number) + 1);
      plans[at + HOW] = isRun ? MOVE_RUN : MOVE_WORDS;
      plans[at + PAYLOAD_WORD] = payloadOffset(plan) / 4;
      plans[at + MOVE_BEGIN] = isRun ? (own[0] ?? 0) : moves.length;
      plans[at + MOVE_COUNT] = own.length;
      if (!isRun) moves.push(...own);
      const { syscall } = plan;
      if (plan.hasErrno === true) plans[at + CALL_KIND] = CALL_EXIT;
      if (syscall === undefined) continue;
      plans[at + CALL_NUMBER] = syscall.number;
      plans[at + CALL_KIND] = syscall.isExit ? (this.patches?.kindOf(syscall) ?? NOT_MENDABLE) : CALL_ENTRY;
    }
    this.moves = Uint8Array.from(moves);
  }

  /** A plan below the largest id that the table was made for, met while converting. */
  add(plan: ConversionPlan, copier: PayloadCopier): void {
    this.copiers[plan.id] = copier;
    this.#setSizes(plan, 0);
  }

  #setSizes(plan: ConversionPlan, extraBytes: number): void {
    const bound = payloadBound(plan);
    const at = plan.id * PLAN_WORDS;
    // Zero is for types that are not asked for.
    this.plans[at + MINIMUM_SIZE] = Math.max(1, plan.sizeBytes);
    // The extended event header is 16 bytes longer than the compact one.
    this.plans[at + FIXED_BOUND] = bound.fixedBytes + 24 + extraBytes;
    this.plans[at + DYNAMIC_COUNT] = bound.dynamicCount;
  }
}

/** Of a plan that only moves whole words, of the record or, behind an exit's result, of its call's arguments. */
function movesOf(plan: ConversionPlan): readonly number[] | undefined {
  const { syscall } = plan;
  if (syscall === undefined || plan.steps.length === syscall.fields.length) return wordMoves(plan);
  return exitMoves(syscall);
}

/** The fields of a system call that needs its entry, or what was captured of it, are written by another hand. */
function copierOf(
  plan: ConversionPlan,
  makeCopier: typeof generateCopier,
  environment: CopierEnvironment,
  sources: SyscallSources,
): PayloadCopier {
  const { syscall } = plan;
  if (syscall === undefined) return makeCopier(plan, environment);
  const plain = plan.steps.length === syscall.fields.length ? makeCopier(plan, environment) : undefined;
  const { contextEnd } = environment;
  const places = { errnoAt: errnoOffset(contextEnd), payloadAt: payloadOffset(plan, contextEnd) };
  return makeSyscallCopier(syscall, places, sources, plain);
}

/** Why records of a stream are not in the trace though the kernel had written them. */
export interface ConversionLosses {
  /** Sub-buffers whose content makes no sense from some point on. */
  damagedPageCount: number;
  /** Records of no event that we asked for, or too short for their event. */
  strayRecordCount: number;
  /** Times that the kernel lost events without telling how many; each counts as one discarded event. */
  unknownLossCount: number;
}

export class PageConverter {
  readonly losses: ConversionLosses = { damagedPageCount: 0, strayRecordCount: 0, unknownLossCount: 0 };
  readonly #table: CopierTable;
  readonly #sink: (packet: ConvertedPacket) => void;
  readonly #target = new Int32Array(PACKET_CAPACITY_BYTES / 4);
  readonly #targetBytes = new Uint8Array(this.#target.buffer);
  #discarded = 0n;
  #recordCount = 0;
  /** Word of the next record. */
  #at = KERNEL_PACKET_HEADER_SIZE_BYTES / 4;
  /** Byte after the last record's end. */
  #end = KERNEL_PACKET_HEADER_SIZE_BYTES;
  // Times in two halves: a bigint a record would cost more than all the rest.
  #beginLow = 0;
  #beginHigh = 0;
  #lastLow = 0;
  #lastHigh = 0;

  constructor(table: CopierTable, discardedBefore: bigint, sink: (packet: ConvertedPacket) => void) {
    this.#table = table;
    this.#sink = sink;
    this.#discarded = discardedBefore;
  }

  /** Changes bytes of the packet that is being filled. */
  patch(byte: number, bytes: Uint8Array): void {
    this.#targetBytes.set(bytes, byte);
  }

  get discardedCount(): bigint {
    return this.#discarded;
  }

  /** Hands the packet that is being filled to the sink, if there is anything in it. */
  flush(): void {
    if (this.#recordCount === 0) return;
    this.#flushAt(this.#end, this.#recordCount, this.#lastLow, this.#lastHigh);
  }

  #flushAt(end: number, recordCount: number, lastLow: number, lastHigh: number): void {
    this.#at = KERNEL_PACKET_HEADER_SIZE_BYTES / 4;
    this.#end = KERNEL_PACKET_HEADER_SIZE_BYTES;
    this.#recordCount = 0;
    this.#sink({
      bytes: this.#targetBytes,
      contentSizeBytes: end,
      timestampBegin: join(this.#beginLow, this.#beginHigh),
      timestampEnd: join(lastLow, lastHigh),
      discardedCount: this.#discarded,
      recordCount,
    });
  }

  /**
   * Converts the sub-buffer of `pageSizeBytes` at byte `offset` (a multiple of 4) of `source`.
   * Returns how many records it gave. Never throws on what the page holds, and ends on any bytes.
   */
  convertPage(source: Int32Array, sourceBytes: Uint8Array, offset: number, pageSizeBytes: number): number {
    const page = offset >> 2;
    const commit = source[page + 2] as number;
    const sizeBytes = commit & COMMIT_SIZE_MASK;
    if (
      pageSizeBytes < PAGE_HEADER_SIZE_BYTES ||
      sizeBytes > pageSizeBytes - PAGE_HEADER_SIZE_BYTES ||
      offset + pageSizeBytes > sourceBytes.length
    ) {
      this.#noteDamage();
      return 0;
    }
    if ((commit & COMMIT_EVENTS_LOST) !== 0) this.#noteLoss(source, page, sizeBytes, pageSizeBytes, commit);

    // What the loop uses, in locals.
    const { copiers, plans, moves, now, memory, patches } = this.#table;
    patches?.notePacket();
    const callWords = memory.words;
    const target = this.#target;
    const targetBytes = this.#targetBytes;
    const idCount = plans.length / PLAN_WORDS;
    let d = this.#at;
    let end = this.#end;
    let count = this.#recordCount;
    // Times are two words of 32 bits with a sign here: nothing else is as quick, and none is an object in a call.
    let lastLow = this.#lastLow;
    let lastHigh = this.#lastHigh;
    let converted = 0;
    let stray = 0;

    let low = source[page] as number;
    let high = source[page + 1] as number;
    // Pages of a CPU come in order; a clock that went back all the same must not make the stream do so.
    if (isBefore(low, high, lastLow, lastHigh)) {
      low = lastLow;
      high = lastHigh;
    }
    let i = page + PAGE_HEADER_SIZE_BYTES / 4;
    const pageEnd = i + (sizeBytes >> 2);
    while (i < pageEnd) {
      const word = source[i] as number;
      const typeLength = word & 31;
      const sum = (low + (word >>> 5)) | 0;
      if (sum >>> 0 < low >>> 0) high = (high + 1) | 0;
      low = sum;
      let record = i + 1;
      let lengthWords = typeLength;
      if (typeLength >= TYPE_PADDING || typeLength === 0) {
        const more = i + 1 < pageEnd ? (source[i + 1] as number) >>> 0 : 0;
        if (typeLength === 0) {
          lengthWords = (more - 1) >>> 2;
          record = i + 2;
          // A length counts itself.
          if (more < 8 || i + 1 >= pageEnd) {
            this.#noteDamage();
            break;
          }
        } else if (typeLength === TYPE_TIME_EXTEND) {
          const extended = (low + (more << 27)) | 0;
          high = (high + (more >>> 5) + (extended >>> 0 < low >>> 0 ? 1 : 0)) | 0;
          low = extended;
          i += 2;
          continue;
        } else if (typeLength === TYPE_TIME_STAMP) {
          // 59 bits; the top five are those of the time so far.
          const stampLow = (more << 27) | (word >>> 5);
          const stampHigh = (high & 0xf800_0000) | (more >>> 5);
          if (isBefore(stampLow, stampHigh, lastLow, lastHigh)) {
            // The time stays.
            if (low >>> 0 < word >>> 5) high = (high - 1) | 0;
            low = (low - (word >>> 5)) | 0;
          } else {
            low = stampLow;
            high = stampHigh;
          }
          i += 2;
          continue;
        } else {
          if (word >>> 5 === 0) break;
          i += 1 + Math.max(1, (more + 3) >>> 2);
          continue;
        }
      }
      i = record + lengthWords;
      if (i > pageEnd) {
        this.#noteDamage();
        break;
      }
      const id = (source[record] as number) & 0xffff;
      const plan = id * PLAN_WORDS;
      const recordBytes = lengthWords << 2;
      const minimumSize = id < idCount ? (plans[plan + MINIMUM_SIZE] as number) : 0;
      if (minimumSize === 0 || recordBytes < minimumSize) {
        stray++;
        continue;
      }
      const needed = (plans[plan + FIXED_BOUND] as number) + (plans[plan + DYNAMIC_COUNT] as number) * recordBytes;
      if ((d << 2) + needed > PACKET_CAPACITY_BYTES) {
        if (count > 0) this.#flushAt(end, count, lastLow, lastHigh);
        patches?.notePacket();
        d = this.#at;
        count = 0;
        if ((d << 2) + needed > PACKET_CAPACITY_BYTES) {
          stray++;
          continue;
        }
      }
      const begin = d;
      if (count === 0) {
        this.#beginLow = low;
        this.#beginHigh = high;
        lastHigh = high;
      }
      if (high !== lastHigh) {
        target[d] = 0xffff;
        target[d + 1] = 0;
        target[d + 2] = id;
        target[d + 3] = 0;
        target[d + 4] = low;
        target[d + 5] = high;
        d += 4;
      } else {
        target[d] = id;
        target[d + 1] = low;
      }
      target[d + 2] = source[record + 1] as number;
      const how = plans[plan + HOW] as number;
      if (how !== CALL_COPIER) {
        let move = plans[plan + MOVE_BEGIN] as number;
        let to = d + (plans[plan + PAYLOAD_WORD] as number);
        const kind = plans[plan + CALL_KIND] as number;
        let from = record;
        let words = source;
        if (kind > CALL_NONE) {
          const number = plans[plan + CALL_NUMBER] as number;
          from = memory.recall(source[record + 1] as number, number, low, high, kind, to << 2);
          words = callWords;
          const resultLow = source[record + RESULT_WORD] as number;
          const resultHigh = source[record + RESULT_WORD + 1] as number;
          target[to - 1] = resultHigh === -1 && resultLow < 0 && resultLow >= -MAX_ERRNO ? -resultLow : 0;
          target[to] = resultLow;
          target[to + 1] = resultHigh;
          to += 2;
        } else if (kind === CALL_ENTRY) {
          const number = plans[plan + CALL_NUMBER] as number;
          memory.remember(source, record, lengthWords - FIRST_ARGUMENT_WORD, number, low, high);
        } else if (kind === CALL_EXIT) {
          target[to - 1] = errnoOf(source[record + RESULT_WORD] as number, source[record + RESULT_WORD + 1] as number);
        }
        const toEnd = to + (plans[plan + MOVE_COUNT] as number);
        if (from < 0) while (to < toEnd) target[to++] = 0;
        else if (how === MOVE_RUN) for (from += move; to < toEnd;) target[to++] = words[from++] as number;
        else while (to < toEnd) target[to++] = words[from + (moves[move++] as number)] as number;
        end = to << 2;
      } else {
        now[0] = low;
        now[1] = high;
        const copied = (copiers[id] as PayloadCopier)(source, sourceBytes, record, recordBytes, target, targetBytes, d);
        if (copied < 0) {
          d = begin;
          continue;
        }
        end = copied;
      }
      d = ((end + 7) >> 3) << 1;
      lastLow = low;
      lastHigh = high;
      count++;
      converted++;
    }
    this.#at = d;
    this.#end = end;
    this.#recordCount = count;
    this.#lastLow = lastLow;
    this.#lastHigh = lastHigh;
    if (stray > 0) {
      this.losses.strayRecordCount += stray;
      this.#discarded += BigInt(stray);
    }
    return converted;
  }

  #noteDamage(): void {
    this.losses.damagedPageCount++;
    this.#discarded++;
  }

  /** The loss lies between two pages, so the packet before it ends here and the next one tells it. */
  #noteLoss(source: Int32Array, page: number, sizeBytes: number, pageSizeBytes: number, commit: number): void {
    this.flush();
    const at = page + PAGE_HEADER_SIZE_BYTES / 4 + (sizeBytes >> 2);
    const isStored =
      (commit & COMMIT_LOST_COUNT_STORED) !== 0 && sizeBytes + PAGE_HEADER_SIZE_BYTES + 8 <= pageSizeBytes;
    const count = isStored ? join(source[at] as number, source[at + 1] as number) : 0n;
    // A page that says "lost" and counts none, or absurdly many, knows nothing.
    if (count === 0n || count > 0xffff_ffff_ffffn) {
      this.losses.unknownLossCount++;
      this.#discarded++;
    } else {
      this.#discarded += count;
    }
  }
}

/** Of two times in halves of 32 bits. */
function isBefore(low: number, high: number, otherLow: number, otherHigh: number): boolean {
  return high === otherHigh ? low >>> 0 < otherLow >>> 0 : high >>> 0 < otherHigh >>> 0;
}

function join(low: number, high: number): bigint {
  return (BigInt(high >>> 0) << 32n) | BigInt(low >>> 0);
}
