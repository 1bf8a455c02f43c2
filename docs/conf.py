"""Sphinx: the documentation of Plimsoll.  `make docs` builds it into build/docs."""

import sys
from importlib.metadata import version as installed
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

project = "Plimsoll"
author = "the Plimsoll maintainers"
copyright = f"2026, {author}"  # noqa: A001 (Sphinx's name)
release = version = installed("plimsoll")

extensions = [
    "myst_parser",  # pages in Markdown
    "sphinx.ext.autodoc",  # the interface, from docstrings
    "sphinx.ext.viewcode",
    "sphinx_copybutton",
]
myst_enable_extensions = ["colon_fence", "deflist"]
myst_heading_anchors = 3

autodoc_member_order = "bysource"
autodoc_typehints = "signature"
autodoc_typehints_format = "short"
autodoc_default_options = {"members": True, "show-inheritance": False}
python_use_unqualified_type_names = True
add_module_names = False
copybutton_prompt_text = "$ "

html_theme = "furo"
html_title = "Plimsoll"
html_static_path = ["static"]
html_logo = "images/plimsoll.svg"
html_favicon = "images/plimsoll.svg"
html_css_files = ["plimsoll.css"]
html_theme_options = {
    "light_css_variables": {"color-brand-primary": "#0b5fb5", "color-brand-content": "#0b5fb5"},
    "dark_css_variables": {"color-brand-primary": "#62adff", "color-brand-content": "#62adff"},
}
