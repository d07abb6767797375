// SPDX-License-Identifier: MIT
// The deterministic scheduler: a scenario -> every order of its threads' steps, each state once; or
// random walks through them. A choice is a thread's next step, its death, or a store of it becoming
// visible. Two ways to the same state go on alike, so the second one ends there. Of steps that do not
// touch what others touch one order is enough: see `choicesOf`. Where all orders are too many, those in
// which a thread that could go on is interrupted at most so many times.

import { LOAD, STORE, Violation, wordOfAccess } from './model-memory.mjs';
import { State } from './state.mjs';
import { StateSet } from './state-set.mjs';

const STEP = 0;
const DIE = 1;
const FLUSH = 2;
/** Tables of the threads are begun anew when they have more points. */
const MAX_POINTS = 300_000;

const chose = (index, what, at = 0) => index * 1024 + at * 2 + what;
const indexOf = (choice) => Math.floor(choice / 1024);

/** Choices, and whether nobody can notice which of them is taken when; all that there are unless it is reduced. */
function choicesOf(state, isReduced = true) {
  return (isReduced ? aloneOf(state) : undefined) ?? { choices: allOf(state, isReduced), isSilent: false };
}

/** A step that no other thread can notice is taken at once. */
function aloneOf(state) {
  for (let index = 0; index < state.threads.length; index++) {
    // Of a store that others do not look at nobody can tell when it became visible.
    const buffer = state.buffers[index];
    if (state.order === 'tso' && buffer.length > 0 && state.scenario.isAlone(state, index, buffer[0], STORE))
      return { choices: [chose(index, FLUSH)], isSilent: true };
    if (!state.canStep(index) || !isAlone(state, index)) continue;
    const choices = [chose(index, STEP)];
    if (state.mayDie(index)) choices.push(chose(index, DIE));
    return { choices, isSilent: choices.length === 1 };
  }
  return undefined;
}

function allOf(state, isReduced) {
  const { order } = state;
  const choices = [];
  const isBound = state.preemptionsLeft === 0 && state.lastIndex >= 0 && state.canStep(state.lastIndex);
  const isWhole = state.preemptionsLeft === undefined && order === 'sc';
  const chosen = isReduced && isWhole ? persistentSet(state) : -1;
  for (let index = 0; index < state.threads.length; index++) {
    if ((chosen & (1 << index)) === 0 || (isBound && index !== state.lastIndex)) continue;
    if (state.canStep(index)) {
      choices.push(chose(index, STEP));
      if (state.mayDie(index)) choices.push(chose(index, DIE));
    }
    // A dead thread's stores still reach the memory.
    const buffer = state.buffers[index];
    for (let at = 0; at < buffer.length && at < 256; at += 2) {
      if (at === 0 || (order === 'weak' && state.scenario.mayOvertake(buffer[at]) && isFirstOfItsWord(buffer, at)))
        choices.push(chose(index, FLUSH, at));
    }
  }
  return choices;
}

/** A store that goes into a buffer, and an access to what no other thread may touch now (the scenario sees to that). */
function isAlone(state, index) {
  const { access } = state.points[index];
  const word = wordOfAccess(access);
  if (access - word === STORE && state.order !== 'sc') return true;
  return state.scenario.isAlone(state, index, word, access - word);
}

function isFirstOfItsWord(buffer, at) {
  for (let earlier = 0; earlier < at; earlier += 2) if (buffer[earlier] === buffer[at]) return false;
  return true;
}

/**
 * As bits a set of threads of which it is enough to try the steps now: whatever the others do before
 * one of these moves, it does not touch what these are about to access. (Godefroid's persistent sets:
 * every end that can be reached is reached.) The smallest that some thread begins.
 */
function persistentSet(state) {
  const count = state.threads.length;
  let best = -1;
  let bestSize = count + 1;
  for (let seed = 0; seed < count; seed++) {
    if (!state.canStep(seed)) continue;
    const set = closure(state, 1 << seed);
    let size = 0;
    for (let index = 0; index < count; index++) if ((set & (1 << index)) !== 0 && state.canStep(index)) size++;
    if (size < bestSize) [best, bestSize] = [set, size];
  }
  return best;
}

function closure(state, begin) {
  const { threads, points } = state;
  let set = begin;
  for (let hasGrown = true; hasGrown;) {
    hasGrown = false;
    for (let index = 0; index < threads.length; index++) {
      if ((set & (1 << index)) === 0) continue;
      const needed = state.canStep(index) ? touchedBy(state, set, points[index].access) : waitedFor(state, index);
      if ((set | needed) === set) continue;
      set |= needed;
      hasGrown = true;
    }
  }
  return set;
}

/** Others that may one day make an access that conflicts with this one. */
function touchedBy(state, set, access) {
  const word = wordOfAccess(access);
  let needed = 0;
  for (let other = 0; other < state.threads.length; other++) {
    const bit = 1 << other;
    if ((set & bit) !== 0 || state.isDead[other] || state.points[other].isDone) continue;
    if (state.scenario.mayTouch(state, other, word, access - word !== LOAD)) needed |= bit;
  }
  return needed;
}

/** Who cannot step yet goes on when the other is over: that one has to move first. */
function waitedFor(state, index) {
  const { waitsFor } = state.threads[index].program;
  if (waitsFor === undefined || state.isDead[index] || state.points[index].isDone) return 0;
  return 1 << waitsFor;
}

function take(state, choice) {
  const index = indexOf(choice);
  const what = choice % 4;
  if (what === STEP && state.preemptionsLeft !== undefined && !isAlone(state, index)) {
    if (index !== state.lastIndex && state.lastIndex >= 0 && state.canStep(state.lastIndex)) state.preemptionsLeft--;
    state.lastIndex = index;
  }
  if (what === STEP) state.step(index);
  else if (what === DIE) state.die(index);
  else state.flushOne(index, ((choice % 1024) - FLUSH) / 2);
}

function describe(state, choice) {
  const { name } = state.threads[indexOf(choice)].program;
  return `${name}${['', ' dies', "'s store becomes visible"][choice % 4]}`;
}

/** What was found: {stateCount, stepCount, endCount, violation}. A violation has the path to it. */
export function exploreAll(scenario, { maxStates = Infinity, isReduced = true } = {}) {
  const state = new State(scenario);
  const states = new StateSet();
  const ends = new StateSet();
  const print = new Int32Array(2);
  const path = [];
  let stepCount = 0;

  function visit() {
    const depth = path.length;
    let { choices, isSilent } = choicesOf(state, isReduced);
    while (isSilent) {
      path.push(choices[0]);
      take(state, choices[0]);
      stepCount++;
      ({ choices, isSilent } = choicesOf(state, isReduced));
    }
    if (choices.length === 0) {
      state.fingerprint(print);
      if (ends.add(print[0], print[1])) scenario.checkEnd(state);
    }
    const saved = choices.length > 1 ? state.save() : undefined;
    for (let at = 0; at < choices.length; at++) {
      if (states.size >= maxStates) return;
      if (at > 0) state.restore(saved);
      path.push(choices[at]);
      take(state, choices[at]);
      stepCount++;
      state.fingerprint(print);
      if (!(isReduced && scenario.isMirrored(state)) && states.add(print[0], print[1])) visit();
      path.pop();
    }
    path.length = depth;
  }

  try {
    visit();
  } catch (error) {
    if (!isFinding(error)) throw error;
    return { stateCount: states.size, stepCount, endCount: ends.size, violation: explain(state, path, error) };
  }
  const pointCount = state.threads.reduce((sum, thread) => sum + thread.pointCount, 0);
  return { stateCount: states.size, stepCount, endCount: ends.size, pointCount, isComplete: states.size < maxStates };
}

/** Random walks from the seed, each to its end. */
export function walkRandomly(scenario, { seed, walkCount, maxSteps = 100_000 }) {
  const random = makeRandom(seed);
  let stepCount = 0;
  let threads;
  for (let walk = 0; walk < walkCount; walk++) {
    const path = [];
    const state = new State(scenario, threads);
    threads = state.threads.some(({ pointCount }) => pointCount > MAX_POINTS) ? undefined : state.threads;
    try {
      // Some walks change threads at each step, others hardly ever.
      const stickiness = random() ** 2;
      let last = -1;
      for (let { choices } = choicesOf(state); choices.length > 0; { choices } = choicesOf(state)) {
        if (path.length >= maxSteps) throw new Violation('a thread does not end');
        const isKept = random() > stickiness && choices.includes(last);
        // Dying is one way among hundreds, or nobody would live long.
        const living = random() < 0.99 ? choices.filter((choice) => choice % 4 !== DIE) : choices;
        last = isKept ? last : pick(living.length > 0 ? living : choices, random);
        path.push(last);
        take(state, last);
      }
      stepCount += path.length;
      scenario.checkEnd(state);
    } catch (error) {
      if (!isFinding(error)) throw error;
      return { stepCount, walkCount: walk + 1, violation: explain(state, path, error) };
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

/** The same way once more, read along. */
function explain({ scenario, threads }, path, error) {
  const lines = [];
  const state = new State(scenario, threads);
  try {
    for (const choice of path) {
      state.onAccess = (text) => lines.push(`${describe(state, choice)} ${text}`);
      if (choice % 4 !== STEP) lines.push(describe(state, choice));
      take(state, choice);
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
