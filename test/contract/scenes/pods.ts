import type { Cluster } from '../../../src/runtime/cluster/cluster.ts';
import { type Pod, pods } from '../../../src/runtime/cluster/core-types.ts';

const crash = { waiting: { reason: 'CrashLoopBackOff', message: 'back-off 10s restarting failed container' } };

/** A pod as a kubelet reports it: ready, or in a crash loop. */
export async function reportPod(
  cluster: Cluster,
  {
    name,
    namespace,
    labels,
    ready,
  }: { name: string; namespace: string; labels: Record<string, string>; ready: boolean },
): Promise<void> {
  const metadata = { name, namespace, labels };
  const spec = { nodeName: 'scene', containers: [{ name: 'server', image: 'server' }] };
  const pod: Pod = { apiVersion: 'v1', kind: 'Pod', metadata, spec };
  if (!(await cluster.get(pods, metadata))) await cluster.create(pods, pod);
  const status: Pod['status'] = {
    phase: 'Running',
    conditions: [{ type: 'Ready', status: ready ? 'True' : 'False' }],
    containerStatuses: [{ name: 'server', ready, restartCount: 0, state: ready ? { running: {} } : crash }],
  };
  await cluster.replaceStatus(pods, { ...pod, status });
}

/** A template with the model in every place that a binding may name. */
export const templateOf = (app: string, modelUri: string) => ({
  metadata: { labels: { app, tier: 'web' }, annotations: { 'example.com/model': modelUri } },
  spec: {
    containers: [
      {
        name: 'server',
        image: 'server',
        args: ['--port=8080', `--model=${modelUri}`],
        env: [
          { name: 'OTHER', value: 'kept' },
          { name: 'RETUNE_MODEL', value: modelUri },
        ],
        // Among others, so that what is written back is told from what was read.
        ports: [{ containerPort: 8080 }],
      },
    ],
    volumes: [{ name: 'models', image: { reference: modelUri.replace('oci://', '') } }],
  },
});
