// SPDX-License-Identifier: MIT
// A state of a scenario: the content of the memory, where each thread stands, and the stores that others
// do not see yet. A thread's store is visible to others at once ('sc'), or waits in a buffer of that
// thread which empties in order ('tso', x86-64), or in which stores to the words that a scenario names
// overtake earlier ones ('weak', as ARM may do). An atomic access first empties the buffer of its thread.
// Loads are not reordered. Steps are taken back by a journal, so that a search can go another way.

import { LearnedThread } from './learned-thread.mjs';
import { mix, Violation } from './model-memory.mjs';

const NO_STORES = [];

export class State {
  scenario;
  threads;
  order;
  words;
  points;
  isDead;
  /** Of each thread word, value, word, value …; replaced, never changed. */
  buffers;
  /** Of each writer's block the thread that has it. */
  users;
  deathCount = 0;
  /** Interruptions that are left; undefined for any number. */
  preemptionsLeft;
  lastIndex = -1;
  hashLow = 0;
  hashHigh = 0;
  /** Words that a reader holds as its own. */
  heldFrom = 0;
  heldTo = 0;
  /** Told of each access when somebody wants to read along. */
  onAccess = undefined;
  #journal = [];

  constructor(scenario, threads = scenario.programs.map((program, index) => learn(scenario, program, index))) {
    this.scenario = scenario;
    this.threads = threads;
    this.order = scenario.order;
    this.words = scenario.blank.words.slice();
    this.points = threads.map(({ start }) => start);
    this.isDead = threads.map(() => false);
    this.buffers = threads.map(() => NO_STORES);
    this.users = new Array(scenario.writerCount).fill(-1);
    this.preemptionsLeft = scenario.maxPreemptions;
  }

  canStep(index) {
    if (this.isDead[index] || this.points[index].isDone) return false;
    const { waitsFor, isOptional } = this.threads[index].program;
    if (waitsFor === undefined) return true;
    return this.isOver(waitsFor) && (isOptional !== true || this.isDead[waitsFor]);
  }

  /** Who is known to be dead has left its CPU, and with that its stores are visible. */
  isOver(index) {
    return this.points[index].isDone || (this.isDead[index] && this.buffers[index].length === 0);
  }

  mayDie(index) {
    return this.deathCount === 0 && this.threads[index].program.mayDie === true;
  }

  step(index) {
    const before = this.points[index].facts.held;
    const point = this.threads[index].step(this);
    this.points[index] = point;
    const { held } = point.facts;
    if (held === before) return;
    this.heldFrom = held?.from ?? 0;
    this.heldTo = held?.to ?? 0;
    if (held !== undefined) this.scenario.checkHeld(this, held);
  }

  die(index) {
    this.isDead[index] = true;
    this.deathCount++;
    if (!this.threads[index].program.isWriter) this.heldFrom = this.heldTo = 0;
  }

  /** Own stores first: a thread sees its buffer before the others do. */
  load(index, word) {
    const buffer = this.buffers[index];
    let value = this.words[word];
    for (let at = buffer.length - 2; at >= 0; at -= 2) {
      if (buffer[at] !== word) continue;
      value = buffer[at + 1];
      break;
    }
    if (value === undefined) throw new Violation(`an access outside of the memory: word ${word}`);
    this.onAccess?.(`loads ${value} from word ${word}`);
    return value;
  }

  store(index, word, value) {
    this.onAccess?.(`stores ${value} to word ${word}`);
    this.scenario.checkStore(this, index, word);
    if (this.order === 'sc') this.publish(index, word, value);
    else this.buffers[index] = [...this.buffers[index], word, value];
  }

  publish(index, word, value) {
    const before = this.words[word];
    if (before === undefined) throw new Violation(`an access outside of the memory: word ${word}`);
    if (word >= this.heldFrom && word < this.heldTo && this.threads[index].program.isWriter)
      throw new Violation(`${this.threads[index].program.name} writes to word ${word}, which the reader holds`);
    if (before === value || this.scenario.isUnseen(word)) return;
    this.#journal.push(word, before);
    this.#put(word, before, value);
  }

  #put(word, before, value) {
    this.hashLow ^= mix(word * 2, before) ^ mix(word * 2, value);
    this.hashHigh ^= mix(word * 2 + 1, before) ^ mix(word * 2 + 1, value);
    this.words[word] = value;
  }

  drain(index) {
    const buffer = this.buffers[index];
    if (buffer.length === 0) return;
    this.buffers[index] = NO_STORES;
    for (let at = 0; at < buffer.length; at += 2) this.publish(index, buffer[at], buffer[at + 1]);
  }

  /** Makes the store at `at` of a thread's buffer visible. */
  flushOne(index, at) {
    const buffer = this.buffers[index];
    this.buffers[index] = [...buffer.slice(0, at), ...buffer.slice(at + 2)];
    this.publish(index, buffer[at], buffer[at + 1]);
  }

  save() {
    return {
      journalLength: this.#journal.length,
      points: this.points.slice(),
      isDead: this.isDead.slice(),
      buffers: this.buffers.slice(),
      users: this.users.slice(),
      deathCount: this.deathCount,
      preemptionsLeft: this.preemptionsLeft,
      lastIndex: this.lastIndex,
      heldFrom: this.heldFrom,
      heldTo: this.heldTo,
    };
  }

  restore(saved) {
    const journal = this.#journal;
    while (journal.length > saved.journalLength) {
      const before = journal.pop();
      const word = journal.pop();
      this.#put(word, this.words[word], before);
    }
    copyInto(this.points, saved.points);
    copyInto(this.isDead, saved.isDead);
    copyInto(this.buffers, saved.buffers);
    copyInto(this.users, saved.users);
    this.deathCount = saved.deathCount;
    this.preemptionsLeft = saved.preemptionsLeft;
    this.lastIndex = saved.lastIndex;
    this.heldFrom = saved.heldFrom;
    this.heldTo = saved.heldTo;
  }

  /** Two numbers of 32 bits for the set of states that were visited. */
  fingerprint(into) {
    let low = this.hashLow;
    let high = this.hashHigh;
    if (this.preemptionsLeft !== undefined) low = mix(low, this.preemptionsLeft * 64 + this.lastIndex);
    for (let index = 0; index < this.points.length; index++) {
      const point = this.points[index];
      if (this.isDead[index]) {
        // What it knew does not matter any more, what it did does.
        const { truth, holding, pending } = point.facts;
        low = mix(low, mix(truth, holding ?? -1));
        high = mix(high, mix(truth + 1, pending ?? -1));
      } else {
        low = mix(low, point.hashLow);
        high = mix(high, point.hashHigh);
      }
      const buffer = this.buffers[index];
      for (let at = 0; at < buffer.length; at++) {
        low = mix(low, buffer[at]);
        high = mix(high + 1, buffer[at]);
      }
    }
    into[0] = low;
    into[1] = high;
  }
}

function copyInto(target, source) {
  for (let index = 0; index < source.length; index++) target[index] = source[index];
}

function learn(scenario, program, index) {
  return new LearnedThread(program, index, scenario.blank.byteLength);
}
