/**
 * What a person asks of an SLA by annotations on it: the one way in beside its spec, since an order is given once and is
 * no wish that lasts. Whoever reads them keeps `orderText` of the last order that was carried out or refused in status;
 * an order is open as long as that is another.
 */
export const orderAnnotations = {
  /** The variant that is to serve, through a canary as any other. */
  promote: 'retune.dev/promote',
  /** When it was asked to go back: ends the rollout under way, or undoes the last that was promoted. */
  rollback: 'retune.dev/rollback',
  /** When the order was given: the same order can be given twice. */
  orderedAt: 'retune.dev/ordered-at',
} as const;

export type Order = { kind: 'Promote'; variant: string; at?: string } | { kind: 'Rollback'; at: string };

/** An order that can't be read, and what to write instead. */
export interface UnreadableOrder {
  kind: 'Unreadable';
  message: string;
}

const isTime = (text: string) =>
  /^\d{4}-\d\d-\d\dT[\d:.]+(Z|[+-]\d\d:\d\d)$/.test(text) && !Number.isNaN(Date.parse(text));
const isName = (text: string) => text.length <= 253 && /^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$/.test(text);

const unreadable = (message: string): UnreadableOrder => ({ kind: 'Unreadable', message });

/**
 * The order in the metadata of a LatencySLA; undefined where there is none. Where both are annotated the later counts;
 * a promotion without a time is older than any rollback, so that going back always wins.
 */
export function orderOf(metadata: { annotations?: Record<string, string> }): Order | UnreadableOrder | undefined {
  const {
    [orderAnnotations.promote]: variant,
    [orderAnnotations.rollback]: back,
    [orderAnnotations.orderedAt]: at,
  } = metadata.annotations ?? {};
  if (at !== undefined && !isTime(at)) {
    return unreadable(`annotation ${orderAnnotations.orderedAt} is no time in RFC 3339: "${at}"`);
  }
  if (back !== undefined && !isTime(back)) {
    return unreadable(`annotation ${orderAnnotations.rollback} is no time in RFC 3339: "${back}"`);
  }
  if (variant !== undefined && !isName(variant)) {
    return unreadable(`annotation ${orderAnnotations.promote} is no name of a Variant: "${variant}"`);
  }
  const promotion: Order | undefined = variant === undefined ? undefined : { kind: 'Promote', variant, at };
  if (back === undefined) return promotion;
  const isLater = promotion && at !== undefined && Date.parse(at) > Date.parse(back);
  return isLater ? promotion : { kind: 'Rollback', at: back };
}

/** An order in one line, the same for the same order and another for any other; for status and for events. */
export const orderText = (order: Order): string =>
  order.kind === 'Promote' ? `Promote ${order.variant} ${order.at ?? ''}`.trim() : `Rollback ${order.at}`;

/** The order that is still to be carried out; `last` is `orderText` of the last that was. */
export function openOrder(
  metadata: { annotations?: Record<string, string> },
  last: string | undefined,
): Order | UnreadableOrder | undefined {
  const order = orderOf(metadata);
  if (!order || order.kind === 'Unreadable') return order;
  return orderText(order) === last ? undefined : order;
}

/** The annotations that give an order, and those that it takes the place of, as null. */
export function annotationsOf(order: Order & { at: string }): Record<string, string | null> {
  const { promote, rollback, orderedAt } = orderAnnotations;
  return order.kind === 'Promote'
    ? { [promote]: order.variant, [orderedAt]: order.at, [rollback]: null }
    : { [rollback]: order.at, [promote]: null, [orderedAt]: null };
}
