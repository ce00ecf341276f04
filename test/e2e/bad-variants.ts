/**
 * Variants that are not what they claim, on the real cluster: one of each kind that is known without waiting for a timeout.
 * `npm run bench -- mishaps` has fifty, of all kinds.
 */
import assert from 'node:assert/strict';
import { chown, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { latencySlas } from '../../src/api/resources.ts';
import type { Cluster } from '../../src/runtime/cluster/cluster.ts';
import { deployments, services } from '../../src/runtime/cluster/core-types.ts';
import type { TestCluster } from '../cluster/cluster.ts';
import { address } from '../cluster/control-plane.ts';
import { prometheusUrl } from '../cluster/prometheus.ts';
import { mishaps, openWorkshop } from '../mishaps/models.ts';
import { silence } from '../mishaps/silence.ts';
import { suffer } from '../mishaps/suffer.ts';
import { apply, artifacts, manifest, replaceOperator, until } from './operator.ts';

interface Open {
  real: TestCluster;
  cluster: Cluster;
  figures: Record<string, unknown>;
}

const kinds = mishaps.slice(0, 4);
const [namespace, workload] = ['default', 'claims'];

export function badVariants(open: () => Open, accelerator: string): void {
  test('variants that are not what they claim are taken back, and no client sees a failed or a wrong answer', async (t) => {
    const { real, cluster, figures } = open();
    const quiet = await silence(address);
    t.after(() => quiet.close());
    const folder = join(artifacts(real), 'claims');
    await mkdir(folder);
    await chown(folder, 65_532, 65_532);
    const slowness = { slowMs: 250, saturatingMs: 30 };
    const seenAs = '/var/lib/retune/claims';
    const workshop = await openWorkshop({ ...slowness, folder, seenAs, silent: quiet.url });
    const sample = (await manifest(real, 'manifests/samples/serving.yaml')).replaceAll(/\bdigits\b/g, workload);
    const serving = sample
      .replace('file:///app/examples/quickstart/supernet.onnx', workshop.base.uri)
      .replace('    spec:\n', `    spec:\n      nodeSelector: { retune.dev/accelerator-type: ${accelerator} }\n`);
    await apply(real, serving);
    const ready = async () => (await cluster.get(deployments, { namespace, name: workload }))?.status?.readyReplicas;
    await until(async () => (await ready()) === 1, 'the base model is served', 90);
    const service = await cluster.get(services, { namespace, name: workload });
    const path = `/v2/models/${workload}/infer`;
    const url = `http://${service?.spec.clusterIP}${path}`;
    await until(async () => (await fetch(url, { method: 'POST', body: '{}' })).status === 400, 'the Service answers');
    const place = { cluster, namespace, accelerator, heldout: 'file:///app/examples/quickstart/heldout.npz' };
    const source = { prometheus: { url: prometheusUrl } };
    const theSla = () => cluster.get(latencySlas, { namespace, name: workload });
    const goingBack = async () => (await theSla())?.status?.rollout?.step === 'RollingBack';
    const how = { count: kinds.length, kinds, ratePerSecond: 40, thresholdMs: 300, timeoutSeconds: 90 };
    const say = (line: string) => t.diagnostic(line);
    const [found] = await Promise.all([
      suffer(place, workshop, { workload, url, path, source }, { ...how, say }),
      until(goingBack, 'the first is taken back', 300).then(() => replaceOperator(real)),
    ]);
    figures.badVariants = found;
    assert.equal(found.promoted, 0);
    assert.deepEqual(Object.keys(found.rolledBack).sort(), [...kinds].sort());
    assert.deepEqual(found.failures, {}, 'no request fails');
    assert.ok(found.looked > 100 && found.wrong === 0, `${found.wrong} of ${found.looked} answers were wrong`);
    await real.kubectl(['-n', namespace, 'delete', 'latencysla,deployment,service', workload]);
    await real.kubectl(['-n', namespace, 'delete', 'nassearch', 'mishaps']);
    await real.kubectl(['-n', namespace, 'delete', 'variants,trials', '-l', 'retune.dev/search=mishaps']);
  });
}
