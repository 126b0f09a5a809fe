// Amanah's one script. The console works without it; with it, keys work, parts of a page are answered in place, and opened values are masked again by themselves.
//
//   data-swap="#element"        on a link or form: answered in place of that element
//   data-key="v", "r p"         the stroke, or two, that presses or focuses this; once a page
//   data-again                  on a button: one click only says so, the second counts; two strokes are enough
//   data-confirm="text"         on a button or form: asked before it is sent
//   data-stream="/path"         opens Request.Events of that path, once a page
//   data-on="name"              filled by the event of that name; with data-load="/path" and an id, asked for anew and put in
//                               this element's place, unless the server answers data-stamp with 304: no change
//   data-beat="/path" data-every="10"  a POST at once and every ten seconds while it stands on the
//                               page; answered 205, it ends and the live parts are asked for anew
//   data-since, data-until="time"  counts up from a time, or down to one; data-count="2" before the title: how many wait
//   data-asks="/path"           on a text: in a pause of typing it is asked about there; the answer fills #ID-says
//
// Keys that are taken everywhere: / opens the command line, and so does ?; j and k walk the rows of a table, arrows its boxes to tick, [ and ] turn its
// pages, Escape masks every opened value. An opened value (Masked with Open) masks itself when its seconds are over and when the window loses the focus.
(() => {
  "use strict";
  const doc = document, body = doc.body, $ = (s, e = doc) => e.querySelector(s), $$ = (s, e = doc) => [...e.querySelectorAll(s)];
  const say = (text) => { const live = $("#live"); if (live) { live.textContent = ""; setTimeout(() => { live.textContent = text; }, 50); } };
  const shown = (e) => e.getClientRects().length > 0 && !e.disabled && !e.closest("[aria-busy=true]");
  const typing = (e) => e.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(e.tagName) && !/^(checkbox|radio|button|submit)$/.test(e.type);

  // Opened values: counted down, and masked when time is up, the window loses its focus, the page is hidden, or Escape is pressed. What is gone is gone.
  const mask = (e) => {
    const box = e.closest(".value");
    clearInterval(e.timer);
    e.textContent = e.dataset.mask || "••••";
    e.removeAttribute("data-mask-after");
    if (box) { box.classList.remove("open"); $$("progress, .mark", box).forEach((x) => x.remove()); }
  };
  const maskAll = () => { const open = $$("[data-mask-after]"); open.forEach(mask); if (open.length) say(body.dataset.sayMasked); };
  const countDown = (e) => {
    if (e.timer) return;
    const until = Date.now() + 1000 * (+e.dataset.maskAfter || 20), bar = $("progress", e.closest(".value") || e);
    e.timer = setInterval(() => {
      if (!e.isConnected) { clearInterval(e.timer); return; }
      const left = (until - Date.now()) / 1000;
      if (bar) bar.value = Math.max(0, left);
      if (left <= 0) { mask(e); say(body.dataset.sayMasked); }
    }, 200);
  };
  addEventListener("blur", maskAll);
  addEventListener("pagehide", maskAll);
  doc.addEventListener("visibilitychange", () => { if (doc.hidden) maskAll(); });
  for (const kind of ["copy", "cut", "dragstart", "contextmenu"])
    doc.addEventListener(kind, (ev) => { if (ev.target.closest?.(".value.open") || kind === "copy" && $("[data-mask-after]")) ev.preventDefault(); });

  // Clocks: data-since counts up from a time of the server's, data-until down to one.
  const clocks = () => $$("[data-since], [data-until]").forEach((e) => {
    const span = e.dataset.until ? Date.parse(e.dataset.until) - Date.now() : Date.now() - Date.parse(e.dataset.since), s = Math.max(0, Math.floor(span / 1000)), two = (n) => String(n).padStart(2, "0");
    e.textContent = (s >= 3600 ? Math.floor(s / 3600) + ":" : "") + two(Math.floor(s / 60) % 60) + ":" + two(s % 60);
  });
  setInterval(clocks, 1000);

  // Fragments: an element's answer takes the place of the element that data-swap names.
  const alertBox = (from) => from?.closest("[data-alert]")?.querySelector("[role=alert]") || $("#alert");
  const parse = (html) => { const t = doc.createElement("template"); t.innerHTML = html; return t.content; };
  // What somebody has typed elsewhere in the replaced part stays, and so does the focus.
  const dirty = (e) => e.type === "checkbox" || e.type === "radio" ? e.checked !== e.defaultChecked
    : e.tagName === "SELECT" ? e.selectedIndex >= 0 && !e.options[e.selectedIndex].defaultSelected : e.type !== "hidden" && e.type !== "password" && e.value !== e.defaultValue;
  const put = (target, html, from) => {
    const at = doc.activeElement, inside = target.contains(at), asked = from !== target && (inside || target.contains(from));
    const typed = $$("input[id], textarea[id], select[id]", target).filter((e) => e.form !== from && dirty(e)).map((e) => [e.id, e.value, e.checked]);
    const back = inside && at.form !== from || inside && !asked ? at : null, from_ = back?.selectionStart, to = back?.selectionEnd;
    const content = parse(html), first = content.firstElementChild;
    target.replaceWith(content);
    if (!first?.isConnected) return;
    for (const [id, value, checked] of typed) { const e = doc.getElementById(id); if (e) { e.value = value; e.checked = checked; } }
    wake(first.parentNode);
    const same = back && (back.id && doc.getElementById(back.id) || back.dataset.key && $$("[data-key]").find((e) => e.dataset.key === back.dataset.key) || back.href && $$("a[href]").find((e) => e.href === back.href));
    if (same) { same.focus({ preventScroll: true }); try { same.setSelectionRange(from_, to); } catch { /* no text */ } return; }
    if (!asked) return;
    const f = $("[autofocus]", first) || $("[data-focus]", first);
    if (f) f.focus(); else { first.tabIndex = -1; first.focus({ preventScroll: true }); }
  };
  const wrong = (form, box) => {
    if (!form?.elements) return;
    for (const e of form.elements) e.removeAttribute("aria-invalid");
    $$("[data-field]", box).reverse().forEach((li) => {
      const e = form.elements.namedItem(li.dataset.field), one = e && (e.length && !e.tagName ? e[0] : e);
      if (one) { one.setAttribute("aria-invalid", "true"); one.focus(); const l = one.labels?.[0]; if (l) $("code", li).textContent = l.firstChild.textContent.trim(); }
    });
  };
  // How many acts of the person's own are under way, and how many there were.
  let acting = 0, acts = 0;
  const get = (url, options) => fetch(url, { ...options, headers: { ...options.headers, "Amanah-Fragment": "1", Accept: "text/html" }, credentials: "same-origin" });
  const ask = async (url, options, target, from) => {
    const box = alertBox(from);
    from.setAttribute("aria-busy", "true");
    acting++; acts++;
    try {
      const r = await get(url, options);
      if (r.redirected) { held = []; location.assign(r.url); return; }
      const html = await r.text();
      if (r.ok) { box.replaceChildren(); const t = $(target); if (t) put(t, html, from); else location.reload(); }
      else { held = []; box.replaceChildren(parse(html)); wrong(from.tagName === "FORM" ? from : null, box); box.scrollIntoView({ block: "nearest" }); }
    } catch { held = []; offline(true); } finally { from.removeAttribute("aria-busy"); acting--; replay(); refresh(); }
  };
  // What changed by itself is asked for without anything being busy: the keys go on. An own act goes first, and an answer that one has overtaken is asked for again.
  const due = new Set();
  let asking = false;
  const refresh = async (id) => {
    if (id) due.add(id);
    if (asking || acting || !due.size) return;
    asking = true;
    const [next] = due, target = doc.getElementById(next), before = acts;
    due.delete(next);
    try {
      if (target) {
        const stamp = target.dataset.stamp, r = await get(target.dataset.load, stamp ? { headers: { "If-None-Match": `"${stamp}"` } } : {});
        const html = await r.text();
        if (acts !== before || !target.isConnected) due.add(next);
        else if (r.redirected) location.assign(r.url);
        else if (r.ok) put(target, html, target);
        else if (r.status === 404) location.reload();
        else if (r.status !== 304) alertBox(target).replaceChildren(parse(html));
      }
    } catch { offline(true); }
    asking = false;
    refresh();
  };
  doc.addEventListener("submit", (ev) => {
    const form = ev.target, button = ev.submitter;
    const question = button?.dataset.confirm || form.dataset.confirm;
    if (question && !confirm(question)) { ev.preventDefault(); return; }
    if (button && "again" in button.dataset && sure !== named(button)) { ev.preventDefault(); sure = named(button); hint(body.dataset.sayAgain + ": " + label(button)); return; }
    sure = null; hint("");
    if (form.getAttribute("aria-busy")) { ev.preventDefault(); return; }
    if (!form.dataset.swap) { held = []; return; }
    ev.preventDefault();
    const data = new URLSearchParams(new FormData(form, button));
    if (form.method === "get") { const u = new URL(form.action); u.search = data; ask(u, {}, form.dataset.swap, form); }
    else ask(form.action, { method: "POST", body: data }, form.dataset.swap, form);
  });
  let pause;
  doc.addEventListener("input", ({ target: e }) => {
    if (!e.dataset?.asks) return;
    clearTimeout(pause);
    pause = setTimeout(async () => {
      try { const r = await get(e.dataset.asks, { method: "POST", body: new URLSearchParams({ [e.name]: e.value }) }), t = doc.getElementById(e.id + "-says"); if (r.ok) t?.replaceChildren(parse(await r.text())); } catch { /* asked again at the next stroke */ }
    }, 400);
  });
  doc.addEventListener("click", (ev) => {
    const a = ev.target.closest?.("a[data-swap]");
    if (!a || ev.ctrlKey || ev.metaKey || ev.shiftKey) return;
    ev.preventDefault();
    ask(a.href, {}, a.dataset.swap, a);
  });

  // Live parts: data-stream opens a stream; data-on="name" is filled by the event of that name, or fetches data-load when the event carries nothing.
  const offline = (is) => { const e = $("#offline"); if (e) e.textContent = is ? body.dataset.sayOffline : ""; body.classList.toggle("cut", is); };
  const streams = new Map();
  const listen = (host) => {
    if (streams.has(host.dataset.stream)) return;
    const source = new EventSource(host.dataset.stream), heard = new Set();
    streams.set(host.dataset.stream, source);
    // What happened while the line was cut is asked for when it is back.
    source.onopen = () => { if (source.cut) $$("[data-on][data-load]").forEach((e) => refresh(e.id)); source.cut = false; offline(false); };
    source.onerror = () => { source.cut = true; offline(true); maskAll(); };
    source.addEventListener("gone", () => { source.close(); maskAll(); location.reload(); });
    source.tune = () => $$("[data-on]").forEach((e) => {
      const name = e.dataset.on;
      if (heard.has(name)) return;
      heard.add(name);
      source.addEventListener(name, (ev) => $$(`[data-on="${name}"]`).forEach((target) => {
        if (ev.data) { target.replaceChildren(parse(ev.data)); wake(target); }
        else if (target.dataset.load) refresh(target.id);
      }));
    });
    source.tune();
  };
  addEventListener("pagehide", () => streams.forEach((s) => s.close()));

  // Heartbeat: the person is still at the screen: at once and every data-every seconds, while something on the page asks for it. A page that is no longer the person's (404) goes.
  const beats = new Map();
  const beat = ({ dataset: { beat: path, every } }) => {
    if (beats.has(path)) return;
    const stop = () => { clearInterval(beats.get(path)); beats.delete(path); };
    const send = async () => {
      if (!$$("[data-beat]").some((e) => e.dataset.beat === path)) { stop(); return; }
      try { const r = await fetch(path, { method: "POST", headers: { "Amanah-Fragment": "1", "Amanah-Background": "1" } }); offline(false); if (r.status === 205) { stop(); $$("[data-on][data-load]").forEach((x) => refresh(x.id)); } else if (r.status === 401 || r.status === 404) location.reload(); }
      catch { offline(true); maskAll(); }
    };
    beats.set(path, setInterval(send, 1000 * (+every || 10)));
    send();
  };

  const wake = (root) => {
    $$("[data-mask-after]", root).forEach(countDown);
    $$("[data-stream]", root).forEach(listen);
    $$("[data-beat]", root).forEach(beat);
    streams.forEach((s) => s.tune()); clocks();
    const waiting = +$("[data-count]")?.dataset.count || 0; doc.title = (waiting ? "(" + waiting + ") " : "") + doc.title.replace(/^\(\d+\) /, "");
  };

  // Keys: data-key holds one stroke ("v", "Enter", "=") or two ("r p"). No key works while somebody types, except Escape. What is struck while an answer is
  // under way waits for it, and is forgotten when that answer is a refusal: it was meant for another page. The first of two waits as long as it takes and
  // says for what; a second that belongs to no pair does nothing, least of all what it would do alone.
  let pending = "", held = [], sure = null;
  const named = (e) => e?.dataset.key || e; // what was clicked once: without a key it is the button itself
  const hint = (text) => { const e = $("#strokes"); if (e) e.textContent = text; };
  const waiting = (first) => {
    const seconds = $$("[data-key]").filter((e) => shown(e) && e.dataset.key.startsWith(first + " ")).map((e) => [e.dataset.key.slice(first.length + 1), label(e)]);
    return first + " – " + seconds.map(([key, text]) => seconds.length > 3 ? key : key + ": " + text).join(seconds.length > 3 ? " " : " · ");
  };
  const label = (e) => (e.getAttribute("aria-label") || e.labels?.[0]?.firstChild?.textContent || [...e.childNodes].filter((n) => n.nodeName !== "KBD").map((n) => n.textContent).join(" ")).trim();
  // The command line, opened by / or ?: a strip at the foot, no dialog, that lists what can be done here by key and name. What is typed narrows the list; arrows choose,
  // Enter does the chosen one, as its key would, Escape leaves. What names nothing goes into the page's search.
  const command = () => {
    const make = (tag, attributes, ...inside) => { const e = doc.createElement(tag); for (const k in attributes) e.setAttribute(k, attributes[k]); e.append(...inside); return e; };
    const text = make("input", { type: "text", role: "combobox", "aria-label": body.dataset.sayCommand, placeholder: body.dataset.sayCommand, "aria-expanded": true, "aria-controls": "command", "aria-autocomplete": "list", autocomplete: "off", spellcheck: false });
    const list = make("ul", { id: "command", role: "listbox", "aria-label": body.dataset.sayKeys }), box = make("div", { class: "command" }, text, list), back = doc.activeElement;
    const here = (e) => shown(e) || !e.disabled && e.closest("details:not([open])"), find = $$("input[type=search]").find(here), seen = new Set();
    const all = $$("[data-key]").filter((e) => here(e) && label(e) && !seen.has(e.dataset.key) && seen.add(e.dataset.key));
    let found = [], at = 0;
    const run = (e) => {
      const asked = text.value.trim();
      box.remove(); e?.focus();
      if (e && e === find && asked) { e.value = asked; e.form.requestSubmit(); } else if (e) act(e);
    };
    const mark = () => found.forEach((_, i) => { const li = list.children[i]; li.setAttribute("aria-selected", i === at); if (i === at) { text.setAttribute("aria-activedescendant", li.id); li.scrollIntoView({ block: "nearest" }); } });
    const fill = () => {
      const asked = text.value.trim(), words = asked.toLowerCase().split(/\s+/).filter(Boolean);
      found = all.filter((e) => e.dataset.key === asked || words.every((w) => label(e).toLowerCase().split(/[\s:·/()-]+/).some((x) => x.startsWith(w))));
      if (find && asked && !found.includes(find)) found.push(find);
      at = 0; text.removeAttribute("aria-activedescendant");
      list.replaceChildren(...found.map((e, i) => make("li", { id: "command-" + i, role: "option" }, ...(e.dataset.key?.split(" ") || []).map((k) => make("kbd", {}, k)), label(e) + (e === find && asked ? ": " + asked : ""))));
      mark();
    };
    list.addEventListener("click", (ev) => run(found[[...list.children].indexOf(ev.target.closest("li"))]));
    text.addEventListener("keydown", (ev) => {
      const step = { ArrowDown: 1, ArrowUp: found.length - 1 }[ev.key];
      if (step && found.length) { at = (at + step) % found.length; mark(); }
      else if (ev.key === "Enter" && !ev.isComposing) run(found[at]);
      else if (ev.key === "Escape") { maskAll(); box.remove(); if (back?.isConnected) back.focus(); } else return;
      ev.preventDefault(); ev.stopPropagation();
    });
    text.addEventListener("input", fill); text.addEventListener("blur", () => setTimeout(() => box.remove(), 200));
    body.append(box); fill(); text.focus();
  };
  const rows = (step) => {
    const links = $$("tbody tr").map((tr) => $("a, button, input[type=checkbox]", tr)).filter(Boolean);
    if (!links.length) return false;
    const at = links.findIndex((l) => l.closest("tr").contains(doc.activeElement));
    links[Math.min(links.length - 1, Math.max(0, at + step))].focus();
    return true;
  };
  const boxes = (key, at) => {
    const td = at.type === "checkbox" && at.closest("td"), step = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -1, ArrowDown: 1 }[key];
    if (!td || !step) return false;
    const box = "input[type=checkbox]", all = /Up|Down/.test(key) ? $$("tr", td.closest("table")).map((tr) => tr.cells[td.cellIndex] && $(box, tr.cells[td.cellIndex])).filter(Boolean) : $$(box, td.parentNode);
    all[all.indexOf(at) + step]?.focus();
    return true;
  };
  const act = (e, certain) => {
    const closed = e.closest("details:not([open])"); // a summary opens its own by the click
    if (closed && e.tagName !== "SUMMARY") closed.open = true;
    if (typing(e)) { e.focus(); e.select?.(); } else { sure = certain; e.click(); }
  };
  const press = (key, before) => { // two strokes are sure, and so is one that is struck again
    const e = $$("[data-key]").find((x) => x.dataset.key === key && shown(x));
    if (e) act(e, key.includes(" ") || before === key ? key : null);
    return !!e;
  };
  const strike = (key) => {
    const first = pending, before = sure, stroke = first ? first + " " + key : key, keys = $$("[data-key]");
    pending = ""; sure = null; hint("");
    if (acting && !held.length && keys.some((e) => e.dataset.key === stroke && e.closest("[aria-busy=true]"))) return true; // pressed already
    if (!acting && press(stroke, before)) return true;
    if (keys.some((e) => e.dataset.key.startsWith(stroke + " ") && (acting || shown(e)))) { pending = stroke; hint(waiting(stroke)); return true; }
    if (acting) { if (held.length < 16) held.push(...stroke.split(" ")); return true; }
    if (first) { hint(stroke + ": " + body.dataset.sayBroken); return true; }
    if (stroke === "?" || stroke === "/") { command(); return true; }
    return (stroke === "j" || stroke === "k") && rows(stroke === "j" ? 1 : -1);
  };
  const replay = () => {
    while (held.length && !acting) {
      const key = held.shift(), at = doc.activeElement || body;
      if (!typing(at)) strike(key);
      else if (key.length === 1 && at.setRangeText) at.setRangeText(key, at.selectionStart, at.selectionEnd, "end");
      else held = [];
    }
  };
  doc.addEventListener("keydown", (ev) => {
    if (ev.ctrlKey || ev.metaKey || ev.altKey || ev.isComposing) return;
    const at = doc.activeElement || body;
    if (ev.key === "Escape") { maskAll(); if (typing(at)) at.blur(); pending = ""; sure = null; hint(""); held = []; return; }
    if (typing(at)) return;
    if (boxes(ev.key, at)) { ev.preventDefault(); return; }
    if (ev.key === "Enter" && !pending && at.matches("a, button, summary")) return;
    if (ev.key.length > 1 && ev.key !== "Enter" || ev.repeat && (acting || pending)) return;
    if (strike(ev.key)) ev.preventDefault();
  });

  doc.addEventListener("pointerdown", (ev) => { pending = ""; if (!sure || named(ev.target.closest?.("[data-again]")) !== sure) { sure = null; hint(""); } });

  wake(doc);
})();
