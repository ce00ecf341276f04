import { z } from 'zod';
import { Duration } from '../../src/api/common.ts';
import { Texts } from './kubernetes.ts';

const scraped = (kind: string) => ({
  enabled: z.boolean().default(false).describe(`Whether a ${kind} of the Prometheus operator is made.`),
  interval: Duration.default('30s').describe('How often.'),
  labels: Texts.default({}).describe('Labels that your Prometheus selects by, for example `{release: prometheus}`.'),
});

/** The chart's values on how Prometheus finds the operator. */
export const metrics = z
  .strictObject({
    annotations: z.boolean().default(true).describe('Whether pods carry the usual `prometheus.io/scrape` annotations.'),
    serviceMonitor: z.strictObject(scraped('ServiceMonitor')).describe('Scrapes through the Service.'),
    podMonitor: z.strictObject(scraped('PodMonitor')).describe('Scrapes the pods. Enable one of the two.'),
  })
  .describe("How the operator's metrics are found.");

/** The chart's values on alert rules. */
export const rules = z
  .strictObject({
    prometheusRule: z
      .strictObject({
        enabled: z.boolean().default(false).describe('Whether a PrometheusRule of the Prometheus operator is made.'),
        labels: Texts.default({}).describe('Labels that your Prometheus selects by.'),
      })
      .describe('For the Prometheus operator.'),
    configMap: z
      .strictObject({
        enabled: z.boolean().default(false).describe('Whether a ConfigMap with the rule files is made.'),
        labels: Texts.default({ prometheus_rule: '1' }).describe('Labels that a sidecar finds it by.'),
      })
      .describe('For a Prometheus that reads files.'),
  })
  .describe('Alert rules: docs/alerts.md says what to do about each.');

/** The chart's values on dashboards. */
export const dashboards = z
  .strictObject({
    enabled: z.boolean().default(false).describe('Whether a ConfigMap for each dashboard of the chart is made.'),
    labels: Texts.default({ grafana_dashboard: '1' }).describe("Labels that Grafana's sidecar finds them by."),
    annotations: Texts.default({}).describe('For example the folder: `{grafana_folder: Retune}`.'),
  })
  .describe('Grafana.');
