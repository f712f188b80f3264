"""The files that a report becomes: a page, Markdown, CSV, LaTeX, PDF."""
