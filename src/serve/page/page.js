'use strict';

// What is shown: the caption that was drawn first, and the same with one word changed.
const state = { first: null, second: null, place: -1, busy: false };
const byId = id => document.getElementById(id);

function element(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (key.startsWith('on')) made.addEventListener(key.slice(2), value);
    else if (value !== undefined && value !== false) made.setAttribute(key, value === true ? '' : value);
  }
  made.append(...children.filter(child => child !== undefined));
  return made;
}

// -- the server --------------------------------------------------------------------------------------------

async function asked(path, options) {
  let answer;
  try {
    answer = await fetch(path, options);
  } catch {
    throw new Error('The server does not answer.');
  }
  const json = await answer.json().catch(() => ({ error: { message: `The server answered ${answer.status}.` } }));
  if (!answer.ok) throw new Error(json.error.message);
  return json;
}

const drawing = (caption, seed, pictures) => asked('api/draw', {
  method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify({ caption, seed, pictures }),
});

// Runs `work` unless something is drawn already; what goes wrong is said on the page.
async function busyWith(text, work) {
  if (state.busy) return;
  state.busy = true;
  byId('trouble').textContent = '';
  byId('status').textContent = text;
  byId('main').setAttribute('aria-busy', 'true');
  for (const id of ['draw', 'other']) byId(id).disabled = true;
  const began = performance.now();
  try {
    await work();
    byId('status').textContent = `Drawn in ${((performance.now() - began) / 1000).toFixed(1)} s.`;
  } catch (error) {
    byId('status').textContent = '';
    byId('trouble').textContent = error.message;
  }
  state.busy = false;
  byId('main').removeAttribute('aria-busy');
  for (const id of ['draw', 'other']) byId(id).disabled = false;
}

// -- words -------------------------------------------------------------------------------------------------

// The caption as words and what stands between them; words have odd places.
const partsOf = caption => caption.split(/([\p{L}\p{M}\p{N}_]+)/u);

function wordButton(word, place) {
  const unknown = state.first.unknown.includes(word.toLowerCase());
  const changed = state.second && place === state.place;
  const shown = changed ? partsOf(state.second.caption)[place] : word;
  return element('button', {
    type: 'button', class: changed ? 'changed' : unknown ? 'unknown' : undefined,
    title: unknown ? 'the system does not know this word' : `change "${word}"`, onclick: () => edit(place),
  }, shown);
}

function showWords(edited = -1) {
  const parts = partsOf(state.first.caption);
  byId('words').replaceChildren(...parts.flatMap((part, place) => {
    if (place % 2 === 0) return part.trim() ? [element('span', {}, part.trim())] : [];
    return [place === edited ? wordInput(part, place) : wordButton(part, place)];
  }));
  const unknown = state.first.unknown;
  const notes = [];
  if (unknown.length) notes.push(`Left out, because the system does not know them: ${unknown.join(', ')}.`);
  if (state.first.cut) notes.push(`Only the first ${state.first.words.length} words are read.`);
  byId('unknown').textContent = notes.join(' ');
  byId('edit').hidden = false;
}

function wordInput(word, place) {
  const input = element('input', { type: 'text', value: word, 'aria-label': `instead of "${word}"`, spellcheck: 'false' });
  input.addEventListener('keydown', event => {
    if (event.key !== 'Enter' && event.key !== 'Escape') return;
    event.preventDefault();  // else the button that gets the focus is pressed by the same key
    if (event.key === 'Enter') drawEdited(place, input.value.trim());
    else leaveEdit(place);
  });
  return input;
}

function edit(place) {
  if (state.busy) return;
  showWords(place);
  const input = byId('words').querySelector('input');
  input.focus();
  input.select();
}

function focusWord(place) {
  const words = [...byId('words').querySelectorAll('button, input')];
  words[(place - 1) / 2]?.focus();
}

function leaveEdit(place) {
  showWords();
  focusWord(place);
}

// Back to the caption without a change.
function showFirst(place) {
  Object.assign(state, { second: null, place: -1 });
  showPictures();
  leaveEdit(place);
}

function drawEdited(place, word) {
  const parts = partsOf(state.first.caption);
  if (word === '') return leaveEdit(place);
  if (word === parts[place]) return showFirst(place);
  if (!/^[\p{L}\p{M}\p{N}_]+$/u.test(word)) { byId('trouble').textContent = 'One word is changed into one word.'; return; }
  parts[place] = word;
  busyWith('Drawing the changed caption …', async () => {
    const second = await drawing(parts.join(''), state.first.seed, state.first.pictures.length);
    if (second.unknown.includes(word.toLowerCase())) throw new Error(`The system does not know "${word}".`);
    Object.assign(state, { second, place });
    showPictures();
    leaveEdit(place);
  });
}

// -- pictures ----------------------------------------------------------------------------------------------

const last = stages => stages[stages.length - 1];

function captioned(source, alt, ...caption) {
  return element('figure', {}, element('img', { src: source, alt }), element('figcaption', {}, ...caption));
}

function strip(title, figures) {
  return [element('p', { class: 'strip-title' }, title), element('div', { class: 'strip' }, ...figures)];
}

// The last picture large, the way to it and what words looked at beneath.
function pictureOf(drawn, number) {
  const { stages, attention } = drawn.pictures[number], name = `picture ${number + 1} of "${drawn.caption}"`;
  const parts = [captioned(last(stages).png, name, `picture ${number + 1}, ${last(stages).label}`)];
  if (byId('stages').checked && stages.length > 1)
    parts.push(...strip('Stages', stages.map(stage => captioned(stage.png, `${name}, ${stage.label}`, stage.label))));
  if (byId('attention').checked)
    for (const stage of attention ?? [])
      parts.push(...strip(`Where words looked, ${stage.label}`, stage.words.map(map =>
        captioned(map.png, `where "${map.word}" looked`, `${map.word} ${map.peak.toFixed(2)}`))));
  return parts;
}

function loaded(source) {
  const image = new Image();
  image.src = source;
  return image.decode().then(() => image);
}

function pixelsOf(image) {
  const canvas = element('canvas', { width: image.naturalWidth, height: image.naturalHeight });
  const context = canvas.getContext('2d', { willReadFrequently: true });
  context.drawImage(image, 0, 0);
  return context.getImageData(0, 0, canvas.width, canvas.height);
}

// How far each pixel moved, brighter for more, up to the largest move there is.
async function difference(canvas, caption, before, after) {
  const [a, b] = (await Promise.all([loaded(before), loaded(after)])).map(pixelsOf);
  const moves = new Float32Array(a.width * a.height);
  for (let i = 0; i < moves.length; ++i)
    for (let c = 0; c < 3; ++c) moves[i] += Math.abs(a.data[4 * i + c] - b.data[4 * i + c]) / 3;
  const most = Math.max(1, moves.reduce((x, y) => Math.max(x, y), 0));
  const shown = new ImageData(a.width, a.height);
  moves.forEach((move, i) => {
    const unit = move / most, ramp = (from, to) => Math.min(1, Math.max(0, (unit - from) / (to - from)));
    shown.data.set([41 + 214 * ramp(0, .55), 10 + 235 * ramp(.35, 1), 82 * (1 - ramp(.2, .7)) + 31 + 128 * ramp(.8, 1), 255], 4 * i);
  });
  canvas.width = a.width;
  canvas.height = a.height;
  canvas.getContext('2d').putImageData(shown, 0, 0);
  const mean = moves.reduce((x, y) => x + y, 0) / moves.length;
  caption.textContent = `what changed: ${mean.toFixed(1)} of 255 in the mean, ${most.toFixed(0)} at most`;
}

function titleOf(drawn, marked) {
  const parts = partsOf(drawn.caption);
  return element('h4', {}, ...parts.map((part, place) => (place === marked ? element('mark', {}, part) : part)));
}

function compared(number) {
  const { first, second, place } = state;
  const canvas = element('canvas', { role: 'img', 'aria-label': `what changed in picture ${number + 1}` }), caption = element('figcaption');
  difference(canvas, caption, last(first.pictures[number].stages).png, last(second.pictures[number].stages).png);
  return element('article', { class: 'card', 'aria-label': `picture ${number + 1}` },
    element('div', { class: 'compared' },
      element('div', { class: 'before' }, titleOf(first, place), ...pictureOf(first, number)),
      element('div', { class: 'after' }, titleOf(second, place), ...pictureOf(second, number)),
      element('div', { class: 'difference' }, element('h4', {}, 'Difference'), element('figure', {}, canvas, caption))));
}

function showPictures() {
  const { first, second } = state;
  if (!first) return;
  const numbers = first.pictures.map((_, number) => number);
  byId('drawn').replaceChildren(...(second ? numbers.map(compared)
    : [element('div', { class: 'pictures' }, ...numbers.map(number => element('article', { class: 'card' }, ...pictureOf(first, number))))]));
  byId('drawn').hidden = false;
}

// -- the page ----------------------------------------------------------------------------------------------

function draw() {
  const caption = byId('caption').value.trim();
  busyWith('Drawing …', async () => {
    const first = await drawing(caption, Number(byId('seed').value), Number(byId('pictures').value));
    Object.assign(state, { first, second: null, place: -1 });
    showWords();
    showPictures();
  });
}

function setTheme(theme) {
  document.documentElement.dataset.theme = theme;
  byId('theme').textContent = theme === 'dark' ? 'Light' : 'Dark';
  byId('theme').setAttribute('aria-pressed', String(theme === 'dark'));
}

async function showModel() {
  try {
    const about = await asked('api/model');
    byId('model').textContent = `${about.system}, step ${about.step.toLocaleString('en')}, ${about.vocabulary.toLocaleString('en')} words known`;
    byId('pictures').max = about.limits.pictures;
    byId('pictures').value = Math.min(4, about.limits.pictures);
    byId('caption').maxLength = about.limits.caption_bytes;
  } catch (error) {
    byId('model').textContent = error.message;
  }
}

byId('ask').addEventListener('submit', event => { event.preventDefault(); draw(); });
byId('other').addEventListener('click', () => {
  byId('seed').value = Number(byId('seed').value) + 1;
  byId('ask').requestSubmit();
});
for (const id of ['stages', 'attention']) byId(id).addEventListener('change', showPictures);
byId('theme').addEventListener('click', () => setTheme(document.documentElement.dataset.theme === 'dark' ? 'light' : 'dark'));
setTheme(matchMedia('(prefers-color-scheme: dark)').matches ? 'dark' : 'light');
showModel();
