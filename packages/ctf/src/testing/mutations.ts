// SPDX-License-Identifier: MIT
// Damaged input, the same for the same seed: bytes in, bytes with a few changes out. The changes are
// those that parsers fall over: bits, boundary values, pieces doubled, removed or moved, and, for text,
// words of the language in wrong places.

/** xorshift32: small, and good enough to choose. */
export class Random {
  #state: number;

  constructor(seed: number) {
    this.#state = (seed * 2_654_435_761) >>> 0 || 1;
  }

  below(limit: number): number {
    let x = this.#state;
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    this.#state = x >>> 0;
    return this.#state % Math.max(1, limit);
  }

  pick<T>(values: readonly T[]): T {
    return values[this.below(values.length)]!;
  }
}

const BOUNDARIES = [0, 1, 7, 8, 31, 64, 127, 128, 254, 255];
const WORDS = [
  'struct {',
  '}',
  ';',
  'integer { size = 4096; }',
  'variant <a> {',
  'enum {',
  '[4294967295]',
  '[a.b.c]',
  'typealias',
  ':=',
  '18446744073709551615',
  '-1',
  '"',
  '/*',
  'align(1073741824)',
  '\u0000',
  '\u001e{',
  '{"type":"structure"}',
  '[[0,18446744073709551615]]',
  'null',
  '"length":4096',
  '__proto__',
  '[',
];
const encoder = new TextEncoder();

export function mutate(source: Uint8Array, random: Random, isText: boolean): Uint8Array {
  let bytes = Uint8Array.from(source);
  for (let changes = 1 + random.below(4); changes > 0; changes--) bytes = mutateOnce(bytes, random, isText);
  return bytes;
}

function mutateOnce(bytes: Uint8Array<ArrayBuffer>, random: Random, isText: boolean): Uint8Array<ArrayBuffer> {
  const at = random.below(bytes.length);
  const length = 1 + random.below(Math.min(64, bytes.length));
  switch (random.below(isText ? 7 : 6)) {
    case 0:
      bytes[at] = (bytes[at] ?? 0) ^ (1 << random.below(8));
      return bytes;
    case 1:
      bytes[at] = random.pick(BOUNDARIES);
      return bytes;
    case 2:
      // A field of several bytes at an extreme.
      bytes.fill(random.pick([0, 255]), at, at + random.pick([2, 4, 8]));
      return bytes;
    case 3:
      return joined(bytes.subarray(0, at), bytes.subarray(at + length));
    case 4:
      return joined(bytes.subarray(0, at + length), bytes.subarray(at, at + length), bytes.subarray(at + length));
    case 5:
      return bytes.slice(0, at);
    default:
      return joined(bytes.subarray(0, at), encoder.encode(random.pick(WORDS)), bytes.subarray(at));
  }
}

function joined(...parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(parts.reduce((size, part) => size + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
