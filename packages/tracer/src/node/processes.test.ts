// SPDX-License-Identifier: MIT
// Threads and processes that a traced program starts are traced, too, whatever their options say,
// and find the environment that the program gave them.

import { deepEqual, equal, ok } from 'node:assert/strict';
import { test } from 'node:test';
import { runPlain, runTraced, type TracedRun } from './testing/run-program.ts';

const WORKER = `
  import { readFileSync } from 'node:fs';
  import { parentPort, isMainThread, threadId } from 'node:worker_threads';
  readFileSync('/etc/hostname');
  console.log(Object.keys(process.env).filter((name) => !/^npm_|^NODE_TEST/.test(name)).length < 4 ? JSON.stringify(process.env) : 'inherited', JSON.stringify(process.execArgv));
`;

function threadsThatRead(run: TracedRun): number {
  const reads = run.named('node:fs_sync').filter(({ fields }) => fields['path'] === '/etc/hostname');
  return new Set(reads.map((record) => `${record.vpid}:${record.vtid}`)).size;
}

for (const options of [
  'undefined',
  '{ execArgv: [] }',
  '{ env: { A: "1" } }',
  '{ env: {}, execArgv: [] }',
  '{ env: SHARE_ENV }',
]) {
  test(`a worker thread is traced with ${options}`, () => {
    const files = {
      'main.mjs': `import { Worker, SHARE_ENV } from 'node:worker_threads'; new Worker(new URL('worker.mjs', import.meta.url), ${options});`,
      'worker.mjs': WORKER,
    };
    const traced = runTraced(files);
    equal(traced.status, 0, traced.stderr);
    equal(traced.stdout, runPlain(files).stdout);
    equal(traced.named('node:process').length, 2);
    equal(threadsThatRead(traced), 1);
    const [start] = traced.named('node:worker_start');
    const [exit] = traced.named('node:worker_exit');
    ok(String(start?.fields['filename']).endsWith('worker.mjs'));
    deepEqual([exit?.fields['thread_id'], exit?.fields['exit_code']], [start?.fields['thread_id'], 0]);
  });
}

test('a worker that ends at once still gives its last loop iteration and its CPU samples', () => {
  const traced = runTraced(
    {
      'main.mjs': `import { Worker } from 'node:worker_threads'; new Worker(new URL('worker.mjs', import.meta.url));`,
      'worker.mjs': `function spinThere() { const end = Date.now() + 60; while (Date.now() < end); } spinThere();`,
    },
    { plan: { samplerIntervalUs: 1000 } },
  );
  equal(traced.status, 0, traced.stderr);
  const worker = traced.named('node:process').find(({ fields }) => fields['main_thread'] === 0);
  const ofWorker = traced.records.filter((record) => record.vtid === worker?.vtid);
  ok(ofWorker.some(({ name, fields }) => name === 'node:cpu_node' && fields['function'] === 'spinThere'));
  ok(ofWorker.some(({ name, fields }) => name === 'node:loop_iteration' && Number(fields['duration']) > 55e6));
});

test('a worker of a worker is traced when the first has an environment of its own', () => {
  const traced = runTraced({
    'main.mjs': `import { Worker } from 'node:worker_threads'; new Worker(new URL('middle.mjs', import.meta.url), { env: {} });`,
    'middle.mjs': `import { Worker } from 'node:worker_threads'; new Worker(new URL('worker.mjs', import.meta.url));`,
    'worker.mjs': WORKER,
  });
  equal(traced.status, 0, traced.stderr);
  equal(traced.named('node:process').length, 3);
  equal(threadsThatRead(traced), 1);
});

test('a forked program is traced as a process of its own', () => {
  const traced = runTraced({
    'main.mjs': `import { fork } from 'node:child_process'; fork(new URL('child.mjs', import.meta.url), ['a b'], { execArgv: [] });`,
    'child.mjs': WORKER,
  });
  equal(traced.status, 0, traced.stderr);
  equal(traced.named('node:process').length, 2);
  equal(threadsThatRead(traced), 1);
  const [spawn] = traced.named('node:child_spawn');
  const child = traced.named('node:process').find(({ fields }) => fields['pid'] === spawn?.fields['pid']);
  ok(String(child?.fields['argv']).endsWith('child.mjs a b'));
});

test('the workers of a cluster are traced', () => {
  const traced = runTraced({
    'main.mjs': `
      import cluster from 'node:cluster';
      import http from 'node:http';
      if (cluster.isPrimary) {
        cluster.fork(); cluster.fork();
        let count = 0;
        cluster.on('listening', async (worker, address) => {
          if (++count < 2) return;
          for (let index = 0; index < 4; index++) await fetch('http://127.0.0.1:' + address.port, { headers: { connection: 'close' } }).then((answer) => answer.text());
          for (const id in cluster.workers) cluster.workers[id].kill();
        });
      } else http.createServer((_, response) => response.end('x')).listen(0, '127.0.0.1');`,
  });
  equal(traced.status, 0, traced.stderr);
  equal(traced.named('node:process').length, 3);
  const begins = traced.named('node:http_server_request_begin');
  equal(begins.length, 4);
  equal(new Set(begins.map((record) => record.vpid)).size, 2);
});

test('nothing keeps the program alive, and exit codes stay', () => {
  for (const [text, status] of [
    ['', 0],
    ['process.exitCode = 3', 3],
    ['process.exit(4)', 4],
    ['setTimeout(() => process.exit(5), 20)', 5],
    ['Promise.reject(new Error("x"))', 1],
  ] as const) {
    const files = { 'main.cjs': text };
    const traced = runTraced(files, { plan: { samplerIntervalUs: 1000 } });
    const plain = runPlain(files);
    deepEqual([traced.status, traced.stdout, traced.stderr], [status, plain.stdout, plain.stderr]);
  }
});
