// SPDX-License-Identifier: MIT
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { analyzeStalls } from '../stalls/analyze-stalls.ts';
import type { StallReport } from '../stalls/stall-report.ts';
import { timeline } from '../testing/timeline.ts';
import { formatStallsMarkdown } from './format-stalls-markdown.ts';
import { formatStallsText } from './format-stalls-text.ts';
import { formatStallsJson } from './stalls-json.ts';

function twoStalls(): StallReport {
  return analyzeStalls(
    timeline(`
    cpu0  |MMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMFFFFFFFFFFFFFFFFFFFFFFFFFMM
    js    | aaaaaaaaaaaaaaaaaaaaaaaaaaaaa
    http  | g
    loop  | [===========================] [================================]`),
  );
}

test('the screen: stalls in order, their causes, the loop', () => {
  assert.equal(
    formatStallsText(twoStalls(), { isUtc: true }),
    `2 stalls over 20 ms in 65 ms
22:13:20.001 #2 event loop blocked 29 ms: 29 ms running renderReport (report.js:88)
    serving GET /report; 1 request open at its end
22:13:20.031 #1 event loop blocked 34 ms: 25 ms runnable but preempted by tid 771 ffmpeg, 9 ms running, at what is not known

By cause:
  stalls     total     worst  cause
       1     29 ms     29 ms  running renderReport (report.js:88)
       1     25 ms     25 ms  runnable but preempted by tid 771 ffmpeg
       1      9 ms      9 ms  running, at what is not known

server.js (pid 1000): 2 loop iterations, median 29 ms, 99 % below 34 ms, longest 34 ms, busy 63 ms
`,
  );
});

test('of many stalls the longest are listed and the others counted', () => {
  const text = formatStallsText(twoStalls(), { isUtc: true, maxStalls: 1 });
  assert.match(text, /event loop blocked 34 ms/);
  assert.doesNotMatch(text, /event loop blocked 29 ms/);
  assert.match(text, /\n1 shorter one not listed\.\n/);
});

test('a healthy program is told so in one line', () => {
  const report = analyzeStalls(
    timeline(`
    cpu0  |MM..MM..MM..MMM.F
    wait  |  ss  ss  ss
    loop  |[]  []  []  [=] `),
  );
  assert.match(formatStallsText(report), /^no stall over 20 ms in 16 ms\n/);
});

test('a trace without loop iterations says where they would come from', () => {
  const report = analyzeStalls(timeline(`cpu0 |MMFF`, { hasProcess: false }));
  assert.match(formatStallsText(report), /^no event loop was recorded in .*-u 'node:\*'\n/);
});

test('an empty trace is told, not refused', () => {
  assert.match(formatStallsText(analyzeStalls([])), /^no event loop was recorded in 0 ms/);
});

test('Markdown keeps names from traces from becoming markup', () => {
  const markdown = formatStallsMarkdown(twoStalls(), { isUtc: true });
  assert.match(markdown, /^# Event-loop stalls\n\n2 stalls over 20 ms in 65 ms\.\n/);
  assert.match(markdown, /\| 1 \| 29 ms \| 29 ms \| running renderReport \(report\.js:88\) \|/);
  const report = {
    ...twoStalls(),
    causes: [{ key: 'x', text: 'in `a|b` <img>', count: 1, totalMs: 1, worstMs: 1, worstBeginNs: 0n }],
  };
  assert.match(formatStallsMarkdown(report), /in \\`a\\\|b\\` \\<img\\>/);
});

test('JSON has bigints as text and the wall clock beside them', () => {
  const json = JSON.parse(formatStallsJson(twoStalls())) as {
    version: number;
    stalls: { begin: string; beginNs: string }[];
  };
  assert.equal(json.version, 1);
  assert.equal(json.stalls[0]?.begin, '2023-11-14T22:13:20.001Z');
  assert.equal(json.stalls[0]?.beginNs, '1700000000001000000');
});
