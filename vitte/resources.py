"""Where the files lie that the program reads: SQL, words, the default configuration.

In a checkout they stand beside the package; a built wheel carries them inside it
(pyproject.toml maps them there), so that vitte runs anywhere it is installed.
"""

from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent
_INSTALLED = _PACKAGE / "data"

ROOT: Path = _INSTALLED if _INSTALLED.is_dir() else _PACKAGE.parent
"""The folder that holds ``sql/``, ``locales/`` and ``config/``."""
