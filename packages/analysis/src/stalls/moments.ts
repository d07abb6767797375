// SPDX-License-Identifier: MIT
// What every layer says about a thread, moment by moment: walks a stretch of time once, from change to
// change of any layer (kernel state, collections, operations, samples).

import type { IntervalSlice } from '../kernel/interval-log.ts';
import type { CollectionInterval, OperationInterval, SampleInterval } from '../program/program-thread.ts';
import { flatten, PieceCursor, type Piece } from './flatten.ts';
import type { StoryPart } from './open-stall.ts';

export interface Moment {
  readonly state: number;
  readonly ref: number;
  readonly call: number;
  readonly collection: CollectionInterval | undefined;
  readonly operation: OperationInterval | undefined;
  readonly sample: SampleInterval | undefined;
}

/** Of each sort the one that stands at each moment. */
export interface Layers {
  readonly collections: readonly Piece<CollectionInterval>[];
  readonly operations: readonly Piece<OperationInterval>[];
  readonly samples: readonly Piece<SampleInterval>[];
}

export function layersOf(
  story: Pick<StoryPart, 'collections' | 'operations' | 'samples'>,
  begin: number,
  end: number,
): Layers {
  return {
    collections: flatten(story.collections, begin, end),
    operations: flatten(story.operations, begin, end),
    samples: flatten(story.samples, begin, end),
  };
}

export function walkMoments(
  slice: IntervalSlice,
  layers: Layers,
  begin: number,
  end: number,
  visit: (moment: Moment, from: number, to: number) => void,
): void {
  const collections = new PieceCursor(layers.collections);
  const operations = new PieceCursor(layers.operations);
  const samples = new PieceCursor(layers.samples);
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
    const moment: Moment = {
      state: slice.states[at] ?? 0,
      ref: slice.refs[at] ?? 0,
      call: slice.calls[at] ?? 0,
      collection,
      operation,
      sample,
    };
    visit(moment, time, next);
    time = next;
  }
}
