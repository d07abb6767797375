// SPDX-License-Identifier: MIT
// Recordings of the running kernel.

import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import { InputError } from '@lockstep/base';
import { chooseClock } from '@lockstep/clock';
import { syscallTable } from './syscalls/syscall-table.ts';
import { startKernelRecording } from './kernel-recording.ts';
import type { KernelChannelOptions, KernelRecording } from './kernel-recording-types.ts';
import { SKIP_WITHOUT_BABELTRACE, SKIP_WITHOUT_TRACEFS, tracefsPath } from './testing/tracefs-or-skip.ts';
import { removeAbandonedProbes } from './dynamic-events.ts';
import { removeAbandonedInstances } from './tracefs-instance.ts';

function makeDirectory(t: TestContext): string {
  const directory = mkdtempSync(join(tmpdir(), 'lockstep-kernel-'));
  t.after(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
}

/** Ends with the test, whatever its outcome: a recording keeps its process alive. */
async function start(
  t: TestContext,
  directory: string,
  channels: readonly KernelChannelOptions[],
  isCaptured = true,
): Promise<KernelRecording> {
  const recording = await startKernelRecording({
    name: 'test',
    outputDirectory: `${directory}/kernel`,
    stateDirectory: `${directory}/.lockstep`,
    clock: chooseClock(),
    channels,
    isCaptured,
  });
  t.after(() => recording.stop());
  return recording;
}

function ourInstances(): string[] {
  return readdirSync(`${tracefsPath}/instances`).filter((name) => name.includes(`-${process.pid}.`));
}

function listProbes(): string[] {
  const path = `${tracefsPath}/uprobe_events`;
  return existsSync(path) ? readFileSync(path, 'utf8').split('\n') : [];
}

/** The watchdog removes them, soon after the recording ended. */
async function waitUntilGone(isThere: () => boolean): Promise<void> {
  for (const end = Date.now() + 10_000; isThere() && Date.now() < end;)
    await new Promise((resolve) => setTimeout(resolve, 20));
  assert.ok(!isThere(), 'it is gone');
}

function babeltrace(directory: string): string {
  const run = spawnSync('babeltrace2', ['--clock-cycles', directory], { encoding: 'utf8', maxBuffer: 1 << 30 });
  assert.equal(run.stderr, '');
  assert.equal(run.status, 0);
  return run.stdout;
}

test(
  'babeltrace2 reads a recording without a warning and counts what we counted',
  { skip: SKIP_WITHOUT_BABELTRACE },
  async (t) => {
    const directory = makeDirectory(t);
    const recording = await start(t, directory, [
      {
        name: 'system',
        id: 0,
        rules: ['sched:*', 'irq:*', 'timer:*', 'syscall:*', 'exceptions:*', 'kmem:*'],
        pids: 'all',
      },
      { name: 'process', id: 1, rules: ['syscall:*'], pids: { roots: [] } },
    ]);
    const child = spawn('/bin/sh', [
      '-c',
      'read x; ls -l /usr > /dev/null; dd if=/dev/zero of=/dev/null bs=1 count=5000 2>/dev/null',
    ]);
    recording.addPid(child.pid ?? 0);
    // Held until it is followed.
    child.stdin.write('\n');
    await once(child, 'exit');
    const clock = chooseClock();
    const summary = await recording.stop(undefined, clock.toClockClass());
    const lines = babeltrace(directory).trimEnd().split('\n');
    assert.equal(summary.problem, undefined);
    assert.equal(summary.discarded, 0);
    assert.equal(lines.length, summary.events);
    const count = (text: string): number => lines.filter((line) => line.includes(text)).length;
    assert.ok(count('syscall_entry_read:') >= 10_000, 'both channels have the reads of dd');
    assert.ok(count('sched_switch:') > 10);
    assert.ok(count('lttng_statedump_process_state:') > 10);
    assert.match(
      lines.find((line) => line.includes('syscall_entry_openat:')) ?? '',
      /\{ dfd = -100, filename = "[^"]+", flags = \( .+ : container = \d+ \), mode = \d+ \}/,
    );
    // Nothing stays behind.
    await waitUntilGone(() => ourInstances().length > 0);
    assert.deepEqual(readdirSync(`${directory}/.lockstep`), []);
  },
);

test(
  'what a channel with roots records is of these processes and their children only',
  { skip: SKIP_WITHOUT_BABELTRACE },
  async (t) => {
    const directory = makeDirectory(t);
    const recording = await start(t, directory, [
      { name: 'process', id: 0, rules: ['syscall:*'], pids: { roots: [] } },
    ]);
    const child = spawn('/bin/sh', ['-c', 'read x; sleep 0.1; /bin/true; /bin/true']);
    recording.addPid(child.pid ?? 0);
    // Held until it is followed.
    child.stdin.write('\n');
    const outsider = spawnSync('/bin/sleep', ['0.05']);
    await once(child, 'exit');
    await recording.stop();
    const tids = new Set(
      [...babeltrace(directory).matchAll(/ syscall_\w+: \{ cpu_id = \d+ \}, \{ tid = (\d+) \}/g)].map((match) =>
        Number(match[1]),
      ),
    );
    assert.ok(tids.has(child.pid ?? 0));
    assert.ok(tids.size >= 3, 'the children of the root are recorded');
    assert.ok(!tids.has(outsider.pid));
    assert.ok(!tids.has(process.pid));
  },
);

test(
  'every recorded value is what the kernel itself prints for the same records',
  { skip: SKIP_WITHOUT_BABELTRACE },
  async (t) => {
    const directory = makeDirectory(t);
    // Two instances see the same events at times of their own; the kernel's text comes from the second.
    const twin = `${tracefsPath}/instances/twin-of-${process.pid}`;
    const sh = (text: string): void => void spawnSync('/bin/sh', ['-c', text]);
    sh(`mkdir ${twin}; echo 8192 > ${twin}/buffer_size_kb; echo mono > ${twin}/trace_clock`);
    t.after(() => sh(`echo 0 > ${twin}/events/enable; rmdir ${twin}`));
    const child = spawn(
      '/bin/sh',
      [
        '-c',
        'read x; ls -lR /usr/include > /dev/null 2>&1; dd if=/dev/zero of=/dev/null bs=3 count=2000 2>/dev/null; cat /etc/passwd > /dev/null',
      ],
      {
        stdio: ['pipe', 'ignore', 'ignore'],
      },
    );
    sh(
      `echo 1 > ${twin}/options/event-fork; echo 0 > ${twin}/options/hash-ptr; echo ${child.pid ?? 0} > ${twin}/set_event_pid`,
    );
    sh(
      `for e in syscalls sched/sched_process_exec sched/sched_process_fork sched/sched_waking; do echo 1 > ${twin}/events/$e/enable; done`,
    );
    const recording = await start(
      t,
      directory,
      [
        {
          name: 'process',
          id: 0,
          rules: ['syscall:*', 'sched_process_exec', 'sched_process_fork', 'sched_waking'],
          pids: { roots: [child.pid ?? 0] },
        },
      ],
      false,
    );
    child.stdin?.write('\n');
    await once(child, 'exit');
    const kernelText = readFileSync(`${twin}/trace`, 'utf8');
    await recording.stop();
    const ours = readableFields(babeltrace(directory));
    const theirs = kernelFields(kernelText);
    let compared = 0;
    for (const [family, records] of ours) {
      // The first and the last record may be in one instance only.
      const other = theirs.get(family) ?? [];
      const first = other.findIndex((line, at) => line === records[0] && other[at + 1] === records[1]);
      if (first < 0) continue;
      const length = Math.min(records.length, other.length - first);
      assert.deepEqual(records.slice(0, length), other.slice(first, first + length));
      compared += length;
    }
    assert.ok(compared > 5000, `${compared} records compared`);
  },
);

/** `tid family` -> records as `name field=value …`, in babeltrace2's text. Every field, in the kernel's spelling. */
function readableFields(text: string): Map<string, string[]> {
  const threads = new Map<string, string[]>();
  for (const line of text.split('\n')) {
    const match = / (\w+): \{ cpu_id = \d+ \}, \{ tid = (-?\d+) \}, (?:\{ errno = [^}]* \}, )?\{ (.*)\}$/.exec(line);
    if (match === null || /^(lttng|lockstep)_statedump/.test(match[1] ?? '')) continue;
    const [, name = '', tid = '', given = ''] = match;
    // Names of values stand in parentheses; the result comes first, what the kernel fills behind it.
    const named = given.replace(/\( [^()]* : container = (-?\w+) \)/g, '$1');
    const payload = name.startsWith('syscall_exit') ? named.replace(/,.*/, '') : named;
    const fields = [...payload.matchAll(/(\w+) = ("[^"]*"|-?\w+)/g)].map(([, field = '', value = '']) =>
      normalise(name, field, value.replace(/"/g, '')),
    );
    addTo(threads, `${tid} ${familyOf(name)}`, `${name} ${fields.join(' ')}`);
  }
  return threads;
}

function normalise(name: string, field: string, value: string): string {
  if (!name.startsWith('syscall_')) return `${field}=${value}`;
  // The kernel prints arguments as 64-bit hexadecimal numbers, those that are 32-bit sign-extended or not.
  return `${name.startsWith('syscall_exit') ? 'ret' : field}=${(BigInt(value) & 0xffff_ffffn).toString(16)}`;
}

/** The same of the kernel's `trace`. */
function kernelFields(text: string): Map<string, string[]> {
  const threads = new Map<string, string[]>();
  for (const line of text.split('\n')) {
    const match = /^\s*.+?-(\d+)\s+\[\d+\]\s+\S+\s+[\d.]+: (.*)$/.exec(line);
    if (match === null) continue;
    const body = match[2] ?? '';
    const exit = /^sys_(\w+) -> (0x[0-9a-f]+)$/.exec(body);
    const entry = /^sys_(\w+)\((.*)\)$/.exec(body);
    let record = '';
    if (exit !== null) record = `syscall_exit_${exit[1]} ret=${low(exit[2])}`;
    else if (entry !== null) {
      const call = syscallTable('x86-64').byFunctionName.get(entry[1] ?? '');
      const fields = [...(entry[2] ?? '').matchAll(/(\w+): (?:0x)?([0-9a-f]+)(?: "[^"]*")?/g)]
        .map(([, field = '', value = '']) => `${lttngArgument(entry[1] ?? '', field)}=${low(`0x${value}`)}`)
        .filter((_, index) => call?.args?.[index]?.direction !== 'out');
      record = `syscall_entry_${entry[1]} ${fields.join(' ')}`;
    } else {
      const [, name = '', fields = ''] = /^(\w+): (.*)$/.exec(body) ?? [];
      record = `${name} ${schedFields(name, fields)}`;
    }
    addTo(threads, `${match[1]} ${familyOf(record)}`, record);
  }
  return threads;
}

/** An interrupt between the probes of two instances makes them differ in order, but not within a family. */
const familyOf = (record: string): string =>
  record.startsWith('syscall_') ? 'syscall' : (/^\w+/.exec(record)?.[0] ?? '');

const lttngArgument = (call: string, field: string): string => {
  if (call === 'clone') return field.replace(/^clone_flags$/, 'flags').replace(/tidptr$/, 'tid');
  return call === 'mmap' && field === 'off' ? 'offset' : call === 'epoll_ctl' && field === 'op' ? 'op_enum' : field;
};

const low = (hex = '0'): string => (BigInt(hex) & 0xffff_ffffn).toString(16);
function schedFields(name: string, fields: string): string {
  switch (name) {
    case 'sched_process_fork':
      return fields.replace(
        /^comm=(.*) pid=(\d+) child_comm=(.*) child_pid=(\d+)$/,
        'parent_comm=$1 parent_tid=$2 child_comm=$3 child_tid=$4',
      );
    case 'sched_process_exec':
      return fields.replace(/ pid=/, ' tid=').replace(/ old_pid=/, ' old_tid=');
    default:
      return fields.replace(/ pid=/, ' tid=').replace(/target_cpu=0*(\d+)/, 'target_cpu=$1');
  }
}

function addTo(map: Map<string, string[]>, key: string, value: string): void {
  const list = map.get(key);
  if (list === undefined) map.set(key, [value]);
  else list.push(value);
}

test(
  'the events of a killed owner are off within a second, its instance goes',
  { skip: SKIP_WITHOUT_TRACEFS },
  async (t) => {
    const directory = makeDirectory(t);
    const owner = spawn(
      process.execPath,
      [fileURLToPath(new URL('./testing/owner-to-kill.js', import.meta.url)), directory],
      { stdio: ['ignore', 'pipe', 'inherit'] },
    );
    const [output] = (await once(owner.stdout, 'data')) as [Buffer];
    const path = `${tracefsPath}/instances/${output.toString().trim()}`;
    assert.equal(readFileSync(`${path}/events/sched/sched_switch/enable`, 'utf8').trim(), '1');
    owner.kill('SIGKILL');
    await once(owner, 'exit');
    await new Promise((resolve) => setTimeout(resolve, 1000));
    if (existsSync(path)) assert.equal(readFileSync(`${path}/events/sched/sched_switch/enable`, 'utf8').trim(), '0');
    // The next start, at the latest, removes it.
    removeAbandonedInstances(tracefsPath);
    removeAbandonedProbes(tracefsPath);
    assert.ok(!existsSync(path));
    assert.ok(!listProbes().some((line) => line.includes(`lockstep_${owner.pid}_`)));
  },
);

test('a filter is applied by the kernel, with the names of LTTng', { skip: SKIP_WITHOUT_BABELTRACE }, async (t) => {
  const directory = makeDirectory(t);
  const recording = await start(t, directory, [
    {
      name: 'system',
      id: 0,
      rules: [`sched_switch if prev_tid == ${process.pid}`, 'syscall_entry_read if count == 3'],
      pids: 'all',
    },
  ]);
  spawnSync('dd', ['if=/dev/zero', 'of=/dev/null', 'bs=3', 'count=50']);
  spawnSync('sleep', ['0.05']);
  await recording.stop();
  const lines = babeltrace(directory).split('\n');
  const switches = lines.filter((line) => line.includes('sched_switch:'));
  assert.ok(switches.length > 0 && switches.every((line) => line.includes(`prev_tid = ${process.pid},`)));
  const reads = lines.filter((line) => line.includes('syscall_entry_read:'));
  assert.ok(reads.length >= 50 && reads.every((line) => line.includes('count = 3 ')));
});

test('a rule that names nothing changes nothing of the machine', { skip: SKIP_WITHOUT_TRACEFS }, async (t) => {
  const directory = makeDirectory(t);
  // Those of the tests before are still being removed.
  const before = new Set(ourInstances());
  await assert.rejects(
    start(t, directory, [{ name: 'system', id: 0, rules: ['sched_swich'], pids: 'all' }]),
    InputError,
  );
  const made = ourInstances().filter((name) => !before.has(name));
  assert.deepEqual([made, existsSync(`${directory}/kernel`)], [[], false]);
});

test(
  "an instance of a living owner is not cleaned up, nor one that is not Lockstep's",
  { skip: SKIP_WITHOUT_TRACEFS },
  async (t) => {
    const directory = makeDirectory(t);
    const foreign = `${tracefsPath}/instances/foreign-${process.pid}`;
    spawnSync('mkdir', [foreign]);
    t.after(() => spawnSync('rmdir', [foreign]));
    const recording = await start(t, directory, [
      { name: 'system', id: 0, rules: ['sched_switch'], pids: 'all', bufferSizeKb: 1024 },
    ]);
    assert.deepEqual(removeAbandonedInstances(tracefsPath), []);
    assert.ok(ourInstances().includes(recording.instanceNames[0] ?? ''));
    assert.ok(existsSync(foreign));
    await recording.stop();
  },
);
