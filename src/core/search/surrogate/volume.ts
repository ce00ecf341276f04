import { Directions } from './directions.ts';
import { area, type Belief, expectedImprovement, improvement, staircase } from './improvement.ts';

/** What is dominated so far, and what a candidate would add to it. */
export interface Volume {
  volume: number;
  improvement(point: readonly number[]): number;
  expectedImprovement(beliefs: readonly Belief[]): number;
}

/** Exact for two objectives, by directions otherwise. */
export function volumeOf(points: readonly (readonly number[])[], reference: readonly number[]): Volume {
  if (reference.length !== 2) {
    const directions = new Directions(points, reference);
    return {
      volume: directions.volume(),
      improvement: (point) => directions.improvement(point),
      expectedImprovement: (beliefs) => directions.expectedImprovement(beliefs),
    };
  }
  const stairs = staircase(points, reference as readonly [number, number]);
  return {
    volume: area(stairs),
    improvement: ([x = 0, y = 0]) => improvement(stairs, x, y),
    expectedImprovement: ([first, second]) => (first && second ? expectedImprovement(stairs, first, second) : 0),
  };
}
