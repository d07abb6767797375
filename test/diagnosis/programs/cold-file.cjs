// The file's pages are dropped from the page cache, then it is read while the event loop waits.
const { execFileSync } = require('node:child_process');
const fs = require('node:fs');
const { join } = require('node:path');
const { tell, time } = require('./measure.cjs');
const path = join(process.argv[2], 'catalog.bin');
fs.writeFileSync(path, Buffer.alloc(64 << 20, 'x'));
fs.fsyncSync(fs.openSync(path));
execFileSync('dd', [`if=${path}`, 'iflag=nocache', 'count=0'], { stdio: 'ignore' });
const totals = {};
function readCatalog() {
  return fs.readFileSync(path).length;
}
setTimeout(() => time(totals, 'all', () => time(totals, 'cause', readCatalog)), 100);
setTimeout(() => tell(totals), 300);
