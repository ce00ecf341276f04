/** An artifact as the store lists it. */
export interface StoredArtifact {
  digest: string;
  sizeBytes: number;
  modifiedMs: number;
}

export interface Survey {
  stored: readonly StoredArtifact[];
  /** Digests that something still names. */
  named: ReadonlySet<string>;
  nowMs: number;
  /** An artifact that was put no longer ago than this is kept: what will name it may still be on its way. */
  graceMs: number;
}

export interface Garbage {
  remove: StoredArtifact[];
  /** Kept because something names them, and because they are young. */
  named: number;
  young: number;
  /** Nothing is removed, because this seems to be the store of someone else. */
  refused?: string;
}

/** No shorter grace is taken: a trainer and a measurement may take this long between their artifact and its status. */
export const leastGraceMs = 3_600_000;

const digits = /(?<![0-9a-f])[0-9a-f]{64}(?![0-9a-f])/g;

/**
 * Every digest that an object names, anywhere in it: in a URI, an environment variable, an annotation, a task. Whatever
 * looks like one counts, so that a field nobody thought of keeps its artifact.
 */
export function digestsIn(object: unknown): Set<string> {
  const text = JSON.stringify(object) ?? '';
  return new Set(Array.from(text.matchAll(digits), ([hex]) => `sha256:${hex}`));
}

/**
 * What of a store nobody names any more. An artifact goes when nothing names it and it was put longer ago than the grace
 * period; one whose time lies ahead, by a clock that is off, stays. A store of which not one artifact is named is taken
 * for that of another cluster, and nothing goes.
 */
export function garbage({ stored, named, nowMs, graceMs }: Survey): Garbage {
  const isNamed = ({ digest }: StoredArtifact) => named.has(digest);
  const isYoung = ({ modifiedMs }: StoredArtifact) => !(nowMs - modifiedMs > Math.max(graceMs, leastGraceMs));
  const unnamed = stored.filter((artifact) => !isNamed(artifact));
  const remove = unnamed.filter((artifact) => !isYoung(artifact));
  const counts = { named: stored.length - unnamed.length, young: unnamed.length - remove.length };
  if (remove.length === 0 || counts.named > 0) return { remove, ...counts };
  const refused = `none of the ${stored.length} artifacts is named by anything in this cluster: is this the store of another one?`;
  return { remove: [], ...counts, refused };
}
