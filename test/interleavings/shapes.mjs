// SPDX-License-Identifier: MIT
// The shapes that are explored in every order, and which of them everybody's tests have time for: 'short'
// ones run in `npm test`, 'long' ones in `npm run test:all` too, 'whole' ones by
// `npm run interleavings -- --all`, which prints them all.

/** Three records go round two sub-buffers; the reader looks twice, and takes the rest at the end. */
export const SMALL = {
  writerCount: 1,
  subBufferCount: 2,
  recordsPerSubBuffer: 1,
  recordCount: 3,
  pollCount: 2,
  order: 'sc',
};
/** Two records share a sub-buffer. */
export const SHARING = { ...SMALL, recordsPerSubBuffer: 2 };

const TWO = { ...SMALL, writerCount: 2 };
/** Three records in all. */
const TWO_AND_ONE = { ...TWO, recordCount: [2, 1] };
const DYING_WRITER = { ...SMALL, mayWriterDie: true, hasNextWriter: true };

/** {name, shape, runs}: for each mode the run that has the time for it. */
export const SHAPES = [
  { name: 'a writer, three records, two share a sub-buffer', shape: SHARING, runs: ['short', 'short'] },
  { name: 'a writer, three records', shape: SMALL, runs: ['short', 'short'] },
  { name: 'a writer, the reader dies at each step', shape: { ...SMALL, mayReaderDie: true }, runs: ['short', 'short'] },
  { name: 'a writer dies at each step, the next goes on', shape: DYING_WRITER, runs: ['short', 'whole'] },
  { name: 'stores as on x86-64', shape: { ...SMALL, order: 'tso' }, runs: ['short', 'short'] },
  {
    name: 'stores as on x86-64, a writer dies at each step, the next goes on',
    shape: { ...DYING_WRITER, order: 'tso' },
    runs: ['long', 'whole'],
  },
  { name: 'a snapshot beside a writer', shape: { ...SMALL, isSnapshot: true, pollCount: 1 }, runs: ['short', 'long'] },
  { name: 'two writers, a record each', shape: { ...TWO, recordCount: 1 }, runs: ['short', 'short'] },
  { name: 'two writers, three records in all', shape: TWO_AND_ONE, runs: ['long', 'whole'] },
  {
    name: 'two writers, three records in all, the reader dies at each step',
    shape: { ...TWO_AND_ONE, mayReaderDie: true },
    runs: ['whole', 'whole'],
  },
  {
    name: 'two writers, three records in all, one dies at each step',
    shape: { ...TWO_AND_ONE, mayWriterDie: true },
    runs: ['long', 'whole'],
  },
  { name: 'two writers, two records each', shape: { ...TWO, recordCount: 2 }, runs: ['long', 'whole'] },
  { name: 'two writers, three records each', shape: TWO, runs: ['long', 'whole'] },
  {
    name: 'two writers, a record each, the reader dies at each step',
    shape: { ...TWO, recordCount: 1, mayReaderDie: true },
    runs: ['long', 'long'],
  },
  {
    name: 'two writers, two records each, the reader dies at each step',
    shape: { ...TWO, recordCount: 2, mayReaderDie: true },
    runs: ['whole', 'whole'],
  },
  {
    name: 'two writers, a record each, one dies at each step',
    shape: { ...TWO, recordCount: 1, mayWriterDie: true },
    runs: ['long', 'long'],
  },
  {
    name: 'two writers, two records each, one dies at each step',
    shape: { ...TWO, recordCount: 2, mayWriterDie: true },
    runs: ['whole', 'whole'],
  },
  {
    name: 'two writers, a record each, one dies at each step, the next goes on',
    shape: { ...TWO, recordCount: 1, pollCount: 1, mayWriterDie: true, hasNextWriter: true },
    runs: ['whole', 'whole'],
  },
].flatMap(({ name, shape, runs }) =>
  ['discard', 'overwrite'].map((mode, index) => ({
    name: `${mode}: ${name}`,
    shape: { ...shape, mode },
    run: runs[index],
  })),
);
