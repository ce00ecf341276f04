import { rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { dump } from 'js-yaml';
import type { Cluster, Watch } from '../../src/runtime/cluster/cluster.ts';
import { type Pod, pods } from '../../src/runtime/cluster/core-types.ts';
import { address } from './control-plane.ts';
import type { Processes } from './process.ts';

/** Where pods and this machine reach it. */
export const prometheusUrl = `http://${address}:19090`;

const targetOf = ({ metadata, status }: Pod) => ({
  targets: [`${status?.podIP}:${metadata.annotations?.['prometheus.io/port']}`],
  labels: { namespace: metadata.namespace, pod: metadata.name },
});

/** Debian builds Prometheus without discovery in Kubernetes: the pods that ask to be scraped are told to it by a file. */
function discover(cluster: Cluster, path: string): Watch {
  const known = new Map<string, Pod>();
  let written = Promise.resolve();
  return cluster.watch(pods, {}, ({ type, object }) => {
    const { uid = '', annotations } = object.metadata;
    const scraped = annotations?.['prometheus.io/scrape'] === 'true' && object.status?.podIP;
    if (type === 'Deleted' || !scraped) known.delete(uid);
    else known.set(uid, object);
    const targets = JSON.stringify([...known.values()].map(targetOf));
    written = written
      .then(() => writeFile(`${path}.new`, targets))
      .then(() => rename(`${path}.new`, path))
      .catch(() => undefined);
  });
}

/** Debian's Prometheus, on this machine; scrapes every second the pods that the usual annotations mark. */
export async function startPrometheus(processes: Processes, home: string, cluster: Cluster): Promise<Watch> {
  const targets = join(home, 'targets.json');
  const watch = discover(cluster, targets);
  const config = {
    global: { scrape_interval: '1s' },
    scrape_configs: [{ job_name: 'pods', file_sd_configs: [{ files: [targets] }] }],
  };
  await writeFile(configIn(home), dump(config));
  await runPrometheus(processes, home);
  return watch;
}

const configIn = (home: string) => join(home, 'prometheus.yaml');

/** Starts it, or starts it again, with the configuration and the data that are there. */
export async function runPrometheus(processes: Processes, home: string): Promise<void> {
  processes.start('prometheus', 'prometheus', [
    `--config.file=${configIn(home)}`,
    `--storage.tsdb.path=${join(home, 'prometheus')}`,
    `--web.listen-address=${new URL(prometheusUrl).host}`,
  ]);
  await processes.until('prometheus', async () => (await fetch(`${prometheusUrl}/-/ready`)).ok);
}

/** The value of an instant query with one result; undefined without any. */
export async function query(promql: string): Promise<number | undefined> {
  const response = await fetch(`${prometheusUrl}/api/v1/query?query=${encodeURIComponent(promql)}`);
  const { data } = (await response.json()) as { data: { result: { value: [number, string] }[] } };
  const [first] = data.result;
  return first && Number(first.value[1]);
}
