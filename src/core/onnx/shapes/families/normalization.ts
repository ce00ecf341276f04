import { DataType } from '../../tensor-data/element-types.ts';
import type { Shape } from '../dims.ts';
import { type Rule, type Rules, rulesFor, type Site, value } from '../value.ts';

const sameAsInput: Rule = (site) => [value(site.type(), site.shape())];

/** Statistics have size 1 on the axes that are normalised, from `axis` on. */
function statisticsShape(site: Site, input: Shape | undefined): Shape | undefined {
  if (!input) return undefined;
  const from = site.axis(site.int('axis', -1), input.length);
  return input.map((size, axis) => (axis < from ? size : 1));
}

const layerNormalization: Rule = (site) => {
  const statistics = value(site.int('stash_type', DataType.FLOAT), statisticsShape(site, site.shape()));
  return [value(site.type(), site.shape()), statistics, statistics];
};

/** Y, then the running mean and variance, and before opset 14 the saved ones: one entry a channel. */
const batchNormalization: Rule = (site) => {
  const channels = site.shape(3) ?? (site.shape()?.[1] === undefined ? undefined : [site.shape()?.[1] ?? 1]);
  const statistics = value(site.type(3) || site.type(), channels);
  return [value(site.type(), site.shape()), statistics, statistics, statistics, statistics];
};

/** Y, mean, inverse deviation, input + skip (com.microsoft). */
const skipNormalization: Rule = (site) => {
  const input = site.shape();
  const statistics = value(DataType.FLOAT, input && [...input.slice(0, -1), 1]);
  return [value(site.type(), input), statistics, statistics, value(site.type(), input)];
};

export const normalizations: Rules = {
  ...rulesFor('InstanceNormalization GroupNormalization RMSNormalization RotaryEmbedding', sameAsInput),
  LayerNormalization: layerNormalization,
  BatchNormalization: batchNormalization,
  /** ONNX Runtime registers it in the default domain. */
  SimplifiedLayerNormalization: layerNormalization,
};

export const contribNormalizations: Rules = {
  ...rulesFor('SkipLayerNormalization SkipSimplifiedLayerNormalization', skipNormalization),
  ...rulesFor('FastGelu BiasGelu Gelu QuickGelu GroupNorm RotaryEmbedding', sameAsInput),
};
