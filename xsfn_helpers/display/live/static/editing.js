// What both editors need: a text with line numbers and marks, the links as they would be, a picture that comes later.

const QUIET = 700; // milliseconds without a change before what came of it is read out

/**
 * A text area with line numbers. Long lines wrap: behind the text lies the same text, unseen, line by line, and so each
 * number and each mark stands where its line is. Marks show by sign as well as by colour.
 */
class CodeArea {
  constructor(id, label, told) {
    this.area = h("textarea", {
      id,
      class: "xsfn-text",
      rows: "1",
      spellcheck: "false",
      autocomplete: "off",
      autocapitalize: "off",
      // JupyterLab's own shortcuts are not meant for this text.
      "data-lm-suppress-shortcuts": "true",
    });
    this.behind = h("div", { class: "xsfn-behind", "aria-hidden": "true" });
    this.paper = h("div", { class: "xsfn-paper" }, h("div", { class: "xsfn-sheet" }, this.behind, this.area));
    this.element = h("div", { class: "xsfn-code-area" }, h("label", { class: "xsfn-label", for: id }, label), this.paper);
    this.lines = [];
    this.marks = [];
    this.area.addEventListener("input", () => (this.measure(), told(this.area.value)));
    this.area.addEventListener("keydown", (event) => event.stopPropagation());
  }

  get value() {
    return this.area.value;
  }

  /** Another text; the caret stays where it was, as far as there is text. */
  replace(text) {
    if (this.area.value === text) return;
    const caret = Math.min(this.area.selectionStart, text.length);
    const { scrollTop } = this.paper;
    this.area.value = text;
    this.area.setSelectionRange(caret, caret);
    this.measure();
    this.paper.scrollTop = scrollTop;
  }

  /** `marks`: {line, kind}; of several on one line the first counts. */
  mark(marks) {
    this.marks = marks;
    this.measure();
  }

  measure() {
    const texts = this.area.value.split("\n");
    while (this.lines.length > texts.length) this.lines.pop().row.remove();
    while (this.lines.length < texts.length) {
      const [number, text] = [h("span", { class: "xsfn-no" }), h("span", { class: "xsfn-unseen" })];
      const row = h("div", {}, number, text);
      this.behind.append(row);
      this.lines.push({ row, number, text });
    }
    const kinds = new Map([...this.marks].reverse().map(({ line, kind }) => [line, kind]));
    texts.forEach((text, at) => {
      const line = this.lines[at];
      const kind = kinds.get(at + 1) ?? "";
      set(line.row, "data-kind", kind);
      say(line.number, `${{ fault: "✗ ", warning: "! " }[kind] ?? ""}${at + 1}`);
      say(line.text, text || "\u200b");
    });
  }

  /** Puts the caret at a line and column, both from 1. */
  goTo(line, column) {
    const texts = this.area.value.split("\n");
    const before = texts.slice(0, line - 1).reduce((sum, one) => sum + one.length + 1, 0);
    const at = Math.min(before + column - 1, this.area.value.length);
    this.area.focus({ preventScroll: true });
    this.area.setSelectionRange(at, Math.min(at + 1, this.area.value.length));
    this.lines[Math.min(line, this.lines.length) - 1].row.scrollIntoView({ block: "nearest" });
  }
}

/**
 * Sends wishes to the kernel, one at a time: while an answer is on its way, only the newest wish waits. So nothing is
 * delayed on purpose, and a slow kernel isn't flooded. Each wish carries the whole text.
 */
class Post {
  constructor(model) {
    this.model = model;
    this.view = Math.random().toString(36).slice(2);
    this.count = 0;
    this.asked = "";
    this.waiting = null;
  }

  get busy() {
    return this.asked !== "" && this.model.get("state").answers !== this.asked;
  }

  send(wish, content) {
    if (this.busy) {
      this.waiting = [wish, content];
      return;
    }
    this.count += 1;
    this.asked = `${this.view}-${this.count}`;
    this.waiting = null;
    this.model.send({ do: wish, turn: this.asked, ...content });
  }

  /** To be called at each answer; whether it is the answer to the newest wish. */
  answered() {
    if (this.busy) return false;
    if (this.waiting !== null) {
      this.send(...this.waiting);
      return false;
    }
    return true;
  }
}

/** A button that isn't taken for the notebook's own keys. */
function button(text, kind, act) {
  const element = h("button", { class: kind, type: "button" }, text);
  element.addEventListener("click", act);
  element.addEventListener("keydown", (event) => ["Enter", " "].includes(event.key) && event.stopPropagation());
  return element;
}

/** What is wrong in the text, or would mean trouble: each with its place, and a button that goes there. */
function remarks(list, area) {
  return h(
    "ul",
    { class: "xsfn-remarks", role: "list" },
    ...list.map((one) =>
      h(
        "li",
        { "data-kind": one.kind },
        h("span", { class: "xsfn-word" }, one.kind === "fault" ? "✗" : "!"),
        h(
          "span",
          {},
          button(tr("Line {line}, column {column}", one), "xsfn-go", () => area.goTo(one.line, one.column)),
          " ",
          ...breakable(one.text),
          one.source && h("small", {}, ...breakable(one.source)),
        ),
      ),
    ),
  );
}

/** The links as they would be, each with what decides it; those that would change also with what decides them now. */
function links(list) {
  return h(
    "ol",
    { class: "xsfn-turns", role: "list", "aria-label": tr("What would become of each link") },
    ...list.map((link) =>
      h(
        "li",
        { "data-link": link.number, "data-state": link.state, "data-changes": link.changes },
        h("span", { class: "xsfn-number", "aria-hidden": "true" }, String(link.number)),
        h(
          "div",
          {},
          h("div", { class: "xsfn-turn" }, h("span", { class: "xsfn-hidden" }, tr("Link {number}, ", link)), h("b", {}, ...breakable(link.action)), " ", h("span", { class: "xsfn-word" }, link.word)),
          h("div", { class: "xsfn-between" }, link.between),
          h("div", { class: "xsfn-why" }, ...breakable(link.why)),
          link.now && h("div", { class: "xsfn-why" }, ...breakable(link.now)),
          link.hint && h("div", { class: "xsfn-hint" }, ...breakable(link.hint)),
        ),
      ),
    ),
  );
}

/** Whoever would get in besides. */
function risks(list) {
  return h(
    "ul",
    { class: "xsfn-risks", role: "list" },
    ...list.map((risk) => h("li", {}, h("b", {}, h("span", { class: "xsfn-word" }, tr("✗ failed"), " "), risk.title), h("div", {}, ...breakable(risk.evidence)), h("div", { class: "xsfn-hint" }, risk.hint))),
  );
}

/** Something to be unfolded, with the keyboard too. */
function folded(title, open, ...content) {
  const summary = h("summary", {}, title);
  summary.addEventListener("keydown", (event) => ["Enter", " "].includes(event.key) && event.stopPropagation());
  return h("details", { class: "xsfn-more", open }, summary, ...content);
}

/** Lines that differ from the recommended document. */
function difference(lines) {
  const kinds = { "-": "recommended", "+": "here" };
  return h(
    "div",
    { class: "xsfn-code xsfn-diff", role: "group", tabindex: "0", "aria-label": tr("Lines that differ, minus: recommended, plus: here") },
    ...lines.map((line) => h("div", { "data-side": kinds[line[0]] ?? "both" }, h("code", {}, line))),
  );
}

/** Shows a picture where there is one; it lags behind the words, which say the same. */
function showPicture(figure, picture) {
  const image = figure.querySelector("img");
  figure.hidden = !picture?.src;
  if (!picture?.src) return;
  set(image, "alt", picture.alt);
  set(image, "src", picture.src);
}

/** Reads a text out, once nothing has changed for a while. */
function reader(news) {
  let timer = 0;
  return {
    say: (text) => {
      clearTimeout(timer);
      timer = setTimeout(() => say(news, text), QUIET);
    },
    close: () => clearTimeout(timer),
  };
}

/** Fills a part of the display; nothing is touched where it says just that already. */
function fill(part, ...content) {
  const made = h("div", {}, ...content);
  part.hidden = !made.childNodes.length;
  if (part.firstChild?.isEqualNode(made)) return;
  part.replaceChildren(made);
}

/** The widget that shows a desk of this kind. */
function showing(Kind) {
  return {
    render({ model, el }) {
      speak({ model, el });
      const view = new Kind(model, el);
      return () => view.close();
    },
  };
}

/** A text with its judgement, buttons and picture: what the editor of a policy and the form of a task have in common. */
class Desk {
  constructor(model, el) {
    this.model = model;
    this.post = new Post(model);
    this.build(el);
    this.reader = reader(this.news);
    this.changed = () => this.update();
    this.drawn = () => showPicture(this.figure, model.get("picture"));
    model.on("change:state", this.changed);
    model.on("change:picture", this.drawn);
    this.text.replace(this.state.text);
    this.update();
    this.drawn();
  }

  get state() {
    return this.model.get("state");
  }

  close() {
    this.reader.close();
    this.model.off("change:state", this.changed);
    this.model.off("change:picture", this.drawn);
  }

  /** The parts that both have; their ids begin with `id`. */
  parts(id) {
    this.text = new CodeArea(`${id}-text`, this.state.label, (text) => this.edited(text));
    this.apply = button(tr("Apply"), "xsfn-do", () => this.ask("apply"));
    this.reset = button(tr("Reset"), "xsfn-plain", () => this.ask("reset"));
    this.recommended = button(tr("Recommended"), "xsfn-plain", () => this.ask("recommended"));
    this.back = button(tr("My text again"), "xsfn-plain", () => this.ask("back"));
    this.buttons = h("div", { class: "xsfn-buttons" }, this.apply, this.reset, this.recommended, this.back);
    this.said = h("p", { class: "xsfn-notice", role: "status", hidden: true });
    this.trouble = h("p", { class: "xsfn-fault", role: "alert", hidden: true });
    this.headline = h("p", { class: "xsfn-headline" });
    this.document = h("p", { class: "xsfn-document", id: `${id}-verdict` });
    this.text.area.setAttribute("aria-describedby", `${id}-verdict`);
    this.remarks = h("div", {});
    this.links = h("div", {});
    this.differs = h("div", {});
    this.more = folded(tr("Beside the recommended one"), true, this.differs);
    this.news = announcer();
  }

  edited(text) {
    this.post.send("edit", { text });
  }

  ask(wish, content = {}) {
    this.post.send(wish, { text: this.text.value, ...content });
  }

  /** Shows what both show; whether it is the answer to the newest wish. */
  updateParts() {
    const newest = this.post.answered();
    const state = this.state;
    // What comes from elsewhere (a button, another view, a cell) is taken over; what was typed since is not lost.
    if (newest) this.text.replace(state.text);
    set(this.root, "data-judged", newest);
    set(this.root, "data-accepted", state.accepted);
    this.text.mark(state.remarks);
    set(this.text.area, "aria-invalid", !state.accepted);
    this.document.replaceChildren(h("span", { class: "xsfn-word" }, state.verdict.slice(0, 1)), state.verdict.slice(1));
    set(this.document, "data-state", state.accepted ? "allowed" : "refused");
    fill(this.remarks, ...(state.remarks.length ? [remarks(state.remarks, this.text)] : []));
    say(this.headline, state.headline);
    fill(this.links, links(state.links));
    fill(this.differs, ...(state.differs.length ? [difference(state.differs)] : []));
    this.recommended.disabled = this.more.hidden = !state.differs.length;
    this.apply.disabled = !state.can_apply;
    say(this.apply, state.apply);
    this.reset.disabled = !state.can_reset;
    this.back.hidden = !state.can_go_back;
    this.said.hidden = !state.said;
    say(this.said, state.said);
    this.trouble.hidden = !state.trouble;
    say(this.trouble, state.trouble);
    return newest;
  }
}
