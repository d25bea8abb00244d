"""The templates of this package's pages: one place where all that they are given is escaped."""

from functools import lru_cache
from importlib.resources import files

from jinja2 import Environment, FunctionLoader, StrictUndefined

_FOLDER = "templates"


def read_file(name: str) -> str:
    """Read a file of `report/templates`."""
    return files(__package__).joinpath(_FOLDER).joinpath(name).read_text(encoding="utf8")


@lru_cache(maxsize=1)
def _environment() -> Environment:
    environment = Environment(
        loader=FunctionLoader(read_file),
        undefined=StrictUndefined,
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    # Only for files of our own: templates put their text into a page as it is.
    environment.globals["file"] = read_file
    return environment


def fill_in(template: str, **values: object) -> str:
    """Fill in a template: every value is escaped.

    template (str): A file of `report/templates`.
    values (object): By the names that the template has for them.
    """
    return _environment().get_template(template).render(**values)
