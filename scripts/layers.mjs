// SPDX-License-Identifier: MIT
// Layer check: imports between packages go down the picture in ARCHITECTURE.md, through a package's
// doors, without cycles; isomorphic packages import nothing of Node. Prints each breach and exits 1.

import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { root } from './prepare.mjs';

// package -> what it may import. A door other than the main one is named with it.
const ALLOWED = {
  base: [],
  native: ['base'],
  clock: ['base', 'native'],
  filter: ['base'],
  symbols: ['base'],
  'ring-buffer': ['base', 'native', 'clock'],
  // protocol: the live protocol, in ctf/node.
  ctf: ['base', 'protocol'],
  protocol: ['base'],
  tracer: ['base', 'native', 'clock', 'ring-buffer', 'filter', 'protocol', 'ctf/write'],
  kernel: ['base', 'native', 'clock', 'filter', 'symbols', 'ctf', 'ctf/write', 'ctf/node'],
  session: [
    'base',
    'native',
    'clock',
    'ring-buffer',
    'filter',
    'symbols',
    'ctf',
    'ctf/write',
    'ctf/node',
    'protocol',
    'kernel',
    'tracer/preload',
  ],
  analysis: ['base', 'ctf', 'filter'],
  cli: [
    'base',
    'native',
    'clock',
    'filter',
    'symbols',
    'ctf',
    'ctf/write',
    'ctf/node',
    'protocol',
    'session',
    'kernel',
    'analysis',
  ],
};
const ISOMORPHIC = new Set(['base', 'filter', 'protocol', 'analysis', 'ctf']);
/** Folders of isomorphic packages that are for Node: their own door and tsconfig. */
const NODE_ONLY = /^packages\/ctf\/src\/node(\.ts$|\/)/;
const IMPORT =
  /(?:^|\n)\s*(?:import|export)\s[^'";]*?from\s*'([^']+)'|import\(\s*'([^']+)'\s*\)|(?:^|\n)\s*import\s+'([^']+)'/g;

const breaches = [];
const fileGraph = new Map();
for (const name of readdirSync(join(root, 'packages'))) {
  if (ALLOWED[name] === undefined) breaches.push(`packages/${name} has no row in the layer table`);
  for (const file of sourceFiles(join(root, 'packages', name, 'src'))) checkFile(name, file);
}
for (const cycle of findCycles(fileGraph)) breaches.push(`import cycle: ${cycle.join(' -> ')}`);
for (const breach of breaches) console.error(breach);
if (breaches.length > 0) {
  console.error(`${breaches.length} breaches of the layers; see ARCHITECTURE.md.`);
  process.exit(1);
}
console.log(`layers: ${fileGraph.size} files, no breach`);

function checkFile(packageName, file) {
  const path = relative(root, file);
  const isTest = path.endsWith('.test.ts') || path.includes('/testing/');
  const text = readFileSync(file, 'utf8');
  const edges = [];
  fileGraph.set(path, edges);
  for (const match of text.matchAll(IMPORT)) {
    const target = match[1] ?? match[2] ?? match[3];
    // A type leaves no import behind, so it closes no cycle.
    const isTypeOnly = /^\s*(import|export)\s+type\s/.test(match[0].trimStart());
    if (target.startsWith('.')) {
      const resolved = relative(root, resolve(dirname(file), target));
      if (!resolved.startsWith(`packages/${packageName}/`) && !isTest)
        breaches.push(`${path} reaches into ${resolved}`);
      if (!isTypeOnly && resolved.endsWith('.ts')) edges.push(resolved);
    } else if (target.startsWith('@lockstep/')) {
      const door = target.slice('@lockstep/'.length);
      if (door.split('/')[0] === packageName) continue;
      if (!isTest && !(ALLOWED[packageName] ?? []).includes(door))
        breaches.push(`${path} imports ${target}, which its layer does not allow`);
    } else if (target.startsWith('node:') && ISOMORPHIC.has(packageName) && !isTest && !NODE_ONLY.test(path)) {
      breaches.push(`${path} imports ${target}, but its package runs in the browser too`);
    }
  }
}

function* sourceFiles(folder) {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) yield* sourceFiles(path);
    else if (entry.name.endsWith('.ts')) yield path;
  }
}

/** Depth-first search; each back edge is one cycle. */
function findCycles(graph) {
  const state = new Map();
  const cycles = [];
  const visit = (node, trail) => {
    if (state.get(node) === 'done') return;
    if (state.get(node) === 'open') {
      cycles.push([...trail.slice(trail.indexOf(node)), node]);
      return;
    }
    state.set(node, 'open');
    for (const next of graph.get(node) ?? []) visit(next, [...trail, node]);
    state.set(node, 'done');
  };
  for (const node of graph.keys()) visit(node, []);
  return cycles;
}
