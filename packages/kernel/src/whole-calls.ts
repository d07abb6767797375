// SPDX-License-Identifier: MIT
// Records of system calls that the kernel's own events do not tell of (capture/), -> event records in
// data streams of their own, one a CPU. Each is laid out as a raw page of one record, so that header,
// order and packets are those of every other stream. Their classes are made when they are first met.

import type { EventRecordClass } from '@lockstep/ctf/write';
import { structure } from '@lockstep/ctf/write';
import type { CapturedCall, CaptureStore } from './capture/capture-store.ts';
import { FLAG_COMPAT, FLAG_EXIT } from './capture/capture-record.ts';
import type { PayloadCopier } from './conversion-code.ts';
import { errnoOffset, payloadOffset, type ConversionPlan } from './event-class.ts';
import { CopierTable, PageConverter, type ConvertedPacket } from './page-converter.ts';
import { ERRNO_CONTEXT } from './syscalls/errno.ts';
import { WHOLE_ID_COUNT, wholeSyscallClass } from './syscalls/syscall-class.ts';
import { writeWholeCall } from './syscalls/syscall-copier.ts';

const PAGE_HEADER_SIZE_BYTES = 16;
/** Event header of the ring buffer, then the record's own common fields. */
const RECORD_SIZE_BYTES = 4 + 8;
const PAGE_SIZE_BYTES = 64;

export class WholeCalls {
  /** Calls whose time in the trace's clock is unknown. */
  untimedCount = 0;
  readonly #store: CaptureStore;
  readonly #onClass: (eventClass: EventRecordClass) => void;
  readonly #table = new CopierTable([{ id: WHOLE_ID_COUNT, sizeBytes: 8, alignment: 8, steps: [] }]);
  readonly #page = new Uint8Array(new ArrayBuffer(PAGE_SIZE_BYTES));
  readonly #words = new Int32Array(this.#page.buffer);
  readonly #view = new DataView(this.#page.buffer);
  #current: CapturedCall | undefined;

  /** `onClass` hears of a class before the first record of it is in a packet. */
  constructor(store: CaptureStore, onClass: (eventClass: EventRecordClass) => void) {
    this.#store = store;
    this.#onClass = onClass;
  }

  /** A converter for one CPU's stream. */
  makeConverter(discardedBefore: bigint, sink: (packet: ConvertedPacket) => void): PageConverter {
    return new PageConverter(this.#table, discardedBefore, sink);
  }

  /** Returns how many records it gave: one, or none without a time. */
  convert(call: CapturedCall, converter: PageConverter): number {
    if (call.time === undefined) {
      this.untimedCount++;
      return 0;
    }
    const id = this.#learn(call);
    this.#view.setBigUint64(0, BigInt.asUintN(64, call.time), true);
    this.#view.setBigUint64(8, BigInt(RECORD_SIZE_BYTES), true);
    // Two words of data, no time since the page's.
    this.#view.setUint32(PAGE_HEADER_SIZE_BYTES, 2, true);
    this.#view.setUint32(PAGE_HEADER_SIZE_BYTES + 4, id, true);
    this.#view.setInt32(PAGE_HEADER_SIZE_BYTES + 8, call.tid, true);
    this.#current = call;
    return converter.convertPage(this.#words, this.#page, 0, PAGE_SIZE_BYTES);
  }

  #learn(call: CapturedCall): number {
    const isExit = (call.flags & FLAG_EXIT) !== 0;
    const { id, name, event } = wholeSyscallClass(call.number, { isExit, isCompat: (call.flags & FLAG_COMPAT) !== 0 });
    if (this.#table.copiers[id] !== undefined) return id;
    const { conversion, alignment } = event;
    const plan: ConversionPlan = {
      id,
      sizeBytes: 8,
      alignment,
      steps: [],
      syscall: conversion,
      ...(isExit ? { hasErrno: true } : {}),
    };
    const [errnoAt, at] = [errnoOffset(), payloadOffset(plan)];
    const copier: PayloadCopier = (_source, _bytes, _s, _size, _target, targetBytes, d) =>
      this.#current === undefined
        ? (d << 2) + at
        : writeWholeCall(conversion, this.#current, this.#store, targetBytes, {
            errnoAt: (d << 2) + errnoAt,
            payloadAt: (d << 2) + at,
          });
    this.#table.add(plan, copier);
    this.#onClass({
      id: BigInt(id),
      name,
      ...(isExit ? { specificContext: ERRNO_CONTEXT } : {}),
      payload: structure(event.members),
    });
    return id;
  }
}
