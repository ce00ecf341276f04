import { readFileSync } from 'node:fs';

const read = (path: string): string | undefined => {
  try {
    return readFileSync(path, 'utf8').trim();
  } catch {
    return undefined;
  }
};

/** The CPU limit of this process's cgroup in cores (v2 `cpu.max`, v1 `cpu.cfs_quota_us`); undefined without one. */
export function cpuLimit(): number | undefined {
  const [quota2, period2] = read('/sys/fs/cgroup/cpu.max')?.split(' ') ?? [];
  const quota = Number(quota2 ?? read('/sys/fs/cgroup/cpu/cpu.cfs_quota_us'));
  const period = Number(period2 ?? read('/sys/fs/cgroup/cpu/cpu.cfs_period_us'));
  return quota > 0 && period > 0 ? quota / period : undefined;
}

/** Microseconds for which this cgroup was stopped at its CPU limit since it began; undefined where that can't be told. */
export function throttledUs(): number | undefined {
  const v2 = /throttled_usec (\d+)/.exec(read('/sys/fs/cgroup/cpu.stat') ?? '');
  if (v2) return Number(v2[1]);
  const v1 = /throttled_time (\d+)/.exec(read('/sys/fs/cgroup/cpu/cpu.stat') ?? '');
  return v1 ? Number(v1[1]) / 1000 : undefined;
}
