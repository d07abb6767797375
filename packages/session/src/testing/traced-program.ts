// SPDX-License-Identifier: MIT
// A traced program for tests, without the tracer: writes a session's process directory, classes and
// ring buffers as a program does, with the clock under the test's control. A record is
// `test:value { value: uint32 }`.

import { appendFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  encodePacketHeader,
  fieldClassToJson,
  PACKET_CONTENT_SIZE_OFFSET,
  PACKET_DISCARDED_FULL_OFFSET,
  PACKET_DISCARDED_TOO_BIG_OFFSET,
  PACKET_DISCARDED_WRAPPED_OFFSET,
  PACKET_EVENTS_DISCARDED_OFFSET,
  PACKET_TIMESTAMP_END_OFFSET,
  PROGRAM_PACKET_HEADER_SIZE_BYTES,
  structure,
  unsignedInteger,
  uuidToBytes,
} from '@lockstep/ctf/write';
import { loadNative, type Mapping } from '@lockstep/native';
import {
  CLASSES_FILE,
  PROCESS_FILE,
  processDirectoryName,
  type ChannelPlan,
  type ProcessDescription,
} from '@lockstep/protocol';
import {
  COMMITTED_WORD,
  createRing,
  DISCARDED_FULL_WORD,
  DISCARDED_TOO_BIG_WORD,
  DISCARDED_WRAPPED_WORD,
  LIMIT_WORD,
  ringSizeBytes,
  tryAttachWriter,
  type RingWriter,
} from '@lockstep/ring-buffer';
import { pidNamespaceOf, processStart } from '../process-status.ts';

export const RECORD_SIZE_BYTES = 12;

export interface ProgramIdentity {
  readonly vpid?: number;
  readonly start?: number;
  readonly uuid?: string;
  readonly procname?: string;
}

export class TracedProgram {
  readonly directory: string;
  readonly uuid: string;
  readonly vpid: number;

  constructor(sessionDirectory: string, identity: ProgramIdentity = {}) {
    this.vpid = identity.vpid ?? process.pid;
    this.uuid = identity.uuid ?? '11111111-2222-4333-8444-555555555555';
    const start = identity.start ?? processStart(this.vpid) ?? 1;
    this.directory = join(sessionDirectory, processDirectoryName(this.vpid, start));
    mkdirSync(this.directory);
    this.addClass(0, 'test:value');
    const description: ProcessDescription = {
      version: 2,
      vpid: this.vpid,
      procname: identity.procname ?? 'program',
      argv: ['program', 'with "quotes"'],
      execPath: '/usr/bin/program',
      nodeVersion: 'v20.19.0',
      v8Version: '11',
      traceUuid: this.uuid,
      startedAt: '2026-01-02T03:04:05.000Z',
      pidNamespace: pidNamespaceOf('self'),
      pointerSizeBits: 64,
    };
    writeFileSync(join(this.directory, PROCESS_FILE), JSON.stringify(description));
  }

  addClass(id: number, name: string): void {
    const payload = fieldClassToJson(structure({ value: unsignedInteger(32) }));
    appendFileSync(join(this.directory, CLASSES_FILE), `${JSON.stringify({ id, name, logLevel: 14, payload })}\n`);
  }

  openBuffer(channel: ChannelPlan, number: number, tid = this.vpid): ProgramBuffer {
    return new ProgramBuffer(this, channel, number, tid);
  }
}

export class ProgramBuffer {
  readonly path: string;
  readonly mapping: Mapping;
  /** Called in each record, when it is stored and not committed. */
  beforeCommit: () => void = () => undefined;
  /** What the next record's time will be. */
  clock = 1000n;
  recordedCount = 0;
  discardedCount = 0;
  readonly #writer: RingWriter;
  readonly #view: DataView;

  constructor(program: TracedProgram, channel: ChannelPlan, number: number, tid: number) {
    const native = loadNative();
    if (native === undefined) throw new Error('the test needs the native addon');
    this.path = join(program.directory, `${channel.name}_${number}.ring`);
    const geometry = {
      mode: channel.mode,
      subBufferSizeBytes: channel.subBufferSizeBytes,
      subBufferCount: channel.subBufferCount,
    };
    this.mapping = native.mapFile(this.path, { access: 'read-write', createSizeBytes: ringSizeBytes(geometry) });
    createRing(this.mapping.buffer, geometry, { channelId: channel.id, bufferNumber: number });
    const bytes = new Uint8Array(this.mapping.buffer);
    this.#view = new DataView(this.mapping.buffer);
    const client = {
      headerSizeBytes: PROGRAM_PACKET_HEADER_SIZE_BYTES,
      bufferBegin: (offset: number, sequence: number): void => {
        encodePacketHeader(bytes, offset, {
          uuid: uuidToBytes(program.uuid),
          streamId: channel.id,
          streamInstanceId: BigInt(number),
          timestampBegin: this.clock,
          timestampEnd: this.clock,
          contentSizeBytes: PROGRAM_PACKET_HEADER_SIZE_BYTES,
          packetSizeBytes: channel.subBufferSizeBytes,
          sequenceNumber: BigInt(sequence),
          discardedEventRecordCount: 0n,
          cpuId: 0,
          program: { vpid: program.vpid, vtid: program.vpid, tid: 0, discarded: { full: 0n, wrapped: 0n, tooBig: 0n } },
        });
      },
      bufferEnd: (offset: number, contentSizeBytes: number, discarded: number): void => {
        this.#view.setBigUint64(offset + PACKET_TIMESTAMP_END_OFFSET, this.clock, true);
        this.#view.setBigUint64(offset + PACKET_CONTENT_SIZE_OFFSET, BigInt(contentSizeBytes) * 8n, true);
        this.#view.setBigUint64(offset + PACKET_EVENTS_DISCARDED_OFFSET, BigInt(discarded), true);
        const words = new Int32Array(this.mapping.buffer, 0, DISCARDED_WRAPPED_WORD + 1);
        const count = (word: number): bigint => BigInt(words[word]! >>> 0);
        this.#view.setBigUint64(offset + PACKET_DISCARDED_FULL_OFFSET, count(DISCARDED_FULL_WORD), true);
        this.#view.setBigUint64(offset + PACKET_DISCARDED_WRAPPED_OFFSET, count(DISCARDED_WRAPPED_WORD), true);
        this.#view.setBigUint64(offset + PACKET_DISCARDED_TOO_BIG_OFFSET, count(DISCARDED_TOO_BIG_WORD), true);
      },
      onDeliver: (): void => undefined,
    };
    const writer = tryAttachWriter(this.mapping.buffer, { pid: program.vpid, tid }, client);
    if (writer === undefined) throw new Error('the buffer is taken');
    this.#writer = writer;
  }

  /** One record of class `id`; false when it was discarded. */
  write(value: number, id = 0): boolean {
    const { words } = this.#writer;
    this.clock += 10n;
    let begin = ((words[COMMITTED_WORD] as number) + 7) & -8;
    if (begin + RECORD_SIZE_BYTES > (words[LIMIT_WORD] as number)) begin = this.#writer.reserveSlow(RECORD_SIZE_BYTES);
    if (begin < 0) {
      this.discardedCount++;
      return false;
    }
    this.#view.setUint16(begin, id, true);
    this.#view.setUint32(begin + 4, Number(this.clock & 0xffff_ffffn), true);
    this.#view.setUint32(begin + 8, value, true);
    this.beforeCommit();
    words[COMMITTED_WORD] = begin + RECORD_SIZE_BYTES;
    this.recordedCount++;
    return true;
  }

  writeMany(count: number): void {
    for (let value = 0; value < count; value++) this.write(value);
  }

  flush(): void {
    this.#writer.flush();
  }
}
