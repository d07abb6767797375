// SPDX-License-Identifier: MIT
// Filter -> the kernel's own filter language (Documentation/trace/events.rst, "Event filtering"), so
// that the kernel drops what is not wanted before it is recorded. That language compares one field
// with one constant and joins such comparisons by && || ! and parentheses. Whatever would not mean
// exactly the same gives undefined, and the filter is applied when pages are converted.

import { assertUnreachable } from '@lockstep/base';
import type { BinaryNode, FieldNode, Filter, FilterNode } from './ast.ts';
import { splitGlob } from './glob.ts';

/** How the kernel calls a field, and what is stored in it. */
export interface KernelField {
  readonly name: string;
  readonly type:
    | { readonly type: 'integer'; readonly bits: number; readonly isSigned: boolean }
    /** `isArray`: in an array of fixed size, whose end is not the text's. */
    | { readonly type: 'string'; readonly isArray?: boolean };
}
/** Undefined: the kernel has no such field. */
export type KernelFieldResolver = (scope: FieldNode['scope'], name: string) => KernelField | undefined;

/** MAX_FILTER_STR_VAL, kernel/trace/trace_events_filter.c. */
const MAX_STRING_BYTES = 255;
/** The kernel takes a filter of at most a page. */
const MAX_FILTER_BYTES = 4000;

/**
 * The kernel's filter, or undefined when it cannot be expressed. Without `resolve` payload names are
 * taken over, and only constants that every size of integer holds alike are let through.
 */
export function compileToKernelFilter(filter: Filter, resolve?: KernelFieldResolver): string | undefined {
  const text = new KernelFilterWriter(resolve).condition(filter.root);
  return text === undefined || text.length > MAX_FILTER_BYTES ? undefined : text;
}

const SWAPPED = { '<': '>', '<=': '>=', '>': '<', '>=': '<=', '==': '==', '!=': '!=' } as const;
type Comparison = keyof typeof SWAPPED;

class KernelFilterWriter {
  readonly #resolve: KernelFieldResolver | undefined;

  constructor(resolve: KernelFieldResolver | undefined) {
    this.#resolve = resolve;
  }

  condition(node: FilterNode): string | undefined {
    switch (node.type) {
      case 'field':
        return this.#compareInteger(node, '!=', 0n);
      case 'unary': {
        if (node.operator === '+') return this.condition(node.operand);
        if (node.operator !== '!') return undefined;
        const inner = this.condition(node.operand);
        return inner === undefined ? undefined : `!(${inner})`;
      }
      case 'binary':
        return this.#binary(node);
      case 'integer':
      case 'float':
      case 'string':
        return undefined;
      default:
        return assertUnreachable(node);
    }
  }

  #binary(node: BinaryNode): string | undefined {
    const { operator } = node;
    switch (operator) {
      case '&&':
      case '||': {
        const [left, right] = [this.condition(node.left), this.condition(node.right)];
        return left === undefined || right === undefined ? undefined : `(${left}) ${operator} (${right})`;
      }
      case '&':
        return this.#mask(node);
      case '<<':
      case '>>':
      case '^':
      case '|':
        return undefined;
      case '<':
      case '<=':
      case '>':
      case '>=':
      case '==':
      case '!=':
        return (
          this.#compare(node.left, operator, node.right) ?? this.#compare(node.right, SWAPPED[operator], node.left)
        );
      default:
        return assertUnreachable(operator);
    }
  }

  #compare(left: FilterNode, operator: Comparison, right: FilterNode): string | undefined {
    const constant = integerOf(right);
    if (left.type === 'field') {
      if (right.type === 'string') return this.#compareText(left, operator, right.pattern);
      return constant === undefined ? undefined : this.#compareInteger(left, operator, constant);
    }
    // `(flags & 4) != 0`; other results of a mask the kernel cannot compare.
    if (left.type !== 'binary' || left.operator !== '&' || constant !== 0n) return undefined;
    const mask = this.#mask(left);
    if (mask === undefined || (operator !== '==' && operator !== '!=')) return undefined;
    return operator === '!=' ? mask : `!(${mask})`;
  }

  #field(node: FieldNode): KernelField | undefined {
    if (node.path.length > 0) return undefined;
    if (this.#resolve !== undefined) {
      const field = this.#resolve(node.scope, node.name);
      return field !== undefined && /^\w+$/.test(field.name) ? field : undefined;
    }
    // Of an unknown field: as if it were the smallest, so that every constant let through fits.
    return node.scope === 'payload'
      ? { name: node.name, type: { type: 'integer', bits: 8, isSigned: true } }
      : undefined;
  }

  /** The kernel cuts the constant to the field's size before it compares; so it must fit. */
  #compareInteger(node: FieldNode, operator: Comparison, constant: bigint): string | undefined {
    const field = this.#field(node);
    if (field?.type.type !== 'integer') return undefined;
    const { bits, isSigned } = field.type;
    const cut = isSigned ? BigInt.asIntN(bits, constant) : BigInt.asUintN(bits, constant);
    // A uint64 field is unsigned to the kernel and signed to LTTng: equal for equality alone.
    const isOrdered = operator !== '==' && operator !== '!=';
    if (cut !== constant || (bits === 64 && !isSigned && isOrdered)) return undefined;
    if (this.#resolve === undefined && constant < 0n) return undefined;
    return `${field.name} ${operator} ${constant}`;
  }

  #mask({ left, right }: BinaryNode): string | undefined {
    const [node, constant] = left.type === 'field' ? [left, integerOf(right)] : [right, integerOf(left)];
    if (node.type !== 'field' || constant === undefined || constant < 0n) return undefined;
    const field = this.#field(node);
    if (field?.type.type !== 'integer') return undefined;
    const bits = BigInt(field.type.bits - (field.type.isSigned ? 1 : 0));
    return constant >> bits === 0n ? `${field.name} & ${constant}` : undefined;
  }

  #compareText(node: FieldNode, operator: Comparison, pattern: string): string | undefined {
    const field =
      this.#resolve === undefined && node.path.length === 0 && node.scope === 'payload'
        ? { name: node.name }
        : this.#field(node);
    if (field === undefined || ('type' in field && field.type.type !== 'string')) return undefined;
    if (operator !== '==' && operator !== '!=') return undefined;
    const parts = splitGlob(pattern);
    const isPattern = parts.length > 1;
    const text = parts.join('*');
    // The kernel's globs also know ? [ ] and \, and a leading ! means not; a literal star is a star.
    if (isPattern && (/[?[\]\\!]/.test(text) || parts.some((part) => part.includes('*')))) return undefined;
    // In an array the kernel looks for `*end` at the array's end, and for `*middle*` behind the text's, too.
    if (isPattern && parts[0] === '' && 'type' in field && field.type.type === 'string' && field.type.isArray === true)
      return undefined;
    if (!/^[\x20-\x7e]*$/.test(text) || text.length > MAX_STRING_BYTES || text === '') return undefined;
    const quote = text.includes('"') ? "'" : '"';
    if (text.includes(quote) || text.includes('\\')) return undefined;
    if (isPattern)
      return operator === '=='
        ? `${field.name} ~ ${quote}${text}${quote}`
        : `!(${field.name} ~ ${quote}${text}${quote})`;
    return `${field.name} ${operator} ${quote}${text}${quote}`;
  }
}

/** The constant that the node is, with its sign. */
function integerOf(node: FilterNode): bigint | undefined {
  if (node.type === 'integer') return node.value;
  if (node.type !== 'unary' || (node.operator !== '-' && node.operator !== '+')) return undefined;
  const inner = integerOf(node.operand);
  if (inner === undefined) return undefined;
  return node.operator === '-' ? BigInt.asIntN(64, -inner) : inner;
}
