import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Answer, bucketsOf } from './answer.ts';
import { latencyQuery } from './query.ts';

const url = 'http://prometheus:9090';
const workload = { namespace: 'shop', name: 'web' };
const pods = [{ name: 'web-1' }, { name: 'web.v2-7' }];
const source = { url, podLabel: 'pod' };

test('without a preset it is the histogram of retune serve, classic or native, of these pods', () => {
  const { promql, unit } = latencyQuery(source, workload, pods, 29_500);
  const over = (name: string) => `increase(${name}{pod=~"web-1|web\\\\.v2-7"}[30s])`;
  const name = 'retune_request_duration_seconds';
  assert.equal(promql, `sum by (le) (${over(`${name}_bucket`)}) or sum(${over(name)})`);
  assert.equal(unit, 's');
});

test('a histogram of the user is in the unit that its name says, unless they say another', () => {
  const unit = (histogram: string, said?: 's' | 'ms') =>
    latencyQuery({ ...source, histogram, unit: said }, workload, pods, 1000).unit;
  assert.deepEqual(
    ['x_seconds', 'x_milliseconds', 'x_ms', 'latency'].map((name) => unit(name)),
    ['s', 'ms', 'ms', 's'],
  );
  assert.equal(unit('latency', 'ms'), 'ms');
});

test('what metrics of a proxy count is found by the route before the workload', () => {
  const promql = (preset: 'EnvoyGateway' | 'NginxIngress', route?: string) =>
    latencyQuery({ ...source, preset, route }, workload, pods, 1000).promql;
  assert.match(promql('EnvoyGateway'), /envoy_cluster_name=~"httproute\/shop\/web\/rule\/\.\*"/);
  assert.match(promql('EnvoyGateway', 'front'), /httproute\/shop\/front\/rule/);
  assert.match(promql('NginxIngress', 'front'), /ingress="front",exported_namespace="shop"/);
});

test('a query of the user has its placeholders filled in, and no others', () => {
  const query = 'sum by (le) (increase(x_bucket{ns="$namespace",app="$workload",pod=~"$pods",a="$other"}[$window]))';
  assert.equal(
    latencyQuery({ ...source, query }, workload, pods.slice(0, 1), 5000).promql,
    'sum by (le) (increase(x_bucket{ns="shop",app="web",pod=~"web-1",a="$other"}[5s]))',
  );
});

const vector = (result: object[]) => Answer.parse({ status: 'success', data: { resultType: 'vector', result } });

test('a native histogram goes before the classic one beside it, with empty stretches kept', () => {
  const buckets = bucketsOf(
    vector([
      { metric: { le: '+Inf' }, value: [1, '7'] },
      {
        metric: {},
        histogram: [
          1,
          {
            count: '7',
            sum: '1',
            buckets: [
              [0, '0.01', '0.02', '3'],
              [0, '0.08', '0.16', '4'],
            ],
          },
        ],
      },
    ]),
  );
  assert.deepEqual(
    [...(buckets ?? [])].sort(([a], [b]) => a - b),
    [
      [0.01, 0],
      [0.02, 3],
      [0.08, 3],
      [0.16, 7],
      [Number.POSITIVE_INFINITY, 7],
    ],
  );
});

test('an empty answer has no buckets, one without le has none to have, and a rate over nothing is skipped', () => {
  assert.equal(bucketsOf(vector([]))?.size, 0);
  assert.equal(bucketsOf(vector([{ metric: { job: 'x' }, value: [1, '7'] }])), undefined);
  assert.equal(bucketsOf(vector([{ metric: { le: '1' }, value: [1, 'NaN'] }])), undefined);
});

test('a scalar is no answer', () => {
  assert.equal(
    Answer.safeParse({ status: 'success', data: { resultType: 'scalar', result: [1, '2'] } }).success,
    false,
  );
});
