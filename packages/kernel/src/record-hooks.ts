// SPDX-License-Identifier: MIT
// The copiers of one data stream with all that happens to a record beside being copied: filters and
// trackers leave it out, context fields are written before its payload, and what it tells of threads is
// noted. The loop of page-converter.ts knows nothing of this: it calls a copier, and leaves a record out
// when that returns a negative number.
//
// To add a hook: give CopierTable a `wrap` that returns another copier for some ids (it sees the raw
// record at word `s` and may write to the event record at word `d`; the words before d + 3 are written), or
// add a role to OBSERVED_FIELDS and its observer to `makeObserver`. A record that is to be seen and not to
// be in the trace is `isHidden`, and event-description.ts enables it.

import { alignUp, assertUnreachable } from '@lockstep/base';
import type { ChannelConversion, ObservedEvent } from './channel-conversion.ts';
import { findContextField, type ContextField } from './context-fields.ts';
import type { PayloadCopier } from './conversion-code.ts';
import { TID_END, type ConversionPlan } from './event-class.ts';
import { CopierTable } from './page-converter.ts';
import { RecordContext } from './record-context.ts';
import { makeRecordFilter, namesOf, type RecordFilter } from './record-filter.ts';
import type { SyscallSources } from './syscalls/syscall-copier.ts';
import { MAX_STACK_FRAMES, type StackJoiner } from './stack-joiner.ts';
import type { StackPlaceRecorder } from './stack-places.ts';
import type { ThreadTable } from './thread-table.ts';

export interface HookedStream {
  readonly cpuId: number;
  readonly threads: ThreadTable;
  readonly joiner: StackJoiner | undefined;
  /** Hears of every stack that is written; absent when the recording's processes are not those of now. */
  readonly places: StackPlaceRecorder | undefined;
  /** New threads are noted before their records are converted: the conversion has nothing to note. */
  readonly isAhead: boolean;
  readonly syscalls?: SyscallSources | undefined;
}

export function makeHookedTable(
  plans: readonly ConversionPlan[],
  conversion: ChannelConversion,
  stream: HookedStream,
): CopierTable {
  const context = new RecordContext(stream.cpuId, stream.threads);
  const writer = new ContextWriter(conversion, context, stream);
  const { processOf } = stream.threads;
  const filters = new Map(conversion.filters.map((filter) => [filter.id, filter]));
  const observed = new Map(conversion.observed.map((event) => [event.id, event]));
  const tracker =
    conversion.tracker === ''
      ? undefined
      : makeRecordFilter({ id: 0, expressions: [conversion.tracker], fields: [] }, processOf);
  const stackIds = [conversion.kernelStackId, conversion.userStackId].filter((id) => id !== 0);
  const wrap = (plan: ConversionPlan, inner: PayloadCopier): PayloadCopier | undefined => {
    if (stackIds.includes(plan.id)) return () => -1;
    const filter = filters.get(plan.id);
    const event = observed.get(plan.id);
    if (writer.isEmpty && filter === undefined && tracker === undefined && event === undefined) return undefined;
    return makeHookedCopier(inner, {
      context,
      writer,
      filters: [
        ...(tracker === undefined ? [] : [tracker]),
        ...(filter === undefined ? [] : [makeRecordFilter(filter, processOf)]),
      ],
      isHidden: event?.isHidden === true,
      observe: event === undefined ? undefined : makeObserver(event, context, stream),
    });
  };
  return new CopierTable([...plans, ...stackIds.map(stackPlan)], {
    environment: { processOf, contextEnd: writer.copierContextEnd },
    extraBytes: writer.maximumBytes,
    syscalls: stream.syscalls,
    wrap,
  });
}

function stackPlan(id: number): ConversionPlan {
  return { id, sizeBytes: 8, alignment: 1, steps: [] };
}

interface Hooks {
  readonly context: RecordContext;
  readonly writer: ContextWriter;
  readonly filters: readonly RecordFilter[];
  readonly isHidden: boolean;
  readonly observe: Observer | undefined;
}

function makeHookedCopier(inner: PayloadCopier, hooks: Hooks): PayloadCopier {
  const { context, writer, filters, isHidden, observe } = hooks;
  const isWanted: RecordFilter = (source, bytes, s, sizeBytes) => {
    for (const filter of filters) if (!filter(source, bytes, s, sizeBytes, context)) return false;
    return true;
  };
  return (source, sourceBytes, s, sizeBytes, target, targetBytes, d) => {
    context.setRecord(source, s);
    let end = -1;
    if (!isHidden && isWanted(source, sourceBytes, s, sizeBytes, context)) {
      const place = writer.write(s, target, targetBytes, d);
      end = inner(source, sourceBytes, s, sizeBytes, target, targetBytes, place);
    }
    // Afterwards: a switch is recorded in the thread that it leaves.
    observe?.(source, sourceBytes, s);
    return end;
  };
}

type Observer = (source: Int32Array, bytes: Uint8Array, s: number) => void;

function makeObserver(event: ObservedEvent, context: RecordContext, stream: HookedStream): Observer | undefined {
  const { threads } = stream;
  const [first = 0, second = 0, third = 0] = event.offsets;
  switch (event.role) {
    case 'switch':
      return (source, bytes, s) =>
        context.noteSwitch(source[s + first / 4] as number, source[s + second / 4] as number, bytes, (s << 2) + third);
    case 'new-task':
      if (stream.isAhead) return undefined;
      return (source, bytes, s) => noteNewTask(event, threads, source, bytes, s);
    case 'rename':
      return (source, bytes, s) => {
        const tid = source[s + first / 4] as number;
        context.noteName(tid, bytes, (s << 2) + second);
        threads.noteName(tid, latin1(bytes, (s << 2) + second));
      };
    case 'exit':
      return (source, _bytes, s) => threads.noteExit(source[s + first / 4] as number);
    case 'change-prio':
      return (source, _bytes, s) => context.notePrio(source[s + first / 4] as number, source[s + second / 4] as number);
    case 'change':
      return (source, _bytes, s) => threads.noteChange(source[s + 1] as number);
    default:
      return assertUnreachable(event.role);
  }
}

/** The raw record at word `s` says that its thread made another one. */
export function noteNewTask(
  event: ObservedEvent,
  threads: ThreadTable,
  source: Int32Array,
  bytes: Uint8Array,
  s: number,
): void {
  const [pid = 0, flags = 0, comm = 0] = event.offsets;
  threads.noteNewTask(
    source[s + 1] as number,
    source[s + pid / 4] as number,
    source[s + flags / 4] as number,
    latin1(bytes, (s << 2) + comm),
  );
}

function latin1(bytes: Uint8Array, at: number): string {
  let text = '';
  for (let index = at; index < at + 16 && bytes[index] !== 0; index++)
    text += String.fromCharCode(bytes[index] as number);
  return text;
}

/** Whether the conversion has to know of new threads before it meets their records. */
export function needsLookahead(conversion: ChannelConversion): boolean {
  if (!conversion.observed.some((event) => event.role === 'new-task')) return false;
  return contextNamesOf(conversion).some((name) => {
    const need = findContextField(name)?.need;
    return need === 'threads' || need === 'credentials' || need === 'namespaces';
  });
}

/** What the thread table has to read of each thread. */
export function tellWishes(conversion: ChannelConversion, threads: ThreadTable): void {
  for (const name of contextNamesOf(conversion)) {
    const field = findContextField(name);
    if (field?.shape === 'integer' && field.source.kind === 'namespace') threads.wantNamespace(field.source.name);
  }
}

/** Those that are written, and those that filters and trackers ask for. */
function contextNamesOf(conversion: ChannelConversion): string[] {
  const names = [...conversion.contexts];
  for (const text of [conversion.tracker, ...conversion.filters.flatMap((filter) => filter.expressions)])
    if (text !== '') names.push(...namesOf(text).context);
  return names;
}

/** Context fields behind the tid of an event record. */
class ContextWriter {
  readonly isEmpty: boolean;
  /** For copiers: where the payload begins from what `write` returns. */
  readonly copierContextEnd: number;
  readonly maximumBytes: number;
  readonly #context: RecordContext;
  readonly #stream: HookedStream;
  readonly #integers: readonly (readonly [field: ContextField & { readonly shape: 'integer' }, offset: number])[];
  readonly #texts: readonly (readonly [field: ContextField & { readonly shape: 'text' }, offset: number])[];
  readonly #stacks: readonly (ContextField & { readonly shape: 'stack' })[];
  readonly #fixedEnd: number;

  constructor(conversion: ChannelConversion, context: RecordContext, stream: HookedStream) {
    const fields = conversion.contexts.flatMap((name) => findContextField(name) ?? []);
    this.#context = context;
    this.#stream = stream;
    let at = TID_END;
    const integers: [ContextField & { readonly shape: 'integer' }, number][] = [];
    const texts: [ContextField & { readonly shape: 'text' }, number][] = [];
    for (const field of fields) {
      if (field.shape === 'integer') {
        at = alignUp(at, 4);
        integers.push([field, at / 4]);
        at += 4;
      } else if (field.shape === 'text') {
        texts.push([field, at]);
        at += field.sizeBytes;
      }
    }
    this.#integers = integers;
    this.#texts = texts;
    this.#stacks = fields.filter((field) => field.shape === 'stack');
    this.#fixedEnd = at;
    this.isEmpty = fields.length === 0;
    // Behind a stack the payload begins on 8 bytes, at a place that depends on the stack's length.
    this.copierContextEnd = this.#stacks.length === 0 ? at : STACK_END;
    this.maximumBytes = at - TID_END + this.#stacks.length * (16 + 8 * MAX_STACK_FRAMES);
  }

  /** Returns the word that the copier is to take for the record's begin. */
  write(s: number, target: Int32Array, targetBytes: Uint8Array, d: number): number {
    for (const [field, word] of this.#integers) target[d + word] = this.#context.integer(field);
    for (const [field, offset] of this.#texts) targetBytes.set(this.#context.borrowText(field), (d << 2) + offset);
    if (this.#stacks.length === 0) return d;
    let at = (d << 2) + this.#fixedEnd;
    for (const field of this.#stacks) {
      const { joiner, places, threads } = this.#stream;
      const stack = joiner?.stackOf(field.of, s);
      const count = stack?.count ?? 0;
      at = (at + 3) & -4;
      target[at >> 2] = count;
      at = (at + 4 + 7) & -8;
      if (stack !== undefined) {
        target.set(stack.words, at >> 2);
        if (field.of === 'kernel') places?.noteKernel(stack);
        else places?.noteUser(threads.processOf(target[d + 2] as number), stack);
      }
      at += 8 * count;
    }
    return (at - STACK_END) >> 2;
  }
}

/** A multiple of 8 that every copier can begin behind. */
const STACK_END = 16;
