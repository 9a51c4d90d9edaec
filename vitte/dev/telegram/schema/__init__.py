"""The Bot API as data: what each method takes, what it gives.

``schema.json`` holds names, types and constants only, no descriptions. It is
derived from aiogram's scrape of Telegram's documentation (MIT licence) and is
remade from the full file with::

    python -m vitte.dev.telegram.schema PATH_TO_bot-api.json
"""

from vitte.dev.telegram.schema.calls import Method, method, methods, sample
from vitte.dev.telegram.schema.checks import Upload, checked
from vitte.dev.telegram.schema.document import HERE, compact, document, fields_of, read_field

__all__ = [
    "HERE",
    "Method",
    "Upload",
    "checked",
    "compact",
    "document",
    "fields_of",
    "method",
    "methods",
    "read_field",
    "sample",
]
