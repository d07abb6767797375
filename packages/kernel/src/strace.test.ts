// SPDX-License-Identifier: MIT
// The same run seen by strace(1) and by a recording: names, order, arguments, what they point to, results.

import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { constants, tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { chooseClock } from '@lockstep/clock';
import { isEventRecord, type EventRecord } from '@lockstep/ctf';
import { openTraceDirectory, readEventRecords } from '@lockstep/ctf/node';
import { whyNoCapture } from './capture/capture-wishes.ts';
import { startKernelRecording } from './kernel-recording.ts';
import { UNISTD_NAMES } from './lttng-names.ts';
import { SKIP_WITHOUT_TRACEFS } from './testing/tracefs-or-skip.ts';

const SKIP =
  SKIP_WITHOUT_TRACEFS !== false
    ? SKIP_WITHOUT_TRACEFS
    : (whyNoCapture() ?? (spawnSync('strace', ['-V']).status === 0 ? false : 'strace is not installed.'));

interface Call {
  readonly name: string;
  /** strace: the text between the parentheses. */
  readonly text: string;
  readonly result: string;
}

interface RecordedCall {
  readonly name: string;
  readonly entry: EventRecord;
  exit: EventRecord | undefined;
}

test('strace agrees on names, order, strings, structures and results of every call', { skip: SKIP }, async (t) => {
  const directory = mkdtempSync(join(tmpdir(), 'lockstep-strace-'));
  t.after(() => rmSync(directory, { recursive: true, force: true }));
  const place = `${directory}/place`;
  mkdirSync(place);
  const program = fileURLToPath(new URL('./testing/many-calls.js', import.meta.url));
  const log = `${directory}/strace.txt`;
  // Held until it is followed.
  const child = spawn(
    '/bin/sh',
    ['-c', 'read x; exec strace -f -v -s 2000 -o "$1" "$2" "$3" "$4"', 'sh', log, process.execPath, program, place],
    { stdio: ['pipe', 'ignore', 'inherit'] },
  );
  const recording = await startKernelRecording({
    name: 'strace',
    outputDirectory: `${directory}/kernel`,
    stateDirectory: `${directory}/.lockstep`,
    clock: chooseClock(),
    channels: [{ name: 'process', id: 0, rules: ['syscall:*'], pids: { roots: [child.pid ?? 0] } }],
  });
  child.stdin.end('\n');
  await once(child, 'exit');
  const summary = await recording.stop();
  assert.equal(summary.discarded, 0);
  assert.equal(summary.capture?.lostCount, 0);

  const theirs = parseStrace(readFileSync(log, 'utf8'));
  const ours = readCalls(directory);
  const names = new Set<string>();
  const kinds = new Map<string, number>();
  let compared = 0;
  for (const [tid, calls] of theirs) {
    // strace sees the first process from its exec on; before that it is strace's own child.
    const recorded = (ours.get(tid) ?? []).slice(-calls.length);
    assert.deepEqual(
      recorded.map((call) => call.name),
      calls.map((call) => call.name),
      `thread ${tid}`,
    );
    calls.forEach((call, index) => {
      compareCall(call, recorded[index] as RecordedCall, kinds);
      names.add(call.name);
      compared++;
    });
  }
  assert.ok(compared > 500 && names.size > 45, `${compared} calls of ${names.size} kinds`);
  for (const [kind, least] of Object.entries(LEAST))
    assert.ok((kinds.get(kind) ?? 0) >= least, `${kind}: ${kinds.get(kind) ?? 0} compared`);
  // A text whose page comes from the disk while the call runs, and whose event is converted meanwhile.
  const unread = kinds.get('unread') ?? 0;
  assert.ok(unread <= (summary.capture?.faultCount ?? 0) && unread <= compared / 200, `${unread} texts are pointers`);
  const { faultCount, missingCount, truncatedCount } = summary.capture ?? NO_CAPTURE;
  t.diagnostic(
    `${compared} calls of ${names.size} kinds; ${faultCount} faults, ${missingCount} missing, ${truncatedCount} cut; ${JSON.stringify([...kinds])}`,
  );
});

/** Machines without the usual programs compare fewer. */
const LEAST = { string: 100, argv: 2, result: 500, stat: 20, descriptors: 2, port: 3, time: 1, path: 2 };
const NO_CAPTURE = { faultCount: 0, missingCount: 0, truncatedCount: 0 };

function compareCall(call: Call, recorded: RecordedCall, kinds: Map<string, number>): void {
  const note = (kind: string): unknown => kinds.set(kind, (kinds.get(kind) ?? 0) + 1);
  const { entry, exit } = recorded;
  const where = `${call.name}(${call.text}) = ${call.result}`;
  for (const [name, value] of Object.entries(entry.payload ?? {})) {
    if (name === 'argv' && Array.isArray(value)) {
      // strace shows what we have, up to what is captured of each.
      for (const word of value as string[]) assert.ok(call.text.includes(`"${quote(word)}`), `${word} in ${where}`);
      note('argv');
    } else if (typeof value === 'string' && /^0x[0-9a-f]{6,}$/.test(value)) {
      note('unread');
    } else if (typeof value === 'string' && name !== 'sun_path') {
      if (value !== '' || !call.text.includes('NULL'))
        assert.ok(call.text.includes(`"${quote(value)}"`), `${name} = ${value} in ${where}`);
      note('string');
    } else if (typeof value === 'string' && value !== '') {
      assert.ok(
        call.text.includes(`sun_path=${value.startsWith('@') ? '@' : ''}"${value.replace(/^@/, '')}"`),
        `${value} in ${where}`,
      );
      note('path');
    } else if (name === 'dport' && typeof value === 'number' && value !== 0) {
      assert.ok(call.text.includes(`htons(${value})`), where);
      note('port');
    }
  }
  if (exit === undefined || call.result === '?') return;
  const payload = exit.payload ?? {};
  const result = Number(payload['ret']);
  const expected = resultOf(call.result);
  if (expected !== undefined) {
    assert.equal(result, expected, where);
    note('result');
  }
  if (result < 0) return;
  const first = (name: string): Record<string, unknown> | undefined =>
    (payload[name] as Record<string, unknown>[] | undefined)?.[0];
  const size = /st_size=(\d+)/.exec(call.text)?.[1];
  const stat = first('statbuf_value');
  if (size !== undefined && stat !== undefined) {
    assert.equal(String(stat['st_size']), size, where);
    note('stat');
  }
  const descriptors = payload['fildes'] ?? payload['socket'];
  if (Array.isArray(descriptors)) {
    assert.ok(call.text.includes(`[${descriptors.join(', ')}]`), where);
    note('descriptors');
  }
  const port = payload['sport'];
  if (typeof port === 'number' && port !== 0) {
    assert.ok(call.text.includes(`htons(${port})`), where);
    note('port');
  }
  const time = (entry.payload?.['rqtp_value'] as { tv_sec: bigint; tv_nsec: bigint }[] | undefined)?.[0];
  const given = (entry.payload?.['utimes_value'] as { tv_sec: bigint; tv_nsec: bigint }[] | undefined)?.[0] ?? time;
  if (given !== undefined && !call.text.includes('UTIME_')) {
    assert.ok(call.text.includes(`{tv_sec=${given.tv_sec}, tv_nsec=${given.tv_nsec}}`), where);
    note('time');
  }
}

/** As strace writes text. */
function quote(text: string): string {
  return text.replace(/\\/g, '\\\\').replace(/"/g, '\\"').replace(/\n/g, '\\n').replace(/\t/g, '\\t');
}

/** Errors that no program sees: the call is made anew, or a signal's handler runs (include/linux/errno.h). */
const RESTARTS: Readonly<Record<string, number>> = {
  ERESTARTSYS: 512,
  ERESTARTNOINTR: 513,
  ERESTARTNOHAND: 514,
  ERESTART_RESTARTBLOCK: 516,
};

/** Undefined: strace does not say it as a number. */
function resultOf(text: string): number | undefined {
  const error = /^(?:-1|\?) (E\w+)/.exec(text)?.[1];
  if (error !== undefined) {
    const number = RESTARTS[error] ?? (constants.errno as Readonly<Record<string, number>>)[error];
    return number === undefined ? undefined : -number;
  }
  const number = /^-?(?:0x[0-9a-f]+|\d+)/.exec(text)?.[0];
  // umask says it in octal.
  if (number?.startsWith('0') === true && /^0\d/.test(number)) return Number.parseInt(number, 8);
  return number === undefined ? undefined : Number(number);
}

/** `PID name(args) = result`, and calls that others interrupt: `<unfinished ...>`, `<... name resumed>`. */
function parseStrace(text: string): Map<number, Call[]> {
  const calls = new Map<number, Call[]>();
  const unfinished = new Map<number, string>();
  for (const line of text.split('\n')) {
    const match = /^(\d+) +(.*)$/.exec(line);
    if (match === null) continue;
    const tid = Number(match[1]);
    let body = match[2] ?? '';
    if (body.startsWith('---') || body.startsWith('+++')) continue;
    if (body.endsWith('<unfinished ...>')) {
      unfinished.set(tid, body.slice(0, -'<unfinished ...>'.length));
      // The last call of a thread has nothing to wait for.
      if (/^exit(_group)?\(/.test(body)) body = `${body.slice(0, -'<unfinished ...>'.length)}) = ?`;
      else continue;
    }
    if (/^<\.\.\. exit(_group)? resumed>/.test(body)) continue;
    const resumed = /^<\.\.\. \w+ resumed>(.*)$/.exec(body);
    if (resumed !== null) body = `${unfinished.get(tid) ?? ''}${resumed[1] ?? ''}`;
    const call = /^(\w+)\((.*)\)\s+= (.*)$/.exec(body);
    if (call === null) continue;
    const list = calls.get(tid) ?? [];
    list.push({ name: call[1] ?? '', text: call[2] ?? '', result: call[3] ?? '' });
    calls.set(tid, list);
  }
  return calls;
}

function readCalls(directory: string): Map<number, RecordedCall[]> {
  const calls = new Map<number, RecordedCall[]>();
  const traceSet = openTraceDirectory(directory);
  try {
    for (const record of readEventRecords(traceSet)) {
      if (!isEventRecord(record)) continue;
      const match = /^(?:compat_)?syscall_(entry|exit)_(.+)$/.exec(record.eventRecordClass.name ?? '');
      if (match === null) continue;
      const tid = Number(record.commonContext?.['tid']);
      const list = calls.get(tid) ?? [];
      calls.set(tid, list);
      const last = list[list.length - 1];
      if (match[1] === 'entry')
        list.push({ name: UNISTD_NAMES[match[2] ?? ''] ?? match[2] ?? '', entry: { ...record }, exit: undefined });
      else if (last !== undefined && last.exit === undefined) last.exit = { ...record };
    }
  } finally {
    traceSet.close();
  }
  return calls;
}
