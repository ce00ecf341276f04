import type { RewriteName } from '../../../api/analysis.ts';
import { type Model, ModelError } from '../model.ts';
import type { Need, Observations } from '../observe/observations.ts';
import type { Inference } from '../shapes/infer.ts';

/** One place in a model where a rewrite has something to offer. */
export interface Site {
  /** Names the place, the same in every run: the node it is about, or the first of them. */
  id: string;
  /** What may be chosen, ascending; `Rewrite.unit` says what the numbers count. */
  choices: readonly number[];
  /** The choice that leaves the place as it is; it is one of `choices`. */
  identity: number;
}

/** What is chosen, by site; a site that is not named keeps its identity. */
export type Selection = Readonly<Record<string, number>>;

/** What a rewrite may change of a model's cost. `kernels`: the same figures, by other kernels of the engine. */
export type Affects = 'macs' | 'weightBytes' | 'activationBytes' | 'kernels';

/**
 * One way of changing a model: where, what may be chosen, and the new model. A rewrite is pure, and takes and gives
 * models that are prepared (`prepare`). What it does not understand of a model it leaves as it is: an identity choice at
 * every site computes what the model computed. `Name` is one that a search may name, unless the rewrite says otherwise.
 */
export interface Rewrite<Name extends string = RewriteName> {
  name: Name;
  /** What the numbers of a choice count, for people: `channels kept`, `rank`, `0 keeps the block, 1 drops it`. */
  unit: string;
  affects: readonly Affects[];
  /** The places where it applies. `inference` is that of this model. */
  sites(model: Model, inference: Inference): Site[];
  /** What it must know of the activations inside `model` to make `selection` real. */
  needs(model: Model, selection: Selection): Need[];
  /**
   * The model with `selection` made real; `model` stays as it is. Throws ModelError for a site or a choice that the model
   * does not offer, or where something in `needs` was not observed.
   */
  rewrite(model: Model, selection: Selection, observed: Observations): Model;
}

/**
 * `Rewrite.needs` of a rewrite that looks at weights alone: nothing, for sites and choices that are offered. Throws
 * ModelError for others.
 */
export const needsNothing =
  (sites: (model: Model) => readonly Site[]) =>
  (model: Model, selection: Selection): Need[] => {
    changes(sites(model), selection);
    return [];
  };

/**
 * The sites that `selection` changes, each with what was chosen there. Throws ModelError for a site or a choice that is
 * not offered.
 */
export function changes(sites: readonly Site[], selection: Selection): [Site, choice: number][] {
  const known = new Map(sites.map((site) => [site.id, site]));
  return Object.entries(selection).flatMap(([id, choice]): [Site, number][] => {
    const site = known.get(id);
    if (!site) throw new ModelError(`the model offers nothing at "${id}"`);
    if (!site.choices.includes(choice)) {
      throw new ModelError(`"${id}" offers ${site.choices.join(', ')}, not ${choice}`);
    }
    return choice === site.identity ? [] : [[site, choice]];
  });
}
