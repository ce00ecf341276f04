import { attribute } from '../../../graph.ts';
import type { NodeProto } from '../../../model.ts';
import { domainOf } from '../../../shapes/registry.ts';
import { DataType, floats } from '../../../tensors.ts';
import type { Builder } from '../builder.ts';
import { affineClip, type Grid } from '../grids.ts';
import type { Wiring } from '../wiring.ts';

/** A tensor in 8 bits: the names of its codes, scale and zero point, and the grid they make. */
export interface Codes {
  codes: string;
  scale: string;
  zeroPoint: string;
  grid: Grid;
}

/** Names of a grid's constants. */
export type GridNames = (grid: Grid) => { scale: string; zeroPoint: string };

interface PassContext {
  build: Builder;
  gridNames: GridNames;
  /** Where the codes of the result go, and the grid they are on. */
  codes: string;
  result: Codes;
}

/** An operator that has an 8-bit kernel, which passes codes on between layers. */
export interface Pass {
  /** How many of its inputs are data: the rest are as they are. */
  data: number | 'all';
  /**
   * The grid of the result: `own`, by the range observed; `same`, that of the input, whose codes are only moved;
   * a grid that the operator itself bounds.
   */
  grid: 'own' | 'same' | ((node: NodeProto) => Grid);
  /** Runs in 8 bits even where no quantised layer reads what it makes: it shrinks or merges what is read. */
  always?: boolean;
  /** What the codes can't do. */
  able?(node: NodeProto, wiring: Wiring): boolean;
  write(node: NodeProto, inputs: readonly Codes[], context: PassContext): void;
}

const triple = ({ codes, scale, zeroPoint }: Codes) => [codes, scale, zeroPoint];

/** The same operator moves codes as it moves floats. */
const moves: Pass = {
  data: 1,
  grid: 'same',
  able: ({ output }) => output.filter(Boolean).length === 1,
  write: (node, [input], { build, codes }) => {
    const inputs = node.input.map((name, index) => (index === 0 ? (input?.codes ?? name) : name));
    build.like(node, node.opType ?? '', inputs, codes);
  },
};

/** Takes 8 bits since operator set 12. */
const maxPool: Pass = {
  ...moves,
  always: true,
  able: ({ output }, { opset }) => opset >= 12 && output.filter(Boolean).length === 1,
};

const binary: Pass = {
  data: 'all',
  grid: 'own',
  write: (node, [a, b], { build, codes, result }) => {
    if (!a || !b) return;
    const inputs = [...triple(a), ...triple(b), result.scale, result.zeroPoint];
    build.contrib(`QLinear${node.opType}`, node.name ?? '', inputs, {}, codes);
  },
};

const pool: Pass = {
  data: 1,
  grid: 'own',
  always: true,
  able: (node, wiring) => wiring.rank(node.input[0] ?? '') === 4 && !attribute(node, 'dilations'),
  write: (node, [input], { build, codes, result }) => {
    if (!input) return;
    const inputs = [...triple(input), result.scale, result.zeroPoint];
    build.like(node, `QLinear${node.opType}`, inputs, codes, 'com.microsoft');
  },
};

const concat: Pass = {
  data: 'all',
  grid: 'own',
  write: (node, inputs, { build, codes, result }) => {
    const operands = [result.scale, result.zeroPoint, ...inputs.flatMap(triple)];
    build.like(node, 'QLinearConcat', operands, codes, 'com.microsoft');
  },
};

const sigmoid: Pass = { ...pool, always: false, able: () => true, grid: () => ({ scale: 1 / 255, zeroPoint: 0 }) };
const leakyRelu: Pass = { ...pool, always: false, able: () => true };

/** One multiplication by `alpha`, whose zero point adds `beta` and whose codes end where the clipping does. */
function writeAffineClip(input: Codes, at: string, alpha: number, beta: number, codes: string, context: PassContext) {
  const { build, gridNames } = context;
  const clip = affineClip(beta);
  if (!clip) return undefined;
  const factor = gridNames({ scale: alpha, zeroPoint: 0 });
  const one = build.once('code 1', () => build.constant('code_1', Uint8Array.of(1)));
  const made = gridNames(clip.made);
  const inputs = [...triple(input), one, factor.scale, factor.zeroPoint, made.scale, made.zeroPoint];
  build.contrib('QLinearMul', at, inputs, {}, codes);
  return { codes, ...gridNames(clip.read), grid: clip.read };
}

const slopeOf = (node: NodeProto) => attribute(node, 'alpha')?.f ?? 0.2;
const offsetOf = (node: NodeProto) => attribute(node, 'beta')?.f ?? 0.5;

const hardSigmoid: Pass = {
  data: 1,
  grid: (node) => affineClip(offsetOf(node))?.read ?? { scale: 1 / 255, zeroPoint: 0 },
  able: (node) => slopeOf(node) > 0 && affineClip(offsetOf(node)) !== undefined,
  write: (node, [input], context) => {
    if (input) writeAffineClip(input, node.name ?? '', slopeOf(node), offsetOf(node), context.codes, context);
  },
};

/** x · clip(x / 6 + 1/2, 0, 1) (Howard et al. 2019) in two multiplications of codes. */
const hardSwish: Pass = {
  data: 1,
  grid: 'own',
  write: (node, [input], context) => {
    const { build, codes, result } = context;
    if (!input) return;
    const gate = writeAffineClip(input, `${node.name}.gate`, 1 / 6, 0.5, build.name(`${node.name}.gate`), context);
    if (!gate) return;
    const inputs = [...triple(input), ...triple(gate), result.scale, result.zeroPoint];
    build.contrib('QLinearMul', node.name ?? '', inputs, {}, codes);
  },
};

const passes: Record<string, Pass> = {
  ...{ Identity: moves, Reshape: moves, Flatten: moves, Transpose: moves, Squeeze: moves, Unsqueeze: moves },
  ...{ Slice: moves, MaxPool: maxPool },
  ...{ Add: { ...binary, always: true }, Mul: binary, Concat: concat },
  ...{ AveragePool: pool, GlobalAveragePool: pool },
  ...{ Sigmoid: sigmoid, LeakyRelu: leakyRelu, HardSigmoid: hardSigmoid, HardSwish: hardSwish },
};

/** How the node runs on codes; undefined where it does not. */
export function passOf(node: NodeProto, wiring: Wiring): Pass | undefined {
  const operator = node.opType ?? '';
  if (domainOf(node.domain) !== 'ai.onnx' || !Object.hasOwn(passes, operator)) return undefined;
  const pass = passes[operator];
  return pass && (pass.able?.(node, wiring) ?? true) ? pass : undefined;
}

/**
 * An activation that the end of the codes is: the kernel before it clips by saturating. A grid holds zero, so that a
 * Clip must let zero through.
 */
export function clips(node: NodeProto, wiring: Wiring): boolean {
  if (domainOf(node.domain) !== 'ai.onnx') return false;
  if (node.opType !== 'Clip') return node.opType === 'Relu';
  const [low, high] = [1, 2].map((index) => {
    const name = node.input[index];
    const bound = wiring.constant(name);
    if (!name) return 0;
    return bound?.dataType === DataType.FLOAT ? (floats(bound)[0] ?? Number.NaN) : Number.NaN;
  });
  return (low ?? 0) <= 0 && (high ?? 0) >= 0;
}

export const dataInputs = (node: NodeProto, { data }: Pass): string[] =>
  (data === 'all' ? node.input : node.input.slice(0, data)).filter((name) => name !== '');
