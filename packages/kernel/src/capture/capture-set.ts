// SPDX-License-Identifier: MIT
// System calls that a recording wants + the tables of system calls -> the BPF programs and the table that
// they are driven by: plain JSON, which is kept with the event description.

import { arch } from 'node:os';
import { compatAbi, nativeAbi } from '../syscalls/native-abi.ts';
import { syscallTable, type SyscallDescription, type SyscallTable } from '../syscalls/syscall-table.ts';
import type { AssembledProgram, MapReference } from './bpf-assembler.ts';
import { queryBtf, tryReadKernelBtf } from './btf.ts';
import { capturePlan } from './capture-plan.ts';
import { capturer, exitFollower, forkFollower, type KernelLayout } from './capture-programs.ts';
import { MACHINE_LAYOUTS } from './kernel-layouts.ts';
import { ABI_SLOT_COUNT, CaptureTable, UNKNOWN_SLOT, type CaptureList } from './capture-table.ts';

export interface EncodedProgram {
  /** Base64. */
  readonly code: string;
  readonly maps: readonly MapReference[];
}

export interface CaptureSet {
  readonly isFiltered: boolean;
  /** BTF ids of the four tracepoints. */
  readonly btfIds: Readonly<Record<Attachment, number>>;
  readonly programs: Readonly<Record<Attachment, EncodedProgram>>;
  /** Of capture-table.ts, base64; what follows is zero. */
  readonly table: string;
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
  const machine = MACHINE_LAYOUTS[arch()];
  if (machine === undefined || nativeAbi() === undefined) return undefined;
  const btf = tryReadKernelBtf();
  if (btf === undefined) return undefined;
  const answers = queryBtf(
    btf,
    ATTACHMENTS.map((name) => `btf_trace_${name}`),
    [
      ['task_struct', 'thread_info'],
      ['task_struct', 'pid'],
      ...(machine.compatMember === undefined ? [] : [['thread_info', machine.compatMember] as const]),
    ],
  );
  const threadInfo = answers.memberOffsets.get('task_struct.thread_info');
  const compatMember = answers.memberOffsets.get(`thread_info.${machine.compatMember ?? ''}`);
  const isCompatKnown = machine.compatMember === undefined || (threadInfo !== undefined && compatMember !== undefined);
  const tid = answers.memberOffsets.get('task_struct.pid');
  const ids = ATTACHMENTS.map((name) => [name, answers.typedefIds.get(`btf_trace_${name}`) ?? 0] as const);
  if (!isCompatKnown || tid === undefined || ids.some(([, id]) => id === 0)) return undefined;
  const compatWord = compatMember === undefined ? undefined : (threadInfo ?? 0) + compatMember;
  const layout: KernelLayout = { ...machine, compatWord, tid };
  const { isFiltered } = wishes;
  return {
    isFiltered,
    btfIds: Object.fromEntries(ids) as Record<Attachment, number>,
    programs: {
      sys_enter: encode(capturer(layout, { isExit: false, isFiltered })),
      sys_exit: encode(capturer(layout, { isExit: true, isFiltered })),
      sched_process_fork: encode(forkFollower(layout)),
      sched_process_exit: encode(exitFollower()),
    },
    table: makeTable(wishes).toBytes().toString('base64'),
  };
}

export function makeTable(wishes: CaptureWishes): CaptureTable {
  const result = new CaptureTable();
  const [native, compat] = [nativeAbi(), compatAbi()];
  const abis = [
    ...(native === undefined ? [] : [{ table: syscallTable(native), base: 0, isCompat: false }]),
    ...(compat === undefined ? [] : [{ table: syscallTable(compat), base: ABI_SLOT_COUNT, isCompat: true }]),
  ];
  for (const { table, base, isCompat } of abis) {
    for (const call of table.byNumber.values())
      if (call.number < ABI_SLOT_COUNT) placeCall(result, call, { base, isCompat, wishes });
  }
  if (wishes.isUnknownWanted) placeUnknown(result, abis[0]?.table);
  return result;
}

/** What no table knows: numbers in gaps, and those beyond. */
function placeUnknown(result: CaptureTable, native: SyscallTable | undefined): void {
  const slots = Array.from({ length: ABI_SLOT_COUNT }, (_, number) => number).filter(
    (number) => native?.byNumber.has(number) === false,
  );
  // Every 32-bit call without a list of its own gets that of the last place.
  for (const slot of [...slots, UNKNOWN_SLOT, UNKNOWN_SLOT + 1])
    for (const isExit of [false, true]) result.place(slot, isExit, BARE_CALL);
}

const BARE_CALL: CaptureList = { isWhole: true, lateItems: [], items: [], isRetried: false };

function placeCall(
  result: CaptureTable,
  call: SyscallDescription,
  abi: { readonly base: number; readonly isCompat: boolean; readonly wishes: CaptureWishes },
): void {
  const { base, isCompat, wishes } = abi;
  const { number, name } = call;
  const plan = capturePlan(call, isCompat ? 32 : 64);
  const isWhole = (isCompat ? wishes.compat : wishes.wholes).has(number);
  const isEntryWanted = isWhole || (!isCompat && wishes.entries.has(number));
  const isExitWanted = isWhole || (!isCompat && wishes.exits.has(number));
  // After an execve there is nothing to read again.
  const lateItems = isEntryWanted && name !== 'execve' ? plan.entry.filter((item) => item.kind === 'string') : [];
  const isRetried = lateItems.length > 0;
  // Those without anything to capture share the last place, when there is something in it.
  const isListed = isWhole && !(isCompat && wishes.isUnknownWanted);
  if (isListed || (isEntryWanted && plan.entry.length > 0))
    result.place(base + number, false, { isWhole, lateItems: [], items: plan.entry, isRetried });
  const items = isExitWanted ? plan.exit : [];
  if (isListed || items.length > 0 || isRetried)
    result.place(base + number, true, { isWhole, lateItems, items, isRetried: false });
}

function encode(program: AssembledProgram): EncodedProgram {
  return { code: Buffer.from(program.bytes).toString('base64'), maps: program.maps };
}
