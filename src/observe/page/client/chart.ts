import type * as Echarts from 'echarts';
import type { ChartData } from '../chart-data.ts';
import { bars } from './bars.ts';
import { readPalette } from './palette.ts';
import { type Drawing, plot, type Target } from './plot.ts';
import { tipIn } from './tip.ts';

declare const echarts: typeof Echarts;

/** A drawing on the page. */
export interface MountedChart {
  id: string;
  /** The key of what is pointed at. */
  chosen(): string | undefined;
  choose(key: string): void;
  /** Draws anew, with the colours as they are now. */
  redraw(): void;
  dispose(): void;
}

const draw = (data: ChartData, width: number): Drawing =>
  data.kind === 'plot' ? plot(data, readPalette(), width) : bars(data, readPalette(), width);

const steps: Record<string, (at: number, last: number) => number> = {
  ArrowRight: (at, last) => Math.min(at + 1, last),
  ArrowDown: (at, last) => Math.min(at + 1, last),
  ArrowLeft: (at) => Math.max(at - 1, 0),
  ArrowUp: (at) => Math.max(at - 1, 0),
  Home: () => 0,
  End: (_, last) => last,
};

/** Draws the data of a figure into it; with the mouse, a finger or the arrow keys each point tells what it is. */
export function mount(figure: HTMLElement): MountedChart | undefined {
  const place = figure.querySelector<HTMLElement>('.plot');
  const text = figure.querySelector('script')?.textContent;
  if (!place || !text) return undefined;
  const data = JSON.parse(text) as ChartData;
  const chart = echarts.init(place, null, { renderer: 'canvas' });
  const tip = tipIn(figure);
  let drawing: Drawing = { option: {}, targets: [] };
  let at: Target | undefined;

  const tell = (target: Target, aloud: boolean) => {
    const { seriesIndex, dataIndex, value } = target;
    if (at) chart.dispatchAction({ type: 'downplay', seriesIndex: at.seriesIndex, dataIndex: at.dataIndex });
    at = target;
    chart.dispatchAction({ type: 'highlight', seriesIndex, dataIndex });
    const [x = 0, y = 0] = chart.convertToPixel({ gridIndex: 0 }, value) as number[];
    tip.show(target.mark.text, { x: x + place.offsetLeft, y: y + place.offsetTop }, aloud);
  };
  const forget = () => {
    if (at) chart.dispatchAction({ type: 'downplay', seriesIndex: at.seriesIndex, dataIndex: at.dataIndex });
    at = undefined;
    tip.hide();
  };
  const open = (target: Target | undefined) => {
    if (target?.mark.href) location.assign(target.mark.href);
  };
  const redraw = () => {
    drawing = draw(data, place.clientWidth);
    chart.resize();
    chart.setOption(drawing.option, true);
    if (at) choose(at.mark.key);
  };
  const choose = (key: string) => {
    const found = drawing.targets.find(({ mark }) => mark.key === key);
    if (found) tell(found, false);
  };
  const targetOf = (event: { seriesIndex?: number; dataIndex?: number }) =>
    drawing.targets.find(
      ({ seriesIndex, dataIndex }) => seriesIndex === event.seriesIndex && dataIndex === event.dataIndex,
    );

  let touched = '';
  chart.on('mouseover', (event) => {
    const found = targetOf(event);
    if (found) tell(found, false);
  });
  chart.on('mouseout', () => document.activeElement !== place && forget());
  chart.on('click', (event) => {
    const found = targetOf(event);
    // A finger has no way to point before it presses: the first touch tells, the second opens.
    const byFinger = matchMedia('(hover: none)').matches;
    if (!byFinger || touched === found?.mark.key) open(found);
    else if (found) tell(found, false);
    touched = found?.mark.key ?? '';
  });
  place.addEventListener('keydown', (event) => {
    if (event.key === 'Escape') return forget();
    if (event.key === 'Enter') return open(at);
    const step = steps[event.key];
    if (!step || drawing.targets.length === 0 || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    const now = at ? drawing.targets.findIndex(({ mark }) => mark.key === at?.mark.key) : -1;
    const next = drawing.targets[step(now, drawing.targets.length - 1)];
    if (next) tell(next, true);
  });
  place.addEventListener('blur', forget);
  const resizes = new ResizeObserver(() => place.clientWidth !== chart.getWidth() && redraw());
  resizes.observe(place);
  redraw();
  figure.dataset.drawn = String(drawing.targets.length);

  return {
    id: figure.id,
    chosen: () => at?.mark.key,
    choose,
    redraw,
    dispose() {
      resizes.disconnect();
      chart.dispose();
    },
  };
}
