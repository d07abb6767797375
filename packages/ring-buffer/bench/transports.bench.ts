// SPDX-License-Identifier: MIT
// The same bytes from one thread to another: through a ring buffer, postMessage, a BroadcastChannel,
// and pino's thread-stream. Prints what a message costs the thread that sends it, and the whole
// process, in ns of CPU time; rounds alternate, the ratio is that of the medians' rounds.
//
//   node packages/ring-buffer/dist/bench/transports.bench.js [rounds]

import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { cpus, release, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { BroadcastChannel, isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import { loadNative } from '@lockstep/native';
import { createChannel, openChannel, type ChannelHandle } from '../src/index.ts';
import { median } from './lttng-rival.ts';

const THREAD_STREAM = 'thread-stream@4.2.1';
const COUNT = 100_000;
const SIZES = [64, 1024] as const;
type Kind = 'ring buffer' | 'postMessage' | 'BroadcastChannel' | 'thread-stream';

interface ReceiverTask {
  readonly kind: Kind;
  readonly count: number;
  readonly sizeBytes: number;
  readonly handle: ChannelHandle | undefined;
}

/** Receives everything, adds the bytes up so that they are touched, and says so. */
function runReceiver({ kind, count, sizeBytes, handle }: ReceiverTask): void {
  let left = count;
  let sum = 0;
  const take = (bytes: Uint8Array): void => {
    for (let at = 0; at < sizeBytes; at += 8) sum += bytes[at]!;
    if (--left === 0) parentPort!.postMessage(sum);
  };
  if (kind === 'postMessage') {
    parentPort!.on('message', (message: unknown) => {
      if (message === 'end') parentPort!.close();
      else take(message as Uint8Array);
    });
  } else if (kind === 'BroadcastChannel') {
    const channel = new BroadcastChannel('lockstep-bench');
    channel.onmessage = (event: unknown): void => take((event as { data: Uint8Array }).data);
    parentPort!.once('message', () => channel.close());
  } else {
    const reader = openChannel(handle!).openReader();
    const step = (): void => {
      if (reader.wait(20)) for (const { payload } of reader.records({ before: 2n ** 64n })) take(payload);
      if (left > 0) setImmediate(step);
    };
    step();
  }
  if (kind !== 'postMessage') parentPort!.postMessage('ready');
  else setImmediate(() => parentPort!.postMessage('ready'));
}

interface Cost {
  readonly sender: number;
  readonly whole: number;
}

async function runKind(kind: Kind, sizeBytes: number, threadStream: string | undefined): Promise<Cost> {
  const native = loadNative();
  if (native === undefined) throw new Error('needs the native addon');
  const cost = async (send: () => Promise<void> | void, received: Promise<unknown>): Promise<Cost> => {
    const thread = native.clockNs('thread-cpu');
    const whole = native.clockNs('process-cpu');
    await send();
    const sender = Number(native.clockNs('thread-cpu') - thread) / COUNT;
    await received;
    return { sender, whole: Number(native.clockNs('process-cpu') - whole) / COUNT };
  };
  const message = new Uint8Array(sizeBytes).fill(1);
  if (kind === 'thread-stream') {
    const ThreadStream = createRequire(import.meta.url)(threadStream!) as new (
      options: object,
    ) => NodeJS.WritableStream;
    const stream = new ThreadStream({ filename: join(tmpdir(), 'lockstep-bench-sink.mjs'), workerOpts: {} });
    await new Promise((resolve) => stream.once('ready', resolve));
    const text = '1'.repeat(sizeBytes);
    const closed = new Promise((resolve) => stream.once('close', resolve));
    return cost(async () => {
      for (let count = 0; count < COUNT; count++) {
        if (!stream.write(text)) await new Promise((resolve) => stream.once('drain', resolve));
      }
      stream.end();
    }, closed);
  }
  const channel = createChannel({
    allocation: 'one',
    writers: 'one',
    mode: 'discard',
    blockingTimeoutMs: 10_000,
    backing: { type: 'shared' },
    wakeUp: 'writer',
    isCrashConsistent: true,
    timestampBits: 32,
    subBufferSizeBytes: 65_536,
    subBufferCount: 32,
  });
  const task: ReceiverTask = {
    kind,
    count: COUNT,
    sizeBytes,
    handle: kind === 'ring buffer' ? channel.handle : undefined,
  };
  const worker = new Worker(fileURLToPath(import.meta.url), { workerData: task });
  await new Promise((resolve) => worker.once('message', resolve));
  const received = new Promise((resolve) => worker.once('message', resolve));
  let result: Cost;
  if (kind === 'postMessage') {
    result = await cost(() => {
      for (let count = 0; count < COUNT; count++) worker.postMessage(message);
    }, received);
    worker.postMessage('end');
  } else if (kind === 'BroadcastChannel') {
    const broadcast = new BroadcastChannel('lockstep-bench');
    result = await cost(() => {
      for (let count = 0; count < COUNT; count++) broadcast.postMessage(message);
    }, received);
    broadcast.close();
    worker.postMessage('end');
  } else {
    const writer = channel.tryAttach()!;
    result = await cost(() => {
      for (let count = 0; count < COUNT; count++) if (!writer.write(message)) throw new Error('discarded');
      writer.release();
    }, received);
  }
  await worker.terminate();
  return result;
}

/** Installs thread-stream once into a cache directory; undefined when npm cannot. */
function installThreadStream(): string | undefined {
  const directory = join(tmpdir(), `lockstep-bench-${THREAD_STREAM.replace('@', '-')}`);
  const path = join(directory, 'node_modules/thread-stream');
  writeFileSync(
    join(tmpdir(), 'lockstep-bench-sink.mjs'),
    `import { Writable } from 'node:stream';
export default () => new Writable({ write(chunk, encoding, done) { let sum = 0; for (let at = 0; at < chunk.length; at += 8) sum += chunk[at]; done(); } });\n`,
  );
  if (existsSync(path)) return path;
  try {
    mkdirSync(directory, { recursive: true });
    execFileSync('npm', ['install', '--prefix', directory, '--no-audit', '--no-fund', THREAD_STREAM], {
      stdio: 'ignore',
    });
    return path;
  } catch {
    console.log(`${THREAD_STREAM} cannot be installed; it is left out`);
    return undefined;
  }
}

async function main(): Promise<void> {
  const rounds = Number(process.argv[2] ?? 5);
  const threadStream = installThreadStream();
  const kinds: readonly Kind[] = ['ring buffer', 'postMessage', 'BroadcastChannel', 'thread-stream'];
  console.log(
    `node ${process.version}, Linux ${release()}, ${cpus().length} x ${cpus()[0]?.model ?? 'unknown CPU'}, ${rounds} rounds of ${COUNT} messages`,
  );
  console.log('bytes  way                 ns sender   ns process   ring buffer / it (sender, process)');
  for (const sizeBytes of SIZES) {
    const costs = new Map<Kind, Cost[]>(kinds.map((kind) => [kind, []]));
    for (let round = 0; round < rounds; round++) {
      for (const kind of kinds) {
        if (kind === 'thread-stream' && threadStream === undefined) continue;
        costs.get(kind)!.push(await runKind(kind, sizeBytes, threadStream));
      }
    }
    const own = costs.get('ring buffer')!;
    for (const [kind, list] of costs) {
      if (list.length === 0) continue;
      const ratio = (part: keyof Cost): string =>
        median(list.map((cost, round) => own[round]![part] / cost[part])).toFixed(3);
      console.log(
        `${String(sizeBytes).padStart(5)}  ${kind.padEnd(17)} ${median(list.map(({ sender }) => sender))
          .toFixed(0)
          .padStart(11)} ${median(list.map(({ whole }) => whole))
          .toFixed(0)
          .padStart(12)}   ${ratio('sender')}, ${ratio('whole')}`,
      );
    }
  }
}

if (isMainThread) await main();
else runReceiver(workerData as ReceiverTask);
