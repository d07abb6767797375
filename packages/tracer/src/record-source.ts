// SPDX-License-Identifier: MIT
// Field shapes of a tracepoint -> the source of the function that records it: the arguments' types
// are checked, room is made, the header and each field are plain stores at offsets known here, and
// one last store commits. For scalars and strings; other fields go through the closure twin.
//
// The function is built by a factory whose parameters (views, clock, helpers) become constants of its
// closure. V8 compiles them in when the closure is the only one of its source, so each source is made
// unique by a comment with the tracepoint's name and number.
//
//   w words, d doubles, f floats, h shorts, b bytes, q bigints, k clock's slot, now clock's reading,
//   room = reserve, grow = extend, text = writeString, bad = countBadArgument, exact = exactStringRoom

import { CLOCK_HIGH_WORD, COMMITTED_WORD, LIMIT_WORD } from '@lockstep/ring-buffer';
import type { EnumerationShape, FieldShape, IntegerShape } from './field-types.ts';
import type { NamedShape } from './payload-class.ts';
import { COMPACT_HEADER_BYTES, MAX_COMPACT_ID } from './record-target.ts';
import { MAX_STRING_BYTES } from './string-writer.ts';

/** Parameters of the factory, in order. `maps` are the label tables of the enumeration fields. */
export const FACTORY_PARAMETERS = [
  'w',
  'd',
  'f',
  'h',
  'b',
  'q',
  'k',
  'now',
  'room',
  'grow',
  'text',
  'bad',
  'exact',
  'maps',
] as const;

export interface RecordSourceInput {
  readonly name: string;
  /** Makes the source unique in its thread. */
  readonly uniqueNumber: number;
  readonly classId: number;
  readonly fields: readonly NamedShape[];
  /** The commit must be an Atomics.store. */
  readonly isCommitOrdered: boolean;
}

export function canGenerate(fields: readonly NamedShape[]): boolean {
  return fields.every(({ shape }) => shape.kind !== 'array' && shape.kind !== 'sequence' && shape.kind !== 'struct');
}

/** Where the next field goes: bytes from the payload's begin while known, else the variable `e`. */
interface Cursor {
  /** Undefined once a string came before. */
  offset: number | undefined;
}

export function generateRecordSource(input: RecordSourceInput): string {
  const { fields, classId } = input;
  const parameters = fields.map((_, index) => `a${index}`);
  const strings = parameters.filter((_, index) => fields[index]?.shape.kind === 'string');
  const lines: string[] = [];
  fields.forEach(({ shape }, index) => lines.push(...checkLines(shape, `a${index}`, index)));

  const fixedSize = COMPACT_HEADER_BYTES + scalarBytes(fields);
  const isLong = Math.floor(MAX_STRING_BYTES / 3);
  lines.push(
    `let s = ${fixedSize}${strings.map((name) => ` + (${name}.length > ${isLong} ? ${MAX_STRING_BYTES + 4} : ${name}.length * 3 + 4)`).join('')};`,
  );
  lines.push(`let p = (w[${COMMITTED_WORD}] + 7) & -8;`);
  lines.push(`if (p + s > w[${LIMIT_WORD}]) {`);
  if (strings.length > 0) lines.push(`  s = ${fixedSize}${strings.map((name) => ` + exact(${name})`).join('')};`);
  lines.push('  p = room(s);', '  if (p < 0) return;', '}');
  lines.push('now();');
  const grow = [`  p = grow(p, s, ${classId});`, '  if (p < 0) return;'];
  if (classId > MAX_COMPACT_ID) lines.push(...grow);
  else {
    lines.push(`if (k[1] !== w[${CLOCK_HIGH_WORD}]) {`, ...grow, '} else {');
    lines.push(`  w[p >> 2] = ${classId};`, '  w[(p >> 2) + 1] = k[0];', '}');
  }

  const cursor: Cursor = { offset: COMPACT_HEADER_BYTES };
  fields.forEach(({ shape }, index) => lines.push(...storeLines(shape, `a${index}`, cursor)));
  const end = cursor.offset === undefined ? 'e' : `p + ${cursor.offset}`;
  lines.push(input.isCommitOrdered ? `Atomics.store(w, ${COMMITTED_WORD}, ${end});` : `w[${COMMITTED_WORD}] = ${end};`);

  return [
    '"use strict";',
    `// ${commentOf(input.name)} ${input.uniqueNumber}`,
    `return function record(${parameters.join(', ')}) {`,
    ...lines.map((line) => `  ${line}`),
    '};',
    '',
  ].join('\n');
}

/** Names come from programs: nothing of them may leave the comment. */
function commentOf(name: string): string {
  return name.replace(/[^\x20-\x7e]/g, '?');
}

function checkLines(shape: FieldShape, name: string, index: number): string[] {
  switch (shape.kind) {
    case 'integer':
      if (shape.bits !== 64) return [`if (typeof ${name} !== 'number') { ${name} = 0; bad(); }`];
      return [`if (typeof ${name} !== 'number' && typeof ${name} !== 'bigint') { ${name} = 0; bad(); }`];
    case 'float':
      return [`if (typeof ${name} !== 'number') { ${name} = 0; bad(); }`];
    case 'bool':
      return [`if (typeof ${name} !== 'boolean') { ${name} = false; bad(); }`];
    case 'string':
      return [`if (typeof ${name} !== 'string') { ${name} = ''; bad(); }`];
    default:
      return [
        `if (typeof ${name} === 'string') ${name} = maps[${index}].get(${name});`,
        `if (typeof ${name} !== 'number') { ${name} = 0; bad(); }`,
      ];
  }
}

/** Upper bound: each scalar may need padding in front once a string came before. */
function scalarBytes(fields: readonly NamedShape[]): number {
  let size = 0;
  let isAfterString = false;
  for (const { shape } of fields) {
    const bytes = scalarSize(shape);
    if (bytes === 0) isAfterString = true;
    else size = isAfterString ? size + bytes * 2 - 1 : Math.ceil(size / bytes) * bytes + bytes;
  }
  return size;
}

function scalarSize(shape: FieldShape): number {
  if (shape.kind === 'integer' || shape.kind === 'float') return shape.bits / 8;
  if (shape.kind === 'bool') return 1;
  if (shape.kind === 'enumeration') return shape.container.bits / 8;
  return 0;
}

function storeLines(shape: FieldShape, name: string, cursor: Cursor): string[] {
  if (shape.kind === 'string') {
    const begin = cursor.offset === undefined ? 'e' : `p + ${cursor.offset}`;
    const declare = cursor.offset === undefined ? '' : 'let ';
    cursor.offset = undefined;
    return [`${declare}e = text(${name}, ${begin});`];
  }
  const size = scalarSize(shape);
  if (cursor.offset !== undefined) {
    const offset = Math.ceil(cursor.offset / size) * size;
    cursor.offset = offset + size;
    // p is a multiple of 8, so shifting each part alone is exact.
    return scalarStore(shape, name, (width) => `(p >> ${Math.log2(width)}) + ${offset / width}`);
  }
  const align = size === 1 ? [] : [`e = (e + ${size - 1}) & -${size};`];
  return [
    ...align,
    ...scalarStore(shape, name, (width) => (width === 1 ? 'e' : `e >> ${Math.log2(width)}`)),
    `e += ${size};`,
  ];
}

function scalarStore(shape: FieldShape, name: string, indexOf: (width: number) => string): string[] {
  switch (shape.kind) {
    case 'bool':
      return [`b[${indexOf(1)}] = ${name} ? 1 : 0;`];
    case 'float':
      return [shape.bits === 32 ? `f[${indexOf(4)}] = ${name};` : `d[${indexOf(8)}] = ${name};`];
    case 'integer':
      return integerStore(shape, name, indexOf);
    default:
      return integerStore((shape as EnumerationShape).container, name, indexOf);
  }
}

function integerStore(shape: IntegerShape, name: string, indexOf: (width: number) => string): string[] {
  if (shape.bits === 8) return [`b[${indexOf(1)}] = ${name};`];
  if (shape.bits === 16) return [`h[${indexOf(2)}] = ${name};`];
  if (shape.bits === 32) return [`w[${indexOf(4)}] = ${name};`];
  return [
    `if (typeof ${name} === 'bigint') q[${indexOf(8)}] = ${name};`,
    `else { w[${indexOf(4)}] = ${name}; w[(${indexOf(4)}) + 1] = Math.floor(${name} / 4294967296); }`,
  ];
}
