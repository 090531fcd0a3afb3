// @ts-check
// Predict first: a bar that is closed at first, a question, a prediction, and then the answer.

import { button, element, hasFocus, switchOff, uniqueId, used } from "./dom.js";

/** @import { Asker, AskingTraits, PreparedQuestion, Question, Revealed } from "./types" */
/** @import { Scope } from "./scope.js" */

const SERIES = 5;  // as in predicting.py

/**
 * The kernel asks. Messages, because traits that are set while a cell runs would wait for its end.
 * @param {Scope<AskingTraits>} scope
 * @returns {Asker}
 */
function kernelAsker(scope) {
  /** @param {object} content */
  const send = (content) => scope.model.send({ kind: "predict", ...content });
  return {
    ask: () => send({ what: "ask" }),
    commit: (value) => send({ what: "commit", prediction: value }),
    challenge: () => send({ what: "challenge" }),
  };
}

/**
 * Without a kernel the page asks what was prepared.
 * @param {Scope<any>} scope
 * @returns {Asker}
 */
function pageAsker(scope) {
  /** @type {PreparedQuestion} */
  let present;
  let next = 0;
  /** @param {Record<string, unknown>} traits */
  const show = (traits) => { for (const [name, value] of Object.entries(traits)) scope.set(name, value); };
  const ask = () => {
    const prepared = scope.get("questions");
    present = prepared[next % prepared.length];
    next += 1;
    show({ ...present.before, revealed: {}, question: { ...present, number: next } });
  };
  return {
    ask,
    commit(value) {
      const { answer, answer_text, reason, tolerance, before, after } = present;
      const right = Math.abs(value - answer) <= tolerance + 1e-9;
      show({ ...before, ...after });
      if (scope.get("challenge")) {
        const [won, count] = scope.get("challenge_score");
        show({ challenge_score: [won + Number(right), count + 1], challenge: count + 1 < SERIES });
      }
      scope.set("revealed", { prediction: value, right, answer: answer_text, reason });
    },
    challenge() {
      show({ challenge_score: [0, 0], challenge: true });
      ask();
    },
  };
}

/**
 * The fields of a question.
 * @param {Question} question
 * @param {string} labelId of the text
 * @param {() => void} changed
 */
function answerFields({ choices, low, high, unit }, labelId, changed) {
  if (!choices.length) {
    const input = element("input", {
      type: "number", min: low, max: high, step: "any", "aria-labelledby": labelId, "data-prediction": "",
      input: changed,
    });
    return { inputs: [input], node: element("span", { class: "sn-choices" }, input, unit),
      value: () => (input.value === "" || !input.validity.valid ? null : Number(input.value)) };
  }
  const name = uniqueId("sn-choice");
  const inputs = choices.map((_, number) => element("input", {
    type: "radio", name, "data-prediction": number, change: changed,
  }));
  const node = element("div", { class: "sn-choices", role: "radiogroup", "aria-labelledby": labelId },
    ...choices.map((text, number) => element("label", {}, inputs[number], text)));
  return { inputs, node, value: () => {
    const chosen = inputs.findIndex((input) => input.checked);
    return chosen < 0 ? null : chosen;
  } };
}

/**
 * How a series stands.
 * @param {boolean} open whether it goes on
 * @param {[number, number]} score
 * @param {boolean} answered whether the present question is
 */
function standing(open, [right, count], answered) {
  if (!open) return count ? `Challenge: ${right} of ${count} right.` : "";
  return `Question ${count + (answered ? 0 : 1)} of ${SERIES}, ${right} right.`;
}

/**
 * What was right, and why.
 * @param {Revealed} revealed
 */
function outcomeOf({ right, answer, reason }) {
  if (right === null) return ["Committed.", reason];
  return [right ? "✓ Right." : `✗ No: ${answer}.`, reason];
}

/** The button in the title bar, and the panel that it opens. */
class Predicting {
  /** @param {Scope<any>} scope */
  constructor(scope) {
    this.scope = scope;
    this.asker = scope.model.offline ? pageAsker(scope) : kernelAsker(scope);
    const panelId = uniqueId("sn-predict");
    this.text = element("p", { id: uniqueId("sn-question"), class: "sn-question" });
    this.answers = element("div");
    this.series = element("span", { class: "sn-note", "data-score": "" });
    this.outcome = element("p", { class: "sn-outcome", "data-outcome": "" });
    this.go = button("Commit", () => this.act(), { "data-action": "commit" });
    this.start = button(`Challenge: ${SERIES} questions`, () => this.asker.challenge(), { "data-action": "challenge" });
    this.panel = element("div", { class: "sn-predict", id: panelId, role: "group", "aria-label": "Predict first",
      hidden: true, keydown: (/** @type {KeyboardEvent} */ event) => this.pressed(event) }, this.text, this.answers,
      element("div", { class: "sn-predict-row" }, this.go, this.start, this.series), this.outcome);
    this.toggle = button("Predict first", () => this.open(this.panel.hasAttribute("hidden")), {
      "data-action": "predict", class: "sn-button sn-toggle", "aria-expanded": "false", "aria-controls": panelId,
      title: "a question about what is shown, answered before you look",
    });
    this.toggle.addEventListener("keydown", ({ key }) => { if (key === "Escape") this.open(false); });
    /** @type {ReturnType<typeof answerFields> | null} */
    this.fields = null;
    // A page without a kernel may have no question left.
    const offer = () => { this.toggle.hidden = scope.model.offline === true && !scope.get("questions").length; };
    scope.watch("questions", offer);
    offer();
    scope.watch("question", () => this.showQuestion());
    scope.watch(["revealed", "challenge", "challenge_score"], () => this.showAnswer());
    this.showQuestion();
  }

  answered() {
    return "prediction" in this.scope.get("revealed");
  }

  /** @param {boolean} wanted */
  open(wanted) {
    const { panel, toggle } = this, inside = hasFocus(panel);
    panel.hidden = !wanted;
    toggle.setAttribute("aria-expanded", `${wanted}`);
    if (wanted && !this.scope.get("question").text) this.asker.ask();
    if (!wanted && inside) toggle.focus({ preventScroll: true });
  }

  act() {
    const value = this.fields?.value() ?? null;
    if (this.answered()) {
      if (this.scope.get("revealed").right !== null) this.asker.ask();
    } else if (value !== null) {
      this.go.focus({ preventScroll: true });  // a field that is switched off would lose it
      this.asker.commit(value);
    }
  }

  /** @param {KeyboardEvent} event */
  pressed(event) {
    if (event.key === "Escape") {
      used(event);
      this.open(false);
    } else if (event.key === "Enter" && event.target instanceof HTMLInputElement) {
      used(event);
      this.act();
    }
  }

  ready() {
    const { right } = this.scope.get("revealed");
    switchOff(this.go, this.answered() ? right === null : (this.fields?.value() ?? null) === null);
  }

  showQuestion() {
    const { panel, text, scope } = this, question = scope.get("question");
    const inside = hasFocus(panel);
    text.textContent = question.text ?? "";
    this.fields = question.text ? answerFields(question, text.id, () => this.ready()) : null;
    this.answers.replaceChildren(...(this.fields ? [this.fields.node] : []));
    this.showAnswer();
    if (inside) (this.fields?.inputs[0] ?? this.toggle).focus({ preventScroll: true });
    if (!question.text && !panel.hidden) this.open(false);  // it was about something that is not shown any more
    if (question.text && !panel.hidden) scope.say("question", question.text);
  }

  showAnswer() {
    const { scope, outcome, series } = this, revealed = scope.get("revealed"), done = this.answered();
    const [told, why] = done ? outcomeOf(revealed) : ["", ""];
    this.fields?.inputs.forEach((input, number) => { if (done) fix(input, number, revealed.prediction); });
    this.go.textContent = done && revealed.right !== null ? "Next question" : "Commit";
    this.start.hidden = scope.get("challenge") || !scope.get("question").text;
    series.textContent = standing(scope.get("challenge"), scope.get("challenge_score"), done);
    outcome.hidden = !done;
    outcome.dataset.right = `${revealed.right}`;
    outcome.replaceChildren(element("b", { text: told }), ` ${why}`);
    if (done && !this.panel.hidden) scope.say("outcome", `${told} ${why} ${series.textContent}`);
    this.ready();
  }
}

/**
 * Show a prediction in a field, which cannot be changed any more.
 * @param {HTMLInputElement} input
 * @param {number} number of the field
 * @param {number} value
 */
function fix(input, number, value) {
  input.disabled = true;
  if (input.type === "radio") input.checked = number === value;
  else input.value = `${value}`;
}

/**
 * The button in the title bar and the panel that it opens.
 * @param {Scope<any>} scope
 */
export function predictFirst(scope) {
  const { toggle, panel } = new Predicting(scope);
  return { toggle, panel };
}
