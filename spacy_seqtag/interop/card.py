"""The model card of a component that becomes a model of transformers."""

from collections.abc import Mapping

from huggingface_hub import EvalResult, ModelCard, ModelCardData
from spacy.language import Language

from .exportable import Exportable

# The scores of a pipeline that a component answers for: name in meta.json, name and type there.
_SCORES = {
    "ents": [
        ("ents_p", "NER Precision", "precision"),
        ("ents_r", "NER Recall", "recall"),
        ("ents_f", "NER F Score", "f1"),
    ],
    "pos": [("pos_acc", "POS (UPOS) Accuracy", "accuracy")],
    "tag": [("tag_acc", "TAG (XPOS) Accuracy", "accuracy")],
}

_TEMPLATE = """---
{{ card_data }}
---

# {{ name }}
{% if description %}
{{ description }}
{% endif %}
A model for token classification, converted with spacy-seqtag from the component `{{ component }}`
of a spaCy pipeline. The label of a word is that of its first wordpiece.

```python
from transformers import pipeline

tagger = pipeline("token-classification", model="{{ name }}", aggregation_strategy="first")
```

{% if word_by_word -%}
Words were separated before they were cut into wordpieces: for the same result as that pipeline's
give lists of words with `is_split_into_words=True`, or text with a space between two words.
{%- else -%}
Text is cut into wordpieces as it is.
{%- endif %} Windows of {{ limit }} wordpieces were read at once.
{% if entities %}
The pipeline may find entities by the best legal sequence of tags; here each word has its own best
tag.
{% endif %}{% if temperature != 1.0 %}
The classifier is calibrated: its weights were divided by the temperature
{{ "%.4f" | format(temperature) }}.
{% endif %}
## Labels

{% for label in labels %}`{{ label }}`{% if not loop.last %}, {% endif %}{% endfor %}
{% if scores %}
## Scores

As training noted them, for the pipeline:

| score | value |
|---|---|
{% for score in scores -%}
| {{ score.metric_name }} | {{ "%.2f" | format(100 * score.metric_value) }} |
{% endfor -%}
{% endif %}"""


def write_card(nlp: Language, found: Exportable, name: str) -> str:
    """Write the model card.

    nlp (Language): The pipeline, whose meta has the scores, the description and the licence.
    found (Exportable): The component.
    name (str): The model's name.
    RETURNS (str): Markdown, with the head that the hub reads.
    """
    tagger = found.tagger
    scores = _scores(nlp.meta.get("performance") or {}, tagger.soft_layer)
    licence = str(nlp.meta.get("license") or "").replace(" ", "-").lower()
    data = ModelCardData(
        language="multilingual" if nlp.lang == "xx" else nlp.lang,
        license=licence or None,
        library_name="transformers",
        pipeline_tag="token-classification",
        tags=["spacy-seqtag", "token-classification"],
        model_name=name if scores else None,
        eval_results=scores or None,
    )
    shim = found.encoder.shim
    windows = getattr(found.encoder.attrs["get_spans"], "max_wordpieces", shim.max_wordpieces)
    card = ModelCard.from_template(
        data,
        template_str=_TEMPLATE,
        name=name,
        description=nlp.meta.get("description"),
        component=tagger.name,
        word_by_word=shim.word_tokenizer.word_by_word,
        limit=windows,
        entities=tagger.soft_layer == "ents",
        temperature=tagger.temperature(),
        labels=list(tagger.classes),
        scores=scores,
    )
    return str(card).rstrip() + "\n"


def _scores(performance: Mapping[str, object], layer: str) -> list[EvalResult]:
    """Take the scores of a layer, those that there are."""
    return [
        EvalResult(
            task_type="token-classification",
            dataset_type="dev",
            dataset_name="development data of the pipeline",
            metric_type=kind,
            metric_name=name,
            metric_value=round(value, 4),
        )
        for key, name, kind in _SCORES.get(layer, [])
        if isinstance(value := performance.get(key), float)
    ]
