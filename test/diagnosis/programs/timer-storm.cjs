const { tell } = require('./measure.cjs');
const totals = { all: 0, cause: 0 };
let sum = 0;
function poll() {
  const begin = performance.now();
  for (let i = 0; i < 8000; i++) sum += Math.sqrt(i + sum);
  totals.cause += performance.now() - begin;
}
const timers = Array.from({ length: 3000 }, () => setInterval(poll, 5));
setTimeout(() => {
  for (const timer of timers) clearInterval(timer);
  totals.all = totals.cause;
  tell(totals);
}, 1500);
