// SPDX-License-Identifier: MIT
// One round of tracepoint.bench: argv = CPU, variant, events to warm up with, events to measure.
// Prints {ns, bytes} an event as JSON; bytes are what V8 allocated meanwhile. For `off` the ns are
// those over an empty function's call.

import { loadNative } from '@lockstep/native';
import { float64, int32, string, tracepoint } from '../src/index.ts';

const [cpu = '0', variant = 'numbers', warmUpCount = '1000', eventCount = '1000'] = process.argv.slice(2);
loadNative()?.pinToCpu(0, Number(cpu));

const orderPlaced = tracepoint('bench:numbers', [
  ['id', int32],
  ['total', float64],
]);
const orderNamed = tracepoint('bench:text', [
  ['id', int32],
  ['total', float64],
  ['sku', string],
]);

// Far more than the tracer's table of repeated text holds, few enough to stay in the CPU's cache, as
// text that was just made does.
const DIFFERENT_COUNT = 8192;

/** 16 characters, in one piece, not internalized: as text from a socket is. */
function flatStrings(count: number): string[] {
  return Array.from({ length: count }, (_, index) =>
    Buffer.from(`string-${String(index).padStart(9, '0')}`).toString('latin1'),
  );
}

const repeated = flatStrings(64);
const different = flatStrings(DIFFERENT_COUNT);
const halves = Array.from({ length: 1024 }, (_, index) =>
  Buffer.from(String(index).padStart(8, '-')).toString('latin1'),
);

const loops: Readonly<Record<string, (count: number) => void>> = {
  numbers(count) {
    for (let index = 0; index < count; index++) orderPlaced(index, index * 0.5);
  },
  literal(count) {
    for (let index = 0; index < count; index++) orderNamed(index, index * 0.5, 'A-16-char-string');
  },
  repeated(count) {
    for (let index = 0; index < count; index++) orderNamed(index, index * 0.5, repeated[index & 63]!);
  },
  flat(count) {
    for (let index = 0; index < count; index++)
      orderNamed(index, index * 0.5, different[index & (DIFFERENT_COUNT - 1)]!);
  },
  concatenated(count) {
    for (let index = 0; index < count; index++)
      orderNamed(index, index * 0.5, halves[index & 1023]! + halves[(index >> 10) & 1023]!);
  },
  off(count) {
    for (let index = 0; index < count; index++) orderPlaced(index, index * 0.5);
  },
};

const empty = new Function('return function empty(a, b) {}')() as (a: number, b: number) => void;
function callEmpty(count: number): void {
  for (let index = 0; index < count; index++) empty(index, index * 0.5);
}

/** CPU time of the process, its compiler and collector threads included. */
function cpuNs(): number {
  const native = loadNative();
  if (native !== undefined) return Number(native.clockNs('process-cpu'));
  const { user, system } = process.cpuUsage();
  return (user + system) * 1000;
}

/** Bytes are what the heap grew by: what was allocated, if no collection ran meanwhile. */
function measure(loop: (count: number) => void, count: number): { readonly ns: number; readonly bytes: number } {
  const before = process.memoryUsage().heapUsed;
  const begin = cpuNs();
  loop(count);
  const ns = (cpuNs() - begin) / count;
  return { ns, bytes: Math.max(0, process.memoryUsage().heapUsed - before) / count };
}

const loop = loops[variant];
if (loop === undefined) throw new Error(`unknown variant ${variant}`);
// Several shorter calls: the loop's function is compiled as a whole, not only on the stack.
for (let part = 0; part < 10; part++) loop(Number(warmUpCount) / 10);
if (variant === 'off') {
  for (let part = 0; part < 10; part++) callEmpty(Number(warmUpCount) / 10);
  const own = measure(loop, Number(eventCount));
  const bare = measure(callEmpty, Number(eventCount));
  console.log(JSON.stringify({ ns: own.ns - bare.ns, bytes: own.bytes }));
} else {
  console.log(JSON.stringify(measure(loop, Number(eventCount))));
}
