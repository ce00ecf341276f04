import type { Finalist } from '../../../src/core/sla/choice.ts';
import type { MeasuredVariant } from './front.ts';

export const uriOf = ({ variant }: MeasuredVariant): string => `file:///artifacts/${variant}`;
export const digestOf = ({ variant }: MeasuredVariant): string => `sha256:${variant.padEnd(64, '0')}`;

/** A measured variant as the choice sees it. */
export const toFinalist = (model: MeasuredVariant): Finalist => ({
  variant: model.variant,
  digest: digestOf(model),
  modelUri: uriOf(model),
  quality: model.quality,
  p99Ms: model.p99Ms,
  loadCurve: model.loadCurve,
});
