import type { KernelKind } from '../../api/hardware-profile.ts';
import { makeNode } from '../onnx/graph.ts';
import type { Model } from '../onnx/model.ts';
import { convolutions, type KernelModel, product, products, residentChain, type Step } from './kernels.ts';

/** A chain of so many layers: what more of them add is the time of a layer alone. */
export type KernelChain = (layers: number) => KernelModel;

/** Products with square weights, of so many rows. */
export const productChain =
  (kind: 'MatMul' | 'VectorMatMul', rows: number, width: number): KernelChain =>
  (layers) =>
    products(kind, rows, width, { layers, batch: 1 });

const convolutionChain =
  (kind: KernelKind, channels: number, kernel: number, side: number, batch: number): KernelChain =>
  (layers) =>
    convolutions(kind, channels, kernel, side, kind === 'DepthwiseConv' ? channels : 1, { layers, batch });

/** The kinds of `kernelModels` in sizes that keep a GPU busy. */
export const gpuKernelChains: readonly KernelChain[] = [
  convolutionChain('Conv', 64, 3, 112, 4),
  convolutionChain('Conv', 256, 3, 28, 8),
  convolutionChain('PointwiseConv', 64, 1, 112, 4),
  convolutionChain('PointwiseConv', 512, 1, 28, 8),
  convolutionChain('DepthwiseConv', 64, 3, 112, 4),
  convolutionChain('DepthwiseConv', 512, 5, 28, 8),
  productChain('MatMul', 512, 1024),
  productChain('MatMul', 8192, 1024),
  productChain('VectorMatMul', 1, 1024),
  productChain('VectorMatMul', 1, 1536),
];

/** Additions of large tensors that stay on the device: `bytes` are moved by each, two read and one written. */
export function gpuTriads(layers: number): { model: Model; shape: number[]; bytes: number } {
  const shape = [8192, 4096];
  const step: Step = (from, to, i) => ({ nodes: [makeNode('Add', `add${i}`, [from, 'map'], [to])] });
  const { model, input } = residentChain(shape, step, layers);
  return { model, shape: input, bytes: 3 * 4 * product(shape) };
}
