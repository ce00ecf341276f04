import type { NodeProto } from '../../../model.ts';
import type { Need, Range } from '../../../observe/observations.ts';
import { dims } from '../../../tensors.ts';
import type { Writing } from '../format.ts';
import { type Grid, gridOf } from '../grids.ts';
import { type ConvLayer, isMatrixProduct, type Layer, type ProductLayer } from '../layers.ts';
import { integersOf } from '../parameters.ts';
import type { Wiring } from '../wiring.ts';
import { endOf, type Flow } from './flow.ts';
import { type Codes, dataInputs, type Pass } from './passes.ts';

/** The tensors whose ranges the 8-bit part of a graph is laid out by. */
export function rangesOf(layers: ReadonlyMap<NodeProto, Layer>, flow: Flow, wiring: Wiring): Need[] {
  const tensors = new Set<string>();
  for (const node of wiring.order) {
    const layer = layers.get(node);
    if (layer) {
      if (!flow.codes.has(layer.input)) tensors.add(layer.input);
      if (flow.codes.has(layer.output)) tensors.add(endOf(layer.output, flow, wiring));
    }
    if (flow.passes.get(node)?.grid === 'own') tensors.add(endOf(node.output[0] ?? '', flow, wiring));
  }
  return [...tensors].map((tensor) => ({ kind: 'range', tensor }));
}

/** Writes the 8-bit part of a graph: codes where something reads codes, FLOAT where something reads that. */
export class EightBitWriter {
  readonly #writing: Writing;
  readonly #flow: Flow;
  readonly #codes = new Map<string, Codes>();

  constructor(writing: Writing, flow: Flow) {
    this.#writing = writing;
    this.#flow = flow;
  }

  readonly #gridNames = ({ scale, zeroPoint }: Grid) => {
    const { build } = this.#writing;
    return {
      scale: build.once(`scale ${scale}`, () => build.constant('scale', Float32Array.of(scale))),
      zeroPoint: build.once(`zero ${zeroPoint}`, () => build.constant('zero_point', Uint8Array.of(zeroPoint))),
    };
  };

  #range(tensor: string): Range {
    const { observed, wiring } = this.#writing;
    const { min, max } = observed.range(tensor);
    // HardSwish is zero from −3 down: no codes are spent there.
    const readers = wiring.readers(tensor);
    const swished =
      !wiring.isOutput(tensor) &&
      readers.length > 0 &&
      readers.every((node) => node.opType === 'HardSwish' && this.#flow.passes.has(node));
    return { min: swished ? Math.max(min, -3) : min, max };
  }

  /** The codes of a FLOAT tensor, quantised once for all layers that read it. */
  #codesOf(tensor: string): Codes {
    const present = this.#codes.get(tensor);
    if (present) return present;
    const { build } = this.#writing;
    const grid = gridOf(this.#range(tensor));
    const names = this.#gridNames(grid);
    const codes = build.node('QuantizeLinear', `${tensor}.codes`, [tensor, names.scale, names.zeroPoint]);
    const made = { codes, ...names, grid };
    this.#codes.set(tensor, made);
    return made;
  }

  /** Has `write` make the codes of `tensor`, or of the clipped value after it, and their FLOAT where it is read. */
  #make(tensor: string, gridFor: (end: string) => Grid, write: (result: Codes) => void): void {
    const { build, wiring } = this.#writing;
    const end = endOf(tensor, this.#flow, wiring);
    const grid = gridFor(end);
    const names = this.#gridNames(grid);
    const result = { codes: build.name(`${end}.codes`), ...names, grid };
    write(result);
    this.#codes.set(end, result);
    if (this.#flow.floats(end)) {
      build.node('DequantizeLinear', `${end}.float`, [result.codes, names.scale, names.zeroPoint], {}, end);
    }
  }

  readonly #observedGrid = (tensor: string) => gridOf(this.#range(tensor));

  pass(node: NodeProto, pass: Pass): void {
    const { build } = this.#writing;
    const inputs = dataInputs(node, pass).map((name) => this.#codesOf(name));
    const same = inputs[0]?.grid ?? { scale: 1, zeroPoint: 0 };
    const { grid } = pass;
    const gridFor = grid === 'own' ? this.#observedGrid : () => (grid === 'same' ? same : grid(node));
    this.#make(node.output[0] ?? '', gridFor, (result) => {
      pass.write(node, inputs, { build, gridNames: this.#gridNames, codes: result.codes, result });
    });
  }

  layer(layer: ConvLayer | ProductLayer): void {
    const input = this.#codesOf(layer.input);
    if (!this.#flow.codes.has(layer.output)) {
      this.#floatProduct(layer, input);
      return;
    }
    this.#make(layer.output, this.#observedGrid, (result) => {
      if (layer.kind === 'Conv') this.#conv(layer, input, result);
      else this.#codesProduct(layer, input, result);
    });
  }

  #weights(layer: ConvLayer | ProductLayer, input: Codes, countsBias: boolean) {
    const { build } = this.#writing;
    const at = (suffix: string) => `${layer.node.name}.${suffix}`;
    const { values, scales, bias } = integersOf(layer, this.#writing, countsBias ? input.grid.scale : undefined);
    const shape = layer.kind === 'Conv' ? dims(layer.weight) : [layer.k, layer.n];
    const size = [scales.length];
    return {
      weight: build.constant(at('weight_int8'), values, shape),
      scale: build.constant(at('weight_scale'), scales, size),
      zeroPoint: () => build.constant(at('weight_zero_point'), new Int8Array(scales.length), size),
      /** In units of the accumulators: products of both scales. */
      integerBias: () => {
        const integers = bias?.map((value, c) => value / ((scales[c] as number) * input.grid.scale));
        return integers && build.constant(at('bias_int32'), Int32Array.from(integers, Math.round), size);
      },
      floatBias: () => bias && build.constant(at('bias'), bias, size),
    };
  }

  #conv(layer: ConvLayer, input: Codes, result: Codes): void {
    const { weight, scale, zeroPoint, integerBias } = this.#weights(layer, input, true);
    const bias = integerBias();
    const inputs = [
      ...[input.codes, input.scale, input.zeroPoint, weight, scale, zeroPoint(), result.scale, result.zeroPoint],
      ...(bias ? [bias] : []),
    ];
    this.#writing.build.like(layer.node, 'QLinearConv', inputs, result.codes);
  }

  #floatProduct(layer: ConvLayer | ProductLayer, input: Codes): void {
    const { weight, scale, floatBias } = this.#weights(layer, input, false);
    const bias = floatBias();
    const inputs = [input.codes, weight, input.scale, scale, input.zeroPoint, ...(bias ? ['', bias] : [])];
    this.#writing.build.contrib('MatMulIntegerToFloat', layer.node.name ?? '', inputs, {}, layer.output);
  }

  /** QGemm adds the bias, but takes matrices only; QLinearMatMul takes any rank. */
  #codesProduct(layer: ProductLayer, input: Codes, result: Codes): void {
    const { build, wiring } = this.#writing;
    const at = layer.node.name ?? '';
    const gemm = isMatrixProduct(layer, wiring);
    const { weight, scale, zeroPoint, integerBias } = this.#weights(layer, input, gemm);
    const operands = [input.codes, input.scale, input.zeroPoint, weight, scale, zeroPoint()];
    if (gemm) {
      const inputs = [...operands, integerBias() ?? '', result.scale, result.zeroPoint];
      build.contrib('QGemm', at, inputs, {}, result.codes);
    } else {
      build.node('QLinearMatMul', at, [...operands, result.scale, result.zeroPoint], {}, result.codes);
    }
  }
}
