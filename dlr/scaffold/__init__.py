"""``dlr init``: a study file and tables from a folder of images and masks."""

from dlr.scaffold.pairing import Pairing, pair_files
from dlr.scaffold.study_file import Scaffold, make_scaffold
from dlr.scaffold.text import open_lines

__all__ = ["Pairing", "Scaffold", "make_scaffold", "open_lines", "pair_files"]
