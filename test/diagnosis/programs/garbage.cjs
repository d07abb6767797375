const { PerformanceObserver } = require('node:perf_hooks');
const { tell, time } = require('./measure.cjs');
const totals = { cause: 0 };
new PerformanceObserver((list) => {
  for (const { duration } of list.getEntries()) totals.cause += duration;
}).observe({ entryTypes: ['gc'] });
let kept = [];
function keepMuch() {
  kept = [];
  for (let i = 0; i < 600_000; i++) kept.push({ i, text: `${i}`, more: [i, i + 1] });
}
let rounds = 0;
setTimeout(function round() {
  time(totals, 'all', keepMuch);
  if (++rounds < 8) setTimeout(round, 30);
  else setTimeout(() => tell(totals), 1200);
}, 50);
