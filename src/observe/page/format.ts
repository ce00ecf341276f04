/** Figures for people, always with a unit. */
const digits = (value: number) => (value === 0 ? '0' : Number(value.toPrecision(3)).toString());

/** `0.42 ms`, `12.3 ms`, `1.25 s`. */
export const showMs = (ms: number): string => {
  if (ms >= 10_000) return `${digits(ms / 1000)} s`;
  return `${ms >= 100 ? ms.toFixed(0) : ms >= 10 ? ms.toFixed(1) : ms.toFixed(2)} ms`;
};

function scaled(value: number, base: number, units: readonly string[]): string {
  let power = 0;
  while (value / base ** power >= base && power < units.length - 1) power++;
  return `${digits(value / base ** power)}${units[power]}`;
}

/** `1.25 MiB`. */
export const showBytes = (bytes: number): string => scaled(bytes, 1024, [' B', ' KiB', ' MiB', ' GiB', ' TiB']);
/** `1.25 M`, for counts. */
export const showCount = (count: number): string => scaled(count, 1000, ['', ' k', ' M', ' G', ' T', ' P']);
export const showShare = (share: number): string => `${(100 * share).toFixed(share < 0.1 ? 1 : 0)}%`;
export const showNumber = (value: number, unit = ''): string => digits(value) + (unit && ` ${unit}`);

/** `2026-01-01 12:00:05 UTC`; the text itself where it is no time. */
export function showTime(at: string): string {
  const time = Date.parse(at);
  return Number.isNaN(time) ? at : `${new Date(time).toISOString().slice(0, 19).replace('T', ' ')} UTC`;
}

const plurals = (count: number, one: string) => `${count} ${count === 1 ? one : `${one}s`}`;

export { plurals as showMany };
