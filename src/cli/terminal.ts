import type { AcceleratorStatus, NASSearch } from '../api/nas-search.ts';
import { showValue } from '../core/quality/metric.ts';

/** Text that is drawn anew in place on a terminal, and as a line now and then where there is none. */
export class Live {
  readonly #terminal = process.stderr.isTTY === true;
  readonly #everyMs: number;
  #lines = 0;
  #last = '';
  #saidMs = 0;

  constructor(everyMs = 10_000) {
    this.#everyMs = everyMs;
  }

  /** Shows the present state: `headline` alone where nothing can be drawn anew. */
  show(headline: string, details: string[] = []): void {
    if (this.#terminal) {
      const width = process.stderr.columns ?? 100;
      const lines = [headline, ...details].map((line) => line.slice(0, width - 1));
      const up = this.#lines > 0 ? `\u001b[${this.#lines}A` : '';
      process.stderr.write(`${up}${lines.map((line) => `\u001b[2K${line}\n`).join('')}\u001b[J`);
      this.#lines = lines.length;
      return;
    }
    const due = Date.now() - this.#saidMs >= this.#everyMs;
    if (!due || headline === this.#last) return;
    process.stderr.write(`${headline}\n`);
    this.#last = headline;
    this.#saidMs = Date.now();
  }

  /** A line that stays. */
  say(line: string): void {
    if (this.#terminal && this.#lines > 0) process.stderr.write(`\u001b[${this.#lines}A\u001b[J`);
    process.stderr.write(`${line}\n`);
    this.#lines = 0;
  }
}

const prefixes = ['', 'k', 'M', 'G', 'T'];

/** `12.3M`; shares and intensities as they are. */
function short(value: number | undefined): string {
  if (value === undefined) return '?';
  const power = Math.max(0, Math.min(prefixes.length - 1, Math.floor(Math.log10(Math.max(value, 1)) / 3)));
  return `${Number((value / 1000 ** power).toPrecision(3))}${prefixes[power]}`;
}

/** A front as rows of text, fastest first, and what was left out there. */
export function frontTable({ front, recommended, metric = 'Top1', narrowed = [] }: AcceleratorStatus): string[] {
  if (front.length === 0) return [];
  const others = front[0]?.phases?.map(({ name }) => ` ${`${name} p99`.padStart(12)}`).join('') ?? '';
  const figureNames = (front[0]?.figures ?? []).map(({ name }) => ` ${name.padStart(12)}`).join('');
  const head = `  ${'p50 ms'.padStart(8)} ${'p99 ms'.padStart(8)}${others} ${metric.padStart(10)}${figureNames}  variant`;
  const rows = front.map(({ variant, label, p50Ms, p99Ms, phases = [], figures = [], quality }) => {
    const mark = variant === recommended ? '➤ ' : '  ';
    const more = phases.map((phase) => ` ${phase.p99Ms.toFixed(2).padStart(12)}`).join('');
    const itsFigures = figures
      .map(({ name, value }) => ` ${short(value).padStart(Math.max(12, name.length))}`)
      .join('');
    return `${mark}${p50Ms.toFixed(2).padStart(8)} ${p99Ms.toFixed(2).padStart(8)}${more} ${showValue(metric, quality).padStart(10)}${itsFigures}  ${label}`;
  });
  return [head, ...rows, ...narrowed.map(({ choice, reason }) => `  without ${choice}: ${reason}`)];
}

/** How far a search is, in one line. */
export function progressLine({ spec, status }: NASSearch): string {
  const { variants, trials } = status ?? {};
  const made = (variants?.ready ?? 0) + (variants?.failed ?? 0);
  const measured = (trials?.succeeded ?? 0) + (trials?.failed ?? 0);
  const accelerators = Math.max(1, status?.accelerators?.length ?? 1);
  const most = spec.budget.maxVariants * accelerators * (spec.workload.phases?.length ?? 1);
  const width = 24;
  const filled = Math.round((Math.min(measured, most) / most) * width);
  const failed = (variants?.failed ?? 0) + (trials?.failed ?? 0);
  const trouble = failed > 0 ? `, ${failed} failed` : '';
  return `[${'█'.repeat(filled)}${'░'.repeat(width - filled)}] ${made} variants made, ${measured} of at most ${most} trials measured${trouble}`;
}
