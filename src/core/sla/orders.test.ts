import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { annotationsOf, type Order, openOrder, orderAnnotations, orderOf, orderText } from './orders.ts';

const { promote, rollback, orderedAt } = orderAnnotations;
const [noon, later] = ['2026-01-01T12:00:00Z', '2026-01-01T13:00:00Z'];
const orderIn = (annotations: Record<string, string>) => orderOf({ annotations });

const time = fc
  .date({ min: new Date('2000-01-01'), max: new Date('2100-01-01'), noInvalidDate: true })
  .map((date) => date.toISOString());
const order = fc.oneof(
  fc.record({
    kind: fc.constant('Promote' as const),
    variant: fc.stringMatching(/^[a-z0-9]([-a-z0-9]{0,30}[a-z0-9])?$/),
    at: time,
  }),
  fc.record({ kind: fc.constant('Rollback' as const), at: time }),
);
const written = (given: Order & { at: string }, before: Record<string, string> = {}) =>
  Object.fromEntries(
    Object.entries({ ...before, ...annotationsOf(given) }).filter(
      (entry): entry is [string, string] => entry[1] !== null,
    ),
  );

test('what is written is read, whatever order was there before', () => {
  fc.assert(
    fc.property(order, order, (first, second) => {
      assert.deepEqual(orderIn(written(second, written(first))), { ...second });
    }),
  );
});

test('an order is open until it was carried out, and the same one can be given again', () => {
  const given = written({ kind: 'Promote', variant: 'quick-1', at: noon });
  const text = orderText({ kind: 'Promote', variant: 'quick-1', at: noon });
  assert.deepEqual(openOrder({ annotations: given }, undefined), { kind: 'Promote', variant: 'quick-1', at: noon });
  assert.equal(openOrder({ annotations: given }, text), undefined);
  assert.ok(openOrder({ annotations: written({ kind: 'Promote', variant: 'quick-1', at: later }) }, text));
  assert.equal(openOrder({}, text), undefined);
});

test('orders that differ have texts that differ', () => {
  fc.assert(
    fc.property(order, order, (a, b) => {
      assert.equal(orderText(a) === orderText(b), JSON.stringify(a) === JSON.stringify(b));
    }),
  );
});

test('of two the later counts, and going back wins where nobody can tell', () => {
  assert.equal(orderIn({ [promote]: 'a', [orderedAt]: later, [rollback]: noon })?.kind, 'Promote');
  assert.equal(orderIn({ [promote]: 'a', [orderedAt]: noon, [rollback]: later })?.kind, 'Rollback');
  assert.equal(orderIn({ [promote]: 'a', [orderedAt]: noon, [rollback]: noon })?.kind, 'Rollback');
  assert.equal(orderIn({ [promote]: 'a', [rollback]: noon })?.kind, 'Rollback');
  assert.deepEqual(orderIn({ [promote]: 'a' }), { kind: 'Promote', variant: 'a', at: undefined });
});

test('what can not be read is said with what was written', () => {
  const wrong: Record<string, string>[] = [
    { [rollback]: 'now' },
    { [promote]: 'A b' },
    { [promote]: 'a', [orderedAt]: '12:00' },
  ];
  for (const annotations of wrong) {
    const found = orderIn(annotations);
    assert.equal(found?.kind, 'Unreadable');
    assert.match(found?.kind === 'Unreadable' ? found.message : '', /annotation retune\.dev\/.* is no .*: ".+"/);
  }
});
