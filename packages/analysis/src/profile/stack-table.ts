// SPDX-License-Identifier: MIT
// Stacks of one thread and the time in each. Frames of V8's trees are other objects in each epoch, so
// stacks are told apart by what their frames are called and where they stand.

import { frameIdentity, isOwnUrl, type Frame } from '../program/call-tree.ts';
import type { ProfileStack } from './profile.ts';

/** Stacks kept of one thread; a trace can make any number. */
const MAX_STACKS = 1 << 17;
/** V8's tree has a root that is no function. */
const ROOT = '(root)';

interface Entry {
  readonly frame: Frame;
  readonly wait: string;
  ns: number;
  sampleCount: number;
}

export class StackTable {
  /** By the top frame's identity down to the outermost one's. */
  readonly #entries = new Map<string, Entry>();
  readonly #keys = new WeakMap<Frame, string>();
  otherNs = 0;

  /** `wait`: what the thread did instead of running, '' when it ran. */
  add(frame: Frame, wait: string, ns: number): void {
    const key = `${wait}\n${this.#keyOf(frame)}`;
    let entry = this.#entries.get(key);
    if (entry === undefined) {
      if (this.#entries.size >= MAX_STACKS) {
        this.otherNs += ns;
        return;
      }
      entry = { frame, wait, ns: 0, sampleCount: 0 };
      this.#entries.set(key, entry);
    }
    entry.ns += ns;
    entry.sampleCount += 1;
  }

  stacks(indexOf: (frame: Frame | string) => number): readonly ProfileStack[] {
    return [...this.#entries.values()].map(({ frame, wait, ns, sampleCount }) => {
      const frames: number[] = wait === '' ? [] : [indexOf(wait)];
      for (let at: Frame | undefined = frame; at !== undefined; at = at.parent) {
        // Lockstep's own wrappers are none of the program's business.
        if ((at.name !== ROOT || at.url !== '') && !isOwnUrl(at.url)) frames.push(indexOf(at));
      }
      return { frames: frames.toReversed(), ns, sampleCount };
    });
  }

  #keyOf(frame: Frame): string {
    const known = this.#keys.get(frame);
    if (known !== undefined) return known;
    // Without recursion: a tree may be a thousand frames deep.
    const parts: string[] = [];
    for (let at: Frame | undefined = frame; at !== undefined; at = at.parent) parts.push(frameIdentity(at));
    const key = parts.join('\n');
    this.#keys.set(frame, key);
    return key;
  }
}
