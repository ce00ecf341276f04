import { setInitializer } from '../../graph.ts';
import { copy, type GraphProto, type Model, type NodeProto } from '../../model.ts';
import { isKnown, type Shape, sameDim } from '../../shapes/dims.ts';
import { type Inference, inferShapes } from '../../shapes/infer.ts';
import { domainOf } from '../../shapes/registry.ts';
import { DataType, tensor } from '../../tensors.ts';
import { bypass, freshName, settle, Wiring } from '../../wiring.ts';
import { changes, type Rewrite, type Selection, type Site } from '../rewrite.ts';
import { absorb } from './absorb.ts';

interface Block {
  add: NodeProto;
  skip: string;
  branch: string;
  /** Where the channels of the branch stand, and how many; undefined where that is not known. */
  channels?: { axis: number; count: number } | undefined;
}

const equal = (a: Shape | undefined, b: Shape | undefined): a is Shape =>
  !!a && a.length === b?.length && a.every((size, axis) => sameDim(size, b[axis] ?? '?'));

/** Whether a value is computed from another one. */
function dependsOn(wiring: Wiring, value: string, source: string): boolean {
  const seen = new Set<string>([value]);
  for (const name of seen) {
    if (name === source) return true;
    for (const input of wiring.maker(name)?.input ?? []) if (input) seen.add(input);
  }
  return false;
}

/** Images have their channels on axis 1; sequences, and rows of a table, on the last. */
function channelsOf(shape: Shape): Block['channels'] {
  const axis = shape.length >= 4 ? 1 : shape.length - 1;
  const count = shape[axis];
  return axis > 0 && count !== undefined && isKnown(count) ? { axis, count } : undefined;
}

function blocks({ graph }: Model, { values }: Inference): Block[] {
  const wiring = new Wiring(graph);
  return graph.node.flatMap((add): Block[] => {
    const sums = add.opType === 'Add' || (add.opType === 'Sum' && add.input.length === 2);
    if (!sums || domainOf(add.domain) !== 'ai.onnx') return [];
    const [left = '', right = ''] = add.input;
    const made = values.get(add.output[0] ?? '');
    if (made?.type !== DataType.FLOAT || left === right) return [];
    for (const [skip, branch] of [
      [left, right],
      [right, left],
    ] as const) {
      const [kept, dropped] = [values.get(skip)?.shape, values.get(branch)?.shape];
      if (!equal(kept, made.shape) || !equal(dropped, made.shape) || wiring.constant(skip)) continue;
      if (wiring.onlyReader(branch) !== add || !dependsOn(wiring, branch, skip)) continue;
      return [{ add, skip, branch, channels: channelsOf(made.shape ?? []) }];
    }
    return [];
  });
}

const siteOf = ({ add }: Block): Site => ({ id: add.name ?? '', choices: [0, 1], identity: 0 });

function dropped(model: Model, selection: Selection): Block[] {
  const found = blocks(model, inferShapes(model));
  const ids = new Set(changes(found.map(siteOf), selection).map(([{ id }]) => id));
  return found.filter(({ add }) => ids.has(add.name ?? ''));
}

/** The initializer that adds `values` to each channel, `after` axes from the end. */
function constantOf(graph: GraphProto, add: NodeProto, values: Float64Array, after: number): string {
  const name = freshName(graph, `${add.name}.mean`);
  setInitializer(graph, tensor(name, Float32Array.from(values), [values.length, ...Array<number>(after).fill(1)]));
  return name;
}

/**
 * Drops residual blocks: x + f(x) becomes x + E[f(x)], the mean of each channel over the calibration inputs. The
 * constant goes into the bias of what makes x, where nothing else reads x. Blocks are additions of two values of one
 * shape of which one is computed from the other: attention and feed-forward sublayers, and residual blocks of
 * convolutions that change no shape (LayerDrop, Fan et al. 2020; stochastic depth, Huang et al. 2016).
 */
export const depth: Rewrite = {
  name: 'depth',
  unit: '0 keeps the block, 1 drops it',
  affects: ['macs', 'weightBytes', 'activationBytes', 'kernels'],
  sites: (model, inference) => blocks(model, inference).map(siteOf),
  needs: (model, selection) =>
    dropped(model, selection).flatMap(({ branch, channels }) =>
      channels ? [{ kind: 'spread' as const, tensor: branch, axis: channels.axis }] : [],
    ),
  rewrite(model, selection, observed) {
    const result = copy(model);
    const { graph } = result;
    const ids = new Set(dropped(model, selection).map(({ add }) => add.name));
    // The last first: what a block drops may hold no other block, but its constant may go into one before.
    const inference = inferShapes(model);
    // The first first: a constant that goes into a bias before must not go where a block is dropped after that.
    for (const { add, skip: name, branch, channels } of blocks(result, inference)) {
      if (!ids.has(add.name)) continue;
      const rank = inference.values.get(name)?.shape?.length ?? 0;
      // What was dropped before may have given the skip another name.
      const skip = add.input[add.input.indexOf(branch) === 0 ? 1 : 0] ?? '';
      const mean = channels ? observed.spread(branch, channels.axis).mean : undefined;
      if (!channels || !mean) {
        bypass(new Wiring(graph), add, skip);
        continue;
      }
      add.input = [skip, constantOf(graph, add, mean, rank - 1 - channels.axis)];
      // The branch reads the skip until it is gone.
      settle(graph);
      absorb(graph, add, skip, mean, channels.axis, rank);
    }
    settle(graph);
    return result;
  },
};
