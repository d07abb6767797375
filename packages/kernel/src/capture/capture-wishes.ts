// SPDX-License-Identifier: MIT
// Channels with their matched events -> which system calls are captured, and which of them the kernel's
// own events do not tell of, so that the capturing programs' records have to stand for themselves.

import { compileGlob, parseRule } from '@lockstep/filter';
import { loadNative } from '@lockstep/native';
import type { ChannelRules } from '../event-description.ts';
import type { MatchedEvent } from '../kernel-rules.ts';
import { lttngCallName } from '../lttng-names.ts';
import { compatAbi, nativeAbi } from '../syscalls/native-abi.ts';
import { syscallTable, type SyscallDescription } from '../syscalls/syscall-table.ts';
import { makeCaptureSet, type CaptureSet } from './capture-set.ts';
import { KERNEL_BTF_PATH } from './btf.ts';
import { MACHINE_LAYOUTS } from './kernel-layouts.ts';
import { endianness } from 'node:os';
import { closeSync, existsSync } from 'node:fs';

/** The sentence why not, or undefined: a map and the kernel's types are all that is tried here. */
export function whyNoCapture(): string | undefined {
  if (MACHINE_LAYOUTS[process.arch] === undefined || endianness() !== 'LE')
    return `What the pointers of system calls point to cannot be captured on ${process.arch}: where its kernel keeps registers is not known.`;
  const native = loadNative();
  if (native === undefined)
    return 'The native addon is missing, which loads the programs that read what pointers point to.';
  if (!existsSync(KERNEL_BTF_PATH)) return 'This kernel has no type information (CONFIG_DEBUG_INFO_BTF).';
  try {
    const fd = native.bpf.createMap({ type: 'array', keySizeBytes: 4, valueSizeBytes: 8, maxEntries: 1 });
    closeSync(fd);
    return undefined;
  } catch (error) {
    return `The kernel allows no BPF programs here: ${error instanceof Error ? error.message : String(error)}`;
  }
}

/** Undefined: no channel records system calls, or nothing can be captured. */
export function describeCapture(
  channels: readonly { readonly channel: ChannelRules; readonly events: readonly MatchedEvent[] }[],
): { readonly set: CaptureSet; readonly channelId: number } | undefined {
  const native = nativeAbi();
  // One channel's threads are captured: the one whose system calls are asked for.
  const own = channels.find(({ channel }) => channel.rules.some(isAboutSyscalls));
  if (own === undefined || native === undefined) return undefined;
  const table = syscallTable(native);
  const entries = new Set<number>();
  const exits = new Set<number>();
  for (const { system, name } of own.events) {
    const match = /^sys_(enter|exit)_(.+)$/.exec(name);
    if (system !== 'syscalls' || match === null) continue;
    const call = table.byFunctionName.get(match[2] ?? '') ?? table.byName.get(match[2] ?? '');
    if (call !== undefined) (match[1] === 'enter' ? entries : exits).add(call.number);
  }
  const isWanted = wantedNames(own.channel);
  const compat = compatAbi();
  const numbers = (calls: Iterable<SyscallDescription>) =>
    new Set(
      [...calls]
        .filter((call) => isWanted(call.name) || isWanted(lttngCallName(call.name, call.functionName)))
        .map((call) => call.number),
    );
  const wholes = numbers(table.byNumber.values());
  for (const number of [...entries, ...exits]) wholes.delete(number);
  const set = makeCaptureSet({
    entries,
    exits,
    wholes,
    compat: compat === undefined ? new Set() : numbers(syscallTable(compat).byNumber.values()),
    isUnknownWanted: isWanted(''),
    isFiltered: own.channel.pids !== undefined && own.channel.pids !== 'all',
  });
  return set === undefined ? undefined : { set, channelId: own.channel.id };
}

function isAboutSyscalls(rule: ChannelRules['rules'][number]): boolean {
  return (typeof rule === 'string' ? parseRule(rule, 'kernel') : rule).kind === 'syscall';
}

/** By which rules find the system calls of this machine: in unistd.h, and LTTng's. */
export function callNames(): string[] {
  const abi = nativeAbi();
  if (abi === undefined) return [];
  return [...syscallTable(abi).byNumber.values()].flatMap((call) => [
    call.name,
    lttngCallName(call.name, call.functionName),
  ]);
}

/** By the rules without a filter: a filter's fields are those of the kernel's events. '' asks for numbers without a name. */
function wantedNames(channel: ChannelRules): (name: string) => boolean {
  const rules = channel.rules.map((rule) => (typeof rule === 'string' ? parseRule(rule, 'kernel') : rule));
  // What stands for itself passes no tracker.
  const hasTrackers = (channel.trackers ?? []).length > 0;
  const globs = rules
    .filter((rule) => rule.kind === 'syscall' && rule.filter === undefined)
    .map((rule) => compileGlob(rule.pattern));
  return (name) => !hasTrackers && globs.some((isMatch) => isMatch(name));
}
