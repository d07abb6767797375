// SPDX-License-Identifier: MIT
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { createSourceMapResolver } from './source-map-resolver.ts';
import { parseSourceMap } from './source-map.ts';
import { encodeVlq } from './testing/encode-vlq.ts';
import { VlqCursor } from './vlq.ts';

/** Generated line 2, columns 1, 5, 11 → original lines 10, 11, 12. */
const MAPPINGS = `;${[
  [0, 0, 9, 2],
  [4, 0, 1, 0, 0],
  [6, 0, 1, 2],
]
  .map((segment) => segment.map(encodeVlq).join(''))
  .join(',')}`;
const MAP = JSON.stringify({ version: 3, sources: ['../src/report.ts'], names: ['renderReport'], mappings: MAPPINGS });

function files(contents: Readonly<Record<string, string>>): {
  read: (path: string) => string | undefined;
  paths: string[];
} {
  const paths: string[] = [];
  return {
    read: (path) => {
      paths.push(path);
      return contents[path];
    },
    paths,
  };
}

test('a number comes back from its digits', () => {
  fc.assert(
    fc.property(fc.integer({ min: -0x7fffffff, max: 0x7fffffff }), (value) => {
      const cursor = new VlqCursor(encodeVlq(value));
      assert.equal(cursor.read(), value === 0 ? 0 : value);
      assert.ok(cursor.isAtEnd && !cursor.isBroken);
    }),
  );
});

test('a map beside the file is found and followed', () => {
  const { read } = files({
    '/srv/dist/report.js': 'x;\n//# sourceMappingURL=report.js.map\n',
    '/srv/dist/report.js.map': MAP,
  });
  const resolve = createSourceMapResolver(read);
  assert.deepEqual(resolve('file:///srv/dist/report.js', 2, 7), {
    source: '/srv/src/report.ts',
    line: 11,
    column: 3,
    name: 'renderReport',
  });
  assert.deepEqual(resolve('/srv/dist/report.js', 2, 1), { source: '/srv/src/report.ts', line: 10, column: 3 });
  assert.deepEqual(resolve('/srv/dist/report.js', 2), { source: '/srv/src/report.ts', line: 10, column: 3 });
  assert.equal(resolve('/srv/dist/report.js', 1, 1), undefined);
  assert.equal(resolve('/srv/dist/report.js', 99, 1), undefined);
});

test('an inline map is followed, in base64 and in plain text', () => {
  const base64 = Buffer.from(MAP).toString('base64');
  for (const url of [
    `data:application/json;charset=utf-8;base64,${base64}`,
    `data:application/json,${encodeURIComponent(MAP)}`,
  ]) {
    const { read } = files({ '/srv/dist/a b.js': `x\n//# sourceMappingURL=${url}` });
    assert.equal(createSourceMapResolver(read)('file:///srv/dist/a%20b.js', 2, 11)?.line, 12);
  }
});

test('an index map finds the section that covers the position', () => {
  const inner = JSON.parse(MAP) as unknown;
  const text = JSON.stringify({
    version: 3,
    sections: [
      { offset: { line: 0, column: 0 }, map: inner },
      { offset: { line: 100, column: 0 }, map: inner },
    ],
  });
  const map = parseSourceMap(text);
  assert.equal(map?.find(2, 1)?.line, 10);
  assert.equal(map?.find(102, 1)?.line, 10);
  assert.equal(map?.find(101, 1), undefined);
});

test('the last comment counts, and a file is read once', () => {
  const { read, paths } = files({
    '/a.js': 'const text = "//# sourceMappingURL=wrong.map";\n//# sourceMappingURL=right.map\n',
    '/right.map': MAP,
  });
  const resolve = createSourceMapResolver(read);
  assert.equal(resolve('/a.js', 2, 1)?.line, 10);
  assert.equal(resolve('/a.js', 2, 5)?.line, 11);
  assert.deepEqual(paths, ['/a.js', '/right.map']);
});

test('what cannot be read, is built in, or is no map has no original position', () => {
  const resolve = createSourceMapResolver((path) => {
    if (path === '/bad.js') return '//# sourceMappingURL=bad.map';
    if (path === '/bad.map') return '{"version":2}';
    if (path === '/remote.js') return '//# sourceMappingURL=https://example.com/x.map';
    throw new Error('no such file');
  });
  for (const url of ['', 'node:fs', '/gone.js', '/bad.js', '/remote.js', 'https://example.com/x.js']) {
    assert.equal(resolve(url, 1, 1), undefined, url);
  }
});

test('hostile mappings end the map and never throw', () => {
  const text = fc.oneof(fc.string(), fc.string({ unit: fc.constantFrom(...'AAAAgggg;,,C/+9!'.split('')) }));
  fc.assert(
    fc.property(text, fc.integer({ min: 1, max: 9 }), (mappings, line) => {
      const map = parseSourceMap(JSON.stringify({ version: 3, sources: ['a.ts'], mappings }));
      const found = map?.find(line, 1);
      if (found !== undefined) assert.equal(found.source, 'a.ts');
    }),
  );
  fc.assert(fc.property(fc.json(), (json) => void parseSourceMap(json)?.find(1, 1)));
});

test('columns that go back within a line are found all the same', () => {
  const mappings = [
    [8, 0, 0, 0],
    [-4, 0, 5, 0],
  ]
    .map((segment) => segment.map(encodeVlq).join(''))
    .join(',');
  const map = parseSourceMap(JSON.stringify({ version: 3, sources: ['a.ts'], mappings }));
  assert.equal(map?.find(1, 5)?.line, 6);
  assert.equal(map?.find(1, 9)?.line, 1);
});
