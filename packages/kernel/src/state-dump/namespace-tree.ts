// SPDX-License-Identifier: MIT
// Namespaces that lie in each other (pid, user): their chains outwards and their levels, and which user
// ids mean what in them. One question to the kernel for each, however many threads are in it.

/** What the kernel tells for an id that a namespace has no name for. */
const OVERFLOW_ID = 65534;

export interface NestedNamespace {
  readonly inode: number;
  /** 0 is the machine's first one; in a container whose surroundings cannot be seen, the container's. */
  readonly level: number;
}

export class NamespaceTree {
  readonly #ancestorsOf: (path: string) => readonly number[];
  readonly #chains = new Map<number, readonly NestedNamespace[]>();

  constructor(ancestorsOf: (path: string) => readonly number[]) {
    this.#ancestorsOf = ancestorsOf;
  }

  /** From `inode`, which `path` names, outwards. */
  chain(inode: number, path: string): readonly NestedNamespace[] {
    let chain = this.#chains.get(inode);
    if (chain === undefined) {
      const inodes = [inode, ...this.#ancestorsOf(path)];
      chain = inodes.map((each, index) => ({ inode: each, level: inodes.length - 1 - index }));
      this.#chains.set(inode, chain);
    }
    return chain;
  }
}

interface IdRange {
  readonly inside: number;
  readonly outside: number;
  readonly count: number;
}

/** uid_map or gid_map of one user namespace, as seen from ours. */
export class IdMap {
  readonly #ranges: readonly IdRange[];

  /** Undefined text: nothing is known of it. */
  constructor(text: string | undefined) {
    this.#ranges = (text ?? '')
      .split('\n')
      .map((line) => line.trim().split(/\s+/).map(Number))
      .filter((numbers) => numbers.length === 3)
      .map(([inside = 0, outside = 0, count = 0]) => ({ inside, outside, count }));
  }

  toInside(id: number): number {
    const range = this.#ranges.find(({ outside, count }) => id >= outside && id < outside + count);
    return range === undefined ? OVERFLOW_ID : range.inside + (id - range.outside);
  }
}
