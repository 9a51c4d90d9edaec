"""The description of the API as a page to read: plain HTML, no script, nothing from elsewhere."""

import json
from collections.abc import Iterator
from html import escape
from typing import Any, Final

POLICY: Final = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'"

_STYLE: Final = """
:root { color-scheme: light dark; }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; }
h2 { margin: 2.5rem 0 0.5rem; border-bottom: 1px solid #8886; text-transform: capitalize; }
details { margin: 0.5rem 0; border: 1px solid #8886; border-radius: 6px; padding: 0.4rem 0.8rem; }
summary { cursor: pointer; }
code, pre { font: 14px/1.45 ui-monospace, monospace; }
pre { overflow-x: auto; background: #8881; padding: 0.6rem; border-radius: 6px; max-height: 24rem; }
.method { display: inline-block; width: 4.2rem; font-weight: 700; }
table { border-collapse: collapse; width: 100%; }
td { padding: 0.2rem 0.6rem 0.2rem 0; vertical-align: top; border-top: 1px solid #8883; }
"""


def page(document: dict[str, Any]) -> str:
    """The page of an OpenAPI document."""
    info = document["info"]
    return "".join(
        [
            '<!doctype html><html lang="en"><head><meta charset="utf-8">',
            '<meta name="viewport" content="width=device-width">',
            f"<title>{escape(info['title'])} API</title><style>{_STYLE}</style></head><body>",
            f"<h1>{escape(info['title'])} {escape(info['version'])}</h1>",
            f"<p>{escape(info['description'])}</p>",
            '<p>For programs: <a href="openapi.json">openapi.json</a></p>',
            *_operations(document),
            "<h2>Shapes</h2>",
            *_shapes(document["components"]["schemas"]),
            "</body></html>",
        ]
    )


def _operations(document: dict[str, Any]) -> Iterator[str]:
    tag = ""
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            if operation["tags"][0] != tag:
                tag = operation["tags"][0]
                yield f"<h2>{escape(tag)}</h2>"
            yield from _operation(path, method, operation)


def _operation(path: str, method: str, operation: dict[str, Any]) -> Iterator[str]:
    yield (
        f'<details><summary><span class="method">{method.upper()}</span>'
        f"<code>{escape(path)}</code> {escape(operation['summary'])}</summary>"
    )
    if scopes := [scope for one in operation["security"] for scope in one["token"]]:
        yield f"<p>Scope <code>{escape(', '.join(scopes))}</code></p>"
    else:
        yield "<p>Open: no token is needed.</p>"
    yield "<table>"
    for parameter in operation["parameters"]:
        words = f"{parameter['description']} ({parameter['in']})"
        yield _row(parameter["name"], words, parameter["schema"])
    if body := operation.get("requestBody"):
        (content,) = body["content"].values()
        yield _row("body", "What is sent", content["schema"])
    for status, response in operation["responses"].items():
        (content,) = response["content"].values()
        yield _row(status, response["description"], content["schema"])
    yield "</table></details>"


def _row(name: str, words: str, schema: dict[str, Any]) -> str:
    return (
        f"<tr><td><code>{escape(name)}</code></td><td>{escape(words)}</td>"
        f"<td>{_shape(schema)}</td></tr>"
    )


def _shape(schema: dict[str, Any]) -> str:
    """A schema in a few words; a shape with a name as a link to it."""
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        return f'<a href="#{escape(name)}"><code>{escape(name)}</code></a>'
    told = {key: value for key, value in schema.items() if key not in {"description", "examples"}}
    return f"<code>{escape(json.dumps(told, ensure_ascii=False))}</code>" if told else ""


def _shapes(schemas: dict[str, Any]) -> Iterator[str]:
    for name, schema in sorted(schemas.items()):
        text = json.dumps(schema, indent=2, ensure_ascii=False)
        yield (
            f'<details id="{escape(name)}"><summary><code>{escape(name)}</code> '
            f"{escape(schema.get('description', ''))}</summary><pre>{escape(text)}</pre></details>"
        )
