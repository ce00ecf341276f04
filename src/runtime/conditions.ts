/** A condition of the Kubernetes API conventions. */
export interface StatusCondition {
  type: string;
  status: 'True' | 'False' | 'Unknown';
  reason: string;
  message: string;
  observedGeneration?: number;
  lastTransitionTime: string;
}

const longestMessage = 1024;

/**
 * The list with `next` in it, in place of the one of its type. The transition time moves only when the status flips:
 * a new message is no transition.
 */
export function setCondition(
  conditions: readonly StatusCondition[],
  next: Omit<StatusCondition, 'lastTransitionTime'>,
  nowMs: number,
): StatusCondition[] {
  const before = conditions.find(({ type }) => type === next.type);
  const flipped = before?.status !== next.status;
  const lastTransitionTime = before && !flipped ? before.lastTransitionTime : new Date(nowMs).toISOString();
  const condition = { ...next, message: next.message.slice(0, longestMessage), lastTransitionTime };
  if (!before) return [...conditions, condition];
  return conditions.map((present) => (present.type === next.type ? condition : present));
}

export function findCondition(
  conditions: readonly StatusCondition[] | undefined,
  type: string,
): StatusCondition | undefined {
  return conditions?.find((condition) => condition.type === type);
}
