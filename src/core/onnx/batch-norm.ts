import {
  addOutputs,
  attribute,
  consumersOf,
  initializerOf,
  isOutput,
  makeNode,
  prune,
  rewire,
  setInitializer,
} from './graph.ts';
import { copy, type Model, ModelError, type NodeProto } from './model.ts';
import { dims, floats, tensor } from './tensors.ts';

const epsilonOf = (node: NodeProto) => attribute(node, 'epsilon')?.f ?? 1e-5;
const isBatchNorm = ({ opType, domain }: NodeProto) => opType === 'BatchNormalization' && !domain;

/** The tensors that a recalibration pass returns for one BatchNormalization. */
interface Statistics {
  mean: string;
  variance: string;
}

const statisticsOf = (node: NodeProto): Statistics => ({
  mean: `${node.name}.batch_mean`,
  variance: `${node.name}.batch_variance`,
});

export const batchNorms = ({ graph }: Model): NodeProto[] => graph.node.filter(isBatchNorm);

/**
 * The model with every BatchNormalization normalising by the statistics of the batch it is given (mean and biased
 * variance over all axes but the channel's), and these as outputs of the graph: one forward pass over the calibration
 * inputs yields the statistics of all layers (Yu and Huang 2019, BatchNorm calibration of slimmable networks).
 */
export function recalibrationModel(model: Model): Model {
  const result = copy(model);
  const { graph } = result;
  setInitializer(graph, tensor('batch_norm.axes', BigInt64Array.of(0n, 2n, 3n), [3]));
  graph.node = graph.node.flatMap((node) => {
    if (!isBatchNorm(node)) return [node];
    const [input = '', scale = '', bias = ''] = node.input;
    const { mean, variance } = statisticsOf(node);
    const at = (suffix: string) => `${node.name}.${suffix}`;
    const channels = dims(initializerOf(graph, scale) ?? tensor('', new Float32Array(0), [0]))[0] ?? 0;
    setInitializer(graph, tensor(at('epsilon'), Float32Array.of(epsilonOf(node))));
    for (const [parameter, suffix] of [
      [scale, 'scale'],
      [bias, 'bias'],
    ] as const) {
      const present = initializerOf(graph, parameter);
      if (!present) throw new ModelError(`the ${suffix} of BatchNormalization "${node.name}" is not constant`);
      setInitializer(graph, tensor(at(`${suffix}_4d`), floats(present), [1, channels, 1, 1]));
    }
    addOutputs(graph, [mean, variance]);
    return [
      makeNode('ReduceMean', at('mean'), [input], [mean], { axes: [0, 2, 3], keepdims: 1 }),
      makeNode('Sub', at('centre'), [input, mean], [at('centred')]),
      makeNode('Mul', at('square'), [at('centred'), at('centred')], [at('squared')]),
      makeNode('ReduceMean', at('variance'), [at('squared')], [variance], { axes: [0, 2, 3], keepdims: 1 }),
      makeNode('Add', at('stabilise'), [variance, at('epsilon')], [at('stable')]),
      makeNode('Sqrt', at('root'), [at('stable')], [at('deviation')]),
      makeNode('Div', at('normalise'), [at('centred'), at('deviation')], [at('normalised')]),
      makeNode('Mul', at('scale'), [at('normalised'), at('scale_4d')], [at('scaled')]),
      makeNode('Add', at('shift'), [at('scaled'), at('bias_4d')], node.output.slice(0, 1)),
    ];
  });
  if ((result.opsetImport.find(({ domain }) => !domain)?.version ?? 0n) >= 18n) axesAsInputs(result);
  prune(graph);
  return result;
}

/** From opset 18 on, ReduceMean takes its axes as an input instead of an attribute. */
function axesAsInputs({ graph }: Model): void {
  for (const node of graph.node.filter(
    ({ opType, name }) => opType === 'ReduceMean' && /\.(mean|variance)$/.test(name ?? ''),
  )) {
    node.attribute = node.attribute.filter(({ name }) => name !== 'axes');
    node.input = [...node.input, 'batch_norm.axes'];
  }
}

/** The model with the statistics that a run of its recalibration model returned. */
export function withStatistics(model: Model, outputs: Record<string, Float32Array>): Model {
  const result = copy(model);
  for (const node of batchNorms(result)) {
    const { mean, variance } = statisticsOf(node);
    const [, , , meanName = '', varianceName = ''] = node.input;
    const [means, variances] = [outputs[mean], outputs[variance]];
    if (!means || !variances) throw new ModelError(`no statistics were measured for BatchNormalization "${node.name}"`);
    setInitializer(result.graph, tensor(meanName, means, [means.length]));
    setInitializer(result.graph, tensor(varianceName, variances, [variances.length]));
  }
  return result;
}

/**
 * Folds each BatchNormalization into the Conv that alone feeds it: w' = w·γ/√(σ²+ε), b' = (b−μ)·γ/√(σ²+ε) + β.
 * Others stay as they are.
 */
export function foldBatchNorms(model: Model): Model {
  const result = copy(model);
  const { graph } = result;
  for (const node of batchNorms(result)) {
    const [input, ...parameters] = node.input;
    const conv = graph.node.find(({ opType, output }) => opType === 'Conv' && output[0] === input);
    const weight = initializerOf(graph, conv?.input[1]);
    const constants = parameters.map((name) => initializerOf(graph, name)).filter((found) => found !== undefined);
    const alone = consumersOf(graph, input).length === 1 && !isOutput(graph, input);
    if (!conv || !weight || constants.length < 4 || !alone) continue;
    const [gamma, beta, mean, variance] = constants.map(floats);
    if (!gamma || !beta || !mean || !variance) continue;
    const shape = dims(weight);
    const perChannel = shape.slice(1).reduce((product, size) => product * size, 1);
    const oldBias = initializerOf(graph, conv.input[2]);
    if (conv.input[2] && !oldBias) continue;
    const bias = oldBias ? floats(oldBias) : new Float32Array(gamma.length);
    const factors = gamma.map((value, channel) => value / Math.sqrt((variance[channel] ?? 0) + epsilonOf(node)));
    const folded = floats(weight).map((value, index) => value * (factors[Math.floor(index / perChannel)] ?? 1));
    const shifted = bias.map((value, c) => (value - (mean[c] ?? 0)) * (factors[c] ?? 1) + (beta[c] ?? 0));
    // Weights of its own: the initializer may be shared with another node.
    const own = { weight: `${conv.name}.folded_weight`, bias: `${conv.name}.folded_bias` };
    setInitializer(graph, tensor(own.weight, folded, shape));
    setInitializer(graph, tensor(own.bias, shifted, [shifted.length]));
    conv.input = [conv.input[0] ?? '', own.weight, own.bias];
    graph.node = graph.node.filter((candidate) => candidate !== node);
    const output = node.output[0] ?? '';
    if (isOutput(graph, output)) conv.output = [output];
    else rewire(graph, output, conv.output[0] ?? '');
  }
  prune(graph);
  return result;
}
