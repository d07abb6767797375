// SPDX-License-Identifier: MIT
// Whether the program's control group may use only so much CPU, and what that cost: the kernel counts how
// long the group was throttled, and no event of the kernel tells when. Read after long iterations of the
// loop and now and then after others; never by a timer, so an idle program stays idle.

import type { Instrumentation } from './instrumentation.ts';

// As they are before anything observes them: these calls are the tracer's own.
const { openSync, readFileSync, readSync } = process.getBuiltinModule('fs');

/** An iteration that is shorter cannot hold a throttling worth telling. */
const LONG_MS = 5;
/** Between two readings of a program whose iterations are short; a reading costs some 10 µs. */
const PERIOD_MS = 100;
const MAX_STAT_BYTES = 1024;

/** Call at the end of each iteration, with its end and its duration in cycles. */
export type NoteQuota = (now: number, duration: number) => void;

/** Undefined when no quota limits this process, or the machine does not tell. */
export function observeCpuQuota({ events, time }: Instrumentation): NoteQuota | undefined {
  const file = process.platform === 'linux' ? openStatistics() : undefined;
  if (file === undefined) return undefined;
  const buffer = Buffer.alloc(MAX_STAT_BYTES);
  const longCycles = LONG_MS * time.cyclesPerMs;
  const periodCycles = PERIOD_MS * time.cyclesPerMs;
  let last = readThrottling(file, buffer);
  let lastTime = time.now();
  return (now, duration) => {
    if (duration < longCycles && now - lastTime < periodCycles) return;
    try {
      const current = readThrottling(file, buffer);
      if (events.cpuQuota.enabled && current.count > last.count)
        events.cpuQuota(lastTime, now - lastTime, current.throttledNs - last.throttledNs, current.count - last.count);
      last = current;
      lastTime = now;
    } catch {
      // The group is gone: nothing more is known.
    }
  };
}

interface Throttling {
  readonly throttledNs: number;
  /** Periods in which it was throttled. */
  readonly count: number;
}

function readThrottling(file: number, buffer: Buffer): Throttling {
  const text = buffer.toString('latin1', 0, readSync(file, buffer, 0, MAX_STAT_BYTES, 0));
  const microseconds = /^throttled_usec (\d+)/m.exec(text)?.[1];
  const throttledNs =
    microseconds === undefined ? Number(/^throttled_time (\d+)/m.exec(text)?.[1] ?? 0) : Number(microseconds) * 1000;
  return { throttledNs, count: Number(/^nr_throttled (\d+)/m.exec(text)?.[1] ?? 0) };
}

/** The `cpu.stat` of the nearest group that has a quota. */
function openStatistics(): number | undefined {
  for (const { mounts, path } of groupsOf(readText('/proc/self/cgroup') ?? '')) {
    for (const mount of mounts) {
      // In a container the path may be the host's, of which only the mount's root is seen.
      for (let at = path; ; at = at.slice(0, at.lastIndexOf('/'))) {
        if (hasQuota(`${mount}${at}`)) return openSync(`${mount}${at}/cpu.stat`, 'r');
        if (at === '') break;
      }
    }
  }
  return undefined;
}

/** Lines `4:cpu,cpuacct:/app` of version 1, `0::/app` of version 2. */
function groupsOf(text: string): { readonly mounts: readonly string[]; readonly path: string }[] {
  return [...text.matchAll(/^\d+:([^:\n]*):(.*)$/gm)].flatMap(([, controllers = '', path = '']) => {
    const root = path === '/' ? '' : path;
    if (controllers === '') return [{ mounts: ['/sys/fs/cgroup', '/sys/fs/cgroup/unified'], path: root }];
    if (!controllers.split(',').includes('cpu')) return [];
    return [{ mounts: [`/sys/fs/cgroup/${controllers}`, '/sys/fs/cgroup/cpu'], path: root }];
  });
}

function hasQuota(group: string): boolean {
  if (Number(readText(`${group}/cpu.cfs_quota_us`) ?? -1) > 0) return true;
  return /^\d/.test(readText(`${group}/cpu.max`) ?? '');
}

function readText(path: string): string | undefined {
  try {
    return readFileSync(path, 'latin1');
  } catch {
    return undefined;
  }
}
