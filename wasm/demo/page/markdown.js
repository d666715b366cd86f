import { element } from "./element.js";

const FENCE = /^( *)(`{3,}(?!.*`)|~{3,}) *(\S*)/;
const HEADING = /^ {0,3}(#{1,6}) +(.*)$/;
const RULE = /^ {0,3}([-*_])( *\1){2,} *$/;
const ITEM = /^[ \t]*([-*+]|\d{1,9}[.)]) +(.*)$/;
/** The start of a list inside a paragraph. A numbered list starts there only with the number 1. */
const FIRST_ITEM = /^[ \t]*([-*+]|1[.)]) +\S/;

/** Maximum nesting of lists; deeper ones are shown as text. */
const DEEPEST = 8;

/** Inline marks. Their limits keep the search for a missing closing mark from reading the whole text. */
const INLINE = new RegExp(
  [
    /\\(?<sign>[\\`*_#[\]])/,
    /(?<ticks>`+)(?!`)(?<code>.{1,3000}?)(?<!`)\k<ticks>(?!`)/,
    /!?\[(?<label>[^\]\n]{1,500})\]\((?<target>https?:\/\/(?:[^\s()]|\([^\s()]*\))+)(?: +"[^"\n]*")?\)/,
    /(?<!\w)(?<bare>https?:\/\/[^\s<>()`]*[^\s<>()`.,:;!?'"*_])/,
    /(?<stars>\*{1,3})(?=[^\s*])(?<starred>.{1,3000}?)(?<=[^\s*])\k<stars>(?!\*)/,
    /(?<!\w)(?<scores>_{1,3})(?=[^\s_])(?<scored>.{1,3000}?)(?<=[^\s_])\k<scores>(?!\w)/,
  ].map(({ source }) => source).join("|"),
  "gs",
);

/** A text in Markdown that grows. It is converted to nodes: HTML in it is text, and links lead only to http(s). */
export class Markdown {
  element = element("div", { class: "text markdown" });
  text = "";
  /** The lines from the first block that can still change, and the number of blocks before it. */
  #open = "";
  #settled = 0;

  add(text) {
    this.text += text;
    const lines = (this.#open + text).split("\n");
    const found = blocks(lines);
    this.element.querySelector("[data-end]")?.removeAttribute("data-end");
    become(this.element, found.map(({ node }) => node), this.#settled);
    endOf(this.element)?.setAttribute("data-end", "");
    // The last line may be incomplete, and may still become part of the block before.
    const settled = Math.max(0, found.length - 2);
    this.#settled += settled;
    this.#open = lines.slice(found[settled]?.start).join("\n");
  }
}

/** The element in which a text ends. */
function endOf(whole) {
  let last = whole.lastElementChild;
  while (last?.lastElementChild && last.matches("div, ul, ol, li, pre")) last = last.lastElementChild;
  return last;
}

/**
 * Replaces the children of an element from an index on. Unchanged children are kept, so a focused button and a
 * selection are kept too.
 */
function become(parent, children, from = 0) {
  const old = [...parent.childNodes].slice(from);
  children.forEach((child, at) => {
    const there = old[at];
    if (!there) parent.append(child);
    else if (there instanceof Text && child instanceof Text && child.data.startsWith(there.data)) there.appendData(child.data.slice(there.length));
    else if (there instanceof Element && there.cloneNode().isEqualNode(child.cloneNode())) become(there, [...child.childNodes]);
    else there.replaceWith(child);
  });
  for (const gone of old.slice(children.length)) gone.remove();
}

// ---- blocks ----------------------------------------------------------------------------------------

/** Returns the blocks of some lines, each with its first line and its node. */
function blocks(lines, depth = 0) {
  const found = [];
  for (let at = 0; at < lines.length; ) {
    if (blank(lines[at])) at++;
    else {
      const { node, end } = block(lines, at, depth);
      found.push({ start: at, node });
      at = end;
    }
  }
  return found;
}

function block(lines, start, depth) {
  const line = lines[start];
  const fence = FENCE.exec(line);
  if (fence) return code(lines, start, fence);
  const heading = HEADING.exec(line);
  // The page itself has the headings of higher levels.
  if (heading) return { node: element(`h${Math.min(6, heading[1].length + 2)}`, {}, ...inline(heading[2].replace(/ #+ *$/, ""))), end: start + 1 };
  if (RULE.test(line)) return { node: element("hr"), end: start + 1 };
  if (ITEM.test(line) && depth < DEEPEST) return list(lines, start, depth);
  let end = start + 1;
  while (end < lines.length && !blank(lines[end]) && ![FENCE, HEADING, RULE, FIRST_ITEM].some((form) => form.test(lines[end]))) end++;
  return { node: element("p", {}, ...inline(lines.slice(start, end).join("\n").trimStart())), end };
}

/** Code between fences, or up to the end if the second fence has not arrived. */
function code(lines, start, [, space, fence, language]) {
  const closing = new RegExp(`^ {0,${space.length + 3}}${fence[0]}{${fence.length},} *$`);
  let end = start + 1;
  while (end < lines.length && !closing.test(lines[end])) end++;
  const text = lines.slice(start + 1, end).map((line) => outdent(line, space.length)).join("\n");
  const button = element("button", { type: "button" }, "Copy");
  const shown = element("pre", {}, element("code", {}, text));
  button.addEventListener("click", () => copy(shown, button));
  return { node: element("div", { class: "code" }, element("div", {}, element("span", {}, language), button), shown), end: end + 1 };
}

async function copy(shown, button) {
  // In browsers that let pages copy only over https, users must copy the text themselves.
  const copied = await navigator.clipboard?.writeText(shown.textContent).then(() => true, () => false);
  if (!copied) getSelection().selectAllChildren(shown);
  button.textContent = copied ? "Copied" : "Selected";
  setTimeout(() => (button.textContent = "Copy"), 2000);
}

function list(lines, start, depth) {
  const margin = indent(lines[start]);
  const ordered = isOrdered(lines[start]);
  const begins = (line) => ITEM.test(line) && isOrdered(line) === ordered && indent(line) < margin + 2 && !RULE.test(line);
  const items = [];
  let column;
  let end = start;
  for (let at = start; at < lines.length; at++) {
    const line = lines[at];
    // Blank lines belong to the block after them.
    if (blank(line)) continue;
    if (begins(line)) {
      const [whole, , words] = ITEM.exec(line);
      column = indent(line) + whole.trimStart().length - words.length;
      items.push([words]);
    } else if (indent(line) >= margin + 2) {
      items.at(-1).push(...Array(at - end).fill(""), outdent(line, column));
    } else break;
    end = at + 1;
  }
  const number = Number.parseInt(lines[start].trimStart(), 10);
  const made = items.map((item) => element("li", {}, ...blocks(item, depth + 1).map(({ node }) => node)));
  return { node: element(ordered ? "ol" : "ul", ordered && number !== 1 ? { start: number } : {}, ...made), end };
}

const blank = (line) => !line.trim();
const isOrdered = (item) => /^\s*\d/.test(item);
const spaced = (line) => line.replace(/^[ \t]+/, (space) => space.replaceAll("\t", "    "));
const indent = (line) => spaced(line).search(/\S|$/);
/** Removes up to this many spaces at the start of a line. */
const outdent = (line, columns) => (columns ? spaced(line).replace(new RegExp(`^ {1,${columns}}`), "") : line);

// ---- lines -----------------------------------------------------------------------------------------

function inline(text, inLink = false) {
  const nodes = [];
  let end = 0;
  for (const found of text.matchAll(INLINE)) {
    nodes.push(text.slice(end, found.index), marked(found.groups, inLink));
    end = found.index + found[0].length;
  }
  return [...nodes, text.slice(end)].filter((node) => node !== "");
}

function marked({ sign, code, label, target, bare, stars, starred, scores, scored }, inLink) {
  if (sign) return sign;
  // One space on each side only separates backticks, so it is removed.
  if (code) return element("code", {}, code.replace(/^ (.*\S.*) $/s, "$1"));
  if (bare && inLink) return bare;
  if (bare) return link(bare, [bare]);
  if (target) return inLink ? label : link(target, inline(label, true));
  const inside = inline(starred ?? scored, inLink);
  const { length } = stars ?? scores;
  if (length === 2) return element("strong", {}, ...inside);
  return element("em", {}, ...(length === 3 ? [element("strong", {}, ...inside)] : inside));
}

const link = (target, inside) => element("a", { href: target, title: target, target: "_blank", rel: "noopener noreferrer" }, ...inside);
