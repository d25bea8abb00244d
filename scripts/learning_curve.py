"""Learning curves: what a share of the labels is worth, with and without the raw text of the rest.

For every share and seed a pipeline is trained on a sample of the sentences ("plain"). These teach:
they annotate the other sentences without their labels, and a student learns from the sample and
from what they think ("full"). Samples are nested. With all labels there is no other sentence, so
the teachers annotate the training sentences themselves.

Every run is a file in FOLDER/results. What is done is not done again, and a training that was
interrupted goes on. `report` needs these files alone, which may come from several machines.
"""

import shlex
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

import typer
from curves.draw import draw_curves
from curves.options import (
    check_split,
    read_arguments,
    read_recipes,
    read_seeds,
    read_shares,
)
from curves.plan import Facts, Settings, Step, make_plan
from curves.results import (
    Reference,
    curve_json,
    curve_table,
    find_differences,
    load_references,
    load_results,
    make_points,
    reference_table,
)
from curves.schedule import Runner, find_done
from tqdm import tqdm
from wasabi import msg
from wasabi.printer import Printer

from spacy_seqtag.errors import message_of
from spacy_seqtag.files import terminable, write_file

app = typer.Typer(help=__doc__, no_args_is_help=True, rich_markup_mode=None)

_FOLDER = typer.Option(..., help="Folder for everything that is made", file_okay=False)
_REFERENCES = typer.Option(
    None, help="JSON file with the figures of other systems, for the table and the plot"
)
_SPLIT = typer.Option("dev", help="Whose scores are shown: dev or test")


@app.command("run")
def run_cli(
    config: Path = typer.Option(..., help="Config of the pipeline", exists=True, dir_okay=False),
    train: Path = typer.Option(..., help="Labelled corpus (.spacy)", exists=True, dir_okay=False),
    dev: Path = typer.Option(..., help="Development corpus", exists=True, dir_okay=False),
    test: Path | None = typer.Option(
        None, help="Corpus to score as well", exists=True, dir_okay=False
    ),
    folder: Path = _FOLDER,
    base_model: str = typer.Option("", help="The encoder; by default that of the config"),
    shares: str = typer.Option("0.01,0.03,0.1,0.3,1", help="Shares of the sentences, in order"),
    seeds: str = typer.Option("0,1,2", help="A run for each"),
    recipes: str = typer.Option("plain,full", help="plain, full, or both"),
    teachers: int = typer.Option(0, min=0, help="Plain runs that teach; 0: those of all seeds"),
    sample_seed: int = typer.Option(0, min=0, help="Of the sample, which is the same for all runs"),
    steps: int = typer.Option(0, min=0, help="Steps of a plain run; 0: as the config says"),
    student_steps: int = typer.Option(0, min=0, help="Steps of a student; 0: likewise"),
    soft_weight: float = typer.Option(1.0, help="What a word with soft labels counts"),
    gold_share: float = typer.Option(0.3, help="Share of a student's words that are labelled"),
    settings: str = typer.Option(
        "", help='Settings of every training, such as "training.dropout=0.2 training.patience=99"'
    ),
    student_settings: str = typer.Option("", help="Those of students alone, likewise"),
    gpu_id: int = typer.Option(-1, help="GPU, or -1 for CPU"),
    jobs: int = typer.Option(1, min=1, help="Runs at a time; a GPU holds many small ones"),
    keep_going: bool = typer.Option(
        False, "--keep-going", help="If a run fails, make all that do not need it"
    ),
    dry_run: bool = typer.Option(False, "--dry-run", help="Only print what would be run"),
    references: Path | None = _REFERENCES,
    split: str = _SPLIT,
) -> None:
    """Make the runs that are not there, then report."""
    try:
        chosen = Settings(
            folder=folder,
            config=config,
            train=train,
            dev=dev,
            test=test,
            base_model=base_model,
            shares=read_shares(shares),
            seeds=read_seeds(seeds),
            recipes=read_recipes(recipes),
            teachers=teachers,
            sample_seed=sample_seed,
            settings=read_arguments(settings, "--settings"),
            student_settings=read_arguments(student_settings, "--student-settings"),
            steps=steps,
            student_steps=student_steps,
            soft_weight=soft_weight,
            gold_share=gold_share,
            gpu_id=gpu_id,
        )
        check_split(split, test)
        peers = load_references(references) if references is not None else []
        plan = make_plan(chosen)
        done = find_done(plan)
        if dry_run:
            print_plan(plan, done)
            return
        run(plan, done, folder, jobs, keep_going)
        report(folder, peers, split)
    except (ValueError, OSError) as err:
        fail(message_of(err))


@app.command("report")
def report_cli(
    folder: Path = _FOLDER, references: Path | None = _REFERENCES, split: str = _SPLIT
) -> None:
    """Print the table, and write curve.json and curve.svg, from the results that are there."""
    try:
        peers = load_references(references) if references is not None else []
        report(folder, peers, split)
    except (ValueError, OSError) as err:
        fail(message_of(err))


def print_plan(plan: list[Step], done: set[str]) -> None:
    """Print the commands of all steps that are not done."""
    for step in plan:
        print(f"# {step.title}{': done' if step.name in done else ''}")
        for line in step.lines() if step.name not in done else ():
            print(shlex.join(line))


def run(plan: list[Step], done: set[str], folder: Path, jobs: int, keep_going: bool) -> None:
    """Make what is not done, with a bar that counts steps; fail if a run does."""
    running: list[str] = []
    # In a terminal only: a log has a line for each step that is done.
    with tqdm(
        total=len(plan),
        initial=len(done),
        unit="step",
        smoothing=0,
        dynamic_ncols=True,
        disable=None,
    ) as bar:
        n_done = len(done)

        def on_start(step: Step) -> None:
            running.append(step.title)
            bar.set_postfix_str("; ".join(running), refresh=True)

        def on_end(step: Step, record: Facts, seconds: float) -> None:
            nonlocal n_done
            n_done += 1
            running.remove(step.title)
            bar.update(1)
            bar.set_postfix_str("; ".join(running), refresh=True)
            place, said = f"{n_done}/{len(plan)}", f"{summarize(record)}{seconds:,.0f} s"
            bar.write(f"{place} {step.title}: {said}", file=sys.stdout)
            sys.stdout.flush()

        runner = Runner(folder / "logs", jobs, keep_going, on_start, on_end)
        with terminable():
            failures = runner.run(plan, done)
    if failures:
        fail("\n".join(str(failure) for failure in failures))


def summarize(record: Facts) -> str:
    """Say the scores of a record in a few words."""
    scores = record.get("scores")
    if not isinstance(scores, dict):
        return ""
    names = {"pos_acc": "UPOS", "tag_acc": "tags", "ents_f": "entity F1", "srl_f": "role F1"}
    of = scores["dev"]
    said = [f"{name} {100 * of[key]:.2f}" for key, name in names.items() if of.get(key) is not None]
    return ", ".join(said) + "; "


def report(folder: Path, references: Sequence[Reference], split: str) -> None:
    """Print the table; write curve.json and curve.svg.

    RAISES: ValueError: There is nothing to report, or something is damaged. OSError: A file cannot
        be read or written.
    """
    results = load_results(folder)
    for line in find_differences(results):
        msg.warn(line)
    points = make_points(results, split)
    print(f"\n{curve_table(points)}")
    if references:
        print(reference_table(references))
    write_file(folder / "curve.json", curve_json(split, points, references))
    write_file(folder / "curve.svg", draw_curves(points, references).encode("utf8"))
    msg.good(f"Saved the figures to {folder / 'curve.json'} and {folder / 'curve.svg'}")


def fail(message: str) -> NoReturn:
    """Print what is wrong, each line whole, and exit with code 1."""
    Printer(pretty=False).fail(message)
    raise SystemExit(1)


if __name__ == "__main__":
    app()
