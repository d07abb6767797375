// SPDX-License-Identifier: MIT
// System calls that a recording wants + the tables -> all BPF programs, and which places of the
// dispatcher's tables they stand in: plain JSON, which is kept with the event description.

import { syscallTable, type SyscallDescription, type SyscallTable } from '../syscalls/syscall-table.ts';
import type { AssembledProgram, MapReference } from './bpf-assembler.ts';
import { queryBtf, tryReadKernelBtf } from './btf.ts';
import { capturePlan } from './capture-plan.ts';
import {
  ABI_SLOT_COUNT,
  dispatcher,
  exitFollower,
  forkFollower,
  handler,
  UNKNOWN_SLOT,
  X64_ARGS,
  X64_COMPAT_ARGS,
  X64_NUMBER,
  X64_TS_COMPAT_BIT,
  type HandlerOptions,
  type KernelLayout,
} from './capture-programs.ts';

export interface EncodedProgram {
  /** Base64. */
  readonly code: string;
  readonly maps: readonly MapReference[];
}

/** A program for the places `entrySlots` of the entry's table and `exitSlots` of the exit's. */
export interface SlottedProgram extends EncodedProgram {
  readonly isExit: boolean;
  readonly slots: readonly number[];
}

export interface CaptureSet {
  readonly isFiltered: boolean;
  /** BTF ids of the four tracepoints. */
  readonly btfIds: Readonly<Record<Attachment, number>>;
  readonly attached: Readonly<Record<Attachment, EncodedProgram>>;
  readonly handlers: readonly SlottedProgram[];
}

export type Attachment = 'sys_enter' | 'sys_exit' | 'sched_process_fork' | 'sched_process_exit';
const ATTACHMENTS: readonly Attachment[] = ['sys_enter', 'sys_exit', 'sched_process_fork', 'sched_process_exit'];

export interface CaptureWishes {
  /** Numbers of native system calls whose events are recorded, by the kernel's own events. */
  readonly entries: ReadonlySet<number>;
  readonly exits: ReadonlySet<number>;
  /** Native ones that the kernel has no events for, and whether numbers that no table knows are wanted. */
  readonly wholes: ReadonlySet<number>;
  readonly compat: ReadonlySet<number>;
  readonly isUnknownWanted: boolean;
  /** Only threads that are added, and what they make. */
  readonly isFiltered: boolean;
}

/** Undefined: this kernel or machine is not one of those that it is known for. */
export function makeCaptureSet(wishes: CaptureWishes): CaptureSet | undefined {
  if (process.arch !== 'x64') return undefined;
  const btf = tryReadKernelBtf();
  if (btf === undefined) return undefined;
  const answers = queryBtf(
    btf,
    ATTACHMENTS.map((name) => `btf_trace_${name}`),
    [
      ['task_struct', 'thread_info'],
      ['task_struct', 'pid'],
      ['thread_info', 'status'],
    ],
  );
  const threadInfo = answers.memberOffsets.get('task_struct.thread_info');
  const status = answers.memberOffsets.get('thread_info.status');
  const tid = answers.memberOffsets.get('task_struct.pid');
  const ids = ATTACHMENTS.map((name) => [name, answers.typedefIds.get(`btf_trace_${name}`) ?? 0] as const);
  if (threadInfo === undefined || status === undefined || tid === undefined || ids.some(([, id]) => id === 0))
    return undefined;
  const layout: KernelLayout = {
    args: X64_ARGS,
    compatArgs: X64_COMPAT_ARGS,
    number: X64_NUMBER,
    compatWord: threadInfo + status,
    compatBit: X64_TS_COMPAT_BIT,
    tid,
  };
  return {
    isFiltered: wishes.isFiltered,
    btfIds: Object.fromEntries(ids) as Record<Attachment, number>,
    attached: {
      sys_enter: encode(dispatcher(layout, false)),
      sys_exit: encode(dispatcher(layout, true)),
      sched_process_fork: encode(forkFollower(layout)),
      sched_process_exit: encode(exitFollower()),
    },
    handlers: makeHandlers(layout, wishes),
  };
}

function makeHandlers(layout: KernelLayout, wishes: CaptureWishes): SlottedProgram[] {
  const bySource = new Map<string, { options: HandlerOptions; slots: number[] }>();
  const place = (options: HandlerOptions, slot: number): void => {
    // What the bytes mean is nothing to the program.
    const key = JSON.stringify(options, (name, value: unknown) => (name === 'content' ? undefined : value));
    const entry = bySource.get(key);
    if (entry === undefined) bySource.set(key, { options, slots: [slot] });
    else entry.slots.push(slot);
  };
  const placeCalls = (table: SyscallTable, base: number, isCompat: boolean): void => {
    for (const call of table.byNumber.values()) {
      if (call.number >= ABI_SLOT_COUNT) continue;
      const isWhole = isCompat ? wishes.compat.has(call.number) : wishes.wholes.has(call.number);
      placeCall({ layout, isCompat, isWhole, isFiltered: wishes.isFiltered }, call, base, wishes, place);
    }
  };
  placeCalls(syscallTable('x86-64'), 0, false);
  placeCalls(syscallTable('i386'), ABI_SLOT_COUNT, true);
  if (wishes.isUnknownWanted) {
    const known = [syscallTable('x86-64'), syscallTable('i386')] as const;
    for (const isExit of [false, true]) {
      for (const [index, table] of known.entries()) {
        const options = whole({ layout, isCompat: index === 1, isFiltered: wishes.isFiltered }, isExit);
        // Every 32-bit call without a program of its own gets that of the last place.
        if (index === 0)
          for (let number = 0; number < ABI_SLOT_COUNT; number++)
            if (!table.byNumber.has(number)) place(options, number);
        place(options, UNKNOWN_SLOT + index);
      }
    }
  }
  return [...bySource.values()].map(({ options, slots }) => ({
    ...encode(handler(options)),
    isExit: options.isExit,
    slots,
  }));
}

type HandlerBase = Pick<HandlerOptions, 'layout' | 'isCompat' | 'isWhole' | 'isFiltered'>;

function placeCall(
  base: HandlerBase,
  call: SyscallDescription,
  slotBase: number,
  wishes: CaptureWishes,
  place: (options: HandlerOptions, slot: number) => void,
): void {
  const plan = capturePlan(call, base.isCompat ? 32 : 64);
  const isEntryWanted = base.isWhole || (!base.isCompat && wishes.entries.has(call.number));
  const isExitWanted = base.isWhole || (!base.isCompat && wishes.exits.has(call.number));
  const slot = slotBase + call.number;
  const lateItems = isEntryWanted && call.name !== 'execve' ? plan.entry.filter((item) => item.kind === 'string') : [];
  const isDefault = base.isCompat && wishes.isUnknownWanted;
  if ((base.isWhole && !isDefault) || (isEntryWanted && plan.entry.length > 0))
    place({ ...base, isExit: false, items: plan.entry, lateItems: [] }, slot);
  const exitItems = isExitWanted ? plan.exit : [];
  if ((base.isWhole && !isDefault) || exitItems.length > 0 || lateItems.length > 0)
    place({ ...base, isExit: true, items: exitItems, lateItems }, slot);
}

function whole(base: Omit<HandlerBase, 'isWhole'>, isExit: boolean): HandlerOptions {
  return { ...base, isWhole: true, isExit, items: [], lateItems: [] };
}

function encode(program: AssembledProgram): EncodedProgram {
  return { code: Buffer.from(program.bytes).toString('base64'), maps: program.maps };
}
