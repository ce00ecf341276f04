interface Figures {
  p50Ms: number;
  p99Ms: number;
  bytes: number;
  quality: number;
  what: string;
}

const columns = (cells: [string, string, string, string, string], what: string) => {
  const [name, ...numbers] = cells;
  return `${name.padEnd(18)} ${numbers.map((cell) => cell.padStart(9)).join(' ')}  ${what}`;
};

export const tableHead = columns(['', 'p50 ms', 'p99 ms', 'MB', 'quality'], 'what');

export const row = (name: string, { p50Ms, p99Ms, bytes, quality, what }: Figures) =>
  columns([name, p50Ms.toFixed(3), p99Ms.toFixed(3), (bytes / 1e6).toFixed(2), quality.toFixed(4)], what);
