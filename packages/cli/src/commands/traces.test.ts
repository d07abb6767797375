// SPDX-License-Identifier: MIT
// The commands that read traces, run as a user runs them, on a trace that is written by hand.

import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { appendFileSync, closeSync, cpSync, existsSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../../../../..', import.meta.url));
const directory = mkdtempSync(join(tmpdir(), 'lockstep-commands-'));
const trace = join(directory, 'trace');
const bin = join(root, 'packages/cli/bin/lockstep.js');

before(() => {
  const { status, stderr } = spawnSync(process.execPath, [join(root, 'examples/read-a-trace/write.js'), trace], {
    encoding: 'utf8',
  });
  assert.equal(status, 0, stderr);
});
after(() => rmSync(directory, { recursive: true, force: true }));

function run(...args: string[]): { status: number | null; stdout: string; stderr: string } {
  return spawnSync(process.execPath, [bin, ...args], { encoding: 'utf8', env: { ...process.env, TZ: 'UTC' } });
}

const LINE =
  '[22:13:20.000001000] (+?.?????????) example shop:order: { cpu_id = 0, vpid = 0, vtid = 0, tid = 0, discarded = { full = 0, wrapped = 0, too_big = 0 } }, { id = 1, sku = "A-1" }';

test('view prints text, fields, details and JSON, and trims', () => {
  const { status, stdout, stderr } = run('view', trace);
  assert.equal(status, 0);
  assert.equal(stdout.split('\n')[0], LINE);
  assert.match(stderr, /^WARNING: Tracer may have discarded events/);
  const { stdout: trimmed } = run(
    'view',
    '--timerange',
    '22:13:20.000002,22:13:20.000002',
    '--no-delta',
    '--names=none',
    '--fields=all',
    trace,
  );
  assert.equal(trimmed.split('\n').length, 2);
  assert.match(run('view', '--details', trace).stdout, /^Trace class:\n[^]*Event `shop:order` \(Class ID 0\):\n/);
  const [first] = run('view', '--json', trace).stdout.split('\n');
  assert.deepEqual((JSON.parse(first!) as { payload: unknown }).payload, { id: 1, sku: 'A-1' });
  assert.equal(run('view', '--count', trace).stdout, '3\n');
});

test('every command says in one sentence that its output has no room', (t) => {
  if (!existsSync('/dev/full')) {
    t.skip('this system has no /dev/full');
    return;
  }
  const commands = ['view', 'view --count', 'view --json', 'view --details', 'check', 'stats', 'requests', 'profile'];
  for (const command of [...commands, 'stalls', 'convert --to csv', 'convert --to perfetto -o /dev/full', '--help']) {
    const full = openSync('/dev/full', 'w');
    const { status, stderr } = spawnSync(process.execPath, [bin, ...command.split(' '), trace], {
      encoding: 'utf8',
      stdio: ['ignore', full, 'pipe'],
    });
    closeSync(full);
    const lines = stderr.split('\n').filter((line) => line.startsWith('lockstep:') || line.startsWith('    at '));
    assert.equal(lines.length, 1, `${command}: ${stderr}`);
    assert.match(lines[0] ?? '', /^lockstep: (Standard output|The output file) cannot be written: no space is left \[/);
    assert.equal(status, 1, command);
  }
});

test('values that make no sense are refused in one sentence', () => {
  const refused: Readonly<Record<string, RegExp>> = {
    'view --begin 25:00': /There is no such time \[time="25:00"\]/,
    'view --begin 2026-02-30': /There is no such time/,
    'view --begin 2026-13-01': /There is no such time/,
    'stalls --limit 1.5': /--limit takes a whole number above 0/,
    'critical-path --begin 22:13': /so they need --tid/,
    'critical-path --tid 1 --slowest-request': /exclude each other/,
    'stats bogus': /families are cpu, io,/,
    'stats cpu --freq-resolution 0': /--freq-resolution takes a number above 0/,
    'profile --stall 1 --request 1': /exclude each other/,
    'profile --program 99': /no such program or thread; it has /,
    'profile --stall 1.5': /--stall takes a whole number above 0/,
    'profile --stall 1': /The trace has 0 stalls of 20 ms or more; lockstep stalls lists them/,
    'stalls --threshold 20ms': /--threshold takes a number above 0, without a unit/,
    'stats --top': /--top belongs to a family: lockstep stats FAMILY --top/,
    'stats cpu --begin 2100-01-01': /lies after the end of the trace, which goes from /,
    'critical-path --tid 99999': /tells nothing of this thread at this time; TID is the one that the host sees/,
    'why 1 --at 2100-01-01': /lies after the end of the trace/,
    'record --duration 1e9 -- true': /at most 1 000 000/,
  };
  for (const [command, sentence] of Object.entries(refused)) {
    const words = command.split(' ');
    const { status, stdout, stderr } = run(
      ...words,
      ...(words[0] === 'record' || command === 'stats bogus' ? [] : [trace]),
    );
    assert.match(stderr, sentence, command);
    assert.equal(stderr.trimEnd().split('\n').length, 1, stderr);
    assert.equal(stdout, '');
    assert.equal(status, words[0] === 'record' ? 125 : 1);
  }
  assert.match(run('view', '').stderr, /The name of the trace directory is empty/);
  assert.match(run('record', '-o', '', '--', 'true').stderr, /-o is empty/);
  assert.doesNotMatch(run('record', '--help').stdout, /default: \[\]/);
});

test('a rule that names nothing is told, and a missing addon once a process', () => {
  const record = (name: string, env: NodeJS.ProcessEnv, ...args: string[]): string =>
    spawnSync(process.execPath, [bin, 'record', '--no-kernel', '-o', join(directory, name), ...args], {
      encoding: 'utf8',
      env: { ...process.env, LOCKSTEP_HOME: directory, ...env },
    }).stderr;
  assert.match(record('none', {}, '-u', 'no:*', '--', process.execPath, '-e', '0'), /or none has what -u names/);
  const workers = `for (let i = 0; i < 2; i++) new (require('worker_threads').Worker)('0', { eval: true })`;
  const stderr = record('workers', { LOCKSTEP_NO_NATIVE: '1' }, '--', process.execPath, '-e', workers);
  assert.equal(stderr.split('drained by a thread').length - 1, 1, stderr);
  assert.equal(run('view', '--count', join(directory, 'workers')).status, 0);
});

test('counts are told in the singular and the plural', () => {
  const output = join(directory, 'one.csv');
  const { stderr } = run('convert', '--to', 'csv', '-o', output, '--end', '22:13:20.0000015', trace);
  assert.match(stderr, /^lockstep: 1 event record written to/);
});

test('view ends quietly when its reader goes away', async () => {
  const child = spawn(process.execPath, [bin, 'view', trace], { stdio: ['ignore', 'pipe', 'pipe'] });
  child.stdout.destroy();
  const [status] = (await once(child, 'close')) as [number | null];
  assert.equal(status, 0);
});

test('convert writes every format; stats and check tell what there is', () => {
  const csv = run('convert', '--to', 'csv', '--event', 'shop:order', trace);
  assert.equal(csv.stdout.split('\r\n')[1], '1700000000000001000,,orders,0,shop:order,1,A-1');
  assert.equal(run('convert', '--to', 'jsonl', trace).stdout.trim().split('\n').length, 3);
  const chrome = JSON.parse(run('convert', '--to', 'chrome', trace).stdout) as { traceEvents: { ph: string }[] };
  assert.equal(chrome.traceEvents.filter((event) => event.ph === 'i').length, 3);
  for (const format of ['ctf-1.8', 'ctf-2']) {
    const to = join(directory, format);
    const { status, stdout } = run('convert', '--to', format, '-o', to, '--json', trace);
    assert.equal(status, 0);
    assert.equal((JSON.parse(stdout) as { records: number }).records, 3);
    assert.equal(run('view', to).stdout, run('view', trace).stdout);
  }
  const file = join(directory, 'trace.perfetto-trace');
  assert.equal(run('convert', '--to', 'perfetto', '-o', file, trace).status, 0);
  assert.ok(readFileSync(file).includes('shop:order'));
  assert.match(run('stats', trace).stdout, /shop:order\s+3 /);

  const sound = run('check', trace);
  assert.equal(sound.status, 0);
  assert.match(
    sound.stdout,
    /is sound, with losses or oddities, 1 warning; 1 trace, 1 data stream, 1 packet, 3 event records\.\n$/,
  );
  assert.equal(run('check', '--strict', trace).status, 1);
  const broken = join(directory, 'broken');
  cpSync(trace, broken, { recursive: true });
  appendFileSync(join(broken, 'orders'), 'x');
  const unsound = run('check', '--json', broken);
  assert.equal(unsound.status, 1);
  assert.equal((JSON.parse(unsound.stdout) as { isSound: boolean }).isSound, false);
});

test('wrong words and paths end in one sentence', () => {
  const cases: readonly (readonly [args: readonly string[], sentence: RegExp])[] = [
    [['view', join(directory, 'nothing')], /^lockstep: There is no such trace directory/],
    [['view', '--fields=colour', trace], /^lockstep: --fields takes a list of .*\[value="colour"\]\.?\n$/],
    [['view', '--begin', 'noon', trace], /^lockstep: A time is SECONDS/],
    [['view', '--begin', '2', '--end', '1', trace], /^lockstep: The range of times ends before it begins/],
    [['view', '--clock-offset=x', trace], /^lockstep: --clock-offset takes a whole number/],
    [['view', 'net://localhost:0'], /^lockstep: A live address is net:/],
    [['view', '--follow', '--begin', '1', trace], /^lockstep: --begin is for traces that are complete/],
    [['convert', '--to', 'perfetto', trace], /^lockstep: --to perfetto needs --output/],
    [['convert', trace], /^lockstep: .*--to/i],
    [
      ['convert', '--to', 'ctf-2', '-o', trace, trace],
      /^lockstep: The directory of a new trace must not exist or be empty/,
    ],
    [['check', directory + '/nothing'], /^lockstep: There is no such trace directory/],
  ];
  for (const [args, sentence] of cases) {
    const { status, stderr, stdout } = run(...args);
    assert.equal(status, 1, args.join(' '));
    assert.match(stderr, sentence);
    assert.equal(stderr.trim().split('\n').length, 1, stderr);
    assert.equal(stdout, '');
  }
  for (const command of ['view', 'convert', 'check', 'stats'])
    assert.match(run(command, '--help').stdout, /Example:\n {2}lockstep /, command);
});
