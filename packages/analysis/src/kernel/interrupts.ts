// SPDX-License-Identifier: MIT
// Interrupts and softirqs of each CPU: entry and exit records in, the stack of what a CPU serves, and
// each one's time as it ends, out. They run on the stack, and under the tid, of whom they interrupt.

import type { DataStream, EventRecord, EventRecordClass } from '@lockstep/ctf';
import { toNumber, toText } from '../fields.ts';
import { isKernelStream, type Handler, type HandlerType, type RecordHandler } from '../pass/handler.ts';
import { HOST, type Host } from './host.ts';
import type { Cpu } from './kernel-thread.ts';
import { INTERRUPTED, RUNNING } from './thread-state.ts';

/** Names of the ten softirq vectors, include/linux/interrupt.h. */
const SOFTIRQS = ['hi', 'timer', 'net_tx', 'net_rx', 'block', 'irq_poll', 'tasklet', 'sched', 'hrtimer', 'rcu'];
/** Nesting is irq over softirq over task; deeper stacks are those of lost exits. */
const MAX_NESTING = 16;

/** `label`: `irq 24 virtio0`, `softirq net_rx`, `timer interrupt`. */
export type InterruptListener = (cpu: Cpu, label: number, begin: number, end: number) => void;

export class Interrupts implements Handler {
  readonly onEnd: InterruptListener[] = [];
  readonly #host: Host;
  readonly #irqLabels = new Map<number, Map<string, number>>();
  readonly #softirqLabels: number[] = [];
  readonly #timerLabel: number;

  constructor(host: Host) {
    this.#host = host;
    this.#timerLabel = host.labels.idOf('timer interrupt');
  }

  chooseHandler({ name }: EventRecordClass, dataStream: DataStream): RecordHandler | undefined {
    if (!isKernelStream(dataStream)) return undefined;
    switch (name) {
      case 'irq_handler_entry':
        return (record, time) => this.#enter(record, time, this.#irqLabel(record));
      case 'irq_softirq_entry':
        return (record, time) => this.#enter(record, time, this.#softirqLabel(toNumber(record.payload?.vec)));
      case 'x86_irq_vectors_local_timer_entry':
        return (record, time) => this.#enter(record, time, this.#timerLabel);
      case 'irq_handler_exit':
      case 'irq_softirq_exit':
      case 'x86_irq_vectors_local_timer_exit':
        return (record, time) => this.#exit(record, time);
      default:
        return undefined;
    }
  }

  #irqLabel(record: EventRecord): number {
    const irq = toNumber(record.payload?.irq);
    const name = toText(record.payload?.name);
    let names = this.#irqLabels.get(irq);
    if (names === undefined) this.#irqLabels.set(irq, (names = new Map()));
    let label = names.get(name);
    if (label === undefined) {
      label = this.#host.labels.idOf(`irq ${irq} ${name}`);
      if (names.size < 64) names.set(name, label);
    }
    return label;
  }

  #softirqLabel(vector: number): number {
    if (SOFTIRQS[vector] === undefined) return this.#host.labels.idOf('softirq of an unknown vector');
    return (this.#softirqLabels[vector] ??= this.#host.labels.idOf(`softirq ${SOFTIRQS[vector]}`));
  }

  #enter(record: EventRecord, time: number, label: number): void {
    const cpu = this.#cpuOf(record, time);
    if (cpu.interrupts.length >= MAX_NESTING) cpu.interrupts.length = cpu.interruptBegins.length = 0;
    cpu.interrupts.push(label);
    cpu.interruptBegins.push(time);
    cpu.current ??= this.#host.threadOf(record);
    const thread = cpu.current;
    if (thread.tid !== 0 && (thread.state === RUNNING || thread.state === INTERRUPTED))
      thread.enter(time, INTERRUPTED, label);
  }

  #exit(record: EventRecord, time: number): void {
    const cpu = this.#cpuOf(record, time);
    const label = cpu.interrupts.pop();
    const begin = cpu.interruptBegins.pop();
    if (label !== undefined && begin !== undefined)
      for (const listener of this.onEnd) listener(cpu, label, begin, time);
    const thread = cpu.current;
    if (thread === undefined || thread.state !== INTERRUPTED) return;
    const outer = cpu.interrupts.at(-1);
    if (outer === undefined) thread.enter(time, RUNNING, 0);
    else thread.enter(time, INTERRUPTED, outer);
  }

  #cpuOf(record: EventRecord, time: number): Cpu {
    this.#host.lastTime = time;
    return this.#host.cpuOf(record);
  }
}

export const INTERRUPTS: HandlerType<Interrupts> = {
  name: 'interrupts',
  needs: [HOST],
  create: (context) => new Interrupts(context.get(HOST)),
};
