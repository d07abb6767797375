// SPDX-License-Identifier: MIT
// The sample service's own load: node load.js PORT MS. Asks the ordinary routes all the time over a
// few connections, and each planted route in its turn; ends by itself and tells what it got.

import { Agent, request } from 'node:http';

const port = Number(process.argv[2]);
const durationMs = Number(process.argv[3] ?? 8000);
const begin = Date.now();
const end = begin + durationMs;
const agent = new Agent({ keepAlive: true, maxSockets: 4 });
let answered = 0;
let failed = 0;

/** One request; resolves when the response has been read, whatever came. */
function ask(method, path, body) {
  return new Promise((resolve) => {
    const outgoing = request({ host: '127.0.0.1', port, method, path, agent }, (response) => {
      response.on('data', () => {});
      response.on('end', () => {
        answered += 1;
        resolve();
      });
    });
    outgoing.on('error', () => {
      failed += 1;
      resolve();
    });
    outgoing.end(body);
  });
}

const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

async function shopper(number) {
  for (let turn = 0; Date.now() < end; turn += 1) {
    await ask('GET', `/?page=${turn}`);
    await ask('GET', `/search?term=${['lamp', 'red', 'clock%201', 'spoon'][(turn + number) % 4]}`);
    await ask('POST', '/order', JSON.stringify({ product: turn * 131 + number, quantity: 1 + (turn % 5) }));
    await sleep(8);
  }
}

/** Each planted cause again and again, well apart, so that each stall has one main cause. */
async function troublemaker() {
  const routes = ['/report', '/report?crowded=1', '/catalog', '/import', '/garbage'];
  const gapMs = Math.min(400, durationMs / 12);
  await sleep(gapMs);
  for (let turn = 0; Date.now() < end - gapMs; turn += 1) {
    await ask('GET', routes[turn % routes.length]);
    await sleep(gapMs);
  }
}

await Promise.all([shopper(0), shopper(1), shopper(2), troublemaker()]);
agent.destroy();
process.send?.({ answered, failed });
process.disconnect?.();
process.exitCode = failed > 0 ? 1 : 0;
