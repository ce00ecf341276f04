/**
 * What the operator takes when a cluster is full: memory, time until it has looked at everything, and load when there is
 * nothing to do. It runs as its image starts it, with the role and the memory limit of the chart, on a real API server
 * with no machines behind it; and once without a limit, where Node takes its heap's size from the machine.
 */
import { parseArgs } from 'node:util';
import { kubernetesCluster, loadConfig } from '../../src/runtime/cluster/kubernetes/kubernetes.ts';
import { startCluster, whyNot } from '../cluster/cluster.ts';
import { run } from '../cluster/process.ts';
import { type Amount, type Filled, fill, prepare } from './operator/fill.ts';
import { install, pretendNodes, shipped } from './operator/installation.ts';
import { runOperator } from './operator/run.ts';

const usage = 'npm run bench -- operator [--searches N] [--trials N] [--slas N] [--running N] [--idle SECONDS] --json';
const defaults = { searches: '1000', trials: '5000', slas: '100', running: '20', idle: '120' };

function readOptions(args: readonly string[]): Amount & { idle: number } {
  const names = Object.keys(defaults) as (keyof typeof defaults)[];
  const options = Object.fromEntries(names.map((name) => [name, { type: 'string' as const, default: defaults[name] }]));
  const { values } = parseArgs({ args: [...args], options });
  const [searches = 0, trials = 0, slas = 0, running = 0, idle = 0] = names.map((name) => {
    const value = Number(values[name]);
    if (!Number.isInteger(value) || value < 0) throw new Error(`--${name} is a whole number: ${usage}`);
    return value;
  });
  if (searches < 1 || trials < searches || trials % searches > 0) {
    throw new Error('--trials is a multiple of --searches: each has as many as the others');
  }
  if (running > searches) throw new Error('--running is some of --searches');
  return { searches, trials, slas, running, idle };
}

const quiet = { debug() {}, info() {}, warn: console.error, error: console.error };
const nothing: Filled = { searches: 0, variants: 0, trials: 0, slas: 0 };

export async function operator(say: (line: string) => void, args: readonly string[]): Promise<object> {
  const { idle, ...amount } = readOptions(args);
  const why = whyNot();
  if (why) throw new Error(`there can be no cluster here: ${why}`);
  await run('npm', ['run', 'build']);
  const real = await startCluster();
  let stopNodes: () => void = () => undefined;
  try {
    const cluster = kubernetesCluster(loadConfig(real.kubeconfig), quiet);
    const kubeconfig = await install(real);
    stopNodes = await pretendNodes(cluster);
    await prepare(cluster);
    const started = await shipped();
    const common = { kubeconfig, started, limited: true };
    const empty = await runOperator(
      real,
      'empty',
      { ...common, idleSeconds: Math.min(30, idle), filled: nothing },
      say,
    );
    const filled = await fill(cluster, amount, say);
    const full = { ...common, idleSeconds: idle, filled };
    const limited = await runOperator(real, 'limited', full, say);
    const unlimited = await runOperator(real, 'unlimited', { ...full, limited: false }, say);
    const objects = Object.values(filled).reduce((sum, count) => sum + count, 0);
    const figures = { objects: filled, empty, limited, unlimited };
    if ('ended' in empty || 'ended' in limited) return figures;
    return {
      ...figures,
      residentRatio: Number((limited.residentBytes / empty.residentBytes).toFixed(2)),
      peakRatio: Number((limited.residentPeakBytes / empty.residentPeakBytes).toFixed(2)),
      bytesPerObject: Math.round((limited.residentBytes - empty.residentBytes) / objects),
      heapBytesPerObject: Math.round((limited.heapUsedLeastBytes - empty.heapUsedLeastBytes) / objects),
      objectsPerSecond: Math.round(objects / limited.firstReconcileSeconds),
    };
  } finally {
    stopNodes();
    await real.stop();
  }
}
