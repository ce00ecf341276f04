import type { LatencyPreset } from '../../api/latency-source.ts';
import type { LatencyUnit } from '../buckets.ts';

/** The pods to read, and what the workload is called where its metrics don't know pods. */
export interface Selection {
  /** A regular expression of pod names, escaped for a PromQL string. */
  pods: string;
  podLabel: string;
  namespace: string;
  /** The HTTPRoute or Ingress before the workload. */
  route: string;
}

/** Where a server or proxy keeps the latency of requests. */
export interface Preset {
  histogram: string;
  unit: LatencyUnit;
  /** Label matchers; the series of all of them together are the workload's. */
  matchers(selection: Selection): string[];
  /** A counter of requests by the code that they were answered with, and the matcher of codes that are failures. */
  requests?: { counter: string; failed: string };
  /** What to look at when there are no such series. */
  hint: string;
}

const ofPods = ({ pods, podLabel }: Selection) => [`${podLabel}=~"${pods}"`];
const scraped = 'check that Prometheus scrapes the pods and how it labels them';

export const presets: Record<LatencyPreset, Preset> = {
  Retune: {
    histogram: 'retune_request_duration_seconds',
    unit: 's',
    matchers: ofPods,
    requests: { counter: 'retune_requests_total', failed: 'code=~"5.."' },
    hint: scraped,
  },
  /** Python model servers of KServe; the time in predict, without pre- and post-processing. */
  KServe: {
    histogram: 'request_predict_seconds',
    unit: 's',
    matchers: ofPods,
    hint: `${scraped}, and set serving.kserve.io/enable-prometheus-scraping on the InferenceService`,
  },
  /** Triton keeps histograms of decoupled models only, and when told to: the time to their first response. */
  Triton: {
    histogram: 'nv_inference_first_response_histogram_ms',
    unit: 'ms',
    matchers: ofPods,
    hint: `${scraped}; Triton keeps this histogram with --metrics-config histogram_latencies=true and of decoupled models only: for others read the mesh or gateway in front of it`,
  },
  /** What the sidecar of the serving pod saw. */
  Istio: {
    histogram: 'istio_request_duration_milliseconds',
    unit: 'ms',
    matchers: (selection) => ofPods(selection).map((matcher) => `reporter="destination",${matcher}`),
    requests: { counter: 'istio_requests_total', failed: 'response_code=~"5..|0"' },
    hint: `${scraped}; the pods need a sidecar`,
  },
  /** What the proxy saw of its upstream: one cluster for each rule of an HTTPRoute. */
  EnvoyGateway: {
    histogram: 'envoy_cluster_upstream_rq_time',
    unit: 'ms',
    matchers: ({ namespace, route }) => [`envoy_cluster_name=~"httproute/${namespace}/${route}/rule/.*"`],
    requests: { counter: 'envoy_cluster_upstream_rq_xx', failed: 'envoy_response_code_class="5"' },
    hint: 'check that Prometheus scrapes the proxies and that spec.source.prometheus.route names the HTTPRoute',
  },
  /** The controller's own namespace and the Ingress's share a label unless honorLabels is set: then it is renamed. */
  NginxIngress: {
    histogram: 'nginx_ingress_controller_request_duration_seconds',
    unit: 's',
    matchers: ({ namespace, route }) => [
      `ingress="${route}",namespace="${namespace}",exported_namespace=""`,
      `ingress="${route}",exported_namespace="${namespace}"`,
    ],
    requests: { counter: 'nginx_ingress_controller_requests', failed: 'status=~"5.."' },
    hint: 'check that Prometheus scrapes the controller and that spec.source.prometheus.route names the Ingress',
  },
};
