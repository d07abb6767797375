const { execSync } = require('node:child_process');
const { tell, time } = require('./measure.cjs');
const totals = {};
function askVersion() {
  return execSync('sleep 0.2');
}
setTimeout(() => time(totals, 'all', () => time(totals, 'cause', askVersion)), 100);
setTimeout(() => tell(totals), 600);
