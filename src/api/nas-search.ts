import { z } from 'zod';
import { RewriteName } from './analysis.ts';
import { GraphOptimization, Precision } from './candidate.ts';
import {
  Conditions,
  cel,
  Digest,
  Duration,
  FileRef,
  Name,
  Percentage,
  Quantity,
  type Resource,
  Time,
} from './common.ts';
import { Trainer } from './trainer.ts';
import { judging, QualityMetric } from './variant.ts';

const immutable = (field: string) =>
  cel({ rule: 'self == oldSelf', message: `${field} cannot be changed: make a new NASSearch instead` });

export const SearchSpace = z.object({
  dimensions: z
    .array(z.string().max(64))
    .max(64)
    .optional()
    .describe('Elastic dimensions of the supernet to search; all of them when left out.'),
  rewrites: z
    .array(RewriteName)
    .max(16)
    .optional()
    .describe('What may be changed of a model without a supernet manifest; everything that applies when left out.'),
  precisions: z.array(Precision).min(1).max(8).default(['FP32', 'INT8Static', 'INT8Dynamic']),
  graphOptimizations: z.array(GraphOptimization).min(1).max(3).default(['All']),
  threads: z
    .array(z.int().min(1).max(256))
    .min(1)
    .max(8)
    .optional()
    .describe('Engine threads to try, none above the CPU limit; from one to the limit when left out.'),
});

/** Figures of a run that can count beside quality and latency; what they mean is in docs/accelerators.md. */
export const FigureName = z.enum([
  ...(['SizeBytes', 'PeakMemoryBytes', 'PeakActivationBytes', 'BytesMoved', 'Macs'] as const),
  ...(['OpsPerByte', 'Utilisation', 'FitsL1', 'FitsL2', 'FitsL3'] as const),
]);
export type FigureName = z.infer<typeof FigureName>;

const FigureGoal = z
  .object({
    name: FigureName,
    limit: Quantity.optional().describe(
      'No variant beyond it is recommended: above it for bytes, MACs and Utilisation, below it for OpsPerByte and Fits…',
    ),
    objective: z.boolean().default(false).describe('Whether the front is one of this figure too.'),
  })
  .meta(
    cel({
      rule: 'has(self.limit) || self.objective',
      message: 'a figure wants a limit, objective: true, or both',
    }),
  );

export const NASSearchSpec = z
  .object({
    suspend: z.boolean().default(false).describe('Start nothing new while true; what runs is let finish.'),
    start: z
      .enum(['Immediately', 'OnViolation'])
      .default('Immediately')
      .describe('OnViolation waits until a LatencySLA that names this search is violated.'),
    model: FileRef.describe('The base model, or the supernet, in ONNX.').meta(immutable('spec.model')),
    supernet: FileRef.optional().describe('The manifest that declares the elastic dimensions of the model.'),
    data: z.object({
      heldout: FileRef.describe(
        'Inputs (.npz) that quality is judged on, with what the metric needs: labels, targets or scores.',
      ),
      calibration: FileRef.optional().describe('Unlabelled inputs (.npz) for BatchNorm and INT8 ranges.'),
    }),
    quality: z
      .object({
        ...judging,
        floor: Percentage.optional().describe(
          'No variant below this is recommended; 85% is 0.85 of Spearman or Cosine.',
        ),
        maxDrop: Percentage.optional().describe(
          'How far below the base model a recommended variant may be, in points of the metric; for MSE, MAE, Perplexity and Command a share of the value of the base.',
        ),
      })
      .default({ metric: 'Top1' })
      .meta(
        cel(
          {
            rule: '!(has(self.floor) && has(self.maxDrop))',
            message: 'give spec.quality.floor or spec.quality.maxDrop, not both',
          },
          {
            rule: "!has(self.floor) || !(self.metric in ['MSE', 'MAE', 'Perplexity', 'Command'])",
            message:
              'spec.quality.floor is a percentage, and MSE, MAE, Perplexity and Command are not: give spec.quality.maxDrop instead',
          },
          {
            rule: "has(self.command) == (self.metric == 'Command')",
            message: 'spec.quality.command and metric Command go together: give both or neither',
          },
          {
            rule: "has(self.higherIsBetter) == (self.metric == 'Command')",
            message:
              'metric Command needs spec.quality.higherIsBetter, true or false; every other metric knows its own way',
          },
        ),
      ),
    space: SearchSpace.prefault({}),
    trainer: Trainer.optional()
      .describe(
        'Trains every candidate that differs from the base model in weights or precision, before it is judged; nothing is trained when left out.',
      )
      .meta(immutable('spec.trainer')),
    workload: z
      .object({
        batchSize: z.int().min(1).max(4096).default(1).describe('Inputs in one request.'),
        phases: z
          .array(
            z.object({
              name: Name,
              inputs: FileRef.describe('Inputs (.npz) to time with.'),
              threshold: Duration.optional().describe('As spec.latency.threshold, which is that of the first phase.'),
            }),
          )
          .min(1)
          .max(4)
          .optional()
          .describe(
            'Kinds of requests that are timed apart and are objectives of their own, such as prefill and decode of a language model. The first is what an SLA counts on. When left out, the held-out inputs are timed.',
          ),
      })
      .prefault({}),
    latency: z
      .object({
        percentile: z.enum(['P50', 'P90', 'P99']).default('P99'),
        threshold: Duration.optional().describe('Variants above it are measured but never recommended.'),
      })
      .prefault({}),
    figures: z
      .array(FigureGoal)
      .max(4)
      .optional()
      .describe('What counts beside quality and latency, such as the peak memory of activations.')
      .meta({ 'x-kubernetes-list-type': 'map', 'x-kubernetes-list-map-keys': ['name'] }),
    accelerators: z
      .array(Name)
      .min(1)
      .max(16)
      .optional()
      .describe('HardwareProfiles to measure on; every ready one when left out.'),
    budget: z
      .object({
        maxVariants: z
          .int()
          .min(1)
          .max(10_000)
          .default(24)
          .describe('Variants to measure on each accelerator, the base model included.'),
        maxDuration: Duration.default('1h'),
        leastGain: Percentage.optional().describe(
          'Propose nothing more on an accelerator when the next variant should add less than this share to the hypervolume of its front; known once some twelve are measured.',
        ),
        parallelism: z.int().min(1).max(64).default(1).describe('Worker pods at once, over all accelerators.'),
      })
      .prefault({}),
    measurement: z
      .object({
        minSamples: z.int().min(100).max(1_000_000).default(1000).describe('P99 needs at least 1000.'),
        maxTime: Duration.default('60s').describe('Longest time one trial may spend measuring.'),
      })
      .prefault({})
      .meta(
        cel({
          rule: 'self.minSamples >= 1000',
          message: 'a P99 of fewer than 1000 samples is a guess: set spec.measurement.minSamples to at least 1000',
        }),
      ),
    worker: z
      .object({
        image: z.string().max(512).optional().describe("The operator's own image when left out."),
        cpu: Quantity.default('1').describe('CPU request and limit, whole cores, so that the pod can have them alone.'),
        memory: Quantity.default('1Gi'),
        deadline: Duration.default('5m'),
        queueName: Name.optional().describe('Kueue LocalQueue for worker pods.'),
      })
      .prefault({})
      .meta(
        cel({
          rule: "self.cpu.matches('^[1-9][0-9]*$')",
          message: 'spec.worker.cpu must be whole cores, such as "1": a fraction is throttled and cannot be measured',
        }),
      ),
    seed: z.int().min(0).max(2_147_483_647).default(0),
  })
  .meta(
    cel(
      {
        rule: '!has(self.supernet) || has(self.data.calibration)',
        message: 'a supernet needs spec.data.calibration: the BatchNorm statistics of a subnet are measured on it',
      },
      {
        rule: 'has(self.trainer) == has(oldSelf.trainer)',
        message: 'spec.trainer cannot be added or taken away: make a new NASSearch instead',
      },
    ),
  );

/** One point of a front: a variant, what it is worth and what it costs on one accelerator. */
export const FrontPoint = z.object({
  variant: Name,
  quality: z.number(),
  p50Ms: z.number(),
  p99Ms: z.number(),
  p99LowMs: z.number(),
  p99HighMs: z.number(),
  sizeBytes: z.int(),
  phases: z
    .array(z.object({ name: Name, p50Ms: z.number(), p99Ms: z.number() }))
    .max(3)
    .optional()
    .describe('The phases after the first, whose latency the other fields are.'),
  figures: z
    .array(z.object({ name: FigureName, value: z.number().optional() }))
    .max(4)
    .optional()
    .describe('Those that spec.figures names.'),
  label: z.string().max(128).describe('The candidate in short.'),
});
export type FrontPoint = z.infer<typeof FrontPoint>;

export const AcceleratorStatus = z.object({
  name: Name,
  generation: z.int().optional().describe('Of its HardwareProfile: what was measured in another counts no more.'),
  known: z.int().optional().describe('Variants that there were before it: the best of them are measured here first.'),
  started: Time.optional(),
  finished: Time.optional(),
  narrowed: z
    .array(z.object({ choice: z.string().max(64), reason: z.string().max(256) }))
    .max(32)
    .optional()
    .describe('Choices that are of no use here, by what its HardwareProfile was measured to do.'),
  trials: z.int(),
  skipped: z
    .int()
    .optional()
    .describe('Variants that are not measured here: another is at least as accurate and, with 95% certainty, faster.'),
  metric: QualityMetric.optional().describe('What the quality on the front is.'),
  hypervolume: z.number().optional(),
  front: z.array(FrontPoint).max(24),
  recommended: Name.optional(),
  message: z.string().max(512).optional(),
});
export type AcceleratorStatus = z.infer<typeof AcceleratorStatus>;

/** What the base model was when it was last looked at, for an SLA that asks whether it is still the one searched. */
export const ModelCheck = z.object({
  started: Time.optional().describe('When the look that goes on now began.'),
  finished: Time.optional().describe('When the last one ended.'),
  digest: Digest.optional().describe('What the model was then; that of the last look that could read it.'),
});
export type ModelCheck = z.infer<typeof ModelCheck>;

export const NASSearchStatus = z.object({
  observedGeneration: z.int().optional(),
  started: Time.optional(),
  finished: Time.optional(),
  base: Name.optional().describe('The variant that is the base model itself, the control of every trial.'),
  modelDigest: Digest.optional().describe(
    'What the base model is that is searched: the digest of its file, or of that and the files that its weights lie in.',
  ),
  modelCheck: ModelCheck.optional(),
  variants: z.object({ ready: z.int(), failed: z.int(), pending: z.int() }).optional(),
  trials: z.object({ succeeded: z.int(), failed: z.int(), running: z.int(), pending: z.int() }).optional(),
  accelerators: z
    .array(AcceleratorStatus)
    .max(16)
    .optional()
    .meta({ 'x-kubernetes-list-type': 'map', 'x-kubernetes-list-map-keys': ['name'] }),
  conditions: Conditions,
});

export type NASSearchSpec = z.infer<typeof NASSearchSpec>;
export type NASSearchStatus = z.infer<typeof NASSearchStatus>;
export type NASSearch = Resource<NASSearchSpec, NASSearchStatus>;
