// SPDX-License-Identifier: MIT
// A /proc and a /sys of made-up processes in a directory, for state dumps: as many as one likes.

import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

export interface GeneratedProcess {
  readonly pid: number;
  readonly ppid?: number;
  readonly name?: string;
  readonly state?: string;
  readonly tids?: readonly number[];
  readonly uid?: number;
  /** Ids in the nested pid namespaces, ours left out. */
  readonly nested?: readonly number[];
  readonly flags?: number;
  readonly cpu?: number;
}

const NAMESPACES = ['cgroup', 'ipc', 'mnt', 'net', 'pid', 'time', 'user', 'uts'];

export const MAPS = `5555811c1000-5555811c2000 r--p 00000000 fe:00 67061                          /usr/bin/a\\012b
7ffe5d3f8000-7ffe5d419000 rw-p 00000000 00:00 0                          [stack]
ffffffffff600000-ffffffffff601000 --xs 00001000 00:00 0                  [vsyscall]
`;

/** Files, maps, cgroups and namespaces are the same for all: links to one template, so that 10 000 are made in seconds. */
export function generateProc(directory: string, processes: Iterable<GeneratedProcess>): void {
  const template = join(directory, 'template');
  for (const name of ['ns', 'fd', 'fdinfo']) mkdirSync(join(template, name), { recursive: true });
  for (const [index, name] of NAMESPACES.entries())
    symlinkSync(`${name}:[${4026531830 + index}]`, join(template, 'ns', name));
  symlinkSync('/etc/hosts', join(template, 'fd', '0'));
  symlinkSync('socket:[4711]', join(template, 'fd', '3'));
  writeFileSync(join(template, 'fdinfo', '0'), 'pos:\t0\nflags:\t0100000\nmnt_id:\t23\n');
  writeFileSync(join(template, 'fdinfo', '3'), 'pos:\t0\nflags:\t02004002\nmnt_id:\t9\n');
  writeFileSync(join(template, 'maps'), MAPS);
  writeFileSync(join(template, 'cgroup'), '1:name=systemd:/a\n0::/user.slice\n');
  writeFileSync(join(template, 'mountinfo'), '36 35 98:3 / /mnt\\0401 rw,noatime master:1 - ext3 /dev/root rw\n');
  for (const process of processes) addProcess(directory, process);
}

function addProcess(directory: string, process: GeneratedProcess): void {
  const home = join(directory, String(process.pid));
  for (const tid of process.tids ?? [process.pid]) {
    const isLeader = tid === process.pid;
    const thread = isLeader ? home : join(home, 'task', String(tid));
    mkdirSync(join(home, 'task'), { recursive: true });
    if (isLeader) symlinkSync('..', join(home, 'task', String(tid)));
    else mkdirSync(thread);
    writeFileSync(join(thread, 'stat'), statText(process, tid));
    writeFileSync(join(thread, 'status'), statusText(process, tid));
    for (const name of ['ns', 'fd', 'fdinfo', 'maps', 'cgroup', 'mountinfo'])
      symlinkSync(join(directory, 'template', name), join(thread, name));
  }
}

function statText(process: GeneratedProcess, tid: number): string {
  const { ppid = 1, name = 'worker', state = 'S', flags = 0, cpu = 0 } = process;
  const zeros = Array.from({ length: 29 }, () => '0').join(' ');
  return `${tid} (${name}) ${state} ${ppid} 1 1 0 -1 ${flags} ${zeros} ${cpu} 0 0\n`;
}

function statusText({ pid, uid = 0, nested = [] }: GeneratedProcess, tid: number): string {
  return `Name:\tx\nTgid:\t${pid}\nPid:\t${tid}\nUid:\t${uid}\t0\t0\t0\nGid:\t${uid}\t0\t0\t0\nNStgid:\t${[pid, ...nested].join('\t')}\nNSpid:\t${[tid, ...nested].join('\t')}\n`;
}

export function generateSys(directory: string): void {
  const files: Readonly<Record<string, string>> = {
    'kernel/irq/24/actions': 'ahci[0],eth1\n',
    'kernel/irq/24/chip_name': 'PCI-MSI\n',
    'kernel/irq/25/actions': '\n',
    'class/net/eth7/flags': '0x1002\n',
    'class/block/sda/dev': '8:0\n',
    'class/block/sda/size': '4096\n',
    'class/block/cciss!c0d0/dev': '104:16\n',
    'class/block/cciss!c0d0/size': '1\n',
    'class/block/loop0/dev': '7:0\n',
    'class/block/loop0/size': '0\n',
    'devices/system/cpu/cpu0/topology/core_id': '0\n',
    'devices/system/cpu/cpu1/topology/core_id': '5\n',
    'devices/system/clocksource/clocksource0/current_clocksource': 'tsc\n',
    'devices/system/clocksource/clocksource0/available_clocksource': 'tsc hpet\n',
  };
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(join(directory, path, '..'), { recursive: true });
    writeFileSync(join(directory, path), text);
  }
}
