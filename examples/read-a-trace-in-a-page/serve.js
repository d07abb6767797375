// Serves this repository, and a trace directory as /trace, to the page; on loopback only.
//
//   node examples/read-a-trace-in-a-page/serve.js [TRACE-DIRECTORY] [PORT]

import { createReadStream, statSync } from 'node:fs';
import { createServer } from 'node:http';
import { extname, join, normalize } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../..', import.meta.url));
const [trace = '.', port = '0'] = process.argv.slice(2);
const TYPES = { '.html': 'text/html', '.js': 'text/javascript' };

const server = createServer((request, response) => {
  const { pathname } = new URL(request.url, 'http://localhost');
  const path = normalize(decodeURIComponent(pathname));
  const file = path.startsWith('/trace/') ? join(trace, path.slice('/trace/'.length)) : join(root, path);
  const size = statSync(file, { throwIfNoEntry: false })?.isFile() ? statSync(file).size : undefined;
  if (size === undefined) return response.writeHead(404).end();
  const headers = { 'content-type': TYPES[extname(file)] ?? 'application/octet-stream' };
  const range = /^bytes=(\d+)-(\d+)$/.exec(request.headers.range ?? '');
  if (range === null || size === 0) {
    response.writeHead(200, { ...headers, 'content-length': size });
    return createReadStream(file).pipe(response);
  }
  const [begin, end] = [Number(range[1]), Math.min(Number(range[2]), size - 1)];
  if (begin > end) return response.writeHead(416).end();
  response.writeHead(206, { ...headers, 'content-range': `bytes ${begin}-${end}/${size}` });
  return createReadStream(file, { start: begin, end }).pipe(response);
});

server.listen(Number(port), '127.0.0.1', () => {
  console.log(`http://127.0.0.1:${server.address().port}/examples/read-a-trace-in-a-page/index.html`);
});
