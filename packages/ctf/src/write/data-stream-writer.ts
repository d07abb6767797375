// SPDX-License-Identifier: MIT
// Writes one data stream of any trace class: event records in, whole packets and their index entries
// out. Packet header, packet context and event record header are those of the class; what has a role
// in them is filled in here, other members from the values that are given.

import { CtfError } from '@lockstep/base';
import type { FieldValue, StructureValue } from '../model/event-record.ts';
import type { IntegerFieldClass, Role, StructureFieldClass } from '../model/field-class.ts';
import type { DataStreamClass, EventRecordClass, TraceClass } from '../model/trace-class.ts';
import { uuidToBytes } from '../metadata/uuid.ts';
import {
  commonContextScope,
  eventRecordHeaderScope,
  eventRecordScopes,
  packetContextScope,
  packetHeaderScope,
  SlotTable,
} from '../read/field-layout.ts';
import { BitWriter } from './bit-writer.ts';
import type { IndexEntry } from './data-stream-index.ts';
import { FieldEncoder } from './field-encoder.ts';
import { planHeader, type HeaderPlan } from './header-plan.ts';
import { PACKET_MAGIC } from './packet-layout.ts';

/** A packet is closed when it has this many bytes; one large record may make it larger. */
const DEFAULT_PACKET_SIZE_BYTES = 256 * 1024;

export interface WrittenRecord {
  readonly eventRecordClass: EventRecordClass;
  /** Full-width reading of the default clock. */
  readonly clockSnapshot?: bigint | undefined;
  /** Members of the header that have no role. */
  readonly header?: StructureValue | undefined;
  readonly commonContext?: StructureValue | undefined;
  readonly specificContext?: StructureValue | undefined;
  readonly payload?: StructureValue | undefined;
}

/** What a packet says beside its records. Members with a role need no value; times, counters and numbers that have one keep it. */
export interface WrittenPacket {
  readonly header?: StructureValue | undefined;
  readonly context?: StructureValue | undefined;
  /** When the packet begins; that of its first record when not given. */
  readonly clockSnapshot?: bigint | undefined;
}

export interface DataStreamWriterOptions {
  readonly traceClass: TraceClass;
  readonly dataStreamClass: DataStreamClass;
  readonly dataStreamId?: bigint;
  readonly packetSizeBytes?: number;
  /** For packets that are begun without being told to. */
  readonly packet?: WrittenPacket;
  /** Where a stream that is continued stands. */
  readonly start?: {
    readonly offsetBytes: bigint;
    readonly sequenceNumber: bigint;
    readonly discardedEventRecordCount: bigint;
  };
  /** Takes a whole packet; the bytes are valid until it returns. */
  readonly write: (packet: Uint8Array, entry: IndexEntry) => void;
}

export class DataStreamWriter {
  #options: DataStreamWriterOptions;
  readonly #writer = new BitWriter();
  #encoder: FieldEncoder;
  readonly #headerPlan: HeaderPlan;
  #packet: WrittenPacket | undefined;
  #headerBits = 0;
  #contentBits = 0;
  /** Bits of the packet's scopes in the byte that the first record shares with them. */
  #sharedByte = 0;
  #begin: bigint | undefined;
  #clock = 0n;
  #sequenceNumber: bigint;
  #discarded: bigint;
  #offsetBytes: bigint;
  /** What the fields with roles of the scope that is being written say. */
  #roles: ReadonlyMap<Role, number | bigint> = new Map();

  constructor(options: DataStreamWriterOptions) {
    this.#options = options;
    const { traceClass, dataStreamClass, start } = options;
    this.#encoder = this.#makeEncoder(traceClass);
    this.#headerPlan = planHeader(dataStreamClass.eventRecordHeader);
    this.#sequenceNumber = start?.sequenceNumber ?? 0n;
    this.#discarded = start?.discardedEventRecordCount ?? 0n;
    this.#offsetBytes = start?.offsetBytes ?? 0n;
  }

  #makeEncoder(traceClass: TraceClass): FieldEncoder {
    const uuid = traceClass.uuid === undefined ? undefined : uuidToBytes(traceClass.uuid);
    const slots = new SlotTable(traceClass);
    return new FieldEncoder(this.#writer, slots, (fc, given) => this.#roleValue(fc, given), uuid);
  }

  /** The trace class with more event record classes than before. */
  useTraceClass(traceClass: TraceClass): void {
    const dataStreamClass = traceClass.dataStreamClasses.get(this.#options.dataStreamClass.id);
    if (dataStreamClass === undefined) throw new CtfError('The trace class lost a data stream class.');
    this.#options = { ...this.#options, traceClass, dataStreamClass };
    this.#encoder = this.#makeEncoder(traceClass);
  }

  /** Bytes of the packet that is being written. */
  get pendingBytes(): number {
    return this.#packet === undefined ? 0 : this.#writer.sizeBytes;
  }

  /** Counts event records that were lost; the next packet to end says so. */
  discardEventRecords(count: bigint): void {
    this.#discarded += count;
  }

  /** Counts packets that were lost: a gap in the sequence numbers. */
  discardPackets(count: bigint): void {
    this.endPacket();
    this.#sequenceNumber += count;
  }

  beginPacket(packet: WrittenPacket = this.#options.packet ?? {}, clockSnapshot?: bigint): void {
    this.endPacket();
    this.#writer.reset({ position: 0, byte: 0 });
    this.#packet = packet;
    const { dataStreamClass } = this.#options;
    const given = roleOf(packet.context, dataStreamClass.packetContext, 'default-clock-timestamp');
    this.#begin = given ?? packet.clockSnapshot ?? clockSnapshot;
    if (this.#begin !== undefined) this.#clock = this.#begin;
    this.#contentBits = 0;
    this.#writeScopes(0n);
    this.#headerBits = this.#writer.position;
    this.#sharedByte = this.#writer.mark().byte;
    this.#contentBits = this.#headerBits;
  }

  /** Writes an event record. One that cannot be written leaves the stream as it was. */
  write(record: WrittenRecord): void {
    const { clockSnapshot } = record;
    const { packetSizeBytes = DEFAULT_PACKET_SIZE_BYTES } = this.#options;
    if (this.#packet !== undefined && this.#writer.sizeBytes >= packetSizeBytes && this.#contentBits > this.#headerBits)
      this.endPacket();
    if (this.#packet === undefined) this.beginPacket(undefined, clockSnapshot);
    let header = this.#header(record);
    if (header === undefined && this.#contentBits > this.#headerBits) {
      // Too long after the record before for a short reading: a packet's begin says all of it.
      this.beginPacket(undefined, clockSnapshot);
      header = this.#header(record);
    }
    if (header === undefined)
      throw new CtfError('The id or the time of an event record does not fit its header.', {
        event: record.eventRecordClass.name,
        id: record.eventRecordClass.id,
      });
    const mark = this.#writer.mark();
    const clock = this.#clock;
    try {
      this.#encodeRecord(record, header);
    } catch (error) {
      this.#writer.reset(mark);
      this.#clock = clock;
      throw error;
    }
    this.#contentBits = this.#writer.position;
  }

  /** Ends the packet that is being written, if any, and hands it out. */
  endPacket(clockSnapshot?: bigint): void {
    if (this.#packet === undefined) return;
    const { dataStreamClass } = this.#options;
    const { context } = this.#packet;
    const given = roleOf(context, dataStreamClass.packetContext, 'packet-end-default-clock-timestamp');
    const last = clockSnapshot ?? this.#clock;
    const end = given !== undefined && given > last ? given : last;
    const sizeBytes = Math.max(1, Math.ceil(this.#contentBits / 8));
    const contentBits = this.#contentBits;
    const discarded =
      roleOf(context, dataStreamClass.packetContext, 'discarded-event-record-counter-snapshot') ?? this.#discarded;
    const body = this.#writer.bytes.slice(0, sizeBytes);
    // The scopes again, with what is known now, over the place that was kept for them.
    this.#writer.reset({ position: 0, byte: 0 });
    this.#writeScopes(end);
    if (this.#writer.position !== this.#headerBits)
      throw new CtfError(
        'The size of a packet context depends on values that are known at the end of the packet only.',
      );
    mergeHead(body, this.#writer.bytes, this.#headerBits, this.#sharedByte);
    const sequenceNumber = roleOf(context, dataStreamClass.packetContext, 'packet-sequence-number');
    this.#options.write(body, {
      offsetBytes: this.#offsetBytes,
      packetSizeBits: BigInt(sizeBytes) * 8n,
      contentSizeBits: BigInt(contentBits),
      timestampBegin: this.#begin ?? 0n,
      timestampEnd: end,
      discardedEventRecordCount: discarded,
      streamId: dataStreamClass.id,
      streamInstanceId: this.#options.dataStreamId ?? 0n,
      sequenceNumber: sequenceNumber ?? this.#sequenceNumber,
    });
    this.#offsetBytes += BigInt(sizeBytes);
    this.#discarded = discarded;
    this.#sequenceNumber = (sequenceNumber ?? this.#sequenceNumber) + 1n;
    this.#packet = undefined;
    this.#writer.reset({ position: 0, byte: 0 });
  }

  #writeScopes(end: bigint): void {
    const { traceClass, dataStreamClass, dataStreamId } = this.#options;
    const contentBits = BigInt(Math.max(this.#contentBits, 0));
    this.#roles = new Map<Role, number | bigint>([
      ['packet-magic-number', PACKET_MAGIC],
      ['data-stream-class-id', dataStreamClass.id],
      ['data-stream-id', dataStreamId ?? 0n],
      ['packet-content-length', contentBits],
      ['packet-total-length', ((contentBits + 7n) / 8n) * 8n],
      ['default-clock-timestamp', this.#begin ?? 0n],
      ['packet-end-default-clock-timestamp', end],
      ['packet-sequence-number', this.#sequenceNumber],
      ['discarded-event-record-counter-snapshot', this.#discarded],
    ]);
    for (const scope of packetHeaderScope(traceClass))
      this.#encoder.scope(scope, defaults(scope.fieldClass, this.#packet?.header));
    for (const scope of packetContextScope(dataStreamClass))
      this.#encoder.scope(scope, defaults(scope.fieldClass, this.#packet?.context));
  }

  #header(record: WrittenRecord): StructureValue | undefined {
    const { clockSnapshot, eventRecordClass } = record;
    return this.#headerPlan(eventRecordClass.id, clockSnapshot, this.#clock, record.header);
  }

  #encodeRecord(record: WrittenRecord, header: StructureValue): void {
    const { dataStreamClass } = this.#options;
    const { eventRecordClass } = record;
    this.#roles = NO_ROLES;
    for (const scope of eventRecordHeaderScope(dataStreamClass)) this.#encoder.scope(scope, header);
    for (const scope of commonContextScope(dataStreamClass)) this.#encoder.scope(scope, record.commonContext);
    for (const scope of eventRecordScopes(dataStreamClass, eventRecordClass)) {
      const value = scope.name === 'event-record-payload' ? record.payload : record.specificContext;
      this.#encoder.scope(scope, value);
    }
  }

  /** Values that are given win where the writer has no reason to know better. */
  #roleValue(fc: IntegerFieldClass, given: FieldValue): number | bigint | undefined {
    for (const role of fc.roles ?? []) {
      const own = this.#roles.get(role);
      if (own === undefined) continue;
      const isKept = KEPT_ROLES.has(role) && (typeof given === 'bigint' || typeof given === 'number');
      const value = isKept ? maximum(given, role === 'packet-end-default-clock-timestamp' ? own : given) : own;
      return 'length' in fc ? BigInt.asUintN(fc.length, BigInt(value)) : value;
    }
    this.#followClock(fc, given);
    return undefined;
  }

  /** What a reader knows of the clock after this field: every field that is a reading moves it. */
  #followClock(fc: IntegerFieldClass, given: FieldValue): void {
    if (fc.type.endsWith('-signed-integer') || typeof given === 'string') return;
    const isReading =
      fc.roles?.includes('default-clock-timestamp') === true || ('clock' in fc && fc.clock !== undefined);
    if (!isReading || fc.roles?.includes('packet-end-default-clock-timestamp') === true) return;
    const value = BigInt(given as number | bigint);
    if (!('length' in fc) || fc.length >= 64) {
      this.#clock = BigInt.asUintN(64, value);
      return;
    }
    const span = 1n << BigInt(fc.length);
    const part = this.#clock % span;
    this.#clock = this.#clock - part + value + (value < part ? span : 0n);
  }
}

const NO_ROLES: ReadonlyMap<Role, number | bigint> = new Map();

/** What a packet that is copied keeps. */
const KEPT_ROLES: ReadonlySet<Role> = new Set<Role>([
  'default-clock-timestamp',
  'packet-end-default-clock-timestamp',
  'packet-sequence-number',
  'discarded-event-record-counter-snapshot',
]);

function maximum(a: number | bigint, b: number | bigint): number | bigint {
  return a > b ? a : b;
}

/** The given value of the member with a role. */
function roleOf(
  value: StructureValue | undefined,
  fc: StructureFieldClass | undefined,
  role: Role,
): bigint | undefined {
  const member = fc?.memberClasses.find(
    ({ fieldClass }) => 'roles' in fieldClass && (fieldClass.roles ?? []).includes(role),
  );
  const given = member === undefined ? undefined : value?.[member.name];
  return typeof given === 'bigint' || typeof given === 'number' ? BigInt(given) : undefined;
}

/** Members of packet scopes that nobody gave a value are 0 or empty. */
function defaults(fc: StructureFieldClass, value: StructureValue | undefined): StructureValue {
  const filled = new Map<string, FieldValue>();
  for (const { name, fieldClass } of fc.memberClasses) {
    const given = value !== undefined && Object.hasOwn(value, name) ? value[name] : undefined;
    if (given !== undefined) {
      filled.set(name, given);
      continue;
    }
    if ('roles' in fieldClass && (fieldClass.roles ?? []).length > 0) continue;
    switch (fieldClass.type) {
      case 'null-terminated-string':
      case 'static-length-string':
      case 'dynamic-length-string':
        filled.set(name, '');
        break;
      case 'fixed-length-boolean':
        filled.set(name, false);
        break;
      case 'structure':
        filled.set(name, defaults(fieldClass, undefined));
        break;
      case 'static-length-array':
      case 'dynamic-length-array':
      case 'static-length-blob':
      case 'dynamic-length-blob':
      case 'variant':
      case 'optional':
        break;
      default:
        filled.set(name, 0);
    }
  }
  // fromEntries defines members, so that one called `__proto__` is a member too.
  return Object.fromEntries(filled);
}

/** Puts the first `bits` of `head` over those of `body`; of a shared byte the bits that were `shared` are replaced. */
function mergeHead(body: Uint8Array, head: Uint8Array, bits: number, shared: number): void {
  const whole = Math.floor(bits / 8);
  body.set(head.subarray(0, whole));
  if (bits % 8 !== 0) body[whole] = ((body[whole] ?? 0) ^ shared) | (head[whole] ?? 0);
}
