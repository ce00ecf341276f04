import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { distance, norm, outputOf, sitesOf } from '../../../../../test/contract/changed.ts';
import { rewriteContract } from '../../../../../test/contract/rewrite.ts';
import { Builder, cnn, floatInput, transformer } from '../../../../../test/contract/rewrite-models.ts';
import { nothing } from '../../observe/observations.ts';
import { tiling } from './tiling.ts';

rewriteContract(tiling, [cnn(), transformer('after')]);

const layer = fc.record({
  kernel: fc.constantFrom(1, 2, 3, 5),
  stride: fc.constantFrom(1, 1, 2),
  dilation: fc.constantFrom(1, 1, 2),
  above: fc.integer({ min: 0, max: 2 }),
  below: fc.integer({ min: 0, max: 2 }),
  kind: fc.constantFrom('Conv', 'MaxPool', 'Relu', 'BatchNorm'),
});

test('any chain of windows computes what it computed, in any number of strips', async () => {
  let offered = 0;
  const cases = fc.tuple(fc.array(layer, { minLength: 2, maxLength: 5 }), fc.integer({ min: 17, max: 30 }));
  await fc.assert(
    fc.asyncProperty(cases, async ([layers, size]) => {
      const b = new Builder(6);
      let x = 'x';
      for (const { kernel, stride, dilation, above, below, kind } of layers) {
        const shared = { strides: [stride, stride], dilations: [dilation, dilation] };
        // A pool may not be padded by as much as its window.
        const most = kind === 'MaxPool' ? kernel - 1 : 2;
        const [first, last] = [Math.min(above, most), Math.min(below, most)];
        const window = { ...shared, kernel_shape: [kernel, kernel], pads: [first, last, last, first] };
        if (kind === 'Conv') x = b.op('Conv', [x, b.weights([3, 3, kernel, kernel], 3 * kernel ** 2)], window);
        else if (kind === 'MaxPool') x = b.op('MaxPool', [x], window);
        else x = kind === 'Relu' ? b.op('Relu', [x]) : b.batchNorm(x, 3);
      }
      const model = b.model({ x: ['N', 3, size, size] }, [x]);
      let sites: ReturnType<typeof sitesOf> = [];
      try {
        sites = sitesOf(tiling, model);
      } catch {
        return; // Windows that do not fit into what is left of the image.
      }
      const data = floatInput('x', [3, size, size]);
      const expected = sites.length > 0 ? await outputOf(model, data) : new Float32Array();
      for (const { id, choices } of sites) {
        for (const strips of choices.slice(1)) {
          offered++;
          const found = await outputOf(tiling.rewrite(model, { [id]: strips }, nothing), data);
          assert.ok(distance(found, expected) <= 1e-6 * norm(expected), `${strips} strips`);
        }
      }
    }),
    { numRuns: 60, seed: 3 },
  );
  assert.ok(offered > 20, `only ${offered} cases had strips`);
});
