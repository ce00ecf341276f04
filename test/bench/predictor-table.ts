/**
 * How well a device's latencies are predicted from a few of its measurements and other devices' tables, beside ridge
 * regression on the same measurements. Reads any table with a column `ops` (operators as digits) and a column of
 * milliseconds a device.
 */
import { parseArgs } from 'node:util';
import { median } from '../../src/core/statistics/quantile.ts';
import { type DeviceFigures, judgeDevice, peers } from './predictor-table/device.ts';
import { familyOf, type LatencyTable, latencyTable } from './predictor-table/latency-table.ts';

const usage = 'npm run bench -- predictor-table --latency FILE --device COLUMN|all [--exclude COLUMN,…] --json';

function readOptions(args: readonly string[]) {
  const { values } = parseArgs({
    args: [...args],
    options: {
      latency: { type: 'string' },
      device: { type: 'string' },
      exclude: { type: 'string' },
      samples: { type: 'string', default: '20' },
      seeds: { type: 'string', default: '20' },
    },
  });
  const { latency, device, exclude } = values;
  if (!latency || !device) throw new Error(`predictor-table takes a table and a device: ${usage}`);
  const [samples, seeds] = [Number(values.samples), Number(values.seeds)];
  if (!Number.isInteger(samples) || samples < 3 || !Number.isInteger(seeds) || seeds < 1) {
    throw new Error('--samples is a whole number from 3 on, --seeds one from 1 on');
  }
  return { latency, device, samples, seeds, exclude: exclude?.split(',').filter(Boolean) };
}

function mustExist({ devices }: LatencyTable, names: readonly string[]): void {
  const missing = names.filter((name) => !devices.includes(name));
  if (missing.length > 0) throw new Error(`no column ${missing.join(', ')}: there are ${devices.join(', ')}`);
}

const family = ({ devices }: LatencyTable, device: string) =>
  devices.filter((name) => name !== device && familyOf(name) === familyOf(device));

function row(device: string, figures: DeviceFigures): string {
  const numbers = [
    ...[figures.spearman, figures.within10, figures.coverage90],
    ...peers.flatMap((peer) => [figures.peers[peer].spearman, figures.peers[peer].within10]),
    figures.additiveShare,
  ];
  return `${device.padEnd(16)}${numbers.map((number) => number.toFixed(3).padStart(9)).join('')}`;
}

const head = `${'device'.padEnd(16)}${['rho', '±10%', 'in 90%', 'tables', '±10%', 'one-hot', '±10%', 'additive'].map((name) => name.padStart(9)).join('')}`;

function medians(all: readonly DeviceFigures[]) {
  const of = (read: (figures: DeviceFigures) => number) => median(all.map(read));
  return {
    spearman: of((one) => one.spearman),
    within10: of((one) => one.within10),
    coverage90: all.reduce((sum, one) => sum + one.coverage90, 0) / all.length,
    peers: Object.fromEntries(
      peers.map((peer) => [
        peer,
        { spearman: of((one) => one.peers[peer].spearman), within10: of((one) => one.peers[peer].within10) },
      ]),
    ),
    slowestLearnSeconds: Math.max(...all.map((one) => one.learnSeconds)),
    slowestFitSeconds: Math.max(...all.map((one) => one.fitSeconds)),
    behindRidgeOnTables: all.filter((one) => one.spearman < one.peers[peers[0]].spearman - 0.001).length,
  };
}

export async function predictorTable(say: (line: string) => void, args: readonly string[]): Promise<object> {
  const { latency, device, exclude, samples, seeds } = readOptions(args);
  const table = await latencyTable(latency);
  mustExist(table, [...(device === 'all' ? [] : [device]), ...(exclude ?? [])]);
  say(head);
  const judged = (device === 'all' ? table.devices : [device]).map((name) => {
    const excluded = [...(exclude ?? []), ...(exclude && device !== 'all' ? [] : family(table, name))];
    const figures = judgeDevice(table, { device: name, excluded, samples, seeds });
    say(row(name, figures));
    return { name, figures };
  });
  const [first] = judged;
  if (device !== 'all' && first) return { device, samples, seeds, ...first.figures };
  const all = medians(judged.map(({ figures }) => figures));
  return { devices: judged.length, samples, seeds, ...all };
}
