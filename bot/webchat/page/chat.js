// The chat page. What people wrote and what the bot says is put on the page as
// text nodes only, never as markup.
(function () {
  'use strict';

  const settings = JSON.parse(document.getElementById('settings').textContent);
  const say = settings.texts;
  const $ = (id) => document.getElementById(id);
  const log = $('log'), scroll = $('scroll'), typing = $('typing'), jump = $('jump');
  const composer = $('composer'), text = $('text'), file = $('file'), offline = $('offline');
  const query = '?lang=' + settings.lang + (settings.embedded ? '&embed=1' : '');
  const api = '/chat/api/';
  const maxKept = 200;            // entries of the talk that a reload keeps
  const answerLimit = 25000;      // ms for an answer, above the server's own limit
  const uploadLimit = 130000;     // ms for a photo
  const longPhoto = 1600;         // pixels; larger photos are made smaller before they are sent

  // ---- the talk, kept for this tab only ----

  const storeKey = 'cchcbot.talk';
  let entries = [];               // {who, id, text, at, buttons, media, state, problem, request}
  let lastSeen = '';              // id of the newest message of the bot
  const files = new Map();        // files under way, by entry id; they do not survive a reload

  function load() {
    try {
      const kept = JSON.parse(sessionStorage.getItem(storeKey) || '{}');
      if (Array.isArray(kept.entries)) entries = kept.entries.filter((e) => e && typeof e.id === 'string');
      if (typeof kept.lastSeen === 'string') lastSeen = kept.lastSeen;
    } catch (e) { /* storage is off or holds nonsense: the talk starts anew */ }
    for (const e of entries) if (e.state === 'sending') fail(e, e.upload ? say.failed_file : say.failed);
  }

  function save() {
    entries = entries.slice(-maxKept);
    try { sessionStorage.setItem(storeKey, JSON.stringify({ entries: entries, lastSeen: lastSeen })); } catch (e) { /* full or off */ }
  }

  function newID() {
    const b = crypto.getRandomValues(new Uint8Array(16));
    return Array.from(b, (x) => x.toString(16).padStart(2, '0')).join('');
  }

  // ---- showing ----

  function el(tag, className, content) {
    const e = document.createElement(tag);
    if (className) e.className = className;
    if (content !== undefined) e.textContent = content;
    return e;
  }

  function webAddress(s) {
    try {
      const u = new URL(s, location.origin);
      return u.protocol === 'https:' || u.protocol === 'http:' ? u.href : '';
    } catch (e) { return ''; }
  }

  function link(a, href) {
    a.href = href;
    a.target = '_blank';
    a.rel = 'noopener noreferrer';
    a.append(el('span', 'vh', ' (' + say.link_note + ')'));
    return a;
  }

  // linkify puts text on the page; what looks like a web address becomes a link.
  function linkify(parent, s) {
    let at = 0;
    for (const found of s.matchAll(/https?:\/\/[^\s<>"'“”]+/g)) {
      const shown = found[0].replace(/[.,;:!?)\]}…]+$/, '');
      const href = webAddress(shown);
      if (!href) continue;
      parent.append(s.slice(at, found.index));
      parent.append(link(el('a', '', shown), href));
      at = found.index + shown.length;
    }
    parent.append(s.slice(at));
  }

  function clock(at) {
    const d = new Date(at), two = (n) => String(n).padStart(2, '0');
    const time = two(d.getHours()) + ':' + two(d.getMinutes());
    return d.toDateString() === new Date().toDateString() ? time : two(d.getDate()) + '/' + two(d.getMonth() + 1) + ' ' + time;
  }

  function attachment(bubble, m, preview) {
    const name = m.alt || m.name || (m.kind === 'photo' ? say.photo : say.file);
    const url = m.url ? webAddress(m.url) : '';
    if (preview || (m.kind === 'photo' && url && new URL(url).origin === location.origin)) {
      const img = el('img');
      img.src = preview || url;
      img.alt = name;
      bubble.append(img);
    } else if (url) {
      const p = el('p');
      p.append(link(el('a', '', name), url));
      bubble.append(p);
    } else {
      bubble.append(el('p', '', name));
    }
  }

  function choices(rows) {
    const box = el('div', 'buttons');
    box.setAttribute('role', 'group');
    box.setAttribute('aria-label', say.choices);
    // The rows are meant for channels of a fixed width: here the choices flow.
    const line = el('div');
    for (const row of rows) {
      for (const b of row) {
        const href = b.url ? webAddress(b.url) : '';
        if (href) {
          line.append(link(el('a', 'choice link', b.title), href));
          continue;
        }
        const button = el('button', 'choice', b.title);
        button.type = 'button';
        button.addEventListener('click', () => {
          if (b.request === 'location') locate();
          else if (b.payload) send({ button: b.payload }, b.title);
        });
        line.append(button);
      }
    }
    box.append(line);
    return box;
  }

  // draw makes the node of an entry, or makes it anew after a change.
  function draw(e) {
    const node = el('div', 'msg ' + e.who);
    node.dataset.id = e.id;
    if (!e.hidden) {
      const bubble = el('div', 'bubble');
      if (e.who !== 'note') bubble.append(el('span', 'vh', e.who === 'me' ? say.me : say.bot));
      for (const m of e.media || []) attachment(bubble, m, files.has(e.id) ? files.get(e.id).preview : '');
      if (e.text) {
        const p = el('p');
        linkify(p, e.text);
        bubble.append(p);
      }
      node.append(bubble);
    }
    if (e.buttons && e.buttons.length) node.append(choices(e.buttons));
    const meta = el('div', 'meta');
    if (e.state === 'failed') {
      meta.append(el('span', 'problem', e.problem || say.failed));
      if (!e.upload || files.has(e.id)) {
        const again = el('button', 'choice', say.retry);
        again.type = 'button';
        again.addEventListener('click', () => retry(e));
        meta.append(again);
      }
    } else if (e.state === 'sending') {
      meta.append(el('span', '', say.sending));
    } else if (e.who !== 'note' && !e.hidden) {
      const t = el('time', '', clock(e.at));
      t.dateTime = new Date(e.at).toISOString();
      meta.append(t);
    }
    if (meta.childNodes.length) node.append(meta);
    if (e.hidden && e.state !== 'failed') node.hidden = true;
    const old = log.querySelector('[data-id="' + CSS.escape(e.id) + '"]');
    if (old) old.replaceWith(node);
    else log.append(node);
    return node;
  }

  function atEnd() { return scroll.scrollHeight - scroll.scrollTop - scroll.clientHeight < 90; }
  function toEnd() { scroll.scrollTop = scroll.scrollHeight; }

  // reveal shows new messages: their end, or their beginning when they are
  // longer than the screen. A reader who has scrolled up is not disturbed.
  function reveal(first, follow) {
    if (!follow) { jump.hidden = false; return; }
    toEnd();
    const above = first.getBoundingClientRect().top - scroll.getBoundingClientRect().top;
    if (above < 0) scroll.scrollTop += above - 12;
  }

  function busy(on) {
    if (typing.hidden === !on) return;
    const follow = atEnd();
    typing.hidden = !on;
    typing.querySelector('span').textContent = on ? say.typing : '';
    if (on && follow) toEnd();
  }

  // receive adds messages of the bot that are not there yet.
  function receive(messages) {
    const follow = atEnd();
    let first = null;
    for (const m of messages) {
      if (!m || typeof m.id !== 'string' || entries.some((e) => e.id === m.id)) continue;
      const e = { who: 'bot', id: m.id, text: String(m.text || ''), at: Date.now(), buttons: m.buttons || [], media: m.media || [] };
      entries.push(e);
      lastSeen = m.id;
      const node = draw(e);
      first = first || node;
    }
    if (!first) return;
    save();
    reveal(first, follow);
  }

  function note(message) {
    const follow = atEnd();
    const node = draw({ who: 'note', id: newID(), text: message, at: Date.now() });
    if (follow) toEnd();
    return node;
  }

  // ---- sending ----

  let line = Promise.resolve();   // messages leave one after the other
  let waiting = 0;

  function send(request, shown, extra) {
    const e = Object.assign({ who: 'me', id: newID(), text: shown, at: Date.now(), state: 'sending', request: request }, extra);
    if (e.file) files.set(e.id, e.file);
    delete e.file;
    entries.push(e);
    save();
    draw(e);
    toEnd();
    jump.hidden = true;
    enqueue(e);
  }

  function enqueue(e) {
    waiting++;
    line = line.then(() => deliver(e)).catch(() => fail(e, say.failed)).then(() => {
      waiting--;
      if (waiting === 0 && !slow) busy(false);
    });
  }

  function retry(e) {
    e.state = 'sending';
    draw(e);
    enqueue(e);
  }

  function fail(e, problem) {
    e.state = 'failed';
    e.problem = problem;
    e.network = problem === say.failed || problem === say.failed_start;
    if (log.isConnected && log.childNodes.length) { draw(e); save(); }
  }

  function body(e) {
    const f = files.get(e.id);
    if (!f) return { headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(Object.assign({ id: e.id, lang: settings.lang }, e.request)) };
    const form = new FormData();
    form.append('id', e.id);
    form.append('lang', settings.lang);
    form.append('file', f.blob, f.name);
    return { body: form };
  }

  let slow = null;                // timer while an answer is late

  async function deliver(e) {
    busy(true);
    const stop = new AbortController();
    const limit = setTimeout(() => stop.abort(), files.has(e.id) ? uploadLimit : answerLimit);
    let response, data;
    try {
      response = await fetch(api + 'messages' + query, Object.assign({ method: 'POST', signal: stop.signal, credentials: 'same-origin' }, body(e)));
      data = await response.json();
    } catch (err) {
      fail(e, e.hidden ? say.failed_start : say.failed);
      return;
    } finally {
      clearTimeout(limit);
    }
    if (!response.ok) {
      fail(e, (data.error && data.error.message) || say.failed);
      return;
    }
    delete e.state;
    delete e.problem;
    delete e.request;
    draw(e);
    receive(data.messages || []);
    save();
    if (data.pending) late();
    if (data.fresh || !stream) listen();
  }

  // late keeps the typing sign for a while when the rest comes by the stream.
  function late() {
    clearTimeout(slow);
    note(say.slow);
    slow = setTimeout(settle, 30000);
  }

  function settle() {
    clearTimeout(slow);
    slow = null;
    if (waiting === 0) busy(false);
  }

  // ---- messages that come later ----

  let stream = null, reopen = null, pause = 3000;

  function listen() {
    if (stream) stream.close();
    clearTimeout(reopen);
    stream = new EventSource(api + 'events' + query + (lastSeen ? '&after=' + encodeURIComponent(lastSeen) : ''));
    stream.addEventListener('open', () => { pause = 3000; });
    stream.addEventListener('message', (ev) => {
      settle();
      try { receive([JSON.parse(ev.data)]); } catch (e) { /* not ours */ }
    });
    stream.addEventListener('typing', () => {
      busy(true);
      clearTimeout(slow);
      slow = setTimeout(settle, 6000);
    });
    stream.addEventListener('bye', () => { stream.close(); stream = null; });
    stream.addEventListener('error', () => {
      if (!stream || stream.readyState !== EventSource.CLOSED) return; // the browser tries again by itself
      stream = null;
      reopen = setTimeout(listen, pause);
      pause = Math.min(pause * 2, 60000);
    });
  }

  document.addEventListener('visibilitychange', () => {
    if (document.visibilityState === 'visible' && !stream && entries.length) listen();
  });

  // ---- place and photo ----

  function locate() {
    if (!navigator.geolocation || !window.isSecureContext) { note(say.place_unsupported); text.focus(); return; }
    const wait = note(say.locating);
    $('place').disabled = true;
    const done = () => { wait.remove(); $('place').disabled = false; };
    navigator.geolocation.getCurrentPosition((p) => {
      done();
      const round = (x) => Math.round(x * 1e5) / 1e5; // about a metre
      send({ place: { lat: round(p.coords.latitude), lon: round(p.coords.longitude) } }, say.my_place);
    }, (err) => {
      done();
      note(err.code === err.PERMISSION_DENIED ? say.place_denied : say.place_unknown);
      text.focus();
    }, { enableHighAccuracy: false, timeout: 15000, maximumAge: 300000 });
  }

  // smaller makes a large photo small enough for a slow line; anything it
  // cannot read goes as it is.
  async function smaller(f) {
    if (!/^image\/(jpeg|png|webp)$/.test(f.type) || f.size < 1 << 20) return f;
    try {
      const picture = await createImageBitmap(f);
      const scale = Math.min(1, longPhoto / Math.max(picture.width, picture.height));
      const canvas = document.createElement('canvas');
      canvas.width = Math.round(picture.width * scale);
      canvas.height = Math.round(picture.height * scale);
      canvas.getContext('2d').drawImage(picture, 0, 0, canvas.width, canvas.height);
      picture.close();
      const out = await new Promise((ok) => canvas.toBlob(ok, 'image/jpeg', 0.85));
      return out && out.size < f.size ? out : f;
    } catch (e) { return f; }
  }

  async function attach(f) {
    const blob = await smaller(f);
    if (blob.size > settings.maxFile) { note(say.file_too_large); return; }
    const photo = blob.type.startsWith('image/');
    const name = f.name || (photo ? say.photo : say.file);
    send(null, '', {
      upload: true, media: [{ kind: photo ? 'photo' : 'document', name: name }],
      file: { blob: blob, name: name, preview: photo ? URL.createObjectURL(blob) : '' },
    });
  }

  // ---- the composer ----

  function grow() {
    text.style.height = 'auto';
    text.style.height = text.scrollHeight + 3 + 'px';
  }

  composer.addEventListener('submit', (ev) => {
    ev.preventDefault();
    const said = text.value.trim();
    if (!said) { text.focus(); return; }
    text.value = '';
    grow();
    send({ text: said }, said);
    text.focus();
  });
  text.addEventListener('input', grow);
  text.addEventListener('paste', (ev) => {
    const pasted = ev.clipboardData ? ev.clipboardData.getData('text').length : 0;
    if (pasted + text.value.length > settings.maxText) note(say.too_long);
  });
  let sent = false;               // Enter has just sent: some keyboards add the line break all the same
  text.addEventListener('keydown', (ev) => {
    // While an input method composes a letter, Enter belongs to it.
    sent = ev.key === 'Enter' && !ev.shiftKey && !ev.isComposing && ev.keyCode !== 229;
    if (!sent) return;
    ev.preventDefault();
    if (!ev.repeat) composer.requestSubmit();
  });
  text.addEventListener('beforeinput', (ev) => {
    if (sent && ev.inputType === 'insertLineBreak') ev.preventDefault();
  });
  text.addEventListener('keyup', () => { sent = false; });
  $('place').addEventListener('click', locate);
  $('photo').addEventListener('click', () => file.click());
  file.addEventListener('change', () => {
    const f = file.files && file.files[0];
    file.value = '';
    if (f) attach(f);
  });
  jump.addEventListener('click', () => { jump.hidden = true; toEnd(); text.focus({ preventScroll: true }); });
  scroll.addEventListener('scroll', () => { if (atEnd()) jump.hidden = true; }, { passive: true });
  if (window.ResizeObserver) {
    let follow = true;
    scroll.addEventListener('scroll', () => { follow = atEnd(); }, { passive: true });
    new ResizeObserver(() => { if (follow) toEnd(); }).observe(scroll); // the keyboard of a phone opens
  }

  // ---- network, clearing, start ----

  function network() {
    offline.hidden = navigator.onLine;
    if (!navigator.onLine) return;
    for (const e of entries) if (e.state === 'failed' && e.network && (!e.upload || files.has(e.id))) retry(e);
  }
  window.addEventListener('online', network);
  window.addEventListener('offline', network);

  $('clear').addEventListener('click', () => $('ask').showModal());
  $('ask').addEventListener('close', () => {
    if ($('ask').returnValue !== 'yes') return;
    $('ask').returnValue = '';
    for (const f of files.values()) if (f.preview) URL.revokeObjectURL(f.preview);
    files.clear();
    entries = [];
    log.replaceChildren();
    jump.hidden = true;
    save();
    start();
    text.focus();
  });

  // start greets: the bot answers an event that the citizen does not see.
  function start() { send({ event: 'start' }, '', { hidden: true }); }

  load();
  log.setAttribute('aria-busy', 'true'); // a kept talk is not read out again
  for (const e of entries) draw(e);
  log.removeAttribute('aria-busy');
  toEnd();
  offline.hidden = navigator.onLine;
  if (entries.length === 0) start();
  else listen();
})();
