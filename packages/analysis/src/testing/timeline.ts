// SPDX-License-Identifier: MIT
// Pictures of what threads did, one column a ms, in; the event records of both halves out.
//
//   cpu0   MMMMFFFFMMMM....     who runs: M = the program's main thread, other letters in THREADS, . = idle
//   wait       ....             what M does while off the CPU: s sleeps, w woken; nothing = preempted
//   sys    ...rrrrr             system calls of M, letters in CALLS
//   irq      i                  interrupts of M's CPU: i irq, t softirq
//   fault    * m                a page fault of M; m: mapped at its end (rss_stat)
//   reclaim  k                  M reclaims memory
//   loop   [==========]         an iteration, its record written in the last column's end
//   gc        mm                collections: s scavenge, m mark-sweep-compact; recorded `gcLateMs` after
//   op     RRRRR JJJ            R readFileSync /srv/a.bin, J JSON.parse of 1 MB
//   js     aaabbbpp             samples of 1 ms, letters in FUNCTIONS; recorded `samplesLateMs` after
//   http     g                  a request's begin
//
// Spaces in rows other than cpu are nothing. Rows that are left out were not recorded: without a cpu
// row there is no kernel half.

import type { DiscardedItems, EventRecord } from '@lockstep/ctf';
import { createTrace, toNs, type TraceMaker } from './records.ts';

export const MAIN_TID = 1000;
const THREADS: Readonly<Record<string, { readonly tid: number; readonly name: string }>> = {
  '.': { tid: 0, name: 'swapper/0' },
  M: { tid: MAIN_TID, name: 'node' },
  F: { tid: 771, name: 'ffmpeg' },
  G: { tid: 772, name: 'gzip' },
};
const CALLS: Readonly<Record<string, readonly [name: string, fd: number | undefined]>> = {
  r: ['read', 17],
  f: ['futex', undefined],
  e: ['epoll_wait', undefined],
  /** Ends with EINTR. */
  E: ['epoll_wait', undefined],
};
/** Name, url, line, parent's letter. */
const FUNCTIONS: Readonly<Record<string, readonly [name: string, url: string, line: number, parent: string]>> = {
  a: ['renderReport', 'file:///srv/app/report.js', 80, ''],
  b: ['sortRows', 'file:///srv/app/rows.js', 5, ''],
  c: ['sumRows', 'file:///srv/app/rows.js', 30, 'a'],
  d: ['formatRows', 'file:///srv/app/rows.js', 60, 'a'],
  h: ['hashRows', 'file:///srv/app/rows.js', 90, 'a'],
  n: ['inner', 'node:internal/streams', 10, 'a'],
  p: ['(program)', '', 0, ''],
  z: ['(idle)', '', 0, ''],
  g: ['(garbage collector)', '', 0, ''],
};

export interface TimelineOptions {
  readonly gcLateMs?: number;
  readonly samplesLateMs?: number;
  readonly frequency?: bigint;
  /** Without it the trace begins in the program's middle. */
  readonly hasProcess?: boolean;
  readonly discarded?: readonly {
    readonly half: 'kernel' | 'program';
    readonly count: bigint;
    readonly beginMs: number;
    readonly endMs: number;
  }[];
}

interface Timed {
  readonly timeMs: number;
  /** Kernel records of one moment come in this order. */
  readonly order: number;
  readonly item: EventRecord | DiscardedItems;
}

interface Run {
  readonly letter: string;
  readonly begin: number;
  readonly end: number;
}

export function timeline(picture: string, options: TimelineOptions = {}): (EventRecord | DiscardedItems)[] {
  const rows = new Map<string, string>();
  for (const line of picture.split('\n')) {
    const match = /^\s*([a-z]+\d*) {1,}\|(.*)$/.exec(line);
    if (match?.[1] !== undefined && match[2] !== undefined) rows.set(match[1], match[2]);
  }
  const frequency = options.frequency ?? 1_000_000_000n;
  const kernel = createTrace('kernel', { cpu_id: 0 }, frequency);
  const program = createTrace('ust', { vpid: MAIN_TID, vtid: MAIN_TID, tid: MAIN_TID, cpu_id: 0 }, frequency);
  const timed: Timed[] = [];
  const cpu = rows.get('cpu0');
  if (cpu !== undefined) drawKernel(kernel, cpu, rows, timed);
  drawProgram(program, rows, options, frequency, timed);
  for (const loss of options.discarded ?? []) {
    const item = (loss.half === 'kernel' ? kernel : program).discarded(loss.count, loss.beginMs, loss.endMs);
    timed.push({ timeMs: loss.endMs, order: 9, item });
  }
  timed.sort((a, b) => a.timeMs - b.timeMs || a.order - b.order);
  return timed.map(({ item }) => item);
}

/** `aaab` is a run of a and one of b; blanks are none. */
function runsOf(row: string | undefined): Run[] {
  const runs: Run[] = [];
  const text = row ?? '';
  for (let at = 0; at < text.length;) {
    const letter = text[at] as string;
    let end = at + 1;
    while (text[end] === letter) end += 1;
    if (letter !== ' ') runs.push({ letter, begin: at, end });
    at = end;
  }
  return runs;
}

function drawKernel(kernel: TraceMaker, cpu: string, rows: ReadonlyMap<string, string>, timed: Timed[]): void {
  const wait = rows.get('wait') ?? '';
  const add = (
    timeMs: number,
    order: number,
    name: string,
    payload: Record<string, string | number>,
    tid: number,
  ): void => {
    timed.push({ timeMs, order, item: kernel.record(name, timeMs, payload, tid) });
  };
  // Classes exist from the trace's begin, whether their events happen or not.
  kernel.record('sched_switch', 0, {});
  if (rows.has('fault')) kernel.record('x86_exceptions_page_fault_user', 0, {});
  add(0, 0, 'lttng_statedump_start', {}, 1);
  let previous: Run | undefined;
  for (const run of runsOf(cpu)) {
    if (previous !== undefined) {
      const from = THREADS[previous.letter] as { tid: number; name: string };
      const to = THREADS[run.letter] as { tid: number; name: string };
      const isSleeping = previous.letter === 'M' && wait[run.begin] === 's';
      add(
        run.begin,
        4,
        'sched_switch',
        {
          prev_comm: from.name,
          prev_tid: from.tid,
          prev_prio: 20,
          prev_state: isSleeping ? 1 : 0,
          next_comm: to.name,
          next_tid: to.tid,
          next_prio: 20,
        },
        from.tid,
      );
    }
    previous = run;
  }
  for (const run of runsOf(wait)) {
    if (run.letter === 'w')
      add(run.begin, 5, 'sched_wakeup', { comm: 'node', tid: MAIN_TID, prio: 20, target_cpu: 0 }, 0);
  }
  for (const run of runsOf(rows.get('sys'))) {
    const [name, fd] = CALLS[run.letter] as readonly [string, number | undefined];
    add(run.begin, 3, `syscall_entry_${name}`, fd === undefined ? {} : { fd }, MAIN_TID);
    add(run.end, 6, `syscall_exit_${name}`, { ret: run.letter === 'E' ? -4 : 0 }, MAIN_TID);
  }
  for (const run of runsOf(rows.get('irq'))) {
    const name = run.letter === 'i' ? 'irq_handler' : 'irq_softirq';
    const payload: Record<string, string | number> = run.letter === 'i' ? { irq: 24, name: 'virtio0' } : { vec: 3 };
    add(run.begin, 3, `${name}_entry`, payload, MAIN_TID);
    add(run.end, 2, `${name}_exit`, payload, MAIN_TID);
  }
  for (const run of runsOf(rows.get('fault'))) {
    add(run.begin, 3, 'x86_exceptions_page_fault_user', { address: 4096 }, MAIN_TID);
    if (run.letter === 'm') add(run.end, 3, 'rss_stat', { member: 1, size: 4096 }, MAIN_TID);
  }
  for (const run of runsOf(rows.get('reclaim'))) {
    add(run.begin, 3, 'mm_vmscan_direct_reclaim_begin', { order: 0 }, MAIN_TID);
    add(run.end, 3, 'mm_vmscan_direct_reclaim_end', { nr_reclaimed: 32 }, MAIN_TID);
  }
}

function drawProgram(
  program: TraceMaker,
  rows: ReadonlyMap<string, string>,
  options: TimelineOptions,
  frequency: bigint,
  timed: Timed[],
): void {
  const add = (timeMs: number, name: string, payload: Parameters<TraceMaker['record']>[2]): void => {
    timed.push({ timeMs, order: 8, item: program.record(name, timeMs, payload) });
  };
  const span = (run: { begin: number; end: number }): { begin: bigint; duration: bigint } => ({
    begin: (toNs(run.begin) * frequency) / 1_000_000_000n,
    duration: (BigInt(Math.round((run.end - run.begin) * 1e6)) * frequency) / 1_000_000_000n,
  });
  if (options.hasProcess !== false)
    add(0, 'node:process', { pid: MAIN_TID, procname: 'node', argv: 'node /srv/app/server.js', main_thread: 1 });
  else add(0, 'shop:tick', {});
  const loops = rows.get('loop') ?? '';
  for (const match of loops.matchAll(/\[=*\]/g)) {
    const run = { begin: match.index, end: match.index + match[0].length };
    add(run.end, 'node:loop_iteration', { ...span(run), idle: 1000n });
  }
  for (const run of runsOf(rows.get('op'))) {
    if (run.letter === 'R')
      add(run.end, 'node:fs_sync', {
        ...span(run),
        operation: 'readFileSync',
        path: '/srv/a.bin',
        result: 0,
        request: 0,
      });
    else add(run.end, 'node:sync_call', { ...span(run), operation: 'JSON.parse', size: 1_000_000n, request: 0 });
  }
  for (const run of runsOf(rows.get('gc'))) {
    add(run.end + (options.gcLateMs ?? 0), 'node:gc', { ...span(run), kind: run.letter === 's' ? 1 : 4, flags: 0 });
  }
  for (const run of runsOf(rows.get('http')))
    add(run.begin, 'node:http_server_request_begin', { request: run.begin, method: 'GET', url: '/report', peer: '' });
  drawSamples(rows.get('js') ?? '', options.samplesLateMs ?? 0, add, span);
}

function drawSamples(
  row: string,
  lateMs: number,
  add: (timeMs: number, name: string, payload: Parameters<TraceMaker['record']>[2]) => void,
  span: (run: { begin: number; end: number }) => { begin: bigint; duration: bigint },
): void {
  const nodes = new Map<string, number>();
  const nodeOf = (letter: string, timeMs: number): number => {
    const known = nodes.get(letter);
    if (known !== undefined) return known;
    const [name, url, line, parent] = FUNCTIONS[letter] as readonly [string, string, number, string];
    const parentNode = parent === '' ? 0 : nodeOf(parent, timeMs);
    const node = nodes.size + 1;
    nodes.set(letter, node);
    add(timeMs, 'node:cpu_node', { epoch: 1, node, parent: parentNode, function: name, url, line, column: 3 });
    return node;
  };
  for (let at = 0; at < row.length; at += 1) {
    const letter = row[at] as string;
    if (letter === ' ') continue;
    const timeMs = at + 1 + lateMs;
    const node = nodeOf(letter, timeMs);
    add(timeMs, 'node:cpu_sample', {
      ...span({ begin: at, end: at + 1 }),
      epoch: 1,
      node,
      line: letter === 'a' ? 88 : 0,
    });
  }
}
