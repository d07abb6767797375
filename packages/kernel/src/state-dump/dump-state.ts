// SPDX-License-Identifier: MIT
// The state that a recording begins in: /proc and /sys -> event records in a data stream of their own.
// Runs in a thread of its own (state-dump-worker.ts): it only waits for the kernel.

import { loadNative } from '@lockstep/native';
import { DataStreamWriter } from '../data-stream-writer.ts';
import { DEFAULT_LIMITS, Omissions, type DumpContext, type StateDumpLimits } from './dump-context.ts';
import { dumpMemoryMaps } from './dump-memory-maps.ts';
import {
  dumpBlockDevices,
  dumpClocks,
  dumpCpuTopology,
  dumpInterrupts,
  dumpNetworkInterfaces,
  type OtherClocks,
} from './dump-machine.ts';
import { ProcessDumper } from './dump-processes.ts';
import { ProcFiles, unescapeOctal } from './proc-files.ts';
import { END, START } from './record-classes.ts';
import { StateDumpWriter } from './state-dump-writer.ts';

export interface StateDumpOptions {
  readonly outputDirectory: string;
  readonly uuid: string;
  readonly streamClassId: number;
  readonly fileName: string;
  readonly hasMemoryMaps: boolean;
  /** Where /proc and /sys are; for tests. */
  readonly procDirectory?: string;
  readonly sysDirectory?: string;
  readonly limits?: Partial<StateDumpLimits>;
}

export interface StateDumpResult {
  readonly recordCount: number;
  readonly sizeBytes: number;
  /** What was left out, and why; usually none. */
  readonly sentences: readonly string[];
}

/**
 * Writes a dump behind those that are in the stream. `whyEnd` is asked now and then: a reason ends the dump
 * early. Throws what write(2) says.
 */
export function dumpState(
  options: StateDumpOptions,
  clock: () => bigint,
  whyEnd: () => string | undefined,
): StateDumpResult {
  const native = loadNative();
  const stream = new DataStreamWriter(options.outputDirectory, options.uuid, {
    fileName: options.fileName,
    streamClassId: options.streamClassId,
    cpuId: 0,
  });
  stream.resume(undefined);
  const sizeBefore = stream.sizeBytes;
  const writer = new StateDumpWriter(stream, native?.gettid() ?? process.pid);
  const omissions = new Omissions();
  const files = new ProcFiles();
  const limits = { ...DEFAULT_LIMITS, ...options.limits };
  const proc = options.procDirectory ?? '/proc';
  const context: DumpContext = {
    files,
    writer,
    clock,
    proc,
    sys: options.sysDirectory ?? '/sys',
    limits,
    ancestorsOf: native === undefined ? () => [] : (path) => native.namespaceAncestors(path),
    areFilesShared(tid, other) {
      // Threads of another /proc are not those of this machine.
      const order = proc === '/proc' ? (native?.compareFiles(tid, other) ?? -1) : -1;
      return order < 0 ? undefined : order === 0;
    },
    cgroupRoot: cgroupRoots(files.tryRead(`${proc}/self/mountinfo`) ?? ''),
    mayGoOn(subject) {
      const reason = writer.recordCount >= limits.records ? `more than ${limits.records} records` : whyEnd();
      if (reason !== undefined) omissions.add(subject, reason, 0);
      return reason === undefined;
    },
    leftOut: (subject, reason, count) => omissions.add(subject, reason, count),
  };
  try {
    writer.add(START, clock());
    dumpClocks(context, () => readClocks(native));
    const processes = new ProcessDumper(context);
    const isWhole = processes.dump();
    dumpInterrupts(context, processes.interruptThreads);
    dumpNetworkInterfaces(context);
    dumpBlockDevices(context);
    dumpCpuTopology(context);
    if (options.hasMemoryMaps && isWhole) dumpMemoryMaps(context);
    omissions.write(writer, clock());
    writer.add(END, clock());
    writer.flush();
  } finally {
    stream.close();
  }
  return { recordCount: writer.recordCount, sizeBytes: stream.sizeBytes - sizeBefore, sentences: omissions.sentences };
}

function readClocks(native: ReturnType<typeof loadNative>): OtherClocks {
  if (native === undefined)
    return { monotonic: process.hrtime.bigint(), boottime: 0n, realtime: BigInt(Date.now()) * 1_000_000n };
  return {
    monotonic: native.clockNs('monotonic'),
    boottime: native.clockNs('boottime'),
    realtime: native.clockNs('realtime'),
  };
}

/** Where each hierarchy of cgroups is mounted: the unified one, and those of version 1 by their controllers. */
function cgroupRoots(mountinfo: string): (hierarchy: number, controllers: string) => string | undefined {
  let unified: string | undefined;
  const others: { readonly path: string; readonly options: ReadonlySet<string> }[] = [];
  for (const line of mountinfo.split('\n')) {
    const [before = '', after = ''] = line.split(' - ');
    const path = unescapeOctal(before.split(' ')[4] ?? '');
    const [type, , options = ''] = after.split(' ');
    if (type === 'cgroup2') unified ??= path;
    else if (type === 'cgroup') others.push({ path, options: new Set(options.split(',')) });
  }
  return (hierarchy, controllers) =>
    hierarchy === 0
      ? unified
      : others.find(({ options }) => controllers.split(',').every((controller) => options.has(controller)))?.path;
}
