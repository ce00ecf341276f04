/**
 * Random graphs of the operators that channels are followed through: whatever is offered can be cut, and units that
 * nothing reads are cut without a change. RETUNE_FUZZ_RUNS raises the number of cases.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { inputs, Net } from '../../../../../test/rewrites/networks.ts';
import { distance, groupOf, outputOf, pruned, withDeadUnits } from '../../../../../test/rewrites/pruned.ts';
import { ModelError } from '../../model.ts';
import { inferShapes } from '../../shapes/infer.ts';
import type { Rewrite } from '../rewrite.ts';
import { pruneChannels } from './prune-channels.ts';
import { pruneHeads } from './prune-heads.ts';
import { pruneNeurons } from './prune-neurons.ts';

const runs = Math.ceil(Number(process.env.RETUNE_FUZZ_RUNS ?? 4000) / 20);

/** Of processor time: no case of a few dozen small nodes may take longer. */
const longestSeconds = 5;

interface Value {
  name: string;
  shape: number[];
}
/** What a step may choose from: any number below a bound. */
type Choose = (bound: number) => number;
type Step = (net: Net, values: Value[], choose: Choose) => Value | undefined;

const counts = [2, 3, 4, 6, 8, 12];
const pick = <T>(from: readonly T[], choose: Choose): T | undefined => from[choose(from.length)];
const last = (values: Value[], rank: number, choose: Choose) =>
  pick(values.filter(({ shape }) => shape.length === rank).slice(-3), choose);
const twins = (values: Value[], choose: Choose): [Value, Value] | undefined => {
  const one = pick(values, choose);
  const two =
    one &&
    pick(
      values.filter(({ shape }) => `${shape}` === `${one.shape}`),
      choose,
    );
  return one && two ? [one, two] : undefined;
};
const same =
  (operator: string): Step =>
  (net, values, choose) => {
    const x = pick(values.slice(-3), choose);
    return x && { name: net.op(operator, [x.name]), shape: x.shape };
  };
const binary =
  (operator: string): Step =>
  (net, values, choose) => {
    const found = twins(values, choose);
    return found && { name: net.op(operator, [found[0].name, found[1].name]), shape: found[0].shape };
  };

const steps: Record<string, Step> = {
  conv(net, values, choose) {
    const x = last(values, 4, choose);
    const [channels = 1, outputs = 4, size = 1] = [x?.shape[1], pick(counts, choose), pick([1, 3], choose)];
    const group = pick(
      [1, 2, 3, channels].filter((each) => channels % each === 0 && outputs % each === 0),
      choose,
    );
    const bias = choose(2) === 0;
    return x && { name: net.conv(x.name, channels, outputs, size, { group, bias }), shape: x.shape.with(1, outputs) };
  },
  depthwise(net, values, choose) {
    const x = last(values, 4, choose);
    const channels = x?.shape[1] ?? 1;
    return x && { name: net.conv(x.name, channels, channels, 3, { group: channels }), shape: x.shape };
  },
  batchNorm(net, values, choose) {
    const x = last(values, 4, choose);
    return x && { name: net.batchNorm(x.name, x.shape[1] ?? 1), shape: x.shape };
  },
  relu: same('Relu'),
  sigmoid: same('Sigmoid'),
  add: binary('Add'),
  multiply: binary('Mul'),
  scale(net, values, choose) {
    const x = last(values, 4, choose);
    return x && { name: net.op('Mul', [x.name, net.weight([x.shape[1] ?? 1, 1, 1])]), shape: x.shape };
  },
  gate(net, values, choose) {
    const x = last(values, 4, choose);
    if (!x) return undefined;
    const pooled = net.op('GlobalAveragePool', [x.name]);
    const gate = net.op('Sigmoid', [net.conv(pooled, x.shape[1] ?? 1, x.shape[1] ?? 1, 1)]);
    return { name: net.op('Mul', [x.name, gate]), shape: x.shape };
  },
  concat(net, values, choose) {
    const one = last(values, 4, choose);
    const two =
      one &&
      pick(
        values.filter(({ shape }) => `${shape.with(1, 0)}` === `${one.shape.with(1, 0)}`),
        choose,
      );
    if (!one || !two) return undefined;
    const channels = (one.shape[1] ?? 0) + (two.shape[1] ?? 0);
    return { name: net.op('Concat', [one.name, two.name], { axis: 1 }), shape: one.shape.with(1, channels) };
  },
  split(net, values, choose) {
    const x = last(values, 4, choose);
    const channels = x?.shape[1] ?? 1;
    if (!x || channels < 2) return undefined;
    const first = 1 + choose(channels - 1);
    const name = net.op('Split', [x.name, net.ints(first, channels - first)], { axis: 1 }, 2);
    values.push({ name, shape: x.shape.with(1, first) });
    return { name: name.replace(/0$/, '1'), shape: x.shape.with(1, channels - first) };
  },
  shuffle(net, values, choose) {
    const x = last(values, 4, choose);
    const [rows = 1, channels = 1, height = 1, width = 1] = x?.shape ?? [];
    const groups = pick(
      [2, 3, 4].filter((each) => channels % each === 0),
      choose,
    );
    if (!x || !groups) return undefined;
    const apart = net.op('Reshape', [x.name, net.ints(0, groups, channels / groups, height, width)]);
    const swapped = net.op('Transpose', [apart], { perm: [0n, 2n, 1n, 3n, 4n] });
    return { name: net.op('Reshape', [swapped, net.ints(rows, -1, height, width)]), shape: x.shape };
  },
  pool(net, values, choose) {
    const x = last(values, 4, choose);
    const [rows = 1, channels = 1, height = 1, width = 1] = x?.shape ?? [];
    if (!x || height < 2) return undefined;
    const name = net.op(pick(['MaxPool', 'AveragePool'], choose) ?? '', [x.name], {
      kernel_shape: [2n, 2n],
      strides: [2n, 2n],
    });
    return { name, shape: [rows, channels, height >> 1, width >> 1] };
  },
  channelsLast(net, values, choose) {
    const x = last(values, 4, choose);
    const [rows = 1, channels = 1, height = 1, width = 1] = x?.shape ?? [];
    if (!x) return undefined;
    const turned = net.op('Transpose', [x.name], { perm: [0n, 2n, 3n, 1n] });
    return {
      name: net.op('Reshape', [turned, net.ints(rows, height * width, -1)]),
      shape: [rows, height * width, channels],
    };
  },
  flatten(net, values, choose) {
    const x = last(values, 4, choose);
    return (
      x && { name: net.op('Flatten', [x.name]), shape: [x.shape[0] ?? 1, x.shape.slice(1).reduce((a, b) => a * b, 1)] }
    );
  },
  gemm(net, values, choose) {
    const x = last(values, 2, choose);
    const [size = 1, outputs = 4, turned] = [x?.shape[1], pick(counts, choose), choose(2)];
    const weight = net.weight(turned ? [outputs, size] : [size, outputs], 0.5);
    return (
      x && {
        name: net.op('Gemm', [x.name, weight, net.weight([outputs])], { transB: turned }),
        shape: x.shape.with(1, outputs),
      }
    );
  },
  linear(net, values, choose) {
    const x = last(values, 3, choose);
    const [size = 1, outputs = 4] = [x?.shape[2], pick(counts, choose)];
    return x && { name: net.linear(x.name, size, outputs), shape: x.shape.with(2, outputs) };
  },
  softmax(net, values, choose) {
    const x = last(values, 3, choose);
    return x && { name: net.op('Softmax', [x.name], { axis: pick([1, -1], choose) ?? -1 }), shape: x.shape };
  },
  heads(net, values, choose) {
    const x = last(values, 3, choose);
    const [rows = 1, length = 1, size = 1] = x?.shape ?? [];
    const heads = pick(
      [2, 3, 4].filter((each) => size % each === 0),
      choose,
    );
    if (!x || !heads) return undefined;
    const shape = net.ints(0, length, heads, size / heads);
    const [query = '', key = '', value = ''] = [
      [0n, 2n, 1n, 3n],
      [0n, 2n, 3n, 1n],
      [0n, 2n, 1n, 3n],
    ].map((perm) => {
      return net.op('Transpose', [net.op('Reshape', [net.linear(x.name, size, size), shape])], { perm });
    });
    const scores = net.op('Softmax', [net.op('MatMul', [query, key])], { axis: -1 });
    const back = net.op('Transpose', [net.op('MatMul', [scores, value])], { perm: [0n, 2n, 1n, 3n] });
    return { name: net.op('Reshape', [back, net.ints(rows, length, -1)]), shape: x.shape };
  },
};

const rewrites: Rewrite[] = [pruneChannels({ roundTo: 1 }), pruneNeurons({ roundTo: 1 }), pruneHeads()];

test(`${runs} random graphs are cut wherever something is offered`, { timeout: runs * 1000 + 60_000 }, async () => {
  let offered = 0;
  const choices = fc.array(fc.nat(1e6), { minLength: 12, maxLength: 60 });
  const check = async (script: number[], seed: number) => {
    let at = 0;
    const choose: Choose = (bound) => (script[at++ % script.length] ?? 0) % Math.max(1, bound);
    const net = new Net(seed);
    const values: Value[] = [{ name: net.conv('x', 3, 6, 1), shape: [3, 6, 4, 4] }];
    for (let step = 0; step < 4 + (script.length >> 2); step++) {
      const made = pick(Object.values(steps), choose)?.(net, values, choose);
      if (made) values.push(made);
    }
    // One output that all others add to, so that much of the graph is alive and some of it is cut off.
    const final = values.at(-1) ?? assert.fail();
    const weight = final.shape[final.shape.length === 4 ? 1 : final.shape.length - 1] ?? 1;
    const output = final.shape.length === 4 ? net.conv(final.name, weight, 3, 1) : net.linear(final.name, weight, 3);
    const model = net.model([3, 3, 4, 4], output);
    const data = inputs([3, 3, 4, 4], seed);
    for (const rewrite of rewrites) {
      const sites = rewrite.sites(model, inferShapes(model));
      if (sites.length === 0) continue;
      offered++;
      const expected = await outputOf(model, data);
      const selection = Object.fromEntries(sites.map((site) => [site.id, pick(site.choices, choose) ?? site.identity]));
      const found = await outputOf(await pruned(rewrite, model, selection, data), data);
      assert.deepEqual(found.shape, expected.shape);
      assert.ok(found.data.every(Number.isFinite) || !expected.data.every(Number.isFinite));
      const site = sites[choose(sites.length)] ?? assert.fail();
      const [fewest = 1] = site.choices;
      const dead = new Set(Array.from({ length: site.identity - fewest }, (_, index) => index));
      const deadened = withDeadUnits(model, groupOf(model, site.id), dead);
      const cut = await pruned(rewrite, deadened, { [site.id]: fewest }, data);
      const far = distance((await outputOf(cut, data)).data, (await outputOf(deadened, data)).data);
      assert.ok(far < 1e-3, `${rewrite.name} at ${site.id}: ${far}`);
    }
  };
  await fc.assert(
    fc.asyncProperty(choices, fc.integer({ min: 1, max: 1e6 }), async (script, seed) => {
      const before = process.cpuUsage().user;
      try {
        await check(script, seed);
        assert.ok((process.cpuUsage().user - before) / 1e6 < longestSeconds, 'took too long');
      } catch (error) {
        // A graph whose numbers run away is no fault of what cuts it.
        if (error instanceof ModelError && /not finite/.test(error.message)) return;
        throw error;
      }
    }),
    { numRuns: runs, endOnFailure: true, ...(process.env.RETUNE_FUZZ_RUNS ? {} : { seed: 20 }) },
  );
  assert.ok(offered > runs / 2, `only ${offered} graphs offered anything`);
});
