// SPDX-License-Identifier: MIT
// How long `stalls` and `requests` of a trace of 10 million event records take, and how much memory;
// babeltrace2 reading the same trace to its dummy sink alternates with them. The trace is a web server
// under load with its kernel half, and a program that makes system calls; recorded once and kept in the
// temporary directory (`--clean` removes it). Needs root.
//
//   node packages/cli/dist/bench/explain.bench.js [--rounds N] [--clean]

import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, release, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const BASE = join(tmpdir(), 'lockstep-bench-explain');
const CLI = fileURLToPath(new URL('../../bin/lockstep.js', import.meta.url));
const RECORDS = 10_000_000;

const PROGRAM = `
const http = require('node:http');
const { spawn } = require('node:child_process');
const server = http.createServer((request, response) => response.end(JSON.stringify({ ok: true })));
server.listen(0, '127.0.0.1', async () => {
  const agent = new http.Agent({ keepAlive: true });
  const { port } = server.address();
  const ask = () => new Promise((done) => http.get({ port, agent, host: '127.0.0.1' }, (r) => r.resume().on('end', done)));
  let left = 80000;
  const client = async () => { while (left-- > 0) await ask(); };
  const dd = spawn('dd', ['if=/dev/zero', 'of=/dev/null', 'bs=1', 'count=1900000'], { stdio: 'ignore' });
  await Promise.all([...Array(16)].map(client));
  if (dd.exitCode === null) await new Promise((done) => dd.on('exit', done));
  agent.destroy();
  server.close();
});`;

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[values.length >> 1] ?? Number.NaN;
}

/** Wall time, and the peak memory that a process of Node tells of itself. */
function run(command: string, args: readonly string[]): { readonly seconds: number; readonly peakMb: number } {
  const begin = process.hrtime.bigint();
  const { status, stderr } = spawnSync(command, args, { stdio: ['ignore', 'ignore', 'pipe'], encoding: 'utf8' });
  if (status !== 0) throw new Error(`${command} ${args.join(' ')} failed: ${stderr}`);
  const seconds = Number(process.hrtime.bigint() - begin) / 1e9;
  return { seconds, peakMb: Number(/^peak (\d+)$/m.exec(stderr)?.[1] ?? 0) / 1000 };
}

function makeTrace(): string {
  const trace = join(BASE, 'trace');
  if (existsSync(trace)) return trace;
  mkdirSync(BASE, { recursive: true });
  const program = join(BASE, 'server.cjs');
  writeFileSync(program, PROGRAM);
  const { status } = spawnSync(process.execPath, [CLI, 'record', '-q', '-o', trace, '--', process.execPath, program], {
    stdio: 'inherit',
  });
  if (status !== 0) throw new Error(`recording ended with ${status}`);
  return trace;
}

function main(): void {
  if (process.argv.includes('--clean')) {
    rmSync(BASE, { recursive: true, force: true });
    return;
  }
  const at = process.argv.indexOf('--rounds');
  const rounds = at < 0 ? 3 : Number(process.argv[at + 1]);
  const trace = makeTrace();
  const probe = join(BASE, 'peak.cjs');
  writeFileSync(probe, "process.on('exit', () => console.error(`peak ${process.resourceUsage().maxRSS}`));\n");
  const counted = spawnSync(process.execPath, [CLI, 'view', '--count', trace], { encoding: 'utf8' });
  const records = Number(counted.stdout);
  console.log(`node ${process.version}, Linux ${release()}, ${cpus().length} × ${cpus()[0]?.model ?? 'unknown CPU'}`);
  console.log(`${(records / 1e6).toFixed(2)} M records; seconds are of ${RECORDS / 1e6} M, medians of ${rounds}`);
  const scale = RECORDS / records;
  const commands = ['stalls', 'requests'];
  const sums = new Map(['babeltrace2', ...commands].map((name) => [name, { seconds: [] as number[], peak: 0 }]));
  for (let round = 0; round < rounds; round += 1) {
    const hasRival = spawnSync('babeltrace2', ['--version']).status === 0;
    if (hasRival) sums.get('babeltrace2')?.seconds.push(run('babeltrace2', ['-c', 'sink.utils.dummy', trace]).seconds);
    for (const command of commands) {
      const { seconds, peakMb } = run(process.execPath, ['--require', probe, CLI, command, trace]);
      const sum = sums.get(command);
      sum?.seconds.push(seconds);
      if (sum !== undefined) sum.peak = Math.max(sum.peak, peakMb);
    }
  }
  for (const [name, { seconds, peak }] of sums)
    console.log(
      `${name.padEnd(12)} ${(median(seconds) * scale).toFixed(2)} s${peak === 0 ? '' : `, peak ${Math.round(peak)} MB`}`,
    );
}

main();
