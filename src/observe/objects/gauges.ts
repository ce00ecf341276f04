import { Gauge, type Registry } from 'prom-client';

export type MakeGauge = (name: string, help: string, labelNames: string[], collect: (gauge: Gauge) => void) => Gauge;

/** Gauges that are filled anew at each scrape: an object that is gone leaves no series behind. */
export const gauges =
  (registry: Registry): MakeGauge =>
  (name, help, labelNames, collect) =>
    new Gauge({
      ...{ name, help, labelNames, registers: [registry] },
      collect() {
        this.reset();
        collect(this);
      },
    });
