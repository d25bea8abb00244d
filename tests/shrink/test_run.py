"""Shrunk pipelines: fewer layers, taught by the whole one; and runs that are interrupted."""

import shutil
import warnings

import numpy as np
import pytest
import spacy
from spacy.tokens import Doc, DocBin
from spacy.training import Example

from spacy_seqtag.models.encoder import find_encoders
from spacy_seqtag.shrink import run as run_module
from spacy_seqtag.shrink.run import Shrinking

TEXT = "Daniel Reyes wants to buy a house in Leeds."


@pytest.fixture(scope="module")
def corpus(tmp_path_factory, mini_docs):
    """Some annotated sentences; as raw text only their words are read."""
    path = tmp_path_factory.mktemp("corpus") / "mini.spacy"
    DocBin(docs=mini_docs(spacy.blank("en").vocab, n=20), store_user_data=True).to_disk(path)
    return path


@pytest.fixture(scope="module")
def shrunk(trained_path, corpus, tmp_path_factory):
    """A run that is done, its pipeline, and what was measured."""
    output = tmp_path_factory.mktemp("shrunk") / "model"
    run = Shrinking(str(trained_path), corpus, output, 1, dev=corpus, steps=40)
    run.annotate()
    nlp = run.train()
    return run, output, run.measure(nlp)


def encoder(nlp, name="transformer"):
    return find_encoders(nlp)[name]


def vectors(nlp):
    return encoder(nlp).predict([nlp.make_doc(TEXT)]).doc_data[0].model_output.last_hidden_state[0]


def probabilities(nlp, corpus):
    """Of the tags of all words: (words, classes)."""
    docs = list(DocBin().from_disk(corpus).get_docs(nlp.vocab))
    docs = [nlp.get_pipe("transformer")(Doc(nlp.vocab, [t.text for t in doc])) for doc in docs]
    return np.concatenate(nlp.get_pipe("seqtag_pos").predict(docs))


def test_a_pipeline_like_any_other(shrunk, trained):
    run, output, _ = shrunk
    nlp = spacy.load(output)
    assert nlp.pipe_names == trained.pipe_names
    assert encoder(nlp).shim.n_layers == len(run.layers) == 1
    assert encoder(trained).shim.n_layers == run.of == 2
    assert not run.work.folder.exists()
    assert "shrinking" not in (output / "config.cfg").read_text("utf8")
    # Others can be trained as it is.
    nlp.config["components"]["transformer"]["model"]["name"] = encoder(nlp).attrs["name"]
    anew = spacy.blank("en").from_config(nlp.config)
    anew.get_pipe("transformer").initialize(list)
    assert encoder(anew).shim.n_layers == 1
    assert nlp(TEXT).to_json() == spacy.load(output)(TEXT).to_json()


def test_it_learns_what_the_whole_one_says(shrunk, trained, corpus):
    run, output, passes = shrunk
    assert list(passes) == [2, 1]
    assert set(passes[1].scores) == {"pos_acc", "ents_f"}
    assert passes[1].scores["pos_acc"] > 0.9
    cut = spacy.load(run.whole.path)
    encoder(cut).shim.keep_layers(run.layers)
    whole, before, after = (
        probabilities(nlp, corpus) for nlp in (trained, cut, spacy.load(output))
    )
    assert abs(after - whole).mean() < abs(before - whole).mean()


def test_without_a_dev_corpus_nothing_is_claimed(trained_path, corpus, tmp_path):
    run = Shrinking(str(trained_path), corpus, tmp_path / "out", [1], steps=1)
    run.annotate()
    nlp = run.train()
    assert run.measure(nlp) == {}
    assert spacy.load(tmp_path / "out").meta["performance"] == {}
    assert run.layers == [1]


@pytest.fixture
def shrink(trained_path, corpus, tmp_path):
    """Function (options) to a run that is to write to a folder `model`."""

    def make(layers=1, *, model=trained_path, raw=corpus, **options):
        options = {"dev": corpus, "steps": 40, **options}
        return Shrinking(str(model), raw, tmp_path / "model", layers, **options)

    return make


def stop(*args, **kwargs):
    raise KeyboardInterrupt


def test_an_interrupted_run_goes_on(shrunk, shrink, corpus, tmp_path, monkeypatch):
    """It ends as one that was not interrupted."""
    run = shrink()
    with monkeypatch.context() as patch:
        patch.setattr(run_module, "distil", stop)
        with pytest.raises(KeyboardInterrupt):
            run.annotate()
    assert list(tmp_path.iterdir()) == []
    run.annotate()
    with monkeypatch.context() as patch:
        patch.setattr(run_module, "save_pipeline", stop)
        with pytest.raises(KeyboardInterrupt):
            run.train()
    assert not run.output.exists()
    with pytest.raises(ValueError, match="Go on with it by --resume, or begin anew with --over"):
        shrink()
    for options, changed in (
        ({"layers": [1]}, r"layers = \[1\] \(was \[0\]\)"),
        ({"steps": 41}, r"steps = 41 \(was 40\)"),
        ({"raw": tmp_path / "other.txt"}, r"raw = .*other.txt \(was .*mini.spacy\)"),
    ):
        with pytest.raises(
            ValueError, match=f"began with other settings: {changed}. Give the same"
        ):
            shrink(**options, resume=True)
    monkeypatch.setattr(run_module, "distil", stop)
    again = shrink(resume=True)
    again.annotate()
    np.testing.assert_array_equal(vectors(again.train()), vectors(spacy.load(shrunk[1])))
    assert [path.name for path in tmp_path.iterdir()] == ["model"]


def test_killed_while_it_annotates(shrink):
    """A folder without soft labels is nothing to go on with, and in nobody's way."""
    run = shrink(steps=1)
    run.work.begin({**run._settings})
    for resume in (False, True):
        again = shrink(steps=1, resume=resume)
        again.annotate()
        again.train()
        assert again.output.exists()
        again.work.begin({**run._settings})
        shutil.rmtree(again.output)


def test_overwrite_replaces_the_pipeline_itself(shrink, trained, tmp_path):
    trained.meta.update(name="mine", version="3.2.1", license="CC BY-SA 4.0")
    trained.to_disk(tmp_path / "model")
    with pytest.raises(ValueError, match=r"there is a pipeline already.*--overwrite"):
        shrink(model=tmp_path / "model")
    run = shrink(model=tmp_path / "model", steps=2, force=True)
    run.annotate()
    # Another one begins anew; what was done is there until it does.
    with pytest.raises(ValueError, match="--layers 9: the encoder has 2"):
        shrink(9, model=tmp_path / "model", force=True)
    assert run.work.soft.exists()
    run = shrink(model=tmp_path / "model", steps=1, force=True)
    run.annotate()
    run.train()
    nlp = spacy.load(tmp_path / "model")
    assert encoder(nlp).shim.n_layers == 1
    assert [nlp.meta[key] for key in ("name", "version", "license")] == [
        "mine",
        "3.2.1",
        "CC BY-SA 4.0",
    ]


def test_a_folder_that_is_something_else(shrink, tmp_path):
    (tmp_path / "model.shrinking").mkdir()
    (tmp_path / "model.shrinking" / "thesis.txt").write_text("mine")
    for force in (False, True):
        with pytest.raises(ValueError, match=r"no run of shrink left it\. Remove it, or name"):
            shrink(force=force)
    assert (tmp_path / "model.shrinking" / "thesis.txt").exists()


def test_what_is_frozen_keeps_its_layers(shrink, trained, tmp_path, mini_examples):
    """A tagger of spaCy with an encoder of its own, which raw text teaches nothing."""
    add_tagger(trained, mini_examples)
    trained.replace_listeners("transformer", "tagger", ["model.tok2vec"])
    trained.to_disk(tmp_path / "nlp")
    run = shrink(model=tmp_path / "nlp", steps=1)
    run.annotate()
    run.train()
    depths = {k: v.shim.n_layers for k, v in find_encoders(spacy.load(run.output)).items()}
    assert depths == {"transformer": 1, "tagger": 2}
    assert run.start.frozen == ["tagger"]


def test_a_quantized_pipeline_computes_in_floats_again(shrink, trained, tmp_path):
    trained.config["components"]["transformer"]["model"]["precision"] = "int8"
    encoder(trained).set_precision("int8")
    trained.to_disk(tmp_path / "nlp")
    with warnings.catch_warnings():
        warnings.filterwarnings(
            "ignore", "precision = .int8."
        )  # of the whole one, for want of ranges
        run = shrink(model=tmp_path / "nlp", steps=1)
        run.annotate()
        run.train()
    with warnings.catch_warnings():
        warnings.simplefilter("error", UserWarning)
        nlp = spacy.load(run.output)
        nlp(TEXT)
    assert nlp.config["components"]["transformer"]["model"]["precision"] == "auto"


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"layers": 2}, "--layers 2: the encoder has 2; give a number from 1 to 1"),
        ({"layers": [0, 1]}, "--keep 0,1: the encoder has 2 layers; give some of their numbers"),
        ({"layers": [2]}, "from 0 to 1, in rising order"),
        ({"steps": 0}, "steps = 0; set it to a whole number of at least 1"),
        ({"resume": True}, "nothing to go on with. Leave --resume out"),
    ],
)
def test_settings_that_make_no_sense(shrink, tmp_path, settings, message):
    with pytest.raises(ValueError, match=message):
        shrink(**settings)
    assert list(tmp_path.iterdir()) == []


def add_tagger(nlp, mini_examples):
    listener = {"@architectures": "spacy_seqtag.TransformerListener.v1"}
    tok2vec = {**listener, "pooling": {"@layers": "reduce_mean.v1"}}
    model = {"@architectures": "spacy.Tagger.v2", "tok2vec": tok2vec}
    examples = mini_examples(nlp)
    tagger = nlp.add_pipe("tagger", config={"model": model})
    nlp.get_pipe("transformer").model.predict([eg.predicted for eg in examples])
    tagger.initialize(lambda: examples, nlp=nlp, labels=["NN", "VB"])


def test_components_that_soft_labels_teach_nothing(shrink, trained, tmp_path, mini_examples):
    add_tagger(trained, mini_examples)
    trained.to_disk(tmp_path / "nlp")
    with pytest.raises(ValueError, match="its component 'tagger' reads the encoder, and nothing"):
        shrink(model=tmp_path / "nlp")


def test_an_encoder_of_one_component(shrink, trained, tmp_path):
    """It shrinks, too, taught by the probabilities alone."""
    trained.replace_listeners("transformer", "seqtag_ner", ["model.tok2vec"])
    trained.remove_pipe("seqtag_pos")
    trained.remove_pipe("transformer")
    trained.to_disk(tmp_path / "nlp")
    run = shrink(model=tmp_path / "nlp", steps=2)
    run.annotate()
    run.train()
    nlp = spacy.load(run.output)
    assert encoder(nlp, "seqtag_ner").shim.n_layers == 1
    assert nlp.pipe_names == ["seqtag_ner"]


def test_several_encoders_that_are_shared(shrink, trained, tmp_path):
    other = trained.get_pipe_config("transformer")
    trained.add_pipe("transformer", "second", config={"model": other["model"]})
    trained.get_pipe("second").initialize(list)
    listener = {"@architectures": "spacy_seqtag.TransformerListener.v1", "upstream": "second"}
    model = {
        "@architectures": "spacy_seqtag.SoftmaxTagger.v1",
        "tok2vec": {**listener, "pooling": {"@layers": "reduce_mean.v1"}},
    }
    trained.add_pipe("seqtag_pos", "tag", config={"layer": "tag", "model": model})
    trained.get_pipe("tag").add_label("NN")
    trained.get_pipe("tag").initialize(
        lambda: [Example.from_dict(trained.make_doc("a b"), {"tags": ["NN", "NN"]})], nlp=trained
    )
    trained.to_disk(tmp_path / "nlp")
    with pytest.raises(ValueError, match=r"share several encoders \(transformer, second\)"):
        shrink(model=tmp_path / "nlp")


def test_no_encoder_of_ours(shrink, tmp_path):
    spacy.blank("en").to_disk(tmp_path / "nlp")
    with pytest.raises(ValueError, match="no component of the pipeline has an encoder of spacy_se"):
        shrink(model=tmp_path / "nlp")
