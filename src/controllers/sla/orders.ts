import type { Finalist } from '../../core/sla/choice.ts';
import { type Order, openOrder, orderText } from '../../core/sla/orders.ts';
import { type Context, condition } from './context.ts';
import { refuseDigest } from './rollout.ts';

/** What a person has ordered, taken: it is in status from now on, and not taken again. */
export type Taken =
  /** The rollout under way goes back. */
  { kind: 'Abort' } | { kind: 'Serve'; picked: Finalist };

function refuse(context: Context, order: Order, reason: string, message: string): undefined {
  context.status.order = orderText(order);
  condition(context, 'Ordered', false, reason, message);
  context.events.push({ type: 'Warning', reason, message });
  return undefined;
}

function serve(context: Context, order: Order, picked: Finalist): Taken {
  context.status.order = orderText(order);
  condition(context, 'Ordered', true, 'Taken', `${order.kind}: ${picked.variant} is rolled out`);
  return { kind: 'Serve', picked };
}

/**
 * The order that is open, taken or refused in status. A promotion waits for the rollout that runs; going back does not,
 * and refuses what is gone back from, or the next reconcile would choose it again.
 */
export function takeOrder(context: Context, finalists: readonly Finalist[]): Taken | undefined {
  const { snapshot, status } = context;
  const order = openOrder(snapshot.sla.metadata, status.order);
  if (!order) return undefined;
  if (order.kind === 'Unreadable') {
    condition(context, 'Ordered', false, 'Unreadable', order.message);
    return undefined;
  }
  if (order.kind === 'Promote') {
    if (status.rollout) return undefined;
    const picked = finalists.find(({ variant }) => variant === order.variant);
    if (!picked) {
      const names = finalists.map(({ variant }) => variant).join(', ') || 'none';
      const message = `there is no variant "${order.variant}" that was measured on ${status.accelerator ?? 'the accelerator'}: choose from ${names}`;
      return refuse(context, order, 'VariantUnknown', message.slice(0, 512));
    }
    if (picked.variant === status.activeVariant) {
      return refuse(context, order, 'ServedAlready', `${picked.variant} is served already`);
    }
    status.refused = (status.refused ?? []).filter((digest) => digest !== picked.digest);
    return serve(context, order, picked);
  }
  if (status.rollout) {
    status.order = orderText(order);
    condition(context, 'Ordered', true, 'Taken', 'the rollout under way is taken back');
    return { kind: 'Abort' };
  }
  const { previousUri, activeVariant } = status;
  const before = finalists.find(({ modelUri }) => modelUri === previousUri);
  if (!previousUri || !before) {
    const why = previousUri ? `${previousUri} was not measured here` : 'nothing was rolled out here yet';
    return refuse(context, order, 'NothingBefore', `there is nothing to go back to: ${why}`);
  }
  const present = finalists.find(({ variant }) => variant === activeVariant);
  if (present) refuseDigest(context, present.digest);
  return serve(context, order, before);
}
