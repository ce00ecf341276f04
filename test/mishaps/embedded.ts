import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { controllers } from '../../src/cli/controllers.ts';
import { runEmbedded } from '../../src/cli/fixtures.ts';
import { type Deployment, deployments, nodes, services } from '../../src/runtime/cluster/core-types.ts';
import { until } from '../e2e/operator.ts';
import { openProfile } from './front.ts';
import { openWorkshop } from './models.ts';
import { silence } from './silence.ts';
import { type How, type Suffered, suffer } from './suffer.ts';

const namespace = 'default';
const name = 'digits';
const accelerator = 'this-machine';
const log = { debug() {}, info() {}, warn: console.error, error: console.error };

const workload = (model: string): Deployment => ({
  ...{ apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name, namespace } },
  spec: {
    replicas: 1,
    selector: { matchLabels: { app: name } },
    template: {
      metadata: { labels: { app: name } },
      spec: {
        terminationGracePeriodSeconds: 60,
        containers: [
          {
            ...{ name: 'server', image: 'retune:latest', args: ['serve', '--name', name] },
            env: [{ name: 'RETUNE_MODEL', value: model }],
            ports: [{ name: 'http', containerPort: 8080 }],
            readinessProbe: { httpGet: { path: '/v2/health/ready', port: 8080 }, periodSeconds: 1 },
            resources: { requests: { cpu: '250m' }, limits: { cpu: '1' } },
          },
        ],
      },
    },
  },
});

/** Bad variants on this machine: real servers as processes, real requests, and no other controllers than the SLA's. */
export async function sufferEmbedded(how: How & { slowMs: number; saturatingMs: number }): Promise<Suffered> {
  const { local, folder, stop } = await runEmbedded(
    ({ cluster, worker }) =>
      controllers({ cluster, clock: Date.now, worker, holdDownMs: 0 }).filter(
        (controller) => controller.name === 'sla',
      ),
    log,
  );
  const { cluster } = local;
  const quiet = await silence('127.0.0.1');
  try {
    const workshop = await openWorkshop({ ...how, folder, seenAs: folder, silent: quiet.url });
    const [node] = await cluster.list(nodes);
    await openProfile(cluster, accelerator, node?.metadata.name ?? '');
    await cluster.create(deployments, workload(workshop.base.uri));
    await cluster.create(services, {
      ...{ apiVersion: 'v1', kind: 'Service', metadata: { name, namespace } },
      spec: { selector: { app: name }, ports: [{ name: 'http', port: 80, targetPort: 8080 }] },
    });
    const ready = async () => (await cluster.get(deployments, { namespace, name }))?.status?.readyReplicas;
    await until(async () => Boolean(await ready()), 'the base model is served', 30);
    const path = `/v2/models/${name}/infer`;
    const served = {
      ...{ workload: name, path, url: `${await local.services.url(namespace, name)}${path}` },
      source: { scrape: { port: 8080, path: '/metrics', histogram: 'retune_request_duration_seconds' } },
    };
    const heldout = pathToFileURL(resolve('examples/quickstart/heldout.npz')).href;
    return await suffer({ cluster, namespace, accelerator, heldout }, workshop, served, how);
  } finally {
    await stop();
    quiet.close();
  }
}
