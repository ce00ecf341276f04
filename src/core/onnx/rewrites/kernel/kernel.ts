import { setAttribute } from '../../graph.ts';
import { type Layer, layerOf, writeLayer } from '../../layer.ts';
import { copy, type Model } from '../../model.ts';
import { type Window, windowOf } from '../../window.ts';
import { settle, Wiring } from '../../wiring.ts';
import { changes, needsNothing, type Rewrite, type Site } from '../rewrite.ts';

interface Place {
  id: string;
  layer: Layer;
  window: Window;
  sizes: number[];
}

/** Odd sizes down to 1 that the padding leaves room for: what the kernel loses, the padding loses. */
function sizesOf({ kernel, dilations, begin, end }: Window): number[] {
  const [size = 0] = kernel;
  if (size % 2 === 0 || kernel.some((each) => each !== size)) return [];
  const fits = (smaller: number) =>
    dilations.every((dilation, axis) => {
      const lost = ((size - smaller) / 2) * dilation;
      return (begin[axis] ?? 0) >= lost && (end[axis] ?? 0) >= lost;
    });
  return Array.from({ length: (size + 1) / 2 }, (_, i) => 2 * i + 1).filter(fits);
}

function places({ graph }: Model): Place[] {
  const wiring = new Wiring(graph);
  return graph.node.flatMap((node): Place[] => {
    if (node.opType !== 'Conv') return [];
    const layer = layerOf(wiring, node);
    const window = layer && windowOf(node, layer.shape.slice(2));
    const sizes = window && sizesOf(window);
    return layer && window && sizes && sizes.length > 1 ? [{ id: node.name ?? '', layer, window, sizes }] : [];
  });
}

const siteOf = ({ id, sizes }: Place): Site => ({ id, choices: sizes, identity: sizes.at(-1) ?? 1 });

/** Each tap that is cut off goes to the nearest that stays: neighbours are alike, and flat regions keep their value. */
function shrunk({ shape, weight }: Layer, size: number): { shape: number[]; weight: Float32Array } {
  const kernel = shape.slice(2);
  const small = [...shape.slice(0, 2), ...kernel.map(() => size)];
  const [taps, left] = [kernel.reduce((a, b) => a * b, 1), size ** kernel.length];
  const target = Int32Array.from({ length: taps }, (_, tap) => {
    let [rest, place, step] = [tap, 0, 1];
    for (const extent of kernel.toReversed()) {
      const position = Math.min(size - 1, Math.max(0, (rest % extent) - (extent - size) / 2));
      place += position * step;
      step *= size;
      rest = Math.floor(rest / extent);
    }
    return place;
  });
  const result = new Float32Array((weight.length / taps) * left);
  for (const [place, value] of weight.entries()) {
    const at = Math.floor(place / taps) * left + (target[place % taps] ?? 0);
    result[at] = (result[at] ?? 0) + value;
  }
  return { shape: small, weight: result };
}

/**
 * Shrinks the kernels of convolutions, 5×5 to 3×3 or 1×1, with as much padding less; the taps at the rim are added to
 * the nearest ones that stay, so that the sum of the taps, and with it the mean of the output, is kept (kernel
 * transformation of Once-for-All, Cai et al. 2020, without training).
 */
export const kernel: Rewrite = {
  name: 'kernel',
  unit: 'kernel size',
  affects: ['macs', 'weightBytes', 'activationBytes', 'kernels'],
  sites: (model) => places(model).map(siteOf),
  needs: needsNothing((model) => places(model).map(siteOf)),
  rewrite(model, selection) {
    const chosen = new Map(changes(places(model).map(siteOf), selection).map(([{ id }, size]) => [id, size]));
    const result = copy(model);
    const wiring = new Wiring(result.graph);
    for (const { id, layer, window } of places(result)) {
      const size = chosen.get(id);
      if (size === undefined) continue;
      const { node } = layer;
      writeLayer(wiring, { ...layer, ...shrunk(layer, size), bias: undefined });
      const less = (pads: number[]) =>
        pads.map((pad, axis) => pad - (((window.kernel[axis] ?? size) - size) / 2) * (window.dilations[axis] ?? 1));
      setAttribute(
        node,
        'kernel_shape',
        window.kernel.map(() => size),
      );
      setAttribute(node, 'pads', [...less(window.begin), ...less(window.end)]);
    }
    settle(result.graph);
    return result;
  },
};
