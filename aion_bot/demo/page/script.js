"use strict";
// The page works without this file, with one reload for each step. With it, forms and links do not reload, and the changes
// that the server sends update the page. The server renders everything.

let source = null;
let opener = null;
const quiet = new Map();
let shownFor = location.search;

const kept = () => {
  const active = document.activeElement;
  if (!active?.id) return null;
  return { id: active.id, value: active.value, at: active.selectionStart, log: active.closest(".log")?.id };
};

// Keep the focus and half-typed text in the element of the same id.
const restore = (was) => {
  const now = was && (document.getElementById(was.id) ?? document.getElementById(was.log));
  if (!now || now === document.activeElement) return;
  if (was.value !== undefined && now.type === "text") {
    now.value = was.value;
    now.focus();
    now.setSelectionRange(was.at, was.at);
  } else {
    now.focus({ preventScroll: true });
  }
};

const drawn = (html) => {
  const holder = document.createElement("template");
  holder.innerHTML = html;
  return holder.content.firstElementChild;
};

const replaceMessage = (old, html) => {
  const fresh = drawn(html);
  if (old) {
    const open = [...old.querySelectorAll("details[open]")].map((one) => one.className);
    const asked = old.querySelector(":popover-open")?.id;
    old.replaceWith(fresh);
    if (asked) document.getElementById(asked)?.showPopover();
    for (const name of open) fresh.querySelector(`details.${name}`)?.setAttribute("open", "");
  }
  return fresh;
};

const drawLog = (log, messages) => {
  const atEnd = log.scrollHeight - log.scrollTop - log.clientHeight < 80;
  const known = new Map([...log.children].map((one) => [one.id, one]));
  let before = null;
  for (const [id, html] of messages) {
    const old = known.get(id);
    const now = html === null && old ? old : replaceMessage(old, html ?? "<li></li>");
    known.delete(id);
    const place = before ? before.nextElementSibling : log.firstElementChild;
    if (place !== now) log.insertBefore(now, place);
    before = now;
  }
  for (const gone of known.values()) gone.remove();
  if (atEnd || known.size) log.scrollTop = log.scrollHeight;
  announce(log);
};

// Announce the last message of a log to screen readers once it has stopped growing, not at every edit, and only once.
const announce = (log) => {
  clearTimeout(quiet.get(log)?.timer);
  const timer = setTimeout(() => {
    const last = log.lastElementChild;
    const words = last?.querySelector(".body")?.innerText ?? "";
    const who = last?.querySelector(".by b")?.innerText ?? "";
    const said = `${log.getAttribute("aria-label")}: ${who}: ${words.slice(0, 400)}`;
    if (quiet.get(log).said !== said) document.getElementById(`${log.id}-announcement`).textContent = said;
    quiet.set(log, { said });
  }, 1500);
  quiet.set(log, { timer, said: quiet.get(log)?.said });
};

const draw = ({ pieces, logs }) => {
  const was = kept();
  for (const [id, html] of Object.entries(pieces)) {
    const piece = document.getElementById(id);
    if (piece && piece.innerHTML !== html) piece.innerHTML = html;
  }
  for (const [id, messages] of Object.entries(logs)) drawLog(document.getElementById(id), messages);
  restore(was);
  openForms(was?.id);
};

// A form that a press opened takes the focus and keeps it; Escape presses its Cancel. When it has gone, the focus returns to
// what opened it, or to the composer of its side.
const openForms = (from) => {
  for (const dialog of document.querySelectorAll("dialog[open]:not(:modal)")) {
    dialog.close();
    dialog.showModal();
    opener ??= { id: from, side: dialog.closest(".side").id };
  }
  if (!opener || document.querySelector("dialog[open]")) return;
  (document.getElementById(opener.id) ?? document.getElementById(`${opener.side}-words`))?.focus();
  opener = null;
};

document.addEventListener("cancel", (event) => {
  if (event.target.tagName !== "DIALOG") return;
  event.preventDefault();
  event.target.querySelector("[value=close]").click();
}, true);

const follow = () => {
  source?.close();
  const here = location.search;
  source = new EventSource("events" + here);
  source.onmessage = (event) => {
    draw(JSON.parse(event.data));
    shownFor = here;
  };
  source.onerror = () => {
    document.getElementById("news").firstElementChild.textContent = "The demo does not answer; has it ended?";
  };
};

const go = (address) => {
  if (new URL(address, location).search !== location.search) history.pushState(null, "", address);
  follow();
};

// Apply only what a link or a response changes of the address: the place on the other side may have changed meanwhile.
const moved = (before, after) => {
  const now = new URLSearchParams(location.search);
  for (const [name, value] of after) if ((before.get(name) ?? "") !== value) now.set(name, value);
  return "?" + now;
};

document.addEventListener("click", (event) => {
  const link = event.target.closest("a[href^='?']");
  if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  go(moved(new URLSearchParams(shownFor), new URL(link.href).searchParams));
});

document.addEventListener("submit", async (event) => {
  event.preventDefault();
  const { target: form, submitter } = event;
  const filled = new FormData(form, submitter);
  const chooser = form.querySelector("input[type=file]");
  const fields = chooser?.files.length ? filled : new URLSearchParams([...filled].filter(([name]) => name !== "files"));
  if (chooser && !chooser.files.length && !filled.get("words") && !submitter?.value) return;
  const before = new URLSearchParams(location.search);
  for (const [name, value] of before) fields.set(name, value);
  const typed = form.querySelector(".composer input[type=text]");
  if (typed) typed.value = "";
  if (chooser) choose(chooser, []);
  form.closest("details")?.removeAttribute("open");
  submitter?.closest("[popover]")?.hidePopover();
  const answer = await fetch(form.getAttribute("action"), { method: "POST", body: fields });
  if (answer.ok) go(moved(before, new URL(answer.url).searchParams));
});

// Files: chosen with the button, pasted, or dropped on a side; each can be taken out again before they are sent.
const choose = (chooser, files) => {
  const all = new DataTransfer();
  for (const file of files) all.items.add(file);
  chooser.files = all.files;
  list(chooser);
};

const list = (chooser) => {
  const chosen = chooser.parentElement.querySelector(".chosen");
  chosen.replaceChildren(...[...chooser.files].map((file) => {
    const item = document.createElement("li");
    const remove = document.createElement("button");
    remove.type = "button";
    remove.textContent = "×";
    remove.setAttribute("aria-label", `Remove ${file.name}`);
    remove.addEventListener("click", () => {
      choose(chooser, [...chooser.files].filter((one) => one !== file));
      (chosen.querySelector("button") ?? chooser).focus();
    });
    item.append(file.name, remove);
    return item;
  }));
};

const add = (side, files) => {
  const chooser = side.querySelector("input[type=file]");
  choose(chooser, [...chooser.files, ...files]);
  side.querySelector(".composer input[type=text]").focus();
};

document.addEventListener("change", (event) => {
  if (event.target.type === "file") list(event.target);
});

document.addEventListener("paste", (event) => {
  const side = event.target.closest?.(".side");
  if (side && event.clipboardData.files.length) add(side, event.clipboardData.files);
});

// A file that is dropped beside the sides must not replace the page.
for (const kind of ["dragover", "dragleave", "drop"]) {
  addEventListener(kind, (event) => {
    if (!event.dataTransfer.types.includes("Files")) return;
    event.preventDefault();
    const side = event.target.closest?.(".side");
    for (const one of document.querySelectorAll(".side")) one.classList.toggle("dropping", kind === "dragover" && one === side);
    if (kind === "drop" && side) add(side, event.dataTransfer.files);
  });
}

// A menu closes on Escape, which leads the focus back to it, and on a click elsewhere.
const openMenus = () => document.querySelectorAll("details.trouble[open], details.menu[open]");

document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  for (const menu of openMenus()) {
    const inside = menu.contains(document.activeElement);
    menu.removeAttribute("open");
    if (inside) menu.querySelector("summary").focus();
  }
});

document.addEventListener("click", (event) => {
  for (const menu of openMenus()) if (!menu.contains(event.target)) menu.removeAttribute("open");
});

addEventListener("popstate", follow);
for (const log of document.querySelectorAll(".log")) log.scrollTop = log.scrollHeight;
openForms();
follow();
