import { z } from 'zod';
import { Name, Time } from './common.ts';

/** A window that forgets exponentially, so that two numbers stand for all that it saw. */
export const BurnWindow = z.object({
  seconds: z.int(),
  requests: z.number(),
  slow: z.number(),
  burnRate: z.number().describe('Share of slow requests over the share that the objective allows.'),
});
export type BurnWindow = z.infer<typeof BurnWindow>;

export const ErrorBudget = z.object({
  of: z.string().max(32).describe('The objective; another one has a budget of its own.'),
  periodSeconds: z.int(),
  seenSeconds: z.number().describe('How much of a period has been watched.'),
  left: z.number().describe('Share of the budget that is left; below zero it is overspent.'),
  burning: z
    .enum(['Fast', 'Medium', 'Slow'])
    .optional()
    .describe('Set while both windows of a pair burn too fast; see docs/sla.md.'),
  windows: z.array(BurnWindow).max(8),
});
export type ErrorBudget = z.infer<typeof ErrorBudget>;

/** What one chart of the drift detector remembers; see docs/sla.md. */
export const DriftChart = z.object({
  ratio: z.number().describe("What production takes, as a multiple of what the variant's trial measured at that load."),
  shiftedShare: z.number().describe('Share of requests that would be too slow if all took 20% longer.'),
  dispersion: z.number().describe('How much more the slow share scatters than independent requests would.'),
  block: z
    .object({ seconds: z.number(), deviation: z.number(), variance: z.number() })
    .describe('The minute that the next estimate of the dispersion comes from.'),
  evidence: z.number().describe('The running statistic in nats: an alarm from 14 on, over at 7.'),
  alarmed: z.boolean(),
});
export type DriftChart = z.infer<typeof DriftChart>;

/** The drift detector: what it learned of this variant in production, and what it has against the last minutes. */
export const Drift = z.object({
  variant: Name,
  accelerator: Name.optional(),
  learnedSeconds: z.number(),
  load: z.number().describe('Requests a second at one replica: the most of the last minute or so.'),
  usualLoad: z.number().describe('Its mean over the last ten minutes.'),
  drainSeconds: z.number().describe('How long a queue that a surge or saturation left may still explain the tail.'),
  dispersion: z
    .object({ median: z.number().optional(), tail: z.number().optional() })
    .optional()
    .describe('That of the variant before, which is taken until this one has shown its own.'),
  median: DriftChart.optional(),
  tail: DriftChart.optional(),
  since: Time.optional().describe('When the present alarm was raised.'),
});
export type Drift = z.infer<typeof Drift>;
