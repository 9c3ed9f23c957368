// A task state as Step Functions' own editor has it: the form with the role's option, the definition, and the graph.

function render({ model, el }) {
  speak({ model, el });
  const view = new TaskForm(model, el);
  return () => view.close();
}

class TaskForm {
  constructor(model, el) {
    this.model = model;
    this.post = new Post(model);
    this.typing = null; // "ARN" or "RUN_TIME", chosen by the reader, who hasn't said which yet
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

  build(el) {
    const state = this.state;
    const id = `xsfn-task-${Math.random().toString(36).slice(2)}`;
    this.text = new CodeArea(`${id}-text`, state.label, (text) => this.post.send("edit", { text }));
    this.task = select(`${id}-state`, () => this.ask("select", { task: this.state.tasks[this.task.selectedIndex].name }));
    this.role = select(`${id}-role`, () => this.chosen());
    this.value = h("input", { id: `${id}-value`, class: "xsfn-input", type: "text", spellcheck: "false", autocomplete: "off", "data-lm-suppress-shortcuts": "true" });
    this.value.addEventListener("input", () => this.typed());
    this.value.addEventListener("keydown", (event) => event.stopPropagation());
    this.valueLabel = h("label", { class: "xsfn-label", for: `${id}-value` });
    this.valueRow = h("div", { class: "xsfn-row" }, this.valueLabel, this.value);
    this.resource = h("p", { class: "xsfn-resource" });
    this.words = h("div", { class: "xsfn-how", id: `${id}-words` });
    set(this.role, "aria-describedby", `${id}-words`);
    this.blocked = h("p", { class: "xsfn-how" });
    this.form = h(
      "fieldset",
      { class: "xsfn-form" },
      h("legend", {}, tr("Task state")),
      h("div", { class: "xsfn-row" }, h("label", { class: "xsfn-label", for: this.task.id }, tr("State name")), this.task),
      this.resource,
      h("div", { class: "xsfn-row" }, h("label", { class: "xsfn-label", for: this.role.id }, tr("IAM role for cross-account access – optional")), this.role),
      this.valueRow,
      this.words,
      this.blocked,
    );
    this.apply = button(tr("Apply"), "xsfn-do", () => this.ask("apply"));
    this.reset = button(tr("Reset"), "xsfn-plain", () => this.ask("reset"));
    this.recommended = button(tr("Recommended"), "xsfn-plain", () => this.ask("recommended"));
    this.back = button(tr("My text again"), "xsfn-plain", () => this.ask("back"));
    this.said = h("p", { class: "xsfn-notice", role: "status", hidden: true });
    this.trouble = h("p", { class: "xsfn-fault", role: "alert", hidden: true });
    this.document = h("p", { class: "xsfn-document", id: `${id}-verdict` });
    set(this.text.area, "aria-describedby", `${id}-verdict`);
    this.remarks = h("div", {});
    this.headline = h("p", { class: "xsfn-headline" });
    this.links = h("div", {});
    this.differs = h("div", {});
    this.more = folded(tr("Beside the recommended one"), true, this.differs);
    this.figure = h("figure", { class: "xsfn-figure", hidden: true }, h("img", { alt: "" }));
    this.news = announcer();
    this.root = h(
      "section",
      { class: "xsfn-live xsfn-task", "aria-label": state.title },
      h("header", {}, h("span", { class: "xsfn-title" }, ...breakable(state.title)), h("span", { class: "xsfn-said" }, ...breakable(state.where))),
      this.trouble,
      h(
        "div",
        { class: "xsfn-desk" },
        this.figure,
        h("div", { class: "xsfn-judgement" }, this.form, this.headline, this.links),
        h(
          "div",
          { class: "xsfn-definition" },
          this.text.element,
          this.document,
          this.remarks,
          h("div", { class: "xsfn-buttons" }, this.apply, this.reset, this.recommended, this.back),
          this.said,
          this.more,
        ),
      ),
      this.news,
    );
    el.append(this.root);
  }

  ask(wish, content = {}) {
    this.post.send(wish, { text: this.text.value, ...content });
  }

  /** Another entry of the option's list. */
  chosen() {
    const [kind, arn] = splitAt(this.role.value, ":");
    this.typing = kind === "ROLE" || kind === "NONE" ? null : kind;
    if (this.typing === null) {
      this.ask("choose", { option: kind === "ROLE" ? "ARN" : "NONE", value: arn });
      return;
    }
    this.value.value = this.state.option === kind ? this.state.value : "";
    this.showValue(kind);
    this.value.focus();
    this.value.select();
  }

  typed() {
    const kind = this.typing ?? this.state.option;
    if (this.value.value.trim()) this.ask("choose", { option: kind, value: this.value.value });
  }

  showValue(kind) {
    this.valueRow.hidden = kind !== "ARN" && kind !== "RUN_TIME";
    say(this.valueLabel, kind === "RUN_TIME" ? tr("Path in the state's input that holds the ARN") : tr("ARN of the role"));
    set(this.value, "placeholder", kind === "RUN_TIME" ? "$.roleArn" : "arn:aws:iam::222222222222:role/…");
  }

  update() {
    const newest = this.post.answered();
    const state = this.state;
    if (newest) this.text.replace(state.text);
    set(this.root, "data-judged", newest);
    set(this.root, "data-accepted", state.accepted);
    this.text.mark(state.remarks);
    set(this.text.area, "aria-invalid", !state.accepted);
    // The graph of the definition as it was, while it can't be drawn.
    set(this.figure, "aria-hidden", !state.accepted);
    this.document.replaceChildren(h("span", { class: "xsfn-word" }, state.verdict.slice(0, 1)), state.verdict.slice(1));
    set(this.document, "data-state", state.accepted ? "allowed" : "refused");
    fill(this.remarks, ...(state.remarks.length ? [remarks(state.remarks, this.text)] : []));
    this.updateForm(newest);
    say(this.headline, state.headline);
    fill(this.links, links(state.links));
    this.apply.disabled = !state.can_apply;
    say(this.apply, state.apply);
    this.reset.disabled = !state.can_reset;
    this.recommended.disabled = this.more.hidden = !state.differs.length;
    fill(this.differs, ...(state.differs.length ? [difference(state.differs)] : []));
    this.back.hidden = !state.can_go_back;
    this.said.hidden = !state.said;
    say(this.said, state.said);
    this.trouble.hidden = !state.trouble;
    say(this.trouble, state.trouble);
    if (newest) this.reader.say(`${[state.verdict, ...state.notes, state.headline].join(" ")}`);
  }

  updateForm(newest) {
    const state = this.state;
    const usable = state.task >= 0;
    for (const field of [this.task, this.role, this.value]) field.disabled = !usable;
    this.blocked.hidden = usable;
    say(this.blocked, state.remarks.length ? tr("The form follows again once the definition can be read; your text stays as it is.") : tr("This definition has no task state."));
    options(this.task, state.tasks.map((task, at) => [String(at), task.name]));
    if (usable) this.task.selectedIndex = state.task;
    say(this.resource, usable ? tr("Calls {resource}", state.tasks[state.task]) : "");
    options(this.role, [["NONE", state.options.NONE]], [state.roles_of, state.roles.map((role) => [`ROLE:${role.arn}`, role.name])], [["ARN", `${state.options.ARN} …`], ["RUN_TIME", `${state.options.RUN_TIME} …`]]);
    fill(this.words, ...state.notes.map((note) => h("p", {}, note)));
    if (!newest) return;
    const listed = state.option === "ARN" && state.roles.some((role) => role.arn === state.value);
    // An entry that was just chosen and has no value yet stays chosen; one that is being typed isn't taken away.
    if (this.typing && document.activeElement === this.value) {
      this.role.value = this.typing;
      return this.showValue(this.typing);
    }
    this.typing = null;
    this.role.value = listed ? `ROLE:${state.value}` : state.option;
    if (this.value.value !== state.value) this.value.value = state.value;
    this.showValue(listed ? "NONE" : state.option);
  }
}

function splitAt(text, mark) {
  const at = text.indexOf(mark);
  return at < 0 ? [text, ""] : [text.slice(0, at), text.slice(at + 1)];
}

function select(id, act) {
  const element = h("select", { id, class: "xsfn-input", "data-lm-suppress-shortcuts": "true" });
  element.addEventListener("change", act);
  element.addEventListener("keydown", (event) => event.stopPropagation());
  return element;
}

/** The entries of a list: groups of [value, text], one of them with a title. Nothing changes where they are the same. */
function options(element, before, group = null, after = []) {
  const entry = ([value, text]) => h("option", { value }, text);
  const made = [...before.map(entry), ...(group?.[1].length ? [h("optgroup", { label: group[0] }, ...group[1].map(entry))] : []), ...after.map(entry)];
  if (element.children.length === made.length && made.every((one, at) => one.isEqualNode(element.children[at]))) return;
  const { value } = element;
  element.replaceChildren(...made);
  element.value = value;
}

export default { render };
