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
  setRecord(record: RecordFunction | undefined): void;
  isEnabled(): boolean;
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
const MAX_OWN_BODIES = 256;
let ownBodyCount = 0;
let isGenerationForbidden = false;

export function makeStub(name: string, argumentCount: number, generation: Generation): Stub {
  return tryMakeOwnStub(name, argumentCount, generation) ?? new SharedStub(argumentCount, generation);
}

export function generateStubSource(
  name: string,
  argumentCount: number,
  number: number,
  generationWord: number,
): string {
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
    const factory = new Function('control', 'seen', 'look', source) as (
      control: Int32Array,
      seen: Int32Array,
      look: () => void,
    ) => Stub;
    ownBodyCount++;
    return factory(control, seen, look);
  } catch (error) {
    if (!(error instanceof EvalError)) throw error;
    isGenerationForbidden = true;
    return undefined;
  }
}

/** A tracepoint whose body it shares with all others of as many arguments. */
class SharedStub implements Stub {
  readonly call: RecordFunction;
  readonly #generation: Generation;
  #record: RecordFunction | undefined;

  constructor(argumentCount: number, generation: Generation) {
    this.#generation = generation;
    this.call = this.#makeBody(argumentCount);
  }

  setRecord(record: RecordFunction | undefined): void {
    this.#record = record;
  }

  isEnabled(): boolean {
    return this.#current() !== undefined;
  }

  #current(): RecordFunction | undefined {
    const { control, generationWord, seen, look } = this.#generation;
    if (control[generationWord] !== seen[0]) look();
    return this.#record;
  }

  /** From seven arguments on an array is allocated a call. */
  #makeBody(argumentCount: number): RecordFunction {
    switch (argumentCount) {
      case 0:
        return () => this.#current()?.();
      case 1:
        return (a) => this.#current()?.(a);
      case 2:
        return (a, b) => this.#current()?.(a, b);
      case 3:
        return (a, b, c) => this.#current()?.(a, b, c);
      case 4:
        return (a, b, c, d) => this.#current()?.(a, b, c, d);
      case 5:
        return (a, b, c, d, e) => this.#current()?.(a, b, c, d, e);
      case 6:
        return (a, b, c, d, e, f) => this.#current()?.(a, b, c, d, e, f);
      default:
        return (...values) => this.#current()?.(...values);
    }
  }
}
