"""Damaged, incomplete and mixed-up folders of saved pipelines: an error or the same annotations."""

import random
import re
import shutil
import warnings
from itertools import cycle, product

import numpy as np
import pytest
import spacy
import srsly
from thinc.api import Config

PIPES = ["senter", "seqtag_pos", "seqtag_ner", "seqtag_srl"]
# The files that are ours; of the others spaCy's own readers complain, which may not name the file.
OURS = {f"{name}/{file}" for name in PIPES[1:] for file in ("cfg", "model")}
ENCODER = "transformer/model"


@pytest.fixture(scope="module")
def make_saved(tmp_path_factory, tiny_bert, make_nlp, mini_examples):
    """Function to save a pipeline of all tasks with random weights, by a seed."""

    def make(seed):
        nlp = make_nlp(tiny_bert, PIPES)
        examples = mini_examples(nlp)
        nlp.initialize(lambda: examples)
        rng = np.random.default_rng(seed)
        for _, pipe in nlp.pipeline:
            for node in pipe.model.walk():
                if node.has_param("W"):
                    node.set_param("W", rng.normal(size=node.get_param("W").shape).astype("f"))
        network = nlp.get_pipe("transformer").model.layers[0].shims[0]._model
        for weights in network.parameters():
            weights.data *= rng.uniform(0.9, 1.1)
        path = tmp_path_factory.mktemp("saved")
        nlp.to_disk(path)
        return path

    return make


@pytest.fixture(scope="module")
def saved(make_saved):
    return make_saved(0)


@pytest.fixture(scope="module")
def other(make_saved):
    """A pipeline of the same shape with other weights."""
    return make_saved(1)


@pytest.fixture(scope="module")
def texts(mini):
    return [" ".join(sent["text"] for sent in mini["train"][i : i + 3]) for i in (0, 3)]


@pytest.fixture
def folder(saved, tmp_path):
    path = tmp_path / "copy"
    shutil.copytree(saved, path)
    return path


def annotations(nlp, texts):
    docs = list(nlp.pipe(texts))
    return [
        [
            [(t.text, t.pos_, t.is_sent_start, t._.tag_confidence) for t in doc],
            [(ent.start, ent.end, ent.label_, ent._.confidence) for ent in doc.ents],
            [
                (f.predicate.start, f.roleset, [(a.start, a.end, a.label_) for a in f.arguments])
                for f in doc._.frames
            ],
        ]
        for doc in docs
    ]


@pytest.fixture(scope="module")
def right(saved, texts):
    result = annotations(spacy.load(saved), texts)
    assert all(tokens and ents and frames for tokens, ents, frames in result)
    return result


def files_of(path):
    return sorted(p.relative_to(path).as_posix() for p in path.rglob("*") if p.is_file())


def check(folder, name, right, texts):
    """Loading tells of the damage, or the annotations are right."""
    error = None
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        try:
            found = annotations(spacy.load(folder), texts)
        except Exception as err:
            error = str(err)
    path = str(folder / name)
    if name in OURS:
        assert error is not None
        assert path in error
    elif name == ENCODER:
        assert error is not None
        assert path in error or "'model' of the transformer component" in error
    elif error is None:
        assert found == right or any(path in str(warning.message) for warning in told)


def flip(data, rng):
    changed = bytearray(data)
    bit = rng.randrange(8 * len(data))
    changed[bit // 8] ^= 1 << bit % 8
    return bytes(changed)


def test_whole_folder(folder, right, texts):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert annotations(spacy.load(folder), texts) == right


def zeros(data, rng):
    at = rng.randrange(len(data))
    return data[:at] + bytes(min(64, len(data) - at)) + data[at + 64 :]


def truncated(data, rng):
    return data[: rng.randrange(len(data))]


def missing(data, rng):
    return None


def damage_files(folder, right, texts, cases):
    """cases: names of files, each with a function of its bytes to other bytes, or None."""
    rng = random.Random(0)
    for name, damage in cases:
        path = folder / name
        data = path.read_bytes()
        damaged = damage(data, rng)
        if damaged is None:
            path.unlink()
        else:
            path.write_bytes(damaged)
        check(folder, name, right, texts)
        path.write_bytes(data)


def test_each_file_damaged(folder, right, texts):
    cases = list(zip(files_of(folder), cycle([flip, truncated, missing])))
    assert {name for name, _ in cases} > OURS | {ENCODER}
    damage_files(folder, right, texts, cases)


@pytest.mark.slow
def test_each_file_damaged_at_many_places(folder, right, texts):
    damages = [missing, lambda *_: b""] + [flip] * 40 + [zeros] * 10 + [truncated] * 10
    damage_files(folder, right, texts, product(files_of(folder), damages))


# Files that are whole, in the wrong place


@pytest.mark.parametrize("name", [f"{pipe}/model" for pipe in PIPES[1:]])
def test_file_of_another_pipeline(folder, other, name):
    shutil.copyfile(other / name, folder / name)
    with pytest.raises(ValueError, match="not the file that was saved") as error:
        spacy.load(folder)
    assert str(folder / name) in str(error.value)


@pytest.mark.parametrize("name", ["transformer", "senter", "seqtag_pos"])
def test_component_of_another_pipeline(folder, other, name):
    """Whole in itself, but other components were not trained on it."""
    shutil.rmtree(folder / name)
    shutil.copytree(other / name, folder / name)
    with pytest.raises(ValueError, match="not the file that was saved") as error:
        spacy.load(folder)
    wrong = folder / (ENCODER if name == "seqtag_pos" else f"{name}/model")
    assert str(wrong) in str(error.value)


def test_files_swapped_within_a_pipeline(folder):
    for file in ("cfg", "model"):
        ner, pos = folder / "seqtag_ner" / file, folder / "seqtag_pos" / file
        ner.rename(folder / "aside")
        pos.rename(ner)
        (folder / "aside").rename(pos)
    with pytest.raises(ValueError, match="not the file that was saved") as error:
        spacy.load(folder)
    assert str(folder / "seqtag_pos") in str(error.value)


def test_config_changed_by_hand(folder, right, texts):
    path = folder / "config.cfg"
    path.write_text(path.read_text("utf8").replace("batch_size = 1000", "batch_size = 7"), "utf8")
    with pytest.warns(UserWarning, match="config.cfg") as told:
        nlp = spacy.load(folder)
    assert nlp.batch_size == 7
    assert len(told) == 1, "once, although three components find it"
    assert annotations(nlp, texts) == right
    nlp.to_disk(folder)
    test_whole_folder(folder, right, texts)


def test_each_changed_config_is_warned_of_once(folder, tmp_path):
    """Once for a path and a content, whatever else was loaded before."""
    other = shutil.copytree(folder, tmp_path / "other")
    for wrong, size in (folder, 7), (other, 7), (folder, 8):
        path = wrong / "config.cfg"
        text = re.sub(r"batch_size = \d+", f"batch_size = {size}", path.read_text("utf8"), count=1)
        path.write_text(text, "utf8")
        with pytest.warns(UserWarning, match=re.escape(str(path))) as told:
            spacy.load(wrong)
        assert len(told) == 1
        path.touch()
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            spacy.load(wrong)


def test_line_ends_of_the_config(folder, right, texts):
    """Git and archives may change them between Windows and other systems."""
    path = folder / "config.cfg"
    content = path.read_bytes()
    assert b"\r" not in content
    path.write_bytes(content.replace(b"\n", b"\r\n"))
    test_whole_folder(folder, right, texts)


def test_component_taken_out(folder):
    """By hand in the config, with its folder."""
    config = Config().from_disk(folder / "config.cfg")
    config["nlp"]["pipeline"].remove("senter")
    config.to_disk(folder / "config.cfg")
    shutil.rmtree(folder / "senter")
    with pytest.warns(UserWarning, match="config.cfg"):
        assert "senter" not in spacy.load(folder).pipe_names


@pytest.mark.parametrize("how", ["exclude", "disable"])
def test_loaded_in_part(folder, how):
    spacy.load(folder, **{how: ["senter", "seqtag_ner"]})


# Pipelines saved before there were digests


@pytest.fixture
def without_digests(folder):
    for path in folder.glob("*/digests.json"):
        path.unlink()
    return folder


def test_saved_without_digests(without_digests, right, texts):
    test_whole_folder(without_digests, right, texts)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda labels: labels[:-1], "classes"),
        (lambda labels: [*labels, "NEW"], "classes"),
        (lambda labels: [*labels[:-1], labels[0]], "twice"),
        (lambda labels: [*labels[:-1], 7], "names"),
        (lambda labels: [*labels[:-1], None], "names"),
        (lambda labels: labels[0], "names"),
        (lambda labels: dict.fromkeys(labels, 0), "names"),
    ],
)
@pytest.mark.parametrize("pipe", PIPES[1:])
def test_labels_that_do_not_fit(without_digests, pipe, change, reason):
    path = without_digests / pipe / "cfg"
    cfg = srsly.read_json(path)
    cfg["labels"] = change(cfg["labels"])
    srsly.write_json(path, cfg)
    with pytest.raises(ValueError, match=reason) as error:
        spacy.load(without_digests)
    assert str(path) in str(error.value)


def test_rolesets_that_do_not_fit(without_digests):
    path = without_digests / "seqtag_srl" / "cfg"
    cfg = srsly.read_json(path)
    cfg["lexicon"]["rolesets"].append("fly.09")
    srsly.write_json(path, cfg)
    with pytest.raises(ValueError, match="classes") as error:
        spacy.load(without_digests)
    assert str(path) in str(error.value)


@pytest.mark.parametrize("change", [lambda x: x.pop("files"), lambda x: x["files"].append(["a"])])
def test_lexicon_that_is_none(without_digests, change):
    path = without_digests / "seqtag_srl" / "cfg"
    cfg = srsly.read_json(path)
    change(cfg["lexicon"])
    srsly.write_json(path, cfg)
    with pytest.raises(ValueError, match="is damaged") as error:
        spacy.load(without_digests)
    assert str(path) in str(error.value)


@pytest.mark.parametrize("pipe", PIPES[1:])
def test_missing_cfg(without_digests, pipe):
    path = without_digests / pipe / "cfg"
    path.unlink()
    with pytest.raises(ValueError, match="missing") as error:
        spacy.load(without_digests)
    assert str(path) in str(error.value)


@pytest.mark.parametrize("pipe", PIPES[1:])
def test_truncated_model(without_digests, pipe):
    path = without_digests / pipe / "model"
    path.write_bytes(path.read_bytes()[:-7])
    with pytest.raises(ValueError, match="damaged") as error:
        spacy.load(without_digests)
    assert str(path) in str(error.value)


@pytest.mark.parametrize("pipe", PIPES[1:])
@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_weights_that_are_not_finite(saved, tmp_path, pipe, value):
    nlp = spacy.load(saved)
    nlp.get_pipe(pipe).model.get_ref("output_layer").get_param("W")[0, 0] = value
    nlp.to_disk(tmp_path / "nan")
    with pytest.raises(ValueError, match="not finite") as error:
        spacy.load(tmp_path / "nan")
    assert str(tmp_path / "nan" / pipe / "model") in str(error.value)


def test_encoder_that_is_not_finite(saved, tmp_path):
    nlp = spacy.load(saved)
    network = nlp.get_pipe("transformer").model.layers[0].shims[0]._model
    next(network.parameters()).data[0, 0] = float("nan")
    nlp.to_disk(tmp_path / "nan")
    with pytest.raises(ValueError, match=r"transformer component .* not finite"):
        spacy.load(tmp_path / "nan")


# What must go on working


def test_labels_changed_in_code(saved, tmp_path):
    nlp = spacy.load(saved)
    ner = nlp.get_pipe("seqtag_ner")
    ner.cfg["labels"][0] = "RENAMED"
    ner.add_label("NEW")
    nlp.to_disk(tmp_path / "new")
    assert {"RENAMED", "NEW"} <= set(spacy.load(tmp_path / "new").get_pipe("seqtag_ner").labels)


def test_saved_over_itself(folder, train, mini_examples):
    nlp = spacy.load(folder)
    train(nlp, mini_examples(nlp), 1)
    nlp.to_disk(folder)
    assert spacy.load(folder).pipe_names == nlp.pipe_names


def test_saved_over_another_pipeline(folder, other, texts):
    nlp = spacy.load(other)
    nlp.to_disk(folder)
    assert annotations(spacy.load(folder), texts) == annotations(nlp, texts)


def test_component_by_itself(saved, tmp_path):
    nlp = spacy.load(saved)
    nlp.get_pipe("seqtag_ner").to_disk(tmp_path / "mine")
    nlp.get_pipe("seqtag_ner").from_disk(tmp_path / "mine")
    assert srsly.read_json(tmp_path / "mine" / "digests.json")["sha256"]["pipeline"] == {}
