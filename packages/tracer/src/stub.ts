// SPDX-License-Identifier: MIT
// The function that a program holds as its tracepoint. It keeps its identity for ever; what it does
// changes by `setRecord`. Off, it costs two loads and two compares: has the session's generation
// moved, and is there something to record with.
//
// V8 keeps what it learnt about a function per source position. One shared body would see every
// tracepoint's record function and inline none, so the first ones get a body of their own.

import type { RecordFunction } from './record-plain.ts';

export interface Stub {
  readonly call: RecordFunction;
  /** Undefined turns the tracepoint off. */
  readonly setRecord: (record: RecordFunction | undefined) => void;
  readonly isEnabled: () => boolean;
}

/** Words that a stub compares before each record: differing, it calls `look`. */
export interface Generation {
  /** The control page's words, or words of nothing when there is no session. */
  readonly control: Int32Array;
  readonly generationWord: number;
  /** Word 0: the generation that this thread last acted on. */
  readonly seen: Int32Array;
  readonly look: () => void;
}

/**
 * A body of its own takes some 15 µs and 3 KiB, which a program with 10^5 tracepoints would feel
 * (bench: registration.bench); the hot ones are hardly defined that late.
 */
const MAX_OWN_BODIES = 512;
let ownBodyCount = 0;
let isGenerationForbidden = false;

export function makeStub(name: string, argumentCount: number, generation: Generation): Stub {
  return tryMakeOwnStub(name, argumentCount, generation) ?? makeSharedStub(argumentCount, generation);
}

export function generateStubSource(name: string, argumentCount: number, number: number, generationWord: number): string {
  const parameters = Array.from({ length: argumentCount }, (_, index) => `a${index}`).join(', ');
  return [
    '"use strict";',
    `// ${name.replace(/[^\x20-\x7e]/g, '?')} ${number}`,
    'let record;',
    `function tracepoint(${parameters}) {`,
    `  if (control[${generationWord}] !== seen[0]) look();`,
    `  if (record !== undefined) record(${parameters});`,
    '}',
    'return {',
    '  call: tracepoint,',
    '  setRecord(next) { record = next; },',
    `  isEnabled() { if (control[${generationWord}] !== seen[0]) look(); return record !== undefined; },`,
    '};',
    '',
  ].join('\n');
}

function tryMakeOwnStub(name: string, argumentCount: number, generation: Generation): Stub | undefined {
  if (isGenerationForbidden || ownBodyCount >= MAX_OWN_BODIES) return undefined;
  const { control, seen, look, generationWord } = generation;
  try {
    const source = generateStubSource(name, argumentCount, ownBodyCount, generationWord);
    const factory = new Function('control', 'seen', 'look', source) as (control: Int32Array, seen: Int32Array, look: () => void) => Stub;
    ownBodyCount++;
    return factory(control, seen, look);
  } catch (error) {
    if (!(error instanceof EvalError)) throw error;
    isGenerationForbidden = true;
    return undefined;
  }
}

/** Shared bodies, one a number of arguments; the last takes any number and allocates an array a call. */
function makeSharedStub(argumentCount: number, generation: Generation): Stub {
  const { control, seen, look, generationWord } = generation;
  let record: RecordFunction | undefined;
  const isOn = (): boolean => {
    if (control[generationWord] !== seen[0]) look();
    return record !== undefined;
  };
  const bodies: readonly RecordFunction[] = [
    () => void (isOn() && record?.()),
    (a) => void (isOn() && record?.(a)),
    (a, b) => void (isOn() && record?.(a, b)),
    (a, b, c) => void (isOn() && record?.(a, b, c)),
    (a, b, c, d) => void (isOn() && record?.(a, b, c, d)),
    (a, b, c, d, e) => void (isOn() && record?.(a, b, c, d, e)),
    (a, b, c, d, e, f) => void (isOn() && record?.(a, b, c, d, e, f)),
  ];
  return {
    call: bodies[argumentCount] ?? ((...values) => void (isOn() && record?.(...values))),
    setRecord(next) {
      record = next;
    },
    isEnabled: isOn,
  };
}
