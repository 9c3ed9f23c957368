// A task state as Step Functions' own editor has it: the form with the role's option, the definition, and the graph.

class TaskForm extends Desk {
  typing = null; // "ARN" or "RUN_TIME", chosen by the reader, who hasn't said which yet

  build(el) {
    const state = this.state;
    const id = `xsfn-task-${Math.random().toString(36).slice(2)}`;
    this.parts(id);
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
    this.figure = h("figure", { class: "xsfn-figure", hidden: true }, h("img", { alt: "" }));
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
          this.buttons,
          this.said,
          this.more,
        ),
      ),
      this.news,
    );
    el.append(this.root);
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
    const newest = this.updateParts();
    const state = this.state;
    // The graph of the definition as it was, while it can't be drawn.
    set(this.figure, "aria-hidden", !state.accepted);
    this.updateForm(newest);
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

export default showing(TaskForm);
