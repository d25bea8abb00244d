"""Scores as tables."""

from spacy_seqtag.report.scores import print_scores


def test_scores_of_semantic_roles_are_shown(capsys):
    parts = {"p": 0.25, "r": 0.5, "f": 0.3333}
    scores = {
        "speed": 1.0,
        "srl_f": 0.8765,
        "predicates_f": 0.9123,
        "roleset_acc": 0.6543,
        "srl_p": None,
        "srl_sense_f": 0.7654,
        "srl_per_type": {"ARGM-TMP": parts},
    }
    print_scores(scores, "gold.spacy")
    lines = [line.split() for line in capsys.readouterr().out.splitlines()]
    for row in (
        ["SRL", "F", "87.65"],
        ["PRED", "F", "91.23"],
        ["SENSE", "F", "76.54"],
        ["ROLESET", "65.43"],
        ["ARGM-TMP", "25.00", "50.00", "33.33"],
    ):
        assert row in lines
    assert not any(line[:2] == ["SRL", "P"] for line in lines)
