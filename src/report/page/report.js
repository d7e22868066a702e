'use strict';

const data = JSON.parse(document.getElementById('data').textContent);
const state = { hidden: new Set(), smoothing: 0, logarithmic: false, step: Infinity };
const redraws = [];

// -- small helpers -----------------------------------------------------------------------------------------

function element(name, attributes = {}, ...children) {
  const svg = ['svg', 'path', 'line', 'text', 'circle', 'g', 'rect'].includes(name);
  const made = svg ? document.createElementNS('http://www.w3.org/2000/svg', name) : document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (key.startsWith('on')) made.addEventListener(key.slice(2), value);
    else if (value !== undefined) made.setAttribute(key, value);
  }
  made.append(...children.filter(child => child !== undefined));
  return made;
}

const section = id => document.getElementById(id);
// Eight colours; the next eight runs are dashed, the next dotted.
const colour = run => {
  const number = data.runs.indexOf(run);
  return `--run: var(--run-${number % 8}); --dashes: ${['none', '7 3', '2 3'][Math.floor(number / 8) % 3]}`;
};
const shown = () => data.runs.filter(run => !state.hidden.has(run.name));

function number(value) {
  if (value === undefined || value === null) return '';
  const size = Math.abs(value);
  if (size !== 0 && (size < 1e-3 || size >= 1e6)) return value.toExponential(2);
  return String(Number(value.toPrecision(4)));
}

const withDeviation = score => number(score.value) + (score.deviation > 0 ? ' ± ' + Number(score.deviation.toPrecision(2)) : '');

// A heading that says nothing is not shown.
function hideIfEmpty(id, empty) { section(id).hidden = empty; }

function table(head, rows) {
  return element('div', { class: 'scroll', tabindex: 0, role: 'region', 'aria-label': 'table: ' + head.join(', ') },
    element('table', {},
      element('thead', {}, element('tr', {}, ...head.map(cell => element('th', { scope: 'col' }, cell)))),
      element('tbody', {}, ...rows.map(row => element('tr', { class: row.ours ? 'ours' : undefined },
        ...row.cells.map(cell => typeof cell === 'number' ? element('td', { class: 'number' }, number(cell)) : element('td', {}, cell)))))));
}

// -- charts ------------------------------------------------------------------------------------------------

const size = { width: 420, height: 210, left: 52, right: 10, top: 8, bottom: 24 };

// An exponential average without the bias of its start; weight 0 leaves the values as they are.
function smoothed(points, weight) {
  let sum = 0, norm = 0;
  return points.map(([step, value, ...rest]) => {
    sum = weight * sum + (1 - weight) * value;
    norm = weight * norm + (1 - weight);
    return [step, sum / norm, ...rest];
  });
}

function ticks(least, most, count = 4) {
  if (!(most > least)) return [least];
  const raw = (most - least) / count, power = 10 ** Math.floor(Math.log10(raw));
  const unit = [1, 2, 5, 10].map(u => u * power).find(u => u >= raw);
  const all = [];
  for (let t = Math.ceil(least / unit) * unit; t <= most + unit * 1e-9; t += unit) all.push(Math.abs(t) < unit * 1e-9 ? 0 : t);
  return all;
}

function ticksOfPowers(least, most) {
  const all = [];
  for (let p = Math.ceil(Math.log10(least)); p <= Math.log10(most); ++p) all.push(10 ** p);
  return all.length > 1 ? all : [least, most];
}

function scaleOf(least, most, from, to, logarithmic) {
  if (!(most > least)) { const pad = Math.abs(least) * .05 || 1; least -= pad; most += pad; }
  const f = logarithmic ? Math.log10 : x => x;
  const scale = value => from + (f(value) - f(least)) / (f(most) - f(least)) * (to - from);
  return Object.assign(scale, { least, most });
}

function path(points, x, y) { return points.map(([step, value], i) => `${i ? 'L' : 'M'}${x(step).toFixed(1)} ${y(value).toFixed(1)}`).join(''); }

// Of scores the deviation, of thinned curves the range of what one point stands for.
const low = ([, value, least, , deviation]) => deviation > 0 ? value - deviation : least;
const high = ([, value, , most, deviation]) => deviation > 0 ? value + deviation : most;
const smallest = values => values.reduce((a, b) => Math.min(a, b), Infinity);
const largest = values => values.reduce((a, b) => Math.max(a, b), -Infinity);

function band(points, x, y, logarithmic) {
  const bound = value => logarithmic ? Math.max(value, y.least) : value;
  const there = points.map(p => [p[0], bound(high(p))]), back = points.map(p => [p[0], bound(low(p))]).reverse();
  return path(there, x, y) + path(back, x, y).replace('M', 'L') + 'Z';
}

class Chart {
  // `curveOf` a run: {points: [[step, mean, least, most, deviation]]} or undefined.
  constructor(title, curveOf) {
    this.title = title;
    this.curveOf = curveOf;
    this.svg = element('svg', { class: 'chart', viewBox: `0 0 ${size.width} ${size.height}`, role: 'img', tabindex: 0, 'aria-label': title });
    this.readout = element('div', { class: 'readout', 'aria-live': 'polite' });
    this.card = element('div', { class: 'card' }, element('h3', {}, title), this.svg, this.readout);
    this.svg.addEventListener('pointermove', event => this.point(event));
    this.svg.addEventListener('pointerleave', () => this.mark(null));
    this.svg.addEventListener('blur', () => this.mark(null));
    this.svg.addEventListener('keydown', event => this.key(event));
    redraws.push(() => this.draw());
    this.draw();
  }

  draw() {
    this.curves = shown().map(run => ({ run, points: this.curveOf(run)?.points ?? [] })).filter(curve => curve.points.length);
    this.logarithmic = state.logarithmic && this.curves.every(curve => curve.points.every(p => p[1] > 0));
    this.svg.replaceChildren();
    if (!this.curves.length) return;
    this.steps = [...new Set(this.curves.flatMap(curve => curve.points.map(p => p[0])))].sort((a, b) => a - b);
    const values = this.curves.flatMap(curve => curve.points.flatMap(p => [low(p), p[1], high(p)]))
      .filter(value => !this.logarithmic || value > 0);
    this.x = scaleOf(this.steps[0], this.steps.at(-1), size.left, size.width - size.right);
    this.y = scaleOf(smallest(values), largest(values), size.height - size.bottom, size.top, this.logarithmic);
    this.axes();
    this.curves.forEach(curve => this.curve(curve));
    this.line = this.svg.appendChild(element('line', { class: 'cursor', y1: size.top, y2: size.height - size.bottom, visibility: 'hidden' }));
  }

  axes() {
    const { x, y } = this;
    for (const value of this.logarithmic ? ticksOfPowers(y.least, y.most) : ticks(y.least, y.most)) {
      this.svg.append(element('line', { class: 'grid', x1: size.left, x2: size.width - size.right, y1: y(value), y2: y(value) }),
        element('text', { x: size.left - 5, y: y(value) + 4, 'text-anchor': 'end' }, number(value)));
    }
    for (const step of ticks(x.least, x.most).filter(Number.isInteger))
      this.svg.append(element('text', { x: x(step), y: size.height - 6, 'text-anchor': 'middle' }, number(step)));
  }

  curve({ run, points }) {
    const { x, y } = this, style = colour(run), smooth = smoothed(points, state.smoothing);
    this.svg.append(element('path', { class: 'band', style, d: band(points, x, y, this.logarithmic) }));
    if (state.smoothing > 0) this.svg.append(element('path', { class: 'curve raw', style, d: path(points, x, y) }));
    this.svg.append(element('path', { class: 'curve', style, d: path(smooth, x, y) }));
    if (points.length < 12) this.svg.append(...smooth.map(([step, value]) => element('circle', { class: 'dot', style, cx: x(step), cy: y(value), r: 3 })));
  }

  // Shows the values at `step`; null: none.
  mark(step) {
    this.at = step;
    if (!this.line) return;
    this.line.setAttribute('visibility', step === null ? 'hidden' : 'visible');
    this.readout.replaceChildren();
    if (step === null) return;
    this.line.setAttribute('x1', this.x(step));
    this.line.setAttribute('x2', this.x(step));
    this.readout.append(`step ${step}: `);
    for (const { run, points } of this.curves) {
      if (step < points[0][0] || step > points.at(-1)[0]) continue;  // it has no value there
      const nearest = points.reduce((a, b) => Math.abs(b[0] - step) < Math.abs(a[0] - step) ? b : a);
      const exact = nearest[4] > 0 ? ' ± ' + Number(nearest[4].toPrecision(2)) : '';
      this.readout.append(element('b', { style: colour(run) }, number(nearest[1]) + exact), data.runs.length > 1 ? ` ${run.name}  ` : ' ');
    }
  }

  point(event) {
    if (!this.curves.length) return;
    const box = this.svg.getBoundingClientRect(), at = (event.clientX - box.left) / box.width * size.width;
    this.mark(this.steps.reduce((a, b) => Math.abs(this.x(b) - at) < Math.abs(this.x(a) - at) ? b : a));
  }

  key(event) {
    const moves = { ArrowLeft: -1, ArrowRight: 1, PageUp: -10, PageDown: 10, Home: -Infinity, End: Infinity };
    if (!(event.key in moves) || !this.curves.length) return;
    event.preventDefault();
    const now = this.at === null || this.at === undefined ? this.steps.length - 1 : this.steps.indexOf(this.at) + moves[event.key];
    this.mark(this.steps[Math.min(Math.max(now, 0), this.steps.length - 1)]);
  }
}

const names = key => [...new Set(data.runs.flatMap(run => Object.keys(run[key])))].sort();
const charts = list => element('div', { class: 'charts' }, ...list.map(chart => chart.card));

// -- sections ----------------------------------------------------------------------------------------------

function redraw() { redraws.forEach(draw => draw()); }

function chooseRuns() {
  for (const run of data.runs) {
    const box = element('input', { type: 'checkbox', checked: '', onchange: () => {
      box.checked ? state.hidden.delete(run.name) : state.hidden.add(run.name);
      redraw();
    } });
    section('runs').append(element('label', { style: colour(run) }, box, element('span', { class: 'swatch' }), run.name));
  }
}

function chooseTheme() {
  const button = section('theme');
  const set = dark => {
    document.documentElement.dataset.theme = dark ? 'dark' : 'light';
    button.setAttribute('aria-pressed', dark);
  };
  const preference = matchMedia('(prefers-color-scheme: dark)');
  set(preference.matches);
  preference.addEventListener('change', event => set(event.matches));
  button.addEventListener('click', () => set(document.documentElement.dataset.theme !== 'dark'));
}

function overview() {
  const middle = values => values.length ? [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] : '';
  section('overview').append(table(['run', 'system', 'steps', 'images/s (median)', 'batch', 'seed', 'folder'], data.runs.map(run => ({ cells: [
    run.name, run.options.recipe ?? '', String(run.steps), middle(run.speed.points.map(p => p[1])), run.options.batch ?? '', run.options.seed ?? '', run.folder] }))));
}

function scores() {
  const all = names('scores');
  hideIfEmpty('scores', !all.length);
  section('scores').append(charts(all.map(name => {
    const chart = new Chart(name, run => run.scores[name]);
    const protocols = new Set(data.runs.map(run => run.scores[name]?.protocol).filter(Boolean));
    chart.card.append(...[...protocols].map(protocol => element('div', { class: 'protocol' }, protocol)));
    return chart;
  })));
}

function lossControls() {
  const smoothing = element('input', { type: 'range', min: 0, max: .98, step: .02, value: 0, 'aria-label': 'Smoothing',
    oninput: event => { state.smoothing = Number(event.target.value); redraw(); } });
  const logarithmic = element('input', { type: 'checkbox', onchange: event => { state.logarithmic = event.target.checked; redraw(); } });
  return element('div', { class: 'controls' }, element('label', {}, 'Smoothing', smoothing), element('label', {}, logarithmic, 'Logarithmic where all is positive'));
}

function losses() {
  const all = names('losses');
  hideIfEmpty('losses', !all.length);
  section('losses').append(lossControls(), charts(all.map(name => new Chart(name, run => run.losses[name]))),
    element('p', { class: 'note' }, 'Weighted terms, means over ranks. Bands: the range of the steps that one point stands for.'));
}

function speed() {
  hideIfEmpty('speed', data.runs.every(run => !run.speed.points.length));
  section('speed').append(charts([new Chart('images per second', run => run.speed)]));
}

// The last picture of `run` up to the chosen step, else its first.
function sampleAt(run, step) { return run.samples.findLast(sample => sample.step <= step) ?? run.samples[0]; }

function samples() {
  const steps = [...new Set(data.runs.flatMap(run => run.samples.map(sample => sample.step ?? 0)))].sort((a, b) => a - b);
  hideIfEmpty('samples', !steps.length);
  if (!steps.length) return;
  const said = element('output', {}), strips = element('div', { class: 'strips' });
  const slider = element('input', { type: 'range', min: 0, max: steps.length - 1, value: steps.length - 1, 'aria-label': 'Step of the samples' });
  const draw = () => {
    const step = steps[slider.value];
    slider.setAttribute('aria-valuetext', 'step ' + step);
    said.textContent = 'step ' + step;
    strips.replaceChildren(...shown().filter(run => run.samples.length).map(run => picture(sampleAt(run, step), `${run.name}, step ${sampleAt(run, step).step ?? '?'}`)));
  };
  slider.addEventListener('input', draw);
  section('samples').append(element('div', { class: 'controls' }, element('label', {}, 'Step', slider), said), strips);
  redraws.push(draw);
  draw();
}

function picture(entry, caption) {
  const image = element('img', { src: entry.uri, alt: caption, loading: 'lazy' });
  const open = element('button', { type: 'button', class: 'plain', 'aria-label': 'Enlarge: ' + caption, onclick: () => zoom(entry.uri, caption) }, image);
  return element('figure', { class: 'card' }, open, element('figcaption', {}, caption));
}

function zoom(uri, caption) {
  const dialog = section('zoom'), image = dialog.querySelector('img');
  image.src = uri;
  image.alt = caption;
  dialog.showModal();
}

function pictures() {
  hideIfEmpty('pictures', data.runs.every(run => !run.pictures.length));
  const gallery = element('div', { class: 'gallery' });
  const draw = () => gallery.replaceChildren(...shown().flatMap(run => run.pictures.map(entry => picture(entry, `${run.name}: ${entry.name}`))));
  section('pictures').append(gallery);
  redraws.push(draw);
  draw();
}

function finalScores() {
  const rows = data.runs.flatMap(run => Object.entries(run.summary).flatMap(([part, all]) =>
    Object.entries(all).map(([name, score]) => ({ cells: [run.name, part, name, withDeviation(score), score.protocol] }))));
  hideIfEmpty('final', !rows.length);
  section('final').append(table(['run', 'pictures', 'score', 'value', 'protocol'], rows));
}

function papers() {
  const compared = name => name === 'inception_score' || name.startsWith('r_precision_top');
  const evaluation = part => part === 'generated' ? 'this report' : `this report, ${part.slice(0, -'/generated'.length)}`;
  const ours = data.runs.flatMap(run => Object.entries(run.summary).filter(([part]) => part === 'generated' || part.endsWith('/generated'))
    .flatMap(([part, all]) => Object.entries(all).filter(([name]) => compared(name))
      .map(([name, score]) => ({ ours: true, cells: [run.name, run.options.data ?? '', name, withDeviation(score), evaluation(part)] }))));
  hideIfEmpty('papers', !ours.length);
  section('papers').append(
    element('p', { class: 'note' }, data.caveat),
    table(['system', 'set', 'score', 'value', 'source'],
      [...data.published.map(row => ({ cells: [row.system, row.set, row.score, withDeviation(row), row.source] })), ...ours]));
}

function options() {
  const all = [...new Set(data.runs.flatMap(run => Object.keys(run.options)))].sort();
  hideIfEmpty('options', !all.length);
  const row = name => ({ cells: [name, ...data.runs.map(run => run.options[name] ?? '')] });
  const head = ['option', ...data.runs.map(run => run.name)];
  const differing = all.filter(name => new Set(data.runs.map(run => run.options[name] ?? '')).size > 1);
  if (data.runs.length > 1) section('options').append(element('p', {}, 'Options that differ:'), table(head, differing.map(row)));
  section('options').append(element('details', {}, element('summary', {}, `All ${all.length} options`), table(head, all.map(row))));
}

function concerns() {
  const all = data.runs.flatMap(run => run.concerns.map(concern => element('li', {}, concern)));
  hideIfEmpty('concerns', !all.length);
  section('concerns').append(element('ul', {}, ...all));
}

chooseTheme();
chooseRuns();
[overview, scores, samples, losses, speed, finalScores, papers, pictures, options, concerns].forEach(make => make());
