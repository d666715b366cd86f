import { element } from "./element.js";
import { url } from "./images.js";
import { Markdown } from "./markdown.js";
import { seconds } from "./meter.js";

/** Shows the message of the user. */
export function question(text, images) {
  const made = element("article", { class: "message mine", "aria-label": "You" });
  if (images.length) {
    const pictures = images.map((image) => element("img", { src: url(image), alt: image.name }));
    made.append(element("div", { class: "pictures" }, ...pictures));
  }
  if (text) made.append(element("div", { class: "text" }, text));
  return made;
}

/** Marks a question as no longer part of the conversation. */
export function leaveOut(question) {
  question.classList.add("out");
  question.append(element("p", { class: "note" }, "left out of the conversation, as it has no answer"));
}

/** The answer of the model, shown while it arrives. */
export class Reply {
  #said = new Markdown();
  #thinking;
  #began;

  constructor() {
    this.element = element("article", { class: "message live", "aria-label": "Answer" }, this.#said.element);
  }

  get text() {
    return this.#said.text;
  }

  add(text) {
    this.#thought();
    this.#said.add(text);
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

  /** Shows a tool call or another block that the page cannot show otherwise. */
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
    if (!this.text) this.#said.element.remove();
    this.element.append(element("p", { class: "note" }, note));
  }

  fail(message, again) {
    const button = element("button", { type: "button" }, "Try again");
    button.addEventListener("click", again);
    this.element.append(element("div", { class: "failed", role: "alert" }, element("p", {}, message), button));
  }
}
