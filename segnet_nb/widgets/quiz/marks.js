// @ts-check
// Whether an answer is right, and why; the same as marks.py.

/** @import { ChoiceQuestion, Mark, NumberQuestion, Question } from "./types" */

export const LETTERS = "abcdefgh";
const NUMBER = /^([-+]?(?:[0-9]+\.?[0-9]*|\.[0-9]+))(?:\s*\/\s*([0-9]+\.?[0-9]*|\.[0-9]+))?\s*(%?)$/;

/**
 * @param {Question} question
 * @param {string | undefined} answer a letter, or a number such as 0.25, 1/4 or 25 %
 * @returns {Mark}
 */
export function mark(question, answer) {
  const text = (answer ?? "").trim();
  if (!text) return { right: null, why: "There is no answer yet." };
  return "choices" in question ? markChoice(question, text) : markNumber(question, text);
}

/**
 * @param {ChoiceQuestion} question
 * @param {string} answer
 * @returns {Mark}
 */
function markChoice(question, answer) {
  const letters = LETTERS.slice(0, question.choices.length), letter = answer.toLowerCase();
  if (letter.length !== 1 || !letters.includes(letter)) {
    return { right: null, why: `One of the letters ${[...letters].join(", ")} is needed.` };
  }
  return { right: letter === question.right, why: question.choices[letters.indexOf(letter)][1] };
}

/**
 * @param {NumberQuestion} question
 * @param {string} answer
 * @returns {Mark}
 */
function markNumber(question, answer) {
  const value = numberOf(answer);
  if (value === null) return { right: null, why: "A number is needed, such as 0.25, 1/4 or 25 %." };
  const tolerance = question.tolerance * (1 + 1e-9) + 1e-12;
  if (Math.abs(value - question.number) <= tolerance) return { right: true, why: question.why };
  const mistake = question.mistakes.find(([wrong]) => Math.abs(value - wrong) <= tolerance);
  return { right: false, why: mistake ? mistake[1] : "It is another number." };
}

/**
 * A number as readers write it; null for anything else.
 * @param {string} text
 */
export function numberOf(text) {
  const found = NUMBER.exec(text.trim().replaceAll(",", ".").replaceAll("−", "-"));
  if (!found || (found[2] !== undefined && Number(found[2]) === 0)) return null;
  const value = Number(found[1]) / Number(found[2] ?? 1);
  return found[3] ? value / 100 : value;
}

/**
 * The right answer in words.
 * @param {Question} question
 */
export function rightAnswer(question) {
  if (!("choices" in question)) return `${Number(question.number.toPrecision(4))}`;
  return `${question.right} (${question.choices[LETTERS.indexOf(question.right)][0]})`;
}

/**
 * Why the right answer is right.
 * @param {Question} question
 */
export function reasonOf(question) {
  return "choices" in question ? question.choices[LETTERS.indexOf(question.right)][1] : question.why;
}
