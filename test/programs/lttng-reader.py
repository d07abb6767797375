# SPDX-License-Identifier: MIT
"""Reads a kernel trace by the names, types and order that tools for LTTng's kernel traces rely on: who
runs on which CPU, whose descriptors are which files, requests of disks, packets of interfaces,
interrupts. Prints what it understood as JSON. It knows nothing of Lockstep, and stops at the first
field that is missing or of another type. The argument is the trace; needs python3-bt2."""

import json
import os
import socket
import sys

import bt2

cpus, tids, disks, interfaces = {}, {}, {}, {}
counts = {'irq': 0, 'softirq': 0, 'pages': 0, 'wakeups': 0, 'forks': 0}
calls, errors, connections, reads = {}, {}, [], {}


def integer(field):
    value = int(field)
    assert not isinstance(field, bt2._StringFieldConst), field
    return value


def thread(tid):
    return tids.setdefault(tid, {'pid': None, 'comm': None, 'prio': None, 'fds': {}, 'call': None, 'run': 0, 'since': None})


def owner(tid):
    one = thread(tid)
    return thread(one['pid']) if one['pid'] is not None else one


def statedump(event, name):
    if name == 'lttng_statedump_process_state':
        one = thread(integer(event['tid']))
        one['pid'], one['comm'] = integer(event['pid']), str(event['name'])
        for field in ('ppid', 'type', 'mode', 'submode', 'status'):
            integer(event[field])
    elif name == 'lttng_statedump_file_descriptor':
        flags = integer(event['flags'])
        assert flags & os.O_CLOEXEC in (0, os.O_CLOEXEC)
        integer(event['file_table_address'])
        # Readers of older traces know the process only.
        owner(integer(event['pid']))['fds'].setdefault(integer(event['fd']), str(event['filename']))
    elif name == 'lttng_statedump_block_device':
        disks.setdefault(integer(event['dev']), {'name': None, 'bytes': 0, 'pending': {}})['name'] = str(event['diskname'])


def sched(event, name, cpu, time):
    if name == 'sched_switch':
        previous, following = integer(event['prev_tid']), integer(event['next_tid'])
        integer(event['prev_prio']), integer(event['next_prio']), integer(event['prev_state'])
        if previous != 0 and thread(previous)['since'] is not None:
            thread(previous)['run'] += time - thread(previous)['since']
        thread(following)['since'] = time
        thread(following)['comm'] = str(event['next_comm'])
        cpus[cpu] = following if following != 0 else None
    elif name in ('sched_wakeup', 'sched_waking', 'sched_wakeup_new'):
        integer(event['target_cpu']), integer(event['prio']), integer(event['tid']), str(event['comm'])
        counts['wakeups'] += 1
    elif name == 'sched_process_fork':
        child, pid, parent = integer(event['child_tid']), integer(event['child_pid']), integer(event['parent_pid'])
        integer(event['parent_tid'])
        one = thread(child)
        one['pid'], one['comm'] = pid, str(event['child_comm'])
        one['fds'] = dict(owner(parent)['fds'])
        counts['forks'] += 1
    elif name == 'sched_process_exec':
        integer(event['tid']), str(event['filename'])


def entry(event, call, cpu):
    tid = cpus.get(cpu)
    if tid is None:
        return
    fields = {}
    if call in ('open', 'openat'):
        fields['filename'] = str(event['filename'])
        fields['cloexec'] = integer(event['flags']) & os.O_CLOEXEC == os.O_CLOEXEC
    elif call in ('close', 'read', 'write', 'pread64', 'recvfrom', 'sendto', 'fsync', 'connect', 'accept4', 'fcntl'):
        fields['fd'] = integer(event['fd'])
    elif call == 'dup':
        fields['fd'] = integer(event['fildes'])
    elif call in ('dup2', 'dup3'):
        fields['fd'] = integer(event['oldfd'])
    elif call == 'socket':
        fields['family'] = integer(event['family'])
    if call == 'connect' and integer(event['family']) == socket.AF_INET:
        address = [integer(byte) for byte in event['v4addr']]
        connections.append(['.'.join(map(str, address)), integer(event['dport'])])
    if call in ('read', 'write', 'pread64'):
        integer(event['count'])
    if call == 'recvfrom':
        integer(event['size'])
    if call == 'sendto':
        integer(event['len'])
    thread(tid)['call'] = (call, fields)
    calls[call] = calls.get(call, 0) + 1


def leave(event, call, cpu):
    tid = cpus.get(cpu)
    if tid is None or thread(tid)['call'] is None or thread(tid)['call'][0] != call:
        return
    result, fields = integer(event['ret']), thread(tid)['call'][1]
    thread(tid)['call'] = None
    table = owner(tid)['fds']
    if result < 0:
        key = call + ' ' + str(-result)
        errors[key] = errors.get(key, 0) + 1
    elif call in ('open', 'openat'):
        table[result] = fields['filename']
    elif call in ('dup', 'dup2', 'dup3'):
        table[result] = table.get(fields['fd'])
    elif call == 'socket':
        table[result] = 'socket'
    elif call in ('read', 'pread64') and isinstance(table.get(fields['fd']), str):
        reads[table[fields['fd']]] = reads.get(table[fields['fd']], 0) + result
    elif call == 'close':
        table.pop(fields['fd'], None)


def block(event, name):
    if name not in ('block_rq_issue', 'block_rq_complete'):
        return
    disk = disks.setdefault(integer(event['dev']), {'name': None, 'bytes': 0, 'pending': {}})
    sector, count = integer(event['sector']), integer(event['nr_sector'])
    if name == 'block_rq_issue':
        integer(event['tid']), integer(event['rwbs']) % 2, str(event['comm'])
        disk['pending'][sector] = count
    elif disk['pending'].pop(sector, None) == count:
        disk['bytes'] += count * 512


def other(event, name):
    if name in ('irq_handler_entry', 'irq_handler_exit'):
        integer(event['irq'])
        str(event['name']) if name.endswith('entry') else integer(event['ret'])
        counts['irq'] += 1
    elif name in ('irq_softirq_entry', 'irq_softirq_exit', 'irq_softirq_raise'):
        integer(event['vec'])
        counts['softirq'] += 1
    elif name in ('kmem_mm_page_alloc', 'kmem_mm_page_free'):
        integer(event['order'])
        counts['pages'] += 1
    elif name in ('net_dev_xmit', 'net_if_receive_skb'):
        interfaces[str(event['name'])] = interfaces.get(str(event['name']), 0) + integer(event['len'])
    elif name == 'timer_hrtimer_start':
        integer(event['hrtimer']), integer(event['expires'])


environment = None
strangers = 0
for message in bt2.TraceCollectionMessageIterator(sys.argv[1]):
    if type(message) is not bt2._EventMessageConst:
        continue
    event = message.event
    name, cpu = event.name, int(event['cpu_id'])
    time = message.default_clock_snapshot.ns_from_origin
    environment = environment or event.stream.trace
    if name.startswith('lttng_statedump_'):
        statedump(event, name)
    elif name.startswith('sched_'):
        sched(event, name, cpu, time)
    elif name.startswith('syscall_entry_'):
        # Such readers know a call's thread by who was switched in last; ours is told beside each event.
        if cpus.get(cpu) not in (None, int(event['tid'])) or (cpu in cpus and cpus[cpu] is None):
            strangers += 1
        entry(event, name[14:], cpu)
    elif name.startswith('syscall_exit_'):
        leave(event, name[13:], cpu)
    elif name.startswith('block_'):
        block(event, name)
    else:
        other(event, name)

print(json.dumps({
    'environment': {key: (int if isinstance(value, bt2._IntegerValueConst) else str)(value) for key, value in environment.environment.items()},
    'threads': {tid: {'pid': one['pid'], 'comm': one['comm'], 'run': one['run']} for tid, one in tids.items()},
    'disks': {dev: {'name': one['name'], 'bytes': one['bytes']} for dev, one in disks.items()},
    'strangers': strangers, 'interfaces': interfaces, 'counts': counts, 'calls': calls, 'errors': errors, 'connections': connections, 'reads': reads,
}))
