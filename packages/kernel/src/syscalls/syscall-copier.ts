// SPDX-License-Identifier: MIT
// The kernel's events of system calls, and what was captured of their arguments -> the fields of their
// event records. One walk over the fields: the calls that need it cost a microsecond and more themselves;
// those that do not (no pointer that is filled or captured) are copied like any other event.
//
// At an exit the kernel's event says number and result only. What the call was given is remembered from
// its entry, by thread.

import { CaptureStore, findItem, itemLength, nextItem, type CapturedCall } from '../capture/capture-store.ts';
import {
  ARGUMENTS_OFFSET as CAPTURED_ARGUMENTS_OFFSET,
  ITEM_HEADER_SIZE_BYTES,
  RECORD_HEADER_SIZE_BYTES,
  RESULT_OFFSET as CAPTURED_RESULT_OFFSET,
} from '../capture/capture-record.ts';
import { MAX_STRINGS_STRING_SIZE_BYTES, MAX_STRING_SIZE_BYTES } from '../capture/capture-plan.ts';
import { writeSocketAddress } from '../capture/sockaddr.ts';
import type { PayloadCopier } from '../conversion-code.ts';
import { NOT_MENDABLE, type EntryMemory } from './entry-memory.ts';
import { errnoOf } from './errno.ts';
import type { ExitPatches } from './exit-patches.ts';
import type { SyscallConversion, SyscallField } from './syscall-event.ts';

/** In the kernel's records of its own events, bytes: the first argument, and the result. */
const ARGUMENTS_OFFSET = 16;
const RESULT_OFFSET = 16;
const RESULT_SIZE_BYTES = 8;

export interface SyscallSources {
  readonly store: CaptureStore;
  readonly memory: EntryMemory;
  /** Where exits stand that may have to be written again. */
  readonly patches?: ExitPatches;
  /** Lower 32 bits of the time of the record that is being converted, then the upper. */
  readonly now: Int32Array;
}

/** Bytes in an event record. */
export interface SyscallPlaces {
  /** Of exits. */
  readonly errnoAt: number;
  readonly payloadAt: number;
}

export function makeSyscallCopier(
  conversion: SyscallConversion,
  { errnoAt, payloadAt }: SyscallPlaces,
  sources: SyscallSources,
  plain: PayloadCopier | undefined,
): PayloadCopier {
  const { isExit, isRemembered, number } = conversion;
  const { store, memory, now, patches } = sources;
  if (plain !== undefined) {
    return (source, sourceBytes, s, sizeBytes, target, targetBytes, d) => {
      memory.remember(source, s, (sizeBytes - ARGUMENTS_OFFSET) >> 2, number, now[0] as number, now[1] as number);
      return plain(source, sourceBytes, s, sizeBytes, target, targetBytes, d);
    };
  }
  const isCaptured = conversion.fields.some((field) => CAPTURED_KINDS.has(field.kind));
  const writer = new FieldWriter(conversion.fields, store);
  const kind = isCaptured || patches === undefined ? NOT_MENDABLE : patches.kindOf(conversion);
  return (source, sourceBytes, s, sizeBytes, target, targetBytes, d) => {
    const tid = source[s + 1] as number;
    const at = (s << 2) + ARGUMENTS_OFFSET;
    const call = isCaptured
      ? store.take(
          tid,
          number,
          isExit,
          timeOf(now),
          sourceBytes,
          at,
          isExit ? RESULT_SIZE_BYTES : sizeBytes - ARGUMENTS_OFFSET,
        )
      : undefined;
    if (isCaptured && call === undefined && !(isExit && isFailure(source, s))) store.losses.missingCount++;
    let argsBytes = sourceBytes;
    let argsAt = at;
    let argsSize = sizeBytes - ARGUMENTS_OFFSET;
    if (isExit) {
      const result = s + RESULT_OFFSET / 4;
      target[d + errnoAt / 4] = errnoOf(source[result] as number, source[result + 1] as number);
      argsAt = memory.recall(tid, number, now[0] as number, now[1] as number, kind, (d << 2) + payloadAt) << 2;
      argsBytes = memory.bytes;
      argsSize = 48;
    } else if (isRemembered)
      memory.remember(source, s, (sizeBytes - ARGUMENTS_OFFSET) >> 2, number, now[0] as number, now[1] as number);
    writer.begin(argsBytes, argsAt, argsSize, sourceBytes, (s << 2) + RESULT_OFFSET, call);
    return writer.write(targetBytes, (d << 2) + payloadAt);
  };
}

/**
 * For an exit of whole words only: which word of the arguments each word behind the result is, padding being
 * any. Undefined for others. As wordMoves of conversion-code.ts.
 */
export function exitMoves(conversion: SyscallConversion): readonly number[] | undefined {
  if (!conversion.isExit || conversion.fields[0]?.kind !== 'result') return undefined;
  const moves: number[] = [];
  let at = RESULT_SIZE_BYTES;
  for (const field of conversion.fields.slice(1)) {
    if (field.kind !== 'argument' || field.sizeBytes < 4) return undefined;
    at = (at + field.sizeBytes - 1) & -field.sizeBytes;
    while (moves.length < (at - RESULT_SIZE_BYTES) / 4) moves.push(Math.min(11, (moves[moves.length - 1] ?? -1) + 1));
    for (let word = 0; word < field.sizeBytes / 4; word++) moves.push(field.arg * 2 + word);
    at += field.sizeBytes;
  }
  return moves;
}

/** A record that stands for itself: everything comes from it. */
export function writeWholeCall(
  conversion: SyscallConversion,
  call: CapturedCall,
  store: CaptureStore,
  target: Uint8Array,
  { errnoAt, payloadAt }: SyscallPlaces,
): number {
  const writer = new FieldWriter(conversion.fields, store);
  writer.begin(call.bytes, CAPTURED_ARGUMENTS_OFFSET, 48, call.bytes, CAPTURED_RESULT_OFFSET, call);
  if (conversion.isExit) {
    const result = new DataView(call.bytes.buffer, call.bytes.byteOffset + CAPTURED_RESULT_OFFSET, RESULT_SIZE_BYTES);
    const errno = errnoOf(result.getInt32(0, true), result.getInt32(4, true));
    new DataView(target.buffer, target.byteOffset).setInt32(errnoAt, errno, true);
  }
  return writer.write(target, payloadAt);
}

/**
 * The arguments that an exit tells, as they stand behind its result: the bytes, and how many lie before
 * them in the payload. For exits of one size only.
 */
export function writeArguments(
  conversion: SyscallConversion,
  args: Uint8Array,
): { readonly skipped: number; readonly written: Uint8Array } {
  const writer = new FieldWriter(conversion.fields, new CaptureStore());
  const target = new Uint8Array(RESULT_SIZE_BYTES + 8 * conversion.fields.length);
  writer.begin(args, 0, args.length, EMPTY, 0, undefined);
  const end = writer.write(target, 0);
  return { skipped: RESULT_SIZE_BYTES, written: target.subarray(RESULT_SIZE_BYTES, end) };
}

const CAPTURED_KINDS: ReadonlySet<SyscallField['kind']> = new Set(['string', 'strings', 'elements', 'address']);

/** Of two words, as a number. */
function timeOf(now: Int32Array): number {
  return ((now[1] as number) >>> 0) * 2 ** 32 + ((now[0] as number) >>> 0);
}

function isFailure(source: Int32Array, s: number): boolean {
  return (source[s + RESULT_OFFSET / 4 + 1] as number) < 0;
}

class FieldWriter {
  readonly #fields: readonly SyscallField[];
  readonly #store: CaptureStore;
  #args: Uint8Array = EMPTY;
  #argsAt = 0;
  #argsSize = 0;
  #result: Uint8Array = EMPTY;
  #resultAt = 0;
  #call: CapturedCall | undefined;

  constructor(fields: readonly SyscallField[], store: CaptureStore) {
    this.#fields = fields;
    this.#store = store;
  }

  /** `argsAt` negative: the arguments are not known. */
  begin(
    args: Uint8Array,
    argsAt: number,
    argsSize: number,
    result: Uint8Array,
    resultAt: number,
    call: CapturedCall | undefined,
  ): void {
    this.#args = args;
    this.#argsAt = argsAt;
    this.#argsSize = argsSize;
    this.#result = result;
    this.#resultAt = resultAt;
    this.#call = call;
  }

  /** Returns the byte after the last field. */
  write(target: Uint8Array, b: number): number {
    for (const field of this.#fields) b = this.#writeField(field, target, b);
    return b;
  }

  #writeField(field: SyscallField, target: Uint8Array, b: number): number {
    switch (field.kind) {
      case 'argument':
        return this.#writeArgument(field.arg, field.sizeBytes, target, b);
      case 'result':
        return copy(this.#result, this.#resultAt, 8, target, (b + 7) & -8);
      case 'number':
        return this.#writeNumber(target, (b + 3) & -4);
      case 'arguments':
        b = (b + 7) & -8;
        for (let arg = 0; arg < 6; arg++) b = this.#writeArgument(arg, 8, target, b);
        return b;
      case 'string':
        return this.#writeString(field.arg, target, b);
      case 'strings':
        return this.#writeStrings(field.arg, target, b);
      case 'elements':
        return this.#writeElements(field.arg, field.sizeBytes, field.alignment, target, b);
      case 'address': {
        const at = this.#call === undefined ? -1 : findItem(this.#call.bytes, field.arg);
        const bytes = this.#call?.bytes ?? EMPTY;
        const length = at < 0 ? 0 : Math.max(0, itemLength(bytes, at));
        if (at >= 0 && itemLength(bytes, at) < 0) this.#store.losses.faultCount++;
        return writeSocketAddress(bytes, at + ITEM_HEADER_SIZE_BYTES, length, target, b);
      }
    }
  }

  #writeArgument(arg: number, sizeBytes: number, target: Uint8Array, b: number): number {
    const to = (b + sizeBytes - 1) & -sizeBytes;
    if (this.#argsAt >= 0 && arg * 8 + sizeBytes <= this.#argsSize)
      return copy(this.#args, this.#argsAt + arg * 8, sizeBytes, target, to);
    // With no entry to ask, the registers at the exit still hold what the call was given.
    if (this.#call !== undefined)
      return copy(this.#call.bytes, CAPTURED_ARGUMENTS_OFFSET + arg * 8, sizeBytes, target, to);
    return fill(target, to, sizeBytes);
  }

  #writeNumber(target: Uint8Array, b: number): number {
    const number = this.#call?.number ?? -1;
    for (let index = 0; index < 4; index++) target[b + index] = (number >> (8 * index)) & 0xff;
    return b + 4;
  }

  #writeString(arg: number, target: Uint8Array, b: number): number {
    let call = this.#call;
    let at = call === undefined ? -1 : findItem(call.bytes, arg);
    if (call !== undefined && at >= 0 && itemLength(call.bytes, at) < 0) {
      const late = this.#store.lateStringsOf(call);
      const lateAt = late === undefined ? -1 : findItem(late.bytes, arg);
      if (late !== undefined && lateAt >= 0 && itemLength(late.bytes, lateAt) >= 0) {
        call = late;
        at = lateAt;
      } else {
        this.#store.losses.faultCount++;
      }
    }
    const length = call === undefined || at < 0 ? -1 : itemLength(call.bytes, at);
    if (call === undefined || length < 0) return this.#writeAddressText(arg, target, b);
    if (length >= MAX_STRING_SIZE_BYTES) this.#store.losses.truncatedCount++;
    return copyText(call.bytes, at + ITEM_HEADER_SIZE_BYTES, length, target, b);
  }

  /** What is not known is not empty: the pointer itself, as text. NULL is the empty text. */
  #writeAddressText(arg: number, target: Uint8Array, b: number): number {
    let pointer = 0n;
    for (let index = 7; index >= 0 && this.#argsAt >= 0; index--)
      pointer = (pointer << 8n) | BigInt(this.#args[this.#argsAt + arg * 8 + index] ?? 0);
    const text = pointer === 0n ? '' : `0x${pointer.toString(16)}`;
    for (let index = 0; index < text.length; index++) target[b++] = text.charCodeAt(index);
    target[b++] = 0;
    return b;
  }

  #writeStrings(arg: number, target: Uint8Array, b: number): number {
    const bytes = this.#call?.bytes ?? EMPTY;
    const lengthAt = (b + 3) & -4;
    let to = fill(target, lengthAt, 4);
    let count = 0;
    for (let at = findItem(bytes, arg); at >= 0; at = findItem(bytes, arg, nextItem(bytes, at))) {
      const length = itemLength(bytes, at);
      if (length < 0) this.#store.losses.faultCount++;
      if (length >= MAX_STRINGS_STRING_SIZE_BYTES) this.#store.losses.truncatedCount++;
      to = copyText(bytes, at + ITEM_HEADER_SIZE_BYTES, Math.max(0, length), target, to);
      count++;
    }
    target[lengthAt] = count & 0xff;
    target[lengthAt + 1] = count >> 8;
    return to;
  }

  #writeElements(arg: number, sizeBytes: number, alignment: number, target: Uint8Array, b: number): number {
    const bytes = this.#call?.bytes ?? EMPTY;
    const at = findItem(bytes, arg);
    const length = at < 0 ? 0 : itemLength(bytes, at);
    if (length < 0) this.#store.losses.faultCount++;
    const count = length <= 0 ? 0 : Math.floor(length / sizeBytes);
    let to = (b + 3) & -4;
    target[to] = count & 0xff;
    target[to + 1] = count >> 8;
    target[to + 2] = target[to + 3] = 0;
    to += 4;
    // An array of structures is aligned even when it is empty.
    to = (to + alignment - 1) & -alignment;
    return copy(bytes, at + ITEM_HEADER_SIZE_BYTES, count * sizeBytes, target, to);
  }
}

const EMPTY: Uint8Array = new Uint8Array(RECORD_HEADER_SIZE_BYTES);

function copy(source: Uint8Array, from: number, count: number, target: Uint8Array, to: number): number {
  for (let index = 0; index < count; index++) target[to + index] = source[from + index] as number;
  return to + count;
}

function fill(target: Uint8Array, to: number, count: number): number {
  for (let index = 0; index < count; index++) target[to + index] = 0;
  return to + count;
}

/** Up to a NUL; one is written behind it. */
function copyText(source: Uint8Array, from: number, length: number, target: Uint8Array, to: number): number {
  for (let index = 0; index < length; index++) {
    const byte = source[from + index] as number;
    if (byte === 0) break;
    target[to++] = byte;
  }
  target[to++] = 0;
  return to;
}
