// SPDX-License-Identifier: MIT
// Makes the file that `record` preloads into programs: the tracer, its instrumentation of Node and
// all they import as one CommonJS file (packages/tracer/dist/preload-main.cjs), and the guard before
// it (preload.cjs). Run after `tsc -b packages/tracer`.
//
// One file, since each module that Node resolves costs the traced program start-up time; CommonJS,
// since `--require` runs before the program's first line.

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { loaderText, markBundle } from './code-cache.mjs';

const tracer = fileURLToPath(new URL('../packages/tracer/', import.meta.url));
const dist = join(tracer, 'dist');

// The tracer's own work on files must not appear as the program's: it keeps the functions of `fs` as
// they are before they are observed.
const keepOriginalFs = {
  name: 'keep-original-fs',
  setup(plugin) {
    plugin.onResolve({ filter: /^(node:)?fs$/ }, ({ namespace }) =>
      namespace === 'original-fs' ? { path: 'fs', external: true } : { path: 'fs', namespace: 'original-fs' },
    );
    plugin.onLoad({ filter: /.*/, namespace: 'original-fs' }, () => ({
      contents: 'module.exports = Object.defineProperties({}, Object.getOwnPropertyDescriptors(require("fs")));',
      loader: 'js',
    }));
  },
};

// Making the first TextDecoder costs 2 to 5 ms, a seventh of what preloading may cost; Buffer does
// the same work without ICU.
const decodeByBuffer = {
  name: 'decode-by-buffer',
  setup(plugin) {
    plugin.onLoad({ filter: /base[/\\]dist[/\\]src[/\\]text\.js$/ }, () => ({
      contents: `
        const encoder = new TextEncoder();
        export function encodeUtf8(text) { return encoder.encode(text); }
        export function encodeUtf8Into(text, target) { return encoder.encodeInto(text, target); }
        export function decodeUtf8(bytes) { return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8'); }`,
      loader: 'js',
    }));
  },
};

// Loading node:crypto costs 4 ms and more; all that is needed of it is one random uuid.
const uuidOfKernel = {
  name: 'uuid-of-kernel',
  setup(plugin) {
    plugin.onResolve({ filter: /^(node:)?crypto$/ }, ({ namespace }) =>
      namespace === 'uuid-of-kernel'
        ? { path: 'crypto', external: true }
        : { path: 'crypto', namespace: 'uuid-of-kernel' },
    );
    plugin.onLoad({ filter: /.*/, namespace: 'uuid-of-kernel' }, () => ({
      contents: `
        const { readFileSync } = require('fs');
        exports.randomUUID = () => {
          try { return readFileSync('/proc/sys/kernel/random/uuid', 'latin1').trim(); }
          catch { return require('crypto').randomUUID(); }
        };`,
      loader: 'js',
    }));
  },
};

const main = join(dist, 'preload-main.cjs');
await build({
  entryPoints: [join(dist, 'src/preload.js')],
  outfile: main,
  bundle: true,
  // Not the bundled doors: of modules what is not used falls away.
  conditions: ['lockstep-modules'],
  platform: 'node',
  format: 'cjs',
  target: 'node20.19',
  supported: { 'dynamic-import': false },
  legalComments: 'none',
  minifyWhitespace: true,
  minifySyntax: true,
  // As with fs: the tracer's own use of JSON is not the program's.
  define: {
    'import.meta.url': 'lockstepBundleUrl',
    'JSON.parse': 'lockstepParse',
    'JSON.stringify': 'lockstepStringify',
  },
  // Modules are strict and functions of scripts that are not have visible properties more.
  banner: {
    js: '"use strict";const lockstepBundleUrl = require("node:url").pathToFileURL(__filename).href, { parse: lockstepParse, stringify: lockstepStringify } = JSON;',
  },
  plugins: [keepOriginalFs, decodeByBuffer, uuidOfKernel],
  logLevel: 'warning',
});

markBundle(main);

// Written for the oldest Node that has --require: no syntax and no function that one could lack.
writeFileSync(
  join(dist, 'preload.cjs'),
  `// SPDX-License-Identifier: MIT
// Preloaded into traced programs. Leaves at once where there is no session or Node is too old.
'use strict';
(function () {
  var environment = process.env;
  if (!environment.LOCKSTEP_SESSION) return;
  var version = process.versions.node.split('.');
  var major = Number(version[0]);
  if (major < 20 || (major === 20 && Number(version[1]) < 19)) return;
  try {
    loadBundle(__dirname + '/preload-main.cjs', require);
  } catch (error) {
    if (environment.LOCKSTEP_DEBUG === '1') process.stderr.write('lockstep: ' + (error && error.stack) + '\\n');
  }
${loaderText.trim().replace(/^/gm, '  ')}
})();
`,
);
