"""``dlr init``: a study file and tables from a folder of images and masks."""

from dlr.scaffold.pairing import Pairing, pair_files
from dlr.scaffold.study_file import Scaffold, make_scaffold

__all__ = ["Pairing", "Scaffold", "make_scaffold", "pair_files"]
