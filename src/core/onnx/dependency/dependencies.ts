import type { Model, NodeProto } from '../model.ts';
import { reads } from '../order.ts';
import { type Inference, opsetOf } from '../shapes/infer.ts';
import { domainOf } from '../shapes/registry.ts';
import { DataType } from '../tensors.ts';
import { subgraphs } from '../walk.ts';
import { Axes } from './axes.ts';
import { Entries } from './entries.ts';
import { type Consumer, type Mixers, Operation } from './operation.ts';
import { dependencyRuleFor } from './registry.ts';

/** A set of entries of axes that are cut together or not at all: one channel, wherever it is met. */
export type Unit = number;

/** Units that are alike: each is met at the same axes as often as the others, so any of them may go. */
export interface Group {
  /** The first node that makes them; with a number where it makes several groups. */
  id: string;
  /** In the order in which they stand where they are made. */
  units: readonly Unit[];
  /** The nodes whose weights make them. */
  producers: readonly NodeProto[];
  /** The weights that mix them. */
  consumers: readonly Consumer[];
  /** Whether they are attention heads: matrices of activations are multiplied for each of them. */
  heads: boolean;
}

/** Weights whose outputs, some or all of them, must stay. */
export interface Refusal {
  node: NodeProto;
  reason: string;
}

export interface Dependencies {
  groups: readonly Group[];
  refused: readonly Refusal[];
  /** The unit of each entry of an axis of a value; undefined where the axis can't be cut. */
  unitsOf(value: string, axis: number): readonly Unit[] | undefined;
}

function freezeEnds({ graph }: Model, { values }: Inference, axes: Axes): void {
  const initial = new Set(graph.initializer.map(({ name }) => name));
  const stays = (name: string, reason: string) => {
    values.get(name)?.shape?.forEach((_, axis) => {
      axes.freeze(axes.at(name, axis), reason);
    });
  };
  for (const { name = '' } of graph.input)
    if (!initial.has(name)) stays(name, 'it is an axis of an input of the model');
  for (const { name = '' } of graph.output) stays(name, 'it is an axis of an output of the model');
  for (const { name, dataType } of graph.initializer) {
    if (dataType !== DataType.FLOAT) stays(name, 'its weights are not FLOAT');
  }
  for (const { values: sparse } of graph.sparseInitializer) stays(sparse?.name ?? '', 'its weights are sparse');
  for (const node of graph.node) {
    if (subgraphs(node).next().done) continue;
    for (const name of reads(node)) stays(name, `a subgraph of ${node.opType} reads it`);
  }
}

/** All that the operators of the graph say of its axes. */
function axesOf(model: Model, inference: Inference): { axes: Axes; mixers: Mixers } {
  const axes = new Axes(inference.values);
  const mixers: Mixers = { consumers: [], producers: [] };
  freezeEnds(model, inference, axes);
  const weights = new Set(
    model.graph.initializer.flatMap(({ name, dataType }) => (dataType === DataType.FLOAT ? [name] : [])),
  );
  const opsets = new Map<string, number>();
  for (const node of inference.order) {
    const domain = domainOf(node.domain);
    const opset = opsets.get(domain) ?? opsetOf(model, domain);
    opsets.set(domain, opset);
    const operation = new Operation(node, opset, inference.values, axes, mixers, weights);
    const own = model.functions.some((each) => each.name === node.opType && domainOf(each.domain) === domain);
    const rule = own || !subgraphs(node).next().done ? undefined : dependencyRuleFor(node.domain, node.opType ?? '');
    const dark = [...operation.inputs, ...operation.outputs].some((value) => value && !value.shape);
    if (!rule) operation.freezeAll(`channels are not followed through ${node.opType}`);
    else if (dark) operation.freezeAll(`${node.opType} reads or makes something of unknown shape`);
    else rule(operation);
  }
  return { axes, mixers };
}

/** Units that occur equally often on every axis, by one number for each such kind. */
function kindsOf(axes: Axes, entries: Entries): Map<Unit, number> {
  const kinds = new Map<Unit, number>();
  const known = new Map<string, number>();
  for (const axis of entries.axes) {
    const counts = new Map<Unit, number>();
    for (let index = 0; index < axes.size(axis); index++) {
      if (entries.reason(axis, index)) continue;
      const unit = entries.unit(axis, index);
      counts.set(unit, (counts.get(unit) ?? 0) + 1);
    }
    for (const [unit, count] of counts) {
      const key = `${kinds.get(unit) ?? 0} ${axis} ${count}`;
      const kind = known.get(key) ?? known.size + 1;
      known.set(key, kind);
      kinds.set(unit, kind);
    }
  }
  return kinds;
}

interface Draft {
  producers: Set<NodeProto>;
  units: Set<Unit>;
  consumers: Set<Consumer>;
  heads: boolean;
}

/** What makes and what reads the units of each kind, and why units of other weights must stay. */
function drafted(axes: Axes, entries: Entries, { producers, consumers }: Mixers): [Draft[], Refusal[]] {
  const kinds = kindsOf(axes, entries);
  const drafts = new Map<number, Draft>();
  const refused: Refusal[] = [];
  const unitsAt = (axis: number | undefined) =>
    axis === undefined ? [] : Array.from({ length: axes.size(axis) }, (_, index) => entries.unit(axis, index));
  for (const { node, axis } of producers) {
    const reasons = new Set<string>();
    for (const [index, unit] of unitsAt(axis).entries()) {
      const kind = kinds.get(unit);
      if (kind === undefined) {
        reasons.add(entries.reason(axis, index) ?? '');
        continue;
      }
      const draft = drafts.get(kind) ?? { producers: new Set(), units: new Set(), consumers: new Set(), heads: false };
      drafts.set(kind, draft);
      draft.producers.add(node);
      draft.units.add(unit);
    }
    for (const reason of reasons) refused.push({ node, reason });
  }
  const draftOf = (unit: Unit) => drafts.get(kinds.get(unit) ?? -1);
  for (const consumer of consumers) {
    for (const unit of unitsAt(axes.at(consumer.input, consumer.axis))) draftOf(unit)?.consumers.add(consumer);
  }
  for (const axis of new Set(axes.batched.map((each) => axes.coupling.find(each)))) {
    for (const unit of unitsAt(axis)) {
      const draft = draftOf(unit);
      if (draft) draft.heads = true;
    }
  }
  return [[...drafts.values()], refused];
}

/**
 * Which channels of a model must be cut together, and where (DepGraph, Fang et al. 2023, over the entries of ONNX
 * values): through residual adds, gates, normalisation by channel, depthwise and grouped convolutions, concatenation,
 * and reshapes into heads. What reaches an input or an output of the model, or an operator without a rule, must stay.
 */
export function dependencies(model: Model, inference: Inference): Dependencies {
  const { axes, mixers } = axesOf(model, inference);
  const entries = new Entries(axes);
  const [drafts, refused] = drafted(axes, entries, mixers);
  const taken = new Map<string, number>();
  const groups = drafts.flatMap(({ producers, units, consumers, heads }): Group[] => {
    const [first] = producers;
    if (!first) return [];
    if (consumers.size === 0) {
      refused.push({ node: first, reason: 'no weights mix what it makes, so nothing could stand in for it' });
      return [];
    }
    const count = (taken.get(first.name ?? '') ?? 0) + 1;
    taken.set(first.name ?? '', count);
    const id = `${first.name}${count > 1 ? `#${count}` : ''}`;
    return [{ id, units: [...units], producers: [...producers], consumers: [...consumers], heads }];
  });
  const cuttable = new Set(groups.flatMap(({ units }) => units));
  const unitsOf = (value: string, axis: number): Unit[] | undefined => {
    const at = axes.at(value, axis);
    if (at === undefined) return undefined;
    const units = Array.from({ length: axes.size(at) }, (_, index) => entries.unit(at, index));
    return units.some((unit) => cuttable.has(unit)) ? units : undefined;
  };
  return { groups, refused, unitsOf };
}
