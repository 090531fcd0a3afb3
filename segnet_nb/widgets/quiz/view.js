// @ts-check
// The quiz: questions, each graded by its own button, or all of them at once.

import { button, element, switchOff, uniqueId } from "../shared/dom.js";
import { explorer } from "../shared/explorer.js";
import { LETTERS, mark, reasonOf, rightAnswer } from "./marks.js";

/** @import { Scope } from "../shared/scope.js" */
/** @import { Question, Traits } from "./types" */

/**
 * Take an answer down. It has to be graded anew.
 * @param {Scope<Traits>} scope
 * @param {Question} question
 * @param {string} answer
 */
function take(scope, question, answer) {
  if (!scope.get("at_once") && scope.get("checked").includes(question.id)) {
    scope.set("checked", scope.get("checked").filter((id) => id !== question.id));
  }
  scope.set("answers", { ...scope.get("answers"), [question.id]: answer });
}

/**
 * Radio buttons for the choices of a question.
 * @param {Scope<Traits>} scope
 * @param {import("./types").ChoiceQuestion} question
 */
function choicesOf(scope, question) {
  const name = uniqueId("sn-question");
  const node = element("div", { class: "sn-choices" });
  const inputs = question.choices.map(([text], i) => {
    const letter = LETTERS[i];
    const input = element("input", {
      type: "radio", name, value: letter, "data-letter": letter,
      change: () => take(scope, question, letter),
    });
    node.append(element("label", {}, input, element("span", { class: "sn-letter", text: `${letter})` }),
      element("span", { text })));
    return input;
  });
  return {
    node,
    /** @param {string} answer @param {boolean} locked */
    show(answer, locked) {
      for (const input of inputs) {
        input.checked = input.value === answer.trim().toLowerCase();
        input.disabled = locked;
      }
    },
  };
}

/**
 * A field for the number of a question.
 * @param {Scope<Traits>} scope
 * @param {Question} question
 * @param {() => void} enter what the Enter key does
 */
function numberOfQuestion(scope, question, enter) {
  const input = element("input", {
    type: "text", inputmode: "decimal", maxlength: 40, autocomplete: "off", class: "sn-answer",
    input: () => take(scope, question, input.value),
    keydown: (/** @type {KeyboardEvent} */ event) => { if (event.key === "Enter" && !event.shiftKey) enter(); },
  });
  return {
    node: element("label", { class: "sn-number-label" }, "Your number ", input),
    /** @param {string} answer @param {boolean} locked */
    show(answer, locked) {
      if (input.value !== answer) input.value = answer;
      input.readOnly = locked;
    },
  };
}

/**
 * What is said about a graded answer.
 * @param {Question} question
 * @param {string | undefined} answer
 * @param {boolean} reveal whether the right answer is told
 */
function verdict(question, answer, reveal) {
  const { right, why } = mark(question, answer);
  if (right) return { kind: "right", head: "✓ Right.", text: why };
  if (right === null && !reveal) return { kind: "open", head: "", text: why };
  const head = right === false ? "✗ Not right." : "– No answer.";
  const start = right === null ? "" : `${why} `;
  const end = reveal ? `Right is ${rightAnswer(question)}. ${reasonOf(question)} ` : "";
  return { kind: "wrong", head, text: `${start}${end}See ${question.where}.` };
}

/**
 * One question with its answers and what is said about them.
 * @param {Scope<Traits>} scope
 * @param {Question} question
 * @param {number} number
 */
function questionPart(scope, question, number) {
  const atOnce = scope.get("at_once");
  const grade = () => {
    if (atOnce) return;
    const checked = scope.get("checked").filter((id) => id !== question.id);
    scope.set("checked", checked);  // so that the same answer, graded again, is told again
    scope.set("checked", [...checked, question.id]);
  };
  const field = "choices" in question ? choicesOf(scope, question) : numberOfQuestion(scope, question, grade);
  const head = element("b", {}), words = element("span", {});
  const result = element("p", { class: "sn-verdict", hidden: true, id: uniqueId("sn-verdict") }, head, " ", words);
  const check = button("Check answer", grade, { "data-action": "check", "aria-describedby": result.id });
  const node = element("fieldset", { class: "sn-question", "data-question": question.id },
    element("legend", {}, element("span", { class: "sn-count", text: `${number}.` }), " ", question.text),
    field.node, atOnce ? null : check, result);
  const show = () => {
    const answer = scope.get("answers")[question.id] ?? "", done = scope.get("checked").includes(question.id);
    field.show(answer, atOnce && done);
    result.hidden = !done;
    if (!done) {
      scope.say(question.id, "");
      return;
    }
    const said = verdict(question, answer, atOnce);
    result.dataset.kind = said.kind;
    head.textContent = said.head;
    words.textContent = said.text;
    if (!atOnce) scope.say(question.id, `${said.head.slice(2)} ${said.text}`.trim());
  };
  return { node, show };
}

/**
 * The button that grades a whole test, and the result below it.
 * @param {Scope<Traits>} scope
 */
function gradingPart(scope) {
  const score = element("b", { class: "sn-score" });
  const words = element("span", {});
  const message = element("p", { class: "sn-note sn-message" });
  let asked = false;
  const grade = button("Grade the test", () => {
    const questions = scope.get("questions"), answers = scope.get("answers");
    const open = questions.filter((one) => mark(one, answers[one.id]).right === null).length;
    if (open && !asked) {
      asked = true;
      message.textContent = `${open} of ${questions.length} questions have no answer that can be read; they count as `
        + "not right. Press again to grade the test all the same.";
      scope.say("message", message.textContent);
      return;
    }
    message.textContent = "";
    scope.set("checked", questions.map((one) => one.id));
  }, { "data-action": "grade" });
  const result = element("p", { class: "sn-result", hidden: true }, score, " ", words);
  const show = () => {
    const questions = scope.get("questions"), done = scope.get("checked").length > 0;
    if (!done) asked = false;
    switchOff(grade, done);
    result.hidden = !done;
    if (!done) return;
    const right = questions.filter((one) => mark(one, scope.get("answers")[one.id]).right).length;
    score.textContent = `${right} of ${questions.length} right.`;
    words.textContent = scope.get("note");
    scope.say("score", `${score.textContent} ${words.textContent}`);
  };
  return { node: element("div", { class: "sn-grading" }, grade, message, result), show };
}

/**
 * @param {Scope<Traits>} scope
 * @param {HTMLElement} body
 */
function build(scope, body) {
  const { root } = scope, heading = scope.get("heading");
  root.setAttribute("aria-label", heading);
  const title = root.querySelector(".sn-title");
  if (title) title.textContent = heading;
  const parts = scope.get("questions").map((question, i) => questionPart(scope, question, i + 1));
  const grading = scope.get("at_once") ? gradingPart(scope) : null;
  body.append(...parts.map((part) => part.node));
  if (grading) body.append(grading.node);
  const draw = () => {
    for (const part of parts) part.show();
    grading?.show();
  };
  scope.watch(["answers", "checked", "note"], draw);
  draw();
}

export default explorer("quiz", "Quiz", build);
