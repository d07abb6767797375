// SPDX-License-Identifier: MIT
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import {
  chooseClock,
  CLOCK_HISTORY_FILE,
  explainNoSynthetic,
  readMachine,
  SyntheticClock,
  type ClockKind,
} from '@lockstep/clock';
import { isEventRecord, type EventRecord } from '@lockstep/ctf';
import { openTraceDirectory, readEventRecords } from '@lockstep/ctf/node';
import { whyNoCapture } from './capture/capture-wishes.ts';
import { startKernelRecording } from './kernel-recording.ts';
import type { KernelRecordingSummary } from './kernel-recording-types.ts';
import { UNKNOWN_NUMBER, writeI386Program } from './testing/i386-program.ts';
import { SKIP_WITHOUT_TRACEFS } from './testing/tracefs-or-skip.ts';

const SKIP = SKIP_WITHOUT_TRACEFS !== false ? SKIP_WITHOUT_TRACEFS : (whyNoCapture() ?? false);

/** Records what `command` does, from its first call on. */
async function record(
  t: TestContext,
  command: readonly string[],
  rules: readonly string[],
  kind?: ClockKind,
): Promise<{ readonly records: EventRecord[]; readonly summary: KernelRecordingSummary; readonly directory: string }> {
  const directory = mkdtempSync(join(tmpdir(), 'lockstep-compat-'));
  t.after(() => rmSync(directory, { recursive: true, force: true }));
  const child = spawn('/bin/sh', ['-c', 'read x; exec "$@"', 'sh', ...command], {
    stdio: ['pipe', 'ignore', 'inherit'],
  });
  const clock = chooseClock(kind);
  mkdirSync(`${directory}/.lockstep`);
  const keeper =
    clock instanceof SyntheticClock
      ? clock.keep(`${directory}/clock-page`, `${directory}/.lockstep/${CLOCK_HISTORY_FILE}`)
      : undefined;
  const recording = await startKernelRecording({
    name: 'compat',
    outputDirectory: `${directory}/kernel`,
    stateDirectory: `${directory}/.lockstep`,
    clock,
    channels: [{ name: 'process', id: 0, rules, pids: { roots: [child.pid ?? 0] } }],
  });
  child.stdin.end('\n');
  await once(child, 'exit');
  const summary = await recording.stop();
  await keeper?.close();
  rmSync(`${directory}/clock-page`, { force: true });
  const traceSet = openTraceDirectory(directory);
  try {
    const records = [...readEventRecords(traceSet)]
      .filter(isEventRecord)
      .filter((each) => Number(each.commonContext?.['tid']) === child.pid);
    return { records, summary, directory };
  } finally {
    traceSet.close();
  }
}

for (const kind of ['mono', 'mono_raw', 'boot', 'synthetic'] as const) {
  test(`calls that stand for themselves, and texts, are told on the clock ${kind}`, { skip: SKIP }, async (t) => {
    if (spawnSync('python3', ['-V']).status !== 0) return t.skip('python3 is not installed');
    const obstacle = kind === 'synthetic' ? explainNoSynthetic(readMachine()) : undefined;
    if (obstacle !== undefined) return t.skip(obstacle);
    // The same number five times: each exit has the arguments of its own entry.
    const script = 'import ctypes; l = ctypes.CDLL(None).syscall; [l(511, n) for n in range(5)]; l(39)';
    const { records, summary } = await record(t, ['python3', '-c', script], ['syscall:*'], kind);
    const unknown = records.filter((each) => each.eventRecordClass.name.endsWith('_unknown'));
    assert.deepEqual(
      unknown.map((each) => [each.eventRecordClass.name, (each.payload?.['args'] as bigint[] | undefined)?.[0]]),
      [0n, 1n, 2n, 3n, 4n].flatMap((n) => [
        ['syscall_entry_unknown', n],
        ['syscall_exit_unknown', n],
      ]),
    );
    // Between the calls of the thread before and after them.
    const names = records.map((each) => each.eventRecordClass.name);
    const first = names.indexOf('syscall_entry_unknown');
    assert.ok(names.slice(0, first).includes('syscall_entry_execve'));
    assert.ok(
      names.slice(first).includes('syscall_entry_getpid') && names.slice(first).includes('syscall_entry_exit_group'),
    );
    const paths = records.filter((each) => /^syscall_entry_(openat|execve)$/.test(each.eventRecordClass.name));
    const texts = paths.map((each) => each.payload?.['filename']).filter((text) => typeof text === 'string');
    assert.ok(texts.some((text) => text.endsWith('/libc.so.6')) && texts.length === paths.length);
    // A text whose page comes from a disk may be a pointer, which is counted.
    const pointers = texts.filter((text) => text.startsWith('0x'));
    assert.ok(pointers.length <= (summary.capture?.faultCount ?? 0), JSON.stringify(summary.capture));
    assert.equal(summary.capture?.missingCount, 0);
  });
}

const describe = ({ eventRecordClass, payload }: EventRecord): unknown => [eventRecordClass.name, payload];

test(
  'the calls of a 32-bit program are compat_ ones, with its strings, and unknown numbers have their arguments',
  { skip: SKIP },
  async (t) => {
    const place = mkdtempSync(join(tmpdir(), 'lockstep-i386-'));
    t.after(() => rmSync(place, { recursive: true, force: true }));
    writeI386Program(`${place}/i386`);
    const tried = spawnSync(`${place}/i386`);
    if (tried.error !== undefined || tried.status !== 0) return t.skip('this kernel does not run 32-bit programs');
    const { records, summary, directory } = await record(t, [`${place}/i386`], ['syscall:*']);
    const compat = records.filter((each) => each.eventRecordClass.name.startsWith('compat_'));
    const names = compat.map((each) => each.eventRecordClass.name.replace('compat_syscall_', ''));
    assert.deepEqual(names, [
      'exit_execve',
      'entry_open',
      'exit_open',
      'entry_read',
      'exit_read',
      'entry_getpid',
      'exit_getpid',
      'entry_unknown',
      'exit_unknown',
      'entry_exit',
    ]);
    const [, open, opened, , , , pid, unknown, unknownExit] = compat;
    assert.deepEqual(open?.payload, { filename: '/proc/uptime', flags: 0, mode: 0 });
    assert.equal(pid?.payload?.['ret'], BigInt(Number(pid?.commonContext?.['tid'])));
    assert.ok(Number(opened?.payload?.['ret']) >= 3);
    assert.equal(unknown?.payload?.['id'], UNKNOWN_NUMBER);
    assert.equal((unknown?.payload?.['args'] as bigint[] | undefined)?.[0], 7n);
    assert.equal(unknownExit?.payload?.['ret'], -38n);
    assert.equal(summary.discarded, 0);
    // Times are the trace's: the program's start lies before its calls, its end behind them.
    const native = records.filter((each) => each.eventRecordClass.name === 'syscall_entry_execve').pop();
    assert.ok(native !== undefined && records.indexOf(native) < records.indexOf(compat[0] as EventRecord));
    // Others read it too, and nothing lies beside the streams.
    const babeltrace = spawnSync('babeltrace2', [`${directory}/kernel`], { encoding: 'utf8' });
    if (babeltrace.error === undefined)
      assert.match(babeltrace.stdout, /compat_syscall_entry_open: .*filename = "\/proc\/uptime"/);
    assert.ok(readdirSync(`${directory}/kernel`).some((name) => name.startsWith('process_bpf_')));
  },
);

test('numbers that no table knows are recorded with all their arguments', { skip: SKIP }, async (t) => {
  if (spawnSync('python3', ['-V']).status !== 0) return t.skip('python3 is not installed');
  const script = 'import ctypes; l = ctypes.CDLL(None).syscall; l(511, 1, 2, 3); l(4000, 5)';
  const { records } = await record(t, ['python3', '-c', script], ['syscall:*']);
  const unknown = records.filter((each) => each.eventRecordClass.name.endsWith('_unknown'));
  assert.deepEqual(
    unknown.map((each) => [each.eventRecordClass.name, each.payload?.['id'], each.payload?.['ret'] ?? null]),
    [
      ['syscall_entry_unknown', 511, null],
      ['syscall_exit_unknown', 511, -38n],
      ['syscall_entry_unknown', 4000, null],
      ['syscall_exit_unknown', 4000, -38n],
    ],
  );
  assert.deepEqual((unknown[0]?.payload?.['args'] as bigint[] | undefined)?.slice(0, 3), [1n, 2n, 3n]);
});

test('numbers with the bit of x32 are its calls, whether the kernel has them or not', { skip: SKIP }, async (t) => {
  if (spawnSync('python3', ['-V']).status !== 0) return t.skip('python3 is not installed');
  const script = 'import ctypes; l = ctypes.CDLL(None).syscall; l(0x40000000 + 3, 99); l(0x40000000 + 518, 77, 6)';
  const { records } = await record(t, ['python3', '-c', script], ['syscall:*']);
  const x32 = records.filter((each) => each.eventRecordClass.name.startsWith('x32_'));
  assert.deepEqual(
    x32.map((each) => [each.eventRecordClass.name, each.payload?.['fd'] ?? each.payload?.['sig'] ?? null]),
    [
      ['x32_syscall_entry_close', 99],
      ['x32_syscall_exit_close', null],
      // Of its own numbers, from 512 on.
      ['x32_syscall_entry_sendmsg', 77],
      ['x32_syscall_exit_sendmsg', null],
    ],
  );
  // EBADF where the kernel is built with CONFIG_X86_X32_ABI, else ENOSYS.
  for (const exit of [x32[1], x32[3]]) assert.ok([-9n, -38n].includes(exit?.payload?.['ret'] as bigint));
});

test('a rule for one call captures that call only', { skip: SKIP }, async (t) => {
  const { records, summary } = await record(t, ['/bin/ls', '/'], ['syscall:openat']);
  const names = new Set(records.map((each) => each.eventRecordClass.name));
  assert.deepEqual([...names].sort(), ['syscall_entry_openat', 'syscall_exit_openat']);
  const paths = records.map((each) => each.payload?.['filename']).filter((path) => path !== undefined);
  assert.ok(
    paths.includes('/'),
    JSON.stringify(records.map(describe).slice(0, 4), (_, value: unknown) =>
      typeof value === 'bigint' ? String(value) : value,
    ),
  );
  assert.equal(summary.capture?.missingCount, 0);
});
