"""What the report of a run's scores is put together from: words, clips, charts, and its templates."""
