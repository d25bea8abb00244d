"""What holds for every command: --quiet, --json, bars, colours, consoles of any encoding, --help.

A new command fails until it has a row in `CASES`, and keeps to it.
"""

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import spacy
import typer
from spacy.cli._util import app
from spacy.tokens import Doc, DocBin
from typer.testing import CliRunner

from spacy_seqtag.cli import seqtag
from spacy_seqtag.cli.console import for_people

ROOT = Path(__file__).parents[2]
COMMANDS = typer.main.get_command(seqtag).commands

# Words and names that few consoles can print.
ODD = "Zoé saw 猫 ✔ 😀 ."
CASES = {
    "add-frames": ("roles", "猫é.json", "--output", "新é"),
    "annotate": ("nlp", "raw.txt", "新é.jsonl"),
    "audit": ("nlp", "猫é.spacy"),
    "calibrate": ("nlp", "猫é.spacy", "--output", "新é"),
    "check": ("猫é.spacy",),
    "convert": ("猫é.iob2", "--output", "新é.spacy"),
    "distil": ("nlp", "raw.txt", "--output", "新é.spacy"),
    "evaluate": ("nlp", "猫é.spacy", "--allow-unknown-labels", "--output", "新é.json"),
    "export": ("猫é.spacy", "--format", "props", "--output", "新é.props"),
    "from-hf": ("checkpoint", "新é"),
    "info": ("nlp",),
    "init-config": ("--train", "猫é.spacy", "--base-model", "checkpoint", "--output", "新é.cfg"),
    "quantize": ("nlp", "猫é.spacy", "新é", "--max-loss", "100"),
    "report": ("nlp", "猫é.spacy", "新é.html", "--train", "猫é.spacy"),
    "serve": ("nlp", "--port", "0"),
    "show": ("nlp", ODD, "--no-serve", "--output", "新é.html"),
    "shrink": ("nlp", "raw.txt", "新é", "--layers", "1", "--steps", "1", "--dev", "猫é.spacy"),
    "suggest": ("nlp", "raw.txt", "--min-words", "1", "--output", "新é.jsonl"),
    "to-hf": ("from-checkpoint", "新é"),
    "train": (
        *("my.cfg", "--output", "新é", "--paths.base_model", "checkpoint"),
        *("--paths.train", "猫é.spacy", "--paths.dev", "猫é.spacy"),
        *("--training.max_steps", "2", "--training.eval_frequency", "1"),
    ),
}
# Command to the keys of its result.
PAGE = (ROOT / "docs" / "commands.md").read_text("utf8")
DOCUMENTED = dict(
    re.findall(r"^\| `(.*?)` \| (.*) \|$", PAGE.partition("## Results for programs")[2], re.M)
)
# Commands whose result is no set of figures.
WITHOUT_JSON = {"serve": "it runs until it is stopped", "train": "model-best/meta.json has them"}


@pytest.fixture(scope="module")
def checkpoint(tiny_bert, tmp_path_factory):
    """Folders of a model of transformers, and of the pipeline that it is converted to."""
    from transformers import AutoModelForTokenClassification, AutoTokenizer

    from spacy_seqtag.interop.from_hf import from_hf

    folder = tmp_path_factory.mktemp("checkpoint")
    labels = {"id2label": {0: "O", 1: "B-PER", 2: "I-PER"}}
    model = AutoModelForTokenClassification.from_pretrained(tiny_bert, **labels)
    model.save_pretrained(folder / "hf")
    AutoTokenizer.from_pretrained(tiny_bert).save_pretrained(folder / "hf")
    from_hf(str(folder / "hf"), folder / "nlp")
    return folder


@pytest.fixture
def folder(tmp_path, monkeypatch, trained_path, roles_path, mini_docs, checkpoint):
    """The current folder, with all that the commands of `CASES` read."""
    monkeypatch.chdir(tmp_path)
    for name, path in (
        ("nlp", trained_path),
        ("roles", roles_path),
        ("checkpoint", checkpoint / "hf"),
        ("from-checkpoint", checkpoint / "nlp"),
    ):
        Path(name).symlink_to(path)
    words = ODD.split()
    docs = mini_docs(spacy.blank("en").vocab, "dev", 5)
    odd = Doc(docs[0].vocab, words, ents=["B-猫é", *["O"] * (len(words) - 1)])
    DocBin(docs=[*docs, odd]).to_disk("猫é.spacy")
    Path("raw.txt").write_text(f"{ODD}\nShe gave him the book.\n", "utf8")
    frame = {"id": "猫é.01", "words": {"VERB": ["猫é"]}}
    Path("猫é.json").write_text(json.dumps({"rolesets": [frame]}), "utf8")
    rows = [f"{word}\t{'I-猫é' if i == 1 else 'O'}\n" for i, word in enumerate(words)]
    Path("猫é.iob2").write_text("".join(rows), "utf8")
    shutil.copy(ROOT / "configs" / "ner.cfg", "my.cfg")
    return tmp_path


@pytest.fixture
def run(folder, monkeypatch):
    """Function (command, options) to its result, which is a success; a server ends at once."""

    def command(name, *options, charset="utf-8"):
        if name == "serve":
            uvicorn = pytest.importorskip("uvicorn", reason="the extra `serve` is not installed")
            monkeypatch.setattr(uvicorn.Server, "run", lambda self, sockets: None)
        result = CliRunner(charset=charset).invoke(app, ["seqtag", name, *CASES[name], *options])
        assert result.exit_code == 0, (result.output, result.exception)
        return result

    return command


@pytest.fixture
def in_a_terminal(monkeypatch):
    """What the runner captures says that it is a terminal."""
    capture = typer.testing._NamedTextIOWrapper
    monkeypatch.setattr(capture, "isatty", lambda self: True, raising=False)


def options_of(name):
    return {option for parameter in COMMANDS[name].params for option in parameter.opts}


def test_every_command_is_here():
    assert set(CASES) == set(COMMANDS)


@pytest.mark.parametrize("name", COMMANDS)
def test_options_have_one_name_and_one_meaning(name):
    assert {"--quiet", "-q"} <= options_of(name)
    assert ("--json" in options_of(name)) == (name not in WITHOUT_JSON)
    context = typer.Context(COMMANDS[name], info_name=name)
    text = COMMANDS[name].get_help(context)
    assert re.search(r"-q, --quiet +Print warnings and errors only", text)
    assert text.isascii(), [char for char in text if not char.isascii()]


@pytest.mark.parametrize("name", COMMANDS)
def test_help_has_examples_that_can_be_typed(folder, name):
    text = CliRunner().invoke(app, ["seqtag", name, "--help"]).stdout
    examples = text.partition("Examples:\n")[2]
    assert examples
    assert max(map(len, examples.splitlines())) <= 80
    for line in examples.replace("\\\n", " ").splitlines():
        start, words = line.split()[:4], shlex.split(line)[4:]
        assert start == ["python", "-m", "spacy", "seqtag"]
        words = words[: next((i for i, word in enumerate(words) if word in "<>|"), None)]
        assert words.pop(0) == name
        with for_people(), COMMANDS[name].make_context(name, words) as context:
            unknown = [word for word in context.args if word.startswith("--") and "." not in word]
            assert not unknown


@pytest.mark.parametrize("name", COMMANDS)
def test_a_file_gets_no_colours_and_bars_and_any_console_text(run, name):
    result = run(name, charset="ascii")
    assert result.output.isascii()
    for code in ("\x1b", "\r", "it/s", "docs ["):
        assert code not in result.output
    warnings = result.stderr.splitlines()
    assert all(line.startswith(("[!] ", "  ")) for line in warnings if line), warnings


@pytest.mark.parametrize("charset", ["latin-1", "cp1252", "utf-8"])
def test_what_a_console_can_print_is_printed(run, charset):
    output = run("convert", charset=charset).output
    assert ("猫é" in output) == (charset == "utf-8")
    assert ("\\u732bé" in output) == (charset != "utf-8")
    assert ("✔ Wrote" in output) == (charset == "utf-8")
    assert ("[+] Wrote" in output) == (charset != "utf-8")


@pytest.mark.parametrize("charset", ["ascii", "latin-1", "cp1252", "utf-8"])
def test_errors_in_any_encoding(folder, charset):
    runner = CliRunner(charset=charset)
    result = runner.invoke(app, ["seqtag", "show", "猫é/\udce9", "Ann left."])
    assert result.exit_code == 1
    assert isinstance(result.exception, SystemExit)
    assert "there is no such pipeline" in result.stderr
    assert result.stdout == ""


@pytest.mark.parametrize("name", COMMANDS)
def test_bars_in_terminals_and_no_colours_if_these_are_unwanted(
    run, name, in_a_terminal, monkeypatch
):
    monkeypatch.setenv("NO_COLOR", "1")
    result = run(name)
    assert "\r" in result.stderr
    assert not re.search(r"\x1b\[[\d;]*m", result.output)


@pytest.mark.parametrize("name", COMMANDS)
def test_quiet(run, name, in_a_terminal):
    result = run(name, "--quiet")
    assert result.stdout == ""
    assert "\r" not in result.stderr
    for line in re.sub(r"\x1b\[[\d;]*m", "", result.stderr).splitlines():
        assert line.startswith(("⚠ ", "  ", "猫é.spacy: ")), result.stderr


@pytest.mark.parametrize("name", [name for name in COMMANDS if name not in WITHOUT_JSON])
@pytest.mark.parametrize("quiet", [(), ("-q",)], ids=["", "quiet"])
def test_json_alone_on_standard_output(run, name, quiet):
    result = run(name, *quiet, "--json", charset="ascii" if quiet else "utf-8")

    def refuse(constant):
        raise AssertionError(f"{constant} is no JSON")

    found = json.loads(result.stdout, parse_constant=refuse)
    assert isinstance(found, dict)
    assert found
    if name != "evaluate":  # it has all scores
        assert set(re.findall(r"`(\w+)`", DOCUMENTED[name])) >= set(found)
    if "output" in found and found["output"] is not None:
        assert Path(found["output"]).exists()


def test_an_error_leaves_standard_output_empty(folder):
    result = CliRunner().invoke(app, ["seqtag", "evaluate", "nobody", "猫é.spacy", "--json"])
    assert (result.exit_code, result.stdout) == (1, "")
    assert "nobody: there is no such pipeline" in result.stderr


CHOICES = [
    (name, parameter)
    for name, command in COMMANDS.items()
    for parameter in command.params
    if "|" in str(parameter.metavar)
]


@pytest.mark.parametrize(("name", "parameter"), CHOICES, ids=lambda value: str(value))
def test_shells_know_the_values_of_options(name, parameter):
    with COMMANDS[name].make_context(name, [], resilient_parsing=True) as context:
        found = [item.value for item in parameter.shell_complete(context, "")]
    assert f"<{'|'.join(found)}>" == parameter.metavar


def test_the_lines_for_bash_complete_commands_and_options(tmp_path):
    (lines,) = re.findall(r"```bash\n(_spacy\(\).*?)```", PAGE, re.DOTALL)
    program = tmp_path / "spacy"
    program.write_text(f"#!{sys.executable}\nfrom spacy.cli import setup_cli\nsetup_cli()\n")
    program.chmod(0o755)
    path = os.pathsep.join([str(tmp_path), os.environ["PATH"]])

    def completed(*words):
        typed = f"COMP_WORDS=({' '.join(words)}); COMP_CWORD={len(words) - 1}"
        script = f'{lines}\n{typed}\n_spacy\nprintf "%s\\n" "${{COMPREPLY[@]}}"'
        done = subprocess.run(
            ["bash", "-c", script], env={**os.environ, "PATH": path}, capture_output=True, text=True
        )
        assert done.returncode == 0, done.stderr
        return done.stdout.split()

    assert completed("spacy", "seqtag", "ev") == ["evaluate"]
    assert completed("spacy", "seqtag", "from-hf", "--task", "n") == ["ner"]
