'use strict';

const data = JSON.parse(document.getElementById('data').textContent);
const byId = id => document.getElementById(id);
const kQuestions = [
  { name: 'authenticity', text: 'Which picture looks most real?', caption: false },
  { name: 'consistency', text: 'Which picture fits the sentence best?', caption: true },
];
// Every question of every group; an answer's `shown` are runs from left to right, `ranking` runs from best to worst.
const state = { participant: '', answers: [], at: 0 };

function shuffled(items) {
  const all = [...items];
  for (let i = all.length - 1; i > 0; --i) {
    const j = Math.floor(Math.random() * (i + 1));
    [all[i], all[j]] = [all[j], all[i]];
  }
  return all;
}

function newAnswers() {
  const runs = data.runs.map((_, run) => run);
  return kQuestions.flatMap((_, question) =>
    shuffled(data.groups.map((_, group) => group)).map(group => ({ question, group, shown: shuffled(runs), ranking: [] })));
}

// -- what outlives a reload ----------------------------------------------------------------------------------

// Of this study and this participant: other pages may have the same origin, also ones of other pictures of the same captions.
const storeKey = () =>
  'study ' + JSON.stringify([data.study_id, data.runs, data.groups.map(group => [group.caption, group.seed, group.noise]), state.participant]);

function store() {
  try { localStorage.setItem(storeKey(), JSON.stringify(state)); } catch { /* nothing is kept: it works all the same */ }
}

function stored() {
  try {
    const kept = JSON.parse(localStorage.getItem(storeKey()));
    return kept?.answers.length === kQuestions.length * data.groups.length ? kept : undefined;
  } catch {
    return undefined;
  }
}

// -- asking ------------------------------------------------------------------------------------------------

const current = () => state.answers[state.at];
const isRanked = answer => answer.ranking.length === data.runs.length;
const ordinal = rank => ['1st', '2nd', '3rd'][rank - 1] ?? `${rank}th`;

function pictureButton(run, place) {
  const { group, ranking } = current(), rank = ranking.indexOf(run) + 1;
  const button = document.createElement('button'), image = document.createElement('img'), line = document.createElement('span');
  button.type = 'button';
  button.setAttribute('aria-pressed', String(rank > 0));
  button.addEventListener('click', () => give(place));
  image.src = data.groups[group].pictures[run];
  image.alt = `picture ${place + 1}`;
  line.className = 'place';
  const rankText = document.createElement('span');
  rankText.className = 'rank';
  rankText.textContent = rank ? ordinal(rank) : '';
  line.append(String(place + 1), rankText);
  button.append(image, line);
  return button;
}

function show() {
  const answer = current(), question = kQuestions[answer.question];
  const of = state.answers.length, focused = [...byId('pictures').children].indexOf(document.activeElement);
  byId('progress').textContent = `${state.at + 1} of ${of}`;
  byId('question').textContent = question.text;
  byId('caption').textContent = data.groups[answer.group].caption;
  byId('caption').hidden = !question.caption;
  byId('pictures').replaceChildren(...answer.shown.map(pictureButton));
  if (focused >= 0) byId('pictures').children[focused].focus();
  const left = data.runs.length - answer.ranking.length;
  byId('said').textContent = left === 0 ? 'All have a rank: Enter goes on.' : `Press 1 to ${data.runs.length}: which is ${answer.ranking.length ? 'next' : 'best'}?`;
  byId('next').disabled = left > 0;
  byId('undo').disabled = answer.ranking.length === 0;
  byId('back').disabled = state.at === 0;
}

function give(place) {
  const answer = current(), run = answer.shown[place];
  if (run === undefined || answer.ranking.includes(run)) return;
  answer.ranking.push(run);
  // The last one is what is left.
  if (answer.ranking.length === data.runs.length - 1) answer.ranking.push(answer.shown.find(other => !answer.ranking.includes(other)));
  store();
  show();
}

// The last choice: with it goes the rank that was left over.
function takeBack() {
  const { ranking } = current();
  if (isRanked(current()) && data.runs.length > 1) ranking.pop();
  ranking.pop();
  store();
  show();
}

function go(to) {
  if (to < 0 || (to > state.at && !isRanked(current()))) return;
  state.at = to;
  if (to === state.answers.length) return finish();
  store();
  show();
  byId('question').focus();
}

function onKey(event) {
  if (byId('ask').hidden || event.ctrlKey || event.altKey || event.metaKey) return;
  const keys = { Backspace: takeBack, ArrowLeft: () => go(state.at - 1) };
  const onButton = event.target.closest?.('button');
  if (event.key >= '1' && event.key <= '9') give(Number(event.key) - 1);
  else if (event.key === 'Enter' && (!onButton || onButton.closest('#pictures')) && isRanked(current())) go(state.at + 1);
  else if (keys[event.key]) keys[event.key]();
  else return;
  event.preventDefault();
}

// -- the answers ---------------------------------------------------------------------------------------------

function exported() {
  return JSON.stringify({
    format_version: 1, study: 'heliograph', study_id: data.study_id, participant: state.participant, runs: data.runs,
    answers: state.answers.map(({ question, group, shown, ranking }) => ({
      question: kQuestions[question].name, caption: data.groups[group].caption, seed: data.groups[group].seed, noise: data.groups[group].noise,
      shown: shown.map(run => data.runs[run]), ranking: ranking.map(run => data.runs[run]),
    })),
  }, null, 1);
}

function finish() {
  state.at = state.answers.length - 1;
  store();
  byId('ask').hidden = true;
  byId('end').hidden = false;
  byId('progress').textContent = 'done';
  byId('answers').value = exported();
  byId('thanks').focus();
}

function save() {
  const link = document.createElement('a');
  link.href = URL.createObjectURL(new Blob([exported() + '\n'], { type: 'application/json' }));
  link.download = `study-${state.participant.replace(/[^\p{L}\p{N}_-]+/gu, '_')}.json`;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10000);
}

function begin(event) {
  event.preventDefault();
  state.participant = byId('name').value.trim();
  if (!state.participant) return;
  Object.assign(state, stored() ?? { answers: newAnswers(), at: 0 });
  byId('start').hidden = true;
  byId('ask').hidden = false;
  show();
  byId('question').focus();
}

function setTheme(theme) {
  document.documentElement.dataset.theme = theme;
  byId('theme').textContent = theme === 'dark' ? 'Light' : 'Dark';
  byId('theme').setAttribute('aria-pressed', String(theme === 'dark'));
}

byId('about').textContent = `You will see ${data.groups.length} groups of ${data.runs.length} pictures, twice. They are in shuffled order.`;
byId('who').addEventListener('submit', begin);
byId('undo').addEventListener('click', takeBack);
byId('back').addEventListener('click', () => go(state.at - 1));
byId('next').addEventListener('click', () => go(state.at + 1));
byId('save').addEventListener('click', save);
document.addEventListener('keydown', onKey);
byId('theme').addEventListener('click', () => setTheme(document.documentElement.dataset.theme === 'dark' ? 'light' : 'dark'));
setTheme(matchMedia('(prefers-color-scheme: dark)').matches ? 'dark' : 'light');
byId('name').focus();
