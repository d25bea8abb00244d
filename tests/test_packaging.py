"""What is declared and given away: dependencies, version, source distribution."""

import ast
import subprocess
import sys
import tarfile
import zipfile
from importlib.metadata import packages_distributions, requires
from pathlib import Path, PurePosixPath

import pytest
import srsly
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

import spacy_seqtag

ROOT = Path(__file__).parents[1]

# Run by the Python of another program, see its first lines.
ELSEWHERE = ROOT / "tests" / "integration" / "doccano_project.py"


# Dependencies


def imported(folder):
    """Names of the top-level modules that the Python files of a folder import, and where."""
    found = {}
    for path in sorted({*folder.rglob("*.py")} - {ELSEWHERE}):
        for node in ast.walk(ast.parse(path.read_text("utf8"))):
            names = []
            if isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom) and node.level == 0:
                names = [node.module]
            for name in names:
                found.setdefault(name.partition(".")[0], path.relative_to(ROOT))
    return found


def declared(*extras):
    """Names of the distributions that the package requires with some extras."""
    requirements = map(Requirement, requires("spacy-seqtag"))
    return {
        canonicalize_name(requirement.name)
        for requirement in requirements
        if requirement.marker is None
        or any(requirement.marker.evaluate({"extra": extra}) for extra in ("", *extras))
    }


@pytest.mark.parametrize(
    ("folder", "extras"),
    [
        ("spacy_seqtag", ["pandas", "plot", "serve"]),
        ("docs", ["docs"]),
        ("scripts", ["demo", "benchmark"]),
        ("tests", ["test", "dev"]),
    ],
)
def test_everything_imported_is_declared(folder, extras):
    own = {"spacy_seqtag"}
    for path in (ROOT / folder).rglob("*.py"):
        own |= {path.stem, path.parent.name}
    # A module of an extra that is not installed mostly has the name of its distribution.
    distributions = {"griffe": ["griffelib"], **packages_distributions()}
    undeclared = {}
    for module, path in imported(ROOT / folder).items():
        if module in sys.stdlib_module_names or module in own or module == "_typeshed":
            continue
        names = set(map(canonicalize_name, distributions.get(module, [module])))
        if not names & declared(*extras):
            undeclared[module] = str(path)
    assert not undeclared


# Version


def test_the_version_is_the_same_everywhere():
    citation = srsly.read_yaml(ROOT / "CITATION.cff")
    assert str(citation["version"]) == spacy_seqtag.__version__
    changelog = (ROOT / "CHANGELOG.md").read_text("utf8")
    headings = [line for line in changelog.splitlines() if line.startswith("## ")]
    newest = next(line for line in headings if line != "## Unreleased")
    assert newest == f"## {spacy_seqtag.__version__} ({citation['date-released']})"


# Source distribution


@pytest.fixture(scope="module")
def tracked():
    """The files that Git tracks."""
    command = ["git", "ls-files", "-z", "--cached"]
    try:
        done = subprocess.run(command, cwd=ROOT, capture_output=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("the files are not in a Git repository")
    return {name for name in done.stdout.decode("utf8").split("\0") if (ROOT / name).is_file()}


def test_wheel_has_what_is_no_code(tracked, tmp_path):
    """The template of configs, and the mark of a typed package."""
    for name in tracked:
        if name.startswith("spacy_seqtag/") or name in ("pyproject.toml", "README.md", "LICENSE"):
            path = tmp_path / "source" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes((ROOT / name).read_bytes())
    code = "from setuptools.build_meta import build_wheel; build_wheel('../dist')"
    subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path / "source", check=True, capture_output=True
    )
    (archive,) = (tmp_path / "dist").glob("*.whl")
    with zipfile.ZipFile(archive) as wheel:
        found = {name for name in wheel.namelist() if name.startswith("spacy_seqtag/")}
    assert found == {name for name in tracked if name.startswith("spacy_seqtag/")}
    assert "spacy_seqtag/training/config.cfg.jinja" in found


def test_source_distribution_has_what_git_tracks(tracked, tmp_path):
    """And nothing that lies beside it."""
    others = {
        "assets/ewt/en_ewt-ud-dev.conllu",
        "corpus/ewt/dev.spacy",
        "metrics/mini.json",
        "packages/en_x-1.0/README.md",
        "site/index.html",
        "tests/__pycache__/conftest.cpython-311.pyc",
        "training/mini/model-best/meta.json",
    }
    for name in tracked | others:
        path = tmp_path / "source" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"" if name in others else (ROOT / name).read_bytes())
    code = "from setuptools.build_meta import build_sdist; build_sdist('../dist')"
    subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path / "source", check=True, capture_output=True
    )
    (archive,) = (tmp_path / "dist").glob("*.tar.gz")
    with tarfile.open(archive) as tar:
        names = (PurePosixPath(member.name) for member in tar if member.isfile())
        found = {str(PurePosixPath(*name.parts[1:])) for name in names}
    made = {name for name in found if "egg-info" in name} | {"PKG-INFO", "setup.cfg"}
    assert found - made == tracked
