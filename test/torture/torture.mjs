// SPDX-License-Identifier: MIT
// Rounds of torture until the time is over -> a report. The seed decides shapes and disturbances; what
// the scheduler makes of them it decides itself.

import { makeRandom } from '../interleavings/explore.mjs';
import { runRound } from './round.mjs';

const ROUND_MS = 2500;

export async function torture({ directory, minutes, seed, say }) {
  const random = makeRandom(seed);
  const end = performance.now() + minutes * 60_000;
  const sums = {
    rounds: 0,
    begun: 0,
    accepted: 0,
    consumed: 0,
    discarded: 0,
    packets: 0,
    killedWriters: 0,
    killedReaders: 0,
    stops: 0,
  };
  const problems = [];
  while (performance.now() < end) {
    const result = await runRound({
      directory,
      random,
      roundMs: Math.min(ROUND_MS, Math.max(200, end - performance.now())),
    });
    sums.rounds++;
    for (const key of Object.keys(sums)) sums[key] += result[key] ?? result.actions[key] ?? 0;
    const { mode, subBufferSizeBytes, subBufferCount, writerCount } = result.shape;
    say(
      `${sums.rounds}: ${mode} ${subBufferCount} x ${subBufferSizeBytes}, ${writerCount} writers: ` +
        `${result.accepted} accepted, ${result.consumed} consumed, ${result.discarded} discarded; ` +
        `${result.actions.killedWriters + result.actions.killedReaders} killed, ${result.actions.stops} stopped` +
        (result.problems.length === 0
          ? ''
          : ` PROBLEM ${result.problems.slice(0, 3).join('; ')} shape=${JSON.stringify(result.shape)}`),
    );
    problems.push(...result.problems);
  }
  const text =
    `Torture, seed ${seed}: ${sums.rounds} rounds, ${sums.begun} records begun, ${sums.accepted} accepted, ` +
    `${sums.discarded} discarded and counted, ${sums.consumed} consumed in ${sums.packets} packets; ` +
    `${sums.killedWriters} writers and ${sums.killedReaders} readers killed, ${sums.stops} stopped; ${problems.length} problems.`;
  return { ...sums, problems, text };
}
