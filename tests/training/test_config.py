"""Configs are written from one template."""

import sys
from importlib.util import module_from_spec, spec_from_file_location
from itertools import combinations, product
from pathlib import Path

import pytest
import spacy
from spacy.util import load_config_from_str
from thinc.api import ConfigValidationError

from spacy_seqtag.training.config import TASKS, Choices, render
from spacy_seqtag.training.recipe import Recipe, recipe_for

ROOT = Path(__file__).parents[2]


def test_configs_are_what_the_template_says():
    """Change the template, not the configs: `python scripts/configs.py` writes them."""
    spec = spec_from_file_location("configs", ROOT / "scripts" / "configs.py")
    script = module_from_spec(spec)
    sys.modules["configs"] = script  # where dataclasses look
    spec.loader.exec_module(script)
    written = {path.name: path.read_text("utf8") for path in (ROOT / "configs").glob("*.cfg")}
    assert written == script.texts()


SUBSETS = [tasks for n in (1, 2, 3) for tasks in combinations(TASKS, n)]


@pytest.mark.parametrize(("tasks", "senter"), list(product(SUBSETS, [True, False])))
def test_every_choice_is_a_pipeline(tasks, senter):
    choices = Choices(tasks, senter=senter, word_case=False, lang="xx", pos_layer="tag", gpu=True)
    text = render(choices, "my.cfg")
    config = load_config_from_str(text)
    nlp = spacy.util.load_model_from_config(config)
    assert nlp.pipe_names == ["transformer", *(["senter"] if senter else []), *tasks]
    weights = [w for w in config["training"]["score_weights"].values() if w]
    assert len(weights) == len(tasks)
    assert sum(weights) == pytest.approx(1.0)
    assert max(weights) - min(weights) <= 0.011
    # spaCy fills in the scores of the components that a config leaves out.
    assert nlp.config["training"]["score_weights"] == config["training"]["score_weights"]
    assert "\n\n\n" not in text
    assert text.endswith("\n")
    assert not [line for line in text.splitlines() if len(line) > 110 or line != line.rstrip()]


def test_what_is_given_comes_into_the_config():
    choices = Choices(
        ("pos", "srl"),
        senter=True,
        base_model='C:\\a "b"',
        word_case=False,
        lang="de",
        pos_layer="tag",
        train="train set.spacy",
        gpu=True,
        about=["one", "two " * 60],
    )
    text = render(choices, "my config.cfg")
    config = load_config_from_str(text)
    assert config["paths"]["base_model"] == 'C:\\a "b"'
    assert config["paths"]["train"] == "train set.spacy"
    assert config["paths"]["dev"] is None
    assert config["nlp"]["lang"] == "de"
    assert config["components"]["pos"]["layer"] == "tag"
    assert config["components"]["transformer"]["model"]["word_case"] is False
    weights = config["training"]["score_weights"]
    assert (weights["tag_acc"], weights["srl_f"], weights["pos_acc"]) == (0.5, 0.5, None)
    command = (
        'python -m spacy seqtag train "my config.cfg" --paths.dev dev.spacy -o training --gpu-id 0'
    )
    assert f"#   {command}\n" in text
    assert "# - one\n# - two two" in text
    assert "\n#   two" in text


@pytest.mark.parametrize("setting", ["train", "dev", "base_model"])
@pytest.mark.parametrize("name", ["cost$.spacy", "${x}", "a\nb"])
def test_names_that_no_config_can_hold(setting, name):
    choices = Choices(("ner",), senter=False, **{setting: name})
    with pytest.raises(ConfigValidationError, match="Give it a name without these") as info:
        render(choices, "my.cfg")
    assert "\n" not in info.value.title


def test_recipes():
    assert recipe_for(["pos", "ner"]).epochs == 5
    assert recipe_for(["srl"]).epochs == 6
    recipe = Recipe(epochs=5, min_steps=1_000, batch_words=400)
    assert (recipe.batches(1), recipe.batches(400), recipe.batches(401)) == (1, 1, 2)
    assert (recipe.steps(20_000), recipe.steps(200_000)) == (1_000, 2_500)


@pytest.mark.parametrize(("lang", "overwrite"), [("ja", True), ("ko", True), ("zh", False)])
def test_tags_of_a_tokenizer_are_replaced(lang, overwrite):
    """Without that the component would keep the tokenizer's, and do nothing on raw text."""
    text = render(Choices(("pos",), senter=False, lang=lang), "my.cfg")
    config = load_config_from_str(text)
    assert config["components"]["pos"]["overwrite"] is overwrite
