import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { FigureName } from '../../api/nas-search.ts';
import { figureCost, withinLimit } from './figures.ts';

const name = fc.constantFrom(...FigureName.options);
const ofShares = (one: FigureName) => one.startsWith('Fits');
const more = (one: FigureName) => ofShares(one) || one === 'OpsPerByte';

test('a cost is above zero, and smaller for what is better', () => {
  fc.assert(
    fc.property(
      name,
      fc.double({ min: 0.01, max: 1, noNaN: true }),
      fc.double({ min: 0.01, max: 1, noNaN: true }),
      (one, a, b) => {
        const [low, high] = a < b ? [a, b] : [b, a];
        const [better, worse] = more(one) ? [high, low] : [low, high];
        assert.ok(figureCost(one, better) > 0);
        assert.ok(figureCost(one, better) <= figureCost(one, worse));
      },
    ),
  );
});

test('limits are a most for what should be small and a least for what should be large; the unknown meets none', () => {
  const within = (one: FigureName, value: number | undefined, limit: number) =>
    withinLimit({ name: one, value, limit, objective: false });
  assert.deepEqual([within('BytesMoved', 10, 10), within('BytesMoved', 11, 10)], [true, false]);
  assert.deepEqual([within('OpsPerByte', 10, 10), within('OpsPerByte', 9, 10)], [true, false]);
  assert.deepEqual([within('FitsL2', 0.9, 0.8), within('FitsL2', 0.7, 0.8)], [true, false]);
  assert.equal(within('Macs', undefined, 1e9), false);
  assert.equal(withinLimit({ name: 'Macs', objective: true }), true);
});
