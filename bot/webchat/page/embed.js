// A button that opens the assistant on another site:
//   <script src="https://…/chat/static/embed.js" data-lang="vi" async></script>
// The site must be listed with the assistant, and its own policy must allow the script and the frame.
(function () {
  'use strict';
  const words = /*WORDS*/{};
  const script = document.currentScript;
  if (!script) return;
  const origin = new URL(script.src).origin;
  const lang = script.dataset.lang === 'en' ? 'en' : 'vi';
  const say = words[lang];
  let frame = null, open = false;

  const button = document.createElement('button');
  button.type = 'button';
  button.textContent = say.open;
  button.setAttribute('aria-expanded', 'false');
  Object.assign(button.style, {
    position: 'fixed', right: '16px', bottom: '16px', zIndex: '2147483000', minHeight: '48px', padding: '10px 20px',
    border: '2px solid #fff', borderRadius: '28px', background: '#0b4f8a', color: '#fff', cursor: 'pointer',
    font: '600 16px/1.4 system-ui, -apple-system, "Segoe UI", Roboto, sans-serif', boxShadow: '0 2px 10px rgba(0,0,0,.35)',
  });

  function build() {
    frame = document.createElement('iframe');
    frame.src = origin + '/chat?embed=1&lang=' + lang;
    frame.title = say.title;
    frame.allow = 'geolocation';
    frame.id = 'cchcbot-frame';
    Object.assign(frame.style, {
      position: 'fixed', zIndex: '2147483000', border: '1px solid #8a949e', background: '#fff',
      right: '16px', bottom: '80px', width: '400px', maxWidth: 'calc(100vw - 32px)',
      height: '640px', maxHeight: 'calc(100vh - 96px)', borderRadius: '14px', boxShadow: '0 6px 28px rgba(0,0,0,.35)',
    });
    document.body.append(frame);
    button.setAttribute('aria-controls', frame.id);
  }

  function toggle() {
    open = !open;
    if (open && !frame) build();
    frame.style.display = open ? 'block' : 'none';
    button.textContent = open ? say.close : say.open;
    button.setAttribute('aria-expanded', String(open));
    if (open) frame.focus();
  }

  button.addEventListener('click', toggle);
  document.addEventListener('keydown', (ev) => {
    if (ev.key === 'Escape' && open) { toggle(); button.focus(); }
  });
  const place = () => document.body.append(button);
  if (document.body) place();
  else document.addEventListener('DOMContentLoaded', place);
})();
