// SPDX-License-Identifier: MIT
// `lockstep stacks`: event records with stacks (recorded with -t callstack-kernel, -t callstack-user) -> how
// often each stack occurred, its addresses as names. With --collapsed one line a stack, as flame graph tools read it.

import { join } from 'node:path';
import { InputError } from '@lockstep/base';
import { isEventRecord, type EventRecord, type FieldValue } from '@lockstep/ctf';
import { openTraceDirectory, readEventRecords } from '@lockstep/ctf/node';
import { compileGlob } from '@lockstep/filter';
import { StackSymbols } from '@lockstep/symbols';
import { readCount } from '../report-options.ts';
import { findTrace } from '../trace-argument.ts';

interface StacksFlags {
  readonly event: string;
  readonly limit: string;
  readonly collapsed?: boolean;
  readonly json?: boolean;
}

interface CountedStack {
  readonly event: string;
  readonly thread: string;
  /** Innermost first: those of the kernel, then those of the program. */
  readonly frames: readonly string[];
  count: number;
}

export async function runStacks(directory: string | undefined, flags: object): Promise<void> {
  const options = flags as StacksFlags;
  const limit = readCount('--limit', options.limit);
  const isWanted = compileGlob(options.event);
  const path = await findTrace(directory);
  const symbols = new StackSymbols(join(path, '.lockstep'));
  const traceSet = openTraceDirectory(path);
  const stacks = new Map<string, CountedStack>();
  try {
    for (const record of readEventRecords(traceSet))
      if (isEventRecord(record) && isWanted(record.eventRecordClass.name ?? '')) count(stacks, record, symbols);
  } finally {
    traceSet.close();
  }
  if (stacks.size === 0) {
    throw new InputError(
      'No event record of this trace has a stack; record with -t callstack-kernel or -t callstack-user.',
      { event: options.event },
    );
  }
  const sorted = [...stacks.values()].sort((one, other) => other.count - one.count);
  if (options.json === true) process.stdout.write(`${JSON.stringify(sorted)}\n`);
  else if (options.collapsed === true) process.stdout.write(sorted.map(collapse).join(''));
  else process.stdout.write(sorted.slice(0, limit).map(format).join('\n'));
}

function count(stacks: Map<string, CountedStack>, record: EventRecord, symbols: StackSymbols): void {
  const context = record.commonContext;
  const kernel = addressesOf(context?.['callstack_kernel']);
  const user = addressesOf(context?.['callstack_user']);
  if (kernel.length === 0 && user.length === 0) return;
  const pid = Number(context?.['pid'] ?? context?.['tid'] ?? 0);
  const event = record.eventRecordClass.name ?? '';
  const name = context?.['procname'];
  const thread = typeof name === 'string' ? name : `tid ${Number(context?.['tid'] ?? 0)}`;
  const key = `${event}\n${thread}\n${kernel.join()}\n${pid} ${user.join()}`;
  const known = stacks.get(key);
  if (known !== undefined) {
    known.count++;
    return;
  }
  const frames = [
    ...kernel.map((address) => symbols.kernelName(address)),
    ...user.map((address) => symbols.userName(pid, address)),
  ];
  stacks.set(key, { event, thread, frames, count: 1 });
}

function addressesOf(value: FieldValue | undefined): bigint[] {
  return Array.isArray(value) ? value.map((address) => BigInt(address as number | bigint)) : [];
}

function collapse({ event, thread, frames, count: times }: CountedStack): string {
  // The outermost first, without places: flame graph tools add equal lines up.
  const names = [...frames].reverse().map((frame) => frame.replace(/\+0x[0-9a-f]+/, '').replaceAll(';', ':'));
  return `${[thread, ...names, event].join(';')} ${times}\n`;
}

function format({ event, thread, frames, count: times }: CountedStack): string {
  return `${times} x ${event} in ${thread}\n${frames.map((frame) => `    ${frame}\n`).join('')}`;
}
