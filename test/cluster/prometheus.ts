import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { dump } from 'js-yaml';
import { address, kubeconfigOf } from './control-plane.ts';
import type { Processes } from './process.ts';

/** Where pods and this machine reach it. */
export const prometheusUrl = `http://${address}:19090`;

/** Scrapes every pod that says so by the usual annotations, and keeps its name as the label `pod`. */
const config = (home: string) => ({
  global: { scrape_interval: '1s' },
  scrape_configs: [
    {
      job_name: 'pods',
      kubernetes_sd_configs: [{ role: 'pod', kubeconfig_file: kubeconfigOf(home, 'admin') }],
      relabel_configs: [
        {
          source_labels: ['__meta_kubernetes_pod_annotation_prometheus_io_scrape'],
          ...{ action: 'keep', regex: 'true' },
        },
        {
          source_labels: ['__meta_kubernetes_pod_ip', '__meta_kubernetes_pod_annotation_prometheus_io_port'],
          ...{ regex: '(.+);(.+)', replacement: '$1:$2', target_label: '__address__' },
        },
        { source_labels: ['__meta_kubernetes_namespace'], target_label: 'namespace' },
        { source_labels: ['__meta_kubernetes_pod_name'], target_label: 'pod' },
      ],
    },
  ],
});

/** Debian's Prometheus, on this machine. */
export async function startPrometheus(processes: Processes, home: string): Promise<void> {
  const path = join(home, 'prometheus.yaml');
  await writeFile(path, dump(config(home)));
  processes.start('prometheus', 'prometheus', [
    `--config.file=${path}`,
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
