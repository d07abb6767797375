// SPDX-License-Identifier: MIT
// The kernel's source -> src/syscalls/tables/*.ts: for each ABI number and name of its system calls,
// and for each function of the kernel behind them its arguments. Debian has the source in a package:
//
//   apt-get download linux-source-6.12 && dpkg-deb -x linux-source-6.12_*.deb x
//   tar -xJf x/usr/src/linux-source-6.12.tar.xz
//   node packages/kernel/tools/generate-syscall-tables.mjs linux-source-6.12 [DIRECTORY of unpacked linux-libc-dev-*-cross]
//
// With the second directory (`apt-get download linux-libc-dev-arm64-cross …; dpkg-deb -x FILE DIRECTORY`)
// every number is compared with the C library's headers. Prints for each ABI what has no description.

import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ABIS, CLONE_ORDERS, HEADER_ONLY } from './syscall-abis.mjs';
import { directionOf } from './syscall-directions.mjs';

const [source, headers] = process.argv.slice(2);
if (source === undefined || !existsSync(join(source, 'scripts/syscall.tbl'))) {
  console.error(
    'usage: generate-syscall-tables.mjs LINUX_SOURCE [CROSS_HEADERS]; LINUX_SOURCE has no scripts/syscall.tbl',
  );
  process.exit(2);
}
const outputDirectory = join(dirname(fileURLToPath(import.meta.url)), '../src/syscalls/tables');

/** `sys_openat` -> definitions, each with the architecture whose directory it lies in ('' = all). */
const definitions = new Map();
for (const file of listSources(source)) readDefinitions(file);
readPrototypes();

const version = kernelVersion();
mkdirSync(outputDirectory, { recursive: true });
/** Text of a signature -> its name; the same function may differ by architecture. */
const signatures = new Map();
for (const abi of ABIS) generate(abi);
writeSignatures();
writeIndex();
if (headers !== undefined) console.log('Names that only the C library has are removed calls, or second names.');

function generate(abi) {
  const rows = readTable(abi);
  const missing = [];
  let unimplementedCount = 0;
  const lines = rows.map((row) => {
    const isUnimplemented = row.entry === undefined || row.entry === 'sys_ni_syscall';
    const signature = isUnimplemented ? undefined : nameSignature(abi, row);
    if (isUnimplemented) unimplementedCount++;
    else if (signature === undefined) missing.push(row.name);
    const word = signature === undefined ? '?' : signature === row.name ? '' : signature;
    return `${row.number} ${row.name}${word === '' ? '' : ` ${word}`}`;
  });
  const verified = headers === undefined || abi.headers === undefined ? undefined : verify(abi, rows);
  const text = [
    '// SPDX-License-Identifier: MIT',
    `// The system calls of ${abi.name}, made by tools/generate-syscall-tables.mjs from ${abi.table}`,
    `// of Linux ${version}: a table, hence its length. ${
      verified === undefined ? 'Numbers unverified.' : `Numbers compared with ${verified}.`
    }`,
    '// A line: number, name, and the signature (signatures.ts) where it has another name; "?": none.',
    '',
    'export const TABLE = `\\',
    lines.join('\n'),
    '`;',
    '',
  ].join('\n');
  writeFileSync(join(outputDirectory, `${abi.name}.ts`), text);
  const unverified = verified === undefined ? 'unverified' : 'verified';
  console.log(
    `${abi.name}: ${rows.length} calls, ${unimplementedCount} of them gone from the kernel, ${unverified}, without description: ${missing.join(' ') || 'none'}`,
  );
}

function readTable(abi) {
  const wanted = new Set(abi.rows === 'generic' ? genericRows(abi) : abi.rows);
  const rows = [];
  for (const line of readFileSync(join(source, abi.table), 'utf8').split('\n')) {
    const [number, kind, name, entry] = line.trim().split(/\s+/);
    if (number === undefined || !/^\d+$/.test(number) || !wanted.has(kind)) continue;
    rows.push({ number: Number(number) + abi.base, name, entry: entry === '-' ? undefined : entry });
  }
  return rows.sort((one, other) => one.number - other.number);
}

/** The generic table's rows of an architecture: common, its width, and what its Makefile adds. */
function genericRows(abi) {
  const makefile = readFileSync(join(source, `arch/${abi.arch}/kernel/Makefile.syscalls`), 'utf8');
  const added = new RegExp(`^syscall_abis_${abi.bits}\\s*\\+=(.*)$`, 'm').exec(makefile)?.[1] ?? '';
  return ['common', String(abi.bits), ...added.trim().split(/\s+/)];
}

/** Undefined: no definition found. */
function nameSignature(abi, row) {
  const found = findDefinition(abi, row);
  if (found === undefined) return undefined;
  const call = found.name;
  const text = found.args
    .map(({ type, name }) => {
      const mark = { in: '', out: '>', inout: '=' }[directionOf(call, type, name)];
      const isIn = mark === '' && type.includes('*');
      return `${isIn ? '<' : mark}${type} ${name}`;
    })
    .join(',');
  // The same function may be defined otherwise for some architecture: a name with a number then.
  for (let count = 1; ; count++) {
    const name = count === 1 ? call : `${call}.${count}`;
    const known = signatures.get(name);
    if (known === undefined) signatures.set(name, text);
    if (known === undefined || known === text) return name;
  }
}

function findDefinition(abi, row) {
  const functionName = row.entry
    .replace(/^(?:__)?(?:x64_|ia32_|arm64_|s390x_|riscv_|powerpc_)?(?=sys_|compat_sys_)/, '')
    .split('/')[0];
  const names = [functionName, functionName.replace(/^compat_sys_/, 'sys_'), `sys_${row.name}`];
  // Wrappers in assembler: sys_clone_wrapper, __sys_fork, alpha_clone, sys_rt_sigreturn_wrapper.
  names.push(
    functionName.replace(/_wrapper$/, ''),
    functionName.replace(
      /^(?:__|alpha_|sys32_|sys_alpha_|sys_mips_|sys_sparc_|sys_parisc_|parisc_|sys_oabi_|sys_s390_|ppc_|sys_ppc_)/,
      'sys_',
    ),
  );
  for (const name of names) {
    const all = definitions.get(name);
    if (all === undefined) continue;
    if (name === 'sys_clone') return cloneOf(abi, all);
    const own = all.find((definition) => definition.arch === abi.arch);
    const common = all.find((definition) => definition.arch === '');
    const chosen = own ?? common;
    if (chosen !== undefined) return chosen;
  }
  return undefined;
}

function cloneOf(abi, all) {
  const arch = abi.arch === 'x86' ? `x86-${abi.name === 'i386' ? 32 : 64}` : abi.arch;
  const order = Number(Object.keys(CLONE_ORDERS).find((key) => CLONE_ORDERS[key].includes(arch)) ?? 0);
  // kernel/fork.c: #ifdef CLONE_BACKWARDS, #elif _BACKWARDS2, #elif _BACKWARDS3, #else.
  const common = all.filter((definition) => definition.arch === '' && definition.file.endsWith('fork.c'));
  return common[order === 0 ? 3 : order - 1] ?? common[0];
}

function* listSources(root) {
  const folders = ['kernel', 'fs', 'mm', 'net', 'ipc', 'security', 'io_uring', 'block', 'init', 'drivers', 'arch'];
  for (const folder of folders) if (existsSync(join(root, folder))) yield* walk(root, folder);
}

function* walk(root, folder) {
  for (const entry of readdirSync(join(root, folder), { withFileTypes: true })) {
    const path = `${folder}/${entry.name}`;
    if (entry.isDirectory()) yield* walk(root, path);
    else if (entry.name.endsWith('.c')) yield path;
  }
}

function readDefinitions(file) {
  const text = readFileSync(join(source, file), 'utf8');
  if (!text.includes('_DEFINE') && !text.includes('asmlinkage')) return;
  const arch = /^arch\/([^/]+)\//.exec(file)?.[1] ?? '';
  if (arch === 'um' || file.includes('/um/')) return;
  const macro = /^\s*(COMPAT_|PPC32_)?SYSCALL(?:32)?_DEFINE([0-6])\(/gm;
  for (let match = macro.exec(text); match !== null; match = macro.exec(text)) {
    const words = splitArguments(text, macro.lastIndex);
    const [name, ...pairs] = words;
    if (name === undefined || !/^\w+$/.test(name)) continue;
    const args = [];
    for (let index = 0; index + 1 < pairs.length; index += 2)
      args.push({ type: cleanType(pairs[index]), name: pairs[index + 1] });
    define(`${match[1] === 'COMPAT_' ? 'compat_sys_' : 'sys_'}${name}`, { name, args, arch, file });
  }
  const plain = /^asmlinkage\s+(?:unsigned\s+)?(?:long|int)\s+(?:notrace\s+)?((?:compat_)?sys\w*)\s*\(/gm;
  for (let match = plain.exec(text); match !== null; match = plain.exec(text)) {
    const args = parsePrototype(splitArguments(text, plain.lastIndex));
    if (args !== undefined) define(match[1], { name: match[1].replace(/^(?:compat_)?sys_/, ''), args, arch, file });
  }
}

/** include/linux/syscalls.h and the architectures' own: functions that are defined without the macro. */
function readPrototypes() {
  const files = ['include/linux/syscalls.h', 'include/linux/compat.h', 'include/asm-generic/syscalls.h'];
  for (const arch of readdirSync(join(source, 'arch')))
    files.push(`arch/${arch}/include/asm/syscalls.h`, `arch/${arch}/kernel/systbls.h`, `arch/${arch}/kernel/entry.h`);
  for (const file of files) {
    if (!existsSync(join(source, file))) continue;
    const text = readFileSync(join(source, file), 'utf8');
    const arch = /^arch\/([^/]+)\//.exec(file)?.[1] ?? '';
    const plain = /^(?:asmlinkage\s+)?(?:unsigned\s+)?(?:long|int)\s+((?:compat_)?sys\w*)\s*\(/gm;
    for (let match = plain.exec(text); match !== null; match = plain.exec(text)) {
      const args = parsePrototype(splitArguments(text, plain.lastIndex));
      if (args === undefined) continue;
      const all = definitions.get(match[1]) ?? [];
      // A definition is better than a declaration.
      if (all.some((definition) => definition.arch === arch || definition.arch === '')) continue;
      define(match[1], { name: match[1].replace(/^(?:compat_)?sys_/, ''), args, arch, file });
    }
  }
}

function parsePrototype(words) {
  if (words.length === 0 || (words.length === 1 && /^(?:void)?$/.test(words[0]))) return [];
  const args = [];
  for (const [index, word] of words.entries()) {
    if (/pt_regs/.test(word)) return index === 0 ? [] : args;
    const match = /^(.*?[\s*])(\w+)$/.exec(word);
    if (match === null || /^(?:int|long|unsigned|char|void|size_t|\w+_t)$/.test(match[2]))
      args.push({ type: cleanType(word), name: `arg${index}` });
    else args.push({ type: cleanType(match[1]), name: match[2] });
  }
  return args;
}

function define(functionName, definition) {
  const all = definitions.get(functionName) ?? [];
  all.push(definition);
  definitions.set(functionName, all);
}

/** The comma-separated words up to the parenthesis that closes; comments and line ends gone. */
function splitArguments(text, start) {
  let depth = 1;
  let end = start;
  while (end < text.length && depth > 0) {
    if (text[end] === '(') depth++;
    else if (text[end] === ')') depth--;
    end++;
  }
  const inner = text
    .slice(start, end - 1)
    .replace(/\/\*[\s\S]*?\*\//g, '')
    .replace(/^#.*$/gm, '');
  const words = [];
  let word = '';
  depth = 0;
  for (const char of inner) {
    if (char === '(') depth++;
    if (char === ')') depth--;
    if (char === ',' && depth === 0) {
      words.push(word);
      word = '';
    } else word += char;
  }
  words.push(word);
  return words.map((each) => each.replace(/\s+/g, ' ').trim()).filter((each) => each !== '');
}

function cleanType(type) {
  const arg = /^compat_arg_u64(?:_dual)?\((\w+)\)$/.exec(type);
  return (arg === null ? type : 'u32')
    .replace(/\b(?:__user|__force|__capability)\b/g, ' ')
    .replace(/\s*\*\s*/g, ' *')
    .replace(/\* \*/g, '**')
    .replace(/\s+/g, ' ')
    .trim();
}

function writeSignatures() {
  const lines = [...signatures]
    .sort(([one], [other]) => (one < other ? -1 : 1))
    .map(([name, args]) => `${name}:${args}`);
  const text = [
    '// SPDX-License-Identifier: MIT',
    `// Arguments of the kernel's functions behind system calls, made by tools/generate-syscall-tables.mjs`,
    `// from Linux ${version}: a table, hence its length.`,
    '// A line: name, colon, arguments in order. Before a pointer: < the kernel reads, > fills, = does both.',
    '',
    'export const SIGNATURES = `\\',
    lines.join('\n'),
    '`;',
    '',
  ].join('\n');
  writeFileSync(join(outputDirectory, 'signatures.ts'), text);
  console.log(`${signatures.size} signatures`);
}

function writeIndex() {
  const names = ABIS.map((abi) => abi.name).sort((one, other) => (one < other ? -1 : 1));
  const identifier = (name) => `table_${name.replace(/-/g, '_')}`;
  const text = [
    '// SPDX-License-Identifier: MIT',
    '// All tables by the name of their ABI; made by tools/generate-syscall-tables.mjs.',
    '',
    ...names.map((name) => `import { TABLE as ${identifier(name)} } from './${name}.ts';`),
    '',
    'export const TABLE_TEXTS = {',
    ...names.map((name) => `  ${/-/.test(name) ? `'${name}'` : name}: ${identifier(name)},`),
    '} as const;',
    '',
  ].join('\n');
  writeFileSync(join(outputDirectory, 'index.ts'), text);
}

/** "package version" when every number that both have is the same; says where not. */
function verify(abi, rows) {
  const { directory, flags } = abi.headers;
  const include = join(headers, 'usr', directory, 'include');
  if (!existsSync(include)) {
    console.error(`${abi.name}: ${include} is not there`);
    return undefined;
  }
  const numbers = headerNumbers(include, flags);
  const byName = new Map(rows.map((row) => [row.name, row.number]));
  const wrong = [];
  const onlyHeader = [];
  for (const [name, number] of numbers) {
    const ours = byName.get(name);
    if (ours === undefined) onlyHeader.push(`${name}=${number}`);
    else if (ours !== number) wrong.push(`${name}: header ${number}, table ${ours}`);
  }
  if (wrong.length > 0 || numbers.size < 200) {
    console.error(`${abi.name}: headers differ or are unreadable (${numbers.size} names): ${wrong.join('; ')}`);
    return undefined;
  }
  console.log(
    `${abi.name}: ${numbers.size} numbers of the header, equal; only there: ${onlyHeader.join(' ') || 'none'}`,
  );
  return `Debian's ${abi.headers.package}`;
}

/** The preprocessor knows the conditionals; the numbers are sums of numbers and names. */
function headerNumbers(include, flags) {
  const common = ['-E', '-nostdinc', '-undef', `-I${include}`, ...flags];
  const bits = flags.includes('-m32')
    ? ['-D__SIZEOF_LONG__=4', '-D__SIZEOF_POINTER__=4']
    : ['-D__LP64__', '-D__SIZEOF_LONG__=8', '-D__SIZEOF_POINTER__=8'];
  const input = '#include <asm/unistd.h>\n';
  const macros = execFileSync('gcc', [...common, ...bits, '-dM', '-'], { input, encoding: 'utf8' });
  const names = [...macros.matchAll(/^#define __NR_(\w+) /gm)]
    .map((match) => match[1])
    .filter((name) => !HEADER_ONLY.test(name));
  const questions = names.map((name) => `@${name} __NR_${name}`).join('\n');
  const answers = execFileSync('gcc', [...common, ...bits, '-P', '-'], {
    input: `${input}${questions}\n`,
    encoding: 'utf8',
  });
  const numbers = new Map();
  for (const match of answers.matchAll(/@(\w+)\s+([^@\n]+)/g)) {
    const expression = match[2].replace(/(\d)[uUlL]+/g, '$1');
    if (!/^[\s\d()+|xXa-fA-F<-]+$/.test(expression)) continue;
    numbers.set(match[1], Function(`return (${expression})`)() & ~0x40000000);
  }
  return numbers;
}

function kernelVersion() {
  const text = existsSync(join(source, 'Makefile')) ? readFileSync(join(source, 'Makefile'), 'utf8') : '';
  const part = (name) => new RegExp(`^${name} = (\\d+)`, 'm').exec(text)?.[1];
  return part('VERSION') === undefined ? 'of Debian' : `${part('VERSION')}.${part('PATCHLEVEL')}.${part('SUBLEVEL')}`;
}
