// SPDX-License-Identifier: MIT
// The service that http.bench measures, and the measuring: it switches its own instrumentation off
// and on in turn, window by window, and takes its process's CPU time a request in each, twice: of
// the steady part, which begins SETTLE_MS after the switch, and from the switch on, which pays for
// the switching. Prints one line of JSON.
//
//   http-service.js KIND SERVICE SETTLE_MS WINDOW_MS WINDOW_COUNT INTERVAL_US RIVAL_DIRECTORY
//   KIND: lockstep | sampler | control (both windows off) | cpu-prof | opentelemetry | plain (nothing
//   is switched: the program is measured as it is started, for http-kernel.bench)

import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import { Session } from 'node:inspector';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { loadNative } from '@lockstep/native';
import { CONTROL_FILE, publishPlan, readControlPage, SESSION_VARIABLE } from '@lockstep/protocol';

export interface HttpResult {
  readonly offUs: number;
  readonly onUs: number;
  /** Median over pairs of neighbouring windows, of their steady parts. */
  readonly ratio: number;
  /** The same with what switching on and off costs. */
  readonly wholeRatio: number;
  /** Of the first quartiles: what other work on the machine disturbs least. */
  readonly quietRatio: number;
  readonly requestCount: number;
  readonly pairCount: number;
}

type Switch = (isOn: boolean) => void;

const [
  kind = 'control',
  service = 'hello',
  settleText = '2',
  windowText = '50',
  countText = '200',
  intervalText = '1000',
  rivalDirectory = '',
] = process.argv.slice(2);
const settleMs = Number(settleText);
const windowMs = Number(windowText);
const windowCount = Number(countText);
let requestCount = 0;

function switchLockstep(isControl: boolean): Switch {
  const native = loadNative();
  const directory = process.env[SESSION_VARIABLE];
  if (native === undefined || directory === undefined) throw new Error('http-service needs the addon and a session');
  const { buffer } = native.mapFile(join(directory, CONTROL_FILE), { access: 'read-write' });
  const { plan } = readControlPage(buffer);
  const samplerIntervalUs = kind === 'sampler' ? Number(intervalText) : 0;
  const off = { ...plan, rules: [], samplerIntervalUs: 0 };
  return (isOn) => publishPlan(buffer, 'active', isOn && !isControl ? { ...plan, samplerIntervalUs } : off);
}

/** V8's profiler alone, as `node --cpu-prof` runs it: from one start to one stop, nothing recorded. */
function switchCpuProf(): Switch {
  const session = new Session();
  session.connect();
  session.post('Profiler.enable');
  session.post('Profiler.setSamplingInterval', { interval: Number(intervalText) });
  let isRunning = false;
  return (isOn) => {
    if (isOn === isRunning) return;
    isRunning = isOn;
    session.post(isOn ? 'Profiler.start' : 'Profiler.stop', () => undefined);
  };
}

interface Switchable {
  enable(): unknown;
  disable(): unknown;
}

/** OpenTelemetry as its documentation sets it up; spans are batched and thrown away. */
function switchOpenTelemetry(): Switch {
  const require = createRequire(join(rivalDirectory, 'package.json'));
  const { NodeTracerProvider, BatchSpanProcessor } = require('@opentelemetry/sdk-trace-node') as {
    NodeTracerProvider: new (options: object) => { register(): void };
    BatchSpanProcessor: new (exporter: object) => object;
  };
  const { HttpInstrumentation } = require('@opentelemetry/instrumentation-http') as {
    HttpInstrumentation: new () => Switchable;
  };
  const { registerInstrumentations } = require('@opentelemetry/instrumentation') as {
    registerInstrumentations(options: { instrumentations: object[] }): void;
  };
  const { context } = require('@opentelemetry/api') as { context: { _getContextManager(): Switchable } };
  const exporter = {
    export(_spans: unknown, done: (result: { code: number }) => void) {
      done({ code: 0 });
    },
    shutdown: () => Promise.resolve(),
  };
  new NodeTracerProvider({ spanProcessors: [new BatchSpanProcessor(exporter)] }).register();
  const instrumentation = new HttpInstrumentation();
  registerInstrumentations({ instrumentations: [instrumentation] });
  const contextManager = context._getContextManager();
  let isEnabled = true;
  return (isOn) => {
    if (isOn === isEnabled) return;
    isEnabled = isOn;
    for (const part of [instrumentation, contextManager]) {
      if (isOn) part.enable();
      else part.disable();
    }
  };
}

const hello: RequestListener = (_request, response) => {
  requestCount++;
  response.end('hello');
};

const items = Array.from({ length: 40 }, (_, index) => ({
  id: index,
  name: `item ${index}`,
  price: index * 1.25,
  tags: ['a', 'b'],
}));
const stored = JSON.stringify(items);

/** Some 100 µs of what services do: parse, choose, hash, await, print. */
async function answerSample(request: IncomingMessage, response: ServerResponse): Promise<void> {
  requestCount++;
  const parsed = JSON.parse(stored) as typeof items;
  await Promise.resolve();
  const chosen = parsed.filter((item) => item.price > 5).sort((a, b) => b.price - a.price);
  const etag = createHash('sha256').update(JSON.stringify(chosen)).digest('hex');
  await new Promise((resolve) => setImmediate(resolve));
  response.setHeader('content-type', 'application/json');
  response.setHeader('etag', etag);
  response.end(JSON.stringify({ url: request.url, chosen: chosen.slice(0, 10) }));
}
const sample: RequestListener = (request, response) => void answerSample(request, response);

const hostname = fileURLToPath(import.meta.url);
/** The same with a synchronous file read, which needs the request's identity. */
const reading: RequestListener = (request, response) => {
  readFileSync(hostname);
  sample(request, response);
};

function chooseSwitch(): Switch {
  if (kind === 'plain') return () => undefined;
  if (kind === 'opentelemetry') return switchOpenTelemetry();
  if (kind === 'cpu-prof') return switchCpuProf();
  return switchLockstep(kind === 'control');
}

const setInstrumentation = chooseSwitch();
// After the rival has hooked `require`.
const { createServer } = createRequire(import.meta.url)('node:http') as typeof import('node:http');
const server = createServer({ hello, sample, reading }[service] ?? hello);

server.listen(0, '127.0.0.1', () => {
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  const loadProgram = fileURLToPath(new URL('http-load.js', import.meta.url));
  const environment = { ...process.env };
  delete environment[SESSION_VARIABLE];
  delete environment.NODE_OPTIONS;
  const load = spawn('taskset', ['-c', '1', process.execPath, loadProgram, String(address.port)], {
    stdio: 'ignore',
    env: environment,
  });
  measure((result) => {
    load.kill();
    process.stdout.write(`${JSON.stringify(result)}\n`, () => process.exit(0));
  });
});

function cpuUs(): number {
  const usage = process.cpuUsage();
  return usage.user + usage.system;
}

interface WindowCost {
  readonly isOn: boolean;
  /** CPU time a request, of the steady part. */
  readonly us: number;
  /** The same from the switch on. */
  readonly wholeUs: number;
}

function measure(done: (result: HttpResult) => void): void {
  const warmUpCount = Math.max(4, Math.round(1500 / (settleMs + windowMs)));
  const costs: WindowCost[] = [];
  let windowIndex = -warmUpCount;
  let isOn = false;
  let whole = { us: 0, count: 0 };
  let steady = whole;
  const since = (begin: typeof whole): number => (cpuUs() - begin.us) / (requestCount - begin.count);

  function beginWindow(): void {
    // off on on off off on on off: a drift of the machine weighs on both alike.
    isOn = (windowIndex & 3) === 2 || (windowIndex & 3) === 3;
    whole = { us: cpuUs(), count: requestCount };
    // The next turn of the loop notices the change.
    setInstrumentation(isOn);
    setTimeout(() => {
      steady = { us: cpuUs(), count: requestCount };
      setTimeout(endWindow, windowMs);
    }, settleMs);
  }

  function endWindow(): void {
    if (windowIndex > 0) costs.push({ isOn, us: since(steady), wholeUs: since(whole) });
    windowIndex++;
    if (windowIndex > windowCount) done(summarize(costs));
    else beginWindow();
  }

  beginWindow();
}

function summarize(all: readonly WindowCost[]): HttpResult {
  // A window without a request says nothing, nor does its neighbour.
  const pairs: (readonly [on: WindowCost, off: WindowCost])[] = [];
  for (let index = 0; index + 1 < all.length; index += 2) {
    const [a, b] = [all[index], all[index + 1]];
    if (a === undefined || b === undefined || !Number.isFinite(a.us) || !Number.isFinite(b.us)) continue;
    pairs.push(a.isOn ? [a, b] : [b, a]);
  }
  const on = pairs.map((pair) => pair[0].us);
  const off = pairs.map((pair) => pair[1].us);
  return {
    offUs: median(off),
    onUs: median(on),
    ratio: median(pairs.map(([a, b]) => a.us / b.us)),
    wholeRatio: median(pairs.map(([a, b]) => a.wholeUs / b.wholeUs)),
    quietRatio: quantile(on, 0.25) / quantile(off, 0.25),
    requestCount,
    pairCount: pairs.length,
  };
}

function median(values: readonly number[]): number {
  return quantile(values, 0.5);
}

function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length * share)] ?? Number.NaN;
}
