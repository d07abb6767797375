// SPDX-License-Identifier: MIT
// Checked filter -> JavaScript function. The generated code holds of the filter only numbers, strings
// written by JSON.stringify, and names of its own making: no text of the filter's author is code.
//
// Integers are int64 by definition. Most are known to be small from their field's size, and are then
// plain numbers; the representation of each operand is tracked, and only what may leave 53 bits
// becomes a bigint. What makes the whole filter false is an early return.

import { assertUnreachable } from '@lockstep/base';
import { compileGlob, splitGlob } from './glob.ts';
import { checkFilter, type CheckedFilter } from './check.ts';
import { interpretFilter, type FilterValues } from './interpret.ts';
import type { FilterFieldType, FilterScopes } from './field-types.ts';
import type { BinaryNode, FieldNode, Filter, FilterNode, UnaryNode } from './ast.ts';

/** How the function is called: `(payload, context)`, or `(context, ...payload fields in order)`. */
export type FilterLayout = 'object' | 'positional';

export interface CompiledFilter {
  /** Body of the function; for reading and for tests. */
  readonly source: string;
  /** One sentence, when the filter is false for every event of this class. */
  readonly mismatch: string | undefined;
  /** False: code may not be generated here, and the interpreter evaluates. */
  readonly isGenerated: boolean;
}
export interface CompiledObjectFilter extends CompiledFilter {
  readonly evaluate: (payload: FilterValues, context?: FilterValues) => boolean;
}
export interface CompiledPositionalFilter extends CompiledFilter {
  readonly evaluate: (context: FilterValues | undefined, ...values: readonly unknown[]) => boolean;
}

export function compileToJavaScript(filter: Filter, scopes: FilterScopes, layout?: 'object'): CompiledObjectFilter;
export function compileToJavaScript(
  filter: Filter,
  scopes: FilterScopes,
  layout: 'positional',
): CompiledPositionalFilter;
export function compileToJavaScript(
  filter: Filter,
  scopes: FilterScopes,
  layout: FilterLayout = 'object',
): CompiledObjectFilter | CompiledPositionalFilter {
  const checked = checkFilter(filter, scopes);
  const names = [...scopes.payload.keys()];
  const generator = new Generator(checked, layout === 'positional' ? names : undefined);
  const source = generator.generate();
  const parameters =
    layout === 'positional' ? ['context', ...names.map((_name, index) => `f${index}`)] : ['payload', 'context'];
  const { mismatch } = checked;
  try {
    // oxlint-disable-next-line typescript/no-implied-eval -- generating code is what this file is for
    const make = new Function('constants', `'use strict';\nreturn function (${parameters.join(', ')}) {\n${source}};`);
    return { source, mismatch, isGenerated: true, evaluate: make(generator.constants) as () => boolean };
  } catch (error) {
    // A page or program that forbids eval. Anything else is a bug of the generator.
    if (!(error instanceof EvalError)) throw error;
  }
  if (layout === 'object') {
    return {
      source,
      mismatch,
      isGenerated: false,
      evaluate: (payload: FilterValues, context?: FilterValues) => interpretFilter(checked, payload, context),
    };
  }
  const evaluate = (context: FilterValues | undefined, ...values: readonly unknown[]): boolean =>
    interpretFilter(checked, Object.fromEntries(names.map((name, index) => [name, values[index]])), context);
  return { source, mismatch, isGenerated: false, evaluate };
}

/** What an operand's code gives: a boolean; a number in int32, in uint32, in 53 bits; an int64 bigint; a float; a text. */
type Representation = 'bool' | 'int32' | 'uint32' | 'safe' | 'big' | 'float' | 'string';

interface Operand {
  readonly code: string;
  readonly representation: Representation;
  readonly isNonNegative: boolean;
  /** Of a literal. */
  readonly literal?: bigint;
}

function operand(code: string, representation: Representation, isNonNegative = false): Operand {
  return { code, representation, isNonNegative };
}

class Generator {
  readonly constants: ((name: string) => boolean)[] = [];
  readonly #checked: CheckedFilter;
  readonly #positions: readonly string[] | undefined;
  #lines: string[] = [];
  #nextName = 0;
  #hasPath = false;

  constructor(checked: CheckedFilter, positions: readonly string[] | undefined) {
    this.#checked = checked;
    this.#positions = positions;
  }

  generate(): string {
    if (this.#checked.mismatch !== undefined) return 'return false;\n';
    const result = this.#toBoolean(this.#emit(this.#checked.filter.root));
    const body = [...this.#lines, `return ${result};`].map((line) => `${line}\n`).join('');
    // Members of the caller's objects may be getters, and a tracepoint never throws.
    return this.#hasPath ? `try {\n${body}} catch {\nreturn false;\n}\n` : body;
  }

  #emit(node: FilterNode): Operand {
    switch (node.type) {
      case 'integer':
        return integerLiteral(node.value);
      case 'float':
        return operand(Object.is(node.value, -0) || node.value < 0 ? `(${node.value})` : String(node.value), 'float');
      case 'string':
        return operand(JSON.stringify(splitGlob(node.pattern).join('*')), 'string');
      case 'field':
        return this.#emitField(node);
      case 'unary':
        return this.#emitUnary(node);
      case 'binary':
        return this.#emitBinary(node);
      default:
        return assertUnreachable(node);
    }
  }

  #line(text: string): void {
    this.#lines.push(text);
  }

  #declare(code: string): string {
    const name = `v${this.#nextName++}`;
    this.#line(`let ${name} = ${code};`);
    return name;
  }

  #emitField(node: FieldNode): Operand {
    const binding = this.#checked.bindings.get(node);
    if (binding === undefined) throw new Error('a checked filter has a binding for each field');
    const value = this.#declare(this.#access(binding.scope, binding.name));
    for (const step of node.path) {
      this.#hasPath = true;
      this.#line(`if (typeof ${value} !== 'object' || ${value} === null) return false;`);
      if (typeof step === 'number') this.#line(`if (${step} >= ${value}.length) return false;`);
      this.#line(`${value} = ${value}[${JSON.stringify(step)}];`);
    }
    return this.#convertField(value, binding.leaf);
  }

  #access(scope: 'payload' | 'context', name: string): string {
    if (scope === 'context') return `context === undefined ? undefined : context[${JSON.stringify(name)}]`;
    if (this.#positions === undefined) return `payload[${JSON.stringify(name)}]`;
    return `f${this.#positions.indexOf(name)}`;
  }

  /** The value that would be recorded; see field-types.ts, whose rules this repeats. */
  #convertField(value: string, leaf: FilterFieldType): Operand {
    if (leaf.type === 'string') {
      this.#line(`if (typeof ${value} !== 'string') return false;`);
      return operand(value, 'string');
    }
    if (leaf.type === 'float') {
      this.#line(`if (typeof ${value} !== 'number') return false;`);
      return operand(leaf.bits === 32 ? `Math.fround(${value})` : value, 'float');
    }
    if (leaf.type !== 'integer') throw new Error('a checked field has a single value');
    const { bits, isSigned } = leaf;
    const wrap = `BigInt.${isSigned ? 'asIntN' : 'asUintN'}`;
    if (bits > 32) {
      this.#line(
        `if (typeof ${value} === 'number') ${value} = BigInt(Number.isFinite(${value}) ? Math.trunc(${value}) : 0);`,
      );
      this.#line(`else if (typeof ${value} === 'boolean') ${value} = ${value} ? 1n : 0n;`);
      this.#line(`else if (typeof ${value} !== 'bigint') return false;`);
      this.#line(
        `${value} = ${bits === 64 ? '' : `BigInt.asIntN(64, ${wrap}(${bits}, `}${bits === 64 ? `BigInt.asIntN(64, ${value})` : `${value}))`};`,
      );
      return operand(value, 'big');
    }
    this.#line(`if (typeof ${value} === 'bigint') ${value} = Number(${wrap}(${bits}, ${value}));`);
    this.#line(`else if (typeof ${value} !== 'number' && typeof ${value} !== 'boolean') return false;`);
    const shift = 32 - bits;
    const code = isSigned
      ? shift === 0
        ? `${value} | 0`
        : `${value} << ${shift} >> ${shift}`
      : shift === 0
        ? `${value} >>> 0`
        : `${value} << ${shift} >>> ${shift}`;
    return operand(`(${code})`, isSigned || bits < 32 ? 'int32' : 'uint32', !isSigned);
  }

  #emitUnary(node: UnaryNode): Operand {
    const inner = this.#emit(node.operand);
    const { representation } = inner;
    switch (node.operator) {
      case '+':
        return toNumber(inner);
      case '-':
        if (inner.literal !== undefined) return integerLiteral(BigInt.asIntN(64, -inner.literal));
        if (representation === 'big') return operand(`BigInt.asIntN(64, -${inner.code})`, 'big');
        return operand(`(-${toNumber(inner).code})`, representation === 'float' ? 'float' : 'safe');
      case '!':
        if (representation === 'bool') return operand(`!${inner.code}`, 'bool', true);
        return operand(`(${inner.code} === ${representation === 'big' ? '0n' : '0'})`, 'bool', true);
      case '~':
        if (isInt32(inner)) return operand(`(~${toNumber(inner).code})`, 'int32');
        return operand(`(~${toBig(inner)})`, 'big');
      default:
        return assertUnreachable(node.operator);
    }
  }

  #emitBinary(node: BinaryNode): Operand {
    const { operator } = node;
    if (operator === '&&' || operator === '||') return this.#emitLogical(node, operator);
    if (this.#checked.valueTypes.get(node.left) === 'string') return this.#emitTextComparison(node);
    const left = this.#emit(node.left);
    const right = this.#emit(node.right);
    if (operator === '<<' || operator === '>>') return this.#emitShift(operator, left, right);
    if (operator === '&' || operator === '|' || operator === '^') return emitBits(operator, left, right);
    return emitComparison(operator, left, right);
  }

  #emitLogical(node: BinaryNode, operator: '&&' | '||'): Operand {
    const result = this.#declare(this.#toBoolean(this.#emit(node.left)));
    const outer = this.#lines;
    this.#lines = [];
    const right = this.#toBoolean(this.#emit(node.right));
    const inner = this.#lines;
    this.#lines = outer;
    this.#line(`if (${operator === '&&' ? result : `!${result}`}) {`);
    for (const line of inner) this.#line(line);
    this.#line(`${result} = ${right};`);
    this.#line('}');
    return operand(result, 'bool', true);
  }

  #emitShift(operator: '<<' | '>>', left: Operand, right: Operand): Operand {
    const count = right.literal;
    const isSmall =
      left.representation === 'int32' || left.representation === 'uint32' || left.representation === 'bool';
    if (count !== undefined && isSmall) {
      const { code } = toNumber(left);
      // 32 bits and 20 more are within 53.
      if (operator === '<<' && count >= 0n && count <= 20n)
        return operand(`(${code} * ${2 ** Number(count)})`, 'safe', left.isNonNegative);
      if (operator === '>>' && left.isNonNegative && count >= 0n && count <= 31n)
        return operand(`(${code} >>> ${count})`, 'uint32', true);
    }
    const distance = this.#declare(toBig(right));
    this.#line(`if (${distance} < 0n || ${distance} > 63n) return false;`);
    const value = toBig(left);
    return operand(
      operator === '<<'
        ? `BigInt.asIntN(64, ${value} << ${distance})`
        : `BigInt.asIntN(64, BigInt.asUintN(64, ${value}) >> ${distance})`,
      'big',
    );
  }

  #emitTextComparison({ left, right, operator }: BinaryNode): Operand {
    const not = operator === '!=' ? '!' : '';
    const [glob, other] = left.type === 'string' && splitGlob(left.pattern).length > 1 ? [left, right] : [right, left];
    const parts = glob.type === 'string' ? splitGlob(glob.pattern) : [];
    if (glob.type !== 'string' || parts.length === 1) {
      return operand(`(${this.#emit(left).code} ${operator}= ${this.#emit(right).code})`, 'bool', true);
    }
    const { code } = this.#emit(other);
    if (parts.length === 2 && parts[1] === '')
      return operand(`${not}${code}.startsWith(${JSON.stringify(parts[0])})`, 'bool', true);
    this.constants.push(compileGlob(glob.pattern));
    return operand(`${not}constants[${this.constants.length - 1}](${code})`, 'bool', true);
  }

  #toBoolean({ code, representation }: Operand): string {
    if (representation === 'bool') return code;
    if (representation === 'big') return `${code} !== 0n`;
    // LTTng casts a fraction to int64 first.
    return representation === 'float' ? `Math.trunc(${code}) !== 0` : `${code} !== 0`;
  }
}

function integerLiteral(value: bigint): Operand {
  const isNonNegative = value >= 0n;
  const isInSafe = value <= 9_007_199_254_740_991n && value >= -9_007_199_254_740_991n;
  const isInInt32 = value === BigInt.asIntN(32, value);
  const isInUint32 = value === BigInt.asUintN(32, value);
  const representation = isInInt32 ? 'int32' : isInUint32 ? 'uint32' : isInSafe ? 'safe' : 'big';
  const digits = representation === 'big' ? `${value}n` : String(value);
  return { code: isNonNegative ? digits : `(${digits})`, representation, isNonNegative, literal: value };
}

function isInt32({ representation }: Operand): boolean {
  return representation === 'int32' || representation === 'bool';
}

function toNumber(value: Operand): Operand {
  return value.representation === 'bool' ? operand(`(${value.code} ? 1 : 0)`, 'int32', true) : value;
}

function toBig(value: Operand): string {
  if (value.literal !== undefined) return value.literal < 0n ? `(${value.literal}n)` : `${value.literal}n`;
  return value.representation === 'big' ? value.code : `BigInt(${toNumber(value).code})`;
}

function emitBits(operator: '&' | '|' | '^', left: Operand, right: Operand): Operand {
  const [a, b] = [toNumber(left), toNumber(right)];
  // JavaScript's operators work on int32: right for two int32, since both extend their sign, and for
  // two that fit into uint32.
  if (isInt32(a) && isInt32(b))
    return operand(`(${a.code} ${operator} ${b.code})`, 'int32', a.isNonNegative && b.isNonNegative);
  const isUint32 = (value: Operand): boolean =>
    value.representation === 'uint32' || (isInt32(value) && value.isNonNegative);
  const isBoth = isUint32(a) && isUint32(b);
  // A negative int32 has 32 ones above, which `&` with a uint32 takes away again.
  const isMask = operator === '&' && ((isUint32(a) && isInt32(b)) || (isInt32(a) && isUint32(b)));
  if (isBoth || isMask) return operand(`((${a.code} ${operator} ${b.code}) >>> 0)`, 'uint32', true);
  return operand(`(${toBig(a)} ${operator} ${toBig(b)})`, 'big');
}

function emitComparison(operator: '<' | '<=' | '>' | '>=' | '==' | '!=', left: Operand, right: Operand): Operand {
  const [a, b] = [toNumber(left), toNumber(right)];
  let [first, second] = [a.code, b.code];
  // An integer that meets a fraction becomes one, with C's rounding.
  if (a.representation === 'float' && b.representation === 'big') second = `Number(${second})`;
  else if (b.representation === 'float' && a.representation === 'big') first = `Number(${first})`;
  else if (a.representation === 'big' && b.literal !== undefined) second = toBig(b);
  else if (b.representation === 'big' && a.literal !== undefined) first = toBig(a);
  // Loosely, a number and a bigint of the same value are equal, exactly.
  return operand(`(${first} ${operator} ${second})`, 'bool', true);
}
