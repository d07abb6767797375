// SPDX-License-Identifier: MIT
// Makes one file of each door of `@lockstep/base` and `@lockstep/ctf` (packages/*/dist/doors), and one of each of
// ctf's threads: a program that imports `@lockstep/ctf/node` would else resolve a hundred modules, 70 ms of the
// 120 until its first line. Run after `tsc -b`.
//
//   core.js    all of ctf that runs anywhere; so each class exists once, whichever doors a program opens
//   write.js   the small door, which shares a chunk with core.js
//   index.js, node.js   import core.js
//   *-worker.js   alone, with what the thread needs: it starts while the other already reads
//
// Bundles of the project's own take the modules (condition `lockstep-modules`): there unused parts fall away.

import { readdirSync, rmSync } from 'node:fs';
import { join, relative, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const packages = fileURLToPath(new URL('../packages/', import.meta.url));
const base = join(packages, 'base/dist');
const ctf = join(packages, 'ctf/dist');
const source = join(ctf, 'src');

const shared = {
  bundle: true,
  platform: 'neutral',
  mainFields: [],
  external: ['node:*', '@lockstep/base'],
  target: 'es2022',
  format: 'esm',
  conditions: ['lockstep-modules'],
  legalComments: 'none',
  sourcemap: 'linked',
  logLevel: 'warning',
  absWorkingDir: packages,
  metafile: true,
};

/** Modules of ctf that run anywhere, doors left out. */
function coreModules() {
  return readdirSync(source, { recursive: true })
    .map((path) => path.split(sep).join('/'))
    .filter((path) => path.includes('/') && path.endsWith('.js'))
    .filter((path) => !/^(node|testing)\/|\.test\.js$/.test(path));
}

const core = {
  name: 'core',
  setup(plugin) {
    plugin.onResolve({ filter: /^core$/ }, ({ path }) => ({ path, namespace: 'core' }));
    plugin.onLoad({ filter: /.*/, namespace: 'core' }, () => ({
      contents: coreModules()
        .map((path) => `export * from './${path}';`)
        .join('\n'),
      resolveDir: source,
    }));
  },
};

/** What runs anywhere comes out of core.js. */
const takeCore = {
  name: 'take-core',
  setup(plugin) {
    const modules = new Set(coreModules());
    plugin.onResolve({ filter: /^\.\.?\// }, ({ path, resolveDir }) =>
      modules.has(relative(source, join(resolveDir, path)).split(sep).join('/'))
        ? { path: './core.js', external: true }
        : undefined,
    );
  },
};

const outdir = join(ctf, 'doors');
const threads = ['count-worker.js', 'column-worker.js'].map((name) => join(source, 'node', name));
const results = await Promise.all([
  build({ ...shared, entryPoints: [join(base, 'src/index.js')], outdir: join(base, 'doors') }),
  build({
    ...shared,
    entryPoints: { core: 'core', write: join(source, 'write.js') },
    outdir,
    splitting: true,
    chunkNames: 'shared-[hash]',
    plugins: [core],
  }),
  build({
    ...shared,
    entryPoints: ['index.js', 'node.js'].map((door) => join(source, door)),
    outdir,
    plugins: [takeCore],
  }),
  build({ ...shared, external: ['node:*'], entryPoints: threads, outdir }),
]);
// Names of chunks change with their content.
const written = new Set(results.flatMap(({ metafile }) => Object.keys(metafile.outputs)));
for (const name of readdirSync(outdir))
  if (!written.has(`ctf/dist/doors/${name}`)) rmSync(join(outdir, name), { force: true });
