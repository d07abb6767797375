// SPDX-License-Identifier: MIT
// Reads what programs left in a test session's directory: ring buffers and class files -> event
// records, in time order. A small interpreter of its own, so that what the tracer writes is checked
// by code that shares nothing with it.

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { FieldClass, StructureFieldClass } from '@lockstep/ctf';
import { PROGRAM_PACKET_HEADER_SIZE_BYTES } from '@lockstep/ctf/write';
import { PROCESS_DIRECTORY_PATTERN, CLASSES_FILE, RING_FILE_PATTERN, type ClassLine } from '@lockstep/protocol';
import { openRingReader } from '@lockstep/ring-buffer';

export type TestFields = Readonly<Record<string, number | bigint | string>>;
export interface TestRecord {
  readonly name: string;
  readonly time: bigint;
  readonly vpid: number;
  readonly vtid: number;
  readonly fields: TestFields;
}

const PACKET_MAGIC = 0xc1fc1fc1;
const VPID_OFFSET = 84;
const VTID_OFFSET = 88;
const EXTENDED_ID = 0xffff;

/** Every record of every program of the session, oldest first. */
export function readRecords(sessionDirectory: string): TestRecord[] {
  const records: TestRecord[] = [];
  for (const entry of readdirSync(sessionDirectory)) {
    if (!PROCESS_DIRECTORY_PATTERN.test(entry)) continue;
    const directory = join(sessionDirectory, entry);
    const files = readdirSync(directory);
    if (!files.includes(CLASSES_FILE)) continue;
    const classes = readClasses(join(directory, CLASSES_FILE));
    for (const file of files) {
      if (!RING_FILE_PATTERN.test(file)) continue;
      const bytes = readFileSync(join(directory, file));
      const memory = bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength);
      for (const packet of openRingReader(memory).snapshot().packets) {
        decodePacket(packet.bytes, packet.contentSizeBytes, classes, records);
      }
    }
  }
  return records.sort((a, b) => (a.time < b.time ? -1 : a.time > b.time ? 1 : 0));
}

function readClasses(path: string): Map<number, ClassLine> {
  const lines = readFileSync(path, 'utf8').split('\n').slice(0, -1);
  return new Map(lines.map((line) => JSON.parse(line) as ClassLine).map((line) => [line.id, line]));
}

function decodePacket(
  bytes: Uint8Array,
  contentSizeBytes: number,
  classes: Map<number, ClassLine>,
  records: TestRecord[],
): void {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (view.getUint32(0, true) !== PACKET_MAGIC) throw new Error('no packet');
  let clock = view.getBigUint64(32, true);
  const vpid = view.getUint32(VPID_OFFSET, true);
  const vtid = view.getUint32(VTID_OFFSET, true);
  const cursor = { view, bytes, offset: PROGRAM_PACKET_HEADER_SIZE_BYTES };
  while (cursor.offset < contentSizeBytes) {
    cursor.offset = alignTo(cursor.offset, 8);
    if (cursor.offset >= contentSizeBytes) break;
    let id = view.getUint16(cursor.offset, true);
    if (id === EXTENDED_ID) {
      id = view.getUint32(cursor.offset + 8, true);
      clock = view.getBigUint64(cursor.offset + 16, true);
      cursor.offset += 24;
    } else {
      clock = (clock & ~0xffff_ffffn) | BigInt(view.getUint32(cursor.offset + 4, true));
      cursor.offset += 8;
    }
    const line = classes.get(id);
    if (line === undefined) throw new Error(`record of unknown class ${id}`);
    const fields = decodeStructure(cursor, line.payload as StructureFieldClass);
    records.push({ name: line.name, time: clock, vpid, vtid, fields });
  }
}

interface Cursor {
  readonly view: DataView;
  readonly bytes: Uint8Array;
  offset: number;
}

function decodeStructure(cursor: Cursor, structure: StructureFieldClass): TestFields {
  const fields: Record<string, number | bigint | string> = {};
  for (const { name, fieldClass } of structure.memberClasses) fields[name] = decodeField(cursor, fieldClass);
  return fields;
}

function decodeField(cursor: Cursor, fieldClass: FieldClass): number | bigint | string {
  const { view, bytes } = cursor;
  if (fieldClass.type === 'null-terminated-string') {
    const end = bytes.indexOf(0, cursor.offset);
    const text = new TextDecoder().decode(bytes.subarray(cursor.offset, end));
    cursor.offset = end + 1;
    return text;
  }
  if (fieldClass.type !== 'fixed-length-unsigned-integer' && fieldClass.type !== 'fixed-length-signed-integer') {
    throw new Error(`the events of Node have no ${fieldClass.type}`);
  }
  const sizeBytes = fieldClass.length / 8;
  const at = alignTo(cursor.offset, fieldClass.alignment / 8);
  cursor.offset = at + sizeBytes;
  const isSigned = fieldClass.type === 'fixed-length-signed-integer';
  if (sizeBytes === 8) return isSigned ? view.getBigInt64(at, true) : view.getBigUint64(at, true);
  if (sizeBytes === 4) return isSigned ? view.getInt32(at, true) : view.getUint32(at, true);
  if (sizeBytes === 2) return isSigned ? view.getInt16(at, true) : view.getUint16(at, true);
  return isSigned ? view.getInt8(at) : view.getUint8(at);
}

function alignTo(offset: number, alignment: number): number {
  return Math.ceil(offset / alignment) * alignment;
}
