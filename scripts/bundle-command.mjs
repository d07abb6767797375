// SPDX-License-Identifier: MIT
// Makes few files of the `lockstep` command (packages/cli/dist/*.js): each module that Node resolves
// costs about half a millisecond, and `record` would resolve a hundred before the program starts. What
// is imported lazily stays lazy, in files of its own. Run after `tsc -b`. The committed bin takes
// the modules themselves when they are newer.

import { readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const packages = fileURLToPath(new URL('../packages/', import.meta.url));
const outdir = join(packages, 'cli/dist');

// Names of chunks change with their content.
for (const name of readdirSync(outdir)) if (name.endsWith('.js')) rmSync(join(outdir, name));

// It finds the preloaded file relative to itself, and lies elsewhere in the bundle.
const placePreload = {
  name: 'place-preload',
  setup(plugin) {
    plugin.onLoad({ filter: /tracer[/\\]dist[/\\]src[/\\]preload-path\.js$/ }, ({ path }) => {
      const text = readFileSync(path, 'utf8');
      const contents = text.replace("'../preload.cjs'", "'../../tracer/dist/preload.cjs'");
      if (contents === text) throw new Error('preload-path.ts names its file in another way now; mend this plugin');
      return { contents, loader: 'js' };
    });
  },
};

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
  // Half the text is half the time to compile it; names stay, for stacks.
  minifyWhitespace: true,
  minifySyntax: true,
  plugins: [placePreload],
  // commander is CommonJS and requires modules of Node.
  banner: {
    js: "import { createRequire as createRequireOf } from 'node:module'; const require = createRequireOf(import.meta.url);",
  },
  legalComments: 'none',
  logLevel: 'warning',
});
