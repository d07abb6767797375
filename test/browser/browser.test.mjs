// SPDX-License-Identifier: MIT
// The reader in Chromium: the same records as in Node, from Blobs, on a page that may generate code and
// on one whose Content-Security-Policy forbids it, where the interpreting decoder takes over by itself.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { test } from 'node:test';
import { build } from 'esbuild';
import fc from 'fast-check';
import { writeJsonMetadata } from '../../packages/ctf/dist/src/index.js';
import { arbitraryBytes, arbitraryTraceClass } from '../../packages/ctf/dist/src/testing/arbitrary-trace.js';
import { readAll } from './read-all.mjs';

const CHROMIUM = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'].find((path) =>
  existsSync(path),
);
const SKIP =
  process.env.LOCKSTEP_TEST_LONG === undefined
    ? 'a long test: set LOCKSTEP_TEST_LONG=1'
    : CHROMIUM === undefined
      ? 'no Chromium is installed (apt-get install chromium)'
      : false;
const STRICT_POLICY = "default-src 'none'; script-src 'self'; connect-src 'self'";
const here = fileURLToPath(new URL('.', import.meta.url));

function makeCases() {
  const classes = fc.sample(arbitraryTraceClass, { numRuns: 25, seed: 2026 });
  const streams = fc.sample(arbitraryBytes, { numRuns: 4, seed: 11 }).map((bytes) => [...bytes]);
  return classes.map((traceClass) => ({ metadata: writeJsonMetadata(traceClass), streams }));
}

async function serve(cases) {
  const bundle = await build({
    stdin: {
      contents: `import { readAll } from './read-all.mjs';
        let mayGenerate = true;
        addEventListener('unhandledrejection', ({ reason }) =>
          fetch('/result', { method: 'POST', body: JSON.stringify({ error: String(reason?.stack ?? reason) }) }));
        try { new Function('return 1'); } catch { mayGenerate = false; }
        const cases = await (await fetch('/cases')).json();
        const text = await readAll(cases);
        const result = JSON.stringify({ generates: mayGenerate, text });
        await fetch('/result', { method: 'POST', body: result });`,
      resolveDir: here,
      loader: 'js',
    },
    bundle: true,
    write: false,
    format: 'esm',
    platform: 'browser',
    target: 'es2022',
  });
  const page = '<!doctype html><meta charset="utf-8"><body><script type="module" src="/page.js"></script></body>';
  const server = createServer((request, response) => {
    if (request.url === '/page.js') {
      response.setHeader('content-type', 'text/javascript');
      response.end(bundle.outputFiles[0].contents);
    } else if (request.url === '/result') {
      let body = '';
      request.on('data', (chunk) => (body += chunk));
      request.on('end', () => {
        response.end();
        server.emit('result', JSON.parse(body));
      });
    } else if (request.url === '/cases') response.end(JSON.stringify(cases));
    else {
      if (request.url === '/strict') response.setHeader('content-security-policy', STRICT_POLICY);
      response.setHeader('content-type', 'text/html');
      response.end(page);
    }
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  return server;
}

/** What the page's script sends when it is done. */
async function visit(server, path) {
  const profile = mkdtempSync(join(tmpdir(), 'lockstep-chromium-'));
  const url = `http://127.0.0.1:${server.address().port}${path}`;
  const chromium = spawn(
    CHROMIUM,
    [
      '--headless',
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
      '--disable-dev-shm-usage',
      `--user-data-dir=${profile}`,
      url,
    ],
    { stdio: ['ignore', 'ignore', 'pipe'] },
  );
  let errors = '';
  chromium.stderr.on('data', (chunk) => (errors += chunk));
  const ended = once(chromium, 'close');
  try {
    const signal = AbortSignal.timeout(60_000);
    const [result] = await Promise.race([
      once(server, 'result', { signal }),
      ended.then(() => Promise.reject(new Error(`Chromium ended: ${errors.slice(-500)}`))),
    ]);
    return result;
  } finally {
    chromium.kill();
    await ended;
    rmSync(profile, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 });
  }
}

test('Chromium reads what Node reads, with code and where a policy forbids it', { skip: SKIP }, async () => {
  const cases = makeCases();
  const expected = await readAll(cases);
  assert.equal(await readAll(cases, 'interpreted'), expected);
  assert.ok(Number.parseInt(expected, 10) > 500, expected);
  const server = await serve(cases);
  try {
    assert.deepEqual(await visit(server, '/'), { generates: true, text: expected });
    assert.deepEqual(await visit(server, '/strict'), { generates: false, text: expected });
  } finally {
    server.close();
  }
});

test('Node that may not generate code reads the same', { skip: SKIP }, async () => {
  const script = `import { readAll } from ${JSON.stringify(new URL('./read-all.mjs', import.meta.url).href)};
    let text = ''; for await (const chunk of process.stdin) text += chunk;
    console.log(await readAll(JSON.parse(text)));`;
  const child = spawn(
    process.execPath,
    ['--disallow-code-generation-from-strings', '--input-type=module', '--eval', script],
    { stdio: ['pipe', 'pipe', 'inherit'] },
  );
  const cases = makeCases();
  child.stdin.end(JSON.stringify(cases));
  let output = '';
  for await (const chunk of child.stdout) output += chunk;
  assert.equal(output.trim(), await readAll(cases));
});
