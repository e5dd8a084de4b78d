"""The comparisons behind ``docs/validation.md``, one module per subject."""
