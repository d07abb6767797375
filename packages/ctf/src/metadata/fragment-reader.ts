// SPDX-License-Identifier: MIT
// Typed access to the properties of CTF 2's JSON objects: a node and a property's name in, its value or
// an error that shows the place out. Properties that the specification does not name are passed over.

import { isPowerOfTwo, type CtfError } from '@lockstep/base';
import type { Attributes, AttributeValue, IntegerRangeSet } from '../model/field-class.ts';
import type { JsonNode, JsonObjectNode } from './json-parser.ts';
import { tsdlError } from './tsdl-error.ts';

const KINDS: Readonly<Record<JsonNode['kind'], string>> = {
  object: 'an object',
  array: 'an array',
  string: 'a string',
  integer: 'an integer',
  real: 'a number with a fraction',
  boolean: 'a boolean',
  null: 'null',
};

export class FragmentReader {
  readonly #text: string;
  /** `namespace/name` of what the preamble declares: none, since none is known. */
  readonly #extensions: ReadonlySet<string> = new Set();

  constructor(text: string) {
    this.#text = text;
  }

  error(sentence: string, offset: number): CtfError {
    return tsdlError(this.#text, offset, sentence);
  }

  #wrong(node: JsonNode, name: string, expected: string): CtfError {
    return this.error(`Expected ${expected} as "${name}", but it is ${KINDS[node.kind]}.`, node.offset);
  }

  required(object: JsonObjectNode, name: string): JsonNode {
    const node = object.members.get(name);
    if (node === undefined) throw this.error(`The property "${name}" is missing.`, object.offset);
    return node;
  }

  asObject(node: JsonNode, name: string): JsonObjectNode {
    if (node.kind !== 'object') throw this.#wrong(node, name, 'an object');
    return node;
  }

  array(object: JsonObjectNode, name: string): readonly JsonNode[] {
    return this.asArray(this.required(object, name), name);
  }

  asArray(node: JsonNode, name: string): readonly JsonNode[] {
    if (node.kind !== 'array') throw this.#wrong(node, name, 'an array');
    return node.elements;
  }

  string(object: JsonObjectNode, name: string): string {
    return this.asString(this.required(object, name), name);
  }

  asString(node: JsonNode, name: string): string {
    if (node.kind !== 'string') throw this.#wrong(node, name, 'a string');
    return node.value;
  }

  optionalString(object: JsonObjectNode, name: string): string | undefined {
    const node = object.members.get(name);
    return node === undefined ? undefined : this.asString(node, name);
  }

  /** One of several words. */
  word<Word extends string>(object: JsonObjectNode, name: string, words: readonly Word[]): Word {
    return this.asWord(this.required(object, name), name, words);
  }

  optionalWord<Word extends string>(object: JsonObjectNode, name: string, words: readonly Word[]): Word | undefined {
    const node = object.members.get(name);
    return node === undefined ? undefined : this.asWord(node, name, words);
  }

  asWord<Word extends string>(node: JsonNode, name: string, words: readonly Word[]): Word {
    const text = this.asString(node, name);
    const word = words.find((candidate) => candidate === text);
    if (word === undefined) throw this.error(`Expected one of ${words.join(', ')} as "${name}".`, node.offset);
    return word;
  }

  asInteger(node: JsonNode, name: string): bigint {
    if (node.kind !== 'integer') throw this.#wrong(node, name, 'an integer');
    return BigInt(node.value);
  }

  /** Not negative. */
  optionalUnsigned(object: JsonObjectNode, name: string): bigint | undefined {
    const node = object.members.get(name);
    if (node === undefined) return undefined;
    const value = this.asInteger(node, name);
    if (value < 0n) throw this.error(`"${name}" must not be negative.`, node.offset);
    return value;
  }

  /** Within `least` and `greatest`. */
  count(object: JsonObjectNode, name: string, least: number, greatest: number): number {
    const node = this.required(object, name);
    const value = this.asInteger(node, name);
    if (value < BigInt(least) || value > BigInt(greatest))
      throw this.error(`"${name}" must be from ${least} to ${greatest}.`, node.offset);
    return Number(value);
  }

  optionalAlignment(object: JsonObjectNode, name: string): number | undefined {
    const node = object.members.get(name);
    if (node === undefined) return undefined;
    const value = Number(this.asInteger(node, name));
    if (!isPowerOfTwo(value) || value > 2 ** 23)
      throw this.error(`"${name}" must be a power of two up to 2^23.`, node.offset);
    return value;
  }

  /** A range set that is not empty. */
  ranges(object: JsonObjectNode, name: string): IntegerRangeSet {
    return this.asRanges(this.required(object, name), name);
  }

  asRanges(node: JsonNode, name: string): IntegerRangeSet {
    const ranges = this.asArray(node, name).map((range): readonly [bigint, bigint] => {
      const bounds = this.asArray(range, name);
      const [lower, upper] = bounds;
      if (bounds.length !== 2 || lower === undefined || upper === undefined)
        throw this.error(`A range of "${name}" has a lower and an upper bound.`, range.offset);
      const pair = [this.asInteger(lower, name), this.asInteger(upper, name)] as const;
      if (pair[0] > pair[1]) throw this.error(`A range of "${name}" ends before it begins.`, range.offset);
      return pair;
    });
    if (ranges.length === 0) throw this.error(`"${name}" has no range.`, node.offset);
    return ranges;
  }

  attributes(object: JsonObjectNode): Attributes | undefined {
    const node = object.members.get('attributes');
    if (node === undefined) return undefined;
    const { members } = this.asObject(node, 'attributes');
    return Object.fromEntries([...members].map(([name, value]) => [name, plainValue(value)]));
  }

  /** Refuses extensions: each changes the format, and Lockstep knows none. */
  refuseExtensions(object: JsonObjectNode, isPreamble: boolean): void {
    const node = object.members.get('extensions');
    if (node === undefined) return;
    for (const [namespace, names] of this.asObject(node, 'extensions').members) {
      for (const [name, value] of this.asObject(names, 'extensions').members) {
        if (this.#extensions.has(`${namespace}/${name}`)) continue;
        throw this.error(
          isPreamble
            ? `The metadata needs the extension "${name}" of "${namespace}", which Lockstep does not know.`
            : `The extension "${name}" of "${namespace}" is not declared in the preamble.`,
          value.offset,
        );
      }
    }
  }
}

function plainValue(node: JsonNode): AttributeValue {
  switch (node.kind) {
    case 'object':
      return Object.fromEntries([...node.members].map(([name, value]) => [name, plainValue(value)]));
    case 'array':
      return node.elements.map(plainValue);
    case 'null':
      return null;
    default:
      return node.value;
  }
}
