import { gammaln } from 'simple-statistics';

/** How many of so many requests were slow, or failed. */
export interface Count {
  hits: number;
  of: number;
}

/** Parameters of a Beta distribution over shares, chosen before anything is seen. */
export type Prior = readonly [number, number];

/** Puts half of its weight below about `share`, and some everywhere: a bet on shares of that order. */
export const priorAround = (share: number): Prior => [0.5, (0.5 * (1 - share)) / share];
const anywhere: Prior = [0.5, 0.5];

const logBeta = (a: number, b: number) => gammaln(a) + gammaln(b) - gammaln(a + b);
/** x log y, with 0 log 0 = 0. */
const xlogy = (x: number, y: number) => (x === 0 ? 0 : x * Math.log(y));

/** Logarithm of the likelihood of a sequence with these counts, averaged over shares by the prior. */
const logMixture = ({ hits, of }: Count, [a, b]: Prior) => logBeta(a + hits, b + of - hits) - logBeta(a, b);
const logLikelihood = ({ hits, of }: Count, share: number) => xlogy(hits, share) + xlogy(of - hits, 1 - share);

export type Side = 'Higher' | 'Lower' | 'CannotTell';

const claim = (logEvidence: number, alpha: number, difference: number): Side => {
  if (logEvidence < -Math.log(alpha) || difference === 0) return 'CannotTell';
  return difference > 0 ? 'Higher' : 'Lower';
};

/**
 * Whether the true share of hits is higher or lower than `share`. It may be asked after every request for as long as
 * one likes, and stopped at any answer: over all of it, the probability of a claim that is not true is at most
 * `alpha`. The likelihood averaged over a prior, divided by the likelihood at the true share, is a martingale that
 * starts at one, and by Ville's inequality it ever reaches 1/alpha with at most that probability (Robbins 1970,
 * "Statistical methods related to the law of the iterated logarithm"). Requests count as independent.
 */
export function shareAgainst(count: Count, share: number, alpha: number): Side {
  const evidence = logMixture(count, priorAround(share)) - logLikelihood(count, share);
  return claim(evidence, alpha, count.hits / Math.max(1, count.of) - share);
}

/**
 * Whether the true share of `a` is higher or lower than that of `b`; as above, whenever one looks and stops, a claim
 * that is not true has at most the probability `alpha`. The evidence is the product of both martingales at the common
 * share that explains the counts best. It is never more than their product at the true shares where those are in the
 * other order (each falls towards its own counts), which is a martingale, so the bound holds for either direction
 * (the two-sample case of Turner, Ly and Grünwald 2024, "Generic E-variables for exact sequential k-sample tests that
 * allow for optional stopping", with mixtures instead of points).
 */
export function shareBeside(a: Count, b: Count, alpha: number, prior: Prior = anywhere): Side {
  const of = a.of + b.of;
  if (a.of === 0 || b.of === 0) return 'CannotTell';
  const common = (a.hits + b.hits) / of;
  const evidence = logMixture(a, prior) + logMixture(b, prior) - logLikelihood({ hits: a.hits + b.hits, of }, common);
  return claim(evidence, alpha, a.hits / a.of - b.hits / b.of);
}
