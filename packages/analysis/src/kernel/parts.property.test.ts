// SPDX-License-Identifier: MIT
// A trace read from any record on, after its state dump, tells of every thread what the whole trace tells,
// from the moment on at which its events have told all that there is to know of it.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { EventRecord } from '@lockstep/ctf';
import fc from 'fast-check';
import { AnalysisPass } from '../pass/analysis-pass.ts';
import { makeRandomHost, type Choice } from '../testing/random-host.ts';
import { FILES } from './files.ts';
import { HOST } from './host.ts';
import { PROCESSES } from './processes.ts';
import { SYSTEM_CALLS } from './system-calls.ts';
import { INTERRUPTED } from './thread-state.ts';

interface Told {
  readonly pass: AnalysisPass;
  /** Calls that began and ended: `tid name begin end`, absolute ns. */
  readonly calls: readonly { readonly tid: number; readonly beginNs: bigint; readonly text: string }[];
}

function read(records: Iterable<EventRecord>): Told {
  const pass = new AnalysisPass([HOST, PROCESSES, FILES, SYSTEM_CALLS]);
  const calls: Told['calls'][number][] = [];
  pass.get(SYSTEM_CALLS).listen('', ({ thread, name, begin, end }) => {
    if (begin === undefined) return;
    const beginNs = pass.time.toNs(begin);
    calls.push({ tid: thread.tid, beginNs, text: `${thread.tid} ${name} ${beginNs} ${pass.time.toNs(end)}` });
  });
  pass.get(HOST).observeAll(0);
  for (const record of records) pass.take(record);
  pass.finish();
  return { pass, calls };
}

/** Intervals from a time on: absolute begin, state, who ran or woke, and its call. */
function intervalsOf({ pass }: Told, tid: number, fromNs: bigint, hasCalls: boolean): string[] {
  const host = pass.get(HOST);
  const log = host.threads.get(tid)?.log;
  const intervals: string[] = [];
  for (let i = 0; i < (log?.length ?? 0); i += 1) {
    const beginNs = pass.time.toNs(log?.beginAt(i) ?? 0);
    const call = host.labels.textOf(log?.callAt(i) ?? 0);
    const [state, ref] = [log?.stateAt(i), log?.refAt(i) ?? 0];
    // Labels are numbers of their pass.
    const who = state === INTERRUPTED || ref < 0 ? host.labels.textOf(Math.abs(ref)) : ref;
    const text = `${state} ${who}${hasCalls ? ` ${call}` : ''}`;
    // Without its calls, what differs in them alone is one interval.
    if (beginNs >= fromNs && intervals.at(-1)?.replace(/^\d+ /, '') !== text) intervals.push(`${beginNs} ${text}`);
  }
  return intervals;
}

/**
 * When nothing of a thread's states is a guess any more: it is switched in, and every CPU has said whom it runs; and
 * of its calls: it enters or leaves one since.
 */
function knownFrom(records: readonly EventRecord[], tid: number): { states?: bigint; calls?: bigint } {
  let states: bigint | undefined;
  const cpus = new Set<unknown>();
  for (const { eventRecordClass, payload, packet, commonContext, timeNs } of records) {
    const isCall = eventRecordClass.name.startsWith('syscall_') && commonContext?.['tid'] === tid;
    if (eventRecordClass.name === 'sched_switch') {
      cpus.add(packet.context?.['cpu_id']);
      if (payload?.['next_tid'] === tid && cpus.size === 2) states ??= timeNs;
    }
    if (isCall && states !== undefined && timeNs !== undefined) return { states, calls: timeNs };
  }
  return states === undefined ? {} : { states };
}

const number = fc.nat({ max: 65_535 });
const choices: fc.Arbitrary<Choice[]> = fc.array(fc.tuple(number, number, number, number), {
  minLength: 40,
  maxLength: 300,
});

test('a part that begins at any record tells the same as the whole, once it knows', () => {
  let comparedCount = 0;
  fc.assert(
    fc.property(choices, fc.double({ min: 0, max: 0.9, noNaN: true }), (chosen, share) => {
      const { stateDump, records, tids } = makeRandomHost(chosen);
      const whole = read([...stateDump, ...records]);
      const kept = records.slice(Math.floor(records.length * share));
      const part = read([...stateDump, ...kept]);
      for (const tid of tids) {
        const known = knownFrom(kept, tid);
        const [one, other] = [whole, part].map(({ pass }) => pass.get(HOST).threads.get(tid));
        assert.equal(other?.pid, one?.pid, 'the state dump tells the process');
        const { states, calls } = known;
        if (states === undefined) continue;
        comparedCount += 1;
        assert.deepEqual(intervalsOf(part, tid, states, false), intervalsOf(whole, tid, states, false), `tid ${tid}`);
        assert.equal(other?.state, one?.state);
        if (calls === undefined) continue;
        const fromNs = calls + 1n;
        assert.deepEqual(intervalsOf(part, tid, fromNs, true), intervalsOf(whole, tid, fromNs, true), `tid ${tid}`);
        assert.equal(other?.call === 0, one?.call === 0);
        const callsOf = (told: Told): string[] =>
          told.calls.filter((call) => call.tid === tid && call.beginNs >= fromNs).map(({ text }) => text);
        assert.deepEqual(callsOf(part), callsOf(whole));
      }
    }),
    { numRuns: 300 },
  );
  assert.ok(comparedCount > 300, `only ${comparedCount} threads were known long enough to be compared`);
});
