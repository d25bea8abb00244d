"""Projects made by doccano itself: annotated or imported, then exported.

A program of its own, for a Python that has doccano, in whose environment spacy-seqtag need not be:
`python doccano_project.py ORDER.json OUT`. The order is an object of projects by their names, each
with

- `type`, doccano's name for the kind of project, and `options` of it;
- `documents`: objects with `text`, `meta`, `spans` (user to triples of start, end, label),
  `relations` (first span, second span, type), `categories`, `comments` and `approved` (users); or
- `import`, a file of JSONL that doccano is to import, with `task` as its interface sends it.

What doccano exports of a project is unpacked in `OUT/NAME/all` and `OUT/NAME/approved`, and what
its import complained of is written to `OUT/NAME/errors.json`.
"""

import json
import os
import shutil
import sys
from importlib.util import find_spec
from pathlib import Path


def set_up(folder):
    """Make doccano's database in a folder; its parts are modules afterwards."""
    (backend,) = find_spec("backend").submodule_search_locations
    sys.path.append(backend)
    os.environ["DJANGO_SETTINGS_MODULE"] = "config.settings.production"
    os.environ["DATABASE_URL"] = f"sqlite:///{folder / 'db.sqlite3'}"
    os.environ["MEDIA_ROOT"] = str(folder / "media")
    import django
    from django.conf import settings
    from django.core.management import call_command

    settings.DJANGO_DRF_FILEPOND_UPLOAD_TMP = str(folder / "uploads")
    django.setup()
    call_command("migrate", verbosity=0)
    call_command("create_roles", verbosity=0)


def make_project(name, order):
    from django.contrib.auth.models import User
    from projects import models
    from roles.models import Role

    owner, _ = User.objects.get_or_create(username="ann")
    project = getattr(models, f"{order['type']}Project").objects.create(
        name=name, project_type=order["type"], created_by=owner, **order.get("options", {})
    )
    project.add_admin()
    for user in sorted({user for doc in order.get("documents", ()) for user in doc["spans"]}):
        found, _ = User.objects.get_or_create(username=user)
        if found != owner:
            role = Role.objects.get(name="annotator")
            models.Member.objects.create(project=project, user=found, role=role)
    return project


def annotate(project, document):
    from django.contrib.auth.models import User
    from examples.models import Comment, Example, ExampleState
    from label_types.models import CategoryType, RelationType, SpanType
    from labels.models import Category, Relation, Span

    def type_of(kind, text):
        return kind.objects.get_or_create(project=project, text=text)[0]

    example = Example.objects.create(
        project=project, text=document["text"], meta=document.get("meta", {})
    )
    for username, triples in document["spans"].items():
        user = User.objects.get(username=username)
        spans = [
            Span.objects.create(
                example=example,
                user=user,
                start_offset=start,
                end_offset=end,
                label=type_of(SpanType, label),
            )
            for start, end, label in triples
        ]
        for source, target, label in document.get("relations", ()):
            Relation.objects.create(
                example=example,
                user=user,
                from_id=spans[source],
                to_id=spans[target],
                type=type_of(RelationType, label),
            )
        for label in document.get("categories", ()):
            label = type_of(CategoryType, label)
            Category.objects.create(example=example, user=user, label=label)
        for text in document.get("comments", ()):
            Comment.objects.create(example=example, user=user, text=text)
    for username in document.get("approved", ()):
        ExampleState.objects.create(
            example=example, confirmed_by=User.objects.get(username=username)
        )


def import_file(project, order):
    """Import a file as doccano's interface does: it is uploaded, then read by its parsers."""
    from data_import.celery_tasks import import_dataset
    from django.core.files.base import ContentFile
    from django_drf_filepond.models import TemporaryUpload
    from shortuuid import uuid

    path = Path(order["import"])
    number = uuid()
    TemporaryUpload.objects.create(
        upload_id=number,
        file_id=uuid(),
        file=ContentFile(path.read_bytes(), path.name),
        upload_name=path.name,
        upload_type=TemporaryUpload.FILE_DATA,
    )
    return import_dataset(
        user_id=project.created_by.id,
        project_id=project.id,
        file_format="JSONL",
        upload_ids=[number],
        task=order["task"],
    )["error"]


def export(project, folder):
    from data_export.celery_tasks import export_dataset

    for name in ("all", "approved"):
        archive = export_dataset(project.id, "JSONL", confirmed_only=name == "approved")
        shutil.unpack_archive(archive, folder / name)


def main(order, output):
    order, output = Path(order), Path(output)
    output.mkdir(parents=True)
    set_up(output)
    for name, project_order in json.loads(order.read_text("utf8")).items():
        project = make_project(name, project_order)
        for document in project_order.get("documents", ()):
            annotate(project, document)
        errors = import_file(project, project_order) if "import" in project_order else []
        export(project, output / name)
        (output / name / "errors.json").write_text(json.dumps(errors), "utf8")


if __name__ == "__main__":
    main(*sys.argv[1:])
