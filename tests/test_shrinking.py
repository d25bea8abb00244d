"""Shrunk pipelines: fewer layers, taught by the whole one; and runs that are interrupted."""

import numpy as np
import pytest
import spacy
from spacy.tokens import DocBin

from spacy_seqtag import shrinking
from spacy_seqtag.models.encoder import find_encoders
from spacy_seqtag.shrinking import Shrinking, describe_rest

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


def encoder(nlp):
    return find_encoders(nlp)["transformer"]


def vectors(nlp):
    return encoder(nlp).predict([nlp.make_doc(TEXT)]).doc_data[0].model_output.last_hidden_state[0]


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


def test_it_learns_what_the_whole_one_says(shrunk, trained):
    run, output, passes = shrunk
    assert list(passes) == [2, 1]
    assert set(passes[1].scores) == {"pos_acc", "ents_f"}
    assert passes[1].scores["pos_acc"] > 0.9
    whole, cut = vectors(trained), spacy.load(run.whole.path)
    encoder(cut).shim.keep_layers(run.layers)
    assert not np.allclose(vectors(cut), whole, atol=0.1)
    distance = [np.square(vectors(nlp) - whole).mean() for nlp in (cut, spacy.load(output))]
    assert distance[1] < 0.95 * distance[0]


def test_without_a_dev_corpus_nothing_is_claimed(trained_path, corpus, tmp_path):
    run = Shrinking(str(trained_path), corpus, tmp_path / "out", [1], steps=1)
    run.annotate()
    nlp = run.train()
    assert run.measure(nlp) == {}
    assert spacy.load(tmp_path / "out").meta["performance"] == {}
    assert run.layers == [1]


def test_an_interrupted_run_goes_on(shrunk, trained_path, corpus, tmp_path, monkeypatch):
    """It ends as one that was not interrupted."""
    output = tmp_path / "model"
    settings = {"dev": corpus, "steps": 40}

    def stop(*args):
        raise KeyboardInterrupt

    run = Shrinking(str(trained_path), corpus, output, 1, **settings)
    assert describe_rest(output) == "Nothing was saved yet"
    run.annotate()
    with monkeypatch.context() as patch:
        patch.setattr(shrinking, "save_pipeline", stop)
        with pytest.raises(KeyboardInterrupt):
            run.train()
    assert describe_rest(output).endswith("the same command goes on with --resume")
    assert not output.exists()
    with pytest.raises(ValueError, match="Go on with it by --resume, or begin anew with --over"):
        Shrinking(str(trained_path), corpus, output, 1, **settings)
    # Other settings are another run.
    other = Shrinking(str(trained_path), corpus, output, [1], **settings, resume=True)
    with pytest.raises(ValueError, match=r"layers = \[1\] \(was \[0\]\)"):
        other.train()
    monkeypatch.setattr(shrinking, "distil", stop)
    again = Shrinking(str(trained_path), corpus, output, 1, **settings, resume=True)
    again.annotate()
    np.testing.assert_array_equal(vectors(again.train()), vectors(spacy.load(shrunk[1])))
    assert not again.work.folder.exists()


def test_overwrite_begins_anew(trained_path, corpus, tmp_path):
    output = tmp_path / "model"
    for force in (False, True):
        run = Shrinking(str(trained_path), corpus, output, 1, steps=1, force=force)
        run.annotate()
        if force:
            run.train()
    assert spacy.load(output).pipe_names == run.whole.nlp.pipe_names


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"layers": 2}, "--layers 2: the encoder has 2; give a number from 1 to 1"),
        ({"layers": [0, 1]}, "--keep 0,1: the encoder has 2 layers; give some of their numbers"),
        ({"layers": [2]}, "from 0 to 1, in rising order"),
        ({"layers": 1, "steps": 0}, "steps = 0; set it to a whole number of at least 1"),
        ({"layers": 1, "resume": True}, "nothing to go on with. Leave --resume out"),
    ],
)
def test_settings_that_make_no_sense(trained_path, corpus, tmp_path, settings, message):
    with pytest.raises(ValueError, match=message):
        Shrinking(str(trained_path), corpus, tmp_path / "out", **settings)
    assert list(tmp_path.iterdir()) == []


def test_components_that_soft_labels_teach_nothing(trained, corpus, tmp_path, mini_examples):
    listener = {"@architectures": "spacy_seqtag.TransformerListener.v1"}
    tok2vec = {**listener, "pooling": {"@layers": "reduce_mean.v1"}}
    model = {"@architectures": "spacy.Tagger.v2", "tok2vec": tok2vec}
    examples = mini_examples(trained)
    tagger = trained.add_pipe("tagger", config={"model": model})
    trained.get_pipe("transformer").model.predict([eg.predicted for eg in examples])
    tagger.initialize(lambda: examples, nlp=trained, labels=["NN", "VB"])
    trained.to_disk(tmp_path / "nlp")
    with pytest.raises(ValueError, match="its component 'tagger' reads the encoder, and nothing"):
        Shrinking(str(tmp_path / "nlp"), corpus, tmp_path / "out", 1)


def test_an_encoder_of_one_component(trained, corpus, tmp_path):
    """It shrinks, too, taught by the probabilities alone."""
    trained.replace_listeners("transformer", "seqtag_ner", ["model.tok2vec"])
    trained.remove_pipe("seqtag_pos")
    trained.remove_pipe("transformer")
    trained.to_disk(tmp_path / "nlp")
    run = Shrinking(str(tmp_path / "nlp"), corpus, tmp_path / "out", 1, steps=2)
    run.annotate()
    run.train()
    nlp = spacy.load(tmp_path / "out")
    assert find_encoders(nlp)["seqtag_ner"].shim.n_layers == 1
    assert nlp.pipe_names == ["seqtag_ner"]


def test_no_encoder_of_ours(corpus, tmp_path):
    spacy.blank("en").to_disk(tmp_path / "nlp")
    with pytest.raises(ValueError, match="no component of the pipeline has an encoder of spacy_se"):
        Shrinking(str(tmp_path / "nlp"), corpus, tmp_path / "out", 1)
