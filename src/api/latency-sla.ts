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

/** Servers and proxies whose latency histograms are known by name, unit and labels. */
export const LatencyPreset = z.enum(['Retune', 'KServe', 'Triton', 'Istio', 'EnvoyGateway', 'NginxIngress']);
export type LatencyPreset = z.infer<typeof LatencyPreset>;

const histogram = z
  .string()
  .max(128)
  .regex(/^[a-zA-Z_:][a-zA-Z0-9_:]*$/, 'write the name of a Prometheus histogram without its _bucket suffix');

const Prometheus = z
  .object({
    url: z
      .string()
      .max(512)
      .regex(/^https?:\/\/.+/, 'write the address of Prometheus, such as http://prometheus:9090'),
    preset: LatencyPreset.optional().describe(
      'Whose histogram to read; Retune (`retune serve`) where neither this nor histogram nor query is given.',
    ),
    histogram: histogram.optional().describe('A histogram of the pods by name, classic or native.'),
    query: z
      .string()
      .min(1)
      .max(4096)
      .optional()
      .describe(
        'PromQL that yields how many requests were served in $window, by le or as a native histogram, of the pods that match the regular expression $pods; $namespace and $workload stand for the names of the workload.',
      ),
    unit: z.enum(['s', 'ms']).optional().describe("The histogram's unit; by default as the preset or its name says."),
    podLabel: z
      .string()
      .max(64)
      .regex(/^[a-zA-Z_][a-zA-Z0-9_]*$/, 'write the name of a label')
      .default('pod')
      .describe('The label that names the pod on each series.'),
    route: Name.optional().describe(
      "The HTTPRoute (EnvoyGateway) or Ingress (NginxIngress) before the workload; the workload's name when left out.",
    ),
  })
  .meta(
    cel(
      {
        rule: '(has(self.preset) ? 1 : 0) + (has(self.histogram) ? 1 : 0) + (has(self.query) ? 1 : 0) <= 1',
        message: 'give at most one of preset, histogram and query in spec.source.prometheus',
      },
      {
        rule: "!has(self.query) || self.query.contains('$window')",
        message:
          'spec.source.prometheus.query must use $window, such as increase(latency_bucket{pod=~"$pods"}[$window])',
      },
    ),
  );

export const LatencySource = z
  .object({
    prometheus: Prometheus.optional(),
    scrape: z
      .object({
        port: z.int().min(1).max(65_535).default(8080),
        path: z.string().max(256).default('/metrics'),
        histogram: histogram.default('retune_request_duration_seconds'),
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
      budgetPeriod: Duration.default('720h').describe(
        'What the error budget is for. The windows of the burn rates are shares of it: 1 h and 5 min of 30 days.',
      ),
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
        cooldown: Duration.default('60s').describe('Rest after a rollout before the next one.'),
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
    cel(
      {
        rule: "self.mode != 'Auto' || !has(self.source.prometheus) || ((!has(self.source.prometheus.preset) || !(self.source.prometheus.preset in ['EnvoyGateway', 'NginxIngress'])) && (!has(self.source.prometheus.query) || self.source.prometheus.query.contains('$pods')))",
        message:
          'mode Auto compares a canary with a baseline and spec.source.prometheus can not tell their pods apart: use $pods in the query, read the pods or their sidecars, or set mode: Recommend',
      },
      {
        rule: "!has(self.objective.threshold) || !self.objective.threshold.startsWith('0')  || self.objective.threshold.contains('.')",
        message: 'spec.objective.threshold must be above zero, such as 25ms',
      },
    ),
  );

/** What was measured in the last window. */
export const Measured = z.object({
  percentileMs: z.number().optional(),
  percentileLowMs: z
    .number()
    .optional()
    .describe('With percentileHighMs its 95% interval, out to the ends of buckets.'),
  percentileHighMs: z.number().optional().describe('Left out where it lies beyond the last bucket.'),
  samples: z.int(),
  ratePerSecond: z.number(),
  replicas: z.int().optional(),
  overThreshold: z.number().optional().describe('Share of requests slower than the threshold.'),
  burnRate: z.number().optional().describe('That share over the share the objective allows.'),
  at: Time,
});
export type Measured = z.infer<typeof Measured>;

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
  drainSeconds: z.number().describe('How long a queue that saturation left may still explain the tail.'),
  median: DriftChart.optional(),
  tail: DriftChart.optional(),
  since: Time.optional().describe('When the present alarm was raised.'),
});
export type Drift = z.infer<typeof Drift>;

export const RolloutStep = z.enum(['Starting', 'Comparing', 'Promoting', 'Cleaning', 'RollingBack']);
export type RolloutStep = z.infer<typeof RolloutStep>;

export const RolloutStatus = z.object({
  variant: Name,
  modelUri: z.string().max(1024),
  digest: Digest,
  previousUri: z.string().max(1024),
  step: RolloutStep,
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
  counted: Time.optional().describe('Up to when requests are in the error budget and the drift detector.'),
  errorBudget: ErrorBudget.optional(),
  drift: Drift.optional().describe('Only while the active variant was measured on this accelerator.'),
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
