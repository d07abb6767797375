// SPDX-License-Identifier: MIT
// /proc/PID/maps -> lttng_statedump_vm_map, which LTTng defines and, for want of a safe place to take
// the lock, never writes. Last in the dump, since it is most of it.

import type { DumpContext } from './dump-context.ts';
import { listIds, unescapeOctal } from './proc-files.ts';
import { VM_MAP } from './record-classes.ts';

/** include/linux/mm.h; the kernel's further bits are only in smaps, which costs a walk of the page tables. */
const VM_FLAGS = [
  ['r', 0x1],
  ['w', 0x2],
  ['x', 0x4],
  ['s', 0x8],
] as const;

/** `7f0c…-7f0d… r-xp 00002000 08:01 1234   /usr/lib/x.so`, offset and inode in their bases. */
const LINE = /^([0-9a-f]{1,16})-([0-9a-f]{1,16}) ([-rwxsp]{4}) ([0-9a-f]{1,16}) [0-9a-f]+:[0-9a-f]+ (\d{1,20})\s*(.*)$/;

export function parseMemoryMap(line: string): (bigint | number | string)[] | undefined {
  const match = LINE.exec(line);
  if (match === null) return undefined;
  const [, start, end, permissions = '', offset, inode, path = ''] = match;
  const flags = VM_FLAGS.reduce((bits, [letter, bit]) => (permissions.includes(letter) ? bits | bit : bits), 0);
  return [
    BigInt(`0x${start}`),
    BigInt(`0x${end}`),
    flags,
    BigInt(inode ?? 0),
    BigInt(`0x${offset}`),
    unescapeOctal(path),
  ];
}

export function dumpMemoryMaps(context: DumpContext): void {
  const { proc, files, writer, clock, limits } = context;
  let count = 0;
  let skippedProcesses = 0;
  for (const pid of listIds(proc)) {
    if (count >= limits.mapRecords) {
      skippedProcesses++;
      continue;
    }
    if (!context.mayGoOn('memory maps')) return;
    const time = clock();
    const isWhole = files.forEachLine(`${proc}/${pid}/maps`, limits.mapsSizeBytes, (line) => {
      const map = parseMemoryMap(line);
      if (map !== undefined) writer.add(VM_MAP, time, [pid, ...map]);
      return ++count < limits.mapRecords;
    });
    if (!isWhole && count >= limits.mapRecords) skippedProcesses++;
  }
  if (skippedProcesses > 0)
    context.leftOut('memory maps of processes', `more than ${limits.mapRecords} maps`, skippedProcesses);
}
