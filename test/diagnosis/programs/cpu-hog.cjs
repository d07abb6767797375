// Runs on one CPU with two processes that never stop: `taskset` pins all three.
const { spawn } = require('node:child_process');
const { tell } = require('./measure.cjs');
const hogs = [1, 2].map(() => spawn('sh', ['-c', 'while :; do :; done'], { stdio: 'ignore' }));
const totals = { all: 0, cause: 0 };
function countPrimes(until) {
  let count = 0;
  for (let n = 2; n < until; n++) {
    let isPrime = true;
    for (let d = 2; d * d <= n; d++) if (n % d === 0) isPrime = false;
    if (isPrime) count++;
  }
  return count;
}
let rounds = 0;
setTimeout(function round() {
  const begin = performance.now();
  const usage = process.cpuUsage();
  countPrimes(60_000);
  const { user, system } = process.cpuUsage(usage);
  const all = performance.now() - begin;
  totals.all += all;
  totals.cause += Math.max(0, all - (user + system) / 1000);
  if (++rounds < 6) return void setTimeout(round, 20);
  for (const hog of hogs) hog.kill();
  tell(totals);
}, 300);
