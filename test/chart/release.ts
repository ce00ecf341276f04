import { cp, mkdtemp, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadAll } from 'js-yaml';
import { type ApiServer, kubectlWith, type Output } from '../cluster/cluster.ts';
import { run } from '../cluster/process.ts';

export const chart = 'helm/retune';

export interface Rendered {
  apiVersion: string;
  kind: string;
  metadata: { name: string; namespace?: string; labels?: Record<string, string>; annotations?: Record<string, string> };
}

/** What lies in an object at a path such as `spec.containers.0.args`; undefined where there is nothing. */
export function at(object: unknown, path: string): unknown {
  return path.split('.').reduce((inner, key) => (inner as Record<string, unknown> | undefined)?.[key], object);
}

/** Every object that `helm template` makes. Throws with what helm says. */
export async function render(helm: string, ...options: string[]): Promise<Rendered[]> {
  const text = await run(helm, ['template', 'retune', chart, '--namespace', 'retune-system', ...options]);
  return (loadAll(text) as (Rendered | null)[]).filter((object) => object !== null);
}

/** Runs helm on a cluster as its administrator. */
export const helmOn = (helm: string, { kubeconfig }: ApiServer): ((args: string[]) => Promise<Output>) =>
  kubectlWith(helm, kubeconfig);

/** A copy of the chart as a release before this one may have been: its trials have one printer column less. */
export async function olderChart(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'retune-chart-'));
  await cp(chart, folder, { recursive: true });
  const edit = async (file: string, from: RegExp, to: string) => {
    const text = await readFile(join(folder, file), 'utf8');
    if (!from.test(text)) throw new Error(`${file} holds nothing like ${from}`);
    await writeFile(join(folder, file), text.replace(from, to));
  };
  await edit('Chart.yaml', /^version: .*$/m, 'version: 0.0.1');
  await edit(
    'templates/crds/retune.dev_trials.yaml',
    /additionalPrinterColumns:\n +- name: .*\n(?: {10,}\w.*\n)+/,
    'additionalPrinterColumns:\n',
  );
  return folder;
}

/** Everything in the cluster that carries the labels of the release `name`, as `kind/name`. */
export async function leftovers({ kubectl }: ApiServer, name: string): Promise<string[]> {
  const must = ({ code, stdout, stderr }: Output) => {
    if (code !== 0) throw new Error(stderr);
    return stdout.split('\n').filter(Boolean);
  };
  const kinds = must(await kubectl(['api-resources', '--verbs=list', '-o', 'name']));
  const asked = [
    'get',
    kinds.join(','),
    '-A',
    '-l',
    `app.kubernetes.io/instance=${name}`,
    '-o',
    'name',
    '--ignore-not-found',
  ];
  return [...new Set(must(await kubectl(asked)))].sort();
}
