import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Answer } from './answer.ts';
import { presets } from './presets.ts';
import { besideOf, besideQuery } from './signals.ts';

const selection = { pods: 'web-1|web-2', podLabel: 'pod', namespace: 'shop', route: 'web' };

test('failures are counted where the preset knows how, limits and neighbours by the server or the kubelet', () => {
  const query = besideQuery(presets.Istio, selection, 30);
  assert.match(
    query,
    /increase\(istio_requests_total\{reporter="destination",pod=~"web-1\|web-2",response_code=~"5\.\.\|0"\}\[30s\]\)/,
  );
  assert.match(
    query,
    /avg\(rate\(retune_cpu_throttled_seconds_total\{pod=~"web-1\|web-2"\}\[30s\]\)\) or avg\(rate\(container_cpu_cfs_throttled_seconds_total\{namespace="shop",pod=~/,
  );
  assert.doesNotMatch(besideQuery(presets.Triton, selection, 30), /"failed"/);
});

const answer = (values: Record<string, string>) =>
  besideOf(
    Answer.parse({
      status: 'success',
      data: {
        resultType: 'vector',
        result: Object.entries(values).map(([retune, value]) => ({ metric: { retune }, value: [1, value] })),
      },
    }),
  );

test('what has no answer is absent, and no failures is a number where requests are counted', () => {
  assert.deepEqual(answer({ all: '50', throttled: '0.25', elements: 'NaN' }), {
    failures: { failed: 0, of: 50 },
    signals: { throttledShare: 0.25, waitShare: undefined, elementsPerRequest: undefined },
  });
  assert.equal(answer({ waiting: '0.1' }).failures, undefined);
});
