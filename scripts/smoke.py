"""Install a pipeline's wheel into a fresh folder, load it there by name, and show what it does.

The wheel is loaded in a second process that finds only its folder and the installed
dependencies, as it would be on another machine.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import typer
from wasabi import msg

SENTENCES = [
    "Maria Lopez flew from Chicago to Berlin on Friday, and Toyota's board met her there.",
    "Didn't the University of Leeds hire Daniel Reyes? His old boss at Google says it's true.",
]


def main(
    packages: Path = typer.Argument(..., help="Folder with the built packages"),
    name: str = typer.Argument(..., help="Name of the pipeline, e.g. en_seqtag_mini"),
    version: str = typer.Argument(..., help="Its version"),
    target: Path = typer.Option(Path("installed"), help="Folder to install into; made anew"),
    corpus: Path = typer.Option(None, help=".spacy file whose first sentences are annotated"),
) -> None:
    wheels = sorted((packages / f"{name}-{version}" / "dist").glob("*.whl"))
    if not wheels:
        msg.fail(
            f"{packages}: no wheel of {name} {version}. Run 'spacy project run package'.", exits=1
        )
    if target.exists() and not any(target.glob("*.dist-info")):
        msg.fail(f"{target}: not a folder of installed packages. Give --target another.", exits=1)
    aside = target.with_name(target.name + ".tmp")
    shutil.rmtree(aside, ignore_errors=True)
    install = ["install", "--quiet", "--no-deps", "--no-index", "--target", str(aside)]
    done = subprocess.run([sys.executable, "-m", "pip", *install, str(wheels[-1])])
    if done.returncode != 0:
        shutil.rmtree(aside, ignore_errors=True)
        msg.fail(f"{wheels[-1]}: pip could not install the wheel. Build it anew.", exits=1)
    shutil.rmtree(target, ignore_errors=True)
    aside.rename(target)
    msg.good(f"Installed {wheels[-1].name} into {target}/")
    environment = {**os.environ, "PYTHONPATH": str(target.resolve())}
    show = [sys.executable, __file__, "--show", name, *([str(corpus)] if corpus else [])]
    sys.exit(subprocess.run(show, env=environment).returncode)


def show(name: str, corpus: str | None = None) -> None:
    """Load the pipeline by name and print its annotation of sample sentences."""
    import spacy
    from spacy.tokens import DocBin

    nlp = spacy.load(name)
    msg.good(f'nlp = spacy.load("{name}")  # {", ".join(nlp.pipe_names)}')
    texts = SENTENCES
    if corpus is not None:
        gold = DocBin().from_disk(corpus).get_docs(nlp.vocab)
        texts = [sent.text for sent in next(gold).sents][: len(SENTENCES)]
    for doc in nlp.pipe(texts):
        msg.divider()
        print(doc.text)
        if "pos" in nlp.pipe_names:
            words = [(t.text, t.pos_, f"{t._.tag_confidence:.2f}") for t in doc]
            msg.table(list(zip(*words)), spacing=1)
        if "ner" in nlp.pipe_names:
            entities = [(e.text, e.label_, f"{e._.confidence:.2f}") for e in doc.ents]
            msg.table(entities, header=("entity", "label", "confidence"), divider=True)
        if "srl" in nlp.pipe_names:
            for frame in doc._.frames:
                print(f"{frame.roleset:12} {frame}")


if __name__ == "__main__":
    if sys.argv[1:2] == ["--show"]:
        show(*sys.argv[2:])
    else:
        typer.run(main)
