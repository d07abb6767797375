// SPDX-License-Identifier: MIT
// Idle is idle: an HTTP server that nobody asks, alone, recorded, and in a flight recorder with and without
// the kernel half; voluntary context switches of every thread of program and session over IDLE_SECONDS (30),
// and the timer interrupts and context switches of the whole machine. Beside it LTTng's daemons with a
// snapshot session, where they are. Words choose rows: node …/idle.bench.js alone 'kernel too'.

import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

const IDLE_SECONDS = Number(process.env['IDLE_SECONDS'] ?? 30);
/** Until start-up is over, V8's own tidying up after it too (some 20 s), and the sampler has paused. */
const SETTLE_SECONDS = 25;
const COMMAND = fileURLToPath(new URL('../../../cli/bin/lockstep.js', import.meta.url));
const SERVER = `require('node:http').createServer((_, response) => response.end()).listen(0)`;

const directory = mkdtempSync(join(tmpdir(), 'lockstep-idle-'));
try {
  console.log(
    `Voluntary context switches in ${IDLE_SECONDS} idle seconds; timer interrupts (LOC) and context switches of the machine:`,
  );
  await measureProgram('the program alone', []);
  await measureProgram('flight recorder', ['record', '--snapshot', '--no-kernel']);
  await measureProgram('flight recorder, kernel too', ['record', '--snapshot']);
  await measureProgram('recording', ['record', '--no-kernel']);
  await measureProgram('recording, kernel too', ['record']);
  if (isWanted('LTTng')) await measureLttng();
} finally {
  rmSync(directory, { recursive: true, force: true });
}

function isWanted(name: string): boolean {
  const words = process.argv.slice(2);
  return words.length === 0 || words.some((word) => name.includes(word));
}

async function measureProgram(name: string, words: readonly string[]): Promise<void> {
  if (!isWanted(name)) return;
  const program = [process.execPath, '-e', SERVER];
  const trace = join(directory, name.replaceAll(/\W/g, '_'));
  const command = words.length === 0 ? program : [process.execPath, COMMAND, ...words, '-o', trace, '--', ...program];
  const child = spawn(command[0] as string, command.slice(1), { stdio: 'ignore' });
  await sleep(SETTLE_SECONDS * 1000);
  await report(name, familyOf(child.pid ?? 0));
  await end(child);
}

async function measureLttng(): Promise<void> {
  const lttng = (...args: string[]): string =>
    execFileSync('lttng', ['--no-sessiond', ...args], { stdio: 'pipe' }).toString();
  let daemon: ChildProcess | undefined;
  try {
    execFileSync('lttng-sessiond', ['--version'], { stdio: 'ignore' });
    daemon = spawn('lttng-sessiond', ['--no-kernel'], { stdio: 'ignore' });
    await sleep(2000);
    lttng('create', 'idle', '--snapshot', '--output', join(directory, 'lttng'));
    lttng('enable-event', '--userspace', '--all');
    lttng('start');
    await sleep(2000);
    await report("LTTng's daemons, snapshot session", familyOf(daemon.pid ?? 0));
    lttng('destroy', '--all');
    lttng('create', 'idle2', '--output', join(directory, 'lttng2'));
    lttng('enable-event', '--userspace', '--all');
    lttng('start');
    await sleep(2000);
    await report("LTTng's daemons, recording", familyOf(daemon.pid ?? 0));
    lttng('destroy', '--all');
  } catch (error) {
    console.log(`LTTng: skipped, ${error instanceof Error ? error.message.split('\n')[0] : String(error)}`);
  }
  if (daemon !== undefined) await end(daemon);
}

async function report(name: string, pids: readonly number[]): Promise<void> {
  const before = pids.map(switchesOf);
  const timersBefore = timerInterrupts();
  const switchesBefore = machineSwitches();
  await sleep(IDLE_SECONDS * 1000);
  const timers = timerInterrupts() - timersBefore;
  const switches = machineSwitches() - switchesBefore;
  const counts = pids.map((pid, index) => switchesOf(pid) - (before[index] ?? 0));
  const sum = counts.reduce((total, count) => total + count, 0);
  const parts = pids.map((pid, index) => `${nameOf(pid)} ${counts[index]}`).join(', ');
  console.log(
    `${name.padEnd(36)} ${String(sum).padStart(7)}   (${parts}); machine: ${timers} timer interrupts, ${switches} switches`,
  );
}

/** A process and all that descend from it. */
function familyOf(pid: number): number[] {
  const family = [pid];
  const parents = new Map<number, number>();
  for (const entry of readdirSync('/proc')) {
    if (/^\d+$/.test(entry)) parents.set(Number(entry), parentOf(Number(entry)));
  }
  for (let at = 0; at < family.length; at++) {
    for (const [child, parent] of parents) if (parent === family[at]) family.push(child);
  }
  return family;
}

function parentOf(pid: number): number {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]);
  } catch {
    return 0;
  }
}

function nameOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/comm`, 'utf8').trim();
  } catch {
    return `${pid}`;
  }
}

/** Of all threads. */
function switchesOf(pid: number): number {
  let sum = 0;
  for (const tid of readdirSync(`/proc/${pid}/task`)) {
    const status = readFileSync(`/proc/${pid}/task/${tid}/status`, 'utf8');
    const count = Number(/^voluntary_ctxt_switches:\s*(\d+)/m.exec(status)?.[1]);
    sum += count;
    if (process.env['IDLE_THREADS'] === '1')
      console.log(`  ${pid}/${tid} ${/^Name:\s*(.*)$/m.exec(status)?.[1]} ${count}`);
  }
  return sum;
}

/** "ctxt" of /proc/stat, over all CPUs. */
function machineSwitches(): number {
  return Number(/^ctxt (\d+)/m.exec(readFileSync('/proc/stat', 'utf8'))?.[1]);
}

/** "LOC" of /proc/interrupts, over all CPUs. */
function timerInterrupts(): number {
  const line = /^\s*LOC:((?:\s+\d+)+)/m.exec(readFileSync('/proc/interrupts', 'utf8'));
  return (line?.[1] ?? '')
    .trim()
    .split(/\s+/)
    .reduce((sum, count) => sum + Number(count), 0);
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null) return;
  const ended = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGTERM');
  await ended;
}
