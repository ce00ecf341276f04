import type { HardwareProfile } from '../../api/hardware-profile.ts';
import type { SearchView } from '../page/model/search.ts';
import type { SlaView } from '../page/model/sla.ts';
import type { VariantView } from '../page/model/variant.ts';

/** Everything a report shows; plain data, so that a command, the demo and a test can make it alike. */
export interface ReportData {
  title: string;
  generatedAt: string;
  /** The outcome in a few words and figures, first thing on the page. */
  headline: { label: string; value: string; note?: string }[];
  searches: SearchReport[];
  slas: SlaView[];
}

/** A search, what it recommends on each accelerator beside the base, and the accelerators. */
export interface SearchReport {
  view: SearchView;
  recommended: VariantView[];
  profiles: HardwareProfile[];
}
