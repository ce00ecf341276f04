/**
 * A dimension: a size, or the name of one that is not known yet, or an expression over such names (`2*batch`,
 * `(seq + 1)`, `floor(H/2)`), or `?` where nothing is known. Equal text means equal size, except for `?`.
 */
export type Dim = number | string;
export type Shape = readonly Dim[];

export const unknownDim = '?';
export const isKnown = (dim: Dim): dim is number => typeof dim === 'number';

/** Longer expressions help nobody and could grow with each layer. */
const longest = 96;
const bounded = (text: string): Dim => (text.length > longest ? unknownDim : text);

/** A product as its number and its other factors, sorted. */
interface Product {
  factor: number;
  names: string[];
}

/** The parts of a text between separators that stand in no brackets; the text itself where that makes no sense. */
function apart(text: string, separator: string): string[] {
  const parts: string[] = [];
  let [depth, from] = [0, 0];
  for (let at = 0; at < text.length; at++) {
    if (text[at] === '(') depth++;
    if (text[at] === ')') depth--;
    if (depth !== 0 || !text.startsWith(separator, at)) continue;
    parts.push(text.slice(from, at));
    from = at + separator.length;
    at = from - 1;
  }
  parts.push(text.slice(from));
  return parts.every(Boolean) && depth === 0 ? parts : [text];
}

function product(dim: Dim): Product {
  if (isKnown(dim)) return { factor: dim, names: [] };
  const parts = apart(dim, '*');
  const numbers = parts.filter((part) => /^-?\d{1,15}$/.test(part));
  return {
    factor: numbers.reduce((total, part) => total * Number(part), 1),
    names: parts.filter((part) => !numbers.includes(part)).sort(),
  };
}

function text({ factor, names }: Product): Dim {
  if (factor === 0 || names.length === 0) return factor;
  return bounded((factor === 1 ? names : [String(factor), ...names]).join('*'));
}

export function multiply(a: Dim, b: Dim): Dim {
  // Adding 0 turns -0 into 0.
  if (isKnown(a) && isKnown(b)) return a * b + 0;
  if (a === 0 || b === 0) return 0;
  if (a === 1) return b;
  if (b === 1) return a;
  if (a === unknownDim || b === unknownDim) return unknownDim;
  const [left, right] = [product(a), product(b)];
  return text({ factor: left.factor * right.factor, names: [...left.names, ...right.names].sort() });
}

const balanced = (inner: string) => {
  let depth = 0;
  for (const character of inner) {
    if (character === '(') depth++;
    if (character === ')' && --depth < 0) return false;
  }
  return depth === 0;
};

/** `(H + 3)` as H and 3. */
function withOffset(dim: string): { base: Dim; offset: number } {
  const found = /^\((.+) ([+-]) (\d{1,15})\)$/.exec(dim);
  if (!found?.[1] || !balanced(found[1])) return { base: dim, offset: 0 };
  return { base: found[1], offset: Number(`${found[2]}${found[3]}`) };
}

/** The addends of a sum. */
function terms(dim: string): string[] {
  const inner = /^\((.+)\)$/.exec(dim)?.[1];
  const parts = inner && balanced(inner) ? apart(inner, ' + ') : [];
  return parts.length > 1 ? parts : [dim];
}

/** a + b where an addend of one takes away an addend of the other; undefined where none does. */
function cancelled(a: string, b: string): Dim | undefined {
  const all = [...terms(a), ...terms(b)];
  for (const [index, term] of all.entries()) {
    const opposite = all.indexOf(String(multiply(term, -1)));
    if (opposite < 0) continue;
    return all.filter((_, at) => at !== index && at !== opposite).reduce<Dim>((sum, each) => add(sum, asDim(each)), 0);
  }
  return undefined;
}

const asDim = (text: string): Dim => (/^-?\d{1,15}$/.test(text) ? Number(text) : text);

export function add(a: Dim, b: Dim): Dim {
  if (isKnown(a) && isKnown(b)) return a + b;
  if (a === unknownDim || b === unknownDim) return unknownDim;
  if (isKnown(a)) return add(b, a);
  if (isKnown(b)) {
    if (!Number.isInteger(b)) return unknownDim;
    const { base, offset } = withOffset(a);
    const sum = offset + b;
    return sum === 0 ? base : bounded(`(${base} ${sum < 0 ? '-' : '+'} ${Math.abs(sum)})`);
  }
  const [left, right] = [product(a), product(b)];
  if (left.names.join('*') === right.names.join('*')) {
    return text({ factor: left.factor + right.factor, names: left.names });
  }
  return cancelled(a, b) ?? bounded(`(${[a, b].sort().join(' + ')})`);
}

export const subtract = (a: Dim, b: Dim): Dim => add(a, multiply(b, -1));

/** a / b where that is whole for every size of the names in them; undefined where it can't be told. */
export function divideExactly(a: Dim, b: Dim): Dim | undefined {
  if (isKnown(a) && isKnown(b)) return b !== 0 && a % b === 0 ? a / b + 0 : undefined;
  if (a === unknownDim || b === unknownDim || b === 0) return undefined;
  if (b === 1 || a === 0) return a;
  const [above, below] = [product(a), product(b)];
  const names = [...above.names];
  for (const name of below.names) {
    const at = names.indexOf(name);
    if (at < 0) return undefined;
    names.splice(at, 1);
  }
  return above.factor % below.factor === 0 ? text({ factor: above.factor / below.factor, names }) : undefined;
}

function divideRounded(round: 'floor' | 'ceil', a: Dim, b: Dim): Dim {
  if (isKnown(a) && isKnown(b)) return b === 0 ? unknownDim : Math[round](a / b) + 0;
  const exact = divideExactly(a, b);
  if (exact !== undefined) return exact;
  return a === unknownDim || b === unknownDim ? unknownDim : bounded(`${round}(${a}/${b})`);
}

export const divideDown = (a: Dim, b: Dim): Dim => divideRounded('floor', a, b);
export const divideUp = (a: Dim, b: Dim): Dim => divideRounded('ceil', a, b);

export const sameDim = (a: Dim, b: Dim): boolean => a === b && a !== unknownDim;
export const count = (shape: Shape): Dim => shape.reduce(multiply, 1);
export const allKnown = (shape: Shape | undefined): shape is readonly number[] => !!shape?.every(isKnown);
export const showShape = (shape: Shape | undefined): string => (shape ? `[${shape.join(', ')}]` : 'unknown');
