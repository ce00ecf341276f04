import type { ApiObject } from '../../runtime/cluster/cluster.ts';

/** How often something happened to each object. Forgotten with the object itself: one that is made anew begins at zero. */
export class Tally<R extends string> {
  readonly #results: readonly R[];
  readonly #counts = new Map<string, Map<R, number>>();

  constructor(results: readonly R[]) {
    this.#results = results;
  }

  add(object: ApiObject, result: R): void {
    this.#counts.set(this.#idOf(object), new Map(this.of(object)).set(result, this.#countOf(object, result) + 1));
  }

  /** Every result, those that never happened with zero: a series that begins at one has no increase. */
  of(object: ApiObject): [R, number][] {
    return this.#results.map((result) => [result, this.#countOf(object, result)]);
  }

  forget(object: ApiObject): void {
    this.#counts.delete(this.#idOf(object));
  }

  #idOf({ metadata: { namespace = '', name } }: ApiObject): string {
    return `${namespace}/${name}`;
  }

  #countOf(object: ApiObject, result: R): number {
    return this.#counts.get(this.#idOf(object))?.get(result) ?? 0;
  }
}
