// SPDX-License-Identifier: MIT
// The life of a recording as a user sees it: the command, the exact screen, the exit status, and what
// is left on disk.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { createScene, mask, root, waitUntil } from './lockstep.mjs';

const tracer = pathToFileURL(join(root, 'packages/tracer/dist/src/index.js')).href;
const hasAddon = existsSync(join(root, 'packages/native/dist/lockstep.node'));
const hasBabeltrace = spawnSync('babeltrace2', ['--version']).error === undefined;

/** A program that records `count` events, prints READY, and goes on for `restMs`. */
function writeProgram(scene, count, restMs) {
  const path = join(scene.directory, 'program.mjs');
  writeFileSync(
    path,
    `import { tracepoint, int32 } from ${JSON.stringify(tracer)};
const tick = tracepoint('shop:tick', { value: int32 });
for (let value = 0; value < ${count}; value++) tick(value);
console.log('READY');
setTimeout(() => {}, ${restMs});
`,
  );
  return path;
}

const base = ['record', '--no-kernel', '--no-sampler'];

test("the screen of a recording: standard output is the program's, the summary goes to standard error", (t) => {
  const scene = createScene(t);
  const program = writeProgram(scene, 1000, 0);
  const { status, stdout, stderr } = scene.run([
    ...base,
    '-u',
    'shop:*',
    '-o',
    'trace',
    '--',
    process.execPath,
    program,
  ]);
  assert.equal(status, 0);
  assert.equal(stdout, 'READY\n');
  if (!hasAddon) {
    t.skip('without the native addon the screen tells so in a further line');
    return;
  }
  assert.equal(
    mask(stderr, scene),
    `lockstep: recorded N s into DIR/trace
  program  N event records, N bytes, 0 discarded; 1 program
  clock    CLOCK
  next     lockstep stalls DIR/trace
           lockstep view DIR/trace | less
`,
  );
  assert.equal(scene.run(['view', '--count', 'trace']).stdout, '1000\n');
  assert.match(
    scene.run(['view', 'trace']).stdout.split('\n')[999],
    /shop:tick: \{ cpu_id = \d+, .*\}, \{ value = 999 \}$/,
  );
});

test('--blocking-timeout: a program that records faster than its records are written loses none of them', (t) => {
  if (!hasAddon) return t.skip('needs the native addon');
  const scene = createScene(t);
  const program = writeProgram(scene, 1_500_000, 0);
  const options = ['-u', 'shop:*', '--blocking-timeout', '60000', '--json', '-o', 'trace'];
  const { status, stdout, stderr } = scene.run([...base, ...options, '--', process.execPath, program]);
  assert.equal(status, 0, stderr);
  const { summary } = JSON.parse(stdout.split('\n')[1]);
  assert.deepEqual(
    summary.program.programs.map(({ recordCount, discardedCount }) => [recordCount, discardedCount]),
    [[1_500_000, 0]],
  );
});

test('nothing but metadata, streams and their index lies in a trace, and nothing is left in shared memory', (t) => {
  const scene = createScene(t);
  const program = writeProgram(scene, 10, 0);
  scene.run([...base, '-u', 'shop:*', '-o', 'trace', '--', process.execPath, program]);
  const [name] = readdirSync(join(scene.trace, 'ust/pid'));
  assert.deepEqual(readdirSync(join(scene.trace, 'ust/pid', name)).sort(), ['channel0_0', 'index', 'metadata']);
  assert.deepEqual(readdirSync(scene.trace), ['ust']);
  assert.deepEqual(
    readdirSync(scene.shm).filter((entry) => entry !== 'tsc-calibration.json'),
    [],
  );
});

/** @type {[string, string[] | undefined, number][]} */
const statuses = [
  ['its own', ['sh', '-c', 'exit 3'], 3],
  ['128 + n of a signal', ['sh', '-c', 'kill -9 $$'], 137],
  ['127 for a program that is not there', ['no-such-program'], 127],
  ['126 for one that cannot be run', ['/etc/passwd'], 126],
  ['125 for a malformed rule', undefined, 125],
];
for (const [name, command, expected] of statuses) {
  test(`the exit status is ${name}`, (t) => {
    const scene = createScene(t);
    const args = command === undefined ? [...base, '-u', 'shop:* if', '--', 'true'] : [...base, '--', ...command];
    const { status, stderr } = scene.run(args);
    assert.equal(status, expected);
    assert.doesNotMatch(stderr, /\n\s+at /);
    if (expected > 124 && expected < 128) assert.equal(stderr.trimEnd().split('\n').length, 1, stderr);
  });
}

/** @type {[string, string[], RegExp][]} */
const refusals = [
  [
    'an unknown command',
    ['recrd'],
    /^lockstep: Unknown command 'recrd' \(Did you mean record\?\); see lockstep --help\.\n$/,
  ],
  [
    'a blocking time-out without end that the program did not allow',
    ['record', '--blocking-timeout', 'inf', '--', 'true'],
    /^lockstep: --blocking-timeout inf .* set LOCKSTEP_ALLOW_BLOCKING=1 in its environment, or give a number of milliseconds\.\n$/,
  ],
  [
    'a blocking time-out that is no number',
    ['record', '--blocking-timeout', '-1', '--', 'true'],
    /^lockstep: --blocking-timeout takes a whole number of milliseconds, or inf \[blockingTimeout="-1"\]\n$/,
  ],
  [
    'blocking in a flight recorder',
    ['record', '--snapshot', '--blocking-timeout', '5', '--', 'true'],
    /^lockstep: A flight recorder \(--snapshot\) .*leave out --blocking-timeout\.\n$/,
  ],
  [
    'an unknown option',
    ['record', '--no-kernl', '--', 'true'],
    /^lockstep: Unknown option '--no-kernl' \(Did you mean --no-kernel\?\)/,
  ],
  ['no program', ['record'], /^lockstep: record needs a program to run/],
  ['an empty rule', [...base, '-u', ' ', '--', 'true'], /^lockstep: An event rule is empty/],
  [
    'a clock that is not there',
    ['record', '--clock', 'sundial', '--', 'true'],
    /^lockstep: .*[Aa]llowed choices are tsc, mono, mono_raw, boot, synthetic/,
  ],
  ['a context', ['record', '-t', 'moon', '--', 'true'], /^lockstep: .*moon/],
  [
    'a directory that cannot be made',
    [...base, '-o', '/proc/trace', '--', 'true'],
    /^lockstep: The trace directory cannot be made: /,
  ],
  ['a trace that is not there', ['view', 'nowhere'], /^lockstep: There is no such trace directory/],
  ['a directory that is no trace', ['view', '.'], /^lockstep: .* holds no CTF trace/],
  ['a threshold that is none', ['stalls', '--threshold', 'x', '.'], /^lockstep: --threshold takes a number above 0/],
  ['no session directory', ['crash', '.'], /^lockstep: This is no session directory of Lockstep/],
];
for (const [name, args, sentence] of refusals) {
  test(`${name} is one sentence and a status that is not 0`, (t) => {
    const { status, stderr } = createScene(t).run(args);
    assert.notEqual(status, 0);
    assert.match(stderr, sentence);
    assert.equal(stderr.trimEnd().split('\n').length, 1, stderr);
  });
}

test('a trace is never overwritten', (t) => {
  const scene = createScene(t);
  mkdirSync(scene.trace);
  writeFileSync(join(scene.trace, 'precious'), 'data');
  const { status, stderr } = scene.run([...base, '-o', 'trace', '--', 'true']);
  assert.equal(status, 125);
  assert.match(stderr, /is not empty and a trace is never overwritten/);
  assert.deepEqual(readdirSync(scene.trace), ['precious']);
  assert.equal(readFileSync(join(scene.trace, 'precious'), 'utf8'), 'data');
});

test('a trace whose packet is cut off or damaged is said in a sentence', (t) => {
  const scene = createScene(t);
  scene.run([...base, '-u', 'shop:*', '-o', 'trace', '--', process.execPath, writeProgram(scene, 100, 0)]);
  const [name] = readdirSync(join(scene.trace, 'ust/pid'));
  const stream = join(scene.trace, 'ust/pid', name, 'channel0_0');
  const bytes = readFileSync(stream);
  for (const damaged of [bytes.subarray(0, bytes.length - 40), bytes.fill(0xff, 40, 60)]) {
    writeFileSync(stream, damaged);
    const { status, stderr } = scene.run(['view', 'trace']);
    assert.equal(status, 1);
    assert.doesNotMatch(stderr, /\n\s+at |this is a bug/);
  }
});

test("the user's NODE_OPTIONS are kept and child processes are traced, too", (t) => {
  const scene = createScene(t);
  const child = `process.stdout.write(process.env.NODE_OPTIONS)`;
  const parent = `require('node:child_process').execFileSync(process.execPath, ['-e', ${JSON.stringify(child)}], { stdio: 'inherit' })`;
  const { stdout } = scene.run([...base, '-o', 'trace', '--', process.execPath, '-e', parent], {
    env: { NODE_OPTIONS: '--stack-trace-limit=50' },
  });
  assert.match(stdout, /--require .* --stack-trace-limit=50/);
  assert.equal(readdirSync(join(scene.trace, 'ust/pid')).length, 2);
});

test('SIGINT to the job stops cleanly and writes the trace', async (t) => {
  const scene = createScene(t);
  const { child, output, ended } = scene.start([
    ...base,
    '-u',
    'shop:*',
    '-o',
    'trace',
    '--',
    process.execPath,
    writeProgram(scene, 500, 60_000),
  ]);
  await waitUntil(() => output.stdout.includes('READY'), 'READY');
  process.kill(-child.pid, 'SIGINT');
  const { code } = await ended;
  assert.equal(code, 130);
  assert.equal(scene.run(['view', '--count', 'trace']).stdout, '500\n');
});

test('SIGTERM to record reaches the program', async (t) => {
  const scene = createScene(t);
  const { child, output, ended } = scene.start([
    ...base,
    '-u',
    'shop:*',
    '-o',
    'trace',
    '--',
    process.execPath,
    writeProgram(scene, 5, 60_000),
  ]);
  await waitUntil(() => output.stdout.includes('READY'), 'READY');
  process.kill(child.pid, 'SIGTERM');
  assert.equal((await ended).code, 143);
});

test('--duration ends program and recording with status 0', (t) => {
  const scene = createScene(t);
  const { status } = scene.run([
    ...base,
    '--duration',
    '0.5',
    '-o',
    'trace',
    '--',
    process.execPath,
    '-e',
    'setInterval(() => {}, 10)',
  ]);
  assert.equal(status, 0);
  assert.equal(scene.run(['view', '--count', 'trace']).status, 0);
});

test('what a terminated thread had committed is in the trace while its program goes on', async (t) => {
  if (!hasAddon) return t.skip('needs the native addon');
  const scene = createScene(t);
  const path = join(scene.directory, 'program.mjs');
  writeFileSync(
    path,
    `import { Worker } from 'node:worker_threads';
const source = \`import(${JSON.stringify(tracer)}).then(({ tracepoint, int32 }) => {
  const tick = tracepoint('shop:tick', { value: int32 });
  for (let value = 0; value < 700; value++) tick(value);
  require('node:worker_threads').parentPort.postMessage('done');
  for (;;);
})\`;
const worker = new Worker(source, { eval: true });
worker.once('message', () => {
  // Until the consumer sleeps and looks at nothing by itself.
  setTimeout(() => worker.terminate(), 2500);
});
setTimeout(() => {}, 60_000);
`,
  );
  const { child } = scene.start([...base, '-u', 'shop:*', '-o', 'trace', '--', process.execPath, path]);
  await waitUntil(() => scene.run(['view', '--count', 'trace']).stdout === '700\n', 'the records of the thread');
  assert.equal(child.exitCode, null);
});

test('what was committed before record was killed is recovered by crash, once', async (t) => {
  if (!hasAddon) {
    t.skip('needs the native addon');
    return;
  }
  const scene = createScene(t);
  const { child, output } = scene.start([
    ...base,
    '-u',
    'shop:*',
    '-o',
    'trace',
    '--',
    process.execPath,
    writeProgram(scene, 700, 60_000),
  ]);
  await waitUntil(() => output.stdout.includes('READY'), 'READY');
  process.kill(child.pid, 'SIGKILL');
  const name = readdirSync(scene.shm).find((entry) => entry.startsWith('node-'));
  const [processName] = readdirSync(join(scene.shm, name)).filter((entry) => entry.startsWith('p-'));
  const pid = Number(processName.split('-')[1]);

  const refused = scene.run(['crash', join(scene.shm, name)]);
  assert.equal(refused.status, 1);
  assert.match(refused.stderr, /Programs of this session still write to it/);
  const copied = scene.run(['crash', join(scene.shm, name), '-o', 'copy']);
  assert.equal(copied.status, 0, copied.stderr);
  assert.equal(scene.run(['view', '--count', 'copy']).stdout, '700\n');

  process.kill(pid, 'SIGKILL');
  await waitUntil(() => !existsSync(`/proc/${pid}`), 'the end of the program');
  const recovered = scene.run(['crash', join(scene.shm, name)]);
  assert.equal(recovered.status, 0, recovered.stderr);
  assert.match(recovered.stdout, /^Recovered 700 event records of 1 program into /);
  assert.equal(scene.run(['view', '--count', 'trace']).stdout, '700\n');
  assert.ok(!existsSync(join(scene.shm, name)));
});

test('view completes the trace of a killed recording by itself', async (t) => {
  if (!hasAddon) {
    t.skip('needs the native addon');
    return;
  }
  const scene = createScene(t);
  const { child, output } = scene.start([
    ...base,
    '-u',
    'shop:*',
    '-o',
    'trace',
    '--',
    process.execPath,
    writeProgram(scene, 300, 60_000),
  ]);
  await waitUntil(() => output.stdout.includes('READY'), 'READY');
  process.kill(-child.pid, 'SIGKILL');
  await waitUntil(() => !existsSync(`/proc/${child.pid}`), 'the end of record');
  const { stdout, stderr } = scene.run(['view', '--count', 'trace']);
  assert.match(stderr, /was killed; 300 event records of it were recovered/);
  assert.equal(stdout, '300\n');
});

test('a full disk stops the recording, keeps what is there, and is said', (t) => {
  const scene = createScene(t);
  const disk = join(scene.directory, 'disk');
  mkdirSync(disk);
  if (process.getuid() !== 0 || spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=512k', 'none', disk]).status !== 0) {
    t.skip('needs root and a file system that can be mounted');
    return;
  }
  const { status, stdout, stderr } = scene.run([
    ...base,
    '-u',
    'shop:*',
    '-o',
    'disk/trace',
    '--',
    process.execPath,
    writeProgram(scene, 100_000, 500),
  ]);
  assert.equal(stdout, 'READY\n');
  assert.equal(status, 125);
  assert.match(stderr, /no space is left on the disk/);
  assert.match(stderr, /could not be written any more/);
  const count = scene.run(['view', '--count', 'disk/trace']);
  assert.equal(count.status, 0, count.stderr);
  assert.doesNotMatch(count.stderr, /was killed/);
  assert.ok(Number(count.stdout) > 1000, count.stdout);
  // What is said to be recorded is there; the rest is said to be lost.
  const [, recorded = '', discarded = ''] =
    /program +([\d ]+) event records?, .*?, ([\d ]+) discarded/.exec(stderr) ?? [];
  assert.equal(Number(recorded.replaceAll(' ', '')), Number(count.stdout), stderr);
  assert.ok(Number(discarded.replaceAll(' ', '')) > 0, stderr);
});

test('all traces have the clock that is known at the end, and the summary says it', (t) => {
  const scene = createScene(t);
  const { status, stdout, stderr } = scene.run([
    'record',
    '--json',
    '-o',
    'trace',
    '--',
    process.execPath,
    '-e',
    'setTimeout(() => {}, 1200)',
  ]);
  assert.equal(status, 0, stderr);
  const { clock } = JSON.parse(stdout).summary;
  const classes = readdirSync(scene.trace, { recursive: true })
    .filter((name) => basename(name) === 'metadata')
    .map((name) => /^clock \{[^]*?^\};/m.exec(readFileSync(join(scene.trace, name), 'utf8'))[0]);
  assert.ok(classes.length > 0);
  assert.equal(new Set(classes).size, 1, classes.join('\n'));
  assert.match(classes[0], new RegExp(`freq = ${clock.frequency};`));
  assert.match(classes[0], new RegExp(`precision = ${clock.precisionCycles};`));
});

test('--snapshot keeps the newest records', (t) => {
  const scene = createScene(t);
  const { status } = scene.run([
    ...base,
    '--snapshot',
    '-u',
    'shop:*',
    '-o',
    'trace',
    '--',
    process.execPath,
    writeProgram(scene, 500_000, 0),
  ]);
  assert.equal(status, 0);
  const lines = scene.run(['view', '--json', 'trace']).stdout.trimEnd().split('\n');
  const values = lines.map((line) => JSON.parse(line).payload.value);
  assert.equal(values.at(-1), 499_999);
  assert.ok(values.length > 10_000 && values.length < 500_000, `${values.length}`);
  assert.ok(values.every((value, index) => value === values[0] + index));
});

test('with the consumer stopped, every call is a record or counted as discarded', async (t) => {
  if (!hasAddon) {
    t.skip('needs the native addon');
    return;
  }
  const scene = createScene(t);
  const program = join(scene.directory, 'program.mjs');
  writeFileSync(
    program,
    `import { existsSync } from 'node:fs';
import { tracepoint, int32 } from ${JSON.stringify(tracer)};
const tick = tracepoint('shop:tick', { value: int32 });
tick(-1);
console.log('READY');
const timer = setInterval(() => {
  if (!existsSync('go')) return;
  clearInterval(timer);
  for (let value = 1; value < 300_000; value++) tick(value);
  console.log('DONE');
}, 20);
`,
  );
  const { child, output, ended } = scene.start([
    ...base,
    '--json',
    '-u',
    'shop:*',
    '-o',
    'trace',
    '--',
    process.execPath,
    program,
  ]);
  await waitUntil(() => output.stdout.includes('READY'), 'READY');
  process.kill(child.pid, 'SIGSTOP');
  writeFileSync(join(scene.directory, 'go'), '');
  await waitUntil(() => output.stdout.includes('DONE'), 'DONE');
  process.kill(child.pid, 'SIGCONT');
  const { code, stdout } = await ended;
  assert.equal(code, 0);
  const [program0] = JSON.parse(stdout.trimEnd().split('\n').at(-1)).summary.program.programs;
  assert.ok(program0.discardedCount > 0);
  assert.equal(program0.recordCount + program0.discardedCount, 300_000);
  const { records, discardedEventRecords } = JSON.parse(scene.run(['view', '--count', '--json', 'trace']).stdout);
  assert.equal(Number(records) + Number(discardedEventRecords), 300_000);
});

test('kernel and program are recorded into one order of time', (t) => {
  if (process.getuid() !== 0 || !existsSync('/sys/kernel/tracing/instances')) {
    t.skip('needs root and tracefs (mount -t tracefs nodev /sys/kernel/tracing)');
    return;
  }
  const scene = createScene(t);
  const args = ['record', '-k', 'sched_*', '-k', 'syscall:*', '-u', '*', '-o', 'trace', '--'];
  const { status, stderr } = scene.run([...args, process.execPath, writeProgram(scene, 100, 200)]);
  assert.equal(status, 0, stderr);
  assert.match(stderr, /^ {2}kernel {3}\d/m);
  const names = scene
    .run(['view', '--json', 'trace'])
    .stdout.trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line).name);
  for (const name of ['sched_switch', 'syscall_entry_write', 'shop:tick']) assert.ok(names.includes(name), name);
  if (!hasBabeltrace || /[1-9]\d* discarded/.test(stderr)) return;
  const theirs = spawnSync('babeltrace2', ['trace'], { cwd: scene.directory, encoding: 'utf8', maxBuffer: 2 ** 28 });
  assert.equal(theirs.stderr, '');
  assert.equal(theirs.stdout.trimEnd().split('\n').length, names.length);
});

test('a kernel event that does not exist is refused before the program runs', (t) => {
  if (process.getuid() !== 0 || !existsSync('/sys/kernel/tracing/instances')) {
    t.skip('needs root and tracefs (mount -t tracefs nodev /sys/kernel/tracing)');
    return;
  }
  const scene = createScene(t);
  const { status, stdout, stderr } = scene.run(['record', '-k', 'no_such_event', '-o', 'trace', '--', 'echo', 'ran']);
  assert.equal(status, 125);
  assert.equal(stdout, '');
  assert.match(stderr, /^lockstep: .*no_such_event/);
  assert.equal(stderr.trimEnd().split('\n').length, 1, stderr);
  assert.ok(!existsSync(scene.trace));
});

test('babeltrace2 reads the trace as view prints it, without a warning', (t) => {
  if (!hasBabeltrace) {
    t.skip('babeltrace2 is not installed (Debian: apt-get install babeltrace2)');
    return;
  }
  const scene = createScene(t);
  scene.run([...base, '-u', 'shop:*', '-o', 'trace', '--', process.execPath, writeProgram(scene, 2000, 0)]);
  const theirs = spawnSync('babeltrace2', ['trace'], {
    cwd: scene.directory,
    encoding: 'utf8',
    env: { ...process.env, TZ: 'UTC' },
  });
  assert.equal(theirs.stderr, '');
  assert.equal(scene.run(['view', 'trace']).stdout, theirs.stdout);
});
