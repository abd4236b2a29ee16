"""The dataset audit: from measurements to findings, coverage, words, pictures and a page."""
