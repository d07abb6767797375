// SPDX-License-Identifier: MIT
// What is wrong with a filter whatever the fields are: operators that strings do not have, strings
// compared with numbers, fractions where bits are meant. LTTng refuses these when the rule is made,
// so they are InputErrors; what depends on a field's type only makes the filter false (check.ts).

import { assertUnreachable, InputError } from '@lockstep/base';
import type { BinaryNode, Filter, FilterNode } from './ast.ts';
import { isGlob } from './glob.ts';
import { filterError } from './lexer.ts';

/** `unknown`: a field's, known per event only. */
type LiteralType = 'integer' | 'float' | 'string' | 'unknown';

export function checkLiterals(filter: Filter): void {
  const { text, root } = filter;
  const type = typeOf(text, root);
  if (type === 'string' || type === 'float') {
    throw filterError(
      `The filter is a ${type === 'string' ? 'string' : 'fraction'} and no condition; compare it with something`,
      text,
      root.position,
    );
  }
}

function typeOf(text: string, node: FilterNode): LiteralType {
  switch (node.type) {
    case 'integer':
    case 'float':
    case 'string':
      return node.type;
    case 'field':
      return 'unknown';
    case 'unary': {
      const operand = typeOf(text, node.operand);
      if (operand === 'string')
        throw filterError(`"${node.operator}" is not possible with a string`, text, node.position);
      if (node.operator === '~' && operand === 'float')
        throw filterError('"~" is not possible with a fraction', text, node.position);
      return node.operator === '!' ? 'integer' : operand;
    }
    case 'binary':
      return typeOfBinary(text, node, typeOf(text, node.left), typeOf(text, node.right));
    default:
      return assertUnreachable(node);
  }
}

function typeOfBinary(text: string, node: BinaryNode, left: LiteralType, right: LiteralType): LiteralType {
  const { operator, position } = node;
  const hasString = left === 'string' || right === 'string';
  switch (operator) {
    case '==':
    case '!=':
      if (hasString) checkStringComparison(text, node, left, right);
      return 'integer';
    case '<':
    case '<=':
    case '>':
    case '>=':
      if (hasString)
        throw filterError(`Strings can be compared with == and != only, not with "${operator}"`, text, position);
      return 'integer';
    case '&&':
    case '||':
      if (hasString) throw filterError(`A string is no condition: "${operator}" needs comparisons`, text, position);
      return 'integer';
    case '<<':
    case '>>':
    case '&':
    case '^':
    case '|':
      if (hasString) throw filterError(`"${operator}" is not possible with a string`, text, position);
      if (left === 'float' || right === 'float')
        throw filterError(`"${operator}" is not possible with a fraction`, text, position);
      return 'integer';
    default:
      return assertUnreachable(operator);
  }
}

function checkStringComparison(
  text: string,
  { left, right, position }: BinaryNode,
  leftType: LiteralType,
  rightType: LiteralType,
): void {
  const isText = (type: LiteralType): boolean => type === 'string' || type === 'unknown';
  if (!isText(leftType) || !isText(rightType))
    throw filterError('A string cannot be compared with a number', text, position);
  // A unary operator makes a number of a field, whatever it is.
  if (left.type === 'unary' || right.type === 'unary')
    throw filterError('A string cannot be compared with a number', text, position);
  if (left.type === 'string' && right.type === 'string' && isGlob(left.pattern) && isGlob(right.pattern)) {
    throw new InputError('Two patterns with "*" cannot be compared with each other', {
      filter: text,
      position: position + 1,
    });
  }
}
