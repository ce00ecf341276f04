import { z } from 'zod';
import { Conditions, cel, Digest, Duration, Name, Percentage, type Resource, Time } from './common.ts';
import { LatencySource } from './latency-source.ts';
import { PatchType, RolloutPolicy, rolloutRules, WorkloadRef } from './rollout.ts';
import { Drift, ErrorBudget } from './sla-counts.ts';

export const Verdict = z.enum(['Met', 'Drifting', 'Violated', 'NoData']);
export type Verdict = z.infer<typeof Verdict>;

export const Cause = z.enum([
  'None',
  'Load',
  'Throttling',
  'NoisyNeighbour',
  'InputChanged',
  'SlaTightened',
  'HardwareChanged',
  'ModelChanged',
  'Unknown',
]);
export type Cause = z.infer<typeof Cause>;

export const RetuneTrigger = z.enum(['NoVariantFits', 'DriftConfirmed', 'ModelChanged', 'Scheduled']);
export type RetuneTrigger = z.infer<typeof RetuneTrigger>;

export const LatencySLASpec = z
  .object({
    suspend: z.boolean().default(false),
    mode: z
      .enum(['Auto', 'Recommend'])
      .default('Auto')
      .describe(
        'Recommend writes the patch to status, and to a ConfigMap where one is named, and changes nothing else.',
      ),
    workloadRef: WorkloadRef,
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
        cooldown: Duration.default('60s').describe(
          'Rest after a rollout before the next one; a load that overtakes a variant just promoted is answered without it.',
        ),
        headroom: Percentage.default('20%').describe(
          "How far below the threshold a variant's expected latency must be.",
        ),
        interval: Duration.default('5s'),
      })
      .prefault({}),
    rollout: RolloutPolicy,
    retune: z
      .object({
        triggers: z
          .array(RetuneTrigger)
          .max(4)
          .default(['NoVariantFits', 'DriftConfirmed', 'ModelChanged', 'Scheduled'])
          .describe('What starts another search like that of searchRef, with the present threshold as its limit.'),
        schedule: z
          .string()
          .max(64)
          .optional()
          .describe('When to search again whatever happens: five fields of cron, in UTC, such as 0 3 * * 0.'),
        modelCheck: Duration.default('6h')
          .describe(
            'For trigger ModelChanged: how often the file of the base model is looked at, in whole minutes or hours; 0m for never.',
          )
          .meta(
            cel({
              rule: "self.matches('^[0-9]+(m|h)$')",
              message: 'spec.retune.modelCheck must be whole minutes or hours, such as 30m or 6h, or 0m for never',
            }),
          ),
        cooldown: Duration.default('1h').describe('Rest after the start of one such search before the next.'),
      })
      .prefault({}),
    recommend: z
      .object({
        configMap: Name.optional().describe(
          'A ConfigMap that Retune makes and keeps: the patch as a file for kustomize, and how to apply it.',
        ),
      })
      .prefault({})
      .describe('In mode Recommend.'),
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
      ...rolloutRules,
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

export const RolloutStep = z.enum(['Starting', 'Comparing', 'Promoting', 'Cleaning', 'Proving', 'RollingBack']);
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
  weight: z
    .int()
    .optional()
    .describe('Percent of the requests that the canary is given; absent where pods share alike.'),
  weightSince: Time.optional(),
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

/** The last search that an SLA started by itself. */
export const RetuneStatus = z.object({
  search: Name,
  trigger: RetuneTrigger,
  started: Time,
  thresholdMs: z.number(),
  before: Name.optional().describe(
    'One started earlier that the SLA goes by until this one has succeeded; that of searchRef when left out.',
  ),
  modelDigest: Digest.optional().describe('The base model as it was found to be when it was started.'),
});
export type RetuneStatus = z.infer<typeof RetuneStatus>;

export const LastMet = z.object({
  ratePerSecond: z.number().describe('Requests a second at one replica.'),
  elementsPerRequest: z.number().optional().describe('Elements of the input tensors of a request, on average.'),
  modelUri: z.string().max(1024).optional(),
  accelerator: Name.optional(),
  accelerators: z.array(Name).max(16).optional().describe('All that its pods were on, or about to be.'),
  generation: z.int().optional().describe('Of the HardwareProfile.'),
});
export type LastMet = z.infer<typeof LastMet>;

export const LatencySLAStatus = z.object({
  observedGeneration: z.int().optional(),
  verdict: Verdict.optional(),
  cause: Cause.optional(),
  measured: Measured.optional(),
  counted: Time.optional().describe('Up to when requests are in the error budget and the drift detector.'),
  errorBudget: ErrorBudget.optional(),
  drift: Drift.optional().describe('Only while the active variant was measured on this accelerator.'),
  previousUri: z.string().max(1024).optional().describe('What was served before the last rollout that was promoted.'),
  order: z.string().max(320).optional().describe('The last order of a person that was taken or refused.'),
  retune: RetuneStatus.optional(),
  image: z.string().max(512).optional().describe('Of the serving container when variants were last searched.'),
  lastMet: LastMet.optional().describe('How things were when it was last met: what a cause is told from.'),
  load: z
    .object({ slot: Time, peaks: z.array(z.number()).max(40) })
    .optional()
    .describe(
      'Requests a second of the whole workload: the most in each fifteen seconds of the last ten minutes, the slot that began at `slot` last.',
    ),
  threshold: z.string().max(16).optional().describe('The threshold that the last verdict was made with.'),
  accelerator: Name.optional(),
  activeVariant: Name.optional(),
  activeUri: z.string().max(1024).optional(),
  recommendation: z
    .object({
      variant: Name,
      modelUri: z.string().max(1024),
      patch: z.string().max(4096),
      patchType: PatchType.optional(),
      command: z.string().max(6144).optional().describe('The command that applies it.'),
    })
    .optional()
    .describe('In mode Recommend: the patch that a person or a pipeline applies.'),
  rollout: RolloutStatus.optional(),
  lastRollout: Time.optional(),
  refused: z.array(Digest).max(128).optional().describe('Digests that were rolled back here and are not tried again.'),
  history: z.array(HistoryEntry).max(20).optional(),
  conditions: Conditions,
});

export type LatencySLASpec = z.infer<typeof LatencySLASpec>;
export type LatencySLAStatus = z.infer<typeof LatencySLAStatus>;
export type LatencySLA = Resource<LatencySLASpec, LatencySLAStatus>;
