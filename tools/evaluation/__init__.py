"""Scores a trained LoRA and says what to change: prompts, embedder, measures, scorecard, contact sheet, diagnosis."""
