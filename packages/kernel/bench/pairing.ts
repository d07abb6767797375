// SPDX-License-Identifier: MIT
// Pages of `dd`'s reads and writes, each exit paired with its entry -> packets: CPU time an event without
// and with the writing of packets to files. For convert.bench.ts.

import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ChunkConverter } from '../src/chunk-converter.ts';
import { makeEventClass } from '../src/event-class.ts';
import { parseEventFormat } from '../src/event-format.ts';
import { event, rawPage, u32, u64, type RawRecord } from '../src/testing/raw-page.ts';

const NUMBER = '\tfield:int __syscall_nr;\toffset:8;\tsize:4;\tsigned:1;\n';
const RESULT = '\tfield:long ret;\toffset:16;\tsize:8;\tsigned:1;\n';
const IDS = { sys_enter_read: 900, sys_exit_read: 899, sys_enter_write: 898, sys_exit_write: 897 };
const PLANS = Object.entries(IDS).map(([name, id]) => {
  const fields = NUMBER + (name.includes('exit') ? RESULT : '');
  const format = parseEventFormat('syscalls', `name: ${name}\nID: ${id}\nformat:\n${fields}\nprint fmt: ""\n`);
  assert.ok(format);
  return makeEventClass(format).plan;
});

const PAGE_SIZE_BYTES = 65_536;
const CHUNK_SIZE_BYTES = 1 << 20;
const SLOT_COUNT = 16;
const UUID = '2a6422d0-6cee-11e0-8c08-cb07d7b3a564';

function pageOfCalls(): { readonly page: Uint8Array; readonly count: number } {
  const records: RawRecord[] = [];
  let sizeBytes = 0;
  while (sizeBytes < 65_000) {
    for (const id of [900, 898]) {
      const enter = event(300, id, 4711, [...u32(0), ...u32(0), ...u64(1n), ...u64(0x7fff_1234_5678n), ...u64(1n)]);
      const leave = event(100, id - 1, 4711, [...u32(0), ...u32(0), ...u64(1n)]);
      records.push(enter, leave);
      sizeBytes += enter.length + leave.length;
    }
  }
  return { page: rawPage(records, { sizeBytes: PAGE_SIZE_BYTES }), count: records.length };
}

/** CPU time an event, ns. The pages lie in as much memory as the reader's slots, so they are as cold. */
export function measurePaired(events: number, isWritten: boolean): number {
  const { page, count } = pageOfCalls();
  const memory = new SharedArrayBuffer(SLOT_COUNT * CHUNK_SIZE_BYTES);
  const words = new Int32Array(memory);
  const bytes = new Uint8Array(memory);
  for (let at = 0; at < bytes.length; at += page.length) bytes.set(page, at);
  const directory = mkdtempSync(join(tmpdir(), 'lockstep-bench-'));
  mkdirSync(`${directory}/index`, { recursive: true });
  const converter = new ChunkConverter(
    {
      version: 2,
      outputDirectory: directory,
      uuid: UUID,
      plans: PLANS,
      streams: [{ fileName: 'all_0', streamClassId: 0, cpuId: 0 }],
      channels: [],
    },
    directory,
  );
  if (!isWritten) converter.giveUpWriting();
  let time = 1000;
  let slot = 0;
  const convert = (wanted: number): number => {
    const slotCount = Math.ceil(wanted / (count * (CHUNK_SIZE_BYTES / PAGE_SIZE_BYTES)));
    for (let done = 0; done < slotCount; done++) {
      const offset = slot * CHUNK_SIZE_BYTES;
      for (let at = offset; at < offset + CHUNK_SIZE_BYTES; at += PAGE_SIZE_BYTES) {
        words[at >> 2] = time | 0;
        words[(at >> 2) + 1] = Math.floor(time / 2 ** 32);
        time += count * 300;
      }
      converter.convert(
        { stream: 0, sizeBytes: CHUNK_SIZE_BYTES, pageSizeBytes: PAGE_SIZE_BYTES },
        words,
        bytes,
        offset,
      );
      slot = (slot + 1) % SLOT_COUNT;
    }
    return slotCount * count * (CHUNK_SIZE_BYTES / PAGE_SIZE_BYTES);
  };
  convert(1_000_000);
  const begin = process.cpuUsage();
  const done = convert(events);
  const { user, system } = process.cpuUsage(begin);
  converter.close();
  rmSync(directory, { recursive: true, force: true });
  return ((user + system) * 1000) / done;
}
