"""Settings of Sphinx; `tools.site.build` copies this file beside the pages that it writes."""

import re

project = "medlab"
author = "the medlab authors"
extensions = ["myst_nb", "sphinx.ext.autodoc", "sphinx.ext.napoleon", "sphinx.ext.mathjax"]
exclude_patterns = ["_static", "_extra"]
suppress_warnings = ["ref.python"]  # a class that stands on two pages is no error
default_role = "code"  # docstrings write names between single backticks

nb_execution_mode = "off"  # the notebooks hold the outputs of their runs
nb_merge_streams = True
nb_ipywidgets_js: dict = {}  # nothing from elsewhere
myst_enable_extensions = ["amsmath", "colon_fence", "deflist", "dollarmath"]
myst_heading_anchors = 4
myst_links_external_new_tab = False

autodoc_member_order = "bysource"
autodoc_typehints = "none"  # numpydoc sections say the types
napoleon_google_docstring = False
napoleon_use_rtype = False

html_theme = "sphinx_book_theme"
html_title = "medlab"
html_favicon = "_static/icon.svg"
html_context = {"default_mode": "auto"}  # light or dark as the reader's machine
html_static_path = ["_static"]
html_extra_path = ["_extra"]
html_css_files = ["site.css"]
html_copy_source = False
html_show_sourcelink = False
html_theme_options = {
    "use_download_button": False,
    "use_fullscreen_button": False,
    "home_page_in_toc": True,
    "show_navbar_depth": 1,
    "max_navbar_depth": 1,  # the arrows of deeper levels have no name that a screen reader could say
    "navigation_with_keys": False,
    "navbar_persistent": [],  # search stands in the sidebar
    "extra_footer": "Apache-2.0. Not for clinical use.",
}
mathjax_path = "mathjax/tex-svg.js"  # one file with its fonts, carried by the site


def escape(app, what, name, obj, options, lines):
    """Keep signs of docstrings that are meant as they are: sets |A|, and asterisks before a name."""
    for k, line in enumerate(lines):
        if not line.lstrip().startswith((">>>", "...")):
            pieces = re.split(r"(``.*?``|`.*?`|:math:`.*?`)", line)
            lines[k] = "".join(
                piece if n % 2 else re.sub(r"(?<!\\)([|*])", r"\\\1", piece) for n, piece in enumerate(pieces)
            )


def setup(app):
    """Register what this file adds."""
    app.connect("autodoc-process-docstring", escape, priority=100)  # before napoleon reads the sections
