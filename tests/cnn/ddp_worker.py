"""One process of a training that several share; started by test_distributed.py."""

from __future__ import annotations

import sys
from pathlib import Path

import torch
from synthetic import train_one_share

if __name__ == "__main__":
    torch.set_num_threads(1)
    train_one_share(sys.argv[1], Path(sys.argv[2]))
