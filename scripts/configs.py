"""Write configs/*.cfg from the template of the package.

The template is `spacy_seqtag/training/config.cfg.jinja`; change it, then run this program.
"""

from pathlib import Path

from spacy_seqtag.training.config import Choices, render

FOLDER = Path(__file__).parents[1] / "configs"
CONFIGS = {
    "joint": Choices(("pos", "ner", "srl"), senter=True),
    "pos_ner": Choices(("pos", "ner"), senter=True),
    "pos": Choices(("pos",), senter=False),
    "ner": Choices(("ner",), senter=False),
    "srl": Choices(("srl",), senter=True),
}


def texts() -> dict[str, str]:
    """The configs by the names of their files."""
    return {
        f"{name}.cfg": render(choices, f"configs/{name}.cfg") for name, choices in CONFIGS.items()
    }


def main() -> None:
    for name, text in texts().items():
        (FOLDER / name).write_text(text, encoding="utf8", newline="\n")


if __name__ == "__main__":
    main()
