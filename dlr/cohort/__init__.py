"""Who is studied: tables, rules, splits and the simulated cohort."""

from dlr.cohort.cohort import Cohort
from dlr.cohort.splits import draw_random_split, split_cohorts
from dlr.cohort.tables import read_clinical_table, read_images_table

__all__ = [
    "Cohort",
    "draw_random_split",
    "read_clinical_table",
    "read_images_table",
    "split_cohorts",
]
