"""What dlr does with files of strangers, and with text of people in the files it writes.

Reading: JSON and YAML of limited size and depth, zip archives that do not unpack to more than they
should, names that stay inside their folder. Writing: tables that no spreadsheet program runs, and
reasons that do not tell where on a disk images lie.
"""

from dlr.safety.archives import check_archive, check_workbook
from dlr.safety.documents import read_json, read_limited_text, read_yaml_document
from dlr.safety.paths import file_inside, shorten_paths
from dlr.safety.spreadsheets import csv_text, read_csv_table, undo_harmless

__all__ = [
    "check_archive",
    "check_workbook",
    "csv_text",
    "file_inside",
    "read_csv_table",
    "read_json",
    "read_limited_text",
    "read_yaml_document",
    "shorten_paths",
    "undo_harmless",
]
