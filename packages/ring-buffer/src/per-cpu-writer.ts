// SPDX-License-Identifier: MIT
// A thread that writes into the buffer of the CPU it runs on: a writer in each of them, attached when
// the thread first runs there. It may be moved in the middle of a record; the record stays where it
// began, which is why each buffer has a place for each thread.

import type { RingClock } from './record-format.ts';
import type { RecordWriter } from './record-writer.ts';

export class PerCpuRecordWriter implements RecordWriter {
  readonly #clock: RingClock;
  readonly #count: number;
  readonly #tryAttach: (cpu: number) => RecordWriter | undefined;
  readonly #writers: (RecordWriter | undefined)[] = [];
  /** Of the records being made, the outermost first. */
  readonly #begun: RecordWriter[] = [];
  #isReleased = false;
  /** Records that found no place in their CPU's buffer. */
  discardedUnattached = 0;

  constructor(clock: RingClock, count: number, tryAttach: (cpu: number) => RecordWriter | undefined) {
    this.#clock = clock;
    this.#count = count;
    this.#tryAttach = tryAttach;
    this.#current();
  }

  /** Of the buffer that the record begun last is in. */
  get bytes(): Uint8Array {
    return (this.#begun.at(-1) ?? this.#current())?.bytes ?? new Uint8Array(0);
  }

  get words(): Int32Array {
    return (this.#begun.at(-1) ?? this.#current())?.words ?? new Int32Array(0);
  }

  get doubles(): Float64Array {
    return (this.#begun.at(-1) ?? this.#current())?.doubles ?? new Float64Array(0);
  }

  begin(payloadSizeBytes: number): number {
    const writer = this.#current();
    if (writer === undefined) {
      this.discardedUnattached++;
      return -1;
    }
    const offset = writer.begin(payloadSizeBytes);
    if (offset >= 0) this.#begun.push(writer);
    return offset;
  }

  end(): void {
    this.#begun.pop()?.end();
  }

  cancel(offset: number): void {
    this.#begun.pop()?.cancel(offset);
  }

  write(payload: Uint8Array): boolean {
    const writer = this.#current();
    if (writer !== undefined) return writer.write(payload);
    this.discardedUnattached++;
    return false;
  }

  flush(): void {
    for (const writer of this.#writers) writer?.flush();
  }

  release(): void {
    this.#isReleased = true;
    for (const writer of this.#writers) writer?.release();
  }

  #current(): RecordWriter | undefined {
    this.#clock.readWithCpu();
    const cpu = this.#clock.slot[2]! % this.#count;
    const writer = this.#writers[cpu];
    if (writer !== undefined || this.#isReleased) return writer;
    const attached = this.#tryAttach(cpu);
    this.#writers[cpu] = attached;
    return attached;
  }
}
