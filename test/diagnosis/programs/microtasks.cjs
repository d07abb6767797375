const { tell } = require('./measure.cjs');
const totals = { all: 0, cause: 0 };
let begin = 0;
async function drainQueue() {
  let left = 3_000_000;
  while (left-- > 0) await Promise.resolve();
  totals.all += performance.now() - begin;
  totals.cause = totals.all;
}
setTimeout(() => {
  begin = performance.now();
  void drainQueue();
}, 100);
setTimeout(() => tell(totals), 400);
