// The back office's own behaviour. Everything here is an addition: links and forms work without it.

const toasts = document.getElementById("toasts");

function dismissLater(toast) {
  if (toast.dataset.level !== "error") setTimeout(() => toast.remove(), 7000);
}

function showToast(level, text) {
  const toast = document.createElement("div");
  toast.className = "cx-toast";
  toast.dataset.level = level;
  const words = document.createElement("span");
  words.textContent = text;
  const close = document.createElement("button");
  close.className = "btn-close";
  close.type = "button";
  close.ariaLabel = toasts.dataset.close;
  toast.append(words, close);
  toasts.append(toast);
  dismissLater(toast);
}

toasts.querySelectorAll(".cx-toast").forEach(dismissLater);
toasts.addEventListener("click", (event) => {
  if (event.target.closest(".btn-close")) event.target.closest(".cx-toast").remove();
});

// On a phone a row of tabs is longer than the screen: where one is stays in sight.
for (const tab of document.querySelectorAll(".cx-tabs [aria-current]")) {
  const row = tab.closest(".cx-tabs");
  row.scrollLeft = tab.offsetLeft - row.offsetLeft - (row.clientWidth - tab.offsetWidth) / 2;
}

// Messages of a fragment arrive in its HX-Trigger header (core.middleware.FragmentMessagesMiddleware).
document.addEventListener("toasts", (event) => {
  for (const message of event.detail.value) showToast(message.level, message.text);
});

// A fragment that could not be fetched says so instead of doing nothing.
document.addEventListener("htmx:sendError", () => showToast("error", toasts.dataset.offline));
document.addEventListener("htmx:responseError", () => showToast("error", toasts.dataset.failed));

// Empty fields stay out of the address; of several of one name those that are filled in stay.
function dropEmpty(data) {
  for (const name of new Set(data.keys())) {
    const filled = data.getAll(name).filter((value) => value !== "");
    data.delete(name);
    for (const value of filled) data.append(name, value);
  }
}
document.addEventListener("htmx:configRequest", (event) => {
  if (event.detail.verb === "get") dropEmpty(event.detail.formData);
});
// Where the fields of a row belong together, <form data-keeps-empty> keeps them in step.
document.addEventListener("formdata", (event) => {
  if (event.target.method === "get" && !event.target.matches("[data-keeps-empty]")) dropEmpty(event.formData);
});

// The appearance changes at once; the form stores the choice behind it.
document.addEventListener("submit", (event) => {
  const form = event.target.closest("[data-theme-switch]");
  if (!form) return;
  event.preventDefault();
  const theme = event.submitter.value;
  document.dispatchEvent(new CustomEvent("cx:theme-choice", { detail: theme }));
  for (const button of form.querySelectorAll("[aria-pressed]")) button.ariaPressed = String(button === event.submitter);
  fetch(form.action, { method: "POST", body: new FormData(form, event.submitter), redirect: "manual" });
});

// A form that is on its way is not sent again by a second click; one that is still there after a while may be.
const sent = new WeakSet();
document.addEventListener("submit", (event) => {
  const form = event.target;
  if (event.defaultPrevented || form.method !== "post") return;
  if (sent.has(form)) event.preventDefault();
  sent.add(form);
  setTimeout(() => sent.delete(form), 5000);
});

// Print buttons: <button data-print>.
document.addEventListener("click", (event) => {
  if (event.target.closest("[data-print]")) window.print();
});

// Copy buttons: <button data-copy="#id">.
document.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-copy]");
  if (!button) return;
  const source = document.querySelector(button.dataset.copy);
  await navigator.clipboard.writeText(source.value ?? source.textContent);
  showToast("success", button.dataset.copied);
});

// "/" puts the cursor into the search of the page.
document.addEventListener("keydown", (event) => {
  const typing = event.target.closest("input, textarea, select, [contenteditable]");
  const search = document.querySelector("main input[type=search]");
  if (event.key === "/" && !typing && search) {
    event.preventDefault();
    search.focus();
  }
});

// <select data-submit-on-change> needs no button.
document.addEventListener("change", (event) => {
  if (event.target.matches("[data-submit-on-change]")) event.target.form.requestSubmit();
});

// A picture that the shop does not serve any more leaves no broken frame.
const hide = (image) => image.classList.add("cx-broken");
document.addEventListener("error", (event) => event.target.matches?.("img") && hide(event.target), true);
document.querySelectorAll("img").forEach((image) => image.complete && !image.naturalWidth && image.loading !== "lazy" && hide(image));

// <button data-toggles="#id"> shows and hides a part.
document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-toggles]");
  if (button) button.ariaExpanded = String(document.querySelector(button.dataset.toggles).classList.toggle("is-open"));
});

// A live table keeps its newest rows: <tbody data-keep="300">.
document.addEventListener("htmx:afterSettle", () => {
  for (const body of document.querySelectorAll("[data-keep]")) {
    while (body.rows.length > body.dataset.keep) body.deleteRow(-1);
  }
});

// What is fetched into <div popover data-opens> is shown.
document.addEventListener("htmx:afterSwap", (event) => {
  if (event.target.matches("[popover][data-opens]")) event.target.showPopover();
});

// <div data-tokens>: what is typed or picked in its text field becomes a ticked box of its own.
function addToken(field) {
  const value = field.value.trim();
  if (!value) return;
  const holder = field.closest("[data-tokens]");
  const there = [...holder.querySelectorAll("input[type=checkbox]")].find((box) => box.value === value);
  if (there) there.checked = true;
  else {
    const token = document.createElement("label");
    token.className = "cx-token";
    const box = Object.assign(document.createElement("input"), { type: "checkbox", name: field.name, value, checked: true });
    box.className = "form-check-input";
    const option = [...(field.list?.options ?? [])].find((one) => one.value === value);
    const words = document.createElement("span");
    words.textContent = option?.textContent || value;
    token.append(box, words);
    field.before(token);
  }
  field.value = "";
}
document.addEventListener("keydown", (event) => {
  const field = event.target.closest("[data-tokens] input[type=text]");
  if (!field || event.key !== "Enter") return;
  event.preventDefault();
  addToken(field);
  field.dispatchEvent(new Event("change", { bubbles: true }));
});
document.addEventListener("change", (event) => {
  if (event.target.matches("[data-tokens] input[type=text]")) addToken(event.target);
});

// When a row with the focus went away, the focus goes to where the next one is added.
document.addEventListener("htmx:afterSettle", (event) => {
  if (document.activeElement === document.body) event.target.querySelector?.("[data-focus-after]")?.focus();
});

// <input data-slug-of="id_name"> shows the key that would be made from the name, unless another is typed.
const spelled = { ä: "ae", ö: "oe", ü: "ue", ß: "ss" };
document.addEventListener("input", (event) => {
  const key = event.target.id && document.querySelector(`[data-slug-of="${event.target.id}"]`);
  if (!key) return;
  const plain = event.target.value.toLowerCase().replace(/[äöüß]/g, (letter) => spelled[letter]).normalize("NFKD");
  key.placeholder = plain.replace(/[^a-z0-9\s_-]/g, "").replace(/[\s_-]+/g, "-").replace(/^-|-$/g, "");
});
