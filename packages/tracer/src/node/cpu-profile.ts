// SPDX-License-Identifier: MIT
// From V8's CPU profiles to event records. Profiles overlap and each numbers its call tree anew:
// here the trees become one, whose nodes are announced once, and every sample is recorded once.

import type { NodeEvents } from './events.ts';
import { cyclesAt, type MonotonicPair } from './trace-time.ts';

/** A profile as V8's inspector gives it. */
export interface CpuProfile {
  readonly nodes: readonly CpuProfileNode[];
  /** Microseconds of CLOCK_MONOTONIC. */
  readonly startTime: number;
  readonly endTime: number;
  readonly samples?: readonly number[];
  readonly timeDeltas?: readonly number[];
}
export interface CpuProfileNode {
  readonly id: number;
  readonly callFrame: {
    readonly functionName: string;
    readonly scriptId: string;
    readonly url: string;
    /** From 0; -1 for what has no source. */
    readonly lineNumber: number;
    readonly columnNumber: number;
  };
  readonly children?: readonly number[];
  readonly positionTicks?: readonly { readonly line: number; readonly ticks: number }[];
}

/** Nodes after which a new epoch begins, so that memory stays bounded whatever the program does. */
const MAX_NODE_COUNT = 20_000;

interface TreeNode {
  readonly id: number;
  readonly children: Map<string, TreeNode>;
}

/** What a node of the current profile is to the trace. */
interface Place {
  readonly treeNode: TreeNode;
  readonly line: number;
  readonly isIdle: boolean;
}

export interface ProfileRecorder {
  /** Records what `profile` has that earlier ones had not. */
  readonly record: (profile: CpuProfile, pair: MonotonicPair, cyclesPerMs: number) => void;
}

export function createProfileRecorder(events: Pick<NodeEvents, 'cpuNode' | 'cpuSample'>): ProfileRecorder {
  let epoch = 0;
  let nodeCount = 0;
  let root: TreeNode = { id: 0, children: new Map() };
  let recordedUntilUs = 0;

  function beginEpoch(): void {
    epoch++;
    nodeCount = 0;
    root = { id: 0, children: new Map() };
  }

  function findOrAnnounce(parent: TreeNode, { callFrame }: CpuProfileNode): TreeNode {
    const { functionName, scriptId, url, lineNumber, columnNumber } = callFrame;
    const key = `${scriptId}:${lineNumber}:${columnNumber}:${functionName}`;
    const known = parent.children.get(key);
    if (known !== undefined) return known;
    const treeNode: TreeNode = { id: ++nodeCount, children: new Map() };
    parent.children.set(key, treeNode);
    events.cpuNode(epoch, treeNode.id, parent.id, functionName, url, lineNumber + 1, columnNumber + 1);
    return treeNode;
  }

  /** Walks the profile's tree from its root and places every node in ours. */
  function placeNodes(profile: CpuProfile): Map<number, Place> {
    const byId = new Map(profile.nodes.map((node) => [node.id, node]));
    const places = new Map<number, Place>();
    const first = profile.nodes[0];
    if (first === undefined) return places;
    // V8's `(root)` is announced as a node of its own below parent 0.
    const pending: { readonly node: CpuProfileNode; readonly parent: TreeNode }[] = [{ node: first, parent: root }];
    for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
      const { node, parent } = next;
      const treeNode = findOrAnnounce(parent, node);
      places.set(node.id, { treeNode, line: mostFrequentLine(node), isIdle: node.callFrame.functionName === '(idle)' });
      for (const id of node.children ?? []) {
        const child = byId.get(id);
        if (child !== undefined) pending.push({ node: child, parent: treeNode });
      }
    }
    return places;
  }

  return {
    record(profile, pair, cyclesPerMs) {
      if (nodeCount > MAX_NODE_COUNT || epoch === 0) beginEpoch();
      const places = placeNodes(profile);
      const samples = profile.samples ?? [];
      const deltas = profile.timeDeltas ?? [];
      let timeUs = profile.startTime;
      for (let index = 0; index < samples.length; index++) {
        timeUs += deltas[index] ?? 0;
        const beginUs = Math.max(timeUs, recordedUntilUs);
        const place = places.get(samples[index] ?? 0);
        // Idle samples say one thing a thousand times; one record that lasts says it, too.
        const last = place?.isIdle === true ? lastOfRun(samples, index) : index;
        for (; index < last; index++) timeUs += deltas[index + 1] ?? 0;
        const endUs = timeUs + (deltas[index + 1] ?? profile.endTime - timeUs);
        if (place === undefined || endUs <= beginUs) continue;
        const begin = cyclesAt(pair, beginUs * 1000, cyclesPerMs);
        const duration = Math.round(((endUs - beginUs) / 1000) * cyclesPerMs);
        events.cpuSample(begin, duration, epoch, place.treeNode.id, place.line);
      }
      recordedUntilUs = Math.max(recordedUntilUs, profile.endTime);
    },
  };
}

/** Index of the last of the equal samples that begin at `index`. */
function lastOfRun(samples: readonly number[], index: number): number {
  let last = index;
  while (samples[last + 1] === samples[index]) last++;
  return last;
}

/** V8 tells lines a node, not a sample: the line that was executing most often. */
function mostFrequentLine(node: CpuProfileNode): number {
  let line = 0;
  let most = 0;
  for (const tick of node.positionTicks ?? []) {
    if (tick.ticks <= most) continue;
    most = tick.ticks;
    line = tick.line;
  }
  return line;
}
