// SPDX-License-Identifier: MIT
// A conversion plan -> JavaScript that copies one raw record's fields into an event record. Generated,
// because offsets known as literals and words moved through Int32Array cost a third of what a walk
// over the plan costs (bench dd). `interpretPlan` is its plain twin, which the tests compare it with.
//
// A record's place is a word index `d` (its event header; a multiple of 2) and the payload begins at a
// fixed distance from it while no dynamic field has been met; after one, `b` is the byte position.
//
// To add a field that is computed: a kind of step in event-class.ts, its check in spool.ts, its code in
// `computedStep` and the same in `interpretPlan`. To see records, add context to them or leave some out:
// record-hooks.ts.

import { alignUp } from '@lockstep/base';
import { errnoOffset, payloadOffset, TID_END, type ConversionPlan, type ConversionStep } from './event-class.ts';
import { errnoOf } from './syscalls/errno.ts';

/** What computed fields ask for. */
export interface CopierEnvironment {
  /** The process of a thread; the thread itself where nobody knows. */
  readonly processOf: (tid: number) => number;
  /** Byte, from the event header on, after the record's context; without one asked for, after the tid. */
  readonly contextEnd: number;
}

/** In the kernel's records of system calls' exits. */
export const RESULT_WORD = 4;

const PLAIN_ENVIRONMENT: CopierEnvironment = { processOf: (tid) => tid, contextEnd: TID_END };

/**
 * Copies the payload of the raw record whose first word is `s` (of `sizeBytes`, at least the plan's)
 * to the event record at word `d`, whose header and context are written. Returns the byte after its end;
 * a negative number leaves the record out of the trace (generated copiers never do, hooks may).
 */
export type PayloadCopier = (
  source: Int32Array,
  sourceBytes: Uint8Array,
  s: number,
  sizeBytes: number,
  target: Int32Array,
  targetBytes: Uint8Array,
  d: number,
) => number;

export function generateCopier(
  plan: ConversionPlan,
  environment: CopierEnvironment = PLAIN_ENVIRONMENT,
): PayloadCopier {
  const make = new Function(
    'processOf',
    'rwbsFlags',
    'errnoOf',
    `'use strict';\nreturn function (src, src8, s, size, dst, dst8, d) {\n${generateSource(plan, environment.contextEnd)}\n};`,
  ) as (processOf: (tid: number) => number, flags: typeof rwbsFlags, errno: typeof errnoOf) => PayloadCopier;
  return make(environment.processOf, rwbsFlags, errnoOf);
}

/** How many bytes of an event record a raw record of `sizeBytes` can need at most: for the space check. */
export function payloadBound(plan: ConversionPlan): { readonly fixedBytes: number; readonly dynamicCount: number } {
  let fixedBytes = payloadOffset(plan);
  // Eight bytes of padding and eight of a value for each field; what is captured has its own bound.
  if (plan.syscall !== undefined) fixedBytes += plan.syscall.boundBytes + 64 * plan.syscall.fields.length;
  let dynamicCount = 0;
  for (const step of plan.steps) {
    // Eight bytes cover the padding, the length word and the NUL.
    fixedBytes += 16;
    if (step.kind === 'integer' || step.kind === 'bytes') fixedBytes += step.sizeBytes;
    else if (step.kind === 'string' || step.kind === 'sequence') dynamicCount++;
  }
  return { fixedBytes, dynamicCount };
}

/**
 * For a plan that only moves whole words: which word of the raw record each word of the payload is,
 * padding being any. Undefined for other plans. The converter moves these in its own loop, since a
 * call costs as much as the words of a system call (bench convert: 32 ns an event with calls only).
 */
export function wordMoves(plan: ConversionPlan): readonly number[] | undefined {
  const moves: number[] = [];
  const begin = payloadOffset(plan);
  let at = begin;
  for (const step of plan.steps) {
    if (step.kind !== 'integer' && step.kind !== 'bytes') return undefined;
    at = alignUp(at, step.kind === 'integer' ? step.sizeBytes : step.elementSizeBytes);
    if (at % 4 !== 0 || step.sizeBytes % 4 !== 0 || step.from % 4 !== 0 || step.from + step.sizeBytes > 1024)
      return undefined;
    // As if the record had it: words that follow each other are moved quickest.
    while (moves.length < (at - begin) / 4) moves.push((moves[moves.length - 1] ?? -1) + 1);
    for (let word = 0; word < step.sizeBytes / 4; word++) moves.push(step.from / 4 + word);
    at += step.sizeBytes;
  }
  return moves.length > MAX_MOVES ? undefined : moves;
}

/** Beyond this generated code is quicker than the loop. */
const MAX_MOVES = 24;

export function generateSource(plan: ConversionPlan, contextEnd: number = TID_END): string {
  const lines: string[] = [];
  let at = payloadOffset(plan, contextEnd);
  if (plan.hasErrno === true) {
    const [low, high] = [`src[s + ${RESULT_WORD}]`, `src[s + ${RESULT_WORD + 1}]`];
    lines.push(`dst[d + ${errnoOffset(contextEnd) / 4}] = errnoOf(${low}, ${high});`);
  }
  let isDynamic = false;
  for (const step of plan.steps) {
    if (isDynamic) {
      lines.push(...dynamicStep(step));
    } else if (step.kind === 'integer' || step.kind === 'bytes') {
      at = alignUp(at, step.kind === 'integer' ? step.sizeBytes : step.elementSizeBytes);
      lines.push(...fixedStep(step, at));
      at += step.sizeBytes;
    } else if (step.kind === 'rwbs' || step.kind === 'process') {
      at = alignUp(at, 4);
      lines.push(`dst[d + ${at / 4}] = ${computedStep(step)};`);
      at += 4;
    } else {
      isDynamic = true;
      lines.push(`let b = (d << 2) + ${at};`, ...dynamicStep(step));
    }
  }
  lines.push(isDynamic ? 'return b;' : `return (d << 2) + ${at};`);
  return lines.join('\n');
}

function fixedStep(step: ConversionStep & { readonly sizeBytes: number }, at: number): string[] {
  if (step.sizeBytes % 4 === 0 && step.from % 4 === 0 && at % 4 === 0 && step.sizeBytes <= 128) {
    return range(step.sizeBytes / 4, (word) => `dst[d + ${at / 4 + word}] = src[s + ${step.from / 4 + word}];`);
  }
  if (step.sizeBytes <= 8) {
    return range(step.sizeBytes, (byte) => `dst8[(d << 2) + ${at + byte}] = src8[(s << 2) + ${step.from + byte}];`);
  }
  return [
    `for (let i = 0; i < ${step.sizeBytes}; i++) dst8[(d << 2) + ${at} + i] = src8[(s << 2) + ${step.from} + i];`,
  ];
}

/** An expression of 32 bits. */
function computedStep(step: ConversionStep & { readonly kind: 'rwbs' | 'process' }): string {
  if (step.kind === 'process') return `processOf(src[s + ${step.from / 4}])`;
  return `rwbsFlags(src8, (s << 2) + ${step.from}, ${step.sizeBytes})`;
}

const RWBS_WRITE = 1;
const RWBS_DISCARD = 2;
const RWBS_READ = 4;
const RWBS_RAHEAD = 8;
const RWBS_SYNC = 32;
const RWBS_META = 64;
const RWBS_SECURE = 128;
const RWBS_FLUSH = 256;
const RWBS_FUA = 512;
const RWBS_PREFLUSH = 1024;

/**
 * The letters that the kernel's blk_fill_rwbs wrote -> the flags that LTTng's block.h has for them. An F
 * before the operation means a flush first, as the operation a flush, after it "forced unit access".
 */
export function rwbsFlags(bytes: Uint8Array, offset: number, sizeBytes: number): number {
  const letters = String.fromCharCode(...bytes.subarray(offset, offset + sizeBytes));
  const match = /^(F(?=[WDRNFZ]))?(W|DE?|F|R|N|ZRA|Z.)?([FASMU]*)/.exec(letters);
  let flags = match?.[1] === undefined ? 0 : RWBS_PREFLUSH;
  flags |= OPERATION_FLAGS[match?.[2] ?? ''] ?? 0;
  for (const letter of match?.[3] ?? '') flags |= LETTER_FLAGS[letter] ?? 0;
  return flags;
}

const OPERATION_FLAGS: Readonly<Record<string, number>> = {
  W: RWBS_WRITE,
  D: RWBS_DISCARD,
  DE: RWBS_DISCARD | RWBS_SECURE,
  F: RWBS_FLUSH,
  R: RWBS_READ,
};
const LETTER_FLAGS: Readonly<Record<string, number>> = {
  F: RWBS_FUA,
  A: RWBS_RAHEAD,
  S: RWBS_SYNC,
  M: RWBS_META,
};

function dynamicStep(step: ConversionStep): string[] {
  switch (step.kind) {
    case 'rwbs':
    case 'process':
      return ['b = (b + 3) & -4;', `dst[b >> 2] = ${computedStep(step)};`, 'b += 4;'];
    case 'integer':
    case 'bytes': {
      const alignment = step.kind === 'integer' ? step.sizeBytes : step.elementSizeBytes;
      const align = alignment > 1 ? [`b = (b + ${alignment - 1}) & ${-alignment};`] : [];
      if (alignment >= 4 && step.from % 4 === 0 && step.sizeBytes % 4 === 0 && step.sizeBytes <= 64) {
        return [
          ...align,
          ...range(step.sizeBytes / 4, (word) => `dst[(b >> 2) + ${word}] = src[s + ${step.from / 4 + word}];`),
          `b += ${step.sizeBytes};`,
        ];
      }
      return [
        ...align,
        `for (let i = 0; i < ${step.sizeBytes}; i++) dst8[b + i] = src8[(s << 2) + ${step.from} + i];`,
        `b += ${step.sizeBytes};`,
      ];
    }
    case 'string':
      return [
        ...locate(step),
        'for (; length > 0; length--) { const c = src8[from++]; if (c === 0) break; dst8[b++] = c; }',
        'dst8[b++] = 0; }',
      ];
    case 'sequence':
      return [
        ...locate(step),
        `length = (length / ${step.elementSizeBytes}) | 0;`,
        'b = (b + 3) & -4; dst[b >> 2] = length; b += 4;',
        ...(step.elementSizeBytes > 1 ? [`b = (b + ${step.elementSizeBytes - 1}) & ${-step.elementSizeBytes};`] : []),
        `for (length *= ${step.elementSizeBytes}; length > 0; length--) dst8[b++] = src8[from++]; }`,
      ];
  }
}

/** Opens a block in which `from` and `length` are the located bytes, cut to the record: hostile locations read nothing else. */
function locate(step: { readonly from: number; readonly isRelative: boolean }): string[] {
  const word = step.from % 4 === 0 ? `src[s + ${step.from / 4}]` : '0';
  const base = step.isRelative ? ` + ${step.from + 4}` : '';
  return [
    `{ const word = ${word}; const offset = (word & 0xffff)${base}; let length = word >>> 16;`,
    'if (offset > size) length = 0; else if (offset + length > size) length = size - offset;',
    'let from = (s << 2) + offset;',
  ];
}

function range(count: number, line: (index: number) => string): string[] {
  return Array.from({ length: count }, (_, index) => line(index));
}

/** The same without generated code: the oracle of the tests, and the way where generating code is forbidden. */
export function interpretPlan(plan: ConversionPlan, environment: CopierEnvironment = PLAIN_ENVIRONMENT): PayloadCopier {
  return (_source, sourceBytes, s, sizeBytes, _target, targetBytes, d) => {
    const record = s << 2;
    const sourceView = new DataView(sourceBytes.buffer, sourceBytes.byteOffset);
    const targetView = new DataView(targetBytes.buffer, targetBytes.byteOffset);
    let at = (d << 2) + payloadOffset(plan, environment.contextEnd);
    if (plan.hasErrno === true) {
      const result = record + 4 * RESULT_WORD;
      const errno = errnoOf(sourceView.getInt32(result, true), sourceView.getInt32(result + 4, true));
      targetView.setInt32((d << 2) + errnoOffset(environment.contextEnd), errno, true);
    }
    const copy = (from: number, count: number): void => {
      for (let index = 0; index < count; index++) targetBytes[at++] = sourceBytes[from + index] ?? 0;
    };
    for (const step of plan.steps) {
      if (step.kind === 'integer' || step.kind === 'bytes') {
        at = alignUp(at, step.kind === 'integer' ? step.sizeBytes : step.elementSizeBytes);
        copy(record + step.from, step.sizeBytes);
        continue;
      }
      if (step.kind === 'rwbs' || step.kind === 'process') {
        const value =
          step.kind === 'rwbs'
            ? rwbsFlags(sourceBytes, record + step.from, step.sizeBytes)
            : environment.processOf(sourceView.getInt32(record + step.from, true));
        at = alignUp(at, 4);
        targetView.setUint32(at, value, true);
        at += 4;
        continue;
      }
      const word = step.from % 4 === 0 ? sourceView.getUint32(record + step.from, true) : 0;
      const offset = (word & 0xffff) + (step.isRelative ? step.from + 4 : 0);
      const length = Math.max(0, Math.min(word >>> 16, sizeBytes - offset));
      if (step.kind === 'string') {
        const bytes = sourceBytes.subarray(record + offset, record + offset + length);
        const end = bytes.indexOf(0);
        copy(record + offset, end < 0 ? length : end);
        targetBytes[at++] = 0;
      } else {
        const count = Math.trunc(length / step.elementSizeBytes);
        at = alignUp(at, 4);
        targetView.setUint32(at, count, true);
        at = alignUp(at + 4, step.elementSizeBytes);
        copy(record + offset, count * step.elementSizeBytes);
      }
    }
    return at;
  };
}
