/** Sizes in pixels of a legend at the top of a drawing, in the font of 12 pixels that drawings have. */
const [perLetter, perName, rowHeight] = [6.2, 35, 25];

/** How much room the legend takes: names go to the next row where they find no room, as echarts lays them out. */
export function legendHeight(names: readonly string[], width: number): number {
  let [rows, used] = [1, 0];
  for (const name of names) {
    const wanted = name.length * perLetter + perName;
    if (used > 0 && used + wanted > width) {
      rows += 1;
      used = 0;
    }
    used += wanted;
  }
  return rows * rowHeight;
}
