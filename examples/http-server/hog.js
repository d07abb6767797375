// SPDX-License-Identifier: MIT
// Planted: a process that uses all of its CPU for the ms given as argument, then ends.

process.title = 'cpu-hog';
const end = Date.now() + Number(process.argv[2] ?? 500);
let turns = 0;
while (Date.now() < end && process.ppid !== 1) turns += 1;
process.exitCode = turns > 0 ? 0 : 1;
