import type { BurnWindow, ErrorBudget } from '../../api/sla-counts.ts';

/** How fast an error budget goes: a pair of windows that must both burn at `factor` times the rate that just lasts. */
export interface BurnAlert {
  speed: 'Fast' | 'Medium' | 'Slow';
  /** As shares of the budget period. */
  long: number;
  short: number;
  factor: number;
}

/**
 * The pairs of the SRE Workbook (Google 2018, chapter 5, table 5-8), there 1 h and 5 min, 6 h and 30 min, 3 days and
 * 6 h of a budget of 30 days: 2%, 5% and 10% of it are gone when the long window alone is at its factor.
 */
export const burnAlerts: readonly BurnAlert[] = [
  { speed: 'Fast', long: 1 / 720, short: 1 / 8640, factor: 14.4 },
  { speed: 'Medium', long: 1 / 120, short: 1 / 1440, factor: 6 },
  { speed: 'Slow', long: 1 / 10, short: 1 / 120, factor: 1 },
];

/** Requests that finished in `seconds`, and how many of them were slower than the threshold. */
export interface Served {
  seconds: number;
  requests: number;
  slow: number;
}

/** Fewer requests in a window than this burn nothing: one slow one of three is no trend. */
const leastRequests = 20;
/** No window is shorter than this: fewer seconds say nothing of a percentile. */
const shortestSeconds = 10;

const secondsOf = (share: number, periodSeconds: number) =>
  Math.max(shortestSeconds, Math.round(share * periodSeconds));

const windowsOf = (periodSeconds: number): number[] => {
  const shares = [...burnAlerts.flatMap(({ long, short }) => [short, long]), 1];
  const seconds = shares.map((share) => secondsOf(share, periodSeconds));
  return [...new Set(seconds)].sort((a, b) => a - b);
};

/**
 * One window after more traffic. Instead of every interval's counts, two numbers are kept that forget exponentially,
 * with the mean age of a sliding window of that length: what happened longer ago than the window weighs e^-2 and less.
 */
function after(window: BurnWindow, { seconds, requests, slow }: Served, allowed: number): BurnWindow {
  const kept = Math.exp((-2 * seconds) / window.seconds);
  // Requests of a long interval have partly aged within it.
  const fresh = seconds > 0 ? ((1 - kept) * window.seconds) / (2 * seconds) : 1;
  const next = { requests: window.requests * kept + requests * fresh, slow: window.slow * kept + slow * fresh };
  const burnRate = next.requests > 0 ? next.slow / next.requests / allowed : 0;
  return { seconds: window.seconds, ...next, burnRate };
}

/** How fast a window burns; what it has not seen yet counts as well served, so that a first slow minute is no alarm. */
function rateOver({ windows, periodSeconds, seenSeconds }: Omit<ErrorBudget, 'left'>, share: number): number {
  const seconds = secondsOf(share, periodSeconds);
  const window = windows.find((one) => one.seconds === seconds);
  if (!window || window.requests < leastRequests) return 0;
  return window.burnRate * Math.min(1, seenSeconds / seconds);
}

/** The first alert whose windows both burn. */
const alertOf = (budget: Omit<ErrorBudget, 'left'>): BurnAlert | undefined =>
  burnAlerts.find(({ long, short, factor }) => rateOver(budget, long) >= factor && rateOver(budget, short) >= factor);

export interface BudgetTerms {
  /** The objective in words, such as `P99 50ms`. */
  of: string;
  /** The share of requests that may be slow: 0.01 for P99. */
  allowed: number;
  periodSeconds: number;
}

/**
 * The error budget after more traffic. A budget of another objective or period starts anew. What is left is of a whole
 * period's budget, at the traffic seen so far.
 */
export function spend(
  before: ErrorBudget | undefined,
  served: Served,
  { of, allowed, periodSeconds }: BudgetTerms,
): ErrorBudget {
  const known = before?.of === of && before.periodSeconds === periodSeconds ? before : undefined;
  const windows = windowsOf(periodSeconds).map((seconds) => {
    const window = known?.windows.find((one) => one.seconds === seconds);
    return after(window ?? { seconds, requests: 0, slow: 0, burnRate: 0 }, served, allowed);
  });
  const seenSeconds = Math.min(periodSeconds, (known?.seenSeconds ?? 0) + served.seconds);
  const budget = { of, periodSeconds, seenSeconds, windows };
  const spent = ((windows.at(-1)?.burnRate ?? 0) * seenSeconds) / periodSeconds;
  return { ...budget, left: 1 - spent, burning: alertOf(budget)?.speed };
}

const span = (seconds: number) =>
  seconds >= 7200
    ? `${Math.round(seconds / 3600)} h`
    : seconds >= 120
      ? `${Math.round(seconds / 60)} min`
      : `${seconds} s`;

/** What burns, in a sentence; empty when nothing does. */
export function burnEvidence(budget: ErrorBudget): string {
  const alert = burnAlerts.find(({ speed }) => speed === budget.burning);
  if (!alert) return '';
  const over = (share: number) =>
    `${rateOver(budget, share).toFixed(1)} times too fast over ${span(secondsOf(share, budget.periodSeconds))}`;
  return `the error budget is spent ${over(alert.long)} and ${over(alert.short)}; ${Math.round(100 * budget.left)}% of it is left`;
}
