"use strict";
// A phone for each fake platform. Everything shown is set as text, never as markup.
const titles = { telegram: "Telegram", zalo: "Zalo OA", zalobot: "Zalo Bot", email: "Hộp thư" };
const acts = {
  follow: "Quan tâm", block: "Chặn", unfollow: "Bỏ quan tâm", chatnow: "Nhắn tin", location: "Gửi vị trí", photo: "Gửi ảnh",
  file: "Gửi tệp", sticker: "Nhãn dán", voice: "Tin thoại", contact: "Gửi số điện thoại", withdraw: "Yêu cầu xóa dữ liệu",
  officer: "Cán bộ trả lời", handback: "Cán bộ trả lại bot", later: "Thêm 8 ngày",
};
const every = 700; // milliseconds between two looks
const person = document.getElementById("person");
const phones = new Map();

function make(tag, text, cls) {
  const e = document.createElement(tag);
  if (text) e.textContent = text;
  if (cls) e.className = cls;
  return e;
}

async function call(path, body) {
  const r = await fetch("api/" + path, body && { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) });
  const v = await r.json();
  if (!r.ok) throw new Error(v.error || r.status);
  return v;
}

class Phone {
  constructor(name, can) {
    this.name = name;
    this.last = "";
    this.node = document.getElementById("phone").content.firstElementChild.cloneNode(true);
    this.node.id = "phone-" + name;
    this.node.querySelector("h2").textContent = titles[name] || name;
    this.chat = this.node.querySelector(".chat");
    const text = this.node.querySelector("textarea");
    const form = this.node.querySelector("form");
    form.addEventListener("submit", (e) => {
      e.preventDefault();
      if (!text.value.trim()) return;
      this.send({ text: text.value.trim() });
      text.value = "";
    });
    text.addEventListener("keydown", (e) => {
      if (e.key === "Enter" && !e.shiftKey && !e.isComposing) { e.preventDefault(); form.requestSubmit(); }
    });
    if (name === "email") { form.hidden = true; this.node.querySelector("details").hidden = true; } // it is only read
    for (const a of can) {
      const b = make("button", acts[a] || a);
      b.type = "button";
      b.addEventListener("click", () => this.send({ do: a }));
      this.node.querySelector(".acts").append(b);
    }
  }
  async send(what) {
    const error = this.node.querySelector(".error");
    error.hidden = true;
    try {
      this.show(await call("chat", { platform: this.name, person: person.value.trim() || "Lan", ...what }));
    } catch (e) {
      error.textContent = e.message;
      error.hidden = false;
    }
  }
  async look() {
    try {
      this.show(await call("chat?platform=" + this.name + "&person=" + encodeURIComponent(person.value.trim() || "Lan")));
    } catch { /* the next look tells */ }
  }
  show(v) {
    const now = JSON.stringify(v);
    if (now === this.last) return;
    this.last = now;
    const note = this.node.querySelector(".note");
    note.textContent = v.note || "";
    note.hidden = !v.note;
    this.chat.replaceChildren(...v.bubbles.map((b) => this.bubble(b)));
    this.chat.scrollTop = this.chat.scrollHeight;
  }
  bubble(b) {
    const m = make("div", "", "msg" + (b.mine ? " mine" : ""));
    if (b.by) m.append(make("span", b.by === "officer" ? "Cán bộ" : b.by, "by"));
    const media = (b.media || []).map((x) => "[" + (acts[x] || x) + "]").join(" ");
    m.append(make("div", [media, b.text].filter(Boolean).join("\n"), "bubble" + (media && !b.text ? " media" : "")));
    if (b.buttons && b.buttons.length) {
      const rows = make("div", "", "rows");
      for (const row of b.buttons) {
        const line = make("div");
        for (const k of row) line.append(this.button(k));
        rows.append(line);
      }
      m.append(rows);
    }
    return m;
  }
  button(k) {
    if (k.url && /^(https?|tel|sms):/.test(k.url)) {
      const a = make("a", k.title);
      a.href = k.url;
      a.rel = "noreferrer";
      a.target = "_blank";
      return a;
    }
    const b = make("button", k.title);
    b.type = "button";
    b.disabled = !k.id;
    b.addEventListener("click", () => this.send({ press: k.id, title: k.title }));
    return b;
  }
}

function choose(name) {
  for (const [n, p] of phones) {
    p.node.hidden = n !== name;
    document.getElementById("tab-" + n).setAttribute("aria-selected", String(n === name));
  }
  history.replaceState(null, "", "#" + name);
}

async function start() {
  const tabs = document.getElementById("tabs");
  for (const p of await call("platforms")) {
    const phone = new Phone(p.name, p.actions);
    phones.set(p.name, phone);
    document.getElementById("phones").append(phone.node);
    const tab = make("button", titles[p.name] || p.name);
    tab.type = "button";
    tab.id = "tab-" + p.name;
    tab.setAttribute("role", "tab");
    tab.setAttribute("aria-controls", phone.node.id);
    tab.addEventListener("click", () => choose(p.name));
    tabs.append(tab);
  }
  const wanted = location.hash.slice(1);
  choose(phones.has(wanted) ? wanted : phones.keys().next().value);
  person.addEventListener("change", () => phones.forEach((p) => { p.last = ""; p.look(); }));
  const round = async () => {
    if (!document.hidden) await Promise.all([...phones.values()].map((p) => p.look()));
    setTimeout(round, every);
  };
  round();
}
start();
