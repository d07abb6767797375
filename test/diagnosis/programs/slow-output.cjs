// The child logs into a pipe that its parent drains slowly, as a slow terminal does.
const { spawn } = require('node:child_process');
const { tell, time } = require('./measure.cjs');
if (process.argv[3] !== 'child') {
  const child = spawn(process.execPath, [__filename, process.argv[2], 'child'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  child.stdout.on('data', () => {
    child.stdout.pause();
    setTimeout(() => child.stdout.resume(), 40);
  });
} else {
  const totals = {};
  function logOrders() {
    for (let i = 0; i < 120; i++) time(totals, 'cause', () => console.log(`order ${i} ${'x'.repeat(4000)}`));
  }
  setTimeout(() => time(totals, 'all', logOrders), 200);
  setTimeout(() => tell(totals), 300);
}
