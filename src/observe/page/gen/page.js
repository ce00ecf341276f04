// Generated from src/observe/page/client by `npm run generate`. Do not edit.
(() => {
'use strict';
/** The colours of the style sheet, as they are now: light or dark. */
const series = 8;
function readPalette()          {
  const style = getComputedStyle(document.documentElement);
  const value = (name        ) => style.getPropertyValue(`--${name}`).trim();
  return {
    of: (colour) => value(typeof colour === 'number' ? `series-${colour % series}` : colour),
    ...{ ink: value('ink'), line: value('line'), paper: value('paper') },
  };
}
/** Sizes in pixels of a legend at the top of a drawing, in the font of 12 pixels that drawings have. */
const [perLetter, perName, rowHeight] = [6.2, 35, 25];
/** How much room the legend takes: names go to the next row where they find no room, as echarts lays them out. */
function legendHeight(names                   , width        )         {
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
/** A narrow plot has no room for names beside its axes. */
const narrow = 500;
/** Something that can be pointed at: where it is in the option, and in the units of its axes. */
function axis({ name, kind, inverse = false, min, max }      , palette         , isX         ) {
  return {
    ...{ type: kind, name, inverse, min, max, scale: true },
    ...(isX
      ? { nameLocation: 'middle'         , nameGap: 30 }
      : { nameLocation: 'end'         , nameGap: 12, position: 'left'          }),
    nameTextStyle: { color: palette.ink, ...(!isX && { align: 'left'         , padding: [0, 0, 0, -44] }) },
    axisLabel: {
      ...{ color: palette.ink, hideOverlap: true },
      // Where the range ends is nothing to read off.
      ...(kind === 'log' && min !== undefined && { showMinLabel: false, showMaxLabel: false }),
    },
    axisLine: { show: true, lineStyle: { color: palette.line } },
    axisTick: { lineStyle: { color: palette.line } },
    splitLine: { lineStyle: { color: palette.line, opacity: 0.5 } },
    // Time is told in one zone, whoever looks.
    ...(kind === 'time' && { splitNumber: 4 }),
  };
}
/** Each interval as a stretch of one broken line. */
function intervals({ marks, colour, name }           , palette         )                 {
  const stretches = marks.flatMap(({ x, y, xRange, yRange }) => [
    ...(xRange && xRange[0] < xRange[1]
      ? [
          [xRange[0], y],
          [xRange[1], y],
          [null, null],
        ]
      : []),
    ...(yRange && yRange[0] < yRange[1]
      ? [
          [x, yRange[0]],
          [x, yRange[1]],
          [null, null],
        ]
      : []),
  ])                      ;
  if (stretches.length === 0) return [];
  return [
    {
      ...{ type: 'line', name, data: stretches, silent: true, showSymbol: false, connectNulls: false, z: 2 },
      lineStyle: { color: palette.of(colour), width: 1.5, opacity: 0.45 },
      itemStyle: { color: palette.of(colour) },
    },
  ];
}
function limitLine({ axis: of, at, label, colour }       , palette         ) {
  return {
    ...(of === 'x' ? { xAxis: at } : { yAxis: at }),
    lineStyle: { color: palette.of(colour), type: 'dashed'         , width: 2 },
    label: {
      ...{ formatter: label, color: palette.of(colour), fontWeight: 'bold'          },
      position: of === 'x' ? ('end'         ) : ('insideEndTop'         ),
    },
  };
}
/** Turns what a plot means into what echarts draws. Marks come last, so that they lie on top. */
function plot(data          , palette         , width        )          {
  const colour = (of        ) => palette.of(of);
  const behind               = {
    ...{ type: 'line', data: [], silent: true, z: 0 },
    markLine: {
      ...{ silent: true, symbol: 'none', animation: false },
      data: data.limits.map((one) => limitLine(one, palette)),
    },
    markArea: {
      silent: true,
      data: (data.bands ?? []).map(({ from, to, colour: of }) => [
        { xAxis: from, itemStyle: { color: colour(of), opacity: 0.14 } },
        { xAxis: to },
      ]),
    },
  };
  const lines = data.lines.map(
    ({ name, colour: of, dashed, steps, second, points })               => ({
      ...{ type: 'line', name, data: points                      , silent: true, showSymbol: false, z: 1 },
      step: steps ? 'end' : false,
      yAxisIndex: second && data.y2 ? 1 : 0,
      lineStyle: { color: colour(of), width: second ? 1.5 : 2, type: dashed ? 'dashed' : 'solid' },
      itemStyle: { color: colour(of) },
    }),
  );
  const spread = data.groups.flatMap((group) => intervals(group, palette));
  const points = data.groups.map(
    ({ name, colour: of, symbol, size, marks })               => ({
      ...{ type: 'scatter', name, symbol, symbolSize: size, z: 3, cursor: 'pointer' },
      itemStyle: { color: colour(of), opacity: 1, borderColor: palette.paper, borderWidth: 1 },
      emphasis: { scale: 1.5, itemStyle: { borderColor: palette.ink, borderWidth: 2 } },
      data: marks.map(({ x, y }) => [x, y]),
    }),
  );
  const first = 1 + lines.length + spread.length;
  const targets = data.groups.flatMap(({ marks }, group) =>
    marks.map((mark, dataIndex)         => {
      return { mark, seriesIndex: first + group, dataIndex, value: [mark.x, mark.y] };
    }),
  );
  const legend = [
    ...data.groups.map(({ name, symbol, colour: of }) => ({
      ...{ name, icon: symbol, itemStyle: { color: colour(of), borderWidth: 0, opacity: 1 } },
    })),
    ...data.lines.map(({ name }) => ({ name, icon: 'path://M0,8 L30,8 L30,12 L0,12 Z' })),
  ];
  const names = legend.map(({ name }) => name);
  return {
    targets: targets.sort((a, b) => a.value[0] - b.value[0]),
    option: {
      ...{ animation: false, useUTC: true, textStyle: { fontFamily: 'system-ui, sans-serif', color: palette.ink } },
      grid: {
        ...{
          left: 52,
          right: data.y2 ? 52 : width < narrow ? 20 : 36,
          top: 28 + legendHeight(names, width),
          bottom: 46,
        },
      },
      legend: {
        top: 0,
        left: 0,
        data: legend,
        textStyle: { color: palette.ink },
        itemGap: 14,
        itemWidth: 16,
        itemHeight: 12,
        selectedMode: false,
      },
      xAxis: axis(data.x, palette, true)                          ,
      yAxis: [data.y, ...(data.y2 ? [data.y2] : [])].map((one, i) => ({
        ...axis(one, palette, false),
        ...(i === 1 && {
          ...{ position: 'right', splitLine: { show: false } },
          nameTextStyle: { color: palette.ink, align: 'right', padding: [0, -44, 0, 0] },
        }),
      }))                          ,
      series: [behind, ...lines, ...spread, ...points],
    },
  };
}
/** Rows of stacked parts; each part can be pointed at. */
function bars({ axis, rows, parts }          , palette         , width        )          {
  const before = rows.map(() => 0);
  const targets           = parts.flatMap(({ name, values, text }, seriesIndex) =>
    values.flatMap((value, row) => {
      const start = before[row] ?? 0;
      before[row] = start + value;
      if (value === 0) return [];
      const mark = { key: `${rows[row]} ${name}`, text: text[row] ?? [name] };
      return [{ mark, seriesIndex, dataIndex: row, value: [start + value / 2, row]                     }];
    }),
  );
  const names = parts.map(({ name }) => name);
  const option                = {
    ...{ animation: false, textStyle: { fontFamily: 'system-ui, sans-serif', color: palette.ink } },
    grid: { left: 64, right: 20, top: 6 + legendHeight(names, width), bottom: 48 },
    legend: {
      top: 0,
      left: 0,
      textStyle: { color: palette.ink },
      itemGap: 14,
      itemWidth: 16,
      itemHeight: 12,
      selectedMode: false,
    },
    xAxis: {
      ...{ type: 'value', name: axis, nameLocation: 'middle', nameGap: 28 },
      ...{ nameTextStyle: { color: palette.ink }, axisLabel: { color: palette.ink, hideOverlap: true } },
      splitLine: { lineStyle: { color: palette.line, opacity: 0.5 } },
    },
    yAxis: {
      ...{ type: 'category', data: rows, inverse: true, axisLabel: { color: palette.ink } },
      axisLine: { lineStyle: { color: palette.line } },
    },
    series: parts.map(
      ({ name, colour, values })               => ({
        ...{ type: 'bar', name, stack: 'run', data: values, barWidth: '60%', cursor: 'pointer' },
        itemStyle: { color: palette.of(colour), borderColor: palette.paper, borderWidth: 1 },
        emphasis: { itemStyle: { borderColor: palette.ink, borderWidth: 2 } },
      }),
    ),
  };
  const order = (target        ) => target.value[1] * 1e12 + target.value[0];
  return { option, targets: targets.sort((a, b) => order(a) - order(b)) };
}
/** What is told of one point: a box beside it, and for screen readers a line that is read out. */
const gap = 14;
function tipIn(figure             )      {
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
/** A drawing on the page. */
const draw = (data           , width        )          =>
  data.kind === 'plot' ? plot(data, readPalette(), width) : bars(data, readPalette(), width);
const steps                                                       = {
  ArrowRight: (at, last) => Math.min(at + 1, last),
  ArrowDown: (at, last) => Math.min(at + 1, last),
  ArrowLeft: (at) => Math.max(at - 1, 0),
  ArrowUp: (at) => Math.max(at - 1, 0),
  Home: () => 0,
  End: (_, last) => last,
};
/** Draws the data of a figure into it; with the mouse, a finger or the arrow keys each point tells what it is. */
function mount(figure             )                           {
  const place = figure.querySelector             ('.plot');
  const text = figure.querySelector('script')?.textContent;
  if (!place || !text) return undefined;
  const data = JSON.parse(text)             ;
  const chart = echarts.init(place, null, { renderer: 'canvas' });
  const tip = tipIn(figure);
  let drawing          = { option: {}, targets: [] };
  let at                    ;
  const tell = (target        , aloud         ) => {
    const { seriesIndex, dataIndex, value } = target;
    if (at) chart.dispatchAction({ type: 'downplay', seriesIndex: at.seriesIndex, dataIndex: at.dataIndex });
    at = target;
    chart.dispatchAction({ type: 'highlight', seriesIndex, dataIndex });
    const [x = 0, y = 0] = chart.convertToPixel({ gridIndex: 0 }, value)            ;
    tip.show(target.mark.text, { x: x + place.offsetLeft, y: y + place.offsetTop }, aloud);
  };
  const forget = () => {
    if (at) chart.dispatchAction({ type: 'downplay', seriesIndex: at.seriesIndex, dataIndex: at.dataIndex });
    at = undefined;
    tip.hide();
  };
  const open = (target                    ) => {
    if (target?.mark.href) location.assign(target.mark.href);
  };
  const redraw = () => {
    drawing = draw(data, place.clientWidth);
    chart.resize();
    chart.setOption(drawing.option, true);
    if (at) choose(at.mark.key);
  };
  const choose = (key        ) => {
    const found = drawing.targets.find(({ mark }) => mark.key === key);
    if (found) tell(found, false);
  };
  const targetOf = (event                                              ) =>
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
/** What the server answers a page's question with, when something has changed. */
const everyMs = 4000;
const slowestMs = 60_000;
const tokenKey = 'retune-token';
const token = {
  read: () => sessionStorage.getItem(tokenKey) ?? undefined,
  keep: (value        ) => sessionStorage.setItem(tokenKey, value),
  drop: () => sessionStorage.removeItem(tokenKey),
};
let version                    ;
/** Asks the server for this page as it is now. */
async function ask()                  {
  const present = token.read();
  const headers                         = { Accept: 'application/json' };
  if (present) headers.Authorization = `Bearer ${present}`;
  if (version) headers['If-None-Match'] = version;
  try {
    const response = await fetch(location.href, { headers, cache: 'no-store' });
    if (response.status === 304) return { kind: 'Same' };
    const body = (await response.json())                              ;
    if (response.ok) {
      version = response.headers.get('ETag') ?? undefined;
      return { kind: 'Fresh', page: body };
    }
    const refused = response.status === 401 || response.status === 403;
    return { kind: refused ? 'Refused' : 'Failed', message: body.error ?? `the server answered ${response.status}` };
  } catch {
    return { kind: 'Failed', message: 'the operator cannot be reached' };
  }
}
/** Asks again and again while the page is seen, the less often the longer it fails. `take` says whether to go on. */
function poll(take                             )       {
  let failures = 0;
  const next = () => setTimeout(look, Math.min(slowestMs, everyMs * 2 ** failures));
  const look = async () => {
    if (document.hidden) return void document.addEventListener('visibilitychange', look, { once: true });
    const answer = await ask();
    failures = answer.kind === 'Failed' ? failures + 1 : 0;
    if (take(answer)) next();
  };
  next();
}
let charts                 = [];
const main = () => document.querySelector             ('main');
const figures = () => [...document.querySelectorAll             ('figure[data-chart]')];
const drawAll = () => {
  charts = figures().flatMap((figure) => mount(figure) ?? []);
};
function say(text        , state                 )       {
  const status = document.getElementById('status');
  if (!status) return;
  status.dataset.state = state;
  if (status.textContent !== text) status.textContent = text;
}
/** Puts the new content in place of the old; what was open, focused and pointed at stays so. */
function replace({ title, main: content }       )       {
  const place = main();
  if (!place) return;
  const opened = [...place.querySelectorAll('details[open]')].map(({ id }) => id);
  const typed = place.querySelector                  ('input[type=search]')?.value;
  const focused = document.activeElement?.id;
  const chosen = charts.flatMap((chart) => {
    const key = chart.chosen();
    return key === undefined ? [] : [{ id: chart.id, key }];
  });
  for (const chart of charts) chart.dispose();
  document.title = title;
  place.innerHTML = content;
  for (const id of opened) document.getElementById(id)?.setAttribute('open', '');
  const search = place.querySelector                  ('input[type=search]');
  if (search && typed !== undefined) search.value = typed;
  drawAll();
  if (focused) document.getElementById(focused)?.focus({ preventScroll: true });
  for (const { id, key } of chosen) charts.find((chart) => chart.id === id)?.choose(key);
}
function signIn(message        )       {
  const template = document.getElementById('sign-in')                              ;
  const place = main();
  if (!template || !place) {
    say(message, 'late');
    return;
  }
  for (const chart of charts.splice(0)) chart.dispose();
  place.replaceChildren(template.content.cloneNode(true));
  const refusal = place.querySelector('[role=alert]');
  if (refusal && token.read()) refusal.textContent = message;
  place.querySelector('form')?.addEventListener('submit', (event) => {
    event.preventDefault();
    const given = place.querySelector                  ('input[name=token]')?.value.trim();
    if (!given) return;
    token.keep(given);
    void start();
  });
  say('signed out', 'late');
}
function take(answer        )          {
  if (answer.kind === 'Refused') {
    signIn(answer.message);
    token.drop();
    return false;
  }
  if (answer.kind === 'Failed') {
    say(answer.message, 'late');
    return true;
  }
  if (answer.kind === 'Fresh') replace(answer.page);
  say('live', 'live');
  return true;
}
async function start()                {
  if (take(await ask())) poll(take);
}
drawAll();
matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => {
  for (const chart of charts) chart.redraw();
});
// A report in a file has nobody to ask.
if (document.body.dataset.live !== undefined) void start();
})();
