// SPDX-License-Identifier: MIT
// Columnar access: chosen fields of one event record class in, typed arrays out, a batch of rows at a
// time. Records of other classes, and other fields, are stepped over and cost no value.
//
//   rows   0        1        2
//   a      Float64Array [ 3, 7, 1 ]      clock  BigUint64Array [ … ]
//   b      [ "x", "y", "z" ]

import { CtfError, encodeUtf8, InputError, type Nanoseconds } from '@lockstep/base';
import type { DataStream } from '../model/event-record.ts';
import type { FieldClass, ScopeName, StructureFieldClass } from '../model/field-class.ts';
import { isWideText } from '../model/field-class-traits.ts';
import type { DataStreamClass, EventRecordClass } from '../model/trace-class.ts';
import { cyclesToTime } from './clock-time.ts';
import { canGenerateCode, instantiate } from './compile.ts';
import type { DecodeState } from './decode-state.ts';
import {
  commonContextScope,
  eventRecordScopes,
  memberKey,
  SCOPE_PROPERTY,
  type Scope,
  type SlotTable,
} from './field-layout.ts';
import type { ColumnStore } from './generator.ts';
import { isText } from './lazy-class.ts';
import { lazyText } from './lazy-values.ts';
import { generatePacketLoop } from './packet-loop.ts';
import type { PacketReader } from './packet-reader.ts';
import { checkStep, type DataStreamDecoder } from './trace-decoder.ts';

/** Rows of a batch: few enough for the second-level cache with several columns. */
export const BATCH_ROWS = 8192;
/** The first batches are small: a loop that has not ended yet when V8 optimises it has to be optimised again. */
const FIRST_BATCH_ROWS = 64;

/**
 * A field by its names from the scope's root on. Numbers become a `Float64Array` (integers beyond 2^53
 * are rounded), with `exact` integers of 64 bits a `BigInt64Array` or `BigUint64Array`; all else a list.
 */
export interface ColumnRequest {
  readonly path: readonly string[];
  /** Absent: the payload. */
  readonly scope?: 'event-record-common-context' | 'event-record-specific-context' | 'event-record-payload';
  readonly exact?: boolean;
  /** Of text in UTF-8: a `TextColumn` instead of a list of strings. */
  readonly isLazy?: boolean;
}

export type Column = Float64Array | BigInt64Array | BigUint64Array | TextColumn | unknown[];

/** Rows of one data stream; arrays are valid until the next batch, and only their first `rowCount` elements. */
export interface ColumnBatch {
  readonly dataStream: DataStream;
  readonly eventRecordClass: EventRecordClass;
  readonly rowCount: number;
  /** As they were asked for. */
  readonly columns: readonly Column[];
  /** Readings of the default clock; undefined without one, or where they were not asked for. */
  readonly clock: BigUint64Array | undefined;
}

export interface ColumnReaderOptions {
  readonly begin?: Nanoseconds;
  readonly end?: Nanoseconds;
  /** Whether batches hold the readings of the clock. */
  readonly withClock?: boolean;
  /** Index of the packet before which to stop; absent: at the end of the stream. */
  readonly endPacket?: number;
}

/** Where each row's text lies in bytes of the trace: no string is made until `textAt` makes it. */
export interface TextColumn {
  readonly bytes: Uint8Array;
  readonly begins: Uint32Array;
  readonly ends: Uint32Array;
}

/** Text of a row; the column is valid until the next batch. */
export function textAt(column: TextColumn, row: number): string {
  return lazyText(column.bytes, column.begins[row] ?? 0, column.ends[row] ?? 0);
}

/** Value of a row of any column, for who does not know its kind. */
export function valueAt(column: Column, row: number): unknown {
  return 'begins' in column ? textAt(column, row) : column[row];
}

/** Made once, and filled anew for each batch. */
class Texts implements TextColumn {
  bytes: Uint8Array = new Uint8Array(0);
  readonly begins = new Uint32Array(BATCH_ROWS);
  readonly ends = new Uint32Array(BATCH_ROWS);

  /** Puts text of a row after those before it: for who has strings. */
  put(row: number, text: string): void {
    const encoded = encodeUtf8(text);
    const begin = row === 0 ? 0 : (this.ends[row - 1] ?? 0);
    const end = begin + encoded.length;
    if (row === 0 || end > this.bytes.length) {
      const grown = new Uint8Array(Math.max(4096, end * 2));
      grown.set(this.bytes.subarray(0, begin));
      this.bytes = grown;
    }
    this.bytes.set(encoded, begin);
    this.begins[row] = begin;
    this.ends[row] = end;
  }
}

type ColumnLoop = (state: DecodeState, columns: readonly unknown[], capacity: number) => number;
type ColumnKind = 'number' | 'signed-words' | 'unsigned-words' | 'text' | 'list';

interface ResolvedColumn {
  readonly scope: Scope;
  readonly key: string;
  readonly path: readonly string[];
  readonly kind: ColumnKind;
}

/** Loops by their code: a reader for each range of packets would else begin with a loop that V8 has yet to optimise. */
const loops = new WeakMap<DataStreamClass, Map<string, ColumnLoop>>();

function loopOf(dsc: DataStreamClass, source: string): ColumnLoop {
  let known = loops.get(dsc);
  if (known === undefined) loops.set(dsc, (known = new Map<string, ColumnLoop>()));
  let loop = known.get(source);
  if (loop === undefined) known.set(source, (loop = instantiate(source) as ColumnLoop));
  return loop;
}

/** Reads columns of one class from the packets that a reader loads. */
export class ColumnReader {
  readonly #reader: PacketReader;
  readonly #erc: EventRecordClass;
  readonly #dataStream: DataStream;
  readonly #resolved: readonly ResolvedColumn[];
  readonly #columns: readonly Column[];
  readonly #hasClock: boolean;
  readonly #clock: BigUint64Array | undefined;
  readonly #arguments: readonly unknown[];
  readonly #range: { readonly begin: bigint; readonly end: bigint };
  readonly #endPacket: number | undefined;
  #loop: ColumnLoop | undefined;
  #isInterpreting = false;
  #capacity = FIRST_BATCH_ROWS;
  /** Of the record that comes next. */
  #error: CtfError | undefined;

  constructor(
    reader: PacketReader,
    dataStream: DataStream,
    erc: EventRecordClass,
    requests: readonly ColumnRequest[],
    options: ColumnReaderOptions = {},
  ) {
    this.#reader = reader;
    this.#erc = erc;
    this.#dataStream = dataStream;
    const dsc = dataStream.dataStreamClass;
    this.#resolved = requests.map((request) => resolve(dsc, erc, request));
    this.#resolved.forEach(({ key, path }, i) => {
      if (this.#resolved.findIndex((other) => other.key === key) !== i)
        throw new InputError('A field is asked for twice as a column.', { event: erc.name, field: path.join('.') });
    });
    this.#columns = this.#resolved.map(({ kind }) => makeColumn(kind));
    this.#hasClock = dsc.defaultClock !== undefined;
    this.#clock = this.#hasClock && options.withClock === true ? new BigUint64Array(BATCH_ROWS) : undefined;
    this.#range = cyclesOf(dsc, options);
    this.#endPacket = options.endPacket;
    this.#arguments = [
      ...this.#columns.map((column) =>
        column instanceof BigInt64Array || column instanceof BigUint64Array ? new Uint32Array(column.buffer) : column,
      ),
      this.#clock === undefined ? undefined : new Uint32Array(this.#clock.buffer),
    ];
  }

  /** The next rows; undefined at the end of the stream. */
  next(): ColumnBatch | undefined {
    const { state } = this.#reader;
    for (;;) {
      if (this.#error !== undefined) throw this.#error;
      if (state.isAtEnd()) {
        if (this.#reader.decoder !== undefined) this.#reader.endPacket();
        if (!state.isPartial && state.packetIndex + 1 === this.#endPacket) return undefined;
        if (!this.#reader.next()) return undefined;
        if (!this.#reader.isContinuation && this.#isOutside()) this.#reader.skipPacket();
        continue;
      }
      const rowCount = this.#fill();
      if (this.#capacity < BATCH_ROWS) this.#capacity *= 2;
      if (rowCount === 0) continue;
      return {
        dataStream: this.#dataStream,
        eventRecordClass: this.#erc,
        rowCount,
        columns: this.#columns,
        clock: this.#clock,
      };
    }
  }

  #isOutside(): boolean {
    const { packetBegin, packetEnd } = this.#reader.state;
    if (packetBegin === undefined || packetEnd === undefined) return false;
    const end = BigInt.asUintN(64, BigInt(packetEnd));
    return packetBegin > this.#range.end || (end >= packetBegin && end < this.#range.begin);
  }

  #fill(): number {
    const { state } = this.#reader;
    state.mark();
    for (;;) {
      try {
        this.#loop ??= this.#compile(this.#reader.decoder!);
        const rowCount = this.#loop(state, this.#arguments, this.#capacity);
        if (!this.#isInterpreting)
          for (const column of this.#columns) if (column instanceof Texts) column.bytes = state.bytes;
        return rowCount;
      } catch (error) {
        // Rows that were stored since the mark are stored again.
        if (this.#reader.retry(error)) continue;
        if (!(error instanceof CtfError) || this.#isInterpreting) throw error;
        // Record by record, for those before the damaged place.
        state.restore();
        this.#loop = this.#interpret(this.#reader.decoder!);
      }
    }
  }

  #compile(decoder: DataStreamDecoder): ColumnLoop {
    const source = canGenerateCode() && decoder.kind === 'generated' ? this.#source(decoder.slots) : undefined;
    return source === undefined ? this.#interpret(decoder) : loopOf(this.#dataStream.dataStreamClass, source);
  }

  #source(slots: SlotTable): string | undefined {
    const stores = new Map<string, ColumnStore>();
    const declarations: string[] = [];
    this.#resolved.forEach(({ key, kind }, i) => {
      if (kind === 'text') declarations.push(`column${i} = a[${i}].begins, column${i}Ends = a[${i}].ends`);
      else declarations.push(`column${i} = a[${i}]`);
      stores.set(key, columnStore(kind, `column${i}`));
    });
    const clockAt = this.#columns.length;
    const { begin, end } = this.#range;
    const words = (value: bigint): string => `${value >> 32n}, ${value & 0xffffffffn}`;
    const isRanged = begin > 0n || end < 2n ** 64n - 1n;
    const test = isRanged && this.#hasClock ? `if (inRange(cw[1], c0, ${words(begin)}, ${words(end)})) ` : '';
    const reading = this.#clock === undefined ? '' : 'clock[n * 2] = c0; clock[n * 2 + 1] = cw[1]; ';
    const row = `${test}{ ${reading}n++; }`;
    const loop = generatePacketLoop(this.#dataStream.dataStreamClass, slots, {
      eventRecordClass: this.#erc,
      stores,
      endOfRow: row,
      parameters: ['a', 'capacity'],
      condition: 'n < capacity',
      result: 'n',
      isClockless: test === '' && reading === '',
    });
    if (loop === undefined) return undefined;
    // The loop's own prologue stays first; what columns need is put before its counters.
    const own = ['n = 0', ...declarations, `clock = a[${clockAt}]`].join(', ');
    return loop.replace('let count = 0,', `let ${own}; let count = 0,`);
  }

  /** For classes too many for one loop, and where no code may be generated: through values. */
  #interpret(decoder: DataStreamDecoder): ColumnLoop {
    this.#isInterpreting = true;
    return (state, _columns, capacity) => {
      let rows = 0;
      try {
        while (rows < capacity && !state.isAtEnd()) if (this.#interpretRecord(decoder, state, rows)) rows++;
      } catch (error) {
        if (!(error instanceof CtfError)) throw error;
        this.#error = error;
        if (rows === 0) throw error;
      }
      return rows;
    };
  }

  /** True if the record made a row. */
  #interpretRecord(decoder: DataStreamDecoder, state: DecodeState, row: number): boolean {
    const { position, bit } = state;
    state.eventRecordClassId = undefined;
    decoder.stepHeader(state);
    if (decoder.classOf(state, position) !== this.#erc) {
      decoder.stepRecord(state, position);
      checkStep(state, position, bit);
      return false;
    }
    decoder.recordDecoder(state, position).decode(state);
    checkStep(state, position, bit);
    const cycles = state.clock[0] ?? 0n;
    if (this.#hasClock && (cycles < this.#range.begin || cycles > this.#range.end)) return false;
    if (this.#clock !== undefined) this.#clock[row] = cycles;
    this.#resolved.forEach((column, i) => storeValue(column, this.#columns[i]!, row, state));
    return true;
  }
}

function storeValue(column: ResolvedColumn, target: Column, row: number, state: DecodeState): void {
  let value: unknown = state[SCOPE_PROPERTY[column.scope.name]];
  for (const name of column.path) value = (value as Record<string, unknown> | undefined)?.[name];
  if (target instanceof Texts) target.put(row, String(value));
  else if (!Array.isArray(target) && !ArrayBuffer.isView(target)) return;
  else if (column.kind === 'list') target[row] = value;
  else if (column.kind === 'number') target[row] = Number(value);
  else target[row] = BigInt(value as number | bigint);
}

function columnStore(kind: ColumnKind, name: string): ColumnStore {
  switch (kind) {
    case 'signed-words':
    case 'unsigned-words':
      return {
        // Where the field does not lie on bytes.
        store: (value) =>
          `${name}[n * 2] = Number(BigInt.asUintN(32, BigInt(${value}))); ${name}[n * 2 + 1] = Number(BigInt.asUintN(64, BigInt(${value})) >> 32n);`,
        storeWords: (high, low) => `${name}[n * 2] = ${low}; ${name}[n * 2 + 1] = ${high};`,
      };
    case 'number':
      return { store: (value) => `${name}[n] = Number(${value});` };
    case 'text':
      return { store: () => '', storePlace: (begin, end) => `${name}[n] = ${begin}; ${name}Ends[n] = ${end};` };
    default:
      return { store: (value) => `${name}[n] = ${value};` };
  }
}

function makeColumn(kind: ColumnKind): Column {
  switch (kind) {
    case 'number':
      return new Float64Array(BATCH_ROWS);
    case 'signed-words':
      return new BigInt64Array(BATCH_ROWS);
    case 'unsigned-words':
      return new BigUint64Array(BATCH_ROWS);
    case 'text':
      return new Texts();
    default:
      return [];
  }
}

function kindOf(fc: FieldClass, exact: boolean): ColumnKind {
  switch (fc.type) {
    case 'fixed-length-unsigned-integer':
    case 'fixed-length-signed-integer':
      if (!exact || fc.length <= 53) return 'number';
      if (fc.length > 64) return 'list';
      return fc.type === 'fixed-length-signed-integer' ? 'signed-words' : 'unsigned-words';
    case 'variable-length-unsigned-integer':
    case 'variable-length-signed-integer':
      return exact ? 'list' : 'number';
    case 'fixed-length-floating-point-number':
      return 'number';
    default:
      return 'list';
  }
}

function resolve(dsc: DataStreamClass, erc: EventRecordClass, request: ColumnRequest): ResolvedColumn {
  const name: ScopeName = request.scope ?? 'event-record-payload';
  const scope = [...commonContextScope(dsc), ...eventRecordScopes(dsc, erc)].find(
    (candidate) => candidate.name === name,
  );
  let fc: FieldClass | undefined = scope?.fieldClass;
  let key = scope?.key ?? '';
  for (const part of request.path) {
    if (fc?.type !== 'structure') fc = undefined;
    const structure: StructureFieldClass | undefined = fc;
    fc = structure?.memberClasses.find((member) => member.name === part)?.fieldClass;
    key = memberKey(key, part);
  }
  if (scope === undefined || fc === undefined || request.path.length === 0)
    throw new InputError('The event record class has no such field.', {
      event: erc.name,
      scope: name,
      field: request.path.join('.'),
    });
  if (request.isLazy === true && (!isText(fc) || isWideText(fc)))
    throw new InputError('Only text in UTF-8 can be a lazy column.', {
      event: erc.name,
      field: request.path.join('.'),
    });
  const kind = request.isLazy === true ? 'text' : kindOf(fc, request.exact === true);
  return { scope, key, path: request.path, kind };
}

/** The least and the greatest reading of the clock whose time lies in the range. */
function cyclesOf(
  dsc: DataStreamClass,
  range: { readonly begin?: Nanoseconds; readonly end?: Nanoseconds },
): { readonly begin: bigint; readonly end: bigint } {
  const greatest = 2n ** 64n - 1n;
  if (dsc.defaultClock === undefined) return { begin: 0n, end: greatest };
  const toTime = cyclesToTime(dsc.defaultClock);
  /** The first reading that is not before a time; one more than the greatest if none. */
  const search = (isBefore: (cycles: bigint) => boolean): bigint => {
    let [low, high] = [0n, greatest + 1n];
    while (low < high) {
      const middle = (low + high) >> 1n;
      if (isBefore(middle)) low = middle + 1n;
      else high = middle;
    }
    return low;
  };
  const { begin, end } = range;
  return {
    begin: begin === undefined ? 0n : search((cycles) => toTime(cycles) < begin),
    end: end === undefined ? greatest : search((cycles) => toTime(cycles) <= end) - 1n,
  };
}
