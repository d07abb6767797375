// Logs to a pipe whose reader rests after each line.
const { spawn } = require('node:child_process');
const fs = require('node:fs');
const { tell } = require('./measure.cjs');
const [, , directory, role] = process.argv;
const measuredFile = `${directory}/slow-pipe.json`;
if (role === undefined) {
  const pipe = `'${process.execPath}' '${__filename}' '${directory}' logger | while read -r line; do sleep 0.01; done`;
  spawn('sh', ['-c', pipe], { stdio: 'inherit' }).on('exit', () =>
    tell(JSON.parse(fs.readFileSync(measuredFile, 'utf8'))),
  );
} else {
  setTimeout(function logRows() {
    const begin = performance.now();
    const usage = process.cpuUsage();
    for (let row = 0; row < 140; row++) fs.writeSync(1, `row ${row} ${'x'.repeat(1000)}\n`);
    const all = performance.now() - begin;
    const { user, system } = process.cpuUsage(usage);
    fs.writeFileSync(measuredFile, JSON.stringify({ all, cause: all - (user + system) / 1000 }));
  }, 100);
}
