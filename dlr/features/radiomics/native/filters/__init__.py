"""The image types: each filter yields named images of the region's bounding box."""
