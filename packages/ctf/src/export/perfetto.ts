// SPDX-License-Identifier: MIT
// A timeline as a Perfetto trace: protos/perfetto/trace/ of Perfetto's repository, of which the field
// numbers are here. Every packet stands alone (no interning), so that pieces of the file can be cut out
// and read.

import { ProtoWriter } from '@lockstep/base';
import type { FieldValue, StructureValue } from '../model/event-record.ts';
import { plainJson } from './plain-json.ts';
import { unsignedNs, type TimelineSink, type Track } from './timeline.ts';

const TRACE_PACKET = 1;
const PACKET = { timestamp: 8, sequenceId: 10, trackEvent: 11, trackDescriptor: 60 } as const;
const DESCRIPTOR = { uuid: 1, name: 2, process: 3, thread: 4, parentUuid: 5, counter: 8 } as const;
const PROCESS = { pid: 1, name: 6 } as const;
const THREAD = { pid: 1, tid: 2, name: 5 } as const;
const EVENT = { annotations: 4, type: 9, trackUuid: 11, name: 23, counter: 30, doubleCounter: 44 } as const;
const ANNOTATION = { bool: 2, uint: 3, int: 4, double: 5, string: 6, name: 10 } as const;
const TYPE = { begin: 1, end: 2, instant: 3, counter: 4 } as const;
/** All packets come from one writer. */
const SEQUENCE_ID = 1;
/** Bytes that are handed out together. */
const CHUNK_BYTES = 128 * 1024;

export class PerfettoSink implements TimelineSink {
  readonly #writer = new ProtoWriter();
  readonly #write: (bytes: Uint8Array) => void;

  /** `write` takes bytes that are valid until it returns. */
  constructor(write: (bytes: Uint8Array) => void) {
    this.#write = write;
  }

  track(track: Track): void {
    const writer = this.#writer;
    const { kind, name, pid = 0, tid = 0, parent } = track;
    this.#packet(undefined, () =>
      writer.message(PACKET.trackDescriptor, () => {
        writer.uint(DESCRIPTOR.uuid, track.id);
        if (parent !== undefined && kind !== 'thread') writer.uint(DESCRIPTOR.parentUuid, parent.id);
        switch (kind) {
          case 'process':
            writer.message(DESCRIPTOR.process, () => {
              writer.int(PROCESS.pid, pid);
              writer.string(PROCESS.name, name);
            });
            break;
          case 'thread':
            writer.message(DESCRIPTOR.thread, () => {
              writer.int(THREAD.pid, pid);
              writer.int(THREAD.tid, tid);
              writer.string(THREAD.name, name);
            });
            break;
          case 'counter':
            writer.string(DESCRIPTOR.name, name);
            writer.message(DESCRIPTOR.counter, () => {});
            break;
          default:
            writer.string(DESCRIPTOR.name, name);
        }
      }),
    );
  }

  beginSlice(track: Track, timeNs: bigint, name: string, args: StructureValue): void {
    this.#event(track, timeNs, TYPE.begin, name, args);
  }

  endSlice(track: Track, timeNs: bigint, args?: StructureValue): void {
    this.#event(track, timeNs, TYPE.end, undefined, args);
  }

  instant(track: Track, timeNs: bigint, name: string, args: StructureValue): void {
    this.#event(track, timeNs, TYPE.instant, name, args);
  }

  counter(track: Track, timeNs: bigint, value: number | bigint): void {
    const writer = this.#writer;
    this.#packet(timeNs, () =>
      writer.message(PACKET.trackEvent, () => {
        writer.uint(EVENT.type, TYPE.counter);
        writer.uint(EVENT.trackUuid, track.id);
        if (typeof value === 'bigint' || Number.isSafeInteger(value)) writer.int(EVENT.counter, value);
        else writer.double(EVENT.doubleCounter, value);
      }),
    );
  }

  /** Writes what is held back. To be called at the end. */
  flush(): void {
    if (this.#writer.sizeBytes > 0) this.#write(this.#writer.borrow());
  }

  #event(track: Track, timeNs: bigint, type: number, name: string | undefined, args: StructureValue | undefined): void {
    const writer = this.#writer;
    this.#packet(timeNs, () =>
      writer.message(PACKET.trackEvent, () => {
        writer.uint(EVENT.type, type);
        writer.uint(EVENT.trackUuid, track.id);
        if (name !== undefined) writer.string(EVENT.name, name);
        for (const [key, value] of Object.entries(args ?? {})) this.#annotation(key, value);
      }),
    );
  }

  #annotation(name: string, value: FieldValue): void {
    if (value === undefined) return;
    const writer = this.#writer;
    writer.message(EVENT.annotations, () => {
      writer.string(ANNOTATION.name, name);
      if (typeof value === 'string') writer.string(ANNOTATION.string, value);
      else if (typeof value === 'boolean') writer.bool(ANNOTATION.bool, value);
      else if (typeof value === 'bigint' || Number.isSafeInteger(value)) {
        const integer = value as number | bigint;
        if (integer < 0) writer.int(ANNOTATION.int, integer);
        else writer.uint(ANNOTATION.uint, integer);
      } else if (typeof value === 'number') writer.double(ANNOTATION.double, value);
      else writer.string(ANNOTATION.string, plainJson(value));
    });
  }

  #packet(timeNs: bigint | undefined, write: () => void): void {
    const writer = this.#writer;
    writer.message(TRACE_PACKET, () => {
      if (timeNs !== undefined) writer.uint(PACKET.timestamp, unsignedNs(timeNs));
      writer.uint(PACKET.sequenceId, SEQUENCE_ID);
      write();
    });
    if (writer.sizeBytes >= CHUNK_BYTES) this.flush();
  }
}
