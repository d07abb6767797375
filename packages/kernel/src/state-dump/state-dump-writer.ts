// SPDX-License-Identifier: MIT
// Values of state dump records -> packets of the stream `statedump_0`.
//
//   a record, from a multiple of 8:  u16 id | u16 0 | u32 time, low half | i32 tid of the dumper | fields, packed

import { alignUp } from '@lockstep/base';
import { COMPACT_EVENT_HEADER_SIZE_BYTES, KERNEL_PACKET_HEADER_SIZE_BYTES } from '@lockstep/ctf/write';
import type { DataStreamWriter } from '../data-stream-writer.ts';
import { NAME_SIZE_BYTES, type FieldKind, type RecordClass } from './record-classes.ts';

/** Text holds a character a byte (latin1), as it was read: the kernel's names need not be UTF-8. */
export type FieldValue = number | bigint | string;

const PACKET_SIZE_BYTES = 256 * 1024;
/** Of one string: PATH_MAX, and " (deleted)". */
const MAX_STRING_SIZE_BYTES = 4112;
const FIELDS_OFFSET = COMPACT_EVENT_HEADER_SIZE_BYTES + 4;

export class StateDumpWriter {
  readonly #stream: DataStreamWriter;
  readonly #tid: number;
  readonly #bytes = Buffer.alloc(PACKET_SIZE_BYTES);
  #at = KERNEL_PACKET_HEADER_SIZE_BYTES;
  #end = KERNEL_PACKET_HEADER_SIZE_BYTES;
  #count = 0;
  #begin = 0n;
  #last = 0n;
  recordCount = 0;

  constructor(stream: DataStreamWriter, tid: number) {
    this.#stream = stream;
    this.#tid = tid;
  }

  /** `time`: a reading from before the state was read; one earlier than the last record's counts as that. */
  add(recordClass: RecordClass, time: bigint, values: readonly FieldValue[] = []): void {
    const now = time < this.#last ? this.#last : time;
    // The compact event header holds the low half of the clock: its high half may not change in a packet.
    const isOtherHalf = this.#count > 0 && now >> 32n !== this.#begin >> 32n;
    if (isOtherHalf || this.#at + FIELDS_OFFSET + largestSizeOf(recordClass, values) > PACKET_SIZE_BYTES) this.flush();
    if (this.#count === 0) this.#begin = now;
    const bytes = this.#bytes;
    bytes.writeUInt16LE(recordClass.id, this.#at);
    bytes.writeUInt16LE(0, this.#at + 2);
    bytes.writeUInt32LE(Number(now & 0xffff_ffffn), this.#at + 4);
    bytes.writeInt32LE(this.#tid, this.#at + COMPACT_EVENT_HEADER_SIZE_BYTES);
    let end = this.#at + FIELDS_OFFSET;
    const { fields } = recordClass;
    for (let index = 0; index < fields.length; index++) {
      const field = fields[index];
      if (field !== undefined) end = writeField(bytes, end, field[1], values[index] ?? 0);
    }
    const next = alignUp(end, 8);
    bytes.fill(0, end, next);
    this.#at = next;
    this.#end = end;
    this.#last = now;
    this.#count++;
    this.recordCount++;
  }

  /** What was added goes to the disk. Throws what write(2) says; the packet is given up then. */
  flush(): void {
    if (this.#count === 0) return;
    const count = this.#count;
    this.#count = 0;
    this.#at = KERNEL_PACKET_HEADER_SIZE_BYTES;
    this.#stream.write({
      bytes: this.#bytes,
      contentSizeBytes: this.#end,
      timestampBegin: this.#begin,
      timestampEnd: this.#last,
      discardedCount: 0n,
      recordCount: count,
    });
  }
}

function largestSizeOf(recordClass: RecordClass, values: readonly FieldValue[]): number {
  let size = recordClass.fixedSizeBytes + 8;
  for (const value of values) if (typeof value === 'string') size += Math.min(value.length, MAX_STRING_SIZE_BYTES) + 1;
  return size;
}

/** Numbers are taken modulo the field's size: what /proc says may be anything. */
function writeField(bytes: Buffer, at: number, kind: FieldKind, value: FieldValue): number {
  switch (kind) {
    case 'u8':
      return bytes.writeUInt8(Number(value) & 0xff, at);
    case 'u16':
      return bytes.writeUInt16LE(Number(value) & 0xffff, at);
    case 'i32':
      return bytes.writeInt32LE(Number(value) | 0, at);
    case 'u32':
    case 'hex32':
    case 'octal32':
      return bytes.writeUInt32LE(Number(value) >>> 0, at);
    case 'network32':
      return bytes.writeUInt32BE(Number(value) >>> 0, at);
    case 'u64':
    case 'hex64':
      return bytes.writeBigUInt64LE(BigInt.asUintN(64, toBigInt(value)), at);
    case 'taskName':
      bytes.fill(0, at, at + NAME_SIZE_BYTES);
      bytes.write(String(value).slice(0, NAME_SIZE_BYTES - 1), at, 'latin1');
      return at + NAME_SIZE_BYTES;
    case 'string': {
      const text = String(value).slice(0, MAX_STRING_SIZE_BYTES).replaceAll('\0', '?');
      return bytes.writeUInt8(0, at + bytes.write(text, at, 'latin1'));
    }
  }
}

function toBigInt(value: FieldValue): bigint {
  if (typeof value === 'bigint') return value;
  const number = Number(value);
  return Number.isSafeInteger(number) ? BigInt(number) : 0n;
}
