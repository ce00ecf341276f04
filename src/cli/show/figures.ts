/** A count with a prefix of ten: `12.3M`; `–` where it is not known. */
export function short(value: number | undefined): string {
  if (value === undefined) return '–';
  const prefixes = ['', 'k', 'M', 'G', 'T'];
  const power = Math.max(0, Math.min(prefixes.length - 1, Math.floor(Math.log10(Math.max(value, 1)) / 3)));
  return `${Number((value / 1000 ** power).toPrecision(3))}${prefixes[power]}`;
}

/** Bytes with a binary prefix: `1.5 MiB`. */
export function bytes(value: number | undefined): string {
  if (value === undefined) return '–';
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
  const power = Math.max(0, Math.min(units.length - 1, Math.floor(Math.log2(Math.max(value, 1)) / 10)));
  const scaled = value / 1024 ** power;
  return `${scaled >= 100 ? Math.round(scaled) : Number(scaled.toPrecision(3))} ${units[power]}`;
}

/** Milliseconds with as many digits as say something. */
export const ms = (value: number): string => value.toFixed(value < 10 ? 2 : 1);

/** A latency with its interval, where the two are told apart: `12.3 (11.9–13.0)`. */
export function interval(value: number, low: number, high: number, show: (value: number) => string = ms): string {
  const [text, from, to] = [value, low, high].map(show);
  return from === to ? `${text}` : `${text} (${from}–${to})`;
}

/** How long ago, in the largest unit that fits: `35s`, `12m`, `3h`, `5d`. */
export function ago(at: string | undefined, nowMs: number): string {
  if (at === undefined) return '–';
  const seconds = Math.max(0, Math.round((nowMs - Date.parse(at)) / 1000));
  if (seconds < 120) return `${seconds}s`;
  if (seconds < 2 * 3600) return `${Math.floor(seconds / 60)}m`;
  return seconds < 48 * 3600 ? `${Math.floor(seconds / 3600)}h` : `${Math.floor(seconds / 86_400)}d`;
}
