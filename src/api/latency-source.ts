import { z } from 'zod';
import { cel, Name } from './common.ts';

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
