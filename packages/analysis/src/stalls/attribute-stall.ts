// SPDX-License-Identifier: MIT
// From an open stall to totals of its parts: walks its time once, from change to change of any layer
// (kernel state, collections, operations, samples), and hands each moment to the part builder.

import type { Labels } from '../labels.ts';
import { isMetaFrame, isUserFrame, nearestUserFrame, type Frame } from '../program/call-tree.ts';
import type { OperationInterval, SampleInterval } from '../program/program-thread.ts';
import { flatten, PieceCursor, type Piece } from './flatten.ts';
import type { OpenStall } from './open-stall.ts';
import { PartBuilder } from './part-builder.ts';

export function attributeStall(stall: OpenStall, labels: Labels): PartBuilder {
  const { begin, end, slice, story } = stall;
  const builder = new PartBuilder(labels);
  const samplePieces = flatten(story.samples, begin, end);
  const callers = callersOf(story.operations, samplePieces);
  const collections = new PieceCursor(flatten(story.collections, begin, end));
  const operations = new PieceCursor(flatten(story.operations, begin, end));
  const samples = new PieceCursor(samplePieces);
  const length = slice.begins.length;
  let at = 0;
  let time = begin;
  while (time < end) {
    while (at + 1 < length && (slice.begins[at + 1] as number) <= time) at += 1;
    const collection = collections.at(time);
    const operation = operations.at(time);
    const sample = samples.at(time);
    const next = Math.min(
      end,
      at + 1 < length ? (slice.begins[at + 1] as number) : Infinity,
      collections.nextChange(time),
      operations.nextChange(time),
      samples.nextChange(time),
    );
    builder.add(
      {
        state: slice.states[at] ?? 0,
        ref: slice.refs[at] ?? 0,
        call: slice.calls[at] ?? 0,
        collection,
        operation,
        caller: operation === undefined ? undefined : callers.get(operation),
        sample,
      },
      next - time,
    );
    time = next;
  }
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
