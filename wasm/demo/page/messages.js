import { url } from "./images.js";
import { seconds } from "./meter.js";

/** An element with attributes and children. Text is never read as HTML. */
export function element(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...children);
  return made;
}

/** What the user said. */
export function question(text, images) {
  const made = element("article", { class: "message mine", "aria-label": "You" });
  if (images.length) {
    const pictures = images.map((image) => element("img", { src: url(image), alt: image.name }));
    made.append(element("div", { class: "pictures" }, ...pictures));
  }
  if (text) made.append(element("div", { class: "text" }, text));
  return made;
}

/** What the model says, as it comes. */
export class Reply {
  #node = document.createTextNode("");
  #text = element("div", { class: "text" }, this.#node);
  #thinking;
  #began;

  constructor() {
    this.element = element("article", { class: "message live", "aria-label": "Answer" }, this.#text);
  }

  get text() {
    return this.#node.data;
  }

  add(text) {
    this.#thought();
    this.#node.appendData(text);
  }

  think(text) {
    if (!this.#thinking) {
      this.#began = performance.now();
      const words = element("div", { class: "text" });
      this.#thinking = { words, summary: element("summary", {}, "Thinking …"), open: true };
      this.element.prepend(element("details", { class: "thinking" }, this.#thinking.summary, words));
    }
    this.#thinking.words.append(text);
  }

  /** A tool call or another block that the page has no form for. */
  other(block) {
    this.element.append(element("p", { class: "note" }, `[${block.type}${block.name ? ` ${block.name}` : ""}]`));
  }

  #thought() {
    if (!this.#thinking?.open) return;
    this.#thinking.open = false;
    this.#thinking.summary.textContent = `Thought for ${seconds(performance.now() - this.#began)}`;
  }

  end(note) {
    this.#thought();
    this.element.classList.remove("live");
    if (!this.text) this.#text.remove();
    this.element.append(element("p", { class: "note" }, note));
  }

  fail(message, again) {
    const button = element("button", { type: "button" }, "Try again");
    button.addEventListener("click", again);
    this.element.append(element("div", { class: "failed", role: "alert" }, element("p", {}, message), button));
  }
}
