import assert from 'node:assert/strict';
import { test } from 'node:test';
import { histogramBuckets } from './exposition.ts';

const text = `# HELP h seconds
# TYPE h histogram
h_bucket{le="0.1",variant="a,b"} 3
h_bucket{variant="a",le="+Inf"} 5 1700000000
h_bucket{variant="c",le="0.1"} 1
h_sum{variant="a"} 9
other_bucket{le="0.1"} 100
`;

test('buckets of one histogram are summed over its series', () => {
  assert.deepEqual(
    [...histogramBuckets(text, 'h')],
    [
      [0.1, 4],
      [Number.POSITIVE_INFINITY, 5],
    ],
  );
});

test('an absent histogram is empty', () => {
  assert.equal(histogramBuckets(text, 'absent').size, 0);
});
