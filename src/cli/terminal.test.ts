import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { AcceleratorStatus } from '../api/nas-search.ts';
import { frontTable } from './terminal.ts';

test('a front is shown in the unit of its metric, with the recommended variant marked', () => {
  const point = { p50Ms: 1, p99Ms: 2, p99LowMs: 2, p99HighMs: 2, sizeBytes: 1 };
  const status: AcceleratorStatus = {
    ...{ name: 'cpu', trials: 2, recommended: 'b' },
    front: [
      { ...point, variant: 'a', label: 'small', quality: 0.9 },
      { ...point, variant: 'b', label: 'large', quality: 0.975 },
    ],
  };
  const shares = frontTable({ ...status, metric: 'Top5' });
  assert.match(shares[0] ?? '', /p50 ms +p99 ms +Top5 +variant/);
  assert.match(shares[2] ?? '', /^➤ .* 97\.50% +large$/);
  assert.match(frontTable({ ...status, metric: 'Perplexity' })[2] ?? '', /^➤ .* 0\.9750 +large$/);
  assert.deepEqual(frontTable({ ...status, front: [] }), []);
  const withFigures = status.front.map((point) => ({
    ...point,
    figures: [{ name: 'BytesMoved' as const, value: 12_345_678 }],
  }));
  const figured = frontTable({ ...status, front: withFigures });
  assert.match(figured[0] ?? '', /BytesMoved {2}variant$/);
  assert.match(figured[1] ?? '', / 12\.3M {2}/);
  const narrowed = [{ choice: 'INT4', reason: 'expected to take 1.30 times what FP32 takes here' }];
  assert.match(frontTable({ ...status, narrowed }).at(-1) ?? '', /^ {2}without INT4: expected to take 1\.30 times/);
});
