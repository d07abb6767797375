// SPDX-License-Identifier: MIT
// A live recording session of LTTng-UST with a relay of its own, on free ports. For tests of the live
// client: needs lttng-relayd beside what lttng-program.ts needs.

import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { createServer, connect } from 'node:net';
import { mkdirSync } from 'node:fs';

export function relayMissing(): string | undefined {
  return spawnSync('lttng-relayd', ['--version'], { stdio: 'ignore' }).error === undefined
    ? undefined
    : 'lttng-relayd is not installed';
}

export class Relay {
  readonly livePort: number;
  /** For `lttng create --set-url`. */
  readonly url: string;
  readonly #daemon: ChildProcess;

  private constructor(daemon: ChildProcess, ports: readonly number[]) {
    this.#daemon = daemon;
    this.livePort = ports[2]!;
    this.url = `net://localhost:${ports[0]}:${ports[1]}`;
  }

  static async start(directory: string): Promise<Relay> {
    mkdirSync(directory, { recursive: true });
    const ports = [await freePort(), await freePort(), await freePort()];
    const [control, data, live] = ports.map((port) => `tcp://localhost:${port}`);
    const daemon = spawn('lttng-relayd', ['-C', control!, '-D', data!, '-L', live!, '-o', directory], {
      env: { ...process.env, LTTNG_HOME: directory },
      stdio: 'ignore',
    });
    const relay = new Relay(daemon, ports);
    for (let turn = 0; !(await answers(relay.livePort)); turn++) {
      if (turn > 200) throw new Error('lttng-relayd does not answer');
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    return relay;
  }

  stop(): void {
    this.#daemon.kill();
  }
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.on('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address !== null ? address.port : 0));
    });
  });
}

function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, 'localhost');
    socket.on('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.on('error', () => resolve(false));
  });
}
