import assert from 'node:assert/strict';
import { test } from 'node:test';
import { besideLatency, countersIn } from './counters.ts';

const exposition = (ok: number, failed: number, throttled: number) => `# TYPE retune_requests_total counter
retune_requests_total{variant="sha256:a",code="200"} ${ok}
retune_requests_total{variant="sha256:a",code="503"} ${failed}
retune_cpu_throttled_seconds_total ${throttled}
retune_cpu_wait_seconds_total 0.5
retune_request_input_elements_total{variant="sha256:a"} ${10 * (ok + failed)}
`;

test('failures, shares of time and the size of requests are told of what was counted in between', () => {
  const [from, to] = [countersIn(exposition(100, 0, 1)), countersIn(exposition(190, 10, 4))];
  assert.deepEqual(besideLatency([{ from, to, seconds: 10 }]), {
    failures: { failed: 10, of: 100 },
    signals: { throttledShare: 0.3, waitShare: 0, elementsPerRequest: 10 },
  });
});

test('a restarted pod counts from nothing, and a server of another kind says nothing', () => {
  const [from, to] = [countersIn(exposition(100, 5, 9)), countersIn(exposition(20, 0, 2))];
  const { failures, signals } = besideLatency([{ from, to, seconds: 10 }]);
  assert.deepEqual([failures, signals.throttledShare], [{ failed: 0, of: 20 }, 0.2]);
  const silent = besideLatency([{ from: {}, to: countersIn('other_total 3\n'), seconds: 10 }]);
  assert.deepEqual(silent, { signals: { throttledShare: undefined, waitShare: undefined } });
});
