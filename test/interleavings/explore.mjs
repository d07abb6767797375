// SPDX-License-Identifier: MIT
// The deterministic scheduler: a scenario -> every order of its threads' steps, each state once; or
// random walks through them. A choice is a thread's next step, its death, or a store of it becoming
// visible. A state is the content of the memory and, for each thread, what it loaded since its last
// known point; two ways to the same state go on alike, so the second one ends there. Where all orders
// are too many, those in which a thread that could go on is interrupted at most so many times.
//
// Generators cannot be copied: to try another choice a world is made anew and led along the path.

import { mix, Violation } from './model-memory.mjs';

export class Thread {
  name;
  isWriter;
  /** Stores that others do not see yet: word, value, word, value … */
  buffer = [];
  isDone = false;
  isDead = false;
  /** Whether it may run; a thread that waits for another's death does not until then. */
  isReady = () => true;
  /** The word that it accesses next; -1 - word for a plain store. */
  next = 0;
  hashLow = 1;
  hashHigh = 2;
  #memory;
  #body;

  constructor(name, memory, body, isWriter) {
    this.name = name;
    this.isWriter = isWriter;
    this.#memory = memory;
    this.#body = body(this);
    // To its first access.
    this.step();
  }

  /** A point at which all that the thread knows is `parts`: what it loaded before is forgotten. */
  settle(...parts) {
    this.hashLow = 1;
    this.hashHigh = 2;
    for (const part of parts) this.note(part, 0);
  }

  note(a, b) {
    this.hashLow = mix(this.hashLow, mix(a, b));
    this.hashHigh = mix(this.hashHigh, mix(b, a + 1));
  }

  /** Does the access that it stands before, and goes on to the next one. */
  step() {
    this.#memory.current = this;
    // Which access it stands before follows from what it loaded, and from how far it came since.
    this.note(3, 7);
    const { done, value } = this.#body.next();
    this.next = value;
    this.#memory.current = undefined;
    if (done) this.isDone = true;
  }

  get canStep() {
    return !this.isDone && !this.isDead && this.isReady();
  }
}

const STEP = 0;
const DIE = 1;
const FLUSH = 2;

/** Choices are numbers: what, which thread, and which store of its buffer. */
function choicesOf(world) {
  const choices = [];
  const { threads, memory } = world;
  for (const [index, thread] of threads.entries()) {
    if (!thread.canStep || !isAlone(world, thread)) continue;
    // Nobody can tell whether it came before or after what others do now: one order is enough.
    choices.push(index * 1024 + STEP);
    if (world.mayDie(thread)) choices.push(index * 1024 + DIE);
    return choices;
  }
  const last = threads[world.lastIndex ?? -1];
  const isBound = world.preemptionsLeft === 0 && last?.canStep === true;
  threads.forEach((thread, index) => {
    if (isBound && thread !== last) return;
    if (thread.canStep) choices.push(index * 1024 + STEP);
    if (thread.canStep && world.mayDie(thread)) choices.push(index * 1024 + DIE);
    // A dead thread's stores still reach the memory.
    const { buffer } = thread;
    for (let at = 0; at < buffer.length && at < 256; at += 2) {
      if (at === 0 || (memory.order === 'weak' && world.mayOvertake(buffer[at]) && isFirstOfItsWord(buffer, at)))
        choices.push(index * 1024 + FLUSH + at * 2);
    }
  });
  return choices;
}

/** A store that goes into a buffer, and an access to what no other thread may touch now (the world sees to that). */
function isAlone(world, thread) {
  const isStore = thread.next < 0;
  if (isStore && world.memory.order !== 'sc') return true;
  return world.isAlone(thread, isStore ? -1 - thread.next : thread.next);
}

function isFirstOfItsWord(buffer, at) {
  for (let earlier = 0; earlier < at; earlier += 2) if (buffer[earlier] === buffer[at]) return false;
  return true;
}

function take(world, choice) {
  const index = Math.floor(choice / 1024);
  const thread = world.threads[index];
  const what = choice % 4;
  if (what === STEP && world.preemptionsLeft !== undefined && !isAlone(world, thread)) {
    if (index !== world.lastIndex && world.threads[world.lastIndex ?? -1]?.canStep === true) world.preemptionsLeft--;
    world.lastIndex = index;
  }
  if (what === STEP) thread.step();
  else if (what === DIE) {
    thread.isDead = true;
    world.onDeath(thread);
  } else world.memory.flushOne(thread, ((choice % 1024) - FLUSH) / 2);
}

function describe(world, choice) {
  const { name } = world.threads[Math.floor(choice / 1024)];
  return `${name}${['', ' dies', "'s store becomes visible"][choice % 4]}`;
}

/** 53 bits in a number that is never 0. With a million states, two share one with probability 10^-4. */
function fingerprint(world) {
  let low = world.memory.hashLow;
  let high = world.memory.hashHigh;
  if (world.preemptionsLeft !== undefined) low = mix(low, world.preemptionsLeft * 64 + (world.lastIndex ?? 63));
  for (const thread of world.threads) {
    const status = (thread.isDone ? 1 : 0) + (thread.isDead ? 2 : 0);
    low = mix(low, thread.hashLow + status);
    high = mix(high, thread.hashHigh - status);
    for (const part of thread.buffer) {
      low = mix(low, part);
      high = mix(high + 1, part);
    }
  }
  return (low >>> 0) * 0x20_0000 + (high >>> 11) + 1;
}

class StateSet {
  #table = new Float64Array(1 << 16);
  size = 0;

  /** False when it was there. */
  add(value) {
    if (this.size * 2 > this.#table.length) this.#grow();
    if (!insert(this.#table, value)) return false;
    this.size++;
    return true;
  }

  #grow() {
    const old = this.#table;
    this.#table = new Float64Array(old.length * 2);
    for (const value of old) if (value !== 0) insert(this.#table, value);
  }
}

function insert(table, value) {
  const mask = table.length - 1;
  let at = mix(value % 0x1_0000_0000, Math.floor(value / 0x1_0000_0000)) & mask;
  while (table[at] !== 0) {
    if (table[at] === value) return false;
    at = (at + 1) & mask;
  }
  table[at] = value;
  return true;
}

/** What was found: {stateCount, stepCount, endCount, violation}. A violation has the path to it. */
export function exploreAll(makeWorld, { maxStates = Infinity } = {}) {
  const states = new StateSet();
  const path = [];
  let stepCount = 0;
  let endCount = 0;

  function replay() {
    const world = makeWorld();
    for (const choice of path) take(world, choice);
    stepCount += path.length;
    return world;
  }

  /** `world` is at the end of `path`, and is used up. */
  function visit(world) {
    let live = world;
    const choices = choicesOf(live);
    if (choices.length === 0) {
      endCount++;
      live.checkEnd();
      return;
    }
    for (const choice of choices) {
      if (states.size >= maxStates) return;
      live ??= replay();
      path.push(choice);
      take(live, choice);
      stepCount++;
      if (states.add(fingerprint(live))) visit(live);
      live = undefined;
      path.pop();
    }
  }

  try {
    visit(makeWorld());
  } catch (error) {
    if (!isFinding(error)) throw error;
    return { stateCount: states.size, stepCount, endCount, violation: explain(makeWorld, path, error) };
  }
  return { stateCount: states.size, stepCount, endCount, violation: undefined, isComplete: states.size < maxStates };
}

/** Random walks from the seed, each to its end. */
export function walkRandomly(makeWorld, { seed, walkCount, maxSteps = 100_000 }) {
  const random = makeRandom(seed);
  let stepCount = 0;
  for (let walk = 0; walk < walkCount; walk++) {
    const path = [];
    try {
      const world = makeWorld();
      // Some walks change threads at each step, others hardly ever.
      const stickiness = random() ** 2;
      let last = -1;
      for (let choices = choicesOf(world); choices.length > 0; choices = choicesOf(world)) {
        if (path.length >= maxSteps) throw new Violation('a thread does not end');
        const isKept = random() > stickiness && choices.includes(last);
        // Dying is one way among hundreds, or nobody would live long.
        const living = random() < 0.99 ? choices.filter((choice) => choice % 4 !== DIE) : choices;
        last = isKept ? last : pick(living.length > 0 ? living : choices, random);
        path.push(last);
        take(world, last);
      }
      stepCount += path.length;
      world.checkEnd();
    } catch (error) {
      if (!isFinding(error)) throw error;
      return { stepCount, walkCount: walk + 1, violation: explain(makeWorld, path, error) };
    }
  }
  return { stepCount, walkCount, violation: undefined };
}

function pick(choices, random) {
  return choices[Math.floor(random() * choices.length)];
}

/** What the shipped code throws counts as well: nothing in a scenario should make it. */
function isFinding(error) {
  return error instanceof Violation || error?.constructor?.name === 'ProtocolError' || error instanceof RangeError;
}

function explain(makeWorld, path, error) {
  const lines = [];
  try {
    const world = makeWorld();
    for (const choice of path) {
      world.memory.onAccess = (text) => lines.push(`${describe(world, choice)} ${text}`);
      if (choice % 4 !== STEP) lines.push(describe(world, choice));
      take(world, choice);
    }
  } catch {
    // It is the violation again.
  }
  return { message: error.message, path: lines };
}

/** mulberry32: the same walk for the same seed everywhere. */
export function makeRandom(seed) {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
