// SPDX-License-Identifier: MIT
// What it costs to define a tracepoint in a session of 1 000 rules (500 names, 500 patterns): ns each
// for 10^3 to 10^6 tracepoints, each number in a process of its own. Flat over the number: rules are
// found by hash and trie. LTTng walks a list of rules for each event and of events for each rule.
//
//   node packages/tracer/dist/bench/registration.bench.js [rounds]

import { spawnSync } from 'node:child_process';
import { cpus, release } from 'node:os';
import { fileURLToPath } from 'node:url';
import { SESSION_VARIABLE } from '@lockstep/protocol';
import { planOf, startTestSession } from '../src/testing/test-session.ts';
import { float64, int32, tracepoint } from '../src/index.ts';

const COUNTS = [1000, 10_000, 100_000, 1_000_000];
const RULE_COUNT = 1000;

function measure(count: number): void {
  const names = Array.from({ length: count }, (_, index) => `provider${index % 97}:event_${index}`);
  const kept: unknown[] = [];
  const fields = [
    ['id', int32],
    ['total', float64],
  ] as const;
  const begin = process.hrtime.bigint();
  for (const name of names) kept.push(tracepoint(name, fields));
  const ns = Number(process.hrtime.bigint() - begin) / count;
  console.log(JSON.stringify({ ns, bytes: process.memoryUsage().heapUsed / kept.length }));
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1] ?? Number.NaN;
}

function main(): void {
  const rounds = Number(process.argv[2] ?? 5);
  const rules = Array.from({ length: RULE_COUNT }, (_, index) => ({
    pattern: index % 2 === 0 ? `other${index}:event_${index}` : `provider${index % 97}:elsewhere_${index}*`,
  }));
  const session = startTestSession(planOf(rules));
  console.log(
    `node ${process.version}, Linux ${release()}, ${cpus()[0]?.model ?? 'unknown CPU'}, ${RULE_COUNT} rules, median of ${rounds} rounds`,
  );
  console.log('tracepoints      ns each  heap bytes each');
  try {
    for (const count of COUNTS) {
      const results: { readonly ns: number; readonly bytes: number }[] = [];
      for (let round = 0; round < rounds; round++) {
        const result = spawnSync(process.execPath, [fileURLToPath(import.meta.url), 'measure', String(count)], {
          encoding: 'utf8',
          env: { ...process.env, [SESSION_VARIABLE]: session.directory },
        });
        if (result.status !== 0) throw new Error(result.stderr);
        results.push(JSON.parse(result.stdout) as { ns: number; bytes: number });
      }
      const cells = [
        String(count).padStart(11),
        median(results.map(({ ns }) => ns))
          .toFixed(0)
          .padStart(12),
        median(results.map(({ bytes }) => bytes))
          .toFixed(0)
          .padStart(16),
      ];
      console.log(cells.join(' '));
    }
  } finally {
    session.close();
  }
}

if (process.argv[2] === 'measure') measure(Number(process.argv[3]));
else main();
