"""Messages with a number in them: "1 sentence has", "2 sentences have"."""

import re

_FORMS = re.compile(r"<([^<>|]*)\|([^<>|]*)>")


def counted(n: int, text: str) -> str:
    """Put a number before a text, and choose among the forms in it.

    text (str): With its forms as `<one|many>`, as in "<sentence has|sentences have> no words".
    RETURNS (str): Such as "1 sentence has no words".
    """
    return f"{n:,} {forms(n, text)}"


def forms(n: int, text: str) -> str:
    """Choose the forms of a text by a number."""
    return _FORMS.sub(r"\1" if n == 1 else r"\2", text)
