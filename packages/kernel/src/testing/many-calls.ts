// SPDX-License-Identifier: MIT
// A program that makes many different system calls, by Node itself and by programs it starts: files,
// directories, links, sockets, pipes, threads, timers, processes. Its argument is a directory for them.

import { execFileSync, spawnSync } from 'node:child_process';
import dgram from 'node:dgram';
import fs from 'node:fs';
import { once } from 'node:events';
import net from 'node:net';
import { Worker } from 'node:worker_threads';

process.chdir(process.argv[2] ?? '.');
fs.writeFileSync('one', 'x'.repeat(5000));
fs.appendFileSync('one', 'more');
fs.renameSync('one', 'two');
fs.linkSync('two', 'three');
fs.symlinkSync('two', 'four');
fs.readlinkSync('four');
fs.statSync('two');
fs.lstatSync('four');
fs.statfsSync('.');
fs.mkdirSync('deep/deeper', { recursive: true });
fs.readdirSync('.');
fs.chmodSync('two', 0o640);
fs.utimesSync('two', 1_000_000, 2_000_000.5);
fs.truncateSync('two', 100);
fs.copyFileSync('two', 'five');
fs.existsSync(`nothing-${'long-'.repeat(30)}`);
fs.accessSync('two', fs.constants.W_OK);
fs.rmSync('deep', { recursive: true });
const fd = fs.openSync('two', 'r+');
fs.readSync(fd, Buffer.alloc(64), 0, 64, 10);
fs.writevSync(fd, [Buffer.from('a'), Buffer.from('bc')]);
fs.fsyncSync(fd);
fs.closeSync(fd);
try {
  fs.openSync('/nowhere/at/all', 'r');
} catch {
  // That is what it is for.
}

const server = net.createServer((socket) => socket.end('hello')).listen('s.sock');
await once(server, 'listening');
const client = net.connect('s.sock');
client.resume();
await once(client, 'close');
server.close();
const tcp = net.createServer((socket) => socket.end('hello')).listen(0, '127.0.0.1');
await once(tcp, 'listening');
const address = tcp.address();
const peer = net.connect(typeof address === 'object' && address !== null ? address.port : 0, '127.0.0.1');
peer.resume();
await once(peer, 'close');
tcp.close();
const udp = dgram.createSocket('udp4');
udp.bind(0, '127.0.0.1');
await once(udp, 'listening');
udp.send('ping', udp.address().port, '127.0.0.1');
await once(udp, 'message');
udp.close();

const worker = new Worker(
  'require("node:fs").readFileSync("/proc/uptime"); Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 5);',
  { eval: true },
);
await once(worker, 'exit');
const SHELL = `
  cat two > /dev/null; cp two six; mv six seven; ln -s seven eight; mkdir -p a/b; rmdir a/b; chmod 600 seven
  touch -d 2020-01-01 seven; ls -la . > /dev/null; df . > /dev/null; uname -a > /dev/null; sleep 0.01; stat seven > /dev/null
  dd if=/dev/zero of=nine bs=512 count=4 2>/dev/null; head -c 10 nine | wc -c > /dev/null; kill -0 $$; ulimit -n > /dev/null
  mkfifo ten; rm -f nine ten eight; true & wait; find . -name seven > /dev/null; nice -n 1 true; env -i true; exec sync .
`;
spawnSync('/bin/sh', ['-c', SHELL], { stdio: 'ignore' });
execFileSync('/bin/true', ['with', 'some arguments', 'x'.repeat(200)]);
