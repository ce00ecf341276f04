/** What is told of one point: a box beside it, and for screen readers a line that is read out. */
export interface Tip {
  show(lines: readonly string[], at: { x: number; y: number }, aloud: boolean): void;
  hide(): void;
}

const gap = 14;

export function tipIn(figure: HTMLElement): Tip {
  const box = figure.ownerDocument.createElement('div');
  box.className = 'tip';
  box.hidden = true;
  const spoken = figure.ownerDocument.createElement('p');
  spoken.className = 'unseen';
  spoken.setAttribute('aria-live', 'polite');
  figure.append(box, spoken);
  return {
    show(lines, { x, y }, aloud) {
      box.replaceChildren(
        ...lines.map((line, i) => {
          const row = figure.ownerDocument.createElement(i === 0 ? 'strong' : 'span');
          row.textContent = line;
          return row;
        }),
      );
      box.hidden = false;
      const { clientWidth } = figure;
      const left = Math.min(Math.max(0, x + gap), Math.max(0, clientWidth - box.offsetWidth));
      const above = y - box.offsetHeight - gap;
      box.style.left = `${left}px`;
      box.style.top = `${above >= 0 ? above : y + gap}px`;
      if (aloud) spoken.textContent = lines.join('. ');
    },
    hide() {
      box.hidden = true;
    },
  };
}
