// SPDX-License-Identifier: MIT
// The shared filter language: random expressions over random payloads, decided by LTTng-UST (one channel
// an expression, all in one session) and by @lockstep/filter. What LTTng refuses to take is not compared.

import assert from 'node:assert/strict';
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { isDeepStrictEqual } from 'node:util';
import { compileToJavaScript, interpretFilter, checkFilter, parseFilter } from '@lockstep/filter';
import fc from 'fast-check';

const isLong = process.env.LOCKSTEP_TEST_LONG === '1';
const SESSION_COUNT = isLong ? 6 : 1;
/** Channels of one session: each has buffers of its own. */
const FILTER_COUNT = isLong ? 60 : 30;
const PAYLOAD_COUNT = 60;

const int = (bits, isSigned) => ({ type: 'integer', bits, isSigned });
const FIELDS = new Map([
  ['i8', int(8, true)],
  ['u8', int(8, false)],
  ['i16', int(16, true)],
  ['u32', int(32, false)],
  ['i64', int(64, true)],
  ['u64', int(64, false)],
  ['dd', { type: 'float', bits: 64 }],
  ['ff', { type: 'float', bits: 32 }],
  ['text', { type: 'string' }],
  ['chars', { type: 'string' }],
  ['list', { type: 'array', element: int(16, true) }],
]);

const SOURCE = `
#undef LTTNG_UST_TRACEPOINT_PROVIDER
#define LTTNG_UST_TRACEPOINT_PROVIDER PROVIDER
#undef LTTNG_UST_TRACEPOINT_INCLUDE
#define LTTNG_UST_TRACEPOINT_INCLUDE "./filter-provider.h"
#if !defined(FILTER_PROVIDER_H) || defined(LTTNG_UST_TRACEPOINT_HEADER_MULTI_READ)
#define FILTER_PROVIDER_H
#include <lttng/tracepoint.h>
#include <stdint.h>
LTTNG_UST_TRACEPOINT_EVENT(PROVIDER, event,
 LTTNG_UST_TP_ARGS(int, number, int64_t, a, uint64_t, b, double, d, const char *, text, const int16_t *, list),
 LTTNG_UST_TP_FIELDS(
  lttng_ust_field_integer(int32_t, number, number)
  lttng_ust_field_integer(int8_t, i8, a)
  lttng_ust_field_integer(uint8_t, u8, a)
  lttng_ust_field_integer(int16_t, i16, a)
  lttng_ust_field_integer(uint32_t, u32, a)
  lttng_ust_field_integer(int64_t, i64, a)
  lttng_ust_field_integer(uint64_t, u64, b)
  lttng_ust_field_float(double, dd, d)
  lttng_ust_field_float(float, ff, d)
  lttng_ust_field_string(text, text)
  lttng_ust_field_array_text(char, chars, text, 8)
  lttng_ust_field_array(int16_t, list, list, 3)
 ))
#endif
#include <lttng/tracepoint-event.h>
`;
const PROGRAM = `
#include <stdio.h>
#include <string.h>
#define LTTNG_UST_TRACEPOINT_DEFINE
#define LTTNG_UST_TRACEPOINT_CREATE_PROBES
#include "filter-provider.h"
int main(void) {
 long long a; unsigned long long b; double d; int x, y, z, n = 0; char line[256];
 while (fgets(line, sizeof line, stdin)) {
  char text[64] = {0}; int at = 0;
  if (sscanf(line, "%lld %llu %la %d %d %d %n", &a, &b, &d, &x, &y, &z, &at) < 6) return 1;
  strncpy(text, line + at, 63); text[strcspn(text, "\\n")] = 0;
  int16_t list[3] = {x, y, z};
  lttng_ust_tracepoint(PROVIDER, event, n++, a, b, d, text, list);
 }
 return 0;
}
`;

const BOUNDARIES = [
  0n,
  1n,
  2n,
  5n,
  31n,
  63n,
  64n,
  127n,
  128n,
  255n,
  0x7fff_ffffn,
  0x8000_0000n,
  0xffff_ffffn,
  2n ** 63n - 1n,
];
const payload = fc.record({
  a: fc.oneof(
    fc.constantFrom(...BOUNDARIES, ...BOUNDARIES.map((value) => -value)),
    fc.bigInt(-(2n ** 63n), 2n ** 63n - 1n),
  ),
  b: fc.oneof(fc.constantFrom(...BOUNDARIES, 2n ** 63n, 2n ** 64n - 1n), fc.bigInt(0n, 2n ** 64n - 1n)),
  d: fc.oneof(
    fc.constantFrom(0, 0.5, -0.5, 1, 1.5, 255, 4294967296, -2),
    fc.double({ noNaN: true, noDefaultInfinity: true }),
  ),
  text: fc
    .array(fc.constantFrom('a', 'b', '*', '\\', 'ab', ' '), { maxLength: 5 })
    .map((parts) => parts.join('').trim()),
  list: fc.tuple(...[0, 1, 2].map(() => fc.integer({ min: -32768, max: 32767 }))),
});

const integerField = fc.constantFrom('i8', 'u8', 'i16', 'u32', 'i64', 'u64', 'list[0]', 'list[2]');
const integerText = fc.oneof(
  fc.constantFrom(...BOUNDARIES).map(String),
  fc.bigInt(0n, 2n ** 64n - 1n).map((value) => `0x${value.toString(16)}`),
);
const literal = fc
  .array(fc.constantFrom('a', 'b', '*', '\\*', 'ab'), { maxLength: 4 })
  .map((parts) => `"${parts.join('')}"`);
const comparison = fc.constantFrom('<', '<=', '>', '>=', '==', '!=');
/** Shallow: LTTng's interpreter has a stack of ten. */
const { condition } = fc.letrec((tie) => ({
  integer: fc.oneof(
    { maxDepth: 2, depthIdentifier: 'integer' },
    integerField,
    integerText,
    fc
      .tuple(fc.constantFrom('-', '+', '~', '!'), tie('integer'))
      .map(([operator, inner]) => `${operator}(${String(inner)})`),
    fc.tuple(tie('integer'), fc.constantFrom('&', '|', '^'), tie('integer')).map((parts) => `(${parts.join(' ')})`),
    fc
      .tuple(tie('integer'), fc.constantFrom('<<', '>>'), fc.constantFrom('0', '1', '7', '31', '32', '63', '64', 'u8'))
      .map((parts) => `(${parts.join(' ')})`),
  ),
  // LTTng-UST 2.13 takes what an operator of bits, or ! before a fraction, gave for a fraction's bits when it compares it with a
  // fraction: not compared here.
  number: fc.oneof(
    integerField,
    integerText,
    fc.constantFrom('dd', 'ff', '0.5', '1.0', '-0.5', '255.0', '4294967296.0', '-(dd)'),
  ),
  condition: fc.oneof(
    { maxDepth: 2, depthIdentifier: 'condition' },
    fc.tuple(tie('number'), comparison, tie('number')).map((parts) => parts.join(' ')),
    fc.tuple(tie('integer'), comparison, tie('integer')).map((parts) => parts.join(' ')),
    fc.tuple(fc.constantFrom('text', 'chars'), fc.constantFrom('==', '!='), literal).map((parts) => parts.join(' ')),
    fc.tuple(literal, fc.constantFrom('==', '!='), fc.constantFrom('text', 'chars')).map((parts) => parts.join(' ')),
    fc.constantFrom('text == chars', 'text != chars'),
    fc
      .tuple(tie('condition'), fc.constantFrom('&&', '||'), tie('condition'))
      .map(([one, join, other]) => `(${String(one)}) ${join} (${String(other)})`),
    tie('condition').map((inner) => `!(${inner})`),
    // Without brackets: the precedence is LTTng's.
    fc
      .tuple(integerField, fc.constantFrom('& 3 ==', '| 4 >', '^ 1 !=', '<< 1 <'), integerField)
      .map((parts) => parts.join(' ')),
  ),
}));

function missing() {
  for (const command of ['lttng', 'lttng-sessiond', 'cc', 'babeltrace2'])
    if (spawnSync(command, ['--version'], { stdio: 'ignore' }).error !== undefined)
      return `${command} is not installed`;
  const header = spawnSync('cc', ['-fsyntax-only', '-xc', '-'], {
    input: '#include <lttng/tracepoint.h>\n',
    stdio: ['pipe', 'ignore', 'ignore'],
  });
  return header.status === 0 ? false : 'liblttng-ust-dev is not installed';
}

test(
  `${SESSION_COUNT * FILTER_COUNT} random filters let through what LTTng-UST lets through`,
  { skip: missing() },
  (t) => {
    const directory = mkdtempSync(join(tmpdir(), 'lockstep-ust-'));
    t.after(() => rmSync(directory, { recursive: true, force: true }));
    const provider = `lockstep_filter_${process.pid}`;
    writeFileSync(
      join(directory, 'filter-provider.h'),
      SOURCE.replaceAll('PROVIDER, event', `${provider}, event`).replace(
        'TRACEPOINT_PROVIDER PROVIDER',
        `TRACEPOINT_PROVIDER ${provider}`,
      ),
    );
    writeFileSync(join(directory, 'program.c'), PROGRAM.replace('PROVIDER, event', `${provider}, event`));
    execFileSync('cc', ['-O1', '-I.', 'program.c', '-o', 'program', '-llttng-ust', '-ldl'], {
      cwd: directory,
      stdio: 'pipe',
    });
    const environment = { ...process.env, LTTNG_HOME: directory };
    const lttng = (...parts) =>
      spawnSync('lttng', ['-q', '--no-sessiond', ...parts], { env: environment, encoding: 'utf8' });
    if (lttng('list').status !== 0) {
      const daemon = spawn('lttng-sessiond', ['--no-kernel'], { env: environment, stdio: 'ignore' });
      t.after(() => daemon.kill());
      for (const end = Date.now() + 10_000; lttng('list').status !== 0 && Date.now() < end;)
        Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 50);
    }
    const seed = Math.trunc(performance.timeOrigin) % 1_000_000;
    t.diagnostic(`seed ${seed}`);
    const counts = { compared: 0, refusedByLttng: 0, passed: 0, left: 0 };
    for (let session = 0; session < SESSION_COUNT; session++) {
      const payloads = fc.sample(payload, { numRuns: PAYLOAD_COUNT, seed: seed + session });
      const filters = fc.sample(condition, { numRuns: FILTER_COUNT, seed: seed + session });
      const passed = runLttng(
        { lttng, directory, environment, provider, name: `lockstep-filter-${process.pid}-${session}` },
        payloads,
        filters,
      );
      filters.forEach((text, index) => {
        let numbers = passed[index];
        if (numbers === undefined) {
          counts.refusedByLttng++;
          return;
        }
        const expected = [];
        const checked = checkFilter(parseFilter(text), { payload: FIELDS });
        const { evaluate } = compileToJavaScript(parseFilter(text), { payload: FIELDS });
        payloads.forEach((one, number) => {
          const values = valuesOf(one);
          if (evaluate(values)) expected.push(number);
          assert.equal(interpretFilter(checked, values), evaluate(values), text);
        });
        if (!isDeepStrictEqual(numbers, expected)) {
          // LTTng-UST drops records when its consumer is held up, and tells the number only: once more, alone.
          const name = `lockstep-filter-${process.pid}-${session}-again-${index}`;
          [numbers = []] = runLttng({ lttng, directory, environment, provider, name }, payloads, [text]);
        }
        const odd = payloads.findIndex((_one, number) => numbers.includes(number) !== expected.includes(number));
        const described = odd < 0 ? '' : Object.entries(valuesOf(payloads[odd])).join(' ');
        assert.deepEqual(
          numbers,
          expected,
          `${text}\n${checked.mismatch ?? ''} payload ${odd} (passed by LTTng: ${numbers.includes(odd)}): ${described}`,
        );
        counts.compared++;
        counts.passed += numbers.length;
        counts.left += PAYLOAD_COUNT - numbers.length;
      });
    }
    t.diagnostic(JSON.stringify(counts));
    assert.ok(counts.compared > FILTER_COUNT / 2 && counts.passed > 0 && counts.left > 0);
  },
);

function valuesOf({ a, b, d, text, list }) {
  return { i8: a, u8: a, i16: a, u32: a, i64: a, u64: b, dd: d, ff: d, text, chars: text.slice(0, 8), list };
}

/** For each filter the numbers of the payloads that passed; undefined where LTTng refuses the filter. */
function runLttng({ lttng, directory, environment, provider, name }, payloads, filters) {
  const output = join(directory, name);
  const must = (...parts) => assert.equal(lttng(...parts).status, 0, parts.join(' '));
  must('create', name, '-o', output);
  try {
    const isTaken = filters.map((text, index) => {
      must('enable-channel', '-s', name, '-u', `c${index}`, '--subbuf-size=16384', '--num-subbuf=2', '--buffers-pid');
      return (
        lttng('enable-event', '-s', name, '-u', '-c', `c${index}`, `${provider}:event`, '--filter', text).status === 0
      );
    });
    must('start', name);
    const input = payloads
      .map(({ a, b, d, text, list }) => `${a} ${b} ${exactText(d)} ${list.join(' ')} ${text}\n`)
      .join('');
    assert.equal(spawnSync('./program', { cwd: directory, env: environment, input }).status, 0);
    must('stop', name);
    return collect(filters.length, isTaken, output);
  } finally {
    lttng('destroy', name);
  }
}

function collect(filterCount, isTaken, output) {
  const find = spawnSync('find', [output, '-name', 'metadata', '-printf', '%h\n'], { encoding: 'utf8' });
  const [trace = ''] = find.stdout.trim().split('\n');
  return Array.from({ length: filterCount }, (_, index) => {
    if (!isTaken[index]) return undefined;
    // A directory with the files of this channel alone is a trace of its own.
    const part = `${output}-c${index}`;
    execFileSync('sh', ['-c', `mkdir "${part}" && cp "${trace}/metadata" "${trace}"/c${index}_* "${part}/"`]);
    const { stdout } = spawnSync('babeltrace2', [part], { encoding: 'utf8', maxBuffer: 1 << 28 });
    return [...stdout.matchAll(/\{ number = (-?\d+),/g)]
      .map((match) => Number(match[1]))
      .sort((one, other) => one - other);
  });
}

/** What sscanf reads back exactly. */
function exactText(value) {
  return Object.is(value, -0) ? '-0' : value.toExponential(20);
}
