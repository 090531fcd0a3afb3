"""The pooling playground in a browser: every number it shows, with a kernel and without one."""

from __future__ import annotations

import json
import re

import pytest

from segnet_nb.visualizers.pooling import OFFSET_COLORS
from segnet_nb.visualizers.upsampling import number
from segnet_nb.widgets import PoolingPlayground
from segnet_nb.widgets.pooling_playground.numbers import answer, preset
from tests.browser.driver import OpenNotebook, eventually, write_notebook

pytestmark = [pytest.mark.browser, pytest.mark.notebook]
KIND = "pooling-playground"
WAYS = ("unpooled", "nearest", "bilinear", "transposed")
KERNEL = [[1.0, 0.5], [0.5, 0.25]]

# All that is drawn: texts, colours, marks of what is exact, and where a window is lit.
SEEN = """root => {
  const maps = {};
  for (const map of root.querySelectorAll('[data-map]')) {
    const rows = [...map.querySelectorAll('[role=row]')].map(row => [...row.children]);
    const frame = map.querySelector('.sn-window');
    const of = what => rows.map(row => row.map(what));
    maps[map.dataset.map] = {
      texts: of(cell => cell.querySelector('input')?.value ?? cell.innerText),
      colors: of(cell => getComputedStyle(cell).backgroundColor),
      exact: of(cell => cell.classList.contains('sn-exact')),
      lit: frame.hidden ? null :
        ['top', 'left', 'height', 'width'].map(side => parseFloat(frame.style[side])),
    };
  }
  const scores = Object.fromEntries(
    [...root.querySelectorAll('[data-score]')].map(score => [score.dataset.score, score.innerText]));
  const pressed = [...root.querySelectorAll('[aria-pressed=true]')].map(button => button.dataset.preset);
  return {maps, scores, pressed, words: root.querySelector('[data-words]').innerText,
    detail: root.querySelector('[data-detail]').innerText, error: root.querySelector('.sn-error').innerText};
}"""
# The widget's module in a page that knows neither Jupyter nor Python.
WITHOUT_KERNEL = """async ([source, style, state]) => {
  const sheet = document.createElement('style');
  sheet.textContent = style;
  document.head.append(sheet);
  const {default: widget} = await import(URL.createObjectURL(new Blob([source], {type: 'text/javascript'})));
  const heard = {};
  const model = {
    get: name => state[name],
    set: (name, value) => {
      const changed = JSON.stringify(state[name]) !== JSON.stringify(value);
      state[name] = value;
      if (changed) for (const listener of [...(heard['change:' + name] ?? [])]) listener();
    },
    on: (event, listener) => (heard[event] ??= []).push(listener),
    off: (event, listener) => { heard[event] = (heard[event] ?? []).filter(one => one !== listener); },
    save_changes: () => {}, send: () => {},
  };
  const ends = [];
  for (let view = 0; view < 2; view++) {
    const el = document.createElement('div');
    document.body.append(el);
    ends.push(widget.render({model, el}));
  }
  window.playground = {state, heard, ends};
}"""


def rgb(color):
    return "rgb(" + ", ".join(str(int(color[i : i + 2], 16)) for i in (1, 3, 5)) + ")"


def assert_shows(view, grid, kernel=KERNEL):
    """Everything drawn is what Python computes for this map."""
    seen, result = view.evaluate(SEEN), answer(grid, kernel)
    assert seen["error"] == ""
    assert seen["maps"]["grid"]["texts"] == [[str(value) for value in row] for row in grid]
    for y, row in enumerate(result["indices"]):
        for x, offset in enumerate(row):
            shown = seen["maps"]["pooled"]["texts"][y][x].split("\n")
            assert [part for part in shown if part] == [
                str(result["pooled"][y][x]),
                f"{offset} = {offset // 2}{offset % 2}",
            ]
            color = rgb(OFFSET_COLORS[offset])
            assert seen["maps"]["pooled"]["colors"][y][x] == color
            for name in ("grid", "unpooled"):
                colors = [
                    seen["maps"][name]["colors"][2 * y + dy][2 * x + dx]
                    for dy in (0, 1)
                    for dx in (0, 1)
                    if 2 * y + dy < len(grid) and 2 * x + dx < len(grid[0])
                ]
                assert [c for c in colors if c in map(rgb, OFFSET_COLORS)] == [color]
    short = len(grid[0]) > 6
    for way in WAYS:
        texts = [[number(value, short=short) for value in row] for row in result[way]]
        assert seen["maps"][way]["texts"] == texts
        exact = [
            [value == known for value, known in zip(*rows, strict=True)]
            for rows in zip(result[way], grid, strict=True)
        ]
        assert seen["maps"][way]["exact"] == exact
        of = f"exact {result['kept'][way]} of {len(grid) * len(grid[0])}"
        assert seen["scores"][way] == f"error {number(result['errors'][way])} · {of}"
    assert seen["words"] == result["words"]
    return seen


def cell(view, y, x, name="grid"):
    inner = " input" if name == "grid" else ""
    return view.locator(f"[data-map={name}] [data-y='{y}'][data-x='{x}']{inner}")


def changed(grid, y, x, value):
    return [[value if (i, j) == (y, x) else old for j, old in enumerate(row)] for i, row in enumerate(grid)]


@pytest.fixture(scope="module")
def bare(browser):
    """A page without network, kernel and Jupyter that shows two views of one playground."""
    page = browser.new_page(viewport={"width": 900, "height": 1000})
    failures = []
    page.on("pageerror", lambda error: failures.append(str(error)))
    page.goto("about:blank")
    page.context.set_offline(True)
    widget = PoolingPlayground()
    names = ("grid", "kernel", "seed", "error", "busy", "standalone")
    state = {name: value for name, value in widget.get_state().items() if name in names}
    page.evaluate(WITHOUT_KERNEL, [widget._esm, widget._css, state])
    yield page
    assert failures == []
    page.close()


def views(page):
    return page.locator(f".sn-{KIND}").first, page.locator(f".sn-{KIND}").last


def state_of(page):
    return page.evaluate("window.playground.state")


def test_without_a_kernel_presets_sizes_and_seeds_show_what_python_computes(bare):
    first, second = views(bare)
    for name in ("zeros", "ties", "negative", "random", "example"):
        first.locator(f"[data-preset={name}]").click()
        for rows, columns in ((4, 4), (5, 7), (8, 8), (7, 4)):
            first.locator("[data-size=rows]").select_option(str(rows))
            first.locator("[data-size=columns]").select_option(str(columns))
            grid = preset(name, rows, columns)
            assert state_of(bare)["grid"] == grid
            assert assert_shows(first, grid)["pressed"] == [name]
            assert_shows(second, grid)
    seed = first.locator("[data-trait=seed]")
    seed.fill("77")
    seed.press("Enter")
    assert_shows(first, preset("random", 7, 4, 77))
    seed.fill("-3")
    seed.press("Enter")
    assert seed.input_value() == "77"


def test_without_a_kernel_the_keyboard_edits_the_map(bare):
    first, second = views(bare)
    first.locator("[data-preset=example]").click()
    first.locator("[data-size=rows]").select_option("5")
    first.locator("[data-size=columns]").select_option("6")
    grid = preset("example", 5, 6)
    keys = bare.keyboard
    cell(first, 0, 0).click()
    keys.type("42")
    grid = changed(grid, 0, 0, 42)
    assert_shows(first, grid)
    for key in ("ArrowRight", "ArrowDown", "Enter", "ArrowLeft", "ArrowUp"):  # ends at row 1, column 0
        keys.press(key)
    keys.press("+")
    keys.press("+")
    grid = changed(grid, 1, 0, grid[1][0] + 2)
    assert_shows(second, grid)
    keys.press("-")
    grid = changed(grid, 1, 0, grid[1][0] - 1)
    assert_shows(first, grid)
    keys.press("End")
    keys.type("-37")  # a minus and then digits: a negative number
    grid = changed(grid, 1, 5, -37)
    assert_shows(first, grid)
    keys.press("Home")
    keys.press("ArrowLeft")  # stays inside
    assert (
        first.evaluate("root => root.ownerDocument.activeElement.getAttribute('aria-label')")
        == "row 2, column 1"
    )
    # One cell alone is reached by Tab.
    assert first.locator("[data-map=grid] input[tabindex='0']").count() == 1
    # What is no whole number is refused, told, and taken back.
    keys.press("End")
    keys.type("1.5")
    assert first.locator(".sn-problem").is_visible()
    grid = changed(grid, 1, 5, 1)  # the 1 was one
    keys.press("Escape")
    assert not first.locator(".sn-problem").is_visible()
    assert_shows(first, grid)
    keys.type("99")
    keys.press("+")  # the largest there is
    assert_shows(first, changed(grid, 1, 5, 99))
    keys.press("Backspace")
    first.locator("[data-preset=zeros]").focus()  # an empty cell is not zero
    assert_shows(first, changed(grid, 1, 5, 99))


def test_without_a_kernel_the_mouse_edits_the_map_and_its_size_keeps_values(bare):
    first, second = views(bare)
    first.locator("[data-preset=ties]").click()
    first.locator("[data-size=rows]").select_option("4")
    first.locator("[data-size=columns]").select_option("4")
    cell(first, 2, 3).click()
    for _ in range(3):
        first.locator("[data-step='1']").click()
    first.locator("[data-step='-1']").click()
    grid = preset("ties", 4, 4)
    grid = changed(grid, 2, 3, grid[2][3] + 2)
    assert assert_shows(first, grid)["pressed"] == []
    first.locator("[data-size=rows]").select_option("5")
    grid = [*grid, [0] * 4]
    assert_shows(second, grid)
    first.locator("[data-size=rows]").select_option("4")
    assert_shows(second, grid[:4])


def test_without_a_kernel_the_same_window_lights_up_in_all_maps(bare):
    first, second = views(bare)
    first.locator("[data-preset=example]").click()
    first.locator("[data-size=rows]").select_option("5")
    first.locator("[data-size=columns]").select_option("6")
    bare.mouse.move(1, 1)

    def lit(view):
        maps = view.evaluate(SEEN)["maps"]
        return {name: one["lit"] and [round(side, 2) for side in one["lit"]] for name, one in maps.items()}

    cell(first, 4, 2, "bilinear").hover()
    full, third = [80.0, 33.33, 20.0, 33.33], 33.33  # row 5 of 5 alone; columns 3 and 4 of 6
    pooled = [66.67, third, third, third]
    expected = {"grid": full, "pooled": pooled, **dict.fromkeys(WAYS, full)}
    assert lit(first) == expected
    assert set(lit(second).values()) == {None}
    # The fifth row of the example: 4, 1 and nothing below.
    detail = first.evaluate(SEEN)["detail"]
    assert detail.startswith(
        "Window 3, 2 holds 4, 1. Its maximum 4 is at the top left: dy = 0, dx = 0, index 0 = 00."
    )
    assert "4, 0 (unpooling); 4, 4 (nearest)" in detail
    bare.mouse.move(1, 1)
    assert set(lit(first).values()) == {None}
    cell(first, 0, 0, "pooled").focus()
    for key in ("ArrowRight", "ArrowDown", "ArrowDown"):
        bare.keyboard.press(key)
    assert lit(first) == expected
    cell(first, 2, 1).focus()
    assert lit(first)["nearest"] == [40.0, 0.0, 40.0, 33.33]
    first.locator("[data-preset=example]").focus()
    assert set(lit(first).values()) == {None}


def test_without_a_kernel_the_weights_can_be_changed(bare):
    first, second = views(bare)
    for i, text in enumerate(("0.3", "-1", "2,5", "0")):
        first.locator(f"[data-weight='{i}']").fill(text)
    kernel = [[0.3, -1], [2.5, 0]]
    assert state_of(bare)["kernel"] == kernel
    assert_shows(second, state_of(bare)["grid"], kernel)
    first.locator("[data-weight='0']").fill("much")
    assert first.locator("[data-weight='0'][aria-invalid]").count() == 1
    first.locator("[data-preset=zeros]").focus()
    assert first.locator("[data-weight='0']").input_value() == "0.3"
    assert_shows(first, state_of(bare)["grid"], kernel)
    for i, value in enumerate((1, 0.5, 0.5, 0.25)):
        second.locator(f"[data-weight='{i}']").fill(str(value))
    assert_shows(first, state_of(bare)["grid"])


def test_without_a_kernel_it_fits_a_narrow_cell(bare):
    first, _ = views(bare)
    first.locator("[data-preset=random]").click()
    first.locator("[data-size=columns]").select_option("8")
    overflow = """root => [...root.querySelectorAll('.sn-map, .sn-figure, .sn-controls, .sn-cell')].filter(
      one => one.getBoundingClientRect().right > root.getBoundingClientRect().right + 0.5).length"""
    cut = (
        "root => [...root.querySelectorAll('.sn-cell')].filter(c => c.scrollWidth > c.clientWidth + 1).length"
    )
    for width in (1000, 520, 340):
        bare.set_viewport_size({"width": width, "height": 1000})
        assert first.evaluate(overflow) == 0
        assert first.evaluate(cut) == 0
        assert_shows(first, state_of(bare)["grid"])
    bare.set_viewport_size({"width": 900, "height": 1000})


def test_without_a_kernel_a_closed_view_lets_go(bare):
    ends = bare.evaluate("""() => {
      window.playground.ends.forEach(end => end());
      return [document.querySelectorAll('.sn-explorer').length,
        Object.values(window.playground.heard).flat().length];
    }""")
    assert ends == [0, 0]


@pytest.fixture(scope="module")
def notebook(lab, browser):
    write_notebook(
        lab.folder / "playground.ipynb",
        "from segnet_nb.widgets import PoolingPlayground\nplayground = PoolingPlayground()\nplayground",
        "other = PoolingPlayground(seed=5)\nother.fill('random')\nother",
    )
    opened = OpenNotebook(browser, lab, "playground.ipynb", dark=True)
    opened.run_all()
    yield opened
    assert opened.failures == []
    opened.close()


def kernel_has(notebook, name, grid, kernel):
    """Wait until the kernel holds this state and check its answer; the view sends changes in turn."""
    code = f"import json; print(json.dumps([{name}.grid, {name}.kernel, {name}.result]))"
    expected = [grid, kernel, answer(grid, kernel)]

    def answered():
        # JupyterLab has a thread of the kernel hear the view, so a cell may run before the answer is there.
        assert json.loads(notebook.ask(code)) == expected

    eventually(notebook.page, answered)


def test_the_kernel_answers_what_the_browser_shows(notebook):
    view, other = notebook.explorer(KIND), notebook.explorer(KIND, 1)
    assert_shows(view, preset("example", 4, 4))
    assert_shows(other, preset("random", 4, 4, 5))
    cell(view, 1, 2).click()
    notebook.page.keyboard.type("8")
    notebook.page.keyboard.press("ArrowDown")
    notebook.page.keyboard.press("+")
    expected = changed(changed(preset("example", 4, 4), 1, 2, 8), 2, 2, 1)
    assert_shows(view, expected)
    view.locator("[data-weight='3']").fill("0.75")
    kernel = [[1.0, 0.5], [0.5, 0.75]]
    kernel_has(notebook, "playground", expected, kernel)
    view.locator("[data-size=columns]").select_option("7")
    expected = [[*row, 0, 0, 0] for row in expected]
    kernel_has(notebook, "playground", expected, kernel)
    assert_shows(view, expected, kernel)
    # The other one has heard nothing of all this.
    assert_shows(other, preset("random", 4, 4, 5))
    kernel_has(notebook, "other", preset("random", 4, 4, 5), KERNEL)


def test_python_redraws_the_browser_and_jupyter_keeps_its_keys_to_itself(notebook):
    view, other = notebook.explorer(KIND), notebook.explorer(KIND, 1)
    notebook.ask("other.grid = [[-3, 7, 1, 1, 2]] * 6; other.kernel = [[0, 1], [0, 0]]")
    grid = [[-3, 7, 1, 1, 2]] * 6
    other.locator("[data-map=grid] [data-y='5']").first.wait_for()
    seen = assert_shows(other, grid, [[0, 1], [0, 0]])
    # Two equal rows: each window's maximum stands in both.
    assert seen["words"].startswith("9 windows have ties")
    active = "window.jupyterapp.shell.currentWidget.content.activeCellIndex"
    before = notebook.page.evaluate(active)
    cell(view, 0, 0, "pooled").focus()
    for key in ("ArrowDown", "ArrowRight"):
        notebook.page.keyboard.press(key)
    assert view.evaluate(SEEN)["detail"].startswith("Window 2, 2 ")
    assert notebook.page.evaluate(active) == before


def test_dark_theme_keeps_numbers_readable(notebook):
    view = notebook.explorer(KIND)
    contrast = """cell => {
      const parse = text => text.match(/[\\d.]+/g).map(Number);
      const light = ([r, g, b]) => [r, g, b].map(c => c / 255)
        .map(c => c <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4)
        .reduce((sum, c, i) => sum + c * [0.2126, 0.7152, 0.0722][i], 0);
      let ground = cell;
      while (parse(getComputedStyle(ground).backgroundColor)[3] === 0) ground = ground.parentElement;
      const [a, b] = [light(parse(getComputedStyle(cell.querySelector('input') ?? cell).color)),
        light(parse(getComputedStyle(ground).backgroundColor))];
      return (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    }"""
    for one in view.locator(".sn-cell").all():
        assert one.evaluate(contrast) > 4.5
    ground = view.evaluate("root => getComputedStyle(root).backgroundColor")
    assert max(map(int, re.findall(r"\d+", ground)[:3])) < 80
