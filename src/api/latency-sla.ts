import { z } from 'zod';
import { Conditions, cel, Digest, Duration, Name, Percentage, type Resource, Time } from './common.ts';

export const Verdict = z.enum(['Met', 'Drifting', 'Violated', 'NoData']);
export type Verdict = z.infer<typeof Verdict>;

export const Cause = z.enum([
  'None',
  'Load',
  'Throttling',
  'SlaTightened',
  'HardwareChanged',
  'ModelChanged',
  'Unknown',
]);
export type Cause = z.infer<typeof Cause>;

const histogram = z
  .string()
  .max(128)
  .regex(/^[a-zA-Z_:][a-zA-Z0-9_:]*$/, 'write the name of a Prometheus histogram without its _bucket suffix')
  .default('retune_request_duration_seconds');

export const LatencySource = z
  .object({
    prometheus: z
      .object({
        url: z
          .string()
          .max(512)
          .regex(/^https?:\/\/.+/, 'write the address of Prometheus, such as http://prometheus:9090'),
        histogram,
        podLabel: z.string().max(64).default('pod').describe('The label that names the pod on each series.'),
      })
      .optional(),
    scrape: z
      .object({
        port: z.int().min(1).max(65_535).default(8080),
        path: z.string().max(256).default('/metrics'),
        histogram,
      })
      .optional()
      .describe("Read the pods' own metrics endpoint, where there is no Prometheus."),
  })
  .meta(
    cel({
      rule: 'has(self.prometheus) != has(self.scrape)',
      message: 'give exactly one of spec.source.prometheus and spec.source.scrape',
    }),
  );

export const LatencySLASpec = z
  .object({
    suspend: z.boolean().default(false),
    mode: z.enum(['Auto', 'Recommend']).default('Auto').describe('Recommend writes the patch to status and acts not.'),
    workloadRef: z.object({
      kind: z.enum(['Deployment']).default('Deployment'),
      name: Name,
      container: Name.optional().describe('The serving container; the first when left out.'),
      env: z
        .string()
        .max(128)
        .regex(/^[A-Za-z_][A-Za-z0-9_]*$/, 'write the name of an environment variable')
        .default('RETUNE_MODEL')
        .describe('The environment variable that holds the URI of the model: the one field that Retune owns.'),
    }),
    searchRef: z.object({ name: Name }),
    accelerator: Name.optional().describe(
      "HardwareProfile of the workload's nodes; found from its pods when left out.",
    ),
    objective: z.object({
      percentile: z.enum(['P50', 'P90', 'P99']).default('P99'),
      threshold: Duration,
      window: Duration.default('30s').describe('How much of the past one verdict looks at.'),
    }),
    source: LatencySource,
    quality: z.object({ floor: Percentage.optional() }).prefault({}),
    policy: z
      .object({
        minSamples: z
          .int()
          .min(20)
          .max(1_000_000)
          .default(100)
          .describe('With fewer requests in the window the verdict is NoData.'),
        cooldown: Duration.default('60s').describe(
          'Rest after a rollout before the next one; a load that overtakes a variant just promoted is answered without it.',
        ),
        headroom: Percentage.default('20%').describe(
          "How far below the threshold a variant's expected latency must be.",
        ),
        interval: Duration.default('5s'),
      })
      .prefault({}),
    rollout: z
      .object({
        minSamples: z
          .int()
          .min(20)
          .max(1_000_000)
          .default(100)
          .describe('Requests the canary and the baseline must each have served.'),
        timeout: Duration.default('5m').describe('A canary that has proved nothing by then is rolled back.'),
      })
      .prefault({}),
  })
  .meta(
    cel({
      rule: "!has(self.objective.threshold) || !self.objective.threshold.startsWith('0')  || self.objective.threshold.contains('.')",
      message: 'spec.objective.threshold must be above zero, such as 25ms',
    }),
  );

/** What was measured in the last window. */
export const Measured = z.object({
  percentileMs: z.number().optional(),
  samples: z.int(),
  ratePerSecond: z.number(),
  replicas: z.int().optional(),
  overThreshold: z.number().optional().describe('Share of requests slower than the threshold.'),
  burnRate: z.number().optional().describe('That share over the share the objective allows.'),
  at: Time,
});
export type Measured = z.infer<typeof Measured>;

export const RolloutStep = z.enum(['Starting', 'Comparing', 'Promoting', 'Cleaning', 'RollingBack']);
export type RolloutStep = z.infer<typeof RolloutStep>;

export const RolloutStatus = z.object({
  variant: Name,
  modelUri: z.string().max(1024),
  digest: Digest,
  previousUri: z.string().max(1024),
  step: RolloutStep,
  cause: Cause.optional().describe('What it answers; left out where it goes back to a more accurate variant.'),
  started: Time,
  stepSince: Time,
  reason: z.string().max(64).optional(),
  message: z.string().max(512).optional(),
});
export type RolloutStatus = z.infer<typeof RolloutStatus>;

export const HistoryEntry = z.object({
  at: Time,
  event: z.enum(['Verdict', 'RolloutStarted', 'Promoted', 'RolledBack', 'Recommended']),
  reason: z.string().max(64),
  message: z.string().max(256),
});
export type HistoryEntry = z.infer<typeof HistoryEntry>;

export const LatencySLAStatus = z.object({
  observedGeneration: z.int().optional(),
  verdict: Verdict.optional(),
  cause: Cause.optional(),
  measured: Measured.optional(),
  load: z
    .object({ slot: Time, peaks: z.array(z.number()).max(40) })
    .optional()
    .describe(
      'Requests a second of the whole workload: the most in each fifteen seconds of the last ten minutes, the slot that began at `slot` last.',
    ),
  lastMetRatePerSecond: z.number().optional().describe('Requests a second at one replica when it was last met.'),
  threshold: z.string().max(16).optional().describe('The threshold that the last verdict was made with.'),
  accelerator: Name.optional(),
  activeVariant: Name.optional(),
  activeUri: z.string().max(1024).optional(),
  recommendation: z
    .object({ variant: Name, modelUri: z.string().max(1024), patch: z.string().max(2048) })
    .optional()
    .describe('In mode Recommend: the strategic merge patch that a person or a pipeline applies.'),
  rollout: RolloutStatus.optional(),
  lastRollout: Time.optional(),
  refused: z.array(Digest).max(32).optional().describe('Digests that were rolled back here and are not tried again.'),
  history: z.array(HistoryEntry).max(20).optional(),
  conditions: Conditions,
});

export type LatencySLASpec = z.infer<typeof LatencySLASpec>;
export type LatencySLAStatus = z.infer<typeof LatencySLAStatus>;
export type LatencySLA = Resource<LatencySLASpec, LatencySLAStatus>;
