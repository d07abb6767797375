// SPDX-License-Identifier: MIT
// V8's call tree as node:cpu_node tells it: one tree an epoch. In: nodes, each before the first sample
// that needs it. Out: frames that samples point at, kept alive by them alone once their epoch is over.

export interface Frame {
  readonly name: string;
  readonly url: string;
  /** Of the function's begin, from 1; 0 unknown. */
  readonly line: number;
  readonly column: number;
  readonly parent: Frame | undefined;
  /** Frames above it, bounds the walks of trees that lie about their parents. */
  readonly depth: number;
}

/** Deeper trees are cut: V8 itself cuts at 255. */
const MAX_DEPTH = 1024;
/** Nodes kept of one epoch; a hostile trace cannot make more. */
const MAX_NODES = 1 << 20;

export class CallTree {
  #epoch = -1;
  #frames = new Map<number, Frame>();
  /** A sample of the last epoch may follow the first node of the next. */
  #previousEpoch = -1;
  #previousFrames = new Map<number, Frame>();

  addNode(epoch: number, node: number, parent: number, name: string, url: string, line: number, column: number): void {
    const frames = this.#framesOf(epoch, true);
    if (frames === undefined || frames.size >= MAX_NODES) return;
    const above = parent === 0 ? undefined : frames.get(parent);
    const depth = above === undefined ? 0 : above.depth + 1;
    if (depth >= MAX_DEPTH) {
      frames.set(node, above as Frame);
      return;
    }
    frames.set(node, { name, url, line, column, parent: above, depth });
  }

  frame(epoch: number, node: number): Frame | undefined {
    return this.#framesOf(epoch, false)?.get(node);
  }

  #framesOf(epoch: number, canBegin: boolean): Map<number, Frame> | undefined {
    if (epoch === this.#epoch) return this.#frames;
    if (epoch === this.#previousEpoch) return this.#previousFrames;
    if (!canBegin) return undefined;
    this.#previousEpoch = this.#epoch;
    this.#previousFrames = this.#frames;
    this.#epoch = epoch;
    this.#frames = new Map();
    return this.#frames;
  }
}

/** V8's own entries of the tree, which are no functions. */
export function isMetaFrame(frame: Frame): boolean {
  return (
    frame.url === '' &&
    (frame.name === '(program)' ||
      frame.name === '(idle)' ||
      frame.name === '(garbage collector)' ||
      frame.name === '(root)')
  );
}

/** Lockstep's tracer in the traced program: as it is published, and in its own repository. */
const OWN_CODE = /\/@lockstep\/|\/packages\/(tracer|ring-buffer)\/dist\//;

export function isOwnUrl(url: string): boolean {
  return OWN_CODE.test(url);
}

/** Code that the traced program's author wrote: not Node's, not a dependency's, not Lockstep's. */
export function isUserFrame(frame: Frame): boolean {
  return (
    frame.url !== '' && !frame.url.startsWith('node:') && !frame.url.includes('/node_modules/') && !isOwnUrl(frame.url)
  );
}

/**
 * The frame that a person looks for: the nearest one of the user's code, else the nearest one of a
 * dependency, else the top itself.
 */
export function nearestUserFrame(top: Frame): Frame {
  let library: Frame | undefined;
  for (let frame: Frame | undefined = top; frame !== undefined; frame = frame.parent) {
    if (isUserFrame(frame)) return frame;
    if (library === undefined && frame.url !== '' && !frame.url.startsWith('node:')) library = frame;
  }
  return library ?? top;
}

/** The same function in different places of the tree has one identity. */
export function frameIdentity(frame: Frame): string {
  return `${frame.name} ${frame.url}:${frame.line}:${frame.column}`;
}

/** What called the stack's outermost function: told by Node's own frames below it. */
export type Phase =
  | 'timer callbacks'
  | 'immediates'
  | 'promise jobs'
  | 'process.nextTick callbacks'
  | 'messages of workers'
  | 'other';

const PHASES: ReadonlyMap<string, Phase> = new Map([
  ['listOnTimeout', 'timer callbacks'],
  ['processTimers', 'timer callbacks'],
  ['processImmediate', 'immediates'],
]);

/** An async function that goes on, or a promise's reaction, has no frame of Node's below it. */
export function phaseOf(top: Frame): Phase {
  let outermost: Frame | undefined;
  let frame: Frame | undefined = top;
  let hasRoot = false;
  for (; frame !== undefined; frame = frame.parent) {
    if (frame.url === '' && frame.name === '(root)') hasRoot = true;
    else outermost = frame;
    if (!frame.url.startsWith('node:internal/')) continue;
    if (frame.url.startsWith('node:internal/timers')) {
      const phase = PHASES.get(frame.name);
      if (phase !== undefined) return phase;
    } else if (frame.url === 'node:internal/per_context/messageport') return 'messages of workers';
    else if (frame.name === 'processTicksAndRejections') return 'process.nextTick callbacks';
  }
  return hasRoot && outermost !== undefined && isUserFrame(outermost) ? 'promise jobs' : 'other';
}
