// SPDX-License-Identifier: MIT
// Makes the function that records a tracepoint into a target: generated where that is possible and
// allowed, else the closure twin.

import { needsOrderedCommit } from '@lockstep/ring-buffer';
import type { NamedShape } from './payload-class.ts';
import { makePlainRecord, type RecordFunction } from './record-plain.ts';
import { canGenerate, FACTORY_PARAMETERS, generateRecordSource } from './record-source.ts';
import type { RecordTarget } from './record-target.ts';
import { exactStringRoom } from './string-writer.ts';

let uniqueNumber = 0;

export function makeRecordFunction(
  target: RecordTarget,
  name: string,
  classId: number,
  fields: readonly NamedShape[],
): RecordFunction {
  return (
    (canGenerate(fields) ? tryGenerateRecord(target, name, classId, fields) : undefined) ??
    makePlainRecord(target, classId, fields)
  );
}

/** Undefined where code generation is forbidden (--disallow-code-generation-from-strings, a policy). */
export function tryGenerateRecord(
  target: RecordTarget,
  name: string,
  classId: number,
  fields: readonly NamedShape[],
): RecordFunction | undefined {
  const source = generateRecordSource({
    name,
    uniqueNumber: uniqueNumber++,
    classId,
    fields,
    isCommitOrdered: needsOrderedCommit,
  });
  const maps = fields.map(({ shape }) => (shape.kind === 'enumeration' ? shape.mappings : undefined));
  const { words, doubles, floats, shorts, bytes, bigints, clock } = target;
  try {
    const factory = new Function(...FACTORY_PARAMETERS, source) as (...parts: unknown[]) => RecordFunction;
    return factory(
      words,
      doubles,
      floats,
      shorts,
      bytes,
      bigints,
      clock.slot,
      clock.read,
      target.reserve,
      target.extend,
      target.writeString,
      target.countBadArgument,
      exactStringRoom,
      maps,
    );
  } catch (error) {
    if (error instanceof EvalError) return undefined;
    throw error;
  }
}
