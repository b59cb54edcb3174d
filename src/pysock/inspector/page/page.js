"use strict";
// Both panes draw only the rows that are in view, so that long files scroll as easily as short ones.
const ROW = 20, PER_ROW = 16, AHEAD = 10;
const data = JSON.parse(document.getElementById("data").textContent);
const [hex, tree] = ["hex", "tree"].map((id) => document.getElementById(id));
const byId = (id) => document.getElementById(id);
let part, bytes, nodes, leaves, visible, folded, lit = -1, pinned = -1;
let hexRows = new Map(), treeRows = new Map(); // those that are drawn, by their place

function element(kind, className, text) {
  const made = document.createElement(kind);
  made.className = className;
  if (text !== undefined) made.textContent = text;
  return made;
}

function open(index) {
  part = data.parts[index];
  bytes = Uint8Array.from(atob(part.bytes), (c) => c.charCodeAt(0));
  nodes = part.nodes.map(([depth, offset, length, kind, label, value, sure], i) =>
    ({ i, depth, offset, length, end: offset + length, kind: data.kinds[kind], label, value, sure, parent: -1, last: i }));
  const path = [];
  for (const node of nodes) {
    path.length = node.depth;
    node.parent = node.depth ? path[node.depth - 1] : -1;
    path[node.depth] = node.i;
  }
  for (let i = nodes.length - 1; i >= 0; i--)
    if (nodes[i].parent >= 0) nodes[nodes[i].parent].last = Math.max(nodes[nodes[i].parent].last, nodes[i].last);
  leaves = nodes.filter((node) => node.last === node.i && node.length);
  // Parts of strings and class records are there for who wants them; at first they are folded.
  folded = new Set(nodes.filter((node) => node.last > node.i && (node.kind === "string" || node.kind === "class")).map((n) => n.i));
  lit = pinned = -1;
  byId("summary").textContent = part.summary;
  hex.scrollTop = tree.scrollTop = 0;
  unfold();
  hexRows.forEach((row) => row.remove());
  hexRows.clear();
  hex.firstElementChild.style.height = `${Math.ceil(bytes.length / PER_ROW) * ROW + ROW}px`;
  drawHex();
  tell();
}

function unfold() {
  visible = [];
  for (let i = 0; i < nodes.length; i++) {
    visible.push(i);
    if (folded.has(i)) i = nodes[i].last;
  }
  treeRows.forEach((row) => row.remove());
  treeRows.clear();
  tree.firstElementChild.style.height = `${visible.length * ROW}px`;
  drawTree();
}

function leafAt(offset) {
  let low = 0, high = leaves.length - 1;
  while (low <= high) {
    const middle = (low + high) >> 1;
    if (leaves[middle].end <= offset) low = middle + 1;
    else if (leaves[middle].offset > offset) high = middle - 1;
    else return leaves[middle];
  }
  return null;
}

function window_(pane, count) {
  const from = Math.max(0, Math.floor(pane.scrollTop / ROW) - AHEAD);
  return [from, Math.min(count, Math.ceil((pane.scrollTop + pane.clientHeight) / ROW) + AHEAD)];
}

// The rows in view: those already drawn are kept, the others are made.
function rowsInView(pane, drawn, count, make) {
  const [from, to] = window_(pane, count);
  const rows = new Map();
  for (let i = from; i < to; i++) rows.set(i, drawn.get(i) ?? make(i));
  for (const [i, row] of drawn) if (!rows.has(i)) row.remove();
  for (const [i, row] of rows) {
    if (drawn.has(i)) continue;
    row.style.top = `${i * ROW}px`;
    pane.firstElementChild.append(row);
  }
  return rows;
}

function drawHex() {
  const more = bytes.length < part.size;
  hexRows = rowsInView(hex, hexRows, Math.ceil(bytes.length / PER_ROW) + more, hexRow);
  paint();
}

function hexRow(r) {
  if (r * PER_ROW >= bytes.length)
    return element("div", "row meta", `${(part.size - bytes.length).toLocaleString("en")} more bytes are not in this page`);
  const row = element("div", "row");
  row.append(element("span", "at", (r * PER_ROW).toString(16).padStart(8, "0")));
  const letters = [element("span", "gap")];
  for (let i = 0; i < PER_ROW; i++) {
    const offset = r * PER_ROW + i;
    const there = offset < bytes.length;
    const b = element("span", "b", there ? bytes[offset].toString(16).padStart(2, "0") : "");
    if (there) {
      const kind = leafAt(offset)?.kind ?? "unknown";
      const c = element("span", "c", bytes[offset] > 31 && bytes[offset] < 127 ? String.fromCharCode(bytes[offset]) : "·");
      for (const span of [b, c]) {
        span.dataset.o = offset;
        span.style.color = `var(--${kind})`;
      }
      letters.push(c);
    }
    row.append(b);
  }
  row.append(...letters);
  return row;
}

function drawTree() {
  treeRows = rowsInView(tree, treeRows, visible.length, treeRow);
  paint();
}

function treeRow(v) {
  const node = nodes[visible[v]];
  const row = element("div", `row ${node.kind}`);
  row.style.paddingLeft = `${12 + node.depth * 16}px`;
  row.dataset.n = node.i;
  row.setAttribute("role", "treeitem");
  row.setAttribute("aria-level", node.depth + 1);
  const parent = node.last > node.i;
  row.append(element("span", "fold", parent ? (folded.has(node.i) ? "▸" : "▾") : ""));
  const label = element("span", "l", node.label || node.kind);
  label.style.color = `var(--${node.kind})`;
  row.append(label);
  if (node.value !== null) row.append(element("span", "v", node.value));
  row.append(element("span", "meta", `${node.length.toLocaleString("en")} B` + (node.sure < 100 ? ` · ${node.sure} %` : "")));
  return row;
}

// Marks what is lit or pinned among the rows that are drawn.
function paint() {
  const light = nodes[lit], pin = nodes[pinned];
  for (const span of hex.querySelectorAll("[data-o]")) {
    const at = Number(span.dataset.o);
    span.classList.toggle("lit", !!light && at >= light.offset && at < light.end);
    span.classList.toggle("pin", !!pin && at >= pin.offset && at < pin.end);
  }
  for (const row of tree.querySelectorAll("[data-n]")) {
    row.classList.toggle("lit", Number(row.dataset.n) === shown(lit));
    row.classList.toggle("pin", Number(row.dataset.n) === pinned);
  }
}

// The node itself, or the nearest one around it that is not folded away.
function shown(index) {
  for (let i = index < 0 ? -1 : nodes[index].parent; i >= 0; i = nodes[i].parent) if (folded.has(i)) index = i;
  return index;
}

function light(index) {
  if (index === lit) return;
  lit = index;
  paint();
  tell();
}

function pin(index) {
  pinned = lit = index;
  paint();
  tell();
}

function showBytes(node) {
  const top = Math.floor(node.offset / PER_ROW) * ROW;
  if (top < hex.scrollTop || top > hex.scrollTop + hex.clientHeight - 2 * ROW) hex.scrollTop = top - hex.clientHeight / 3;
}

function showNode(index) {
  let opened = false;
  for (let i = nodes[index].parent; i >= 0; i = nodes[i].parent) opened = folded.delete(i) || opened;
  if (opened) unfold();
  const top = visible.indexOf(index) * ROW;
  if (top < tree.scrollTop || top > tree.scrollTop + tree.clientHeight - 2 * ROW) tree.scrollTop = top - tree.clientHeight / 3;
}

function tell() {
  const node = nodes[lit >= 0 ? lit : pinned];
  if (!node) {
    byId("path").textContent = "Point at a node or a byte; click to keep it.";
    byId("values").textContent = "";
    return;
  }
  const path = [];
  for (let each = node; each; each = nodes[each.parent]) path.unshift(each.label || each.kind);
  const where = `0x${node.offset.toString(16)} … 0x${Math.max(node.offset, node.end - 1).toString(16)}, ${node.length.toLocaleString("en")} bytes`;
  byId("path").textContent = `${path.join(" › ")}${node.value === null ? "" : ` = ${node.value}`}   (${where})`;
  const view = new DataView(bytes.buffer), at = node.offset, left = bytes.length - at, said = [];
  for (const [name, size, read] of [
    ["BYTE", 1, "getUint8"], ["WORD", 2, "getUint16"], ["LONG", 4, "getInt32"], ["DWORD", 4, "getUint32"],
    ["FLOAT", 4, "getFloat32"], ["DOUBLE", 8, "getFloat64"], ["LONGLONG", 8, "getBigInt64"],
  ])
    if (left >= size) said.push(`${name} ${typeof view[read](at, true) === "bigint" ? view[read](at, true) : Number(view[read](at, true).toPrecision(9))}`);
  byId("values").textContent = said.length ? `from 0x${at.toString(16)} on it could be:  ${said.join("   ")}` : "";
}

function toggle(index) {
  if (nodes[index].last === index) return;
  if (!folded.delete(index)) folded.add(index);
  unfold();
}

const nodeOf = (event) => Number(event.target.closest("[data-n]")?.dataset.n ?? -1);
const byteOf = (event) => Number(event.target.closest("[data-o]")?.dataset.o ?? -1);

hex.addEventListener("scroll", drawHex);
tree.addEventListener("scroll", drawTree);
addEventListener("resize", () => { drawHex(); drawTree(); });
tree.addEventListener("mouseover", (event) => light(nodeOf(event)));
hex.addEventListener("mouseover", (event) => light(byteOf(event) < 0 ? -1 : leafAt(byteOf(event))?.i ?? -1));
for (const pane of [hex, tree]) pane.addEventListener("mouseleave", () => light(-1));
tree.addEventListener("click", (event) => {
  const index = nodeOf(event);
  if (index < 0) return;
  if (event.target.className === "fold") return toggle(index);
  pin(index);
  showBytes(nodes[index]);
});
hex.addEventListener("click", (event) => {
  const leaf = byteOf(event) < 0 ? null : leafAt(byteOf(event));
  if (!leaf) return;
  showNode(leaf.i);
  pin(leaf.i);
});
tree.addEventListener("keydown", (event) => {
  const at = Math.max(0, visible.indexOf(pinned));
  const next = { ArrowDown: at + (pinned >= 0), ArrowUp: at - 1, Home: 0, End: visible.length - 1 }[event.key];
  if (next !== undefined && visible[next] !== undefined) {
    pin(visible[next]);
    showNode(pinned);
    showBytes(nodes[pinned]);
  } else if (pinned >= 0 && event.key === "ArrowLeft") {
    if (nodes[pinned].last > pinned && !folded.has(pinned)) toggle(pinned);
    else if (nodes[pinned].parent >= 0) pin(nodes[pinned].parent);
  } else if (pinned >= 0 && event.key === "ArrowRight" && folded.has(pinned)) toggle(pinned);
  else return;
  event.preventDefault();
});
byId("search").addEventListener("keydown", (event) => {
  if (event.key !== "Enter") return;
  const wanted = event.target.value.toLowerCase();
  const fits = (node) => `${node.label} ${node.value ?? ""}`.toLowerCase().includes(wanted);
  const found = nodes.find((node) => node.i > pinned && fits(node)) ?? nodes.find(fits);
  event.target.classList.toggle("none", !found);
  if (!found) return;
  showNode(found.i);
  pin(found.i);
  showBytes(found);
});
byId("theme").addEventListener("click", () => {
  const dark = getComputedStyle(document.documentElement).colorScheme === "dark";
  document.documentElement.dataset.theme = dark ? "light" : "dark";
});

byId("name").textContent = data.title;
byId("name").title = data.name;
byId("part").hidden = data.parts.length < 2;
byId("part").append(...data.parts.map((each, i) => Object.assign(element("option", "", each.name), { value: i })));
byId("part").addEventListener("change", (event) => open(Number(event.target.value)));
if (data.parts.length) open(0);
