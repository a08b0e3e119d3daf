"""Run by IPython at the start of each kernel of ``medlab lab``: errors say which cell is missing."""

from medlab.notebook import install

install()
