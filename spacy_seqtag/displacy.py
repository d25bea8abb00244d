"""displaCy with one more style: `displacy.render(doc, style="srl")` draws semantic roles.

It is called as spaCy's own, and hands the styles that spaCy has to it:

    from spacy_seqtag import displacy

    displacy.render(doc, style="srl")
"""

from collections.abc import Iterable, Mapping
from importlib import import_module
from typing import TYPE_CHECKING, Any

from spacy import displacy as _spacy
from spacy.util import find_available_port, is_in_jupyter

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIEnvironment

    from .report.html import Shown

STYLE = "srl"


def render(
    docs: "Shown | Iterable[Shown]",
    style: str = STYLE,
    page: bool = False,
    minify: bool = False,
    jupyter: bool | None = None,
    options: Mapping[str, Any] | None = None,
    manual: bool = False,
) -> str | None:
    """Draw Docs: words with tags, entities, and a row for each frame.

    docs (Doc, Span, Example or several): What to draw. An Example (`spacy.training.Example`) shows
        its gold annotation above the prediction.
    style (str): "srl", or one of spaCy's: "dep", "ent", "span". These take no Example.
    page (bool): Make a page of its own.
    minify (bool): For spaCy's styles; ours has no white space to lose.
    jupyter (bool | None): Show the drawing in a notebook; None finds out whether there is one.
    options (Mapping[str, Any] | None): `colors`, from label to colour, and `tags`, whether parts of
        speech are drawn; spaCy's styles have their own.
    manual (bool): For spaCy's styles.
    RETURNS (str | None): The HTML; None where a notebook shows it.

    RAISES: ValueError: There is no such style or option; the Docs of an Example have different
        words; `docs` are something else, such as a text.
    """
    if style != STYLE:
        shown: Any = docs  # whatever that style takes
        return _spacy.render(
            shown, style, page, minify, jupyter, options=dict(options or {}), manual=manual
        )
    from .report.html import render_html

    html = render_html(docs, page, options)
    if _spacy.RENDER_WRAPPER is not None:
        html = _spacy.RENDER_WRAPPER(html)
    if jupyter or (jupyter is None and is_in_jupyter()):
        notebook = import_module("IPython.display")  # it is there, where it is needed
        # Without the class, notebooks take dollar signs for formulas.
        notebook.display(notebook.HTML(f'<div class="tex2jax_ignore">{html}</div>'))
        return None
    return html


def serve(
    docs: "Shown | Iterable[Shown]",
    style: str = STYLE,
    page: bool = True,
    minify: bool = False,
    options: Mapping[str, Any] | None = None,
    manual: bool = False,
    port: int = 5000,
    host: str = "127.0.0.1",
    auto_select_port: bool = False,
) -> None:
    """Serve what `render` draws until the user interrupts the program.

    docs, style, page, minify, options, manual: As of `render`.
    port (int): To serve on.
    host (str): Where to listen: this machine alone. spaCy's own is open to the network.
    auto_select_port (bool): Take another port where this one is in use.

    RAISES: ValueError, OSError: As of `render`; the port is in use, or not allowed.
    """
    from wsgiref import simple_server

    html = render(docs, style, page, minify, False, options, manual) or ""
    body = html.encode("utf8")

    def app(_: "WSGIEnvironment", start_response: "StartResponse") -> list[bytes]:
        start_response("200 OK", [("Content-type", "text/html; charset=utf-8")])
        return [body]

    port = find_available_port(port, host, auto_select_port)
    httpd = simple_server.make_server(host, port, app)
    print(f"\nUsing the '{style}' visualizer\nServing on http://{host}:{port} ...\n")
    try:
        httpd.serve_forever()
    except KeyboardInterrupt:
        print(f"Shutting down server on port {port}.")
    finally:
        httpd.server_close()
