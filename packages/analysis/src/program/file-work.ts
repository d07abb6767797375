// SPDX-License-Identifier: MIT
// When a thread of libuv's pool worked on files, as the kernel saw it: ends of file calls in, for each
// process the stretches in which at least one of its other threads was in one out.
//
// fs.readFile is several tasks of the pool, and between them its JavaScript has to run: while no thread of
// the pool works on a file and the loop is busy with something else, the operation waits for the loop.

import { processOf, type KernelThread } from '../kernel/kernel-thread.ts';
import { SYSTEM_CALLS, type SystemCall, type SystemCalls } from '../kernel/system-calls.ts';
import type { HandlerType } from '../pass/handler.ts';
import { PROGRAMS, type ProgramModel } from './program-model.ts';
import type { ProgramThread } from './program-thread.ts';

/** What libuv's file operations call (deps/uv/src/unix/fs.c). */
const FILE_CALLS = `open openat read readv pread64 preadv write writev pwrite64 pwritev close newstat newlstat newfstat
  newfstatat statx access faccessat readlink getdents64 fsync fdatasync ftruncate fallocate sendfile64 copy_file_range
  utimensat fchmod fchown unlink unlinkat rmdir mkdir mkdirat rename renameat2 link symlink chmod chown`.split(/\s+/);
/** What a file in the page cache takes says nothing of the disk. */
const MIN_CALL_NS = 20_000;
/** Stretches remembered of one process. */
const MAX_STRETCHES = 1 << 13;

export class FileWork {
  readonly #stretches = new Map<number, { begins: number[]; ends: number[] }>();
  readonly #programs: ProgramModel;
  readonly #ofJavaScript = new Set<KernelThread>();
  readonly #processes = new Set<number>();
  /** Of the programs' threads, those that are in the sets. */
  #seenCount = 0;

  constructor(calls: SystemCalls, programs: ProgramModel) {
    this.#programs = programs;
    for (const name of FILE_CALLS) calls.listen(name, (call) => this.#add(call));
  }

  /** ns of [begin, end) in which the pool worked on files; undefined when the trace does not tell. */
  during(thread: ProgramThread, begin: number, end: number): number | undefined {
    const of = this.#stretches.get(processOf(thread.kernel));
    if (of === undefined) return undefined;
    const { begins, ends } = of;
    let sum = 0;
    for (let i = ends.length - 1; i >= 0; i -= 1) {
      const stretchEnd = ends[i] as number;
      if (stretchEnd <= begin) break;
      sum += Math.max(0, Math.min(end, stretchEnd) - Math.max(begin, begins[i] as number));
    }
    return sum;
  }

  #add({ thread, begin, end }: SystemCall): void {
    if (begin === undefined || end - begin < MIN_CALL_NS || !this.#isOfPool(thread)) return;
    const pid = processOf(thread);
    let of = this.#stretches.get(pid);
    if (of === undefined) this.#stretches.set(pid, (of = { begins: [], ends: [] }));
    const { begins, ends } = of;
    // Calls come in order of their ends: one that began earlier takes in those that it encloses.
    let from = begin;
    while (ends.length > 0 && (ends[ends.length - 1] as number) >= from) {
      from = Math.min(from, begins.pop() as number);
      ends.pop();
    }
    begins.push(from);
    ends.push(end);
    if (ends.length > MAX_STRETCHES) {
      begins.splice(0, MAX_STRETCHES / 2);
      ends.splice(0, MAX_STRETCHES / 2);
    }
  }

  /** A thread of a traced program that runs no JavaScript. */
  #isOfPool(thread: KernelThread): boolean {
    const { threads } = this.#programs;
    for (; this.#seenCount < threads.length; this.#seenCount += 1) {
      const { kernel } = threads[this.#seenCount] as ProgramThread;
      this.#ofJavaScript.add(kernel);
      this.#processes.add(processOf(kernel));
    }
    return this.#processes.has(processOf(thread)) && !this.#ofJavaScript.has(thread);
  }
}

export const FILE_WORK: HandlerType<FileWork> = {
  name: 'file-work',
  needs: [SYSTEM_CALLS, PROGRAMS],
  create: (context) => new FileWork(context.get(SYSTEM_CALLS), context.get(PROGRAMS)),
};
