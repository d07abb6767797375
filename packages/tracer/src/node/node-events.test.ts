// SPDX-License-Identifier: MIT
// Real programs under a session, with the preload as it is delivered: what they record, and that
// they do not notice.

import { deepEqual, equal, match, notEqual, ok } from 'node:assert/strict';
import { describe, test } from 'node:test';
import { runPlain, runTraced, type Files } from './testing/run-program.ts';
import type { TestRecord } from './testing/read-records.ts';

const durationMs = (record: TestRecord | undefined): number => Number(record?.fields['duration'] ?? 0) / 1e6;
const labels = (records: readonly TestRecord[], field: string): string[] =>
  records.map((record) => String(record.fields[field]));

describe('state dump', () => {
  test('comes first in the thread and says who the program is', () => {
    const { records, status, stderr } = runTraced({ 'main.mjs': `console.log('x')` });
    equal(status, 0, stderr);
    const [first] = records;
    equal(first?.name, 'node:process');
    equal(first.fields['pid'], first.vpid);
    equal(first.fields['node_version'], process.versions.node);
    equal(first.fields['main_thread'], 1);
    ok(records.some(({ name, fields }) => name === 'node:shared_object' && Number(fields['base']) > 0));
    const names = records.map((record) => record.name);
    ok(names.indexOf('node:statedump_end') < names.indexOf('node:console'));
  });
});

describe('synchronous file system calls', () => {
  const body = `
    readFileSync(process.execPath, { encoding: 'latin1' });
    try { readFileSync('/does/not/exist'); } catch {}
    existsSync('/');
    closeSync(openSync('/dev/null'));
  `;
  const expected = [
    ['readFileSync', process.execPath, 0],
    ['readFileSync', '/does/not/exist', -2],
    ['existsSync', '/', 0],
    ['openSync', '/dev/null', 0],
  ];
  const programs: Readonly<Record<string, Files>> = {
    'ESM, imported by name': {
      'main.mjs': `import { readFileSync, existsSync, openSync, closeSync } from 'node:fs';${body}`,
    },
    'CommonJS, taken out by name': {
      'main.cjs': `const { readFileSync, existsSync, openSync, closeSync } = require('fs');${body}`,
    },
  };
  for (const [title, files] of Object.entries(programs)) {
    test(`are recorded: ${title}`, () => {
      const { named, stderr, status } = runTraced(files);
      equal(status, 0, stderr);
      const calls = named('node:fs_sync').map(({ fields }) => [fields['operation'], fields['path'], fields['result']]);
      const begin = calls.findIndex(([, path]) => path === process.execPath);
      deepEqual(calls.slice(begin, begin + 4), expected);
    });
  }

  test('look the same from outside', () => {
    const program = `
      const fs = require('fs');
      const { promisify } = require('util');
      for (const name of Object.keys(fs).filter((name) => name.endsWith('Sync'))) {
        const { configurable, enumerable, writable } = Object.getOwnPropertyDescriptor(fs, name);
        console.log(name, fs[name].name, fs[name].length, Reflect.ownKeys(fs[name]).map(String).sort().join(), configurable, enumerable, writable);
      }
      console.log(typeof fs.realpathSync.native, fs.exists[promisify.custom] !== undefined);
      for (const f of [JSON.parse, JSON.stringify, console.log, require('zlib').gzipSync, require('child_process').execSync])
        console.log(f.name, f.length, Reflect.ownKeys(f).map(String).sort().join());
      const { Worker } = require('worker_threads');
      console.log(Worker.name, Worker.length, Worker.prototype.constructor === Worker);
      console.log(process.execArgv, Object.keys(require.cache).length);
      try { new JSON.parse(); } catch (error) { console.log(error.message); }
    `;
    equal(runTraced({ 'main.cjs': program }).stdout, runPlain({ 'main.cjs': program }).stdout);
  });
});

describe('event loop', () => {
  test('an iteration that blocks has the duration of the block, and what the loop waited is idle', () => {
    const { named } = runTraced({
      'main.mjs': `setTimeout(() => { const end = Date.now() + 120; while (Date.now() < end); }, 200);`,
    });
    const longest = [...named('node:loop_iteration')].sort((a, b) => durationMs(b) - durationMs(a));
    const blocked = longest.find((record) => durationMs(record) >= 119 && Number(record.fields['idle']) / 1e6 > 50);
    ok(blocked !== undefined, JSON.stringify(longest.slice(0, 3).map(durationMs)));
    const end = Number(blocked.fields['begin']) + Number(blocked.fields['duration']);
    ok(Number(blocked.time) - end < 5e6, 'the record is made when the iteration ends');
  });

  test('the last iteration is recorded even when the program exits within it', () => {
    const { named } = runTraced({
      'main.mjs': `const end = Date.now() + 60; while (Date.now() < end); process.exit(0);`,
    });
    ok(named('node:loop_iteration').some((record) => durationMs(record) >= 59));
  });
});

describe('garbage collection, long calls, exceptions', () => {
  test('collections carry when they were', () => {
    const { named } = runTraced({
      'main.mjs': `
        let kept = [];
        for (let i = 0; i < 300; i++) { kept.push(new Array(20000).fill(i)); if (kept.length > 50) kept = []; }
        setTimeout(() => {}, 50);`,
    });
    const collections = named('node:gc');
    ok(collections.length > 0);
    for (const { fields, time } of collections) {
      ok(BigInt(fields['begin'] ?? 0) + BigInt(fields['duration'] ?? 0) <= time, 'over before it is recorded');
      ok([1, 2, 4, 8, 16].includes(Number(fields['kind'])));
    }
  });

  test('built-in calls over a millisecond are recorded with their size, short ones are not', () => {
    const { named, status, stderr } = runTraced({
      'main.mjs': `
        import { pbkdf2Sync } from 'node:crypto';
        import { execFileSync } from 'node:child_process';
        const text = JSON.stringify(Array.from({ length: 200000 }, (_, index) => ({ index })));
        JSON.parse(text);
        JSON.parse('{}');
        execFileSync('sleep', ['0.02']);
        for (let turn = 0; turn < 3; turn++) await new Promise((resolve) => setTimeout(resolve, 1));
        pbkdf2Sync('a', 'b', 200000, 32, 'sha512');`,
    });
    equal(status, 0, stderr);
    const calls = named('node:sync_call');
    deepEqual(labels(calls, 'operation'), [
      'JSON.stringify',
      'JSON.parse',
      'child_process.execFileSync',
      'crypto.pbkdf2Sync',
    ]);
    equal(calls[0]?.fields['size'], calls[1]?.fields['size']);
    ok(durationMs(calls[2]) >= 19);
  });

  test('an exception that ends the program is recorded and ends it as ever', () => {
    const files = { 'main.cjs': `function fail() { throw new TypeError('no'); }\nfail();` };
    const traced = runTraced(files);
    const plain = runPlain(files);
    deepEqual([traced.status, traced.stdout, traced.stderr], [plain.status, plain.stdout, plain.stderr]);
    const [exception] = traced.named('node:exception');
    equal(exception?.fields['kind'], 'uncaughtException');
    equal(exception?.fields['message'], 'no');
    match(String(exception?.fields['stack']), /at fail/);
  });

  test('console calls carry their level and text', () => {
    const { named, stdout } = runTraced({
      'main.cjs': `console.log('a', 1, {}); console.error('b'); console.table([1]);`,
    });
    match(stdout, /^a 1 \{\}\n/);
    deepEqual(labels(named('node:console'), 'level'), ['log', 'error', 'table']);
    deepEqual(labels(named('node:console'), 'message'), ['a 1 [object]', 'b', '[array 1]']);
  });
});

describe('CPU samples', () => {
  test('name the function that was running, in a tree whose nodes come before their samples', () => {
    const { named, records, status, stderr } = runTraced(
      {
        'main.mjs': `
          function spinHere() { let sum = 0; const end = Date.now() + 250; while (Date.now() < end) for (let i = 0; i < 1e4; i++) sum += i % 7; return sum; }
          setTimeout(spinHere, 30);`,
      },
      { plan: { samplerIntervalUs: 1000 } },
    );
    equal(status, 0, stderr);
    equal(stderr, '');
    const announced = new Map<string, TestRecord>();
    let spinCount = 0;
    for (const record of records) {
      const { fields, name } = record;
      const key = `${fields['epoch']}:${fields['node']}`;
      if (name === 'node:cpu_node') announced.set(key, record);
      if (name !== 'node:cpu_sample') continue;
      const node = announced.get(key);
      ok(node !== undefined, 'announced before');
      if (node.fields['function'] === 'spinHere') {
        spinCount++;
        match(String(node.fields['url']), /main\.mjs$/);
        equal(node.fields['line'], 2);
      }
    }
    ok(spinCount > 20, `${spinCount} samples`);
    deepEqual(labels(named('node:sampler_state'), 'state'), ['1', '0']);
    const samples = named('node:cpu_sample');
    for (const [index, sample] of samples.entries()) {
      const previous = samples[index - 1];
      if (previous === undefined) continue;
      ok(Number(sample.fields['begin']) >= Number(previous.fields['begin']), 'in order, none twice');
    }
  });
});

describe('a program that is not wanted', () => {
  const program = `const fs = require('fs'); fs.readFileSync('/dev/null'); console.log(String(fs.readFileSync).includes('original'));`;
  test('is not patched when the plan does not want Node instrumented', () => {
    const { records, stdout } = runTraced({ 'main.cjs': program }, { plan: { instrumentNode: false } });
    equal(stdout, 'false\n');
    deepEqual(
      records.filter((record) => record.name.startsWith('node:')),
      [],
    );
  });
  test('runs when the session is gone', () => {
    const { status, stderr, stdout } = runTraced(
      { 'main.cjs': program },
      { environment: { LOCKSTEP_SESSION: '/does/not/exist' } },
    );
    deepEqual([status, stderr, stdout], [0, '', 'false\n']);
    notEqual(status, null);
  });
});
