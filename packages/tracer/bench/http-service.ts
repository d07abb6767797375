// SPDX-License-Identifier: MIT
// The service that http.bench measures, and the measuring: it switches its own instrumentation off
// and on in turn, window by window, and takes its process's CPU time a request in each. Prints one
// line of JSON.
//
//   http-service.js KIND SERVICE WINDOW_MS WINDOW_COUNT
//   KIND: lockstep | sampler | control (both windows off) | opentelemetry

import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { loadNative } from '@lockstep/native';
import { CONTROL_FILE, publishPlan, readControlPage, SESSION_VARIABLE } from '@lockstep/protocol';

export interface HttpResult {
  readonly offUs: number;
  readonly onUs: number;
  /** Median over pairs of neighbouring windows. */
  readonly ratio: number;
  /** Of the first quartiles: what other work on the machine disturbs least. */
  readonly quietRatio: number;
  readonly requestCount: number;
  readonly pairCount: number;
}

type Switch = (isOn: boolean) => void;

const [kind = 'control', service = 'hello', windowText = '50', countText = '200', rivalDirectory = ''] =
  process.argv.slice(2);
const windowMs = Number(windowText);
const windowCount = Number(countText);
let requestCount = 0;

function switchLockstep(isControl: boolean): Switch {
  const native = loadNative();
  const directory = process.env[SESSION_VARIABLE];
  if (native === undefined || directory === undefined) throw new Error('http-service needs the addon and a session');
  const { buffer } = native.mapFile(join(directory, CONTROL_FILE), { access: 'read-write' });
  const { plan } = readControlPage(buffer);
  const samplerIntervalUs = kind === 'sampler' ? 1000 : 0;
  const off = { ...plan, rules: [], samplerIntervalUs: 0 };
  return (isOn) => publishPlan(buffer, 'active', isOn && !isControl ? { ...plan, samplerIntervalUs } : off);
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

const setInstrumentation = kind === 'opentelemetry' ? switchOpenTelemetry() : switchLockstep(kind === 'control');
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

function measure(done: (result: HttpResult) => void): void {
  const warmUpCount = Math.max(4, Math.round(1500 / windowMs));
  const costs: { readonly isOn: boolean; readonly us: number }[] = [];
  let windowIndex = -warmUpCount;
  let isOn = false;
  let beginUs = 0;
  let beginCount = 0;
  const timer = setInterval(() => {
    const count = requestCount - beginCount;
    if (windowIndex > 0) costs.push({ isOn, us: (cpuUs() - beginUs) / count });
    windowIndex++;
    if (windowIndex > windowCount) {
      clearInterval(timer);
      done(summarize(costs));
      return;
    }
    // off on on off off on on off: a drift of the machine weighs on both alike.
    isOn = (windowIndex & 3) === 2 || (windowIndex & 3) === 3;
    setInstrumentation(isOn);
    // The next turn of the loop notices the change; its cost belongs to no window.
    setTimeout(() => {
      beginUs = cpuUs();
      beginCount = requestCount;
    }, 2);
  }, windowMs);
}

function summarize(costs: readonly { readonly isOn: boolean; readonly us: number }[]): HttpResult {
  const ratios: number[] = [];
  for (let index = 0; index + 1 < costs.length; index += 2) {
    const [a, b] = [costs[index], costs[index + 1]];
    // A window without a request says nothing.
    if (a === undefined || b === undefined || !Number.isFinite(a.us) || !Number.isFinite(b.us)) continue;
    ratios.push(a.isOn ? a.us / b.us : b.us / a.us);
  }
  const of = (wanted: boolean): number[] =>
    costs.filter((cost) => cost.isOn === wanted && Number.isFinite(cost.us)).map((cost) => cost.us);
  const quietRatio = quantile(of(true), 0.25) / quantile(of(false), 0.25);
  return {
    offUs: median(of(false)),
    onUs: median(of(true)),
    ratio: median(ratios),
    quietRatio,
    requestCount,
    pairCount: ratios.length,
  };
}

function median(values: readonly number[]): number {
  return quantile(values, 0.5);
}

function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length * share)] ?? Number.NaN;
}
