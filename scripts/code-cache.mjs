// SPDX-License-Identifier: MIT
// V8's compiled code of a bundle, kept beside it (BUNDLE.cache): compiling is most of what loading
// half a megabyte of JavaScript costs. Made by running the bundle once, so that it has what a run
// needs and no more. V8 refuses code of another version or other flags; then the text is compiled.
//
// The first line of a bundle names its content; code that belongs to another text is never used.

import { createHash } from 'node:crypto';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';

/** Length of the mark in a bundle's first line, and of its copy before the code. */
const MARK_LENGTH = 64;

/** Puts the mark before a bundle that esbuild has written, and removes the code of the one before it. */
export function markBundle(path) {
  const text = readFileSync(path, 'utf8');
  rmSync(`${path}.cache`, { force: true });
  writeFileSync(path, `//${createHash('sha256').update(text).digest('hex')}\n${text}`);
}

/** The loader: in preload.cjs and beside the command's bundle. For the oldest Node that may come by. */
export const loaderText = `
function loadBundle(path, require) {
  var fs = require('fs');
  // Bundles are ASCII: a string of bytes is half the work.
  var text = fs.readFileSync(path, 'latin1');
  var code;
  try {
    var cache = fs.readFileSync(path + '.cache');
    if (cache.latin1Slice(0, ${MARK_LENGTH}) === text.slice(2, ${2 + MARK_LENGTH})) code = cache.subarray(${MARK_LENGTH});
  } catch (error) {
    // Compiled from the text.
  }
  var script = new (require('vm').Script)(
    '(function (exports, require, module, __filename, __dirname) {' + text + '\\n})',
    { filename: path, cachedData: code }
  );
  var module = { exports: {} };
  script.runInThisContext().call(module.exports, module.exports, require, module, path, require('path').dirname(path));
  loadBundle.script = script;
  return module.exports;
}
`;

/** Writes the code of a bundle that has run: `script` is what its loader compiled. */
export function writeCodeCache(path, script) {
  const mark = readFileSync(path, 'latin1').slice(2, 2 + MARK_LENGTH);
  writeFileSync(`${path}.cache`, Buffer.concat([Buffer.from(mark, 'latin1'), script.createCachedData()]));
}
