// The instructor's page: asks the room every two seconds how everyone is doing, and shows it.
// Whatever people have typed is put in as text, never as markup.

const EVERY = 2000;
const KEPT_AS = "xsfn-instructor-token";
const STEPS = ["0", "1", "2", "3"];
const at = (id) => document.getElementById(id);

let words = {};
let last = null;
let timer = 0;

function token() {
  const given = new URLSearchParams(location.hash.slice(1)).get("token");
  if (given) {
    sessionStorage.setItem(KEPT_AS, given);
    // The address may be on a projector.
    history.replaceState(null, "", location.pathname + location.search);
  }
  return sessionStorage.getItem(KEPT_AS) ?? "";
}

function fill(text, values) {
  return text.replace(/\{(\w+)\}/g, (whole, name) => (name in values ? String(values[name]) : whole));
}

function say(name, values = {}) {
  return fill(words[name] ?? name, values);
}

async function ask(path, body) {
  const headers = { Authorization: `Bearer ${token()}` };
  const options = { headers, cache: "no-store" };
  if (body !== undefined) {
    Object.assign(options, { method: "POST", body: JSON.stringify(body) });
    headers["Content-Type"] = "application/json";
  }
  const answer = await fetch(`/instructor/api/${path}`, options);
  if (!answer.ok) {
    const told = await answer.json().catch(() => ({}));
    throw Object.assign(new Error(told.error ?? `${answer.status}`), { status: answer.status });
  }
  return answer;
}

function element(name, text = "", className = "") {
  const made = document.createElement(name);
  made.textContent = text;
  if (className) made.className = className;
  return made;
}

function steps(one) {
  const cell = element("td");
  const row = element("span", "", "steps");
  row.setAttribute("role", "img");
  row.setAttribute("aria-label", say("steps_done", { done: one.steps.filter(Boolean).length, count: STEPS.length }));
  STEPS.forEach((name, number) => row.append(element("span", name, one.steps[number] ? "done" : "")));
  cell.append(row);
  return cell;
}

function checks(one) {
  const cell = element("td");
  if (!one.checks) return cell;
  const { passed, count, failed } = one.checks;
  const all = passed === count;
  cell.append(element("span", `${all ? "✓" : "✗"} ${passed} / ${count}`, all ? "good" : "bad"));
  if (failed.length) cell.append(element("span", failed[0], "why"));
  return cell;
}

function run(one) {
  const good = one.run === "SUCCEEDED";
  return one.run ? element("td", one.run, good ? "good" : "bad") : element("td");
}

function state(one) {
  const cell = element("td");
  if (one.green) cell.append(element("span", say("green"), "good"), " ");
  if (one.stuck_minutes) cell.append(element("span", say("stuck", { minutes: one.stuck_minutes }), "stuck"));
  else if (!one.present) cell.append(say("away", { minutes: one.away_minutes }));
  if (one.trouble) cell.append(element("span", one.trouble, "why"));
  return cell;
}

function button(text, label, act) {
  const made = element("button", text);
  made.type = "button";
  // Begins as it is written, so that it can be called by what is seen.
  made.setAttribute("aria-label", `${text}: ${label}`);
  made.addEventListener("click", act);
  return made;
}

function deeds(one) {
  const cell = element("td", "", "do");
  const { name } = one;
  cell.append(
    button(say("push"), say("push_one", { name }), () => push([one.id], name)),
    " ",
    button(say("reset"), say("reset_one", { name }), () => reset([one.id], name)),
    " ",
    button(say("free"), say("free_one", { name }), () => free(one.id, name)),
  );
  return cell;
}

function row(one) {
  const made = element("tr", "", one.present ? "" : "absent");
  made.dataset.id = one.id;
  const name = element("th", one.name);
  name.scope = "row";
  made.append(name, steps(one), checks(one), run(one), element("td", one.fault ?? ""), element("td", String(one.solved)));
  made.append(state(one), deeds(one));
  return made;
}

function focused() {
  const place = document.activeElement?.closest("#people tr");
  if (!place) return null;
  return { id: place.dataset.id, number: [...place.querySelectorAll("button")].indexOf(document.activeElement) };
}

function show(room) {
  last = room;
  const held = focused();
  const only = at("only-stuck").checked;
  const rows = room.participants.filter((one) => !only || one.stuck_minutes).map(row);
  at("people").replaceChildren(...rows);
  if (held) rows.find((one) => one.dataset.id === held.id)?.querySelectorAll("button")[held.number]?.focus();
  const count = room.participants.length;
  const green = room.participants.filter((one) => one.green).length;
  const stuck = room.participants.filter((one) => one.stuck_minutes).length;
  const summary = say("summary", { count, green, stuck, places: room.places });
  if (at("summary").textContent !== summary) at("summary").textContent = summary;
  at("nobody").hidden = count > 0;
  const join = at("join");
  if (!join.hasChildNodes()) {
    join.append(say("join"), " ", element("code", room.join_url), " · ", say("code"), " ", element("code", room.code));
    at("fault").replaceChildren(...room.faults.map((one) => new Option(`${one.number} · ${one.title}`, one.id)));
  }
  document.title = say("tab", { green, count });
}

function trouble(text) {
  at("trouble").textContent = text;
  at("trouble").hidden = !text;
}

async function sure(text) {
  const dialog = at("sure");
  at("sure-text").textContent = text;
  dialog.returnValue = "no";
  dialog.showModal();
  await new Promise((done) => dialog.addEventListener("close", done, { once: true }));
  return dialog.returnValue === "yes";
}

async function act(path, body) {
  try {
    const told = await (await ask(path, body)).json();
    trouble(told.told ?? "");
    await look();
  } catch (error) {
    trouble(error.message);
  }
}

async function reset(ids, name) {
  const text = name === undefined ? say("sure_reset_all") : say("sure_reset_one", { name });
  if (await sure(text)) await act("reset", { participants: ids });
}

async function free(id, name) {
  if (await sure(say("sure_free", { name }))) await act("free", { participant: id });
}

async function push(ids, name) {
  const chosen = at("fault").selectedOptions[0];
  const fault = chosen.textContent;
  const text = name === undefined ? say("sure_push_all", { fault }) : say("sure_push_one", { fault, name });
  if (await sure(text)) await act("push", { fault: chosen.value, participants: ids });
}

async function csv() {
  try {
    const answer = await ask("results.csv");
    const link = element("a");
    link.href = URL.createObjectURL(await answer.blob());
    link.download = "xsfn-results.csv";
    link.click();
    URL.revokeObjectURL(link.href);
  } catch (error) {
    trouble(error.message);
  }
}

async function look() {
  clearTimeout(timer);
  try {
    show(await (await ask("room")).json());
    at("token-form").hidden = true;
    at("room").hidden = false;
    if (at("trouble").dataset.lost) trouble("");
    delete at("trouble").dataset.lost;
  } catch (error) {
    if (error.status === 401) {
      at("room").hidden = true;
      at("token-form").hidden = false;
      trouble(sessionStorage.getItem(KEPT_AS) ? error.message : "");
      return;
    }
    at("trouble").dataset.lost = "yes";
    trouble(error.status ? error.message : say("lost"));
  }
  timer = setTimeout(look, EVERY);
}

async function begin() {
  const answer = await fetch("/instructor/words");
  const told = await answer.json();
  ({ words } = told);
  document.documentElement.lang = told.language;
  for (const place of document.querySelectorAll("[data-word]")) place.textContent = say(place.dataset.word);
  at("token-form").addEventListener("submit", (event) => {
    event.preventDefault();
    sessionStorage.setItem(KEPT_AS, at("token").value.trim());
    at("token").value = "";
    look();
  });
  at("only-stuck").addEventListener("change", () => last && show(last));
  at("csv").addEventListener("click", csv);
  at("reset-all").addEventListener("click", () => reset(null));
  at("push-all").addEventListener("click", () => push(null));
  window.addEventListener("hashchange", look);
  await look();
}

begin();
