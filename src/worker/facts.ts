import { readFileSync } from 'node:fs';
import { availableParallelism, cpus } from 'node:os';
import type { HardwareFacts } from '../api/hardware-profile.ts';
import type { Provider } from '../api/task.ts';
import { cpuLimit } from '../runtime/cgroup.ts';
import { gpu } from './gpu.ts';

/** Instruction sets that decide which kernels an engine picks, by their names in /proc/cpuinfo. */
const telling = [
  ...['sse4_2', 'avx', 'avx2', 'fma', 'avx512f', 'avx512bw', 'avx512_vnni', 'avx512_bf16', 'avx_vnni', 'amx_int8'],
  ...['amx_bf16', 'neon', 'asimd', 'asimddp', 'sve', 'i8mm', 'bf16'],
];

const read = (path: string): string => {
  try {
    return readFileSync(path, 'utf8').trim();
  } catch {
    return '';
  }
};

const units: Record<string, number> = { K: 2 ** 10, M: 2 ** 20 };

function caches(): HardwareFacts['cacheBytes'] {
  const found: HardwareFacts['cacheBytes'] = {};
  for (let index = 0; index < 6; index++) {
    const folder = `/sys/devices/system/cpu/cpu0/cache/index${index}`;
    const [, amount, unit = ''] = /^(\d+)([KM]?)/.exec(read(`${folder}/size`)) ?? [];
    if (!amount) continue;
    const bytes = Number(amount) * (units[unit] ?? 1);
    const level = read(`${folder}/level`);
    if (level === '1' && read(`${folder}/type`) === 'Data') found.l1d = bytes;
    else if (level === '2') found.l2 = bytes;
    else if (level === '3') found.l3 = bytes;
  }
  return found;
}

/**
 * What the machine under this process is, as far as it decides the latency of models on `provider`. `engine` is the
 * engine's version.
 */
export async function hardwareFacts(engine: string, provider: Provider = 'CPU'): Promise<HardwareFacts> {
  const card = provider === 'CUDA' ? await gpu() : undefined;
  const [, flags = ''] = /^(?:flags|Features)\s*:\s*(.*)$/m.exec(read('/proc/cpuinfo')) ?? [];
  const present = new Set(flags.split(' '));
  return {
    cpuModel: (cpus()[0]?.model || 'unknown').slice(0, 128),
    instructionSets: telling.filter((name) => present.has(name)),
    cores: availableParallelism(),
    cpuLimit: cpuLimit(),
    cacheBytes: caches(),
    engine,
    ...(card && { gpu: card }),
  };
}
