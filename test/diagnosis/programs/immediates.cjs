// Thousands of immediates in one turn of the loop, each of them short.
const { tell } = require('./measure.cjs');
function parseRow(row) {
  let sum = 0;
  for (let i = 0; i < 4000; i++) sum += Math.sqrt(i + row);
  return sum;
}
setTimeout(() => {
  const begin = performance.now();
  for (let row = 0; row < 12_000; row++) setImmediate(() => parseRow(row));
  setImmediate(() => {
    const all = performance.now() - begin;
    tell({ all, cause: all });
  });
}, 200);
