// SPDX-License-Identifier: MIT
// Names, options and help of all commands -> the commander program. The actions are imported when
// their command runs, so that `record` does not wait for what `view` needs.

import { Command, CommanderError, Help, Option } from 'commander';
import { quietBrokenPipe, reportFailure } from './exit.ts';

const VERSION = '0.1.0';
const STATUS_USAGE = 1;
/** env(1)'s status for a failure of the wrapper itself. */
const STATUS_RECORD_FAILED = 125;

export async function main(argv: readonly string[]): Promise<void> {
  const program = createProgram(argv[2]);
  // `record` writes to standard output only at its end, and starts as fast as it can.
  if (argv[2] !== 'record') quietBrokenPipe();
  try {
    await program.parseAsync([...argv]);
  } catch (error) {
    if (error instanceof CommanderError) {
      // Help and the version are printed by then, and no failure.
      process.exitCode = error.exitCode === 0 ? 0 : argv[2] === 'record' ? STATUS_RECORD_FAILED : STATUS_USAGE;
    } else {
      reportFailure(error);
    }
  }
}

/** Of `record` alone when that is the command: it does not wait for what the others are. */
export function createProgram(command?: string): Command {
  const program = new Command('lockstep');
  program
    .description('Records the Linux kernel and JavaScript programs on one clock and tells why a program was slow.')
    .version(VERSION, '-V, --version', 'print the version')
    .helpOption('-h, --help', 'print help')
    .enablePositionalOptions()
    .configureHelp({ optionDescription: describeOption })
    .exitOverride()
    .configureOutput({ outputError: (text, write) => write(`lockstep: ${asSentence(text)}\n`) })
    .addHelpText(
      'after',
      '\nStart here:\n  lockstep record -- node server.js    record until it ends or Ctrl-C\n  lockstep stalls                      why its event loop stalled\n  lockstep doctor                      what this machine allows',
    );
  addRecord(program);
  if (command === 'record') return program;
  addView(program);
  addConvert(program);
  addCheck(program);
  addStalls(program);
  addRequests(program);
  addCriticalPath(program);
  addWhy(program);
  addStats(program);
  addProfile(program);
  addStacks(program);
  addCrash(program);
  addDoctor(program);
  return program;
}

function addRecord(program: Command): void {
  program
    .command('record')
    .description('record one run of a program, and the kernel under it')
    .usage('[options] -- CMD [ARG...]')
    .argument('[cmd...]', 'the program and its arguments')
    .passThroughOptions()
    .option('-o, --output <dir>', 'trace directory; must not exist or be empty')
    .option(
      '-k, --kernel-rule <rule>',
      "record these kernel events: sched_switch, 'syscall:open*', 'sched_* if prev_tid == 1'; repeatable",
      collect,
      [],
    )
    .option(
      '-u, --user-rule <rule>',
      "record these tracepoints of the program: 'shop:*', 'node:*'; repeatable",
      collect,
      [],
    )
    .option(
      '-t, --context <type>',
      "add a context field to the kernel's records: procname, pid, prio, callstack-user; repeatable",
      collect,
      [],
    )
    .option(
      '--track <kind=value>',
      'record of the kernel only what these do: pid=12, uid=www-data, name=node*; repeatable',
      collect,
      [],
    )
    .option('--no-kernel', 'leave the kernel out')
    .option('--no-sampler', "leave V8's CPU samples out")
    .option(
      '--blocking-timeout <ms>',
      'let a record wait for room in its buffer before it is lost: milliseconds, or inf where the program allows it',
    )
    .option('--consumers <count>', 'threads that take what programs record, each with its share of the programs', '1')
    .option('--snapshot', 'flight recorder: keep only the newest records, written at the end')
    .option('--duration <seconds>', 'end the program and the recording after this time')
    .addOption(
      new Option('--clock <clock>', 'trace clock; chosen automatically when not given').choices([
        'tsc',
        'mono',
        'mono_raw',
        'boot',
        'synthetic',
      ]),
    )
    .option('--as-root', 'under sudo: run the program as root, too')
    .option('-q, --quiet', 'no progress and no summary')
    .option('--json', 'print the summary as JSON')
    .addHelpText('after', example("lockstep record -k 'sched_*' -k 'syscall:*' -u '*' -- node server.js"))
    .action(async (command: string[], options: object) => {
      const { runRecord } = await import('./commands/record.ts');
      await runRecord(command, options);
    });
}

function addView(program: Command): void {
  program
    .command('view')
    .description('print the event records of a trace as text')
    .argument(
      '[dir]',
      'trace directory; the last recorded one when not given; or a live session: net://HOST[:PORT]/host/TRACED-HOST/SESSION',
    )
    .option('--count', 'decode everything and print only how many event records there are')
    .option('-b, --begin <time>', 'from here on: [YYYY-MM-DD ]HH:MM[:SS[.fraction]] or seconds since the epoch')
    .option('-e, --end <time>', 'up to here')
    .option('--timerange <range>', 'both at once: BEGIN,END')
    .option('--clock-cycles', 'print readings of the clock instead of times')
    .option('--clock-date', 'print dates, too')
    .option('--clock-gmt', 'print and read times in UTC')
    .option('--clock-seconds', 'print times as seconds since the epoch')
    .option('--clock-offset <seconds>', 'set all clocks forward by so many seconds')
    .option('--clock-offset-ns <ns>', 'set all clocks forward by so many nanoseconds')
    .option(
      '-f, --fields <list>',
      'print these before names: trace, trace:hostname, trace:domain, trace:procname, trace:vpid, loglevel, emf, all or none',
    )
    .option('-n, --names <list>', 'print the names of these: payload, context, scope, header, all or none')
    .option('--stream-intersection', 'only the time in which all data streams of a trace were recorded')
    .option('--no-delta', 'leave the difference to the record before out')
    .addOption(new Option('--color <when>', 'colours').choices(['auto', 'always', 'never']).default('auto'))
    .option('--details', 'print classes, data streams, packets and every field on lines of their own')
    .option('--compact', 'with --details: a line each, without fields')
    .option('--follow', 'wait for what is still being recorded into the directory, until Ctrl-C')
    .option('--json', 'print one JSON object a record')
    .addHelpText('after', example('lockstep view --begin 14:02:07 --fields loglevel ./trace | less'))
    .action(async (directory: string | undefined, options: object) => {
      const { runView } = await import('./commands/view.ts');
      await runView(directory, options);
    });
}

function addCheck(program: Command): void {
  program
    .command('check')
    .description('tell whether a trace is sound, and what is wrong where')
    .argument('[dir]', 'trace directory; the last recorded one when not given')
    .option('--strict', 'losses and oddities make it unsound, too')
    .option('--json', 'print JSON')
    .addHelpText('after', example('lockstep check ./trace'))
    .action(async (directory: string | undefined, options: object) => {
      const { runCheck } = await import('./commands/check.ts');
      await runCheck(directory, options);
    });
}

function addConvert(program: Command): void {
  program
    .command('convert')
    .description('write a trace in another format')
    .argument('[dir]', 'trace directory; the last recorded one when not given')
    .addOption(
      new Option('--to <format>', 'what to write')
        .choices(['ctf-1.8', 'ctf-2', 'perfetto', 'chrome', 'jsonl', 'csv'])
        .makeOptionMandatory(),
    )
    .option('-o, --output <path>', 'file, or directory for CTF; standard output when not given (text only)')
    .option('--event <name>', 'only events of this name or glob; repeatable', collect, [])
    .option('-b, --begin <time>', 'from here on: [YYYY-MM-DD ]HH:MM[:SS[.fraction]] or seconds since the epoch')
    .option('-e, --end <time>', 'up to here')
    .option('--timerange <range>', 'both at once: BEGIN,END')
    .option('--clock-gmt', 'read times in UTC')
    .option('--json', 'print what was written as JSON')
    .addHelpText('after', example('lockstep convert --to perfetto -o trace.perfetto-trace ./trace'))
    .action(async (directory: string | undefined, options: object) => {
      const { runConvert } = await import('./commands/convert.ts');
      await runConvert(directory, options);
    });
}

function addStacks(program: Command): void {
  program
    .command('stacks')
    .description('count the stacks of event records that were recorded with -t callstack-kernel or callstack-user')
    .argument('[dir]', 'trace directory; the last recorded one when not given')
    .option('--event <pattern>', 'only of events of this name', '*')
    .option('--limit <count>', 'print this many stacks', '20')
    .option('--collapsed', 'one line a stack, as flame graph tools read it')
    .option('--json', 'print JSON')
    .addHelpText('after', example("lockstep stacks --event 'syscall_entry_*' ./trace"))
    .action(async (directory: string | undefined, options: object) => {
      const { runStacks } = await import('./commands/stacks.ts');
      await runStacks(directory, options);
    });
}

function addStalls(program: Command): void {
  program
    .command('stalls')
    .description('tell for each event-loop stall how long it was and where its time went')
    .argument('[dir]', 'trace directory; the last recorded one when not given')
    .option('--threshold <ms>', 'iterations of at least this many milliseconds are stalls', '20')
    .option('--limit <count>', 'tell this many stalls one by one', '20')
    .option('--parts', 'list every part of each stall')
    .option(
      '--follow',
      'while it is being recorded: tell each stall some seconds after its end, until the recording ends',
    )
    .option('--utc', 'print times of day in UTC')
    .option('--json', 'print JSON')
    .option('--markdown', 'print Markdown')
    .addHelpText('after', example('lockstep stalls --threshold 50 ./trace'))
    .action(async (directory: string | undefined, options: object) => {
      const { runStalls } = await import('./commands/stalls.ts');
      await runStalls(directory, options);
    });
}

function addRequests(program: Command): void {
  program
    .command('requests')
    .description(
      'tell where the latency of HTTP server requests went: of all, the slowest, the 99th percentile, the median',
    )
    .argument('[dir]', 'trace directory; the last recorded one when not given')
    .option('--threshold <ms>', 'requests of at least this many milliseconds are slow', '100')
    .option('--limit <count>', 'explain this many of the slowest one by one', '5')
    .option(
      '--follow',
      'while it is being recorded: tell each slow request some seconds after its end, until the recording ends',
    )
    .option('--utc', 'print times of day in UTC')
    .option('--json', 'print JSON')
    .option('--markdown', 'print Markdown')
    .addHelpText('after', example('lockstep requests --threshold 50 ./trace'))
    .action(async (directory: string | undefined, options: object) => {
      const { runRequests } = await import('./commands/requests.ts');
      await runRequests(directory, options);
    });
}

function addStats(program: Command): void {
  program
    .command('stats')
    .description(
      'count event records by class; or tables of a family: cpu, io, irq, locks, memory, network, periods, sched, syscalls',
    )
    .argument(
      '[family]',
      'cpu, io, irq, locks, memory, network, periods, sched or syscalls; without it, event record classes',
    )
    .argument('[dir]', 'trace directory; the last recorded one when not given')
    .option('-b, --begin <time>', 'from here on: [YYYY-MM-DD ]HH:MM[:SS[.fraction]] or seconds since the epoch')
    .option('-e, --end <time>', 'up to here')
    .option('--timerange <range>', 'both at once: BEGIN,END')
    .option('--procname <names>', 'only threads of these names; repeatable', collect, [])
    .option('--tid <ids>', 'only these threads, or threads of these processes; repeatable', collect, [])
    .option('--cpu <numbers>', 'only these CPUs; repeatable', collect, [])
    .option('--min <us>', 'leave out what took less')
    .option('--max <us>', 'leave out what took longer')
    .option('--limit <count>', 'rows of a table', '10')
    .option('--top', 'list the longest, too')
    .option('--freq', 'histograms, too')
    .option('--freq-resolution <count>', 'buckets of a histogram', '20')
    .option('--log', 'list all, too')
    .option('--period <definition>', "periods: 'NAME(PARENT):BEGIN:END', as in lttng-analyses; repeatable", collect, [])
    .option('--period-captures <definition>', "fields to keep of a period: 'NAME:BEGIN:END'; repeatable", collect, [])
    .option('--clock-gmt', 'print and read times in UTC')
    .option('--json', 'print JSON')
    .option('--markdown', 'print Markdown')
    .option('--csv', 'print comma-separated values')
    .addHelpText('after', example('lockstep stats sched --procname node --top ./trace'))
    .action(async (family: string | undefined, directory: string | undefined, options: object) => {
      const { runStats } = await import('./commands/stats.ts');
      await runStats(
        [family, directory].filter((word) => word !== undefined),
        options,
      );
    });
}

function addProfile(program: Command): void {
  program
    .command('profile')
    .description('tell in which functions programs spent their time, or what they waited for; flame graphs')
    .argument('[dir]', 'trace directory; the last recorded one when not given')
    .option('--off-cpu', 'what was waited for, by stack, instead of what ran')
    .option('--wall', 'both')
    .option('--idle', "with --off-cpu or --wall: the event loop's wait for events, too")
    .option('--program <pid>', 'only this program')
    .option('--tid <tid>', 'only this thread')
    .option('--stall <number>', 'only this stall: 1 is the longest')
    .option('--threshold <ms>', 'with --stall: iterations of at least this many milliseconds are stalls', '20')
    .option('--request <id>', "only this request's turns")
    .option('-b, --begin <time>', 'from here on: [YYYY-MM-DD ]HH:MM[:SS[.fraction]] or seconds since the epoch')
    .option('-e, --end <time>', 'up to here')
    .option('--timerange <range>', 'both at once: BEGIN,END')
    .option('--clock-gmt', 'read times in UTC')
    .addOption(
      new Option('--format <format>', 'what to write')
        .choices(['text', 'json', 'collapsed', 'speedscope', 'pprof'])
        .default('text'),
    )
    .option('-o, --output <file>', 'write there instead of to standard output')
    .option('--limit <count>', 'functions of a table', '15')
    .addHelpText('after', example('lockstep profile --stall 1 --format speedscope -o stall.json ./trace'))
    .action(async (directory: string | undefined, options: object) => {
      const { runProfile } = await import('./commands/profile.ts');
      await runProfile(directory, options);
    });
}

function addCriticalPath(program: Command): void {
  program
    .command('critical-path')
    .description('tell what a stretch of time of a thread hung on, over wake-ups; by default the worst stall')
    .argument('[dir]', 'trace directory; the last recorded one when not given')
    .option('--tid <tid>', 'thread, as the host sees it')
    .option('--slowest-request', 'the slowest HTTP request instead of the worst stall')
    .option('--begin <time>', 'with --tid: from here on; as in view')
    .option('--end <time>', 'with --tid: up to here')
    .option('--utc', 'read and print times of day in UTC')
    .option('--json', 'print JSON')
    .option('--markdown', 'print Markdown')
    .addHelpText('after', example('lockstep critical-path --tid 4711 --begin 14:02:07.1 --end 14:02:07.2 ./trace'))
    .action(async (directory: string | undefined, options: object) => {
      const { runCriticalPath } = await import('./commands/critical-path.ts');
      await runCriticalPath(directory, options);
    });
}

function addWhy(program: Command): void {
  program
    .command('why')
    .description('tell what a thread did or waited for at a moment')
    .argument('<tid>', 'thread, as the host sees it')
    .argument('[dir]', 'trace directory; the last recorded one when not given')
    .requiredOption('--at <time>', 'seconds since the epoch, or HH:MM:SS[.fraction] of the first day')
    .option('--utc', 'read and print times of day in UTC')
    .option('--json', 'print JSON')
    .option('--markdown', 'print Markdown')
    .addHelpText('after', example('lockstep why 4711 --at 14:02:07.113 ./trace'))
    .action(async (tid: string, directory: string | undefined, options: object) => {
      const { runWhy } = await import('./commands/critical-path.ts');
      await runWhy(tid, directory, options);
    });
}

function addCrash(program: Command): void {
  program
    .command('crash')
    .description('recover what is in the buffers of a recording that was killed')
    .argument('[shmdir]', 'session directory in shared memory; without it, all that are left are listed')
    .option('-o, --output <dir>', 'write a new trace there instead of completing the one that was being recorded')
    .option('--json', 'print JSON')
    .addHelpText('after', example('lockstep crash /dev/shm/lockstep-1000/node-4711 -o ./recovered'))
    .action(async (directory: string | undefined, options: object) => {
      const { runCrash } = await import('./commands/crash.ts');
      await runCrash(directory, options);
    });
}

function addDoctor(program: Command): void {
  program
    .command('doctor')
    .description('tell what this machine allows, and how to allow the rest')
    .option('--json', 'print JSON')
    .addHelpText('after', example('lockstep doctor'))
    .action(async (options: object) => {
      const { runDoctor } = await import('./commands/doctor.ts');
      await runDoctor(options);
    });
}

/** commander's, without `(default: [])` at what can be repeated. */
function describeOption(option: Option): string {
  return Array.isArray(option.defaultValue) ? option.description : new Help().optionDescription(option);
}

function collect(value: string, earlier: readonly string[]): readonly string[] {
  return [...earlier, value];
}

function example(line: string): string {
  return `\nExample:\n  ${line}`;
}

/** commander says "error: unknown option '--kernl'\n(Did you mean --kernel?)"; here it is one sentence. */
function asSentence(text: string): string {
  const line = text
    .trim()
    .replace(/^error: /, '')
    .replace(/\s*\n\s*/g, ' ');
  const capital = line.charAt(0).toUpperCase() + line.slice(1);
  return `${capital.replace(/\.$/, '')}; see lockstep --help.`;
}
