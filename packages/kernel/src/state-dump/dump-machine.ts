// SPDX-License-Identifier: MIT
// The machine -> records of its interrupts, network interfaces, block devices, CPUs and clocks.

import { networkInterfaces } from 'node:os';
import type { DumpContext } from './dump-context.ts';
import type { InterruptThreads } from './dump-processes.ts';
import { deviceNumber, listIds, listNames } from './proc-files.ts';
import { BLOCK_DEVICE, CLOCK, CPU_TOPOLOGY, INTERRUPT, NETWORK_INTERFACE } from './record-classes.ts';

export interface OtherClocks {
  readonly monotonic: bigint;
  readonly boottime: bigint;
  readonly realtime: bigint;
}

/** One record for each handler of each interrupt, as LTTng. */
export function dumpInterrupts(context: DumpContext, threads: InterruptThreads): void {
  const { sys, proc, files, writer, clock } = context;
  const directory = `${sys}/kernel/irq`;
  const ids = listIds(directory);
  const time = clock();
  const add = (irq: number, chip: string, actions: readonly string[]): void => {
    for (const action of actions)
      writer.add(INTERRUPT, time, [irq, chip === '' ? 'unnamed_irq_chip' : chip, action, threads.get(irq) ?? 0]);
  };
  for (const irq of ids) {
    const actions = (files.tryRead(`${directory}/${irq}/actions`) ?? '').trim();
    if (actions !== '') add(irq, (files.tryRead(`${directory}/${irq}/chip_name`) ?? '').trim(), actions.split(','));
  }
  // Kernels without sparse interrupts have no such directory.
  if (ids.length === 0)
    for (const { irq, chip, actions } of parseInterrupts(files.tryRead(`${proc}/interrupts`) ?? ''))
      add(irq, chip, actions);
}

/** ` 24:   0   12  IO-APIC   4-edge   ttyS0, other` under a heading with a column for each CPU. */
export function parseInterrupts(text: string): { irq: number; chip: string; actions: string[] }[] {
  const lines = text.split('\n');
  const cpuCount = (lines[0]?.match(/CPU\d+/g) ?? []).length;
  return lines.slice(1).flatMap((line) => {
    const match = new RegExp(`^\\s*(\\d+):(?:\\s+\\d+){${cpuCount}}\\s+(\\S+)\\s+\\S+\\s+(\\S.*)$`).exec(line);
    if (match === null) return [];
    return [{ irq: Number(match[1]), chip: match[2] ?? '', actions: (match[3] ?? '').trim().split(/,\s*/) }];
  });
}

/** One record for each IPv4 address; an interface without one has address 0. */
export function dumpNetworkInterfaces(context: DumpContext): void {
  const { sys, writer, clock } = context;
  const time = clock();
  const addresses = networkInterfaces();
  const names = new Set([...listNames(`${sys}/class/net`), ...Object.keys(addresses)]);
  for (const name of names) {
    const own = (addresses[name] ?? []).filter(({ family }) => family === 'IPv4');
    if (own.length === 0) writer.add(NETWORK_INTERFACE, time, [name, 0]);
    for (const { address } of own) writer.add(NETWORK_INTERFACE, time, [name, addressNumber(address)]);
  }
}

function addressNumber(address: string): number {
  return address.split('.').reduce((number, byte) => ((number << 8) | (Number(byte) & 0xff)) >>> 0, 0);
}

/** Disks and their partitions; those of no size are not there, as in LTTng. */
export function dumpBlockDevices(context: DumpContext): void {
  const { sys, files, writer, clock } = context;
  const time = clock();
  for (const name of listNames(`${sys}/class/block`)) {
    const dev = files.tryRead(`${sys}/class/block/${name}/dev`);
    if (dev === undefined || Number(files.tryRead(`${sys}/class/block/${name}/size`)) === 0) continue;
    // A slash in a name is an exclamation mark in sysfs.
    writer.add(BLOCK_DEVICE, time, [deviceNumber(dev), name.replaceAll('!', '/')]);
  }
}

const ARCHITECTURES: Readonly<Record<string, string>> = { x64: 'x86', ia32: 'x86' };

/** On x86 what LTTng tells; elsewhere what /sys has, vendor and model unknown. */
export function dumpCpuTopology(context: DumpContext): void {
  const { sys, proc, files, writer, clock } = context;
  const time = clock();
  const architecture = ARCHITECTURES[process.arch] ?? process.arch;
  const known = parseCpus(files.tryRead(`${proc}/cpuinfo`) ?? '');
  for (const name of listNames(`${sys}/devices/system/cpu`).toSorted(compareCpus)) {
    if (!/^cpu\d+$/.test(name)) continue;
    const id = Number(name.slice('cpu'.length));
    const cpu = known.get(id);
    const topology = (file: string): number =>
      Number(files.tryRead(`${sys}/devices/system/cpu/${name}/topology/${file}`) ?? 0);
    writer.add(CPU_TOPOLOGY, time, [
      architecture,
      id,
      cpu?.get('vendor_id') ?? 'unknown',
      Number(cpu?.get('cpu family') ?? 0),
      Number(cpu?.get('model') ?? 0),
      cpu?.get('model name') ?? 'unknown',
      Number(cpu?.get('physical id') ?? topology('physical_package_id')),
      Number(cpu?.get('core id') ?? topology('core_id')),
      Number(cpu?.get('cpu cores') ?? 0),
    ]);
  }
}

function compareCpus(one: string, other: string): number {
  return Number(one.slice(3)) - Number(other.slice(3));
}

/** Number of each CPU -> what cpuinfo says of it. */
export function parseCpus(text: string): Map<number, Map<string, string>> {
  const cpus = new Map<number, Map<string, string>>();
  for (const block of text.split('\n\n')) {
    const words = new Map<string, string>();
    for (const line of block.split('\n')) {
      const at = line.indexOf(':');
      if (at >= 0) words.set(line.slice(0, at).trim(), line.slice(at + 1).trim());
    }
    const id = words.get('processor');
    if (id !== undefined) cpus.set(Number(id), words);
  }
  return cpus;
}

export function dumpClocks(context: DumpContext, readClocks: () => OtherClocks): void {
  const { sys, files, writer, clock } = context;
  const directory = `${sys}/devices/system/clocksource/clocksource0`;
  const current = (files.tryRead(`${directory}/current_clocksource`) ?? '').trim();
  const available = (files.tryRead(`${directory}/available_clocksource`) ?? '').trim();
  const time = clock();
  const { monotonic, boottime, realtime } = readClocks();
  writer.add(CLOCK, time, [monotonic, boottime, realtime, current, available]);
}
