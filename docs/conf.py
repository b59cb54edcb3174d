"""Sphinx configuration: `python -m sphinx -W -b html docs docs/_build`."""

import pysock

project = "pysock"
author = "the pysock authors"
copyright = "2026, the pysock authors"
version = release = pysock.__version__

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
source_suffix = {".md": "markdown"}
exclude_patterns = ["_build"]
myst_enable_extensions = ["colon_fence", "deflist"]
myst_heading_anchors = 3

default_role = "code"  # docstrings are read in editors, too: `name` rather than ``name``
autodoc_member_order = "bysource"
autodoc_typehints = "description"
autodoc_default_options = {"members": True, "show-inheritance": True}

html_theme = "furo"
html_title = f"pysock {version}"
