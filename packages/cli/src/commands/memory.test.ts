// SPDX-License-Identifier: MIT
// No command that reads traces takes more than 200 MB, however many data streams a trace has: 600 of them here, with
// 150 event records each. Its size does not matter, since packets are read in windows. Takes a minute, so
// LOCKSTEP_TEST_LONG=1 runs it.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { nullTerminatedString, programPacketClasses, signedInteger, structure } from '@lockstep/ctf/write';
import { TraceWriter } from '@lockstep/ctf/node';

const bin = fileURLToPath(new URL('../../../bin/lockstep.js', import.meta.url));
const MOST_KB = 200 * 1024;
const STREAMS = 600;
const RECORDS = 150;

function writeTrace(directory: string): void {
  const clock = {
    name: 'test',
    frequency: 1_000_000_000n,
    offsetSeconds: 1_700_000_000n,
    offsetCycles: 0n,
    absolute: true,
  };
  const { packetHeader, packetContext, eventRecordHeader } = programPacketClasses(clock.name);
  const payload = structure({ id: signedInteger(32), size: signedInteger(64), name: nullTerminatedString() });
  const order = { id: 0n, name: 'shop:order', payload };
  const dataStreamClass = {
    id: 0n,
    packetContext,
    eventRecordHeader,
    defaultClock: clock,
    eventRecordClasses: new Map([[0n, order]]),
  };
  const writer = TraceWriter.create(directory, {
    uuid: '6a2f6c3e-8f0b-4c56-9d3a-0c1c8f0e7a11',
    byteOrder: 'little-endian',
    environment: new Map([['hostname', 'test']]),
    packetHeader,
    clockClasses: [clock],
    dataStreamClasses: new Map([[0n, dataStreamClass]]),
  });
  for (let stream = 0; stream < STREAMS; stream++) {
    const written = writer.dataStream(`s_${stream}`, dataStreamClass, { packetSizeBytes: 4096 });
    for (let id = 0; id < RECORDS; id++) {
      const clockSnapshot = BigInt(id * 1000 + stream);
      const name = `order ${id * stream}`;
      written.write({ eventRecordClass: order, clockSnapshot, payload: { id, size: BigInt(id) << 40n, name } });
    }
  }
  writer.close();
}

test('no command takes more than 200 MB', (t) => {
  if (process.env['LOCKSTEP_TEST_LONG'] === undefined) {
    t.skip('reading a large trace by every command takes long; LOCKSTEP_TEST_LONG=1 runs it');
    return;
  }
  const directory = mkdtempSync(join(tmpdir(), 'lockstep-memory-'));
  t.after(() => rmSync(directory, { recursive: true, force: true }));
  const trace = join(directory, 'trace');
  writeTrace(trace);
  const tell = join(directory, 'tell.mjs');
  writeFileSync(
    tell,
    `process.on('exit', () => process.stderr.write(\`peak \${process.resourceUsage().maxRSS}\\n\`));`,
  );
  const formats = ['ctf-1.8', 'ctf-2', 'perfetto', 'chrome', 'jsonl', 'csv'];
  const commands = [
    'view',
    'view --count',
    'view --details',
    'view --json',
    'view --stream-intersection',
    'check',
    'stats',
    'stats cpu',
    'stalls',
    'requests',
    ...formats.map((format) => `convert --to ${format} -o ${join(directory, format)}`),
  ];
  for (const command of commands) {
    const { stderr } = spawnSync(process.execPath, ['--import', tell, bin, ...command.split(' '), trace], {
      encoding: 'utf8',
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    const peak = Number(/^peak (\d+)$/m.exec(stderr)?.[1]);
    t.diagnostic(`${Math.round(peak / 1024)} MB: ${command.replace(directory, '')}`);
    assert.ok(peak < MOST_KB, `${command}: ${peak} KB; ${stderr}`);
  }
});
