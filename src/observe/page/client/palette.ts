import type { Colour } from '../chart-data.ts';

/** The colours of the style sheet, as they are now: light or dark. */
export interface Palette {
  of(colour: Colour): string;
  ink: string;
  line: string;
  paper: string;
}

const series = 8;

export function readPalette(): Palette {
  const style = getComputedStyle(document.documentElement);
  const value = (name: string) => style.getPropertyValue(`--${name}`).trim();
  return {
    of: (colour) => value(typeof colour === 'number' ? `series-${colour % series}` : colour),
    ...{ ink: value('ink'), line: value('line'), paper: value('paper') },
  };
}
