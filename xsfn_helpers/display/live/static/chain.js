// The access chain: boxes and links in two accounts, lines between them, and the decision of the link in view.

const SVG = "http://www.w3.org/2000/svg";
const PACE = 260; // milliseconds at each link of a run, so that eyes can follow
const RADIUS = 7;
const SOON = 1500; // how long a change stays highlighted

function svg(tag, attributes) {
  const element = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  return element;
}

function render({ model, el }) {
  speak({ model, el });
  const view = new Chain(model, el);
  return () => view.close();
}

class Chain {
  constructor(model, el) {
    this.model = model;
    this.chips = new Map();
    this.boxes = new Map();
    this.lines = new Map();
    this.shown = { kind: "", id: "" }; // what the panel tells of
    this.held = false; // opened by Enter or a click, rather than by pointing
    this.trail = { run: "", done: 0, timer: 0 };
    this.before = null;
    this.build(el);
    this.changed = () => this.update();
    model.on("change:state", this.changed);
    this.watcher = new ResizeObserver(() => this.draw());
    this.watcher.observe(this.map);
    this.update();
  }

  get state() {
    return this.model.get("state");
  }

  close() {
    clearTimeout(this.trail.timer);
    this.model.off("change:state", this.changed);
    this.watcher.disconnect();
  }

  build(el) {
    const id = `xsfn-${this.model.model_id ?? Math.random().toString(36).slice(2)}`.replace(/\W/g, "-");
    this.panelId = `${id}-${Math.random().toString(36).slice(2)}`;
    this.title = h("span", { class: "xsfn-title" });
    this.said = h("span", { class: "xsfn-said" });
    this.fault = h("p", { class: "xsfn-fault", role: "alert", hidden: true });
    this.news = announcer();
    this.paper = svg("svg", { class: "xsfn-lines", "aria-hidden": "true", focusable: "false" });
    this.map = h("div", { class: "xsfn-map" }, this.paper);
    this.panel = h("section", { class: "xsfn-panel", id: this.panelId, tabindex: "-1", "aria-label": tr("Decision") });
    const again = h("button", { class: "xsfn-plain", type: "button", title: tr("Read both accounts again") }, tr("Read again"));
    again.addEventListener("click", () => this.model.send({ do: "refresh" }));
    this.legend = h("p", { class: "xsfn-legend" });
    this.root = h(
      "section",
      { class: "xsfn-live xsfn-chain" },
      h("header", {}, this.title, this.said, again),
      this.fault,
      this.map,
      this.legend,
      this.panel,
      this.news,
    );
    this.root.addEventListener("keydown", (event) => this.key(event));
    el.append(this.root);
    this.makeParts();
  }

  /** Frames, boxes and links; made once, then only changed. Links come first in the order of Tab, then roles. */
  makeParts() {
    const state = this.state;
    for (const account of state.accounts) {
      this.map.append(
        h("div", { class: `xsfn-account xsfn-at-${account.side}`, "aria-hidden": "true" }),
        h("div", { class: `xsfn-owner xsfn-at-${account.side}-owner` }, ...breakable(account.title)),
      );
    }
    const service = h("div", { class: "xsfn-box xsfn-service xsfn-at-step-functions" }, h("b", {}, "Step Functions"), h("small", {}, tr("AWS service")));
    this.boxes.set("step-functions", { element: service });
    this.map.append(service);
    const boxes = state.accounts.flatMap((account) => account.boxes);
    for (const box of boxes.filter((one) => !one.is_role)) this.makeBox(box);
    for (const link of state.links) this.makeChip(link);
    for (const box of boxes.filter((one) => one.is_role)) this.makeBox(box);
  }

  makeBox(box) {
    const tag = h("span", { class: "xsfn-tag" });
    const kind = box.is_role ? "xsfn-role" : "xsfn-machine";
    const element = h(
      box.is_role ? "button" : "div",
      { class: `xsfn-box ${kind} xsfn-at-${box.id}`, type: box.is_role && "button", "data-box": box.id },
      h("b", {}, ...breakable(box.title)),
      h("small", {}, ...breakable(box.name)),
      tag,
    );
    if (box.is_role) {
      set(element, "aria-controls", this.panelId);
      set(element, "aria-expanded", "false");
      element.addEventListener("click", () => this.open("role", box.id));
    }
    this.boxes.set(box.id, { element, tag });
    this.map.append(element);
  }

  makeChip(link) {
    const number = String(link.number);
    const word = h("span", { class: "xsfn-word" });
    const now = h("span", { class: "xsfn-now" });
    const element = h(
      "button",
      { class: `xsfn-chip xsfn-at-link-${number}`, type: "button", "data-link": number, "aria-controls": this.panelId, "aria-expanded": "false" },
      // The blanks aren't seen; they keep the words apart for whoever reads them in a row.
      h("span", { class: "xsfn-number", "aria-hidden": "true" }, number),
      " ",
      h("span", { class: "xsfn-what" }, h("b", {}, ...action(link.action)), " ", link.extra && h("small", {}, link.extra), " ", h("span", { class: "xsfn-states" }, word, " ", now)),
    );
    element.addEventListener("click", () => this.open("link", number));
    for (const signal of ["mouseenter", "focus"]) element.addEventListener(signal, () => this.glance(number));
    this.chips.set(number, { element, word, now });
    this.map.append(element);
    const from = svg("path", { class: "xsfn-line" });
    const to = svg("path", { class: "xsfn-line" });
    const head = svg("path", { class: "xsfn-head" });
    this.paper.append(from, to, head);
    this.lines.set(number, { from, to, head });
  }

  // -- what changes -----------------------------------------------------------------------------------------------

  update() {
    const state = this.state;
    set(this.root, "aria-label", state.title);
    say(this.title, state.title);
    say(this.legend, tr("{legend}. Thin lines: a state machine runs as its role, and starts its execution.", state));
    this.fault.hidden = !state.fault;
    say(this.fault, state.fault);
    const told = [];
    for (const link of state.links) this.updateChip(link, told);
    for (const box of state.accounts.flatMap((account) => account.boxes)) this.updateBox(box, told);
    this.before = state;
    this.follow(told);
    this.updatePanel();
    this.draw();
    if (told.length) say(this.news, told.map((line) => tr("{line}.", { line })).join(" "));
  }

  updateChip(link, told) {
    const number = String(link.number);
    const { element, word } = this.chips.get(number);
    const before = this.before?.links.find((one) => one.number === link.number);
    if (before && before.state !== link.state) {
      told.push(tr("Link {number} is now {word}", link));
      set(element, "data-changed", "");
      setTimeout(() => element.removeAttribute("data-changed"), SOON);
    }
    set(element, "data-state", link.state);
    say(word, link.word);
    for (const part of Object.values(this.lines.get(number))) set(part, "data-state", link.state);
  }

  updateBox(box, told) {
    const { element, tag } = this.boxes.get(box.id);
    const before = this.before?.accounts.flatMap((account) => account.boxes).find((one) => one.id === box.id);
    if (before && before.made !== box.made) told.push(box.made ? tr("{title} is made", box) : tr("{title} is gone", box));
    set(element, "data-made", box.made);
    if (!this.state.run || !["operator-state-machine", "subject-execution"].includes(box.id)) say(tag, box.made ? "" : tr("not made yet"));
  }

  // -- a run: one link after the other, no faster than eyes can follow --------------------------------------------

  follow(told) {
    const run = this.state.run;
    if (!run) {
      clearTimeout(this.trail.timer);
      this.trail = { run: "", done: 0, timer: 0 };
      this.mark(null);
      return;
    }
    if (run.run !== this.trail.run) {
      clearTimeout(this.trail.timer);
      this.trail = { run: run.run, done: 0, timer: 0 };
      told.push(tr("A run has begun"));
    }
    if (!this.trail.timer) this.step();
  }

  step() {
    const run = this.state.run;
    if (!run) return;
    this.trail.timer = 0;
    const calm = matchMedia("(prefers-reduced-motion: reduce)").matches;
    if (calm) this.trail.done = run.steps.length;
    if (this.trail.done < run.steps.length) {
      this.trail.done += 1;
      this.trail.timer = setTimeout(() => this.step(), PACE);
    }
    this.mark(run);
  }

  /** Marks the links as far as the run is told. */
  mark(run) {
    const told = run ? run.steps.slice(0, this.trail.done) : [];
    const caughtUp = run && this.trail.done === run.steps.length && !this.trail.timer;
    const last = told.at(-1);
    const active = !run ? 0 : caughtUp ? run.at : last?.link;
    for (const [number, { element, word, now }] of this.chips) {
      const own = told.filter((step) => String(step.link) === number);
      const broken = own.some((step) => step.broken);
      const phase = broken ? "broke" : String(active) === number ? "now" : own.length ? "passed" : "";
      set(element, "data-run", phase);
      say(now, { now: tr("▶ now"), passed: tr("● passed"), broke: tr("■ the run broke here") }[phase] ?? "");
      const link = this.state.links.find((one) => String(one.number) === number);
      // What is seen comes first and in its order: whoever speaks to the page says what they see.
      const seen = [link.action, link.extra, word.textContent, now.textContent].filter(Boolean).join(" ");
      set(element, "aria-label", tr("Link {number} {seen}. {asker_title} asks for it on {target_title}. {outcome}", { ...link, seen }));
      for (const part of Object.values(this.lines.get(number))) set(part, "data-run", phase);
    }
    this.tag("operator-state-machine", run, caughtUp ? run?.operator : run && "RUNNING");
    this.tag("subject-execution", run, caughtUp ? run?.subject : told.some((step) => [6, 3].includes(step.link)) ? "RUNNING" : "");
    say(this.said, run && !caughtUp ? (run.ended ? tr("The run, step by step") : tr("A run goes on")) : this.state.said);
    if (caughtUp && run.ended && this.ended !== run.run) {
      this.ended = run.run;
      say(this.news, tr("{line}.", { line: this.state.said }));
    }
  }

  tag(box, run, status) {
    const { element, tag } = this.boxes.get(box);
    set(element, "data-status", (run && status) || "");
    if (!run) return;
    say(tag, { RUNNING: "▶ RUNNING", SUCCEEDED: "✓ SUCCEEDED", FAILED: "✗ FAILED", ABORTED: "■ ABORTED", TIMED_OUT: "✗ TIMED_OUT" }[status] ?? "");
  }

  // -- the panel --------------------------------------------------------------------------------------------------

  /** Pointing at a link, or moving to it, shows its decision, unless one is held open. */
  glance(number) {
    if (this.held) return;
    this.shown = { kind: "link", id: number };
    this.updatePanel();
  }

  open(kind, id) {
    this.held = true;
    this.shown = { kind, id };
    this.updatePanel();
    this.panel.focus({ preventScroll: false });
  }

  shut() {
    const { kind, id } = this.shown;
    this.held = false;
    if (kind === "role") this.shown = { kind: "", id: "" };
    this.updatePanel();
    (kind === "role" ? this.boxes : this.chips).get(id)?.element.focus();
  }

  key(event) {
    if (event.key === "Escape" && this.held) {
      this.shut();
      event.preventDefault();
      event.stopPropagation();
      return;
    }
    const chips = [...this.chips.values()].map((chip) => chip.element);
    const at = chips.indexOf(event.target);
    const steps = { ArrowDown: 1, ArrowRight: 1, ArrowUp: -1, ArrowLeft: -1 }[event.key];
    if (at >= 0 && steps) {
      chips[(at + steps + chips.length) % chips.length].focus();
      event.preventDefault();
    }
    // Keys pressed here are meant for this display, not for the notebook's own shortcuts.
    if (event.target !== this.root && ["Enter", " ", "ArrowDown", "ArrowUp", "ArrowLeft", "ArrowRight"].includes(event.key)) event.stopPropagation();
  }

  updatePanel() {
    const { kind, id } = this.shown;
    for (const [number, { element }] of this.chips) {
      set(element, "aria-expanded", kind === "link" && number === id);
    }
    for (const [box, { element }] of this.boxes) {
      if (element.tagName === "BUTTON") set(element, "aria-expanded", kind === "role" && box === id);
    }
    if (kind === "role") return this.tellRole(this.state.roles.find((role) => role.id === id));
    const refused = this.state.links.find((link) => link.state === "refused");
    const link = kind === "link" ? this.state.links.find((one) => String(one.number) === id) : refused;
    return link ? this.tellLink(link) : this.tellAll();
  }

  /** Fills the panel, unless it says just that already. */
  fill(label, state, ...content) {
    const inside = h("div", { class: "xsfn-inside", "data-state": state }, ...content);
    if (this.panel.firstChild?.isEqualNode(inside)) return;
    set(this.panel, "aria-label", label);
    this.panel.replaceChildren(inside);
    if (this.held) {
      const shut = h("button", { class: "xsfn-plain xsfn-shut", type: "button" }, tr("Close (Esc)"));
      shut.addEventListener("click", () => this.shut());
      inside.append(shut);
    }
  }

  /** Nothing chosen: every link in a line, and how to choose. */
  tellAll() {
    this.fill(
      tr("All links"),
      "",
      h("p", { class: "xsfn-how" }, tr("Point at a link, or move to it with Tab, for its decision. Choose a role to read its policies.")),
      h(
        "ol",
        { class: "xsfn-all", role: "list" },
        ...this.state.links.map((link) =>
          h("li", { "data-state": link.state }, h("b", {}, tr("Link {number}", link)), h("span", { class: "xsfn-word" }, link.word), h("span", {}, ...breakable(link.outcome))),
        ),
      ),
    );
  }

  tellLink(link) {
    this.fill(
      tr("Decision of link {number}", link),
      link.state,
      h("h4", {}, tr("Link {number}", link), " · ", h("span", { class: "xsfn-word" }, link.word)),
      h("p", { class: "xsfn-outcome" }, ...breakable(link.outcome)),
      link.tried && h("p", {}, tr("Tried live: {tried}.", link)),
      facts([
        ...link.facts.map((fact) => [fact.label, fact.text]),
        ...(link.sentence ? [[link.sentence_label, link.sentence]] : []),
        ...(link.change ? [[tr("What to do"), link.change]] : []),
      ]),
    );
  }

  tellRole(role) {
    const policies = role.policies.map((policy) =>
      h(
        "div",
        { class: "xsfn-policy" },
        h("h5", {}, policy.title),
        h("ol", { class: "xsfn-code", role: "list", "aria-label": policy.title, tabindex: "0" }, ...policy.lines.map((line, at) => this.line(line, at + 1))),
      ),
    );
    this.fill(
      tr("Policies of {title}", role),
      "",
      h("h4", {}, role.title),
      h("p", {}, ...(role.hint ? [role.hint] : breakable(role.arn))),
      ...policies,
    );
  }

  line(line, number) {
    const marks = line.marks.map((mark) => h("span", { class: "xsfn-mark", "data-kind": mark.kind }, mark.text));
    return h("li", { "data-kind": line.kind || false }, h("span", { class: "xsfn-at", "aria-hidden": "true" }, String(number)), h("code", {}, line.text), ...marks);
  }

  // -- lines ------------------------------------------------------------------------------------------------------

  draw() {
    const area = this.map.getBoundingClientRect();
    if (!area.width) return;
    const scale = area.width / this.map.offsetWidth || 1;
    set(this.paper, "viewBox", `0 0 ${this.map.offsetWidth} ${this.map.offsetHeight}`);
    const place = (element) => {
      const box = element.getBoundingClientRect();
      const [left, top] = [(box.left - area.left) / scale, (box.top - area.top) / scale];
      return { left, top, right: left + box.width / scale, bottom: top + box.height / scale, x: left + box.width / scale / 2, y: top + box.height / scale / 2 };
    };
    for (const link of this.state.links) {
      const number = String(link.number);
      const { from, to, head } = this.lines.get(number);
      const chip = place(this.chips.get(number).element);
      const asker = place(this.boxes.get(link.asker).element);
      const target = place(this.boxes.get(link.target).element);
      set(from, "d", route(asker, chip).d);
      const path = route(chip, target);
      set(to, "d", path.d);
      set(head, "d", arrowhead(path, link.state));
    }
    this.drawRelations(place);
  }

  drawRelations(place) {
    this.relations ??= [
      ["operator-role", "operator-state-machine"],
      ["subject-role", "subject-state-machine"],
      ["subject-state-machine", "subject-execution"],
    ].map((pair) => {
      const line = svg("path", { class: "xsfn-relation" });
      this.paper.prepend(line);
      return { pair, line };
    });
    for (const { pair, line } of this.relations) {
      const [one, other] = pair.map((box) => place(this.boxes.get(box).element));
      set(line, "d", route(one, other).d);
    }
  }
}

/** A path from one rectangle to another with right angles, rounded, and where it arrives from. */
function route(a, b) {
  const across = b.left >= a.right - 1 ? 1 : a.left >= b.right - 1 ? -1 : 0;
  if (across) {
    const [start, end] = across > 0 ? [a.right, b.left] : [a.left, b.right];
    const overlap = Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top);
    if (overlap > 8) {
      const y = b.bottom - b.top < a.bottom - a.top ? clamp(b.y, a.top + 4, a.bottom - 4) : clamp(a.y, b.top + 4, b.bottom - 4);
      return { d: `M${start} ${y}H${end}`, x: end, y, dx: across, dy: 0 };
    }
    if (Math.abs(end - start) >= 6) {
      const turn = end - across * Math.min(14, Math.abs(end - start) / 2);
      return { d: elbow(start, a.y, turn, b.y, end), x: end, y: b.y, dx: across, dy: 0 };
    }
  }
  const down = b.top >= a.bottom - 1 ? 1 : -1;
  const [start, end] = down > 0 ? [a.bottom, b.top] : [a.top, b.bottom];
  const [left, right] = [Math.max(a.left, b.left), Math.min(a.right, b.right)];
  const x = right > left ? (left + right) / 2 : b.x;
  return { d: `M${x} ${start}V${end}`, x, y: end, dx: 0, dy: down };
}

function elbow(x1, y1, turn, y2, x2) {
  const [across, down] = [Math.sign(x2 - x1), Math.sign(y2 - y1)];
  const r = Math.min(RADIUS, Math.abs(y2 - y1) / 2, Math.abs(turn - x1), Math.abs(x2 - turn));
  return `M${x1} ${y1}H${turn - across * r}q${across * r} 0 ${across * r} ${down * r}V${y2 - down * r}q0 ${down * r} ${across * r} ${down * r}H${x2}`;
}

/** Filled for allowed, hollow for pending, a bar for refused: the shape alone tells the state. */
function arrowhead({ x, y, dx, dy }, state) {
  const [px, py] = [-dy, dx];
  if (state === "refused") return `M${x - dx * 3 + px * 7} ${y - dy * 3 + py * 7}L${x - dx * 3 - px * 7} ${y - dy * 3 - py * 7}`;
  return `M${x - dx} ${y - dy}L${x - dx * 10 + px * 5} ${y - dy * 10 + py * 5}L${x - dx * 10 - px * 5} ${y - dy * 10 - py * 5}Z`;
}

function clamp(value, low, high) {
  return Math.min(Math.max(value, low), high);
}

export default { render };
