// SPDX-License-Identifier: MIT
// Makes few files of the `lockstep` command (packages/cli/dist/*.js): each module that Node resolves
// costs about half a millisecond, and `record` would resolve a hundred before the program starts. What
// is imported lazily stays lazy, in files of its own. Run after `tsc -b`. The committed bin takes
// the modules themselves when they are newer.

import { readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const packages = fileURLToPath(new URL('../packages/', import.meta.url));
const outdir = join(packages, 'cli/dist');

// Names of chunks change with their content.
for (const name of readdirSync(outdir)) if (name.endsWith('.js')) rmSync(join(outdir, name));

await build({
  entryPoints: [
    join(packages, 'cli/dist/src/main.js'),
    // Threads, found beside the file that starts them.
    join(packages, 'session/dist/src/consumer/consumer-worker.js'),
    join(packages, 'kernel/dist/src/reader-worker.js'),
    join(packages, 'kernel/dist/src/converter-worker.js'),
  ],
  outdir,
  entryNames: '[name]',
  chunkNames: '[name]-[hash]',
  bundle: true,
  splitting: true,
  format: 'esm',
  platform: 'node',
  target: 'node20',
  // It finds its own files relative to itself.
  external: ['@lockstep/tracer/*'],
  // commander is CommonJS and requires modules of Node.
  banner: {
    js: "import { createRequire as createRequireOf } from 'node:module'; const require = createRequireOf(import.meta.url);",
  },
  legalComments: 'none',
  logLevel: 'warning',
});
