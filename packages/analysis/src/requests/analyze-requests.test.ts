// SPDX-License-Identifier: MIT
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { requestPicture } from '../testing/request-picture.ts';
import { analyzeRequests } from './analyze-requests.ts';
import type { RequestExplanation, RequestReport } from './request-report.ts';

function reportOf(picture: string, poolSize?: number): RequestReport {
  const report = analyzeRequests(requestPicture(picture, poolSize), { thresholdMs: 5, maxRequests: 10 });
  for (const { causes, durationMs } of report.slowest) {
    const sum = causes.reduce((ms, cause) => ms + cause.ms, 0);
    assert.ok(Math.abs(sum - durationMs) < 1e-6, `causes sum to ${sum} of ${durationMs}`);
  }
  return report;
}

function find(report: RequestReport, url: string): RequestExplanation {
  const found = report.slowest.find((request) => request.url === url);
  assert.ok(found !== undefined, `no ${url}`);
  return found;
}

test('its own JavaScript, and waiting for a peer while the loop waits', () => {
  const report = reportOf(`
    loop   |  [==]            [==]
    A      |   <                >
    A.http |    (             )
    js     |   aa              bb`);
  assert.match(
    find(report, '/a').sentence,
    /^GET \/a took 19 ms: 12 ms waiting for 10\.0\.0\.7:80 \(http GET \/rows\), 2 ms running a \(app\.js:1\), /,
  );
});

test('a request that comes while another computes was queued', () => {
  const report = reportOf(`
    loop   |  [==============]
    A      |  <             >
    B      |             <   >
    js     |  aaaaaaaaaaaabbbb`);
  assert.match(
    find(report, '/b').sentence,
    /^GET \/b took 16 ms: 11 ms waiting for the event loop, busy with a \(app\.js:1\), 4 ms running b/,
  );
});

test('an answer that lay while the loop was busy with another is that wait, not its peer', () => {
  const report = reportOf(`
    loop   |  [==]      [==========][==]
    A      |  <                      >
    A.http |   (                     )
    B      |            <       >
    js     |            bbbbbbbbbbb  a`);
  assert.match(find(report, '/a').sentence, /11 ms waiting for the event loop, busy with b/);
  assert.match(find(report, '/a').sentence, /6 ms waiting for 10\.0\.0\.7:80/);
});

test('a file is read in steps: while the loop is busy with another request, it is the loop that is waited for', () => {
  const report = reportOf(`
    loop   |  [==]    [==========][=]   [=]
    A      |   <                        >
    A.file |    (                       )
    B      |          <          >
    js     |          bbbbbbbbbbbb`);
  assert.match(
    find(report, '/a').sentence,
    /^GET \/a took 27 ms: 12 ms waiting for the event loop, busy with b \(app\.js:1\), 7 ms in fs\.readFile /,
  );
});

test('operations wait in the pool behind as many as it has threads', () => {
  const report = reportOf(
    `
    loop     |[==]      [=]       [=]
    A        |<          >
    A.crypto |(          )
    B        | <                   >
    B.crypto | (                   )`,
    1,
  );
  assert.match(
    find(report, '/b').sentence,
    /10 ms in crypto\.pbkdf2 on the thread pool, 6 ms in the queue of the thread pool \(1 threads\) for crypto\.pbkdf2/,
  );
  assert.match(report.sentence, /^2 requests of 2 took 5 ms or more/);
});

test('a wait that no event tells of is unknown, and the report says what would tell', () => {
  const report = reportOf(`
    loop   |  [==]            [==]
    A      |   <                >
    B      |   <               >`);
  assert.match(find(report, '/a').sentence, /12 ms waiting, for what is not known/);
  assert.ok(report.doubts.some(({ about, text }) => about === 'unknown-waits' && text.includes('record as root')));
});

test('who goes on in the turn of another request waited behind it: a lock in JavaScript', () => {
  const report = reportOf(`
    loop    |  [==]          [==]         [=]
    A       |  <               >
    A.sleep |   (            )
    B       |   <                           >
    B.sleep |                  (           )`);
  assert.match(
    find(report, '/b').sentence,
    /10 ms waiting behind other requests, as in a lock or a queue of the program's own JavaScript/,
  );
});

test('a child process that is waited for is told by its program, until its pipes are closed', () => {
  const report = reportOf(`
    loop    |  [==]            [==]
    A       |  <                >
    A.child |   (             )`);
  assert.match(find(report, '/a').sentence, /1[12] ms waiting for the child process convert/);
});

test('a timer that only guards a request is not what it waited for', () => {
  const report = reportOf(`
    loop    |  [==]          [==]               [=]
    A       |  <                >
    A.http  |   (            )
    A.sleep |   (                               )`);
  assert.doesNotMatch(find(report, '/a').sentence, /timer/);
  assert.match(find(report, '/a').sentence, /10 ms waiting for 10\.0\.0\.7:80/);
});

test('a call to a peer is told by the step that it is in: queue of the agent, connecting, the answer', () => {
  const report = reportOf(`
    loop      |  [==]          [==]        [==]      [=]
    A         |  <                                     >
    A.queue   |   (            )
    A.connect |                 (          )
    A.http    |                 (                    )`);
  const { sentence } = find(report, '/a');
  assert.match(sentence, /waiting for a free connection to 10\.0\.0\.7:80, of which its agent has 1/);
  assert.match(sentence, /connecting to 10\.0\.0\.7:80/);
  assert.match(sentence, /waiting for 10\.0\.0\.7:80 \(http GET \/rows\)/);
});

test('a request that never ended is told with what it waits for', () => {
  const rows = `
    loop   |[=]${' '.repeat(1500)}[=]
    A      |<
    A.http | (`;
  const report = reportOf(rows);
  assert.equal(report.openCount, 1);
  assert.match(
    find(report, '/a').sentence,
    /^GET \/a had taken, when the trace ended, 15\d\d ms: 15\d\d ms waiting for 10/,
  );
});

test('a program without requests says so', () => {
  assert.equal(reportOf('loop |[==]').sentence, 'no HTTP server request was recorded');
});
