// SPDX-License-Identifier: MIT
// The record that is being converted, its CPU and the thread table -> the values of context fields.
//
// First words of a raw record (struct trace_entry, linux/trace_events.h):
//   0 common_type u16 | 2 flags u8: 1 interrupts off, 4 and 2 need resched, 8 hardirq, 16 softirq, 64 nmi,
//   128 bottom halves off | 3 preempt count u8: 0-3 depth, 4-7 migrations disabled | 4 common_pid i32

import { hostname } from 'node:os';
import { assertUnreachable } from '@lockstep/base';
import { HOSTNAME_SIZE_BYTES, PROCNAME_SIZE_BYTES, type ContextField } from './context-fields.ts';
import type { ThreadTable } from './thread-table.ts';

const IRQS_OFF = 1 << 16;
const NEED_RESCHED = (1 << 17) | (1 << 18);
/** Interrupt of some kind, or bottom halves off, or preemption off. */
const NOT_PREEMPTIBLE = ((8 | 16 | 64 | 128) << 16) | (0x0f << 24);
const MIGRATION_OFF = 0xf0 << 24;

/** Priorities below this are real-time (MAX_RT_PRIO). */
const MAX_RT_PRIO = 100;
const DEFAULT_PRIO = 120;

export class RecordContext {
  readonly #cpuId: number;
  readonly #threads: ThreadTable;
  readonly #hostname = encode(hostname(), HOSTNAME_SIZE_BYTES);
  /** Who runs on this CPU since the last switch; undefined before the first. */
  #runningTid: number | undefined;
  #runningPrio = 0;
  readonly #runningName = new Uint8Array(PROCNAME_SIZE_BYTES);
  readonly #otherName = new Uint8Array(PROCNAME_SIZE_BYTES);
  #word = 0;
  #tid = 0;

  constructor(cpuId: number, threads: ThreadTable) {
    this.#cpuId = cpuId;
    this.#threads = threads;
  }

  /** What follows is about the raw record at word `s`. */
  setRecord(source: Int32Array, s: number): void {
    this.#word = source[s] as number;
    this.#tid = source[s + 1] as number;
  }

  noteSwitch(tid: number, prio: number, bytes: Uint8Array, nameOffset: number): void {
    this.#runningTid = tid;
    this.#runningPrio = prio;
    this.#runningName.set(bytes.subarray(nameOffset, nameOffset + PROCNAME_SIZE_BYTES));
  }

  noteName(tid: number, bytes: Uint8Array, nameOffset: number): void {
    if (tid === this.#runningTid) this.#runningName.set(bytes.subarray(nameOffset, nameOffset + PROCNAME_SIZE_BYTES));
  }

  notePrio(tid: number, prio: number): void {
    if (tid === this.#runningTid) this.#runningPrio = prio;
  }

  integer(field: ContextField & { readonly shape: 'integer' }): number {
    const { source } = field;
    switch (source.kind) {
      case 'attribute':
        return this.#threads.get(this.#tid)[source.name];
      case 'namespace':
        return this.#threads.namespaceOf(this.#tid, source.name);
      case 'computed':
        return this.#computed(source.name);
      default:
        return assertUnreachable(source);
    }
  }

  #computed(name: string): number {
    switch (name) {
      case 'cpu_id':
        return this.#cpuId;
      case 'tid':
        return this.#tid;
      case 'prio':
        return this.#tid === this.#runningTid ? this.#runningPrio - MAX_RT_PRIO : this.#threads.get(this.#tid).prio;
      case 'nice':
        // Of a real-time thread only /proc knows it.
        return this.#tid === this.#runningTid && this.#runningPrio >= MAX_RT_PRIO
          ? this.#runningPrio - DEFAULT_PRIO
          : this.#threads.get(this.#tid).nice;
      case 'preemptible':
        return (this.#word & NOT_PREEMPTIBLE) === 0 ? 1 : 0;
      case 'interruptible':
        return (this.#word & IRQS_OFF) === 0 ? 1 : 0;
      case 'need_reschedule':
        return (this.#word & NEED_RESCHED) === 0 ? 0 : 1;
      case 'migratable':
        return (this.#word & MIGRATION_OFF) === 0 ? 1 : 0;
      default:
        return -1;
    }
  }

  /** Bytes with NULs behind them, borrowed until the next call. */
  borrowText(field: ContextField & { readonly shape: 'text' }): Uint8Array {
    if (field.name === 'hostname') return this.#hostname;
    if (this.#tid === this.#runningTid) return this.#runningName;
    const name = this.#tid === 0 ? `swapper/${this.#cpuId}` : this.#threads.get(this.#tid).name;
    for (let index = 0; index < PROCNAME_SIZE_BYTES; index++)
      this.#otherName[index] = index < PROCNAME_SIZE_BYTES - 1 ? name.charCodeAt(index) || 0 : 0;
    return this.#otherName;
  }
}

function encode(text: string, sizeBytes: number): Uint8Array {
  const bytes = new Uint8Array(sizeBytes);
  bytes.set(new TextEncoder().encode(text).subarray(0, sizeBytes - 1));
  return bytes;
}
