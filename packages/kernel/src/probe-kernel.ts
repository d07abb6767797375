// SPDX-License-Identifier: MIT
// What of the kernel can be recorded here, why not, and what would allow it: each one sentence.

import { accessSync, constants, existsSync, readFileSync } from 'node:fs';
import { findTracefs } from './tracefs.ts';

export interface KernelCapability {
  readonly name:
    | 'tracefs'
    | 'instances'
    | 'events'
    | 'system calls'
    | 'x86-tsc clock'
    | 'large sub-buffers'
    | 'process filter'
    | 'kprobes'
    | 'uprobes'
    | 'function tracer';
  readonly isAvailable: boolean;
  /** What there is, or why not. */
  readonly reason: string;
  /** How to allow it; undefined when it is there or nothing helps. */
  readonly remedy: string | undefined;
}

export interface KernelCapabilities {
  /** Whether `startKernelRecording` can work at all. */
  readonly canRecord: boolean;
  readonly tracefsPath: string | undefined;
  readonly capabilities: readonly KernelCapability[];
}

const MOUNT_REMEDY = 'As root: mount -t tracefs nodev /sys/kernel/tracing';
const ACCESS_REMEDY = 'Run as root, or give a group access: mount -o remount,gid=GROUP,mode=0750 /sys/kernel/tracing';

export function probeKernel(): KernelCapabilities {
  const path = findTracefs();
  if (path === undefined) return withoutTracefs();
  if (!isWritable(`${path}/trace_clock`)) {
    const capability: KernelCapability = {
      name: 'tracefs',
      isAvailable: false,
      reason: `tracefs is mounted at ${path} and this user may not use it.`,
      remedy: ACCESS_REMEDY,
    };
    return { canRecord: false, tracefsPath: path, capabilities: [capability] };
  }
  const clocks = tryRead(`${path}/trace_clock`);
  const tracers = tryRead(`${path}/available_tracers`).split(/\s+/);
  const needs = (
    name: KernelCapability['name'],
    isThere: boolean,
    yes: string,
    no: string,
    remedy?: string,
  ): KernelCapability => ({
    name,
    isAvailable: isThere,
    reason: isThere ? yes : no,
    remedy: isThere ? undefined : remedy,
  });
  const capabilities: KernelCapability[] = [
    needs('tracefs', true, `tracefs is mounted at ${path}.`, ''),
    needs(
      'instances',
      existsSync(`${path}/instances`),
      'Recordings have buffers of their own.',
      'This kernel has no trace instances.',
      'Use Linux 3.10 or later.',
    ),
    needs(
      'events',
      existsSync(`${path}/available_events`),
      'Kernel events can be recorded.',
      'This kernel has no trace events.',
      'Use a kernel built with CONFIG_EVENT_TRACING.',
    ),
    needs(
      'system calls',
      existsSync(`${path}/events/syscalls`),
      'System calls can be recorded by name.',
      'This kernel has no events for system calls.',
      'Use a kernel built with CONFIG_FTRACE_SYSCALLS.',
    ),
    needs(
      'x86-tsc clock',
      clocks.includes('x86-tsc'),
      'The kernel can stamp events with the TSC.',
      'The kernel cannot stamp events with the TSC; the monotonic clock is used.',
    ),
    needs(
      'large sub-buffers',
      existsSync(`${path}/buffer_subbuf_size_kb`),
      'Sub-buffers can be larger than a page.',
      'Sub-buffers are one page, which makes reading dearer.',
      'Use Linux 6.8 or later.',
    ),
    needs(
      'process filter',
      existsSync(`${path}/set_event_pid`),
      'Events can be limited to processes and what they fork.',
      'Events cannot be limited to processes.',
      'Use Linux 4.4 or later.',
    ),
    needs(
      'kprobes',
      existsSync(`${path}/kprobe_events`),
      'Kernel probes exist.',
      'This kernel has no kprobes.',
      'Use a kernel built with CONFIG_KPROBE_EVENTS.',
    ),
    needs(
      'uprobes',
      existsSync(`${path}/uprobe_events`),
      'User-space probes exist.',
      'This kernel has no uprobes.',
      'Use a kernel built with CONFIG_UPROBE_EVENTS.',
    ),
    needs(
      'function tracer',
      tracers.includes('function'),
      'The function tracer exists.',
      'This kernel has no function tracer, or keeps it locked.',
      'Use a kernel built with CONFIG_FUNCTION_TRACER that is not locked down.',
    ),
  ];
  const canRecord = capabilities.slice(0, 3).every((capability) => capability.isAvailable);
  return { canRecord, tracefsPath: path, capabilities };
}

function withoutTracefs(): KernelCapabilities {
  const isBuilt = existsSync('/sys/kernel/tracing');
  const capability: KernelCapability = {
    name: 'tracefs',
    isAvailable: false,
    reason: isBuilt ? 'tracefs is not mounted.' : 'This system has no tracefs.',
    remedy: isBuilt ? MOUNT_REMEDY : 'Use a Linux kernel built with CONFIG_TRACING.',
  };
  return { canRecord: isBuilt && process.getuid?.() === 0, tracefsPath: undefined, capabilities: [capability] };
}

function isWritable(path: string): boolean {
  try {
    accessSync(path, constants.R_OK | constants.W_OK);
    return true;
  } catch {
    return false;
  }
}

function tryRead(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
