const { tell, time } = require('./measure.cjs');
const totals = {};
function checkName(name) {
  return /^([a-z]+)+$/.test(name);
}
setTimeout(() => time(totals, 'all', () => time(totals, 'cause', () => checkName('abcdefghijklmnopqrstuvwxyz!'))), 100);
setTimeout(() => tell(totals), 200);
