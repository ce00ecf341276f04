/** Disjoint sets of numbers from 0 on, each with the first reason that was given why its members must stay. */
export class Coupling {
  #parents: Int32Array;
  #reasons: Int32Array;
  readonly #sentences: string[] = [''];
  readonly #known = new Map<string, number>();
  size: number;

  constructor(size = 0) {
    this.size = size;
    this.#parents = Int32Array.from({ length: Math.max(size, 64) }, (_, index) => index);
    this.#reasons = new Int32Array(this.#parents.length);
  }

  /** A new set of one member. */
  add(): number {
    if (this.size === this.#parents.length) {
      const [parents, reasons] = [this.#parents, this.#reasons];
      this.#parents = Int32Array.from({ length: 2 * this.size }, (_, index) => parents[index] ?? index);
      this.#reasons = new Int32Array(2 * this.size);
      this.#reasons.set(reasons);
    }
    return this.size++;
  }

  /** The member that stands for the set: the same for all of them. */
  find(member: number): number {
    const parents = this.#parents;
    let at = member;
    for (let parent = parents[at] ?? at; parent !== at; parent = parents[at] ?? at) {
      const above = parents[parent] ?? parent;
      parents[at] = above;
      at = above;
    }
    return at;
  }

  unite(a: number, b: number): void {
    const [low, high] = [this.find(a), this.find(b)].sort((x, y) => x - y) as [number, number];
    if (low === high) return;
    this.#parents[high] = low;
    this.#reasons[low] ||= this.#reasons[high] ?? 0;
  }

  freeze(member: number, reason: string): void {
    const root = this.find(member);
    let index = this.#known.get(reason);
    if (index === undefined) {
      index = this.#sentences.push(reason) - 1;
      this.#known.set(reason, index);
    }
    this.#reasons[root] ||= index;
  }

  /** Why the set of `member` must stay; undefined where nothing is against cutting it. */
  reason(member: number): string | undefined {
    return this.#sentences[this.#reasons[this.find(member)] ?? 0] || undefined;
  }
}
