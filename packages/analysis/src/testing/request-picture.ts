// SPDX-License-Identifier: MIT
// Pictures of a server's program, one column a ms, in; event records of its program half out.
//
//   loop   [===][======]        iterations; between them the loop waits
//   A         <----->           request A: < its handler begins, > its response is finished
//   A.dns     (==)              an operation that A asks for: ( begins, ) its callback runs
//   js     aaa   bbbbb          samples of 1 ms, by functions of that name

import type { DiscardedItems, EventRecord, StructureValue } from '@lockstep/ctf';
import { createTrace, toNs } from './records.ts';

interface Timed {
  readonly ms: number;
  readonly order: number;
  readonly record: EventRecord;
}

/** Names of operations by what follows the dot. */
const OPERATIONS: Readonly<Record<string, readonly [operation: string, subject: string]>> = {
  crypto: ['crypto.pbkdf2', ''],
  file: ['fs.readFile', '/srv/a.bin'],
  dns: ['dns.lookup', 'db.internal'],
  sleep: ['setTimeout', '1000 ms'],
  child: ['child_process.spawn', 'convert'],
  queue: ['http.Agent.addRequest', '10.0.0.7:80, of which its agent has 1'],
  connect: ['net.connect', '10.0.0.7:80'],
};
const TID = 1000;

export function requestPicture(picture: string, poolSize = 4): (EventRecord | DiscardedItems)[] {
  const program = createTrace('ust', { vpid: TID, vtid: TID, tid: TID, cpu_id: 0 });
  const timed: Timed[] = [];
  const add = (ms: number, order: number, name: string, payload: StructureValue): void => {
    timed.push({ ms, order, record: program.record(`node:${name}`, ms, payload) });
  };
  add(0, 0, 'process', { pid: TID, procname: 'node', argv: 'node server.js', main_thread: 1 });
  add(0, 0, 'thread_pool', { size: poolSize });
  let operationCount = 0;
  for (const line of picture.split('\n')) {
    const match = /^\s*(\w+)(?:\.(\w+))? +\|(.*)$/.exec(line);
    if (match === null) continue;
    const [, name = '', kind, row = ''] = match;
    if (name === 'loop') drawLoop(row, add);
    else if (name === 'js') drawSamples(row, add);
    else {
      const request = name.codePointAt(0) ?? 0;
      const begin = row.search(/[<(]/);
      const end = row.search(/[>)]/) + 1;
      if (kind === undefined) {
        add(begin, 2, 'http_server_request_begin', { request, method: 'GET', url: `/${name.toLowerCase()}`, peer: '' });
        if (end > 0) add(end, 4, 'http_server_request_end', { request, status: 200 });
        continue;
      }
      operationCount += 1;
      const [operation, subject] = OPERATIONS[kind] ?? [kind, ''];
      const [from, to] =
        kind === 'http' ? ['http_client_request_begin', 'http_client_request_end'] : ['async_begin', 'async_end'];
      const payload = kind === 'http' ? { method: 'GET', host: '10.0.0.7:80', path: '/rows' } : { operation, subject };
      add(begin, 3, from, { id: operationCount, request, ...payload });
      if (end > 0) add(end, 1, to, { id: operationCount, status: 200, error: '' });
    }
  }
  return timed.sort((a, b) => a.ms - b.ms || a.order - b.order).map(({ record }) => record);
}

type Add = (ms: number, order: number, name: string, payload: StructureValue) => void;

function drawLoop(row: string, add: Add): void {
  let earlier = 0;
  for (const match of row.matchAll(/\[=*\]/g)) {
    const [begin, end] = [match.index, match.index + match[0].length];
    const payload = { begin: toNs(begin), duration: toNs(end) - toNs(begin), idle: toNs(begin) - toNs(earlier) };
    add(end, 9, 'loop_iteration', payload);
    earlier = end;
  }
}

function drawSamples(row: string, add: Add): void {
  const nodes = new Map<string, number>();
  for (let ms = 0; ms < row.length; ms += 1) {
    const letter = row[ms] ?? ' ';
    if (letter === ' ') continue;
    let node = nodes.get(letter);
    if (node === undefined) {
      node = nodes.size + 1;
      nodes.set(letter, node);
      const url = 'file:///srv/app.js';
      add(ms + 1, 5, 'cpu_node', { epoch: 1, node, parent: 0, function: letter, url, line: node, column: 1 });
    }
    add(ms + 1, 6, 'cpu_sample', { begin: toNs(ms), duration: 1_000_000n, epoch: 1, node, line: 0 });
  }
}
