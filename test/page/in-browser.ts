/** Runs in the browser: sentences about what somebody could not read or reach. Formulas of WCAG 2.2. */
export function findings(): string[] {
  const found: string[] = [];
  const say = (text: string, element?: Element) => found.push(`${text}: ${element?.outerHTML.slice(0, 160) ?? ''}`);
  const all = (selector: string) => [...document.querySelectorAll(selector)];

  if (!document.documentElement.lang) say('the page has no language');
  if (!document.title) say('the page has no title');
  if (all('main').length !== 1) say('there is not one main');
  if (all('h1').length !== 1) say('there is not one h1');
  let level = 1;
  for (const heading of all('h1,h2,h3,h4')) {
    const its = Number(heading.tagName[1]);
    if (its > level + 1) say('a heading skips a level', heading);
    level = its;
  }
  const ids = all('[id]').map(({ id }) => id);
  for (const id of ids) if (ids.indexOf(id) !== ids.lastIndexOf(id)) say(`the id ${id} is there twice`);
  for (const one of all('[aria-labelledby],[aria-describedby]')) {
    for (const id of (one.getAttribute('aria-labelledby') ?? one.getAttribute('aria-describedby') ?? '').split(' ')) {
      if (!document.getElementById(id)) say(`it refers to ${id}, which is not there`, one);
    }
  }
  for (const link of all('a')) if (!link.textContent?.trim()) say('a link says nothing', link);
  for (const input of all('input')) if (!(input as HTMLInputElement).labels?.length) say('a field has no label', input);
  for (const table of all('table')) {
    if (!table.querySelector('caption')?.textContent) say('a table has no caption', table);
    for (const head of table.querySelectorAll('th')) if (!head.scope) say('a heading of a table has no scope', head);
  }
  for (const plot of all('.plot')) {
    if (!plot.getAttribute('aria-label')) say('a drawing has no name', plot);
    if ((plot as HTMLElement).tabIndex !== 0) say('a drawing cannot be reached with the keyboard', plot);
    const next = plot.closest('figure')?.nextElementSibling;
    const beside = next?.nextElementSibling ?? next;
    if (![next, beside].some((one) => one?.matches('details,p'))) say('a drawing has no words beside it', plot);
  }

  const channel = (value: number) => (value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4);
  const rgba = (colour: string) => (colour.match(/[\d.]+/g) ?? []).map(Number);
  const luminance = (colour: string) => {
    const [r = 0, g = 0, b = 0] = rgba(colour).map((value) => channel(value / 255));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const behind = (element: Element | null): string => {
    if (!element) return 'rgb(255, 255, 255)';
    const colour = getComputedStyle(element).backgroundColor;
    return (rgba(colour)[3] ?? 1) === 0 ? behind(element.parentElement) : colour;
  };
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    const element = node.parentElement;
    if (!element || !node.textContent?.trim() || !element.checkVisibility()) continue;
    if (element.closest('script,style,template,noscript,.unseen')) continue;
    const style = getComputedStyle(element);
    const [light = 0, dark = 0] = [luminance(style.color), luminance(behind(element))].sort((a, b) => b - a);
    const size = Number.parseFloat(style.fontSize);
    const large = size >= 24 || (size >= 18.66 && Number(style.fontWeight) >= 700);
    const ratio = (light + 0.05) / (dark + 0.05);
    if (ratio < (large ? 3 : 4.5)) say(`a contrast of ${ratio.toFixed(2)}`, element);
  }
  return found;
}

/** Runs in the browser: how many pixels of each drawing are drawn upon. */
export function inked(): number[] {
  return [...document.querySelectorAll<HTMLCanvasElement>('.plot canvas')].map((canvas) => {
    // A copy is read, so that the browser does not complain of how the drawing itself is used.
    const { width, height } = canvas;
    const copy = new OffscreenCanvas(width, height).getContext('2d', { willReadFrequently: true });
    copy?.drawImage(canvas, 0, 0);
    const { data } = copy?.getImageData(0, 0, width, height) ?? { data: [] };
    let count = 0;
    for (let i = 3; i < data.length; i += 4) if ((data[i] ?? 0) > 0) count++;
    return count;
  });
}
