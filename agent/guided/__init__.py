"""The embedded chat model: no network, no weights. It reads what was said, calls tools and puts results into words."""
