import type { GpuFacts } from '../../api/hardware-profile.ts';

/** What is asked of `nvidia-smi --query-gpu`, in the order in which `gpuFacts` reads the answer. */
export const gpuFields: readonly string[] = [
  ...['name', 'driver_version', 'compute_cap', 'memory.total', 'mig.mode.current'],
  ...['clocks.max.sm', 'clocks.max.memory', 'power.limit'],
];

/** Arguments of `nvidia-smi` for these fields: a line for each GPU, without titles and units. */
export const smiArguments = (fields: readonly string[]): string[] => [
  `--query-gpu=${fields.join(',')}`,
  '--format=csv,noheader,nounits',
];

/** The values of the first GPU; undefined where the answer is no such line: nvidia-smi prints its errors there too. */
function firstRow(csv: string, count: number): string[] | undefined {
  const values = csv
    .split('\n')[0]
    ?.split(', ')
    .map((value) => value.trim());
  return values?.length === count ? values : undefined;
}

/** What can't be told is `[N/A]` or `[Not Supported]`. */
const number = (text: string | undefined) => (text && /^\d+(\.\d+)?$/.test(text) ? Number(text) : undefined);

/** The first GPU in the answer to `gpuFields`; undefined where there is none. */
export function gpuFacts(csv: string): GpuFacts | undefined {
  const [name = '', driver = '', computeCapability = '', mib, mig, sm, memory, watts] =
    firstRow(csv, gpuFields.length) ?? [];
  const size = number(mib);
  if (!name || size === undefined) return undefined;
  const power = number(watts);
  return {
    ...{ name: name.slice(0, 128), driver: driver.slice(0, 32), computeCapability: computeCapability.slice(0, 8) },
    memoryBytes: size * 2 ** 20,
    partitioned: mig === 'Enabled',
    maxClockMHz: { sm: number(sm), memory: number(memory) },
    ...(power !== undefined && { powerLimitWatts: power }),
  };
}

/** Why a GPU's clocks are below what they could be, by what the driver calls it. */
const reasons = {
  sw_power_cap: 'its power limit',
  sw_thermal_slowdown: 'its temperature',
  hw_thermal_slowdown: 'its temperature (hardware)',
  hw_power_brake_slowdown: 'an external power brake',
} as const;

/** Bits of `clocks_event_reasons.active` (NVML, nvmlClocksEventReasons) for those. */
const bits = { sw_power_cap: 0x4, sw_thermal_slowdown: 0x20, hw_thermal_slowdown: 0x40, hw_power_brake_slowdown: 0x80 };
const names = Object.keys(reasons) as (keyof typeof reasons)[];

/** For how long in microseconds since the driver came up the clocks were held down, reason by reason. */
export const counterFields: readonly string[] = names.map((name) => `clocks_event_reasons_counters.${name}`);
/** Drivers without those counters tell what holds at this moment; all drivers know this older name of the field. */
export const maskFields: readonly string[] = ['clocks_throttle_reasons.active'];

/** How a GPU's clocks stand at a moment. */
export type ClockState = { counters: readonly number[] } | { mask: number };

/** The answer to `counterFields`, or to `maskFields`; undefined where it is neither. */
export function clockState(csv: string): ClockState | undefined {
  const counters = firstRow(csv, counterFields.length)?.map(number);
  if (counters?.every((value) => value !== undefined)) return { counters: counters as number[] };
  const [mask] = firstRow(csv, 1) ?? [];
  return mask && /^0x[0-9a-f]+$/i.test(mask) ? { mask: Number(mask) } : undefined;
}

/** Clocks that were held down for a while. */
export interface HeldDown {
  ms: number;
  /** What by for most of it. */
  because: string;
}

/** What happened to a GPU's clocks between two moments that lie `elapsedMs` apart; undefined where nothing did. */
export function heldDown(before: ClockState, after: ClockState, elapsedMs: number): HeldDown | undefined {
  const each = names.map((name, index) => {
    const because = reasons[name];
    if ('counters' in before && 'counters' in after) {
      const us = (after.counters[index] ?? 0) - (before.counters[index] ?? 0);
      return { ms: Math.min(elapsedMs, Math.max(0, us) / 1000), because };
    }
    const active = [before, after].filter((state) => 'mask' in state && (state.mask & bits[name]) !== 0).length;
    return { ms: (elapsedMs * active) / 2, because };
  });
  const most = each.reduce((a, b) => (b.ms > a.ms ? b : a));
  return most.ms > 0 ? most : undefined;
}
