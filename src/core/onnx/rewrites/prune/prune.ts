import { type Dependencies, dependencies, type Group, type Refusal, type Unit } from '../../dependency/dependencies.ts';
import type { Consumer } from '../../dependency/operation.ts';
import { type Model, ModelError } from '../../model.ts';
import { type Inference, inferShapes } from '../../shapes/infer.ts';
import { changes, type Rewrite, type Selection, type Site } from '../rewrite.ts';
import { unitsToCut } from './choose.ts';
import { cutModel, keptEntries } from './cut.ts';
import { whyNot } from './fits.ts';
import { repair } from './repair.ts';
import { momentsNeeded } from './statistics.ts';
import { reshare, type Unshared, unshare } from './unshare.ts';

export interface PruneOptions {
  /** Channels are kept in multiples of this; by default 8, and 16, 32 or 64 where there are many. */
  roundTo?: number;
  /** The least share of a group that is offered; a quarter by default. */
  least?: number;
  /** `none` only cuts: for comparison. */
  repair?: 'least squares' | 'none';
}

/** What a pruning is about: which groups it offers. */
export interface PruneKind {
  name: string;
  unit: string;
  takes(group: Group): boolean;
  /** What a count is rounded to when nothing else is said, for a group of so many channels. */
  round(channels: number): number;
}

/** A model and all that is known of it before anything is cut. */
interface Analysis extends Unshared {
  inference: Inference;
  dependencies: Dependencies;
}

export function analyse(model: Model, known?: Inference): Analysis {
  const unshared = unshare(model);
  const inference = known && unshared.copies.size === 0 ? known : inferShapes(unshared.model);
  return { ...unshared, inference, dependencies: dependencies(unshared.model, inference) };
}

const gcd = (a: number, b: number): number => (b === 0 ? a : gcd(b, a % b));

/** Entries of its consumers' inputs that go with one unit: a head's width, or one for each group of a Conv. */
function width({ consumers, units }: Group, { unitsOf }: Dependencies): number {
  const own = new Set(units);
  const counts = consumers.map(
    ({ input, axis }) => (unitsOf(input, axis) ?? []).filter((unit) => own.has(unit)).length,
  );
  return Math.min(...counts) / units.length;
}

/** Multiples of a step from the least share on, and all of them. */
function choicesFor(units: number, perUnit: number, round: number, least: number): number[] {
  const step = round / gcd(round, perUnit);
  const first = Math.max(1, Math.ceil((units * least) / step)) * step;
  const below = Array.from(
    { length: Math.max(0, Math.ceil((units - first) / step)) },
    (_, index) => first + index * step,
  );
  return [...below, units];
}

/** Why units of a group can't go although nothing is against it but the sizes that the graph computes. */
export function groupMisfit(
  { model, inference, dependencies }: Analysis,
  { units }: Group,
  left: number,
): string | undefined {
  return whyNot(model, inference, keptEntries(dependencies, new Set(units.slice(left))));
}

/** The weights of a model whose outputs, some or all of them, can't be pruned, each with the reason. */
export function notPrunable(model: Model, known?: Inference): Refusal[] {
  const analysis = analyse(model, known);
  const misfits = analysis.dependencies.groups.flatMap((group): Refusal[] => {
    const reason = groupMisfit(analysis, group, Math.ceil(group.units.length / 2));
    return reason && group.producers[0] ? [{ node: group.producers[0], reason }] : [];
  });
  return [...analysis.dependencies.refused, ...misfits];
}

/** The sites of a model; with `only`, those that it names: each is checked on a graph that is cut for it. */
function sitesOf(
  kind: PruneKind,
  { roundTo, least = 0.25 }: PruneOptions,
  analysis: Analysis,
  only?: Selection,
): Map<Group, Site> {
  const wanted = analysis.dependencies.groups.filter(
    (group) => kind.takes(group) && (!only || Object.hasOwn(only, group.id)),
  );
  const found = wanted.flatMap((group): [Group, Site][] => {
    const all = group.units.length;
    const perUnit = width(group, analysis.dependencies);
    const choices = choicesFor(all, perUnit, roundTo ?? kind.round(all * perUnit), least);
    const [fewest = all] = choices;
    if (choices.length < 2 || groupMisfit(analysis, group, fewest)) return [];
    return [[group, { id: group.id, choices, identity: all }]];
  });
  return new Map(found);
}

function changed(kind: PruneKind, options: PruneOptions, analysis: Analysis, selection: Selection): [Group, number][] {
  const sites = sitesOf(kind, options, analysis, selection);
  const groups = new Map([...sites].map(([group, { id }]) => [id, group]));
  return changes([...sites.values()], selection).flatMap(([{ id }, choice]): [Group, number][] => {
    const group = groups.get(id);
    return group ? [[group, choice]] : [];
  });
}

const consumersOf = (chosen: readonly [Group, number][]): Consumer[] => [
  ...new Set(chosen.flatMap(([{ consumers }]) => consumers)),
];

/**
 * Structured pruning of one kind of group: the units that the others explain best on the calibration inputs are cut from
 * every tensor, and folded into the weights that read them.
 */
export function pruning(kind: PruneKind, options: PruneOptions = {}): Rewrite {
  return {
    name: kind.name,
    unit: kind.unit,
    affects: ['macs', 'weightBytes', 'activationBytes', 'kernels'],
    sites: (model, inference) => [...sitesOf(kind, options, analyse(model, inference)).values()],
    needs(model, selection) {
      const analysis = analyse(model);
      return momentsNeeded(analysis.inference, consumersOf(changed(kind, options, analysis, selection)));
    },
    rewrite(model, selection, observed) {
      const analysis = analyse(model);
      const chosen = changed(kind, options, analysis, selection);
      if (chosen.length === 0) return model;
      const { inference, dependencies } = analysis;
      const cut = new Set<Unit>();
      for (const [group, count] of chosen) {
        for (const unit of unitsToCut(analysis.model, inference, dependencies, group, count, observed)) cut.add(unit);
      }
      const kept = keptEntries(dependencies, cut);
      const misfit = whyNot(analysis.model, inference, kept);
      if (misfit) throw new ModelError(`these choices of ${kind.name} don't go together: ${misfit}`);
      const repaired =
        options.repair === 'none'
          ? { model: analysis.model, kept }
          : repair(analysis.model, inference, consumersOf(chosen), kept, observed);
      const result = cutModel(repaired.model, inference, repaired.kept);
      reshare(result, analysis.copies, analysis.model);
      return result;
    },
  };
}
