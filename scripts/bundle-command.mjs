// SPDX-License-Identifier: MIT
// Makes one file of the `lockstep` command (packages/cli/dist/main.cjs), one of `record` and one of each of its threads:
// each module that Node resolves costs about half a millisecond, and `record` would resolve a hundred
// before the program starts. What is imported lazily is still run lazily. Run after `tsc -b`. The
// committed bin takes the modules themselves when they are newer.

import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { loaderText, markBundle } from './code-cache.mjs';

const packages = fileURLToPath(new URL('../packages/', import.meta.url));
const outdir = join(packages, 'cli/dist');

// Names of chunks change with their content.
for (const name of readdirSync(outdir)) if (/\.(js|cjs|cache)$/.test(name)) rmSync(join(outdir, name));

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

// Threads start from CommonJS: Node's loader of ES modules would take 5 ms of each.
const startThreads = {
  name: 'start-threads',
  setup(plugin) {
    plugin.onLoad({ filter: /[/\\](?:clock|ctf|kernel|session)[/\\]dist[/\\].*\.js$/ }, ({ path }) => {
      const text = readFileSync(path, 'utf8');
      const contents = text.replace(/(?<!from )'\.\/([\w-]+-worker)\.js'/g, `'./$1.cjs'`);
      return contents === text ? undefined : { contents, loader: 'js' };
    });
  },
};

const shared = {
  bundle: true,
  // Not the bundled doors: of modules what is not used falls away.
  conditions: ['lockstep-modules'],
  platform: 'node',
  target: 'node20',
  // Half the text is half the time to compile it; names stay, for stacks.
  minifyWhitespace: true,
  minifySyntax: true,
  plugins: [placePreload, startThreads],
  legalComments: 'none',
  logLevel: 'warning',
};

const commonJs = {
  format: 'cjs',
  // What is left of them are Node's own modules.
  supported: { 'dynamic-import': false },
  define: { 'import.meta.url': 'lockstepBundleUrl' },
  banner: { js: 'const lockstepBundleUrl = require("node:url").pathToFileURL(__filename).href;' },
};

// `record` has a file of its own: before the program starts, each 100 KB of text cost a millisecond.
const otherCommands = {
  name: 'other-commands',
  setup(plugin) {
    plugin.onResolve({ filter: /\/commands\/[\w-]+\.js$/ }, ({ path }) =>
      path.endsWith('/record.js') ? undefined : { path: './main.cjs', external: true },
    );
    // What is told of a trace once it is recorded: it reads and analyses, which recording does not.
    plugin.onResolve({ filter: /\/explain-recording\.js$/ }, () => ({
      // As the bin requires it, whose `require` the bundle has.
      path: '../dist/explain.cjs',
      external: true,
    }));
  },
};

for (const { name, entry, plugins } of [
  { name: 'main', entry: 'program.js', plugins: [] },
  { name: 'record', entry: 'program.js', plugins: [otherCommands] },
  { name: 'explain', entry: 'explain-recording.js', plugins: [] },
]) {
  const outfile = join(outdir, `${name}.cjs`);
  await build({
    ...shared,
    entryPoints: [join(packages, 'cli/dist/src', entry)],
    outfile,
    ...commonJs,
    plugins: [...shared.plugins, ...plugins],
  });
  markBundle(outfile);
}
writeFileSync(
  join(outdir, 'load-bundle.cjs'),
  `// SPDX-License-Identifier: MIT\n'use strict';\n${loaderText}\nexports.loadBundle = loadBundle;\n`,
);

// Threads, found beside the file that starts them.
await build({
  ...shared,
  ...commonJs,
  entryPoints: [
    join(packages, 'clock/dist/src/keeper-worker.js'),
    join(packages, 'ctf/dist/src/node/count-worker.js'),
    join(packages, 'session/dist/src/consumer/consumer-worker.js'),
    join(packages, 'kernel/dist/src/reader-worker.js'),
    join(packages, 'kernel/dist/src/converter-worker.js'),
    join(packages, 'kernel/dist/src/state-dump/state-dump-worker.js'),
  ],
  outdir,
  entryNames: '[name]',
  outExtension: { '.js': '.cjs' },
});
