// SPDX-License-Identifier: MIT
// The sample service: a small shop over HTTP on the loopback, with its own load and planted causes of
// event-loop stalls, to see what `lockstep record` and `lockstep stalls` make of them. Runs for about
// nine seconds and ends by itself.
//
//   node examples/http-server/main.js [--duration MS] [--no-planted-hog]
//
//   route                planted cause
//   /                    none
//   /search              none
//   POST /order          none; records shop:order_placed
//   /report              JavaScript: renderReport (src/report.ts), compiled with a source map
//   /catalog             readFileSync of a large file that is not in the page cache, where dd can drop it
//   /import              JSON.parse of some 8 MB
//   /garbage             allocation until the collector has work
//   /report?crowded=1    the report again, while another process wants the same CPU

import { execFile, fork, spawn, spawnSync } from 'node:child_process';
import { closeSync, existsSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs';
import { createServer } from 'node:http';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const reportPath = new URL('dist/report.js', import.meta.url);
if (!existsSync(reportPath)) {
  console.error('The sample service is not built yet: run `npm run build` first.');
  process.exit(1);
}
const { renderReport } = await import(reportPath.href);
const { Shop } = await import('./shop.js');

const { values: options } = parseArgs({
  options: { duration: { type: 'string' }, 'no-planted-hog': { type: 'boolean' } },
});
const durationMs = Number(options.duration ?? process.env.EXAMPLE_DURATION_MS ?? 9000);
if (!Number.isFinite(durationMs) || durationMs < 100) {
  console.error('--duration wants a number of milliseconds from 100 on.');
  process.exit(1);
}
const CATALOG_BYTES = 48 * 1024 * 1024;
const REPORT_ORDERS = 60_000;
const REPORT_SKUS = 150;
/** Makes 8 MB of the products. */
const IMPORT_COPIES = 7;
/** Processes that share the CPU with the service while it is crowded. */
const HOG_COUNT = 2;
const HOG_MS = 250;

const shop = new Shop();
const skus = shop.products.slice(0, REPORT_SKUS).map((product) => product.sku);
const history = Array.from({ length: REPORT_ORDERS }, (_, id) => ({
  id,
  sku: skus[(id * 7919) % skus.length],
  total: ((id * 31) % 9000) / 100,
  placedAt: id,
}));
const directory = mkdtempSync(join(tmpdir(), 'lockstep-example-'));
const catalogPath = join(directory, 'catalog.bin');
writeCatalog(catalogPath);
const importText = `{"products":[${Array(IMPORT_COPIES)
  .fill(shop.products.map((product) => JSON.stringify(product)).join())
  .join()}]}`;
const children = new Set();
const crowdedCpu = options['no-planted-hog'] === true ? undefined : chooseCpu();
let served = 0;

const server = createServer((incoming, response) => {
  answer(incoming, response).catch((error) => {
    response.statusCode = 500;
    response.end(String(error));
  });
});

async function answer(incoming, response) {
  const url = new URL(incoming.url ?? '/', 'http://localhost');
  served += 1;
  switch (`${incoming.method} ${url.pathname}`) {
    case 'GET /':
      response.setHeader('content-type', 'text/html');
      return response.end(shop.renderFront(Number(url.searchParams.get('page') ?? 0)));
    case 'GET /search':
      return sendJson(response, shop.search(url.searchParams.get('term') ?? ''));
    case 'POST /order':
      return sendJson(response, shop.placeOrder(JSON.parse(await readBody(incoming))));
    case 'GET /report':
      if (url.searchParams.has('crowded')) await crowd();
      return response.end(renderReport(history, skus));
    case 'GET /catalog':
      await dropFromCache(catalogPath);
      return sendJson(response, { bytes: shop.readCatalog(catalogPath) });
    case 'GET /import':
      return sendJson(response, { products: shop.importProducts(importText) });
    case 'GET /garbage':
      return sendJson(response, { kept: shop.makeGarbage() });
    default:
      response.statusCode = 404;
      return response.end();
  }
}

function sendJson(response, value) {
  response.setHeader('content-type', 'application/json');
  response.end(JSON.stringify(value));
}

async function readBody(incoming) {
  let body = '';
  for await (const chunk of incoming) body += chunk;
  return body;
}

function writeCatalog(path) {
  const fd = openSync(path, 'w', 0o600);
  const block = Buffer.alloc(1 << 20, 'catalog ');
  for (let written = 0; written < CATALOG_BYTES; written += block.length) writeSync(fd, block);
  closeSync(fd);
}

/** Asks the kernel to forget the file's pages, without root: a read has to wait for the disk then. */
function dropFromCache(path) {
  return new Promise((resolve) => {
    const arguments_ = [`of=${path}`, 'oflag=nocache', 'conv=notrunc,fdatasync', 'count=0', 'status=none'];
    execFile('dd', arguments_, { env: plainEnvironment() }, () => resolve(undefined));
  });
}

/** The CPU that the service's main thread is kept on, so that hogs can be put there too; undefined = no taskset. */
function chooseCpu() {
  const cpu = availableParallelism() - 1;
  const { status } = spawnSync('taskset', ['-c', '-p', String(cpu), String(process.pid)], { stdio: 'ignore' });
  return status === 0 ? cpu : undefined;
}

/** Hogs are strangers to the recording, as in life. */
function plainEnvironment() {
  const { NODE_OPTIONS: _options, LOCKSTEP_SESSION: _session, ...rest } = process.env;
  return rest;
}

/** Starts the hogs and waits until they are at it. */
async function crowd() {
  if (options['no-planted-hog'] === true) return;
  const hog = [process.execPath, fileURLToPath(new URL('hog.js', import.meta.url)), String(HOG_MS)];
  const count = crowdedCpu === undefined ? HOG_COUNT * availableParallelism() : HOG_COUNT;
  for (let i = 0; i < count; i += 1) {
    const [file, ...rest] = crowdedCpu === undefined ? hog : ['taskset', '-c', String(crowdedCpu), ...hog];
    follow(spawn(file, rest, { env: plainEnvironment(), stdio: 'ignore' }));
  }
  await new Promise((resolve) => setTimeout(resolve, 120));
}

function follow(child) {
  children.add(child);
  child.on('exit', () => children.delete(child));
  child.on('error', () => children.delete(child));
  return child;
}

function cleanUp() {
  for (const child of children) child.kill('SIGKILL');
  rmSync(directory, { recursive: true, force: true });
}
process.on('exit', cleanUp);
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => process.exit(signal === 'SIGINT' ? 130 : 143));

server.listen(0, '127.0.0.1', () => {
  const { port } = server.address();
  console.log(`shop on http://127.0.0.1:${port}, under its own load for ${(durationMs / 1000).toFixed(1)} s`);
  const load = follow(fork(fileURLToPath(new URL('load.js', import.meta.url)), [String(port), String(durationMs)]));
  let told = { answered: 0, failed: 0 };
  load.on('message', (message) => (told = message));
  load.on('exit', (code) => {
    console.log(
      `${told.answered} requests answered, ${told.failed} failed, ${served} served, ${shop.orders.length} orders placed`,
    );
    process.exitCode = code === 0 ? 0 : 1;
    server.close();
    server.closeAllConnections();
  });
});
