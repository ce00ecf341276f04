import { z } from 'zod';
import { Name } from '../../src/api/common.ts';
import { Port, Raws } from './kubernetes.ts';

const Cidr = z.string().regex(/^[0-9a-fA-F.:]+\/[0-9]{1,3}$/);

/** The chart's values on NetworkPolicies. */
export const networkPolicy = z
  .strictObject({
    enabled: z.boolean().default(false).describe('Whether NetworkPolicies are made.'),
    operator: z
      .strictObject({
        apiServer: z
          .strictObject({
            cidrs: z
              .array(Cidr)
              .default([])
              .describe('Where the API server is; empty is anywhere, for few clusters have it in a pod.'),
            ports: z.array(Port).min(1).default([443, 6443]).describe('On which ports.'),
          })
          .describe('The operator may reach the API server.'),
        metricsPorts: z
          .array(Port)
          .default([8080, 9090])
          .describe(
            'Ports of pods in this cluster that the operator may reach: Prometheus, and metrics of served models.',
          ),
        extraEgress: Raws.default([]).describe(
          'More egress rules, for a Prometheus outside of the cluster for example.',
        ),
        metricsFrom: Raws.default([]).describe('Peers that may scrape the operator; empty is anybody.'),
      })
      .describe('Of the operator.'),
    workers: z
      .strictObject({
        namespaces: z
          .array(Name)
          .default([])
          .describe("Namespaces, besides the release's own and those of `namespaces`, whose worker pods are cut off."),
        extraEgress: Raws.default([]).describe(
          'What workers may reach all the same, for a trainer that fetches data for example.',
        ),
      })
      .describe('Of worker pods: they get nothing in and nothing out; their store is a volume.'),
  })
  .describe('Who may talk to whom. They work where the network of the cluster enforces them.');
