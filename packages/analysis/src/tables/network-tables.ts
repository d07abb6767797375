// SPDX-License-Identifier: MIT
// The network: packets and bytes of each interface, and what processes sent to and got from whom.

import type { DataStream, EventRecord, EventRecordClass } from '@lockstep/ctf';
import { toNumber, toText } from '../fields.ts';
import { FILES, type Files } from '../kernel/files.ts';
import { HOST } from '../kernel/host.ts';
import { PROCESSES } from '../kernel/processes.ts';
import { processOf } from '../kernel/kernel-thread.ts';
import { SOCKETS } from '../kernel/sockets.ts';
import { SYSTEM_CALLS, type SystemCall, type SystemCalls } from '../kernel/system-calls.ts';
import { isKernelStream, type RecordHandler } from '../pass/handler.ts';
import {
  familyContext,
  missing,
  type FamilyContext,
  type FamilyHandler,
  type FamilyType,
  type TableOptions,
} from './family.ts';
import { column, makeTable, sortedBy, type Table } from './table.ts';

const RECEIVES = ['recvfrom', 'recvmsg', 'read', 'readv'];
const SENDS = ['sendto', 'sendmsg', 'write', 'writev', 'sendfile', 'sendfile64'];
const MAX_INTERFACES = 4096;
const MAX_PEERS = 1 << 16;

interface InterfaceUse {
  receivedBytes: number;
  receivedCount: number;
  sentBytes: number;
  sentCount: number;
}
interface PeerUse {
  readonly process: string;
  readonly pid: number;
  readonly peer: string;
  receivedBytes: number;
  sentBytes: number;
  callCount: number;
}

class NetworkTables implements FamilyHandler {
  readonly #context: FamilyContext;
  readonly #files: Files;
  readonly #interfaces = new Map<string, InterfaceUse>();
  readonly #peers = new Map<string, PeerUse>();
  #hasPackets = false;

  constructor(context: FamilyContext, calls: SystemCalls, files: Files) {
    this.#context = context;
    this.#files = files;
    for (const name of RECEIVES) calls.listen(name, (call) => this.#ended(call, false));
    for (const name of SENDS) calls.listen(name, (call) => this.#ended(call, true));
  }

  chooseHandler({ name }: EventRecordClass, dataStream: DataStream): RecordHandler | undefined {
    if (!isKernelStream(dataStream)) return undefined;
    if (name === 'netif_receive_skb' || name === 'net_if_receive_skb') {
      this.#hasPackets = true;
      return (record, time) => this.#packet(record, time, false);
    }
    if (name === 'net_dev_xmit') {
      this.#hasPackets = true;
      return (record, time) => this.#packet(record, time, true);
    }
    return undefined;
  }

  tables(): readonly Table[] {
    const { options, host } = this.#context;
    const interfaces = [...this.#interfaces].map(([name, use]) => [
      name,
      use.receivedBytes,
      use.receivedCount,
      use.sentBytes,
      use.sentCount,
      use.receivedBytes + use.sentBytes,
    ]);
    const peers = [...this.#peers.values()].map((use) => [
      use.process,
      use.pid,
      use.peer,
      use.receivedBytes,
      use.sentBytes,
      use.callCount,
      use.receivedBytes + use.sentBytes,
    ]);
    const total = column('total', 'total', 'bytes');
    return [
      makeTable(
        'interfaces',
        'Network interfaces',
        [
          column('interface', 'interface', 'text'),
          column('received', 'received', 'bytes'),
          column('packets_received', 'packets', 'count'),
          column('sent', 'sent', 'bytes'),
          column('packets_sent', 'packets', 'count'),
          total,
        ],
        sortedBy(interfaces, 5),
        {
          limit: options.limit,
          notes: this.#hasPackets ? [] : [missing('packets', "-k 'net_dev_xmit' -k 'netif_receive_skb'")],
        },
      ),
      makeTable(
        'peers',
        'Processes and their peers',
        [
          column('process', 'process', 'text'),
          column('pid', 'pid', 'number'),
          column('peer', 'peer', 'text'),
          column('received', 'received', 'bytes'),
          column('sent', 'sent', 'bytes'),
          column('calls', 'calls', 'count'),
          total,
        ],
        sortedBy(peers, 6),
        { limit: options.limit, notes: host.coverage.hasCalls ? [] : [missing('system calls', "-k 'syscall:*'")] },
      ),
    ];
  }

  #packet(record: EventRecord, time: number, isSent: boolean): void {
    if (!this.#context.selection.isInRange(time)) return;
    const name = toText(record.payload?.name ?? record.payload?.dev);
    let use = this.#interfaces.get(name);
    if (use === undefined) {
      if (this.#interfaces.size >= MAX_INTERFACES) return;
      this.#interfaces.set(name, (use = { receivedBytes: 0, receivedCount: 0, sentBytes: 0, sentCount: 0 }));
    }
    const bytes = toNumber(record.payload?.len);
    if (isSent) {
      use.sentBytes += bytes;
      use.sentCount += 1;
    } else {
      use.receivedBytes += bytes;
      use.receivedCount += 1;
    }
  }

  #ended(call: SystemCall, isSent: boolean): void {
    const { selection, host } = this.#context;
    const { thread } = call;
    if (!selection.isInRange(call.end) || !selection.hasThread(thread)) return;
    const file = this.#files.tryFile(thread, toNumber(call.arguments?.fd));
    if (file?.kind !== 'socket') return;
    const pid = processOf(thread);
    const key = `${pid} ${file.name}`;
    let use = this.#peers.get(key);
    if (use === undefined) {
      if (this.#peers.size >= MAX_PEERS) return;
      const process = host.threads.get(pid)?.name ?? thread.name;
      this.#peers.set(key, (use = { process, pid, peer: file.name, receivedBytes: 0, sentBytes: 0, callCount: 0 }));
    }
    use.callCount += 1;
    const bytes = Math.max(0, call.result);
    if (isSent) use.sentBytes += bytes;
    else use.receivedBytes += bytes;
  }
}

export function networkTables(options: TableOptions): FamilyType {
  return {
    name: 'network-tables',
    needs: [HOST, PROCESSES, SYSTEM_CALLS, FILES, SOCKETS],
    create: (context) =>
      new NetworkTables(
        familyContext(context, context.get(HOST), options),
        context.get(SYSTEM_CALLS),
        context.get(FILES),
      ),
  };
}
