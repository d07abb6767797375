// SPDX-License-Identifier: MIT
// Loads modules of the build with their functions turned into generators and with modelled memory for
// their typed arrays: path -> exports. Modules of the listed folders are rewritten, others are the real
// ones. Code that they generate at run time is rewritten as well.

import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ATOMIC, KINDS, LOAD, ModelMemory, STORE, View } from './model-memory.mjs';
import { rewriteFunctionBody, rewriteModule } from './rewrite.mjs';

const root = join(dirname(fileURLToPath(import.meta.url)), '../..');
const GeneratorPrototype = Object.getPrototypeOf(function* () {}).prototype;
const RING_BUFFER = 'packages/ring-buffer/dist/src/';
/** What the door of the ring buffer is here: the buffer itself, without the conveniences that stand on it. */
const RING_MODULES = ['layout.js', 'header.js', 'counters.js', 'writer.js', 'reader.js'];
/** Of the tracer what a record passes through; the rest of it touches no ring buffer. */
const REWRITTEN = [
  /^packages\/ring-buffer\/dist\/src\//,
  /^packages\/tracer\/dist\/src\/(record-function|record-target|string-writer|packet-client)\.js$/,
];

const isRunning = (value) => typeof value === 'object' && value !== null && GeneratorPrototype.isPrototypeOf(value);

/** Runs a generator to its end without anybody between its steps. */
export function finish(value) {
  if (!isRunning(value)) return value;
  let result = value.next();
  while (!result.done) result = value.next();
  return result.value;
}

/** Only a plain array is written to in ways that are not modelled. */
function own(value) {
  if (value instanceof View) throw new Error('an access to shared memory that is not modelled');
  return value;
}

const runtime = {
  $isRunning: isRunning,
  $finish: finish,
  $own: own,
  $get: function* (target, index) {
    if (!(target instanceof View)) return target[index];
    yield target.wordOf(index) + LOAD;
    return target.load(index);
  },
  $set: function* (target, index, value) {
    if (!(target instanceof View)) return (target[index] = value);
    yield target.wordOf(index) + STORE;
    target.store(index, value);
    return value;
  },
  $getNow: (target, index) => (target instanceof View ? target.load(index) : target[index]),
  $setNow(target, index, value) {
    if (!(target instanceof View)) return (target[index] = value);
    target.store(index, value);
    return value;
  },
};

function atomicOf(name, combine) {
  const kind = name === 'load' ? LOAD : ATOMIC;
  return function* (target, index, ...operands) {
    if (!(target instanceof View)) return Atomics[name](target, index, ...operands);
    yield target.wordOf(index) + kind;
    const memory = target.buffer;
    memory.drain();
    const before = target.load(index);
    const after = combine(before, ...operands);
    if (after !== undefined) {
      target.store(index, after);
      memory.drain();
    }
    return name === 'store' ? operands[0] : before;
  };
}

const modelledAtomics = {
  load: atomicOf('load', () => undefined),
  store: atomicOf('store', (_before, value) => value),
  exchange: atomicOf('exchange', (_before, value) => value),
  add: atomicOf('add', (before, value) => before + value),
  sub: atomicOf('sub', (before, value) => before - value),
  or: atomicOf('or', (before, value) => before | value),
  and: atomicOf('and', (before, value) => before & value),
  compareExchange: atomicOf('compareExchange', (before, expected, value) => (before === expected ? value : undefined)),
};

function viewClass(name) {
  const Real = globalThis[name];
  function make(first, byteOffset = 0, length) {
    if (!(first instanceof ModelMemory))
      return length === undefined ? new Real(first) : new Real(first, byteOffset, length);
    const size = KINDS[name].size;
    return new View(first, byteOffset, length ?? Math.floor((first.byteLength - byteOffset) / size), KINDS[name]);
  }
  return make;
}

const modelledBuffer = {
  from: (memory, byteOffset, length) =>
    memory instanceof ModelMemory ? new View(memory, byteOffset, length, KINDS.Uint8Array) : Buffer.from(memory),
  byteLength: (text) => Buffer.byteLength(text),
};

const compiled = new Map();

/** Stands for Function where the shipped code generates functions. */
function makeFunction(patch) {
  return function ModelledFunction(...parts) {
    const parameters = parts.slice(0, -1);
    const source = patch(parts.at(-1));
    // A comment makes each source unique; here they may share their code.
    const key = `${parameters.join()}\n${source.replace(/^\/\/.*$/m, '')}`;
    let factory = compiled.get(key);
    if (factory === undefined) {
      const names = [...Object.keys(runtime), 'Atomics', ...parameters];
      const body = new Function(...names, `let $r;\n${rewriteFunctionBody(source)}`);
      factory = (...values) => body(...Object.values(runtime), modelledAtomics, ...values);
      compiled.set(key, factory);
    }
    return factory;
  };
}

/**
 * `patches` are deliberate bugs and settings: {file, from, to}, each of which must occur exactly once;
 * file 'generated' means the source of every generated function.
 */
export function loadShipped(patches = []) {
  const modules = new Map();
  const used = new Set();
  const real = createRequire(join(root, 'packages/tracer/package.json'));
  const patchGenerated = (source) =>
    patches.filter(({ file }) => file === 'generated').reduce((text, patch) => apply(text, patch), source);

  function apply(text, patch) {
    const count = text.split(patch.from).length - 1;
    if (count !== 1 && patch.file !== 'generated')
      throw new Error(`The patch of ${patch.file} fits ${count} times: ${patch.from}`);
    if (count > 0) used.add(patch);
    return text.replace(patch.from, patch.to);
  }

  function load(path) {
    const known = modules.get(path);
    if (known !== undefined) return known;
    const exports = {};
    modules.set(path, exports);
    let source = readFileSync(join(root, path), 'utf8');
    for (const patch of patches) if (path.endsWith(patch.file)) source = apply(source, patch);
    const views = Object.keys(KINDS);
    const names = [...Object.keys(runtime), 'Atomics', ...views, 'Buffer', 'Function', '$require', '$exports'];
    const body = new Function(...names, `'use strict';\nlet $r;\n${rewriteModule(source)}`);
    body(
      ...Object.values(runtime),
      modelledAtomics,
      ...views.map(viewClass),
      modelledBuffer,
      makeFunction(patchGenerated),
      (target) => resolve(target, path),
      exports,
    );
    return exports;
  }

  function resolve(target, from) {
    if (target === '@lockstep/ring-buffer' || target === '../index.js') return door();
    const path = target.startsWith('.') ? join(dirname(from), target) : undefined;
    if (path !== undefined && REWRITTEN.some((pattern) => pattern.test(path))) return load(path);
    return path === undefined ? real(target) : real(join(root, path));
  }

  function door() {
    return Object.assign({}, ...RING_MODULES.map((name) => load(`${RING_BUFFER}${name}`)));
  }

  return {
    ring: door(),
    layout: load(`${RING_BUFFER}layout.js`),
    client: load(`${RING_BUFFER}testing/record-client.js`),
    makeRecordFunction: load('packages/tracer/dist/src/record-function.js').makeRecordFunction,
    ...load('packages/tracer/dist/src/record-target.js'),
    ...load('packages/tracer/dist/src/packet-client.js'),
    /** Patches that changed nothing so far. */
    unused: () => patches.filter((patch) => !used.has(patch)),
  };
}
