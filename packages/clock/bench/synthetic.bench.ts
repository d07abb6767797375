// SPDX-License-Identifier: MIT
// The synthetic clock over simulated counters whose rate changes, stops and differs by CPU: how wrong it
// was, without and with notices of the changes. With a path it draws both into an SVG file.
//
//   node packages/clock/dist/bench/synthetic.bench.js [FILE.svg]

import { writeFileSync } from 'node:fs';
import { seededRandom, SimulatedCounters } from '../src/testing/simulated-counter.ts';
import { simulateClock } from '../src/testing/simulate-clock.ts';

const PERIOD_NS = 100_000_000;
const LEAD_NS = 2_000_000;
const DURATION_NS = 5e9;
const WIDTH = 860;
const ROW_HEIGHT = 150;
const LEFT = 90;

interface Row {
  readonly title: string;
  readonly points: readonly (readonly [seconds: number, errorNs: number])[];
  readonly rates: readonly (readonly [seconds: number, rate: number])[];
}

function run(title: string, isNotified: boolean): Row {
  const random = seededRandom(7);
  const counters = new SimulatedCounters({
    cpuCount: 2,
    counterBits: 32,
    // OMAP3430's operating points, MHz / 1000.
    rates: [0.6, 0.55, 0.5, 0.25, 0.125],
    changeNs: 500_000_000,
    stopShare: 0.1,
    pairErrorNs: 100,
    random,
  });
  const points: [number, number][] = [];
  const rates: [number, number][] = [];
  const result = simulateClock(counters, {
    durationNs: DURATION_NS,
    periodNs: PERIOD_NS,
    leadNs: LEAD_NS,
    stepNs: 400_000,
    isNotified,
    random,
    onReading({ ns, trueNs, cpu, rate }) {
      if (cpu !== 0) return;
      points.push([trueNs / 1e9, ns - trueNs]);
      rates.push([trueNs / 1e9, rate]);
    },
  });
  const sorted = points.map(([, error]) => Math.abs(error)).toSorted((a, b) => a - b);
  const at = (share: number): string =>
    `${((sorted[Math.floor((sorted.length - 1) * share)] ?? 0) / 1e6).toFixed(4)} ms`;
  const bound = (1000 + (result.worstGapNs + LEAD_NS) * Math.max(1, result.worstRateError)) / 1e6;
  console.log(
    `${title}: ${result.readingCount} readings, ${result.backwardCount} went back; error median ${at(0.5)}, 99 % ${at(0.99)}, worst ${at(1)}; ` +
      `bound ${bound.toFixed(1)} ms (gap ${(result.worstGapNs / 1e6).toFixed(0)} ms, rate off by ${(result.worstRateError * 100).toFixed(0)} %)`,
  );
  return { title, points, rates };
}

function draw(rows: readonly Row[]): string {
  const height = rows.length * (ROW_HEIGHT + 40) + 20;
  const x = (seconds: number): string => (LEFT + (seconds / (DURATION_NS / 1e9)) * (WIDTH - LEFT - 20)).toFixed(1);
  const body = rows.map(({ title, points, rates }, index) => {
    const top = 30 + index * (ROW_HEIGHT + 40);
    const limit = Math.max(...points.map(([, error]) => Math.abs(error)), 1);
    const y = (error: number): string => (top + ROW_HEIGHT / 2 - (error / limit) * (ROW_HEIGHT / 2 - 4)).toFixed(1);
    const rateY = (rate: number): string => (top + ROW_HEIGHT - (rate / 0.6) * (ROW_HEIGHT - 8) - 4).toFixed(1);
    const thin = <T>(list: readonly T[]): readonly T[] => list.filter((_, at) => at % 6 === 0);
    return [
      `<text x="${LEFT}" y="${top - 8}">${title}</text>`,
      `<rect x="${LEFT}" y="${top}" width="${WIDTH - LEFT - 20}" height="${ROW_HEIGHT}" fill="none" stroke="#999"/>`,
      `<line x1="${LEFT}" x2="${WIDTH - 20}" y1="${y(0)}" y2="${y(0)}" stroke="#999"/>`,
      `<text x="4" y="${top + 12}">${(limit / 1e6).toFixed(2)} ms</text><text x="4" y="${top + ROW_HEIGHT}">${(-limit / 1e6).toFixed(2)} ms</text>`,
      `<polyline fill="none" stroke="#c9a227" stroke-width="1" points="${thin(rates)
        .map(([s, rate]) => `${x(s)},${rateY(rate)}`)
        .join(' ')}"/>`,
      `<polyline fill="none" stroke="#1f5fa8" stroke-width="1.2" points="${thin(points)
        .map(([s, error]) => `${x(s)},${y(error)}`)
        .join(' ')}"/>`,
    ].join('\n');
  });
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${height}" font-family="sans-serif" font-size="12">
<rect width="100%" height="100%" fill="#fff"/>
${body.join('\n')}
<text x="${LEFT}" y="${height - 8}">blue: error of the clock on CPU 0 over 5 s; yellow: rate of its counter, 0 to 600 MHz</text>
</svg>
`;
}

const rows = [run('compared each 100 ms', false), run('compared each 100 ms and told of changes of rate', true)];
const path = process.argv[2];
if (path !== undefined) writeFileSync(path, draw(rows));
