// SPDX-License-Identifier: MIT
// From an open stall to totals of its parts: hands each moment to the part builder, with the function
// that called the operation of that moment.

import type { Labels } from '../labels.ts';
import { isMetaFrame, isUserFrame, nearestUserFrame, type Frame } from '../program/call-tree.ts';
import type { OperationInterval, SampleInterval } from '../program/program-thread.ts';
import type { Piece } from './flatten.ts';
import { layersOf, walkMoments } from './moments.ts';
import type { OpenStall } from './open-stall.ts';
import { PartBuilder } from './part-builder.ts';

export function attributeStall(stall: OpenStall, labels: Labels): PartBuilder {
  const { begin, end, slice, story } = stall;
  const builder = new PartBuilder(labels);
  const layers = layersOf(story, begin, end);
  const callers = callersOf(story.operations, layers.samples);
  walkMoments(slice, layers, begin, end, (moment, from, to) => {
    const { operation } = moment;
    builder.add({ ...moment, caller: operation === undefined ? undefined : callers.get(operation) }, to - from);
  });
  return builder;
}

/**
 * One caller for each operation: the user's function that was under it in most of its sampled time. Only
 * samples taken within it count: one from before is stretched over it when no signal could be handled.
 */
function callersOf(
  operations: readonly OperationInterval[],
  samples: readonly Piece<SampleInterval>[],
): Map<OperationInterval, Frame> {
  const callers = new Map<OperationInterval, Frame>();
  for (const operation of operations) {
    const times = new Map<Frame, number>();
    let longest = 0;
    for (const piece of samples) {
      if (piece.begin >= operation.end) break;
      if (piece.of.begin < operation.begin || isMetaFrame(piece.of.frame)) continue;
      const frame = nearestUserFrame(piece.of.frame);
      if (!isUserFrame(frame)) continue;
      const ns = (times.get(frame) ?? 0) + Math.min(piece.end, operation.end) - Math.max(piece.begin, operation.begin);
      times.set(frame, ns);
      if (ns > longest) {
        longest = ns;
        callers.set(operation, frame);
      }
    }
  }
  return callers;
}
