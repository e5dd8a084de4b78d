"""Worker processes of joblib that come and go without a word."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def replaced_quietly() -> Iterator[None]:
    """Keep joblib from warning that it has replaced a worker; put this around its results.

    joblib replaces a worker process that has waited for long, or that has grown by 300 MB since
    its first task, as one does that comes to boosted trees later. The task at hand goes to the new
    one, so nothing is lost and there is nothing to do; its warning ("A worker stopped while some
    jobs were given to the executor") tells neither. All other warnings pass.
    """
    with warnings.catch_warnings():
        warnings.filterwarnings(
            "ignore", message="A worker stopped while some jobs", category=UserWarning
        )
        yield
