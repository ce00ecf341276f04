import { attribute } from '../../graph.ts';
import type { NodeProto } from '../../model.ts';
import { domainOf } from '../../shapes/registry.ts';

export type Curve = (x: number) => number;

/** erf to 1.5e-7 (Abramowitz and Stegun, Handbook of Mathematical Functions, 7.1.26). */
function erf(x: number): number {
  const t = 1 / (1 + 0.3275911 * Math.abs(x));
  const polynomial = ((((1.061405429 * t - 1.453152027) * t + 1.421413741) * t - 0.284496736) * t + 0.254829592) * t;
  return Math.sign(x) * (1 - polynomial * Math.exp(-x * x));
}

const clip = (x: number, least: number, most: number) => Math.min(most, Math.max(least, x));
const sigmoid: Curve = (x) => 1 / (1 + Math.exp(-x));
const softplus: Curve = (x) => (x > 30 ? x : Math.log1p(Math.exp(x)));
const gelu: Curve = (x) => 0.5 * x * (1 + erf(x / Math.SQRT2));
const tanhGelu: Curve = (x) => 0.5 * x * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x ** 3)));
const hardSwish: Curve = (x) => x * clip(x / 6 + 0.5, 0, 1);
const elu: Curve = (x) => (x < 0 ? Math.expm1(x) : x);

/** An activation by name: its values, and the two it stays between, where it does. */
export interface Activation {
  name: string;
  curve: Curve;
  bounds?: readonly [least: number, most: number];
}

export const activations: readonly Activation[] = [
  { name: 'Gelu', curve: gelu },
  { name: 'FastGelu', curve: tanhGelu },
  { name: 'QuickGelu', curve: (x) => x * sigmoid(1.702 * x) },
  { name: 'Silu', curve: (x) => x * sigmoid(x) },
  { name: 'HardSwish', curve: hardSwish },
  { name: 'Mish', curve: (x) => x * Math.tanh(softplus(x)) },
  { name: 'Softplus', curve: softplus },
  { name: 'Elu', curve: elu },
  { name: 'Sigmoid', curve: sigmoid, bounds: [0, 1] },
  { name: 'HardSigmoid', curve: (x) => clip(x / 6 + 0.5, 0, 1), bounds: [0, 1] },
  { name: 'Tanh', curve: Math.tanh, bounds: [-1, 1] },
];

/** Where two curves are compared: finely where activations bend. */
const places = Array.from({ length: 65 }, (_, i) => (i - 32) / 4);

/** The activation that a curve is, to within the rounding of constants that exporters write out. */
export function recognise(curve: Curve): Activation | undefined {
  return activations.find((known) =>
    places.every((x) => Math.abs(curve(x) - known.curve(x)) <= 3e-6 * Math.max(1, Math.abs(x))),
  );
}

const number = (node: NodeProto, name: string, fallback: number) => attribute(node, name)?.f ?? fallback;

/** What an operator of one operand computes; undefined for operators that are not known, or of more operands. */
export function unaryCurve(node: NodeProto): Curve | undefined {
  const [alpha, beta] = [(fallback: number) => number(node, 'alpha', fallback), number(node, 'beta', 0.5)];
  const operator = node.opType ?? '';
  if (domainOf(node.domain) === 'com.microsoft') {
    if (node.input.length !== 1) return undefined;
    const slope = alpha(1.702);
    const fused: Record<string, Curve> = { Gelu: gelu, FastGelu: tanhGelu, QuickGelu: (x) => x * sigmoid(slope * x) };
    return Object.hasOwn(fused, operator) ? fused[operator] : undefined;
  }
  if (domainOf(node.domain) !== 'ai.onnx' || node.input.length !== 1) return undefined;
  const [scale, slope] = [alpha(1), alpha(0.2)];
  const approximate = new TextDecoder().decode(attribute(node, 'approximate')?.s ?? new Uint8Array());
  const curves: Record<string, Curve> = {
    ...{ Erf: erf, Sigmoid: sigmoid, Tanh: Math.tanh, Softplus: softplus, Exp: Math.exp, HardSwish: hardSwish },
    ...{ Relu: (x) => Math.max(0, x), Neg: (x) => -x, Abs: Math.abs, Sqrt: Math.sqrt, Log: Math.log },
    ...{ Reciprocal: (x) => 1 / x, Mish: (x) => x * Math.tanh(softplus(x)), Softsign: (x) => x / (1 + Math.abs(x)) },
    Gelu: approximate === 'tanh' ? tanhGelu : gelu,
    HardSigmoid: (x) => clip(slope * x + beta, 0, 1),
    Elu: (x) => (x < 0 ? scale * Math.expm1(x) : x),
  };
  return Object.hasOwn(curves, operator) ? curves[operator] : undefined;
}

const binary: Record<string, (a: number, b: number) => number> = {
  Add: (a, b) => a + b,
  Sub: (a, b) => a - b,
  Mul: (a, b) => a * b,
  Div: (a, b) => a / b,
  Pow: (a, b) => a ** b,
  Min: Math.min,
  Max: Math.max,
};

export function binaryCurve(node: NodeProto): ((a: number, b: number) => number) | undefined {
  const operator = node.opType ?? '';
  const plain = domainOf(node.domain) === 'ai.onnx' && node.input.length === 2;
  return plain && Object.hasOwn(binary, operator) ? binary[operator] : undefined;
}

/** Clip with constant bounds, of which either may be missing. */
export const clipCurve =
  (least = Number.NEGATIVE_INFINITY, most = Number.POSITIVE_INFINITY): Curve =>
  (x) =>
    clip(x, least, most);
