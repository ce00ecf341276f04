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

/** The condition of a type, of Retune's objects and of any others. */
export function findCondition<Condition extends { type: string }>(
  conditions: readonly Condition[] | undefined,
  type: string,
): Condition | undefined {
  return conditions?.find((condition) => condition.type === type);
}

/** Whether there is a condition of this type, and it says so. */
export const isTrue = (conditions: readonly { type: string; status: string }[] | undefined, type: string): boolean =>
  findCondition(conditions, type)?.status === 'True';
