/** What every rewrite must keep, whatever it does: run for each of them over several models. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { modelCost } from '../../src/core/onnx/cost/cost.ts';
import { encode, type Model } from '../../src/core/onnx/model.ts';
import type { Affects, Rewrite, Selection, Site } from '../../src/core/onnx/rewrites/rewrite.ts';
import { inferShapes } from '../../src/core/onnx/shapes/infer.ts';
import { engine } from '../../src/engines/onnxruntime/onnxruntime.ts';
import type { Dataset } from '../../src/worker/dataset.ts';
import { batch } from '../../src/worker/dataset.ts';
import { observe } from '../../src/worker/observe.ts';

export interface RewriteCase {
  name: string;
  /** Prepared, BatchNorms as they are. */
  model: Model;
  calibration: Dataset;
}

type Outputs = Record<string, { shape: number[]; data: ArrayLike<number | bigint> }>;

async function outputsOf(model: Model, data: Dataset): Promise<Outputs> {
  const session = await engine.load(encode(model), { threads: 1, graphOptimization: 'All' });
  try {
    return (await session.run(batch(data, 0, Math.min(4, data.rows)))) as Outputs;
  } finally {
    await session.release();
  }
}

const applied = async (rewrite: Rewrite<string>, { model, calibration }: RewriteCase, selection: Selection) => {
  const observed = await observe(engine, model, rewrite.needs(model, selection), calibration);
  return rewrite.rewrite(model, selection, observed);
};

function close(found: Outputs, expected: Outputs): void {
  for (const [name, { data }] of Object.entries(expected)) {
    const largest = Math.max(1e-6, ...Array.from(data, (value) => Math.abs(Number(value))));
    Array.from(found[name]?.data ?? [], Number).forEach((value, i) => {
      assert.ok(Math.abs(value - Number(data[i])) <= 1e-4 * largest, `${name}[${i}]: ${value} instead of ${data[i]}`);
    });
  }
}

const figures = (model: Model): Record<Exclude<Affects, 'kernels'>, number> => {
  const { macs, weightBytes, bytesRead, bytesWritten } = modelCost(model);
  return { macs, weightBytes, activationBytes: bytesRead + bytesWritten - weightBytes };
};

/** Any choice at any of the sites, identities included. */
const selections = (sites: readonly Site[]): fc.Arbitrary<Selection> =>
  fc.record(Object.fromEntries(sites.map(({ id, choices }) => [id, fc.constantFrom(...choices)])));

/** The laws of `Rewrite`, on each model; at least one of them must offer a site. */
export function rewriteContract(rewrite: Rewrite<string>, cases: readonly RewriteCase[]): void {
  const sitesOf = (model: Model) => rewrite.sites(model, inferShapes(model));

  test(`${rewrite.name}: offers sites with names of their own and an identity among the choices`, () => {
    let offered = 0;
    for (const { model } of cases) {
      const sites = sitesOf(model);
      offered += sites.length;
      assert.equal(new Set(sites.map(({ id }) => id)).size, sites.length);
      for (const { id, choices, identity } of sites) {
        assert.ok(choices.includes(identity), `${id}: ${identity} is none of ${choices}`);
        assert.ok(choices.length > 1, `${id} offers nothing to choose`);
        assert.deepEqual(
          choices,
          choices.toSorted((a, b) => a - b),
        );
      }
    }
    assert.ok(offered > 0, 'no model has a site: the contract shows nothing');
  });

  for (const one of cases) {
    test(`${rewrite.name}: identities leave ${one.name} as it is`, async () => {
      const expected = await outputsOf(one.model, one.calibration);
      const identities = Object.fromEntries(sitesOf(one.model).map(({ id, identity }) => [id, identity]));
      for (const selection of [{}, identities]) {
        close(await outputsOf(await applied(rewrite, one, selection), one.calibration), expected);
      }
    });

    test(`${rewrite.name}: any choices for ${one.name} make a model that runs, of the same signature`, async () => {
      const sites = sitesOf(one.model);
      const expected = await outputsOf(one.model, one.calibration);
      const before = encode(one.model);
      const cost = figures(one.model);
      const check = async (selection: Selection) => {
        const model = await applied(rewrite, one, selection);
        const found = await outputsOf(model, one.calibration);
        assert.deepEqual(Object.keys(found), Object.keys(expected));
        for (const [name, { shape, data }] of Object.entries(found)) {
          assert.deepEqual(shape, expected[name]?.shape);
          assert.ok(Array.from(data, Number).every(Number.isFinite), `${name} is not finite`);
        }
        const { values } = inferShapes(model);
        for (const { name = '' } of model.graph.output) assert.ok(values.get(name)?.shape, `${name} has no shape`);
        for (const [figure, value] of Object.entries(figures(model)) as [keyof typeof cost, number][]) {
          if (!rewrite.affects.includes(figure)) assert.equal(value, cost[figure], `${figure} is not said to change`);
        }
      };
      if (sites.length > 0) {
        const smallest = Object.fromEntries(sites.map(({ id, choices }) => [id, choices[0] ?? 0]));
        await check(smallest);
        await fc.assert(fc.asyncProperty(selections(sites), check), { numRuns: 6, seed: 1 });
      }
      assert.deepEqual(encode(one.model), before, 'the model given was changed');
    });
  }

  test(`${rewrite.name}: a choice that is not offered is a sentence`, async () => {
    for (const { model } of cases) {
      const [site] = sitesOf(model);
      const wrong = [{ 'no such site': 1 }, ...(site ? [{ [site.id]: Math.max(...site.choices) + 1000 }] : [])];
      for (const selection of wrong) {
        assert.throws(() => {
          rewrite.needs(model, selection);
          rewrite.rewrite(model, selection, undefined as never);
        }, /ModelError/);
      }
    }
  });
}
