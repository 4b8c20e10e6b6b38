"""MJML to a Django template of finished mail HTML, once per process.

The ``.mjml`` files hold Django tags. They are compiled with the tags in place, so that per message only a plain
template is filled in. HTML and MJML parsers move bare text out of tables, so a tag that stands between rows or
sections is written inside a comment: ``<!--{% for line in lines %}-->``; the comment is taken off again here.
"""

from __future__ import annotations

import re
from functools import cache
from pathlib import PurePosixPath
from typing import cast

import css_inline
import mjml
from django.template import Template, engines
from django.template.backends.django import DjangoTemplates
from django.template.loader import get_template

FOLDER = PurePosixPath("campaigns/mail")
_COMMENTED_TAG = re.compile(r"<!--\s*(\{%.*?%\})\s*-->", re.DOTALL)
_INDENTATION = re.compile(r"\s*\n\s*")


@cache
def skeleton(name: str) -> Template:
    """The template ``campaigns/mail/<name>.mjml`` as HTML with its Django tags and ``style.css`` inlined.

    Raises TemplateDoesNotExist, and what Django and mjml raise for a template that is not well-formed.
    """
    inliner = css_inline.CSSInliner(
        inline_style_tags=False, keep_style_tags=True, load_remote_stylesheets=False, extra_css=_source("style.css")
    )
    # Without fonts: MJML would fetch known ones from Google, which would learn who reads what.
    html = inliner.inline(mjml.mjml2html(_source(f"{name}.mjml"), fonts={}))
    html = _INDENTATION.sub("\n", _COMMENTED_TAG.sub(r"\1", html))
    engine = cast(DjangoTemplates, engines["django"]).engine
    return Template(html, engine=engine, name=f"{FOLDER / name}.mjml")


def _source(file: str) -> str:
    return str(get_template(f"{FOLDER / file}").template.source)  # type: ignore[attr-defined]  # Django's backend has it
