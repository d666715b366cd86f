const $ = (id) => document.getElementById(id);

/** The period in milliseconds in which tokens are counted for the figure. */
const WINDOW = 500;

/** The curve weighs tokens up to this many milliseconds before and after a time, less with growing distance. */
const REACH = 350;

/** The live chart of one answer: tokens per second over time, and its figures. */
export class Meter {
  #canvas = $("picture");
  #started = 0;
  #first;
  #ended;
  /** When each piece arrived, in milliseconds since the start, and its approximate number of tokens. */
  #came = [];
  #tokens = 0;

  constructor() {
    // Draws again when the colors or the size change.
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.#draw());
    new ResizeObserver(() => this.#draw()).observe(this.#canvas);
  }

  start() {
    delete $("meter").dataset.unused;
    this.#started = performance.now();
    this.#first = this.#ended = undefined;
    this.#came = [];
    this.#tokens = 0;
    this.#show({ rate: "–", first: "…", time: "…", in: "–", out: "–", reason: "–" });
    const tick = () => {
      if (this.#ended !== undefined) return;
      this.#show({ time: seconds(this.#now()), ...(this.#first === undefined ? {} : { rate: this.#rateAt(this.#now()).toFixed(0), out: `≈ ${this.#tokens}` }) });
      this.#draw();
      requestAnimationFrame(tick);
    };
    tick();
  }

  /** Adds a piece of text. Its number of tokens is not known before the end; four letters are about one token. */
  text(text) {
    const at = this.#now();
    if (this.#first === undefined) {
      this.#first = at;
      this.#show({ first: seconds(at) });
    }
    const tokens = Math.max(1, Math.round(text.length / 4));
    this.#tokens += tokens;
    this.#came.push({ at, tokens });
  }

  /** The answer has ended. */
  end({ usage, reason }) {
    this.#ended = this.#now();
    const out = usage?.output_tokens || this.#tokens;
    const spoke = (this.#ended - (this.#first ?? this.#ended)) / 1000;
    const rate = spoke > 0.05 ? (out / spoke).toFixed(0) : "–";
    const read = usage ? usage.input_tokens + usage.cache_read_input_tokens + usage.cache_creation_input_tokens : undefined;
    const first = this.#first === undefined ? "–" : seconds(this.#first);
    const time = seconds(this.#ended);
    this.#show({ rate, first, time, in: read ?? "–", out: usage ? out : this.#tokens ? `≈ ${out}` : "–", reason });
    this.#canvas.setAttribute("aria-label", `Tokens per second of the last answer: ${rate} on average, the first after ${first}, the last after ${time}`);
    this.#draw();
    return { out, time };
  }

  #now() {
    return performance.now() - this.#started;
  }

  #show(figures) {
    for (const [id, value] of Object.entries(figures)) $(id).textContent = value;
  }

  /** Tokens per second in the window that ends at a time. */
  #rateAt(time) {
    let tokens = 0;
    for (let at = this.#came.length - 1; at >= 0 && this.#came[at].at > time - WINDOW; at--) {
      if (this.#came[at].at <= time) tokens += this.#came[at].tokens;
    }
    return (tokens * 1000) / WINDOW;
  }

  /** Returns the tokens per second around a time, from pieces between the first and the last. */
  #smoothAt(time, last) {
    // Returns the triangle's area from its middle to a distance.
    const area = (distance) => Math.min(distance, REACH) * (1 - Math.min(distance, REACH) / (2 * REACH));
    const whole = area(time - this.#first) + area(last - time);
    let tokens = 0;
    for (const came of this.#came) tokens += came.tokens * Math.max(0, 1 - Math.abs(came.at - time) / REACH);
    return whole < REACH / 4 ? 0 : (tokens * 1000) / whole;
  }

  #draw() {
    const canvas = this.#canvas;
    const { clientWidth: width, clientHeight: height } = canvas;
    const density = devicePixelRatio || 1;
    canvas.width = Math.round(width * density);
    canvas.height = Math.round(height * density);
    const context = canvas.getContext("2d");
    context.scale(density, density);
    const style = getComputedStyle(canvas);
    const colour = (name) => style.getPropertyValue(name).trim();
    const floor = height - 10;
    context.fillStyle = colour("--line");
    context.fillRect(0, floor, width, 1);
    if (!this.#started) return;

    const end = Math.max(2000, this.#ended ?? this.#now());
    const x = (time) => (time / end) * (width - 8) + 4;
    // The rug: a line for every piece.
    context.fillStyle = colour("--accent");
    context.globalAlpha = 0.55;
    for (const { at } of this.#came) context.fillRect(x(at), floor + 3, 1, 5);
    context.globalAlpha = 1;
    if (this.#first === undefined) return;

    const last = this.#ended ?? this.#now();
    const points = [];
    const step = Math.max(20, (end / width) * 2);
    for (let time = this.#first; time < last; time += step) points.push([x(time), this.#smoothAt(time, last)]);
    points.push([x(last), this.#smoothAt(last, last)]);
    const highest = Math.max(10, ...points.map(([, rate]) => rate));
    const y = (rate) => floor - (rate / highest) * (floor - Math.min(34, height / 4));
    context.beginPath();
    for (const [left, rate] of points) context.lineTo(left, y(rate));
    context.strokeStyle = colour("--accent");
    context.lineWidth = 2;
    context.lineJoin = "round";
    context.stroke();
    context.lineTo(x(last), floor);
    context.lineTo(x(this.#first), floor);
    context.globalAlpha = 0.18;
    context.fillStyle = colour("--accent");
    context.fill();
    context.globalAlpha = 1;
    // The time before the first piece.
    context.setLineDash([3, 3]);
    context.lineWidth = 1;
    context.strokeStyle = colour("--soft");
    context.beginPath();
    context.moveTo(x(this.#first), 8);
    context.lineTo(x(this.#first), floor);
    context.stroke();
    context.setLineDash([]);
  }
}

export const seconds = (milliseconds) =>
  milliseconds < 1000 ? `${Math.round(milliseconds)} ms` : `${(milliseconds / 1000).toFixed(1)} s`;
