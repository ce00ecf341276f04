import { copy, type Model, type NodeProto } from '../../model.ts';
import type { Need } from '../../observe/observations.ts';
import { type Inference, inferShapes } from '../../shapes/infer.ts';
import { changes, type Rewrite, type Selection, type Site } from '../rewrite.ts';
import { Builder } from './builder.ts';
import { compensations } from './compensation.ts';
import { type Flow, flowOf } from './eight-bit/flow.ts';
import { EightBitWriter, rangesOf } from './eight-bit/writer.ts';
import type { Format, PrecisionOptions, Writing } from './format.ts';
import { fp16 } from './formats/fp16.ts';
import { int4 } from './formats/int4.ts';
import { int8Dynamic } from './formats/int8-dynamic.ts';
import { type Layer, layersOf } from './layers.ts';
import { momentsOf } from './parameters.ts';
import { codeOf, type LayerPrecision, precisionOf, precisions } from './precisions.ts';
import { WeightReader } from './weights.ts';
import { type Wiring, wiringOf } from './wiring.ts';

/** The formats that are written layer by layer; INT8Static is written where layers meet. */
const formats: Partial<Record<LayerPrecision, Format>> = { INT4: int4, INT8Dynamic: int8Dynamic, FP16: fp16 };

function offered(layer: Layer): LayerPrecision[] {
  return precisions.filter((precision) => {
    if (precision === 'INT8Static') return layer.kind !== 'Table';
    return precision === 'FP32' || formats[precision]?.offers(layer);
  });
}

const siteOf = (layer: Layer): Site => ({
  id: layer.node.name ?? '',
  choices: offered(layer).map(codeOf),
  identity: codeOf('FP32'),
});

interface Plan {
  wiring: Wiring;
  /** The layers that change, by their nodes. */
  chosen: Map<NodeProto, { layer: Layer; precision: LayerPrecision }>;
  static: Map<NodeProto, Layer>;
  /** Additions that are the biases of changed layers. */
  absorbed: Set<NodeProto>;
  flow: Flow;
}

function planOf(model: Model, selection: Selection): Plan {
  const wiring = wiringOf(model, inferShapes(model));
  const layers = layersOf(wiring);
  const byId = new Map(layers.map((layer) => [layer.node.name, layer]));
  const chosen: Plan['chosen'] = new Map();
  for (const [{ id }, code] of changes(layers.map(siteOf), selection)) {
    const layer = byId.get(id);
    const precision = precisionOf(code);
    if (layer && precision) chosen.set(layer.node, { layer, precision });
  }
  const fixed = [...chosen].filter(([, { precision }]) => precision === 'INT8Static');
  const absorbed = new Set<NodeProto>();
  for (const { layer } of chosen.values()) if (layer.kind !== 'Table' && layer.absorbed) absorbed.add(layer.absorbed);
  const quantized = new Map(fixed.map(([node, { layer }]) => [node, layer]));
  return { wiring, chosen, static: quantized, absorbed, flow: flowOf(quantized, absorbed, wiring) };
}

function needsOf(plan: Plan, options: PrecisionOptions): Need[] {
  const { wiring, flow } = plan;
  const own = [...plan.chosen.values()].flatMap(({ layer, precision }) => {
    const format = formats[precision];
    if (format) return format.needs(layer, wiring, options);
    return layer.kind === 'Table' ? [] : momentsOf(layer, wiring, options);
  });
  return [...rangesOf(plan.static, flow, wiring), ...own];
}

function write(plan: Plan, writing: Writing): Model {
  const eightBit = new EightBitWriter(writing, plan.flow);
  const { build } = writing;
  for (const node of plan.wiring.order) {
    if (plan.absorbed.has(node) || plan.flow.clipped.has(node)) continue;
    const pass = plan.flow.passes.get(node);
    const found = plan.chosen.get(node);
    if (pass) eightBit.pass(node, pass);
    else if (!found) build.push(node);
    else if (found.precision !== 'INT8Static') formats[found.precision]?.write(found.layer, writing);
    else if (found.layer.kind !== 'Table') eightBit.layer(found.layer);
  }
  return build.finish();
}

const defaults: PrecisionOptions = { weightBits: 8, searchScales: false, repair: false };

/**
 * The precision of each layer with constant weights: Conv, MatMul and Gemm, and tables that Gather picks rows from. The
 * choices are codes of `precisions`; FP32 leaves a layer as it is. Integer operators are written as ONNX Runtime's
 * kernels take them, biases and activations included, so that no fusion has to find them and no weight is dequantised
 * at run time; between layers of INT8Static, operators with 8-bit kernels pass the codes on, and FLOAT is made only where
 * something reads it. BatchNorms are folded before. A layer that is quantised already is none of the sites, and below
 * operator set 11 there are none.
 */
export function precision(options: Partial<PrecisionOptions> = {}): Rewrite {
  const all = { ...defaults, ...options };
  return {
    name: 'precision',
    unit: precisions.map((name, code) => `${code} ${name}`).join(', '),
    affects: ['weightBytes', 'activationBytes', 'kernels'],
    sites: (model: Model, inference: Inference) => layersOf(wiringOf(model, inference)).map(siteOf),
    needs: (model, selection) => needsOf(planOf(model, selection), all),
    rewrite(model, selection, observed) {
      const result = copy(model);
      const plan = planOf(result, selection);
      if (plan.chosen.size === 0) return result;
      const { wiring } = plan;
      const tools = { weights: new WeightReader(), compensation: compensations() };
      return write(plan, { build: new Builder(result), observed, wiring, options: all, ...tools });
    },
  };
}

/**
 * One precision for a whole model: at every site that offers it, and FP32 elsewhere. Tables have no inputs to quantise,
 * so that INT8Static and INT4 give them the INT8 rows of INT8Dynamic.
 */
export function everywhere(sites: readonly Site[], wanted: LayerPrecision): Selection {
  const [fixed, dynamic] = [codeOf('INT8Static'), codeOf('INT8Dynamic')];
  const chosen = ({ choices, identity }: Site) => {
    if (choices.includes(codeOf(wanted))) return codeOf(wanted);
    const isTable = !choices.includes(fixed);
    return isTable && (wanted === 'INT8Static' || wanted === 'INT4') ? dynamic : identity;
  };
  return Object.fromEntries(sites.map((site) => [site.id, chosen(site)]));
}
