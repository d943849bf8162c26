// Elements, always with text and never with markup.

function el(tag, attributes, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes || {})) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else if (name === "colour") node.style.background = value;
    else node.setAttribute(name, value === true ? "" : value);
  }
  return filled(node, ...children);
}

// Children that are null or undefined are left out; the DOM itself would write the word.
function filled(node, ...children) {
  node.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined));
  return node;
}

// What others have named: on one line, hidden characters spelled out, long ones cut.
function named(text, limit = 80) {
  const whole = plain(text);
  return el("span", {class: "name", title: whole.length > limit ? clip(whole, 1000) : null}, clip(whole, limit));
}

function plain(text) {
  return String(text).replace(/[\u0000-\u001f\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/g,
    (mark) => "\\u" + mark.charCodeAt(0).toString(16).padStart(4, "0"));
}

const lines = (text) => text.split("\n").map(plain).join("\n");

function clip(text, limit) {
  if (text.length <= limit) return text;
  const head = Math.floor((limit - 1) * 2 / 3);
  return text.slice(0, head) + "\u2026" + text.slice(text.length - (limit - 1 - head));
}

// columns: [title, "text" | "number" | "mark"] or null, rows of text, numbers made into text, or nodes.
function table(columns, rows, classes) {
  const kind = (index) => (columns && columns[index][1] !== "text" ? columns[index][1] : null);
  return el("div", {class: "wide"}, el("table", {class: "data"},
    columns && el("thead", {}, el("tr", {}, columns.map(([title], index) => el("th", {scope: "col", class: kind(index)}, title)))),
    el("tbody", {}, rows.map((row, at) => el("tr", {class: classes ? classes[at] : null},
      row.map((cell, index) => el("td", {class: kind(index)}, cell)))))));
}

// A table that is made when somebody opens it.
function folded(title, make) {
  const node = el("details", {}, el("summary", {}, title));
  node.addEventListener("toggle", () => { if (node.open && node.children.length === 1) node.append(make()); });
  return node;
}

const sections = [];

function section(id, title, note, ...children) {
  const node = el("section", {id: id, "aria-labelledby": id + "-title"},
    el("h2", {id: id + "-title"}, title), note ? el("p", {class: "note"}, note) : null, children);
  sections.push([id, title]);
  return node;
}

function download(name, type, text) {
  const url = URL.createObjectURL(new Blob([text], {type: type}));
  const link = el("a", {href: url, download: name});
  document.body.append(link);
  link.click();
  link.remove();
  setTimeout(() => URL.revokeObjectURL(url), 1000);
}
