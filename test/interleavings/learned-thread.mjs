// SPDX-License-Identifier: MIT
// A thread of a scenario as an automaton that is learned while it is explored. A thread knows nothing but
// what it loaded, so what it does next follows from that: points (where it stands before an access) are
// told apart by the hash of what was loaded on the way, and from each point lead the accesses of one step,
// branching by the values that its loads find. What was done once is done again without running the code:
// that is what makes 10^8 states possible. What is new runs the shipped code, from the thread's begin with
// the values that lead to the point, or from where a run of it stands just there.
//
//   point --LOAD word 5--> value 0 --STORE word 9 := 3--> point
//                     \--> value 1 --> point

import { mix, ModelMemory } from './model-memory.mjs';

const READ = 0;
const WRITE = 1;
const DRAIN = 2;
const END = 3;

/** One thing that a step does; `next` follows it, after a read the one for its value. */
class Operation {
  kind;
  word;
  /** What a write stores; of a read the value that `next` is for. */
  value;
  next = undefined;
  /** Of a read that found several values: the others. */
  others = undefined;

  constructor(kind, word, value) {
    this.kind = kind;
    this.word = word;
    this.value = value;
  }

  after(value) {
    if (this.value === value || this.kind !== READ) return this.next;
    return this.others?.get(value);
  }

  setAfter(value, next) {
    if (this.value === value || this.kind !== READ) this.next = next;
    else (this.others ??= new Map()).set(value, next);
  }
}

/** Where a thread stands before an access. */
class Point {
  hashLow;
  hashHigh;
  /** Word and kind of the access; undefined at the end. */
  access;
  isDone;
  /** What the scenario notes down of the thread: {committed, consumed, pending, held …}. */
  facts;
  /** Of one way here: the point before, and what was read since. */
  before;
  reads;
  stepCount;
  first = undefined;
  /** A run of the code that stands here. */
  run = undefined;

  constructor(run, before, reads) {
    this.hashLow = run.hashLow;
    this.hashHigh = run.hashHigh;
    this.access = run.access;
    this.isDone = run.isDone;
    this.facts = run.facts;
    this.before = before;
    this.reads = reads;
    this.stepCount = before === undefined ? 0 : before.stepCount + 1;
  }
}

export class LearnedThread {
  /** {name, isWriter, body, facts, waitsFor, mayDie, isOptional, onStore}: see ring-world.mjs. */
  program;
  start;
  #index;
  #sizeBytes;
  #points = new Map();

  constructor(program, index, sizeBytes) {
    this.program = program;
    this.#index = index;
    this.#sizeBytes = sizeBytes;
    const run = this.#begin();
    this.start = this.#pointOf(run, undefined, []);
    this.start.run = run;
  }

  get pointCount() {
    return this.#points.size;
  }

  /** Does the step at the thread's point on the state's memory; returns the point after it. */
  step(state) {
    const index = this.#index;
    const point = state.points[index];
    const reads = [];
    for (let operation = point.first; operation !== undefined;) {
      if (operation.kind === READ) {
        const value = state.load(index, operation.word);
        reads.push(value);
        operation = operation.after(value);
      } else if (operation.kind === WRITE) {
        state.store(index, operation.word, operation.value);
        operation = operation.next;
      } else if (operation.kind === DRAIN) {
        state.drain(index);
        operation = operation.next;
      } else {
        return operation.value;
      }
    }
    return this.#learn(state, point, reads);
  }

  /** `reads` is how far the step came before what is new. */
  #learn(state, point, reads) {
    let { run } = point;
    point.run = undefined;
    run ??= this.#replay(point);
    const log = [];
    run.memory.goOn(state, this.#index, reads, log);
    run.step();
    const allReads = [];
    for (let at = 0; at < log.length; at += 3) if (log[at] === READ) allReads.push(log[at + 2]);
    const next = this.#pointOf(run, point, allReads);
    next.run ??= run;
    remember(point, log, next);
    return next;
  }

  #begin() {
    return new ThreadRun(this.program, new OwnView(this.#sizeBytes));
  }

  #replay(point) {
    const way = [];
    for (let at = point; at.before !== undefined; at = at.before) way.push(at);
    const run = this.#begin();
    run.memory.replay(way.reverse().flatMap(({ reads }) => reads));
    for (let step = 0; step < way.length; step++) run.step();
    return run;
  }

  #pointOf(run, before, reads) {
    const key = (run.hashLow >>> 0) * 0x20_0000 + (run.hashHigh >>> 11);
    let point = this.#points.get(key);
    if (point === undefined) this.#points.set(key, (point = new Point(run, before, reads)));
    else if (point.access !== run.access || point.isDone !== run.isDone)
      throw new Error(`${this.program.name} knows more at a point than the scenario says that it does`);
    return point;
  }
}

function remember(point, log, next) {
  let last;
  let lastValue;
  let operation = point.first;
  const link = (added) => {
    if (last === undefined) point.first = added;
    else last.setAfter(lastValue, added);
    return added;
  };
  for (let at = 0; at < log.length; at += 3) {
    operation ??= link(new Operation(log[at], log[at + 1], log[at + 2]));
    last = operation;
    lastValue = log[at + 2];
    operation = operation.after(lastValue);
  }
  link(new Operation(END, 0, next));
}

/** The memory as one run of a thread sees it: values of a way that is known, then those of a state. */
class OwnView extends ModelMemory {
  run;
  #byteLength;
  #known = [];
  #at = 0;
  #isReplaying = true;
  #state;
  #index = 0;
  #log;

  constructor(byteLength) {
    super(0);
    this.#byteLength = byteLength;
  }

  get byteLength() {
    return this.#byteLength;
  }

  replay(known) {
    this.#known = known;
    this.#at = 0;
    this.#isReplaying = true;
    this.#log = undefined;
  }

  goOn(state, index, known, log) {
    this.replay(known);
    this.#isReplaying = false;
    this.#state = state;
    this.#index = index;
    this.#log = log;
  }

  get #isKnown() {
    return this.#isReplaying || this.#at < this.#known.length;
  }

  read(word) {
    const value = this.#isKnown ? this.#known[this.#at++] : this.#state.load(this.#index, word);
    this.#log?.push(READ, word, value);
    return value;
  }

  write(word, value) {
    this.run.onStore(word, value);
    if (!this.#isKnown) this.#state.store(this.#index, word, value);
    this.#log?.push(WRITE, word, value);
  }

  drain() {
    if (!this.#isKnown) this.#state.drain(this.#index);
    this.#log?.push(DRAIN, 0, 0);
  }

  note(word, value) {
    this.run.note(word, value);
  }
}

/** The code of a thread while it runs; the scenario's body knows it as its thread. */
class ThreadRun {
  memory;
  hashLow = 1;
  hashHigh = 2;
  isDone = false;
  access = undefined;
  facts;
  #program;
  #body;

  constructor(program, memory) {
    this.memory = memory;
    this.facts = program.facts;
    this.#program = program;
    memory.run = this;
    this.#body = program.body(this, memory);
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

  /** For the accounts of the scenario; not seen by the code. */
  tell(facts) {
    this.facts = { ...this.facts, ...facts };
  }

  onStore(word, value) {
    this.#program.onStore?.(this, word, value);
  }

  /** Does the access that it stands before, and goes on to the next one. */
  step() {
    // Which access it stands before follows from what it loaded, and from how far it came since.
    this.note(3, 7);
    const { done, value } = this.#body.next();
    this.access = value;
    this.isDone = done;
  }
}
