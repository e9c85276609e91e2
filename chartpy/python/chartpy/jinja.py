"""The Jinja templates of plans, rendered as Python's Jinja2 does, many times faster.

Dicts and lists can change (`{% set _ = d.update({...}) %}`), keys keep their order, and the filters such plans
bring are there: `indent`, `toyaml`, `tojson`, `b64pad`, `b64encode`, `model_id_label`, `is_empty`,
`default_if_empty`, and the function `raise`. Blocks are trimmed, undefined values print as nothing.

>>> import pathlib, tempfile
>>> from chartpy.jinja import JinjaError, render_tree
>>> with tempfile.TemporaryDirectory() as folder:
...     _ = pathlib.Path(folder, "a.yaml.j2").write_text("a: 1\\nb: {{ raise('no model') }}\\n")
...     try:
...         render_tree(folder, {})
...     except JinjaError as error:
...         print(error.message)
a.yaml.j2:2: no model
"""

from chartpy._chartpy import Environment, render_tree
from chartpy.errors import JinjaError

__all__ = ["Environment", "JinjaError", "render_tree"]
